"""The run of a task is found in GitHub's list, or the error says what to do."""

import httpx
import pytest

from orchestrator.core.errors import GitHubFailed, UsageError
from orchestrator.core.task import manual_id
from orchestrator.watching import finding
from orchestrator.watching.finding import find_request
from tests.doubles.pipeline import ID, NAME, Pipeline

pytestmark = pytest.mark.anyio


async def test_the_newest_run_of_a_request_is_found(pipeline: Pipeline, http: httpx.AsyncClient) -> None:
    pipeline.start()
    newest = pipeline.start()
    pipeline.start(request="f" * 16)
    found = await find_request(ID, pipeline.api(http), NAME)
    assert (found.run.id, found.accepted.title) == (newest.id, "sum round 1")


async def test_a_run_by_hand_is_found_after_those_that_were_dispatched(
    pipeline: Pipeline, http: httpx.AsyncClient
) -> None:
    run = pipeline.start(event="workflow_dispatch", display_title="my-page · run")
    found = await find_request(manual_id("my-page", 1, f"run-{run.id}"), pipeline.api(http), NAME)
    assert (found.run.id, found.accepted.task) == (run.id, "my-page")


async def test_a_run_that_github_lists_late_is_waited_for(pipeline: Pipeline, http: httpx.AsyncClient) -> None:
    def list_it() -> None:
        pipeline.start()

    # The first two calls are those of the first look: one for each way to start a run.
    pipeline.hub.before("GET", "/runs$", lambda: pipeline.hub.before("GET", "/runs$", list_it))
    found = await find_request(ID, pipeline.api(http), NAME)
    assert (found.accepted.task, pipeline.hub.time.slept) == ("sum", [3])


async def test_a_run_that_is_not_listed_for_long_is_not_known(pipeline: Pipeline, http: httpx.AsyncClient) -> None:
    with pytest.raises(UsageError, match="No task with this id is known in octo/site"):
        await find_request(ID, pipeline.api(http), NAME)
    assert pipeline.hub.time.slept == [3, 3, 3, 3]


@pytest.mark.parametrize("wrong", ["", "a", "0123456789ABCDEF", "0123456789abcdef0", "run"])
async def test_what_is_no_id_is_not_looked_for(wrong: str, pipeline: Pipeline, http: httpx.AsyncClient) -> None:
    pipeline.start()
    with pytest.raises(UsageError, match="Give the id that the receiver answered"):
        await find_request(wrong, pipeline.api(http), NAME)
    assert (pipeline.hub.calls, pipeline.hub.time.slept) == ([], [])


async def test_older_pages_are_read_too_up_to_a_limit(
    pipeline: Pipeline, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "PAGE", 2)
    monkeypatch.setattr(finding, "MOST_PAGES", 2)
    third = pipeline.start()
    for _ in range(2):
        pipeline.start(request="f" * 16)
    api = pipeline.api(http)
    assert (await find_request(ID, api, NAME)).run.id == third.id
    for _ in range(2):
        pipeline.start(request="e" * 16)
    with pytest.raises(UsageError):
        await find_request(ID, api, NAME)


async def test_a_pipeline_that_the_token_does_not_see_is_an_error_with_the_remedy(
    pipeline: Pipeline, http: httpx.AsyncClient
) -> None:
    api = pipeline.api(http)
    api.url = api.url.replace("site", "other")
    with pytest.raises(GitHubFailed, match="Actions: read"):
        await find_request(ID, api, "octo/other")
