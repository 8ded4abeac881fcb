"""The records that an evaluation passes from step to step. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from orchestrator.core.report import Finding, State
from orchestrator.core.task import Task


def make_one_line(text: str, length: int) -> str:
    """Return the beginning of a stranger's text, without characters that a terminal would obey."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text[: 2 * length]).split())[:length]


@dataclass(frozen=True)
class Mark:
    """One thing that was looked at. `kind`: the repository, whose it is, licence, page, or the sort of check."""

    kind: Literal["repository", "owner", "licence", "page", "js", "file", "prose"]
    text: str
    state: State
    seen: str


@dataclass(frozen=True)
class Verdict:
    """What was seen. `screenshots`: name without ending -> PNG."""

    marks: tuple[Mark, ...]
    findings: tuple[Finding, ...] = ()
    screenshots: Mapping[str, bytes] = field(default_factory=dict)


Outcome = Literal["open", "live", "error", "silent", "refused", "skipped"]
"""`live`: it named a commit and a page; `error`: it sent an error; `silent`: nothing came in time; `refused`:
the endpoint did not take the request; `skipped`: the round before came to nothing."""


@dataclass(frozen=True)
class LedgerEntry:
    """One round of one task at one endpoint. Times in Unix seconds; `answer`: why the endpoint did not take it."""

    endpoint: str
    template: str
    task: Task
    sent_at: float | None = None
    answer: str = ""
    outcome: Outcome = "open"
    received_at: float | None = None
    result: Mapping[str, str] | None = None
    marks: tuple[Mark, ...] = ()
    findings: tuple[Finding, ...] = ()

    def count(self, state: str) -> int:
        """Return how many of the checks are in `state`."""
        return sum(mark.state == state for mark in self.marks if mark.kind in ("js", "file", "prose"))

    def mark_state(self, kind: str) -> str:
        """Return the state of what is looked at once: the repository, whose it is, its licence, the page."""
        return next((mark.state for mark in self.marks if mark.kind == kind), "")


@dataclass(frozen=True)
class RoundBuild:
    """What building one round cost. `cost_usd`: None if a price is unknown."""

    built_by: str
    is_fallback: bool
    repairs: int
    tokens_in: int
    tokens_out: int
    cost_usd: float | None


@dataclass(frozen=True)
class SiteRepair:
    """The repair of one site. `kind`: of its defect; `cost_usd`: None if a price is unknown."""

    case: str
    kind: str
    is_repaired: bool
    tokens_in: int
    tokens_out: int
    cost_usd: float | None
    seconds: float


@dataclass(frozen=True)
class Trial:
    """One model, tried. `builds`: by nonce."""

    model: str
    started_at: float
    entries: tuple[LedgerEntry, ...]
    builds: Mapping[str, RoundBuild]
    site_repairs: tuple[SiteRepair, ...]
