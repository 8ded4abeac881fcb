from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from orchestrator.core.runs import Job, Step
from orchestrator.local.github import Dispatch, LocalGitHub
from orchestrator.local.store import StoredRepository
from tests.doubles.runs import a_run

pytestmark = pytest.mark.anyio

WORKFLOW = b"""name: Build
on:
  repository_dispatch:
  workflow_dispatch:
    inputs: {round: {default: "1"}, task: {}}
"""


@pytest.fixture
def pipeline(github: LocalGitHub) -> StoredRepository:
    """Return the repository octo/pipeline, with a workflow."""
    github.store.seed("octo", "pipeline", {".github/workflows/build.yml": WORKFLOW}, "First")
    found = github.store.find_repository("octo", "pipeline")
    assert found
    return found


async def test_a_dispatch_is_accepted_without_a_word_and_handed_on(
    api: httpx.AsyncClient, pipeline: StoredRepository, taken: list[Dispatch]
) -> None:
    body = {"event_type": "task", "client_payload": {"id": "1", "request": {"task": "ü"}}}
    response = await api.post("/repos/octo/Pipeline/dispatches", json=body)
    assert (response.status_code, response.content) == (204, b"")
    (dispatch,) = taken
    assert (dispatch.repository, dispatch.actor, dispatch.branch) == (pipeline, "octo", "main")
    assert dispatch.payload["action"] == "task"
    assert dispatch.payload["client_payload"] == body["client_payload"]
    assert dispatch.payload["repository"]["full_name"] == "octo/pipeline"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"event_type": ""},
        {"event_type": "x" * 101},
        {"event_type": 7},
        {"event_type": "task", "client_payload": "text"},
        {"event_type": "task", "client_payload": {str(n): n for n in range(11)}},
        {"event_type": "task", "client_payload": {"a": "x" * 65_529}},
    ],
)
@pytest.mark.usefixtures("pipeline")
async def test_a_dispatch_beyond_the_limits_is_refused(
    api: httpx.AsyncClient, taken: list[Dispatch], body: dict[str, Any]
) -> None:
    response = await api.post("/repos/octo/pipeline/dispatches", json=body)
    assert response.status_code == 422
    assert not taken


@pytest.mark.usefixtures("pipeline")
async def test_a_dispatch_just_within_the_limits_is_taken(api: httpx.AsyncClient, taken: list[Dispatch]) -> None:
    largest = {"a": "x" * (65_535 - len('{"a":""}'))}
    await api.post("/repos/octo/pipeline/dispatches", json={"event_type": "t" * 100, "client_payload": largest})
    many = {str(number): number for number in range(10)}
    await api.post("/repos/octo/pipeline/dispatches", json={"event_type": "t", "client_payload": many})
    assert len(taken) == 2


@pytest.mark.usefixtures("pipeline")
async def test_a_workflow_is_active_once_its_file_is_on_the_default_branch(api: httpx.AsyncClient) -> None:
    body = (await api.get("/repos/octo/pipeline/actions/workflows/build.yml")).json()
    assert (body["state"], body["name"], body["path"]) == ("active", "Build", ".github/workflows/build.yml")
    assert (await api.get(body["url"])).json() == body
    assert (await api.get("/repos/octo/pipeline/actions/workflows/none.yml")).status_code == 404


@pytest.mark.usefixtures("pipeline")
async def test_a_run_by_hand_can_be_told_at_once(api: httpx.AsyncClient, taken: list[Dispatch]) -> None:
    place = "/repos/octo/pipeline/actions/workflows/build.yml/dispatches"
    silent = await api.post(place, json={"ref": "main"})
    assert (silent.status_code, silent.content) == (204, b"")
    told = await api.post(place, json={"ref": "main", "inputs": {"round": 2}, "return_run_details": True})
    assert told.status_code == 200
    assert (await api.get(told.json()["run_url"])).json()["id"] == told.json()["workflow_run_id"]
    assert taken[1].workflow == ".github/workflows/build.yml"
    # A workflow finds text in its event, the defaults too.
    assert [one.payload["inputs"] for one in taken] == [{"round": "1", "task": ""}, {"round": "2", "task": ""}]
    assert taken[1].payload["ref"] == "refs/heads/main"


