"""What verifying gives: verdicts, findings, screenshots; and how long it may take. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from orchestrator.jobs.handover import CheckResult, Finding

LONGEST_SEEN = 300
"""Characters of what a check saw."""

LONGEST_TEXT = 500
"""Characters of one finding."""


@dataclass(frozen=True)
class Limits:
    """Seconds. `check`: how long after loading checks may take to become true; `whole`: the limit of everything.

    `bytes`: resident memory of the whole browser.
    """

    load: float = 20.0
    check: float = 5.0
    whole: float = 60.0
    bytes: int = 2 * 1024**3

    def within(self, seconds: float) -> "Limits":
        """Return limits that leave off after `seconds` at the latest."""
        return replace(self, whole=min(self.whole, seconds))


@dataclass(frozen=True)
class Report:
    """What was proved about a page. `screenshots`: name without ending -> PNG.

    `notes`: what was seen and is nobody's fault, such as a network that is not there.
    """

    checks: tuple[CheckResult, ...]
    findings: tuple[Finding, ...]
    screenshots: dict[str, bytes] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def count(self, state: str) -> int:
        """Return how many checks are in `state`."""
        return sum(check.state == state for check in self.checks)


def printable(text: str, length: int = LONGEST_TEXT) -> str:
    """Return the beginning of what a page said; a half of a surrogate pair, which no file could hold, becomes `?`."""
    return text[:length].encode(errors="replace").decode()


def first_of(found: Sequence[Finding], most: int) -> list[Finding]:
    """Return the first `most` findings; where that leaves some out, the last one says how many there are."""
    if len(found) <= most:
        return list(found)
    last = found[most - 1]
    cut = f"{most} of {len(found)} like this are listed"
    where = f"{printable(last.where, LONGEST_TEXT - len(cut) - 2)}; {cut}" if last.where else cut
    return [*found[: most - 1], last.model_copy(update={"where": where})]


def finding(kind: str, text: str, where: str = "") -> Finding:
    """Return a finding, cut to size. `text` says what was expected and what was seen."""
    return Finding.model_validate({"kind": kind, "text": printable(text), "where": printable(where)})
