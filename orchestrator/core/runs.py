"""A run of the workflow as Actions shows it, and the events that tell how it changed. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from orchestrator.core.events import (
    AcceptedEvent,
    EndedEvent,
    Event,
    JobEvent,
    QueuedEvent,
    StartedEvent,
    StepEvent,
    StoppedEvent,
)

Status = Literal["queued", "in_progress", "completed"]
Conclusion = Literal[
    "success", "failure", "cancelled", "skipped", "timed_out", "startup_failure", "neutral", "action_required", "stale"
]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a job; `number` counts from 1."""

    name: str
    number: int
    status: Status = "queued"
    conclusion: Conclusion | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One job of a run. `id` 0 means: not saved yet."""

    name: str
    id: int = 0
    status: Status = "queued"
    conclusion: Conclusion | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    steps: tuple[Step, ...] = ()


class RunState(Protocol):
    """How a run is at one moment. `run_attempt` counts how often it was started."""

    @property
    def id(self) -> int: ...  # noqa: D102 - what the class says
    @property
    def run_attempt(self) -> int: ...  # noqa: D102
    @property
    def status(self) -> Status: ...  # noqa: D102
    @property
    def conclusion(self) -> Conclusion | None: ...  # noqa: D102
    @property
    def run_started_at(self) -> datetime: ...  # noqa: D102
    @property
    def updated_at(self) -> datetime: ...  # noqa: D102
    @property
    def jobs(self) -> tuple[Job, ...]: ...  # noqa: D102


def diff_runs(before: RunState | None, now: RunState, accepted: AcceptedEvent | None = None) -> Iterator[Event]:
    """Yield what has happened to a run between two looks. `accepted`: what comes first of all, None if nothing does."""
    is_new_attempt = before is None or before.run_attempt != now.run_attempt
    if before is None and accepted is not None:
        yield accepted
    if is_new_attempt:
        yield QueuedEvent(run=now.id, attempt=now.run_attempt)
    if now.status == "in_progress" and (before is None or before.status != "in_progress"):
        yield StartedEvent(run=now.id, attempt=now.run_attempt)
    jobs = {} if before is None or is_new_attempt else {job.name: job for job in before.jobs}
    for job in now.jobs:
        yield from _diff_jobs(jobs.get(job.name), job)
    if now.status == "completed" and (before is None or before.status != "completed"):
        if now.conclusion == "cancelled":
            yield StoppedEvent(sentence="The run was cancelled.", remedy="Run it again.", who="GitHub Actions")
        seconds = (now.updated_at - now.run_started_at).total_seconds()
        ended = now.conclusion or "failure"
        yield EndedEvent(run=now.id, attempt=now.run_attempt, conclusion=ended, seconds=round(seconds, 3))


def _diff_jobs(before: Job | None, now: Job) -> Iterator[Event]:
    if _progress_state(before) != _progress_state(now):
        yield JobEvent(
            job=now.name, status=_progress_state(now), seconds=_elapsed_seconds(now.started_at, now.completed_at)
        )
    steps = {step.number: step for step in before.steps} if before else {}
    for step in now.steps:
        if step.status != "queued" and _progress_state(steps.get(step.number)) != _progress_state(step):
            seconds = _elapsed_seconds(step.started_at, step.completed_at)
            yield StepEvent(
                job=now.name, name=step.name, number=step.number, status=_progress_state(step), seconds=seconds
            )


def _progress_state(of: Job | Step | None) -> str:
    """Return how far a job or a step is: once it is over, how it ended."""
    return "" if of is None else of.conclusion or of.status


def _elapsed_seconds(began: datetime | None, ended: datetime | None) -> float | None:
    return None if began is None or ended is None else round((ended - began).total_seconds(), 3)
