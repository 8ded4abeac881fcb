import io
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from orchestrator.core.events import CheckEvent, EndedEvent, FileEvent, GroupEvent, NoteEvent
from orchestrator.core.task import decode_data_uri
from orchestrator.evaluator.course import Endpoint, plan_rounds
from orchestrator.evaluator.records import LedgerEntry, Mark
from orchestrator.evaluator.templates import read_template
from orchestrator.local.demo import SAMPLE, VISITOR, DemoRound, Screen, print_verdict

LIVE = {"repo_url": "http://git/o/r", "commit_sha": "c" * 40, "pages_url": "http://pages/o/r/"}


def _screen(width: int = 80) -> tuple[Screen, io.StringIO]:
    out = io.StringIO()
    return Screen(Console(file=out, width=width), is_quiet=False), out


def _rounds() -> list[LedgerEntry]:
    return plan_rounds(Endpoint(VISITOR, "http://127.0.0.1:1", "s"), read_template(SAMPLE), "abc")


def _shown(state: str = "passed") -> DemoRound:
    mark = Mark("js", "a[0] === 1", "passed" if state == "passed" else "failed", "2")
    return DemoRound(replace(_rounds()[0], outcome="live", result=LIVE, marks=(mark,)), "fallback", 3.21, Path("files"))


def _lost() -> DemoRound:
    return DemoRound(replace(_rounds()[1], outcome="error", answer="Nothing was built."), "", 1, Path("files"))


def begun(name: str) -> GroupEvent:
    return GroupEvent(name=name, state="begun")


def ended(name: str, seconds: float) -> GroupEvent:
    return GroupEvent(name=name, state="ended", seconds=seconds)


def test_each_finished_step_is_shown_with_its_time() -> None:
    screen, out = _screen()
    assert screen.under_way == "Waiting for the runner"
    for event in (begun("Generate the site"), ended("Generate the site", 2.5), begun("Verify it in a browser")):
        screen.show_event(event)
    assert screen.under_way == "Verify it in a browser"
    assert out.getvalue().split() == ["✓", "Generate", "the", "site", "2.5", "s"]
    screen.show_event(EndedEvent(run=1, conclusion="success"))
    assert screen.under_way == "Waiting for the runner"


def test_the_end_names_verdict_links_and_files_in_lines_that_can_be_copied() -> None:
    screen, out = _screen(width=30)
    print_verdict(screen, [_shown(), _shown("failed"), _lost()])
    said = out.getvalue()
    for line in (
        "  page         http://pages/o/r/",
        "  ✓ a[0] === 1",
        "  ✗ a[0] === 1  (2)",
        "clone        files/clone",
    ):
        assert f"{line}\n" in said
    assert "http://git/o/r at cccccccccccc" in said
    assert "Nothing was built." in said
    assert "built by nobody" in said


def test_proved_means_live_and_everything_as_it_should_be() -> None:
    assert _shown().is_proved
    assert not _shown("failed").is_proved
    assert not _lost().is_proved
    assert _shown().as_dict().keys() >= {
        "email",
        "round",
        "nonce",
        "commit_sha",
        "pages_url",
        "proved",
        "marks",
        "files",
    }


def test_the_sample_is_a_task_and_its_checks_know_the_sum() -> None:
    first, second = (entry.task for entry in _rounds())
    lines = decode_data_uri(first.attachments[0].url).decode().splitlines()[1:]
    revenue = f"{sum(float(line.split(',')[3]) for line in lines):.2f}"
    assert f">= {len(lines)}" in first.checks[1].text
    assert f'"{revenue}"' in first.checks[2].text
    assert f'"{revenue}"' in second.checks[2].text
    assert [len(task.attachments) for task in (first, second)] == [1, 1]


def test_who_waits_sees_that_a_model_was_asked_and_how_long_it_has_been_silent() -> None:
    screen, out = _screen(width=200)
    for event in (
        NoteEvent(text="before any group"),
        begun("Generate the site"),
        NoteEvent(text="llama: asked with about 900 tokens, for at most 3000 tokens in 240 s"),
        NoteEvent(text="llama: sent nothing for 30 s"),
        FileEvent(call=1, path="index.html", state="begun", bytes=10),
        FileEvent(call=1, path="index.html", state="whole", bytes=1200),
        NoteEvent(text="llama: [bold]odd (0 tokens in)"),
        NoteEvent(text="No model gave a usable answer:\n no answer within 240 s", level="warning"),
        ended("Generate the site", 40.0),
        begun("Verify it in a browser"),
        NoteEvent(text="4 of 4"),
        CheckEvent(attempt=1, label="a", round=1, kind="js", state="passed"),
    ):
        screen.show_event(event)
    assert out.getvalue().splitlines() == [
        "    llama: asked with about 900 tokens, for at most 3000 tokens in 240 s",
        "    llama: sent nothing for 30 s",
        "    index.html: whole, 1200 bytes",
        "    llama: [bold]odd (0 tokens in)",
        "    ! No model gave a usable answer: no answer within 240 s",
        f"  ✓ {'Generate the site':<44} {'40.0':>6} s",
    ]


def test_the_end_says_why_the_page_came_from_the_template() -> None:
    screen, out = _screen(width=30)
    print_verdict(screen, [replace(_shown(), warnings=("No model gave a usable answer: no answer within 240 s",))])
    assert "  ! No model gave a usable answer: no answer within 240 s\n" in out.getvalue()
