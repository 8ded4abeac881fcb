"""Proved, not hoped: a site is opened, what is wrong with it goes back to the models, and the best attempt is kept.

Given checks decide what is best, those of this round first, then proofs of a model's own making, then findings.
What nobody asked for, and what the published site had before, is worth less than what was asked.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.core.differences import HOLDS, compare_reports, find_new_findings
from orchestrator.core.events import Emit, JudgedEvent, ignore_event
from orchestrator.core.report import CheckResult, Finding
from orchestrator.core.scaffold import Framework
from orchestrator.core.site import Site
from orchestrator.generate.generation import GeneratedSite
from orchestrator.generate.tried import PastRepair

if TYPE_CHECKING:
    from orchestrator.core.report import Report

FRUITLESS = 2
"""After so many attempts in a row that improve nothing, no further one is made."""

# What makes a page unusable.
_SERIOUS = frozenset({"build", "error", "missing", "empty", "limit"})

_UNBUILT = 1_000
"""More than there is wrong with any page that opens."""


@dataclass(frozen=True)
class ProvedAttempt:
    """One attempt: what was made, the finished site, and what a browser saw of it.

    `number`: counts from 1; `framework`: that it is built with, which a template's page is not.
    """

    generated: GeneratedSite
    site: Site
    report: "Report"
    number: int = 1
    framework: Framework = "vanilla"


@dataclass(frozen=True)
class ProvingTools:
    """What proving needs: how to verify a site, and how to repair it.

    - `repair`: gets the attempt to repair, what is wrong with it, how many repairs in a row gained nothing, and all
      earlier repairs; returns None if no model repairs it
    - `standing`: returns the findings of the site that is published now, or None if there is no such site; called once,
      and only if they decide something
    - `template`: returns the site that needs no model, to compare with an answer that was cut off; may return None
    - `emit`: receives what was judged
    """

    verify: Callable[[GeneratedSite], Awaitable[ProvedAttempt]]
    repair: Callable[[GeneratedSite, Sequence[str], int, Sequence[PastRepair]], Awaitable[GeneratedSite | None]]
    standing: Callable[[], Awaitable[Sequence[Finding]]] | None = None
    template: Callable[[], GeneratedSite | None] | None = None
    emit: Emit = ignore_event


async def prove(first: GeneratedSite, ways: ProvingTools, this: int, most: int) -> ProvedAttempt:
    """Return the best of `most` attempts at most, as far as they are worth making. `this`: the round."""
    attempted = await ways.verify(first)
    if first.is_fallback:
        ways.emit(_make_judged_event(attempted, is_best=True))
        return attempted
    template = ways.template() if first.is_cut_off and ways.template is not None else None
    rival = None if template is None else await ways.verify(template)
    proving = _Proving(ways, this, attempted)
    for _ in range(most - 1):
        if not await proving.advance():
            break
    best = proving.best
    if rival is not None:
        wins = rate_report(rival.report, this) > rate_report(best.report, this)
        ways.emit(_make_judged_event(rival, is_best=wins))
        best = rival if wins else best
    ways.emit(_make_judged_event(best, is_best=True))
    return best


def _make_judged_event(attempted: ProvedAttempt, *, is_best: bool, told: Sequence[str] = ()) -> JudgedEvent:
    report = attempted.report
    counts = dict(Counter[str](check.state for check in report.checks))
    why = told[0] if told else ""
    return JudgedEvent(attempt=attempted.number, counts=counts, findings=len(report.findings), is_best=is_best, why=why)


@dataclass
class _Proving:
    """The attempts at one task so far. `best`: what the next repair begins with; `sites`: digest -> whose it was."""

    ways: ProvingTools
    this: int
    best: ProvedAttempt
    gained_nothing: int = 0
    with_earlier: bool = True
    with_unasked: bool = True
    standing: Sequence[Finding] | None = None
    tried: list[PastRepair] = field(default_factory=list)
    sites: dict[str, int] = field(default_factory=dict)

    async def advance(self) -> bool:
        """Make one more attempt, if it is worth its cost; return whether another one may follow."""
        if self.gained_nothing == FRUITLESS or not (told := await self._gather_complaints()):
            return False
        start = self.best
        self.ways.emit(_make_judged_event(start, is_best=True, told=told))
        repaired = await self.ways.repair(start.generated, told, self.gained_nothing, tuple(self.tried))
        if repaired is None:
            return False
        self.sites.setdefault(_generated_key(start.generated), 0)
        same_as = self.sites.get(_generated_key(repaired))
        attempted = await self.ways.verify(repaired)
        gains = same_as is None and rate_report(attempted.report, self.this) > rate_report(start.report, self.this)
        number = len(self.tried) + 1
        self.sites.setdefault(_generated_key(repaired), number)
        difference = compare_reports(start.report, attempted.report)
        sites = start.generated.site, repaired.site
        self.tried.append(PastRepair(number, *sites, is_kept=gains, difference=difference, same_as=same_as))
        if not gains:
            self.ways.emit(_make_judged_event(attempted, is_best=False))
        self.best, self.gained_nothing = (attempted, 0) if gains else (start, self.gained_nothing + 1)
        return True

    async def _gather_complaints(self) -> list[str]:
        """Return what the next repair is asked for, nothing if it is not worth another answer."""
        report = self.best.report
        failed = describe_failures(report, self.this, with_earlier=self.with_earlier)
        new = list(report.findings) if failed else await self._collect_new_findings()
        # A page that stays unusable is tried once more, unless checks show that it does what was asked.
        is_met = _is_brief_met(report, self.this)
        findings = [one for one in report.findings if one in new or (one.kind in _SERIOUS and not is_met)]
        is_asked = bool(failed) or any(finding.kind in _SERIOUS for finding in new)
        if not is_asked and not (findings and self.with_unasked):
            return []
        # A later brief may rightly overrule an earlier one: one repair tries to please both.
        self.with_earlier = False
        self.with_unasked = self.with_unasked and is_asked
        stood = (one for one in report.findings if one not in findings)
        return [
            *failed,
            *map(_describe_fault, findings),
            *map(_describe_standing_fault, stood),
            *describe_remarks(report),
        ]

    async def _collect_new_findings(self) -> list[Finding]:
        """Return the findings that the published site did not have."""
        findings = self.best.report.findings
        if self.ways.standing is None or not any(self.with_unasked or one.kind in _SERIOUS for one in findings):
            return list(findings)
        if self.standing is None:
            self.standing = await self.ways.standing()
        return find_new_findings(self.standing, findings)


def _generated_key(generated: GeneratedSite) -> str:
    return attempt_key(generated.site, generated.proofs)


def attempt_key(site: Site, proofs: Mapping[str, str]) -> str:
    """Return what identifies an attempt: its files and its proofs."""
    return f"{site.digest()} {sorted(proofs.items())}"


def _is_brief_met(report: "Report", this: int) -> bool:
    """Whether checks show that this round's brief is met. If no check could be decided, nothing shows it."""
    states = [check.state for check in report.checks if check.round == this]
    return "failed" not in states and not HOLDS.isdisjoint(states)


