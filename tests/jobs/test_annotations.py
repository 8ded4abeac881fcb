"""What GitHub shows of a build: few lines, the worst of what is kept."""

import pytest

from orchestrator.core.report import CheckResult, Finding
from orchestrator.jobs.annotations import MOST, describe_worst_first, limit_lines


def check(text: str, state: str = "failed", round_: int = 1, seen: str = "") -> CheckResult:
    return CheckResult.model_validate({"round": round_, "text": text, "kind": "js", "state": state, "seen": seen})


def finding(kind: str) -> Finding:
    return Finding.model_validate({"kind": kind, "text": "t", "where": "w"})


def test_failed_checks_come_before_findings_and_the_worst_of_each_first() -> None:
    checks = [check("old"), check("held", "passed", 2), check("new", round_=2, seen="null"), check("?", "unreadable")]
    findings = [finding(kind) for kind in ("accessibility", "console", "error", "layout", "empty")]
    assert describe_worst_first(checks, findings) == [
        "failed, round 2: new (saw null)",
        "failed, round 1: old",
        "error: t (w)",
        "empty: t (w)",
        "console: t (w)",
        "layout: t (w)",
        "accessibility: t (w)",
    ]


@pytest.mark.parametrize(("count", "shown"), [(0, 0), (9, 9), (10, 10), (11, 10), (500, 10)])
def test_no_more_lines_are_annotated_than_github_keeps_and_the_last_counts_the_rest(count: int, shown: int) -> None:
    lines = limit_lines([str(number) for number in range(count)])
    assert len(lines) == shown
    if count > shown:
        assert lines[-1] == f"{count - MOST} more: see the summary of the run."


def test_a_line_is_far_shorter_than_what_github_cuts() -> None:
    (line,) = describe_worst_first([check("x" * 9_000, seen="y" * 9_000)], [])
    assert len(line) < 500