@pytest.mark.usefixtures("pipeline")
async def test_an_input_that_the_workflow_does_not_know_is_refused(
    api: httpx.AsyncClient, taken: list[Dispatch]
) -> None:
    place = "/repos/octo/pipeline/actions/workflows/build.yml/dispatches"
    refused = await api.post(place, json={"ref": "main", "inputs": {"rounds": "2", "task": "x"}})
    assert (refused.status_code, refused.json()["message"]) == (422, 'Unexpected inputs provided: ["rounds"]')
    assert not taken


async def test_a_run_by_hand_needs_a_branch_and_a_workflow_that_allows_it(
    api: httpx.AsyncClient, github: LocalGitHub
) -> None:
    github.store.seed("octo", "other", {".github/workflows/ci.yml": b"on: push\n"}, "First")
    place = "/repos/octo/other/actions/workflows/ci.yml/dispatches"
    assert (await api.post(place, json={"ref": "none"})).json()["message"] == "No ref found for: none"
    refused = await api.post(place, json={"ref": "main"})
    assert refused.json()["message"] == "Workflow does not have 'workflow_dispatch' trigger"
    assert (await api.post(place, json={})).status_code == 422


@pytest.mark.usefixtures("pipeline")
async def test_runs_are_listed_newest_first_and_filtered(api: httpx.AsyncClient, github: LocalGitHub) -> None:
    for _ in range(3):
        await api.post("/repos/octo/pipeline/dispatches", json={"event_type": "task"})
    await api.post("/repos/octo/pipeline/actions/workflows/build.yml/dispatches", json={"ref": "main"})
    first = github.runs.find_run(1)
    assert first
    github.runs.update(replace(first, status="completed", conclusion="failure"))

    async def ids(**query: str) -> list[int]:
        body = (await api.get("/repos/octo/pipeline/actions/workflows/build.yml/runs", params=query)).json()
        assert body["total_count"] >= len(body["workflow_runs"])
        return [run["id"] for run in body["workflow_runs"]]

    assert await ids() == [4, 3, 2, 1]
    assert await ids(event="repository_dispatch", per_page="2") == [3, 2]
    assert await ids(event="repository_dispatch", per_page="2", page="2") == [1]
    assert await ids(status="failure") == await ids(status="completed") == [1]
    assert await ids(status="queued", event="workflow_dispatch") == [4]
    assert await ids(created=f">={first.created_at:%Y-%m-%dT%H:%M:%SZ}") == [4, 3, 2, 1]
    assert await ids(created=f">={first.created_at + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}") == []
    everything = (await api.get("/repos/octo/pipeline/actions/runs")).json()
    assert everything["total_count"] == 4
    assert (await api.get("/repos/octo/pipeline/actions/runs", params={"created": "2026"})).status_code == 422


async def test_a_run_shows_its_jobs_steps_and_logs_and_nothing_internal(
    api: httpx.AsyncClient, github: LocalGitHub, pipeline: StoredRepository
) -> None:
    run = github.runs.create(
        a_run(
            repository=pipeline.full_name,
            display_title="site round 1 · 1",
            head_sha=github.store.resolve_head(pipeline) or "",
            payload={"client_payload": {"email": "someone@example.com"}},
            jobs=(Job("build", steps=(Step("Check out", 1, "completed", "success"),)), Job("publish")),
        )
    )
    github.runs.append_log(run.jobs[0].id, "line ü\n")
    shown = await api.get(f"/repos/octo/pipeline/actions/runs/{run.id}")
    assert shown.json()["head_commit"]["message"] == "First"
    assert "someone@example.com" not in shown.text
    listed = (await api.get(shown.json()["jobs_url"])).json()
    assert [job["name"] for job in listed["jobs"]] == ["build", "publish"]
    assert listed["jobs"][0]["steps"][0]["conclusion"] == "success"
    redirect = await api.get(f"{listed['jobs'][0]['url']}/logs")
    assert redirect.status_code == 302
    assert (await api.get(redirect.headers["location"])).text == "line ü\n"


@pytest.mark.usefixtures("site", "pipeline")
async def test_runs_and_jobs_are_found_in_their_own_repository_only(api: httpx.AsyncClient) -> None:
    await api.post("/repos/octo/pipeline/dispatches", json={"event_type": "task"})
    assert (await api.get("/repos/octo/pipeline/actions/runs/1")).status_code == 200
    for path in ("runs/1", "runs/9", "jobs/9", "jobs/9/logs"):
        assert (await api.get(f"/repos/octo/site/actions/{path}")).status_code == 404
