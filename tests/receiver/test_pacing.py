"""Requests that need no secret come in a few at a time."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from receiver.pacing import A_TURN, INSIDE, WAITING, Paced

pytestmark = pytest.mark.anyio


class Room:
    """An app that counts who is in, who has been in, and lets out when it is told to."""

    def __init__(self) -> None:
        self.inside: list[str] = []
        self.entered: list[str] = []
        self.most = 0
        self.sent: list[MutableMapping[str, Any]] = []
        self.open = asyncio.Event()
        self.paced = Paced(self._app)

    async def _app(self, scope: Scope, _: Receive, __: Send) -> None:
        name = f"{scope['method']} {scope['path']}" if scope["type"] == "http" else scope["type"]
        self.inside.append(name)
        self.entered.append(name)
        self.most = max(self.most, len(self.inside))
        await self.open.wait()
        self.inside.remove(name)

    def come(self, path: str, count: int = 1, method: str = "GET") -> list[asyncio.Task[None]]:
        async def receive() -> dict[str, str]:
            return {}

        async def send(message: MutableMapping[str, Any]) -> None:
            self.sent.append(message)

        scope = {"type": "http", "method": method, "path": path}
        return [asyncio.create_task(self.paced(scope, receive, send)) for _ in range(count)]


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_task_is_let_in_at_once_behind_thousands_of_others() -> None:
    room = Room()
    room.open.set()
    looks = room.come("/result", 3000)
    (task,) = room.come("/api-endpoint", method="POST")
    await turns(2)
    assert task.done()
    assert len(room.entered) <= 1 + 2 * A_TURN
    await asyncio.gather(*looks)
    answered = room.entered.count("GET /result")
    assert answered >= WAITING
    starts = [message for message in room.sent if message["type"] == "http.response.start"]
    assert [message["status"] for message in starts] == [429] * (3000 - answered)
    assert (b"retry-after", b"1") in starts[0]["headers"]


async def test_no_more_of_a_path_are_inside_than_may_go_on_at_once() -> None:
    room = Room()
    looks = room.come("/result", 200)
    await turns(100)
    assert room.inside == ["GET /result"] * INSIDE
    room.open.set()
    await asyncio.gather(*looks)
    assert len(room.entered) == 200
    assert room.most == INSIDE


@pytest.mark.parametrize("path", ["/health", "/health/", "/", "/openapi.json"])
async def test_another_path_is_not_behind_those_that_wait(path: str) -> None:
    room = Room()
    looks = room.come("/result", WAITING)
    await turns(100)
    room.come(path)
    await turns(4)
    assert room.inside.count(f"GET {path}") == 1
    room.open.set()
    await asyncio.gather(*looks)


async def test_one_that_gives_up_takes_nobodys_place() -> None:
    room = Room()
    looks = room.come("/result", 3 * INSIDE)
    await turns(50)
    for look in looks[INSIDE : 2 * INSIDE]:
        look.cancel()
    await turns(2)
    for look in looks[:INSIDE]:
        look.cancel()
    await turns(50)
    assert len(room.entered) == 2 * INSIDE
    room.open.set()
    await asyncio.gather(*looks[2 * INSIDE :])
    (last,) = room.come("/result")
    await last
    assert len(room.entered) == 2 * INSIDE + 1


@pytest.mark.parametrize("after", range(8))
async def test_whenever_somebody_gives_up_the_places_are_as_many_as_before(after: int) -> None:
    room = Room()
    looks = room.come("/result", 3 * A_TURN)
    await turns(after)
    for look in looks:
        look.cancel()
    await asyncio.gather(*looks, return_exceptions=True)
    room.inside.clear()  # they left by the window
    later = room.come("/result", INSIDE + 5)
    await turns(100)
    assert len(room.inside) == INSIDE
    room.open.set()
    await asyncio.gather(*later)


async def test_what_is_no_request_passes() -> None:
    room = Room()
    room.open.set()

    async def nothing(*_: object) -> dict[str, str]:
        return {}

    await room.paced({"type": "lifespan"}, nothing, nothing)  # type: ignore[arg-type]
    assert room.entered == ["lifespan"]
