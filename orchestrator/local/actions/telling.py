"""What the engine tells of its runs: events, made from how a run was before and how it is now."""

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from orchestrator.core.errors import PagewrightError
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
from orchestrator.core.task import Order, read_event
from orchestrator.jobs.stream import Stream
from orchestrator.local.runs import Job, Run, Step


def events_folder(work: Path, run_id: int) -> Path:
    """Return the private folder in which everything that takes part in a run leaves its events."""
    return work / "events" / str(run_id)


@dataclass
class RunTeller:
    """Writes the engine's own events of each run into the folder of the run. `work`: of the engine."""

    work: Path
    streams: dict[tuple[int, int], Stream] = field(default_factory=dict)

    def record_changes(self, before: Run | None, now: Run) -> None:
        """Write what has changed of a run."""
        place = now.id, now.run_attempt
        if place not in self.streams:
            self.streams[place] = self._open_stream(now)
        for event in diff_runs(before, now):
            self.streams[place].append(event)
        if now.status == "completed":
            del self.streams[place]

    def _open_stream(self, run: Run) -> Stream:
        stream = Stream(events_folder(self.work, run.id), run_request_id(run), "engine", run.run_attempt)
        if order := _parse_order(run):
            stream.hide(*order.personal)
        return stream


def find_newest_run(request: str, runs: Iterable[Run]) -> Run | None:
    """Return the newest of `runs` that is for the request of that id."""
    return max((run for run in runs if run_request_id(run) == request), key=lambda run: run.id, default=None)


def run_request_id(run: Run) -> str:
    """Return the id of the request that a run is for; a name of its own if its event has none."""
    order = _parse_order(run)
    return order.id if order else f"run-{run.id}"


def _parse_order(run: Run) -> Order | None:
    try:
        return read_event(run.payload, str(run.id))
    except PagewrightError:  # the run itself says what is wrong with its event
        return None


def diff_runs(before: Run | None, now: Run) -> Iterator[Event]:
    """Yield what has happened to a run between two looks."""
    is_new_attempt = before is None or before.run_attempt != now.run_attempt
    if before is None:
        yield from _accepted_events(now)
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


def _accepted_events(run: Run) -> Iterator[Event]:
    order = _parse_order(run)
    with contextlib.suppress(PagewrightError):  # a request of another form: the run says what is wrong with it
        if order is not None:
            asker = order.identity()
            yield AcceptedEvent(task=asker.task, round=asker.round, title=order.title)


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
