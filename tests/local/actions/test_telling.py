"""What the engine tells of a run: what has changed between two looks, and no more."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestrator.core.events import Event, parse_line
from orchestrator.jobs.stream import FILE
from orchestrator.local.actions.telling import RunTeller, diff_runs, events_folder
from orchestrator.local.runs import Job, Run, Runs, Step, now

REQUEST = {"task": "t", "round": 2, "nonce": "the-nonce", "email": "a@example.com", "evaluation_url": "http://e.test/x"}
PAYLOAD = {"client_payload": {"id": "a" * 16, "key": "b" * 16, "title": "t round 2", "request": REQUEST}}
RUN = Run(
    repository="o/p",
    event="repository_dispatch",
    display_title="t round 2 · x",
    name="Build",
    path="build.yml",
    head_sha="0" * 40,
    head_branch="main",
    actor="o",
    id=7,
    payload=PAYLOAD,
)


def told(before: Run | None, after: Run) -> list[str]:
    return [summary(event) for event in diff_runs(before, after)]


def summary(event: Event) -> str:
    fields = event.model_dump(exclude={"type", "seconds", "run", "task", "title"})
    return " ".join(map(str, (event.type, *fields.values())))


def test_each_change_is_told_once() -> None:
    assert told(None, RUN) == ["accepted 2", "queued 1"]
    assert told(RUN, replace(RUN, display_title="another")) == []
    began = now()
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


@pytest.mark.parametrize("wrong", [{"round": "first"}, {"task": 7}, {"nonce": None}], ids=str)
def test_a_run_whose_request_is_of_another_form_is_told_all_the_same(wrong: dict[str, Any], tmp_path: Path) -> None:
    payload = {"client_payload": {**PAYLOAD["client_payload"], "request": {**REQUEST, **wrong}}}
    run = Runs(tmp_path / "runs", RunTeller(tmp_path).record_changes).create(replace(RUN, id=0, payload=payload))
    (told,) = map(parse_line, (events_folder(tmp_path, run.id) / FILE).read_text().splitlines())
    assert (told.envelope.id, told.event.type) == ("a" * 16, "queued")


def test_a_run_tells_into_its_own_folder_and_nothing_private(tmp_path: Path) -> None:
    teller = RunTeller(tmp_path)
    runs = Runs(tmp_path / "runs", teller.record_changes)
    run = runs.create(replace(RUN, id=0))
    other = runs.create(replace(RUN, id=0, payload={}))
    runs.update(replace(run, jobs=(Job("a@example.com the-nonce http://e.test/x"),)))
    runs.update(replace(run, status="completed", conclusion="success"))
    text = (events_folder(tmp_path, run.id) / FILE).read_text()
    assert not any(private in text for private in ("a@example.com", "the-nonce", "e.test"))
    stamped = [parse_line(line) for line in text.splitlines()]
    assert [each.event.type for each in stamped] == ["accepted", "queued", "job", "ended"]
    assert {(each.envelope.id, each.envelope.source) for each in stamped} == {("a" * 16, "engine")}
    (unread,) = [parse_line(line) for line in (events_folder(tmp_path, other.id) / FILE).read_text().splitlines()]
    assert (unread.envelope.id, unread.event.type) == (f"run-{other.id}", "queued")
