"""What is told of a run from one look: all that has happened to it, each thing at its time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orchestrator.core.envelope import Envelope, StampedEvent
from orchestrator.core.events import AcceptedEvent, Event, NoteEvent, Source
from orchestrator.core.runs import Job, Step
from orchestrator.watching.history import merge_streams, tell_history
from orchestrator.watching.looks import RunLook

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ACCEPTED = AcceptedEvent(task="sum", round=1, title="sum round 1")


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def step(number: int, start: float | None, end: float | None, conclusion: Any = "success") -> Step:
    status: Any = "completed" if end is not None or conclusion == "skipped" else "in_progress" if start else "queued"
    ended = conclusion if status == "completed" else None
    times = [None if moment is None else at(moment) for moment in (start, end)]
    return Step(f"Step {number}", number, status, ended, *times)


def done(name: str, start: float, end: float, *steps: Step) -> Job:
    return Job(name, 1, "completed", "success", at(start), at(end), steps)


def look(*jobs: Job, listed: tuple[float, ...] = (), **changes: Any) -> RunLook:
    usual: dict[str, Any] = {
        "id": 7,
        "run_attempt": 1,
        "status": "completed",
        "conclusion": "success",
        "created_at": NOON,
        "run_started_at": NOON,
        "updated_at": at(30),
        "jobs": jobs,
        "listed_at": tuple(map(at, listed or (0,) * len(jobs))),
    }
    return RunLook(**(usual | changes))


def told(run: RunLook) -> list[str]:
    return [f"{(moment.at - NOON).total_seconds():g} {summary(moment.event)}" for moment in tell_history(run, ACCEPTED)]


def summary(event: Event) -> str:
    fields = event.model_dump(include={"job", "number", "status", "conclusion", "attempt"})
    return " ".join(map(str, (event.type, *fields.values())))


WHOLE = look(
    done("Build", 2, 9, step(1, 2, 3), step(2, 3, 8), step(3, None, None, "skipped"), step(4, 8, 9)),
    done("Publish", 12, 20, step(1, 12, 20)),
    listed=(1, 10),
)


def test_of_a_run_that_is_over_everything_is_told_at_its_time() -> None:
    assert told(WHOLE) == [
        "0 accepted",
        "0 queued 1",
        "1 started 1",
        "1 job Build queued",
        "2 job Build in_progress",
        "2 step Build 1 in_progress",
        "3 step Build 1 success",
        "3 step Build 2 in_progress",
        "8 step Build 2 success",
        "8 step Build 4 in_progress",
        "9 step Build 4 success",
        "9 job Build success",
        "9 step Build 3 skipped",
        "10 job Publish queued",
        "12 job Publish in_progress",
        "12 step Publish 1 in_progress",
        "20 step Publish 1 success",
        "20 job Publish success",
        "30 ended 1 success",
    ]
    seconds = {summary(moment.event): getattr(moment.event, "seconds", 0) for moment in tell_history(WHOLE, ACCEPTED)}
    assert (seconds["step Build 2 success"], seconds["job Build success"], seconds["ended 1 success"]) == (5, 7, 29)


def test_what_a_later_look_tells_begins_with_what_an_earlier_one_told() -> None:
    going = (step(1, 2, 3), step(2, 3, None), step(3, None, None), step(4, None, None))
    build = Job("Build", 1, "in_progress", None, at(2), None, going)
    earlier = look(build, listed=(1,), status="in_progress", conclusion=None, updated_at=at(3))
    assert told(earlier) == told(WHOLE)[:8]
    waiting = look(status="queued", conclusion=None, updated_at=NOON)
    assert told(waiting) == told(WHOLE)[:2]
    begun = look(status="in_progress", conclusion=None, updated_at=at(1))
    assert told(begun) == told(WHOLE)[:3]


def test_a_run_that_was_cancelled_in_its_queue_never_started() -> None:
    jobs = (Job("Build", 1, "completed", "cancelled", None, None), Job("Publish", 2, "completed", "skipped"))
    assert told(look(*jobs, conclusion="cancelled")) == [
        "0 accepted",
        "0 queued 1",
        "0 job Build queued",
        "0 job Publish queued",
        "0 job Build cancelled",
        "0 job Publish skipped",
        "30 stopped",
        "30 ended 1 cancelled",
    ]
    assert told(look(conclusion="startup_failure"))[2:] == ["30 ended 1 startup_failure"]


def test_what_a_later_attempt_keeps_is_told_as_it_was() -> None:
    kept = done("Build", 2, 9, step(1, 2, 9))
    again = done("Publish", 42, 50, step(1, 42, 50))
    second = look(kept, again, listed=(1, 41), run_attempt=2, run_started_at=at(40), updated_at=at(60))
    assert told(second)[1:] == [
        "40 queued 2",
        "40 job Build success",
        "40 step Build 1 success",
        "41 started 2",
        "41 job Publish queued",
        "42 job Publish in_progress",
        "42 step Publish 1 in_progress",
        "50 step Publish 1 success",
        "50 job Publish success",
        "60 ended 2 success",
    ]


def test_two_clocks_that_differ_turn_nothing_round() -> None:
    odd = look(done("Build", 5, 6, step(1, 4, 3), step(2, 3, 8)), updated_at=at(2))
    assert [line.partition(" ")[2] for line in told(odd)[4:]] == [
        "job Build in_progress",
        "step Build 1 in_progress",
        "step Build 1 success",
        "step Build 2 in_progress",
        "step Build 2 success",
        "job Build success",
        "ended 1 success",
    ]
    times = [moment.at for moment in tell_history(odd, ACCEPTED)]
    assert times == sorted(times)


def stamp(source: Source, seconds: float, event: Event, attempt: int = 1) -> StampedEvent:
    return StampedEvent(Envelope(n=1, id="i", at=at(seconds), source=source, run_attempt=attempt), event)


def engine_stream(run: RunLook) -> list[StampedEvent]:
    return [
        stamp("engine", (moment.at - NOON).total_seconds(), moment.event, run.run_attempt)
        for moment in tell_history(run, ACCEPTED)
    ]


def note(source: Source, seconds: float, attempt: int = 1) -> StampedEvent:
    return stamp(source, seconds, NoteEvent(text=f"{source} {seconds:g}"), attempt)


@pytest.mark.parametrize("late", [20.5, 30.7, 99.0])
def test_what_jobs_tell_stands_where_it_happened_and_the_end_of_a_run_is_the_last(late: float) -> None:
    build = [note("build", 3.4), note("build", 7.9)]
    publish = [note("publish", 12.5), note("publish", late)]
    merged = [
        each.event.text if isinstance(each.event, NoteEvent) else summary(each.event)
        for each in merge_streams(engine_stream(WHOLE), build, publish)
    ]
    assert merged.index("step Build 2 in_progress") < merged.index("build 3.4")
    assert merged.index("build 7.9") < merged.index("step Build 2 success")
    assert merged.index("step Publish 1 in_progress") < merged.index("publish 12.5")
    assert merged[-1] == "ended 1 success"
    if late < 21:
        assert merged.index(f"publish {late:g}") < merged.index("job Publish success")


def test_one_attempt_is_told_after_the_other_and_each_source_in_its_own_order() -> None:
    second = [note("engine", 1, attempt=2)]
    jobs = [note("build", 5), note("build", 4), note("build", 0, attempt=2)]
    merged = list(merge_streams([*engine_stream(WHOLE), *second], jobs))
    assert [each.envelope.run_attempt for each in merged] == [1] * (len(merged) - 2) + [2, 2]
    assert [each for each in merged if each.envelope.source == "build"] == jobs
