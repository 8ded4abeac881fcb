"""What happens to a task while it runs: one stream of typed events, one JSON object a line.

Every line has the same envelope and the fields of its type. The log of Actions, the terminal, the summary and every
other view are made from these records, so that no two of them can tell different stories. No secret, e-mail, nonce
or evaluation URL is in any event: none of them has a field for one.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    ValidationInfo,
)

from orchestrator.core.report import State

MAX_TEXT = 500
"""Characters of any text in an event. Longer texts are in a file beside the stream."""


def _shorten_text(text: str, info: ValidationInfo) -> str:
    """Return the beginning of a text; half a surrogate pair, which no file can hold, becomes `?`."""
    is_cut = len(text) >= MAX_TEXT  # when the event was made
    for private, instead in info.context or ():
        text = text.replace(private, instead)
        if is_cut and (left := _cut_off_part(text, private)):
            text = text[: -len(left)] + instead
    return text[:MAX_TEXT].encode(errors="replace").decode()


def _cut_off_part(text: str, private: str) -> str:
    """Return the beginning of `private` that stands at the end of a text, where the cut went through it."""
    return next((private[:size] for size in range(len(private) - 1, 2, -1) if text.endswith(private[:size])), "")


Text = Annotated[str, AfterValidator(_shorten_text)]
Source = Literal["engine", "build", "publish", "evaluator"]
Purpose = Literal["build", "repair", "continue", "correct"]


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class AcceptedEvent(_Event):
    """GitHub has taken the task."""

    type: Literal["accepted"] = "accepted"
    task: Text
    round: int
    title: Text


class QueuedEvent(_Event):
    """A run waits for its turn."""

    type: Literal["queued"] = "queued"
    run: int
    attempt: int = 1


class StartedEvent(_Event):
    """A run has begun."""

    type: Literal["started"] = "started"
    run: int
    attempt: int = 1


class JobEvent(_Event):
    """A job of the run changed. `seconds`: how long it took, once it has ended."""

    type: Literal["job"] = "job"
    job: Text
    status: Text
    seconds: float | None = None


class StepEvent(_Event):
    """A step of a job changed. `number` counts from 1 within the job."""

    type: Literal["step"] = "step"
    job: Text
    name: Text
    number: int
    status: Text
    seconds: float | None = None


class ReadEvent(_Event):
    """The task and the present site were read. `base`: the commit that is built on, None for a new site."""

    type: Literal["read"] = "read"
    checks: int
    attachments: int
    files: int
    base: Text | None = None


class AskedEvent(_Event):
    """A model was asked. `most_usd`: what the call may cost at most, None if its price is unknown."""

    type: Literal["asked"] = "asked"
    call: int
    model: Text
    purpose: Purpose
    tokens_in: int
    most_usd: float | None = None


class HeardEvent(_Event):
    """A piece of an answer came. `per_second`: characters; `age_s`: seconds since the last piece."""

    type: Literal["heard"] = "heard"
    call: int
    chars: int
    tokens: int
    per_second: float
    age_s: float = 0.0


FileState = Literal["begun", "whole", "edited"]


class FileEvent(_Event):
    """A file of an answer has begun, is complete, or was edited. `bytes`: its size so far."""

    type: Literal["file"] = "file"
    call: int
    path: Text
    state: FileState
    bytes: int


class AnsweredEvent(_Event):
    """A call has ended, with an answer or without. `spent_usd` of `limit_usd`: what the whole task has spent so far."""

    type: Literal["answered"] = "answered"
    call: int
    outcome: Text
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float | None = None
    seconds: float = 0.0
    spent_usd: float = 0.0
    limit_usd: float = 0.0


class AttemptEvent(_Event):
    """There is a site to look at. `by`: the model that wrote it, or `fallback`."""

    type: Literal["attempt"] = "attempt"
    number: int
    files: int
    digest: Text
    by: Text


class CheckEvent(_Event):
    """What one check showed on an attempt, or that it is being tried. `kind`: None while it is not known yet."""

    type: Literal["check"] = "check"
    attempt: int
    label: Text
    round: int
    kind: Literal["js", "file", "prose"] | None = None
    state: State | Literal["trying"]
    seen: Text = ""


class FindingEvent(_Event):
    """Something about an attempt that is not as it should be."""

    type: Literal["finding"] = "finding"
    attempt: int
    kind: Text
    text: Text
    where: Text = ""


class ShotEvent(_Event):
    """A screenshot was taken. `file`: its path beside the stream; `width` in pixels."""

    type: Literal["shot"] = "shot"
    attempt: int
    name: Text
    width: int
    file: Text


class JudgedEvent(_Event):
    """An attempt was looked at. `counts`: state -> number of checks; `why`: what is repaired, empty if nothing is."""

    type: Literal["judged"] = "judged"
    attempt: int
    counts: dict[str, int]
    findings: int = 0
    is_best: bool
    why: Text = ""


class BuiltEvent(_Event):
    """Job `build` has ended. `error`: why there is no site, None if there is one."""

    type: Literal["built"] = "built"
    built_by: Text
    digest: Text | None = None
    cost_usd: float | None = None
    error: Text | None = None


class CommittedEvent(_Event):
    """The site was committed."""

    type: Literal["committed"] = "committed"
    repo_url: Text
    sha: Text
    files: int


class WaitingEvent(_Event):
    """The host does not serve the commit yet. `state`: what the host says; `since`: how many seconds we have waited."""

    type: Literal["waiting"] = "waiting"
    state: Text
    since: float


class LiveEvent(_Event):
    """Exactly the committed bytes are served. `seconds`: how long that took from the commit on."""

    type: Literal["live"] = "live"
    pages_url: Text
    seconds: float


class ToldEvent(_Event):
    """The evaluator was told. `status`: its answer; `tries`: how many times the result was sent."""

    type: Literal["told"] = "told"
    status: int
    tries: int


class FailedEvent(_Event):
    """A job failed."""

    type: Literal["failed"] = "failed"
    sentence: Text
    remedy: Text = ""
    exit_code: int
    who: Text


class StoppedEvent(_Event):
    """Somebody ended the run. `exit_code`: None for a run that was ended from outside."""

    type: Literal["stopped"] = "stopped"
    sentence: Text
    remedy: Text = ""
    exit_code: int | None = None
    who: Text


class JudgementEvent(_Event):
    """What the evaluator saw on the live page."""

    type: Literal["judgement"] = "judgement"
    label: Text
    verdict: Text
    seen: Text = ""


class EndedEvent(_Event):
    """A run is over. `conclusion`: GitHub's word for how it ended; `seconds`: since it began."""

    type: Literal["ended"] = "ended"
    run: int
    attempt: int = 1
    conclusion: Text
    seconds: float | None = None


