"""S6 and S19 to S20: what a record gives away, a secret that is changed or has leaked, and a clock that is wrong."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import httpx
import pytest

from orchestrator.core.loopback import bind, listener_url, serving
from orchestrator.core.site import RECORD
from orchestrator.core.task import request_id, task_key
from receiver.app import create_app
from receiver.github.client import GitHub, create_http_client
from receiver.settings import Settings
from tests.doubles.receiver import TASK_KEY
from tests.doubles.runs import a_run
from tests.faults.world import DISPATCH_TOKEN, OWNER, PIPELINE, SECRET, TASK, World, settled

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

EMAIL, NEW_SECRET = "ann@example.com", "another-agreed-secret"
BEFORE = Settings(SECRET, DISPATCH_TOKEN, PIPELINE, OWNER)
KEYED = replace(BEFORE, task_key=bytes.fromhex(TASK_KEY))
CHANGING = replace(KEYED, shared_secret=NEW_SECRET, shared_secret_old=SECRET)
CHANGED = replace(KEYED, shared_secret=NEW_SECRET)


@asynccontextmanager
async def receiving(system: World, settings: Settings, ahead_s: float = 0) -> AsyncIterator[GitHub]:
    """Put another receiver in front of the system: one with other settings, and a clock that is `ahead`."""
    listener, before = bind(), system.door
    settings = replace(
        settings, api_url=system.github.api_url, pages_url=f"{system.github.pages_url}/{{owner}}/{{repo}}/"
    )
    async with AsyncExitStack() as stack:
        github = await stack.enter_async_context(aclosing(GitHub(settings, create_http_client())))
        github.clock.own = lambda: time.time() + ahead_s
        await stack.enter_async_context(serving(create_app(settings, github), listener))
        door = httpx.AsyncClient(base_url=listener_url(listener), trust_env=False, timeout=30)
        system.door = await stack.enter_async_context(door)
        try:
            yield github
        finally:
            system.door = before


def record(system: World, name: str = TASK) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(system.files(name)[RECORD])
    return said


def repositories(system: World) -> set[str]:
    return {path.stem for path in system.folder.glob(f"github/{OWNER}/*.git")} - {PIPELINE.partition("/")[2]}


async def test_s6_the_record_of_a_site_lets_nobody_try_out_the_secret(system: World) -> None:
    """Three letters, all of which are tried: with the old way they are found, with a key of their own they are not."""
    weak = "k7x"
    words = ["".join(letters) for letters in product("abcdefghijklmnopqrstuvwxyz0123456789", repeat=3)]
    for settings, found in ((replace(BEFORE, shared_secret=weak), {weak}), (replace(KEYED, shared_secret=weak), set())):
        async with receiving(system, settings):
            task = f"sales-{len(found)}"
            ran = await system.deliver(secret=weak, task=task)
            assert ran.publish == 0
            public = record(system, task)["task"]
            payload = system.dispatched[-1]
            assert public == payload["key"]
            assert {word for word in words if task_key(word, EMAIL, task) == public} == found
            # What the former keys would give away goes to the run alone: into no log, no summary, no commit.
            summary = (system.folder / f"run-{system.runs}" / "summary.md").read_text()
            shown = "\n".join([ran.log, summary, *system.messages(task), *map(str, system.files(task).values())])
            assert not any(key in shown for key in payload.get("former_keys", []))


async def test_s6_a_secret_is_changed_and_every_task_is_found_again(system: World) -> None:
    """From a receiver without a TASK_KEY over one that takes both secrets to one that knows the new one alone."""
    async with receiving(system, BEFORE):
        assert (await system.deliver()).publish == 0
    first, before = system.told.bodies[0], system.messages()
    assert record(system)["task"] == task_key(SECRET, EMAIL, TASK)

    async with receiving(system, CHANGING):
        for secret in (SECRET, NEW_SECRET):  # sent again: the same commit, the same bytes, no second repository
            ran = await system.deliver(secret=secret)
            assert ran.publish == 0
            assert "already answered" in ran.log
        assert system.told.bodies == [first] * 3
        assert (system.messages(), repositories(system)) == (before, {TASK})
        asked = {"email": EMAIL, "task": TASK, "nonce": "nonce-1", "round": "1"}
        assert (await system.door.get("/result", params=asked)).json()["status"] == "done"
        more: dict[str, Any] = {"round": 2, "nonce": "nonce-2", "brief": "Say more.", "attachments": []}
        assert (await system.deliver(secret=NEW_SECRET, email=" Ann@Example.COM", **more)).publish == 0
        assert system.told.results[-1]["email"] == " Ann@Example.COM"

    async with receiving(system, CHANGED):
        assert (await system.send()).status_code == 401
        ran = await system.deliver(secret=NEW_SECRET, round=3, nonce="nonce-3", brief="Say it all.", attachments=[])
        assert ran.publish == 0
        asked |= {"nonce": "nonce-3", "round": "3"}
        assert (await system.door.get("/result", params=asked)).json()["status"] == "done"
    said = record(system)
    assert said["task"] == task_key(bytes.fromhex(TASK_KEY), EMAIL, TASK)
    assert [entry["round"] for entry in said["rounds"]] == [1, 2, 3]
    assert repositories(system) == {TASK}
    assert len({result["repo_url"] for result in system.told.results}) == 1
    everything = json.dumps(system.dispatched)
    assert not any(secret in everything for secret in (SECRET, NEW_SECRET, TASK_KEY))


async def test_s6_a_former_key_opens_no_repository_of_another_task(system: World) -> None:
    system.github.store.seed(OWNER, TASK, {RECORD: b'{"task": "ffffffffffffffff", "rounds": []}'}, "Somebody's")
    async with receiving(system, CHANGING):
        assert (await system.deliver(secret=NEW_SECRET)).publish == 0
    assert len(system.messages()) == 1
    assert repositories(system) == {TASK, f"{TASK}-{system.dispatched[-1]['key'][:6]}"}


async def test_s19_a_secret_that_leaked_spends_what_a_day_may_cost_and_no_more(system: World) -> None:
    async with AsyncExitStack() as stack:
        listed = 0

        async def send(nonce: str) -> httpx.Response:
            nonlocal listed
            answer = await system.send(nonce=nonce)
            for payload in system.dispatched[listed:]:
                title = f"{payload['title']} · {payload['id']}"
                system.github.runs.create(a_run(repository=PIPELINE, display_title=title))
            listed = len(system.dispatched)
            return answer

        await stack.enter_async_context(receiving(system, replace(KEYED, max_tasks_per_day=3)))
        assert [(await send(nonce)).status_code for nonce in "abc"] == [200] * 3
        burst = await asyncio.gather(*(system.send(nonce=f"burst-{number}") for number in range(40)))
        assert {answer.status_code for answer in burst} == {429}
        assert 0 < int(burst[0].headers["retry-after"]) <= 86_400
        assert (await send("b")).status_code == 200  # whose answer was lost may ask again
        # Another receiver, or the same one after a restart, has GitHub's count.
        await stack.enter_async_context(receiving(system, replace(KEYED, max_tasks_per_day=3)))
        assert (await send("d")).status_code == 429
        assert (await send("a")).status_code == 200
        wanted = {request_id(EMAIL, TASK, 1, nonce) for nonce in "abc"}
        assert {payload["id"] for payload in system.dispatched} == wanted


@pytest.mark.parametrize("ahead_s", [-86_400, -3_600, 3_600, 86_400])
async def test_s20_a_receiver_whose_clock_is_wrong_says_so_and_costs_no_task_its_time(
    ahead_s: float, system: World
) -> None:
    async with receiving(system, KEYED, ahead_s) as github:
        assert (await system.door.get("/health")).status_code == 200  # as it looks before it starts
        assert (await system.send()).status_code == 200
        warnings = (await system.door.get("/health")).json()["warnings"]
    assert github.clock.problem in warnings
    received = system.dispatched[-1]["request"]["received_at"]
    assert abs(time.time() - datetime.fromisoformat(received).timestamp()) < 60


@pytest.mark.parametrize("hours", [-24, 24])
async def test_s20_what_an_event_says_of_the_time_moves_no_deadline_out_of_its_bounds(
    hours: float, system: World
) -> None:
    await system.send()
    payload = system.dispatched[-1]
    payload["request"]["received_at"] = (datetime.now(UTC) + timedelta(hours=hours)).isoformat()
    assert (await system.run(payload)).publish == 0
    settled(system)
