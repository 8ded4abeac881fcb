"""What is told of a run: what has changed between two looks, and no more."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from orchestrator.core.events import AcceptedEvent, Event
from orchestrator.core.runs import Job, Step, diff_runs
from orchestrator.local.runs import Run
from tests.doubles.runs import a_run

RUN = a_run(id=7, jobs=())
ACCEPTED = AcceptedEvent(task="t", round=2, title="t round 2")


def told(before: Run | None, after: Run) -> list[str]:
    return [summary(event) for event in diff_runs(before, after, ACCEPTED)]


def summary(event: Event) -> str:
    fields = event.model_dump(exclude={"type", "seconds", "run", "task", "title"})
    return " ".join(map(str, (event.type, *fields.values())))


def test_each_change_is_told_once() -> None:
    assert told(None, RUN) == ["accepted 2", "queued 1"]
    assert [summary(event) for event in diff_runs(None, RUN)] == ["queued 1"]
    assert told(RUN, replace(RUN, display_title="another")) == []
    began = datetime.now(UTC)
    steps = (Step("Set up", 1, "in_progress", started_at=began), Step("Build", 2))
    started = replace(RUN, status="in_progress", jobs=(Job("Build", 8, "in_progress", steps=steps), Job("Publish", 9)))
    assert told(RUN, started) == [
        "started 1",
        "job Build in_progress",
        "step Build Set up 1 in_progress",
        "job Publish queued",
    ]
    done = replace(steps[0], status="completed", conclusion="success", completed_at=began + timedelta(seconds=1.5))
    later = replace(started, jobs=(replace(started.jobs[0], steps=(done, steps[1])), started.jobs[1]))
    assert told(started, later) == ["step Build Set up 1 success"]
    ended = replace(later, status="completed", conclusion="failure")
    assert told(later, ended) == ["ended 1 failure"]
    again = replace(ended, status="queued", conclusion=None, run_attempt=2, jobs=later.jobs[:1])
    stopped = replace(later, status="completed", conclusion="cancelled")
    assert told(later, stopped) == [
        "stopped The run was cancelled. Run it again. None GitHub Actions",
        "ended 1 cancelled",
    ]
    assert told(ended, again) == ["queued 2", "job Build in_progress", "step Build Set up 1 success"]
