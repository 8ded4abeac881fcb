"""Which attempt is kept, what goes back to the models, and when no further one is paid for."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from orchestrator.core.report import CheckResult, Finding, Report, State
from orchestrator.core.site import Site
from orchestrator.generate.generation import FALLBACK, GeneratedSite
from orchestrator.generate.tried import PastRepair
from orchestrator.making.proving import (
    ProvedAttempt,
    ProvingTools,
    describe_faults,
    describe_remarks,
    prove,
    rate_report,
)

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
    gained_nothing: list[int] = field(default_factory=list)
    tried: list[Sequence[PastRepair]] = field(default_factory=list)
    published: Sequence[Finding] | None = None
    looks: int = 0

    def made(self, number: int) -> GeneratedSite:
        seen = self.reports[number]
        return GeneratedSite(Site({"index.html": f"{seen if isinstance(seen, int) else number}".encode()}), "m")

    async def verify(self, generated: GeneratedSite) -> ProvedAttempt:
        seen = self.reports[int(generated.site.files["index.html"])]
        assert isinstance(seen, Report)
        return ProvedAttempt(generated, generated.site, seen)

    async def repair(
        self, _: GeneratedSite, wrong: Sequence[str], gained_nothing: int, tried: Sequence[PastRepair]
    ) -> GeneratedSite | None:
        self.told.append(wrong)
        self.gained_nothing.append(gained_nothing)
        self.tried.append(tried)
        number = len(self.told)
        return None if self.reports[number] is None else self.made(number)

    async def standing(self) -> Sequence[Finding]:
        self.looks += 1
        return self.published or ()

    async def kept(self, most: int = 4) -> Report:
        ways = ProvingTools(self.verify, self.repair, None if self.published is None else self.standing)
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
    assert set(studio.gained_nothing) == {0}


async def test_after_two_attempts_that_gain_nothing_the_best_one_is_kept() -> None:
    studio = Studio([report("--"), report("+-"), report("--"), report("+-", "", "console"), report("++")])
    assert await studio.kept(most=9) == report("+-")
    assert studio.gained_nothing == [0, 0, 1]


async def test_the_same_site_again_gains_nothing() -> None:
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
    made = GeneratedSite(studio.made(0).site, FALLBACK)
    assert (await prove(made, ProvingTools(studio.verify, studio.repair), this=2, most=4)).report == report("-")


async def test_a_check_of_an_earlier_round_causes_one_repair_and_no_more() -> None:
    studio = Studio([report("+", "-"), report("+", "-"), report("+", "+")])
    assert await studio.kept() == report("+", "-")
    assert len(studio.told) == 1


async def test_a_finding_causes_a_repair() -> None:
    studio = Studio([report("+", "", "error", "layout"), report("+")])
    assert await studio.kept() == report("+")
    assert studio.told == [["error: x Where: w", "layout: x Where: w"]]


async def test_each_repair_is_told_what_was_tried_before_it() -> None:
    studio = Studio([report("--+"), report("+--"), report("---"), report("+++")])
    # The first repair loses as much as it gains, and is not kept; the second one gains nothing at all.
    assert await studio.kept(most=9) == report("--+")
    assert [len(tried) for tried in studio.tried] == [0, 1]
    (first,) = studio.tried[1]
    assert (first.number, first.is_kept, first.same_as) == (1, False, None)
    assert [check.text for check in first.difference.gained] == ["check 0"]
    assert [check.text for check in first.difference.lost] == ["check 2"]
    assert [check.text for check in first.difference.failing] == ["check 1"]
    assert (first.before, first.after) == (studio.made(0).site, studio.made(1).site)


async def test_a_repair_that_was_kept_is_told_with_what_it_began_with() -> None:
    studio = Studio([report("--"), report("+-"), report("++")])
    assert await studio.kept() == report("++")
    (first,) = studio.tried[1]
    assert (first.is_kept, first.before, first.after) == (True, studio.made(0).site, studio.made(1).site)


@pytest.mark.parametrize(("again", "same_as"), [(0, 0), (1, 1)])
async def test_the_same_files_again_are_recognised_and_told(again: int, same_as: int) -> None:
    studio = Studio([report("---"), report("+--"), again, report("+++")])
    assert await studio.kept() == report("+++")
    assert studio.tried[2][-1].same_as == same_as


async def test_what_nobody_asked_for_is_worth_one_repair() -> None:
    two, one = report("+", "", "layout", "accessibility"), report("+", "", "layout")
    studio = Studio([two, one, report("+")])
    assert await studio.kept() == one
    assert len(studio.told) == 1


async def test_repairs_of_what_was_asked_leave_that_one_repair_over() -> None:
    studio = Studio([report("-", "", "layout"), report("+", "", "layout"), report("+")])
    assert await studio.kept() == report("+")
    assert len(studio.told) == 2


def found(kind: str, text: str = "x", where: str = "elsewhere") -> Finding:
    return Finding.model_validate({"kind": kind, "text": text, "where": where})


@pytest.mark.parametrize("kind", ["accessibility", "layout", "console", "external", "missing", "error"])
async def test_what_the_published_site_had_too_is_not_repaired_where_the_brief_is_met(kind: str) -> None:
    studio = Studio([report("+", "", kind), report("+")], published=[found(kind)])
    assert await studio.kept() == report("+", "", kind)
    assert (studio.told, studio.looks) == ([], 1)


async def test_a_serious_finding_is_repaired_where_no_check_shows_that_the_brief_is_met() -> None:
    """The brief may have asked for just that. But a second time nobody pays for what stood there before."""
    studio = Studio([report("", "+", "error"), report("", "+", "error"), report("", "+")], published=[found("error")])
    assert await studio.kept() == report("", "+", "error")
    assert (len(studio.told), studio.looks) == (1, 1)
    new = Studio([report("", "+", "error"), report("", "+", "error"), report("", "+")], published=[])
    assert await new.kept() == report("", "+")
    assert len(new.told) == 2


async def test_what_is_new_is_repaired_and_what_stood_before_is_told_along() -> None:
    studio = Studio([report("+", "", "layout", "accessibility"), report("+")], published=[found("layout")])
    assert await studio.kept() == report("+")
    assert studio.told == [
        [
            "accessibility: x Where: w",
            "The page had this before this round, so do not fix it now: layout: x Where: w",
        ]
    ]


async def test_the_published_site_is_looked_at_once_and_only_where_it_decides_something() -> None:
    proved = Studio([report("+")], published=[])
    await proved.kept()
    assert proved.looks == 0
    failing = Studio([report("-", "", "layout"), report("+", "", "layout"), report("+", "", "layout")], published=[])
    await failing.kept()
    assert (failing.looks, len(failing.told)) == (1, 2)


async def test_a_check_that_could_not_be_evaluated_here_is_no_fault_and_told_as_that() -> None:
    seen = CheckResult(round=2, text="page.click('a')", kind="js", state="unreadable", seen="no such language")
    studio = Studio([Report((seen,), ())])
    assert await studio.kept() == Report((seen,), ())
    assert studio.told == []
    assert describe_remarks(Report((seen,), ())) == [
        "This check could not be evaluated here. The page is not at fault: page.click('a')"
    ]


@pytest.mark.parametrize(("draft", "kept"), [("--", "+-"), ("+-", "+-"), ("++", "++")])
async def test_an_answer_that_was_cut_off_is_held_against_the_template(draft: str, kept: str) -> None:
    """In a tie it is kept: it is made for the brief."""
    drafted, from_template = report(draft, "", "layout"), report("+-", "", "error")
    studio = Studio([drafted, None, from_template])
    template = GeneratedSite(studio.made(2).site, FALLBACK)
    ways = ProvingTools(studio.verify, studio.repair, template=lambda: template)
    best = await prove(replace(studio.made(0), is_cut_off=True), ways, this=2, most=4)
    assert best.report == (from_template if draft == "--" else drafted)
    assert best.generated.is_fallback is (draft == "--")
    assert [check.state == "passed" for check in best.report.checks] == [sign == "+" for sign in kept]


async def test_an_answer_that_was_cut_off_is_repaired_all_the_same() -> None:
    studio = Studio([report("-"), report("+"), report("")])
    ways = ProvingTools(studio.verify, studio.repair, template=lambda: GeneratedSite(studio.made(2).site, FALLBACK))
    assert (await prove(replace(studio.made(0), is_cut_off=True), ways, this=2, most=4)).report == report("+")


@pytest.mark.parametrize("is_cut_off", [True, False])
async def test_without_a_template_or_a_cut_there_is_nothing_to_compare(is_cut_off: bool) -> None:  # noqa: FBT001
    studio = Studio([report("-"), None])
    ways = ProvingTools(studio.verify, studio.repair, template=(lambda: None) if is_cut_off else None)
    assert (await prove(replace(studio.made(0), is_cut_off=is_cut_off), ways, 2, 4)).report == report("-")


async def test_what_is_nobodys_fault_and_proofs_that_do_not_hold_are_told_along_and_cause_no_repair() -> None:
    unproved = CheckResult(round=2, text="neat", kind="prose", state="unproved", seen="it fails", proof="1 === 2")
    told_along = Report((unproved,), (), notes=("There is no network here.",))
    assert describe_faults(told_along, 2, with_earlier=True) == []
    assert describe_remarks(told_along) == [
        "This check in prose is not proved yet: neat\n  it fails",
        "The page is not at fault for this: There is no network here.",
    ]


def test_what_is_wrong_is_told_with_what_was_seen() -> None:
    assert describe_faults(report("-+", "-"), 2, with_earlier=False) == [
        "This check of round 2 must be true, but is not: check 0\n  It gave: false"
    ]
    assert len(describe_faults(report("-+", "-"), 2, with_earlier=True)) == 2


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
    assert sorted(better_first, key=lambda seen: rate_report(seen, 2), reverse=True) == better_first
