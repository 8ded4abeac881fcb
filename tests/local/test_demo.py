import io
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from orchestrator.core.task import decode_data_uri
from orchestrator.evaluator.course import Endpoint, planned
from orchestrator.evaluator.records import Entry, Mark
from orchestrator.evaluator.templates import read_template
from orchestrator.local.demo import SAMPLE, VISITOR, Screen, Shown, conclude

LOG = """\
2026-11-20T12:28:14.0Z ##[group]Run Build and verify the site
2026-11-20T12:28:14.0Z ##[endgroup]
2026-11-20T12:28:14.6Z ##[group]Generate the site
2026-11-20T12:28:14.6Z took 2.5 s
2026-11-20T12:28:14.6Z ##[endgroup]
2026-11-20T12:28:14.7Z ##[group]Verify it in a browser
"""
LIVE = {"repo_url": "http://git/o/r", "commit_sha": "c" * 40, "pages_url": "http://pages/o/r/"}


def _screen(width: int = 80) -> tuple[Screen, io.StringIO]:
    out = io.StringIO()
    return Screen(Console(file=out, width=width), is_quiet=False), out


def _rounds() -> list[Entry]:
    return planned(Endpoint(VISITOR, "http://127.0.0.1:1", "s"), read_template(SAMPLE), "abc")


def _shown(state: str = "passed") -> Shown:
    mark = Mark("js", "a[0] === 1", "passed" if state == "passed" else "failed", "2")
    return Shown(replace(_rounds()[0], outcome="live", result=LIVE, marks=(mark,)), "fallback", 3.21, Path("files"))


def _lost() -> Shown:
    return Shown(replace(_rounds()[1], outcome="error", answer="Nothing was built."), "", 1, Path("files"))


def test_each_finished_step_is_shown_once_with_its_time() -> None:
    screen, out = _screen()
    assert screen.steps("", "id") == "Waiting for the runner"
    assert screen.steps(LOG, "id") == "Verify it in a browser"
    assert screen.steps(LOG, "id") == "Verify it in a browser"
    assert out.getvalue().split() == ["✓", "Generate", "the", "site", "2.5", "s"]


def test_the_end_names_verdict_links_and_files_in_lines_that_can_be_copied() -> None:
    screen, out = _screen(width=30)
    conclude(screen, [_shown(), _shown("failed"), _lost()])
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


ASKED = """\
2026-11-20T12:28:14.6Z ##[group]Generate the site
2026-11-20T12:28:14.6Z llama: asked with about 900 tokens, for at most 3000 tokens in 240 s
2026-11-20T12:28:44.6Z llama: silent for 30 s
"""
ENDED = f"""\
{ASKED}2026-11-20T12:28:54.6Z llama: [bold]odd (0 tokens in)
2026-11-20T12:28:54.6Z ##[warning]No model gave a usable answer: no answer within 240 s
2026-11-20T12:28:54.6Z took 40.0 s
2026-11-20T12:28:54.6Z ##[endgroup]
2026-11-20T12:28:55.6Z ##[group]Verify it in a browser
2026-11-20T12:28:55.6Z 4 of 4
"""


def test_who_waits_sees_that_a_model_was_asked_and_how_long_it_has_been_silent() -> None:
    screen, out = _screen(width=200)
    assert screen.steps(f"{ASKED}2026-11-20T12:28:50.0Z half a li", "id") == "Generate the site"
    lines = out.getvalue().splitlines()
    assert lines == [
        "    llama: asked with about 900 tokens, for at most 3000 tokens in 240 s",
        "    llama: silent for 30 s",
    ]
    screen.steps(ENDED, "id")
    screen.steps(ENDED, "id")
    assert out.getvalue().splitlines()[2:] == [
        "    llama: [bold]odd (0 tokens in)",
        "    ! No model gave a usable answer: no answer within 240 s",
        f"  ✓ {'Generate the site':<44} {'40.0':>6} s",
    ]


def test_the_end_says_why_the_page_came_from_the_template() -> None:
    screen, out = _screen(width=30)
    conclude(screen, [replace(_shown(), warnings=("No model gave a usable answer: no answer within 240 s",))])
    assert "  ! No model gave a usable answer: no answer within 240 s\n" in out.getvalue()
