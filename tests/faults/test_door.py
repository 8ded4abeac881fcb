"""21: the receiver under a burst, and told to stop with requests in flight. Every 200 was dispatched."""

import asyncio
import os
import signal
import sys
from collections import Counter
from pathlib import Path

import httpx
import pytest

from orchestrator.core.loopback import bind
from tests.faults.world import DISPATCH_TOKEN, PIPELINE, SECRET, World, world

pytestmark = pytest.mark.anyio

MANY = 200


async def answers(system: World, door: httpx.AsyncClient) -> list[httpx.Response | None]:
    """Send many requests at once, each of another task; None for one that got no answer."""

    async def one(number: int) -> httpx.Response | None:
        try:
            return await door.post("/api-endpoint", json=system.request(task=f"task-{number}"))
        except httpx.HTTPError:
            return None

    return list(await asyncio.gather(*map(one, range(MANY))))


async def test_21_a_burst_beyond_what_github_takes_is_answered_honestly(tmp_path: Path) -> None:
    async with world(tmp_path) as system:
        limit = {"status": 403, "headers": {"retry-after": "60"}, "after": 20, "times": 10_000}
        system.fail({"path": "/dispatches", **limit})
        said = await answers(system, system.door)
        counted = Counter(answer.status_code if answer else None for answer in said)
        assert counted == {200: 20, 503: MANY - 20}
        assert len({payload["id"] for payload in system.dispatched}) == 20
        assert all(int(answer.headers["retry-after"]) > 0 for answer in said if answer and answer.status_code == 503)


async def test_21_a_receiver_that_is_told_to_stop_has_dispatched_all_that_it_accepted(tmp_path: Path) -> None:
    async with world(tmp_path) as system:
        system.fail({"path": "/dispatches", "delay": 0.5, "times": 10_000})
        listener = bind()
        port = listener.getsockname()[1]
        listener.close()
        settings = {
            "SHARED_SECRET": SECRET,
            "DISPATCH_TOKEN": DISPATCH_TOKEN,
            "PIPELINE_REPOSITORY": PIPELINE,
            "GITHUB_API_URL": system.github.api_url,
            "CHECK_ON_STARTUP": "false",
            "PORT": str(port),
        }
        kept = {name: value for name, value in os.environ.items() if name == "PATH" or "COV" in name}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "orchestrator", "serve"),
            env={**kept, **settings},
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stderr
        while b"running on" not in await process.stderr.readline():
            pass
        limits = httpx.Limits(max_connections=MANY)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", limits=limits, timeout=30) as door:
            sending = asyncio.create_task(answers(system, door))
            while not system.dispatched:  # noqa: ASYNC110 - the first of many, whichever it is
                await asyncio.sleep(0.01)
            process.send_signal(signal.SIGTERM)
            said = await sending
        assert await process.wait() == -signal.SIGTERM  # uvicorn raises it once more when it has ended
        answered = {number: answer.status_code for number, answer in enumerate(said) if answer}
        dispatched = {int(payload["request"]["task"].removeprefix("task-")) for payload in system.dispatched}
        accepted = {number for number, status in answered.items() if status == 200}
        assert accepted
        assert accepted <= dispatched
        # Who was told 503 sends again: of such a request nothing is under way.
        assert not dispatched & {number for number, status in answered.items() if status == 503}
