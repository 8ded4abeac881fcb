"""What GitHub says of runs, jobs and artifacts, and whose run it is."""

from typing import Any

import pytest

from orchestrator.core.errors import GitHubFailed
from orchestrator.core.task import manual_id
from orchestrator.watching.looks import ListedArtifact, find_run, parse_artifacts, parse_run, parse_runs

ID = "0123456789abcdef"
NOON = "2026-11-20T12:00:00Z"
SAID = {
    "id": 7,
    "event": "repository_dispatch",
    "display_title": f"sum round 2 · {ID}",
    "status": "in_progress",
    "conclusion": None,
    "run_attempt": 1,
    "created_at": NOON,
    "run_started_at": NOON,
    "updated_at": NOON,
    "actor": {"login": "octo"},
}


def run(**changes: Any) -> dict[str, Any]:
    return {**SAID, **changes}


def job(**changes: Any) -> dict[str, Any]:
    return {"id": 1, "name": "Build", "status": "queued", "conclusion": None, "started_at": NOON, **changes}


def step(number: int, status: str, conclusion: str | None = None) -> dict[str, Any]:
    ended = NOON if conclusion else None
    return {
        "name": f"Step {number}",
        "number": number,
        "status": status,
        "conclusion": conclusion,
        "started_at": NOON,
        "completed_at": ended,
    }


@pytest.mark.parametrize("waiting", ["queued", "requested", "waiting", "pending"])
def test_every_way_of_waiting_is_queued(waiting: str) -> None:
    seen = parse_run(run(status=waiting), {"jobs": [job(status=waiting, steps=None)]})
    assert (seen.status, seen.jobs[0].status, seen.jobs[0].started_at) == ("queued", "queued", None)


def test_a_conclusion_that_nobody_has_described_is_a_failure() -> None:
    seen = parse_run(run(status="completed", conclusion="exploded"), {"jobs": [job(conclusion="action_required")]})
    assert (seen.conclusion, seen.jobs[0].conclusion) == ("failure", "action_required")


@pytest.mark.parametrize("conclusion", ["skipped", "cancelled"])
def test_a_job_that_never_began_has_no_beginning_although_github_gives_it_a_time(conclusion: str) -> None:
    ended = {"status": "completed", "conclusion": conclusion, "completed_at": NOON}
    assert parse_run(run(), {"jobs": [job(**ended)]}).jobs[0].started_at is None
    began = {**ended, "steps": [step(2, "completed", "skipped"), step(1, "completed", "success")]}
    (seen,) = parse_run(run(), {"jobs": [job(**began)]}).jobs
    assert seen.started_at is not None
    assert [(each.number, each.started_at is None) for each in seen.steps] == [(1, False), (2, True)]


@pytest.mark.parametrize(
    "answer", [None, [], {}, {"workflow_runs": {}}, {"workflow_runs": [{"id": 1}]}, {"workflow_runs": [run(id="x")]}]
)
def test_an_answer_of_another_form_is_an_error_of_github(answer: Any) -> None:
    with pytest.raises(GitHubFailed, match="could not be read"):
        parse_runs(answer)


def test_the_run_of_a_request_is_the_newest_whose_title_ends_in_its_id() -> None:
    others = [run(id=9, display_title=f"x{ID}"), run(id=8, display_title=f"sum round 1 · {'0' * 16}")]
    found = find_run(ID, parse_runs({"workflow_runs": [*others, SAID, run(id=6)]}))
    assert found is not None
    assert (found.run.id, found.accepted.task, found.accepted.round) == (7, "sum", 2)
    assert found.accepted.title == "sum round 2"
    assert find_run("f" * 16, parse_runs({"workflow_runs": [*others, SAID]})) is None


def test_a_run_by_hand_is_found_by_the_id_that_the_run_itself_has_computed() -> None:
    by_hand = run(id=5, event="workflow_dispatch", display_title="My page! · run")
    found = find_run(manual_id("My page!", 3, "run-5"), parse_runs({"workflow_runs": [by_hand]}))
    assert found is not None
    assert (found.accepted.task, found.accepted.round, found.accepted.title) == ("My page!", 3, "my-page round 3")
    others = [
        run(id=5, display_title="My page! · run"),
        run(id=6, event="workflow_dispatch", display_title="x"),
        run(id=6, event="workflow_dispatch", display_title="My page! · run"),
    ]
    for other in others:
        assert find_run(manual_id("My page!", 3, "run-5"), parse_runs({"workflow_runs": [other]})) is None


def test_artifacts_are_read() -> None:
    said = [{"id": 1, "name": "build", "expired": False}, {"id": 2, "name": "events", "expired": True}]
    assert parse_artifacts({"artifacts": said}) == (
        ListedArtifact(1, "build", is_expired=False),
        ListedArtifact(2, "events", is_expired=True),
    )
