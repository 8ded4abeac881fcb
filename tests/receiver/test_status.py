"""What the receiver says of itself, from outside: `/` and `/health`."""

import asyncio
from dataclasses import replace

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from receiver.answers import answer_error
from receiver.app import create_app
from receiver.github.budget import CALLS, CallBudget, SpentError
from receiver.github.client import GitHub
from receiver.status import Status
from tests.receiver.test_app import AT_ONCE, MB, SETTINGS, ScriptedGitHub, to

pytestmark = pytest.mark.anyio


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
            "max_tasks_per_day": 0,
            "targets": ["pages"],
            "task_key": False,
            "secrets": 1,
        },
        "warnings": list(SETTINGS.warnings),
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


async def test_a_platform_that_asks_every_ten_seconds_is_answered_from_memory(github: ScriptedGitHub) -> None:
    """While strangers spend what there is to spend."""
    async with to(github) as door:
        for number in range(120):
            github.now += 10
            for stranger in range(3):
                await door.get("/result", params={"email": "a", "task": f"{number} {stranger}", "nonce": "n"})
            assert (await door.get("/health")).status_code == 200
    assert len([call for call in github.calls if call.endswith("build.yml")]) <= 40
    assert len(github.calls) - github.free <= 180


async def test_a_failure_is_told_for_half_a_minute_and_no_longer(github: ScriptedGitHub) -> None:
    github.failures = [None]
    async with to(github) as door:
        assert [(await door.get("/health")).status_code for _ in range(3)] == [503] * 3
        assert len(github.calls) == 1
        github.now += 31
        assert (await door.get("/health")).status_code == 200


class Slow:
    """A GitHub that answers at once until it is told to hang."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()

    async def __call__(self, _: httpx.Request) -> httpx.Response:
        await self.open.wait()
        return httpx.Response(200, json={"state": "active"})


async def test_where_github_hangs_the_last_answer_is_given_with_its_time() -> None:
    slow, now = Slow(), [0.0]
    settings = replace(SETTINGS, look_s=0.01)
    github = GitHub(settings, httpx.AsyncClient(transport=httpx.MockTransport(slow)), AT_ONCE, lambda: now[0])
    transport = httpx.ASGITransport(create_app(settings, github, clock=lambda: now[0]))
    async with httpx.AsyncClient(transport=transport, base_url="http://door.test") as door:
        first = (await door.get("/health")).json()
        slow.open.clear()
        now[0] += 31
        answer = await door.get("/health")
        assert answer.status_code == 200
        last = answer.json()
        assert last.pop("as_of").endswith("+00:00")
        assert last == first
        slow.open.set()
        await github.fetch_workflow_state()
        assert "as_of" not in (await door.get("/health")).json()
        slow.open.clear()
        await github.aclose()


async def test_where_the_budget_is_spent_before_anything_is_known_it_says_when_to_ask_again(
    github: ScriptedGitHub,
) -> None:
    budget = CallBudget(lambda: 0.0)
    budget.take(CALLS)
    client = httpx.AsyncClient(transport=httpx.MockTransport(github))
    status = Status(SETTINGS, GitHub(SETTINGS, client, AT_ONCE), budget)
    routes = [Route("/", status.answer_status), Route("/health", status.answer_health)]
    transport = httpx.ASGITransport(Starlette(routes=routes, exception_handlers={SpentError: answer_error}))
    async with httpx.AsyncClient(transport=transport, base_url="http://door.test") as door:
        answer = await door.get("/health")
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "8")
        assert (await door.get("/")).json()["models"] is None
    assert github.calls == []


async def test_a_renamed_pipeline_is_named_and_not_called_healthy() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/repos/"):
            return httpx.Response(301, headers={"location": "https://api.github.com/repositories/7/x"})
        there = "https://api.github.com/repos/octo/renamed/actions/workflows/1"
        return httpx.Response(200, json={"state": "active", "url": there})

    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    transport = httpx.ASGITransport(create_app(SETTINGS, GitHub(SETTINGS, client, AT_ONCE)))
    async with httpx.AsyncClient(transport=transport, base_url="http://door.test") as door:
        said = await door.get("/health")
    assert said.status_code == 503
    assert "renamed to octo/renamed" in said.json()["github"]["problem"]
