"""All that has happened to a run, told from one look at it: GitHub gives every job and every step its times. Pure.

A look is rare, and much happens between two of them. The run is rebuilt as it was after each change, and what
`diff_runs` says between two such moments is what an engine that saw every change would have told.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from heapq import merge

from orchestrator.core.envelope import StampedEvent
from orchestrator.core.events import AcceptedEvent, EndedEvent, Event, JobEvent
from orchestrator.core.runs import Job, Step, diff_runs
from orchestrator.watching.looks import RunLook

_WITHIN_A_SECOND = timedelta(milliseconds=999)


@dataclass(frozen=True)
class Moment:
    """An event, and when it happened."""

    at: datetime
    event: Event


@dataclass(frozen=True)
class _Change:
    """From `at` on, the job in this place is `job`. `order`: which of two changes of one second comes first."""

    at: datetime
    order: tuple[int, int, int]
    job: Job


def tell_history(run: RunLook, accepted: AcceptedEvent) -> list[Moment]:
    """Return all that has happened to this attempt at a run, in the order of its time."""
    seen: RunLook | None = None
    told = []
    for at, state in _replay(run):
        told += [Moment(at, event) for event in diff_runs(seen, state, accepted)]
        seen = state
    return told


def _replay(run: RunLook) -> Iterator[tuple[datetime, RunLook]]:
    """Yield the run as it was after each change, with the time of the change."""
    is_first = run.run_attempt == 1
    queued_at = run.created_at if is_first else run.run_started_at
    state = replace(run, status="queued", conclusion=None, jobs=())
    yield queued_at, state
    kept = [place for place, job in enumerate(run.jobs) if not is_first and _is_kept(run, job)]
    jobs = {place: run.jobs[place] for place in kept}
    if kept:  # by an attempt that runs only what failed
        state = replace(state, jobs=tuple(jobs.values()))
        yield queued_at, state
    changes = sorted(_list_changes(run, kept), key=lambda change: (change.at, change.order))
    has_begun = run.status == "in_progress" or any(job.started_at for job in run.jobs)
    # When it left its queue GitHub does not say, but its jobs are listed from then on.
    at = min((change.at for change in changes), default=run.updated_at)
    if has_begun:
        state = replace(state, status="in_progress", run_started_at=at)
        yield at, state
    for change in changes:
        jobs[change.order[1]] = change.job
        state = replace(state, jobs=tuple(job for _, job in sorted(jobs.items())))
        at = max(at, change.at)
        yield change.at, state
    if run.status == "completed":
        at = max(at, run.updated_at)
        yield at, replace(state, status=run.status, conclusion=run.conclusion, updated_at=at)


def _is_kept(run: RunLook, job: Job) -> bool:
    return job.completed_at is not None and job.completed_at <= run.run_started_at


def _list_changes(run: RunLook, kept: list[int]) -> Iterator[_Change]:
    first = min((at for place, at in enumerate(run.listed_at) if place not in kept), default=run.run_started_at)
    for place, job in enumerate(run.jobs):
        if place in kept:
            continue
        listed_at = max(run.listed_at[place], run.run_started_at)
        at = listed_at
        for number, (moment, state) in enumerate(_list_states(job, listed_at)):
            at = max(at, moment)  # two computers' clocks: what comes later is never earlier
            is_listing = number == 0 and listed_at <= first
            yield _Change(at, (0 if is_listing else 1, place, number), state)


def _list_states(job: Job, listed_at: datetime) -> Iterator[tuple[datetime, Job]]:
    """Yield a job as it was after each of its changes."""
    steps: dict[int, Step] = {}
    bare = replace(job, status="queued", conclusion=None, started_at=None, completed_at=None, steps=())
    yield listed_at, bare
    if job.started_at:
        bare = replace(bare, status="in_progress", started_at=job.started_at)
        yield job.started_at, bare
    for step in job.steps:
        if step.started_at:
            steps[step.number] = replace(step, status="in_progress", conclusion=None, completed_at=None)
            yield step.started_at, replace(bare, steps=tuple(steps.values()))
        if step.status == "completed" and step.completed_at:
            steps[step.number] = step
            yield step.completed_at, replace(bare, steps=tuple(steps.values()))
    if job.status == "completed":
        yield job.completed_at or listed_at, job


def merge_streams(engine: Iterable[StampedEvent], *jobs: Iterable[StampedEvent]) -> Iterator[StampedEvent]:
    """Yield the events of several sources by time, each source in its own order, one attempt after the other.

    GitHub's own times have no fractions of a second: the end of a job, and of the run, stands behind what happened in
    that second.
    """
    streams = [_key_events(engine), *(_key_events(events) for events in jobs)]
    for _, event in merge(*streams, key=lambda keyed: keyed[0]):
        yield event


def _key_events(events: Iterable[StampedEvent]) -> Iterator[tuple[tuple[int, bool, datetime], StampedEvent]]:
    last: tuple[int, bool, datetime] | None = None
    for each in events:
        at, is_end = each.envelope.at, isinstance(each.event, EndedEvent)
        is_over = isinstance(each.event, JobEvent) and each.event.seconds is not None
        if is_over and at.microsecond == 0:
            at += _WITHIN_A_SECOND
        key = each.envelope.run_attempt, is_end, at
        last = key if last is None else max(last, key)
        yield last, each
