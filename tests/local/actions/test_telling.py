"""What the engine tells of its runs, and where."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.core.envelope import parse_line
from orchestrator.core.runs import Job
from orchestrator.jobs.stream import FILE
from orchestrator.local.actions.telling import RunTeller, events_folder
from orchestrator.local.runs import Run, Runs

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