class GroupEvent(_Event):
    """A part of a job began or ended: what belongs together in its log. `seconds`: how long it took, at its end."""

    type: Literal["group"] = "group"
    name: Text
    state: Literal["begun", "ended"]
    seconds: float | None = None


class NoteEvent(_Event):
    """Something that a person should know and that no other event says. `level`: how important it is."""

    type: Literal["note"] = "note"
    text: Text
    level: Literal["plain", "notice", "warning"] = "plain"


Event = (
    AcceptedEvent
    | QueuedEvent
    | StartedEvent
    | JobEvent
    | StepEvent
    | ReadEvent
    | AskedEvent
    | HeardEvent
    | FileEvent
    | AnsweredEvent
    | AttemptEvent
    | CheckEvent
    | FindingEvent
    | ShotEvent
    | JudgedEvent
    | BuiltEvent
    | CommittedEvent
    | WaitingEvent
    | LiveEvent
    | ToldEvent
    | FailedEvent
    | StoppedEvent
    | JudgementEvent
    | EndedEvent
    | GroupEvent
    | NoteEvent
)

Emit = Callable[[Event], None]
"""Receives an event. It returns at once and never raises."""


def ignore_event(_: Event) -> None:
    """Take an event that nobody reads."""


@contextmanager
def emit_group(emit: Emit, name: str) -> Iterator[None]:
    """Tell that a part of a job begins, and that it has ended, however it ends."""
    emit(GroupEvent(name=name, state="begun"))
    started = time.monotonic()
    try:
        yield
    finally:
        emit(GroupEvent(name=name, state="ended", seconds=round(time.monotonic() - started, 3)))
