"""Which attempt is kept, what goes back to the models, and when no further one is paid for."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from orchestrator.generate.generation import FALLBACK, Generated
from orchestrator.handover import CheckResult, Finding, State
from orchestrator.proving import Attempted, Ways, faults, prove, remarks, worth
from orchestrator.site import Site
from orchestrator.verify.report import Report

pytestmark = pytest.mark.anyio


def report(this: str = "", earlier: str = "", *findings: str) -> Report:
    """Return what was seen: `+` is a check that passed, `-` one that failed; findings by their kind."""
    states: dict[str, State] = {"+": "passed", "-": "failed", "o": "own"}
    rounds = [(2, sign) for sign in this] + [(1, sign) for sign in earlier]
    checks = tuple(
        CheckResult(round=round_, text=f"check {number}", kind="js", state=states[sign], seen="false")
        for number, (round_, sign) in enumerate(rounds)
    )
    return Report(checks, tuple(Finding.model_validate({"kind": kind, "text": "x", "where": "w"}) for kind in findings))


@dataclass
class Studio:
    """Verifies and repairs as scripted: what the browser sees of the first attempt, of the first repair, and so on.

    A number in place of a report is a repair that makes the same as that attempt before; None one that nobody makes.
    """

    reports: Sequence[Report | int | None]
    told: list[Sequence[str]] = field(default_factory=list)
    in_vain: list[int] = field(default_factory=list)

    def made(self, number: int) -> Generated:
        seen = self.reports[number]
        return Generated(Site({"index.html": f"{seen if isinstance(seen, int) else number}".encode()}), "m")

    async def verify(self, generated: Generated) -> Attempted:
        seen = self.reports[int(generated.site.files["index.html"])]
        assert isinstance(seen, Report)
        return Attempted(generated, generated.site, seen)

    async def repair(self, _: Generated, wrong: Sequence[str], in_vain: int) -> Generated | None:
        self.told.append(wrong)
        self.in_vain.append(in_vain)
        number = len(self.told)
        return None if self.reports[number] is None else self.made(number)

    async def kept(self, most: int = 4) -> Report:
        ways = Ways(self.verify, self.repair)
        return (await prove(self.made(0), ways, this=2, most=most)).report


async def test_what_is_proved_at_once_is_not_repaired() -> None:
    studio = Studio([report("++", "+")])
    assert await studio.kept() == studio.reports[0]
    assert studio.told == []


@pytest.mark.parametrize("defects", [1, 2, 3])
async def test_a_model_that_mends_one_defect_each_time_ends_proved(defects: int) -> None:
    studio = Studio([report("-" * left + "+" * (defects - left)) for left in range(defects, -1, -1)])
    assert await studio.kept() == report("+" * defects)
    assert len(studio.told) == defects
    assert set(studio.in_vain) == {0}


async def test_after_two_attempts_in_vain_the_best_one_is_kept() -> None:
    studio = Studio([report("--"), report("+-"), report("--"), report("+-", "", "console"), report("++")])
    assert await studio.kept(most=9) == report("+-")
    assert studio.in_vain == [0, 0, 1]


async def test_the_same_site_again_is_in_vain() -> None:
    studio = Studio([report("-"), 0, 0, report("+")])
    assert await studio.kept() == report("-")
    assert len(studio.told) == 2


async def test_no_more_attempts_are_made_than_allowed() -> None:
    studio = Studio([report("---"), report("--+"), report("-++")])
    assert await studio.kept(most=2) == report("--+")
    assert await Studio([report("-")]).kept(most=1) == report("-")


async def test_where_nobody_repairs_the_best_so_far_is_kept() -> None:
    assert await Studio([report("-"), None]).kept() == report("-")


async def test_a_page_of_the_template_is_not_repaired() -> None:
    studio = Studio([report("-")])
    made = Generated(studio.made(0).site, FALLBACK)
    assert (await prove(made, Ways(studio.verify, studio.repair), this=2, most=4)).report == report("-")


async def test_a_check_of_an_earlier_round_causes_one_repair_and_no_more() -> None:
    studio = Studio([report("+", "-"), report("+", "-"), report("+", "+")])
    assert await studio.kept() == report("+", "-")
    assert len(studio.told) == 1


async def test_a_finding_causes_a_repair() -> None:
    studio = Studio([report("+", "", "error", "layout"), report("+")])
    assert await studio.kept() == report("+")
    assert studio.told == [["error: x Where: w", "layout: x Where: w"]]


async def test_what_is_nobodys_fault_and_proofs_that_do_not_hold_are_told_along_and_cause_no_repair() -> None:
    unproved = CheckResult(round=2, text="neat", kind="prose", state="unproved", seen="it fails", proof="1 === 2")
    told_along = Report((unproved,), (), notes=("There is no network here.",))
    assert faults(told_along, 2, with_earlier=True) == []
    assert remarks(told_along) == [
        "This check in prose is not shown yet: neat\n  it fails",
        "No fault of the page: There is no network here.",
    ]


def test_what_is_wrong_is_told_with_what_was_seen() -> None:
    assert faults(report("-+", "-"), 2, with_earlier=False) == [
        "This check of round 2 must be true and is not: check 0\n  It gave: false"
    ]
    assert len(faults(report("-+", "-"), 2, with_earlier=True)) == 2


def test_this_round_counts_before_earlier_ones_and_those_before_proofs_and_findings() -> None:
    better_first = [
        report("++", "-", "error", "error"),
        report("+-", "++"),
        report("+-", "+", "missing"),
        report("+-o", "-"),
        report("+-", "-"),
        report("+-", "-", "layout"),
        report("+-", "-", "error"),
    ]
    assert sorted(better_first, key=lambda seen: worth(seen, 2), reverse=True) == better_first