def rate_report(report: "Report", this: int) -> tuple[int, int, int, int, int]:
    """Return the numbers by which attempts are compared, the most important first. A larger number is better."""
    passed = [check.round == this for check in report.checks if check.state == "passed"]
    # Where nothing could be opened, nothing else that is wrong was seen.
    serious = sum(_UNBUILT if one.kind == "build" else one.kind in _SERIOUS for one in report.findings)
    own = report.count("own")
    return passed.count(True), passed.count(False), own, -serious, -len(report.findings)


def describe_failures(report: "Report", this: int, *, with_earlier: bool) -> list[str]:
    """Return the failed checks of this round and, if asked, of earlier ones, in sentences."""
    failed = [check for check in report.checks if check.state == "failed" and (with_earlier or check.round == this)]
    return [*map(_describe_failure, failed)]


def describe_faults(report: "Report", this: int, *, with_earlier: bool) -> list[str]:
    """Return all that a model can repair, in sentences: failed checks, then findings."""
    return [*describe_failures(report, this, with_earlier=with_earlier), *map(_describe_fault, report.findings)]


def _describe_failure(check: CheckResult) -> str:
    return f"This check of round {check.round} must be true, but is not: {check.text}\n  It gave: {check.seen}"


def _describe_fault(finding: Finding) -> str:
    return f"{finding.kind}: {finding.text} Where: {finding.where or 'the page'}"


def _describe_standing_fault(finding: Finding) -> str:
    return f"The page had this before this round, so do not fix it now: {_describe_fault(finding)}"


def describe_remarks(report: "Report") -> list[str]:
    """Return remarks for the model that are no reason to ask for another answer."""
    untold = [check for check in report.checks if check.kind == "prose" and check.state == "unproved" and check.seen]
    proofs = (f"This check in prose is not proved yet: {check.text}\n  {check.seen}" for check in untold)
    unreadable = (check for check in report.checks if check.state == "unreadable")
    unseen = (f"This check could not be evaluated here. The page is not at fault: {one.text}" for one in unreadable)
    return [*proofs, *unseen, *(f"The page is not at fault for this: {note}" for note in report.notes)]
