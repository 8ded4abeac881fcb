import io
from pathlib import Path

from rich.console import Console

from orchestrator.handover import CheckResult
from orchestrator.local.demo import Screen, Shown, conclude
from orchestrator.local.sample import request, sales
from orchestrator.task import Request, parse
from orchestrator.verify.report import Report

LOG = """\
2026-11-20T12:28:14.0Z ##[group]Run Build and verify the site
2026-11-20T12:28:14.0Z ##[endgroup]
2026-11-20T12:28:14.6Z ##[group]Generate the site
2026-11-20T12:28:14.6Z took 2.5 s
2026-11-20T12:28:14.6Z ##[endgroup]
2026-11-20T12:28:14.7Z ##[group]Verify it in a browser
"""


def _screen(width: int = 80) -> tuple[Screen, io.StringIO]:
    out = io.StringIO()
    return Screen(Console(file=out, width=width), is_quiet=False), out


def _shown(result: dict[str, str], state: str = "passed") -> Shown:
    check = CheckResult.model_validate({"round": 1, "text": "a[0] === 1", "kind": "js", "state": state})
    return Shown(1, result, "fallback", Report((check,), ()), 3.21, Path("files"))


LIVE = {"repo_url": "http://git/o/r", "commit_sha": "c" * 40, "pages_url": "http://pages/o/r/"}


def test_each_finished_step_is_shown_once_with_its_time() -> None:
    screen, out = _screen()
    assert screen.steps("", "id") == "Waiting for the runner"
    assert screen.steps(LOG, "id") == "Verify it in a browser"
    assert screen.steps(LOG, "id") == "Verify it in a browser"
    assert out.getvalue().split() == ["✓", "Generate", "the", "site", "2.5", "s"]


def test_the_end_names_links_checks_and_files_in_lines_that_can_be_copied() -> None:
    screen, out = _screen(width=20)
    conclude(screen, [_shown(LIVE), _shown({"error": "Nothing was built."}, "failed")])
    said = out.getvalue()
    for line in ("  page         http://pages/o/r/", "  ✓ a[0] === 1", "  ✗ a[0] === 1", "clone        files/clone"):
        assert f"{line}\n" in said
    assert "http://git/o/r at cccccccccccc" in said
    assert "Nothing was built." in said


def test_proved_means_live_and_every_check_shown() -> None:
    assert _shown(LIVE).is_proved
    assert not _shown(LIVE, "failed").is_proved
    assert not _shown({"error": "x"}).is_proved


def test_the_sample_is_a_task_and_its_checks_know_the_sum() -> None:
    csv, rows, revenue = sales()
    lines = csv.splitlines()[1:]
    assert len(lines) == rows
    assert f"{sum(float(line.split(',')[3]) for line in lines):.2f}" == revenue
    for round_ in (1, 2):
        task = parse(Request, {**request("abc", round_), "evaluation_url": "http://127.0.0.1:1/notify"})
        assert len(task.checks) == 4
        assert len(task.attachments) == 1
