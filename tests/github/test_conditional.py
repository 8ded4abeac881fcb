"""Looks at GitHub that cost nothing where nothing has changed; and what a person is told when GitHub refuses."""

import io
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from orchestrator.core.errors import GitHubFailed
from orchestrator.github.conditional import ConditionalApi, TooMuch
from tests.doubles.clock import NOON
from tests.doubles.hub import TOKEN, Hub, fault, hosting

pytestmark = pytest.mark.anyio
PATH = "/branches/main"


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False, max_redirects=3) as http:
        yield http


@pytest.fixture
def api(hub: Hub, http: httpx.AsyncClient) -> ConditionalApi:
    hub.seed("site", {"index.html": b"x"})
    return ConditionalApi(http, f"{hub.host.url}/repos/octo/site", hub.time.clock(), TOKEN)


async def test_a_second_look_is_free_until_something_has_changed(
    hub: Hub, api: ConditionalApi, http: httpx.AsyncClient
) -> None:
    statuses: list[int] = []

    async def note(answer: httpx.Response) -> None:
        statuses.append(answer.status_code)

    http.event_hooks["response"] = [note]
    first = await api.fetch_json(PATH)
    assert await api.fetch_json(PATH) == first
    hub.seed("site", {"index.html": b"y"}, "Second")
    assert await api.fetch_json(PATH) != first
    assert statuses == [200, 304, 200]


async def test_what_is_not_there_is_no_error(api: ConditionalApi) -> None:
    assert await api.fetch_json("/branches/other") is None
    assert await api.download("/branches/other", io.BytesIO(), 10) is False


async def test_an_outage_is_passed_over(hub: Hub, api: ConditionalApi) -> None:
    hub.fail(fault(PATH, status=500), fault(PATH, drop="before"), fault(PATH, status=200, body="<html>"))
    assert (await api.fetch_json(PATH))["name"] == "main"
    assert hub.time.slept == [1, 2, 4]


async def test_a_limit_that_is_over_soon_is_waited_for(hub: Hub, api: ConditionalApi) -> None:
    hub.fail(fault(PATH, status=429, headers={"retry-after": "7"}), fault(PATH, status=403, body=LIMITED))
    assert (await api.fetch_json(PATH))["name"] == "main"
    assert hub.time.slept == [7, 120]


LIMITED = {"message": "You have exceeded a secondary rate limit."}
RESET = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOON) + 1800)}
REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({"status": 502}, "GitHub failed with 502. See https://www.githubstatus.com"),
    ({"drop": "before"}, "GitHub does not answer. See"),
    ({"status": 200, "body": "<html>"}, "answer could not be read"),
    ({"status": 403, "headers": RESET}, "rate limit is reached until 12:30 UTC. Run the command again then"),
    ({"status": 429, "headers": RESET}, "until 12:30 UTC"),
    ({"status": 429}, "rate limit is reached. Run"),
    ({"status": 401, "body": {"message": "Bad credentials"}}, "does not accept GITHUB_TOKEN"),
    ({"status": 403, "body": {"message": "Resource not\x1baccessible."}}, "403: Resource not accessible. GITHUB_TOKEN"),
    ({"status": 403, "body": "<html>"}, "GitHub answered 403: no reason given. GITHUB_TOKEN needs Actions: read"),
    ({"status": 422, "body": []}, "GitHub answered 422: no reason given"),
]


@pytest.mark.parametrize(("refusal", "said"), REFUSALS, ids=[said for _, said in REFUSALS])
async def test_what_stays_refused_is_an_error_that_says_what_to_do(
    refusal: dict[str, Any], said: str, hub: Hub, api: ConditionalApi
) -> None:
    hub.fail(fault(PATH, times=100, **refusal))
    with pytest.raises(GitHubFailed) as failed:
        await api.fetch_json(PATH)
    assert said in str(failed.value)
    assert TOKEN not in str(failed.value)
    if refusal.get("status") != 200:  # what is downloaded may be anything
        with pytest.raises(GitHubFailed) as failed:
            await api.download(PATH, io.BytesIO(), 10_000)
        assert said in str(failed.value)


async def test_a_download_goes_where_github_leads_without_the_token_and_no_further_than_allowed(
    hub: Hub, api: ConditionalApi
) -> None:
    asked: list[tuple[str, str]] = []

    def lead(_: Any) -> Response:
        return RedirectResponse(f"{other.url}/file", 302)

    def give(request: Any) -> Response:
        asked.append((request.url.path, request.headers.get("authorization", "")))
        return Response(b"x" * 1000)

    with hosting() as other:
        other.app = Starlette(routes=[Route("/file", give), Route("/other", lambda _: JSONResponse({}))])
        hub.host.app = Starlette(routes=[Route("/repos/octo/site/zip", lead)])
        to = io.BytesIO(b"of an earlier try" * 100)
        assert await api.download("/zip", to, 1000)
        assert to.getvalue() == b"x" * 1000
        with pytest.raises(TooMuch):
            await api.download("/zip", io.BytesIO(), 999)
    assert asked == [("/file", "")] * 2
    assert hub.time.slept == []
