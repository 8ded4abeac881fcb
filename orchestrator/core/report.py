"""What was asked of the models, what a browser saw, and what a build produced. Pure."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from orchestrator.core.scaffold import Framework

Sha = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
Name = Annotated[str, StringConstraints(max_length=200)]
Line = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]

State = Literal["passed", "failed", "own", "unproved", "unreadable"]


class _ReportEntry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class CheckResult(_ReportEntry):
    """What one check showed. `proof`: the model's proof, for a check in prose.

    `unreadable`: it could not be evaluated here, and `seen` says why. That is never a fault of the page.
    """

    round: int
    text: str
    kind: Literal["js", "file", "prose"]
    state: State
    seen: str = ""
    proof: str = ""


class Finding(_ReportEntry):
    """Something about the page that is not as it should be: what was expected, what was seen, and where."""

    kind: Literal["error", "console", "missing", "external", "empty", "layout", "accessibility", "limit", "build"]
    text: str
    where: str = ""


class Attempt(_ReportEntry):
    """One call of a model, or a remark on why a model was not called.

    - `was_called`: the model was asked
    - `cost_usd`: None if a price is unknown
    - `tokens_cached`: how many of `tokens_in` the provider had read before
    - `verified`: a browser opened the site; `passed`, `failed` and `findings` say what it saw
    - `note`: what a person should know about the model's server
    """

    model: Name
    outcome: str
    note: str = ""
    was_called: bool = False
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    cost_usd: float | None = None
    seconds: float = 0
    verified: bool = False
    passed: int = 0
    failed: int = 0
    findings: tuple[Finding, ...] = ()


Reason = Literal["not asked for", "words not in the brief", "words that ask for no change"]
"""Why a change of an attachment was refused: it was not declared, or the declaration does not allow it."""

_REASONS: dict[Reason, str] = {
    "not asked for": "the brief does not ask to change it",
    "words not in the brief": "the quoted words are not in the brief",
    "words that ask for no change": "the quoted words do not ask to change it",
}


class RefusedChange(_ReportEntry):
    """A change of an attachment that a model made and that was not taken."""

    name: Annotated[str, StringConstraints(max_length=255)]
    reason: Reason

    @property
    def sentence(self) -> str:
        """What happened and why, as people and models are told; without a full stop."""
        return f"{self.name} is an attachment and stays as it is, because {_REASONS[self.reason]}"


class Build(_ReportEntry):
    """`build.json`.

    - `base`: the commit that the site was built on, None if there was no repository
    - `attachments_changed`: for each attachment that the brief asked to change, the lines of its diff
    - `attachments_refused`: the attachments that an answer changed without permission; they stay as they were sent
    - `notes`: what the browser saw that is nobody's fault
    - `told`: how much of `error` an evaluator gets to know
    """

    id: Name
    base: Sha | None = None
    built_by: Line = ""
    fallback: bool = False
    framework: Framework = "vanilla"
    site: str | None = None
    cost_usd: float | None = None
    error: Annotated[str, StringConstraints(max_length=1000)] | None = None
    checks: tuple[CheckResult, ...] = ()
    findings: tuple[Finding, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    attachments_changed: tuple[tuple[str, ...], ...] = ()
    attachments_refused: tuple[RefusedChange, ...] = ()
    notes: tuple[str, ...] = ()
    told: Annotated[str, StringConstraints(max_length=1000)] | None = None
    published: Sha | None = None

    def count(self, state: State, round_: int) -> int:
        """Return how many checks of a round are in `state`."""
        return sum(check.state == state and check.round == round_ for check in self.checks)


@dataclass(frozen=True)
class Report:
    """What was proved about a page. `screenshots`: name without ending -> PNG.

    `notes`: what was seen but is nobody's fault, such as a missing network.
    """

    checks: tuple[CheckResult, ...]
    findings: tuple[Finding, ...]
    screenshots: dict[str, bytes] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def count(self, state: str) -> int:
        """Return how many checks are in `state`."""
        return sum(check.state == state for check in self.checks)
