"""What the receiver says of itself, from outside: `/` and `/health`."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from receiver.app import create_app
from receiver.github import GitHub
from tests.receiver.test_app import AT_ONCE, MB, SETTINGS, ScriptedGitHub, to

pytestmark = pytest.mark.anyio


@pytest.fixture
def github() -> ScriptedGitHub:
    return ScriptedGitHub()


@pytest.fixture
async def door(github: ScriptedGitHub) -> AsyncIterator[httpx.AsyncClient]:
    async with to(github) as client:
        yield client


async def test_health_says_that_all_is_well_and_how_it_is_set_up(door: httpx.AsyncClient) -> None:
    answer = await door.get("/health")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "github": {"token_works": True, "workflow": "active", "problem": None},
        "configuration": {
            "pipeline_repository": "octo/pagewright",
            "target_owner": "pages",
            "emails_restricted": False,
            "max_body_bytes": 25 * MB,
        },
    }


async def test_health_shows_a_workflow_that_is_switched_off(door: httpx.AsyncClient, github: ScriptedGitHub) -> None:
    github.workflow = "disabled_inactivity"
    answer = await door.get("/health")
    assert answer.status_code == 503
    assert answer.json()["status"] == "failing"
    assert answer.json()["github"] == {"token_works": True, "workflow": "disabled_inactivity", "problem": None}


@pytest.mark.parametrize(
    ("failure", "said"), [(401, "must renew it"), (404, "Check the name"), (None, "does not answer")]
)
async def test_health_says_what_is_wrong_and_no_secret(
    failure: int | None, said: str, door: httpx.AsyncClient, github: ScriptedGitHub
) -> None:
    github.failures = [failure]
    answer = await door.get("/health")
    assert answer.status_code == 503
    assert answer.json()["github"]["token_works"] is False
    assert said in answer.json()["github"]["problem"]
    assert not [secret for secret in ("s3cret", "t0ken") if secret in answer.text]


async def test_the_root_says_what_this_is_to_programs_and_to_people(
    door: httpx.AsyncClient, github: ScriptedGitHub
) -> None:
    answer = await door.get("/")
    assert answer.json() == {
        "service": "pagewright",
        "status": "ok",
        "submit": "POST /api-endpoint",
        "models": ["gpt-4.1", "claude-sonnet"],
    }
    page = await door.get("/", headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "POST /api-endpoint" in page.text
    assert "built by gpt-4.1, claude-sonnet" in page.text
    assert len(github.calls) == 1  # anyone may ask: what was heard is good for some minutes


@pytest.mark.parametrize(
    ("failures", "models", "said"), [([], None, []), ([403], "x", None), ([None], "x", None), ([], "<b>", ["<b>"])]
)
async def test_the_root_answers_whatever_github_says_of_the_models(
    failures: list[int | None], models: str | None, said: list[str] | None, github: ScriptedGitHub
) -> None:
    github.failures, github.models = failures, models
    async with to(github) as door:
        assert (await door.get("/")).json()["models"] == said
        page = (await door.get("/", headers={"accept": "text/html"})).text
    assert "<b>" not in page
    assert ("built by" in page) == (said is not None)


async def test_the_root_does_not_wait_for_a_github_that_hangs() -> None:
    async def never(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    settings = replace(SETTINGS, look_s=0.01)
    github = GitHub(settings, httpx.AsyncClient(transport=httpx.MockTransport(never)), AT_ONCE)
    transport = httpx.ASGITransport(create_app(settings, github))
    async with httpx.AsyncClient(transport=transport, base_url="http://door.test") as door:
        assert (await door.get("/")).json()["models"] is None
