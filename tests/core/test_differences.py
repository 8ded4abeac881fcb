"""Which findings and checks are the same in two versions of a site."""

import pytest

from orchestrator.core.differences import compare_reports, find_new_findings
from orchestrator.core.report import CheckResult, Finding, Report, State


def found(text: str, where: str = "", kind: str = "error") -> Finding:
    return Finding.model_validate({"kind": kind, "text": text, "where": where})


SAME = [
    ("saw: x is not defined", "saw: x is not defined"),
    ("saw: no answer (app.js:3:7)", "saw: no answer (app.js:13:9)"),
    ("saw: no answer app.js:3", "saw: no answer app.js:4"),
    ("saw a page 520 px wide.", "saw a page 1010 px wide."),
]
OTHER = [
    ("saw: x is not defined", "saw: y is not defined"),
    ("Expected data1.csv to be there", "Expected data2.csv to be there"),
    ("Saw: <input id=a1>", "Saw: <input id=a2>"),
    ("saw http://127.0.0.1:80/a", "saw http://127.0.0.1:80/b"),
]


@pytest.mark.parametrize(("before", "after"), SAME)
def test_a_finding_is_the_same_wherever_it_stands_and_however_wide_it_is(before: str, after: str) -> None:
    assert find_new_findings([found(before, "app.js:3:7")], [found(after, "app.js:9:1")]) == []


@pytest.mark.parametrize(("before", "after"), OTHER)
def test_another_text_or_kind_is_another_finding(before: str, after: str) -> None:
    assert find_new_findings([found(before)], [found(after)]) == [found(after)]
    assert find_new_findings([found(before)], [found(before, kind="console")]) == [found(before, kind="console")]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Saw: <html><body>one</body></html>", 'Saw: <html class="dark"><body>other</body></html>'),
        ("Saw: <html>", "Saw: <html><head>"),
        ('Saw: <button class="x"><svg></svg></button>', 'Saw: <button class="x">\n<svg>a</svg></button>'),
    ],
)
def test_what_lies_in_an_element_is_no_part_of_a_finding_about_it(before: str, after: str) -> None:
    assert find_new_findings([found(before, kind="accessibility")], [found(after, kind="accessibility")]) == []
    other = found("Saw: <button>", kind="accessibility")
    assert find_new_findings([found(before, kind="accessibility")], [other]) == [other]


def test_one_more_of_the_same_is_new() -> None:
    three = [found("Saw: <input>", where) for where in ("#a", "#b", "#c")]
    assert find_new_findings(three[:2], three) == [three[2]]
    assert find_new_findings(three, three[:1]) == []


def check(state: State, number: int = 1) -> CheckResult:
    return CheckResult(round=1, text=f"check {number}", kind="js", state=state)


CHANGES: list[tuple[State, State, str]] = [
    ("failed", "passed", "gained"),
    ("unproved", "own", "gained"),
    ("unreadable", "passed", "gained"),
    ("passed", "failed", "lost"),
    ("own", "unproved", "lost"),
    ("failed", "failed", "failing"),
    ("passed", "unreadable", ""),
    ("unreadable", "failed", ""),
    ("unproved", "unproved", ""),
]


@pytest.mark.parametrize(("old", "new", "told_as"), CHANGES)
def test_what_became_of_a_check(old: State, new: State, told_as: str) -> None:
    """A check that could not be evaluated afterwards is not lost: that is no fault of the page."""
    found = compare_reports(Report((check(old),), ()), Report((check(new),), ()))
    named = {"gained": found.gained, "lost": found.lost, "failing": found.failing}
    assert {name for name, checks in named.items() if checks} == ({told_as} if told_as else set())
    assert found.kept == 0


def test_what_held_both_times_is_counted_and_findings_come_and_go() -> None:
    before, after = Report((check("passed"),), (found("a"),)), Report((check("passed"),), (found("b"),))
    seen = compare_reports(before, after)
    assert (seen.kept, seen.came, seen.went) == (1, (found("b"),), (found("a"),))
