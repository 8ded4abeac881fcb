"""Proved, not hoped: a site is opened, what is wrong with it goes back to the models, and the best attempt is kept.

Given checks decide what is best, those of this round first, then proofs of a model's own making, then findings.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.generate.generation import Generated
from orchestrator.handover import CheckResult
from orchestrator.site import Site

if TYPE_CHECKING:
    from orchestrator.verify.report import Report

FRUITLESS = 2
"""Attempts in a row that gain nothing, after which no further one is paid for."""

# What makes a page unusable.
_SERIOUS = frozenset({"error", "missing", "empty", "limit"})


@dataclass(frozen=True)
class Attempted:
    """One attempt: what was made, the finished site, and what a browser saw of it."""

    generated: Generated
    site: Site
    report: "Report"


@dataclass(frozen=True)
class Ways:
    """What proving takes: how a site is verified, and how it is repaired.

    `repair` gets the attempt to mend, what is wrong with it, and how many repairs in a row were in vain; it returns
    None where no model mends it.
    """

    verify: Callable[[Generated], Awaitable[Attempted]]
    repair: Callable[[Generated, Sequence[str], int], Awaitable[Generated | None]]


async def prove(first: Generated, ways: Ways, this: int, most: int) -> Attempted:
    """Return the best of `most` attempts at most, as far as they are worth making. `this`: the round."""
    best = await ways.verify(first)
    if first.is_fallback:
        return best
    seen, in_vain, with_earlier = {best.site.digest()}, 0, True
    for _ in range(most - 1):
        wrong = faults(best.report, this, with_earlier=with_earlier)
        if not wrong or in_vain == FRUITLESS:
            break
        # A later brief may rightly overrule an earlier one: one repair tries to please both.
        with_earlier = False
        repaired = await ways.repair(best.generated, [*wrong, *remarks(best.report)], in_vain)
        if repaired is None:
            break
        attempted = await ways.verify(repaired)
        gains = attempted.site.digest() not in seen and worth(attempted.report, this) > worth(best.report, this)
        seen.add(attempted.site.digest())
        best, in_vain = (attempted, 0) if gains else (best, in_vain + 1)
    return best


def worth(report: "Report", this: int) -> tuple[int, int, int, int, int]:
    """Return what tells attempts apart, the most important first: more is better."""
    passed = [check.round == this for check in report.checks if check.state == "passed"]
    serious = sum(finding.kind in _SERIOUS for finding in report.findings)
    own = report.count("own")
    return passed.count(True), passed.count(False), own, -serious, -len(report.findings)


def faults(report: "Report", this: int, *, with_earlier: bool) -> list[str]:
    """Return what a model shall mend, in sentences: failed checks of this round and, if asked, of earlier ones."""
    failed = [check for check in report.checks if check.state == "failed" and (with_earlier or check.round == this)]
    found = (f"{finding.kind}: {finding.text} Where: {finding.where or 'the page'}" for finding in report.findings)
    return [*map(_failure, failed), *found]


def _failure(check: CheckResult) -> str:
    return f"This check of round {check.round} must be true and is not: {check.text}\n  It gave: {check.seen}"


def remarks(report: "Report") -> list[str]:
    """Return what is told along, and is no reason to pay for another answer."""
    untold = [check for check in report.checks if check.kind == "prose" and check.state == "unproved" and check.proof]
    proofs = (f"This check in prose is not shown yet: {check.text}\n  {check.seen}" for check in untold)
    return [*proofs, *(f"No fault of the page: {note}" for note in report.notes)]
