"""Connections on which nothing comes, too little, or nothing is read; over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from orchestrator.core.loopback import bind
from receiver.connections import HEAD_BYTES, Connection

pytestmark = pytest.mark.anyio

App = Callable[[Scope, Receive, Send], Awaitable[None]]
Sides = tuple[asyncio.StreamReader, asyncio.StreamWriter]
MB = 1024 * 1024
GET = b"GET / HTTP/1.1\r\nHost: door\r\n\r\n"


async def hello(_: Scope, __: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("receiver.connections.HEAD_S", 0.05)


@asynccontextmanager
async def serving(app: App = hello) -> AsyncIterator[Callable[[], Awaitable[Sides]]]:
    """Serve `app` as the receiver is served; yields what connects to it."""
    listener = bind()
    config = uvicorn.Config(
        app,
        http=Connection,
        h11_max_incomplete_event_size=HEAD_BYTES,
        lifespan="off",
        log_level="error",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    opened: list[asyncio.StreamWriter] = []

    async def connected() -> Sides:
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.getsockname()[1])
        opened.append(writer)
        return reader, writer

    try:
        async with asyncio.timeout(20):
            yield connected
    finally:
        for writer in opened:
            writer.close()
        server.should_exit = True
        await task


async def answered(sides: Sides) -> bytes:
    """Send a request and return the status of its answer."""
    reader, writer = sides
    writer.write(GET)
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(2)
    return head.split(b" ")[1]


@pytest.mark.parametrize("said", [b"", b"G", GET[:-2]])
async def test_a_connection_without_a_whole_head_is_closed(said: bytes) -> None:
    async with serving() as connected:
        reader, writer = await connected()
        writer.write(said)
        assert await reader.read() == b""


async def test_a_head_that_comes_byte_by_byte_gets_no_more_time() -> None:
    async with serving() as connected:
        reader, writer = await connected()
        writer.write(GET[:-2] + b"x: ")
        with pytest.raises(ConnectionError):  # noqa: PT012 - it goes on until it is cut off
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.005)
        assert reader.at_eof() or reader.exception()


async def test_the_head_of_a_later_request_has_its_time_too() -> None:
    async with serving() as connected:
        reader, writer = sides = await connected()
        assert await answered(sides) == b"200"
        writer.write(GET[:-2])
        assert await reader.read() == b""


async def test_a_head_in_time_is_answered_however_long_that_takes() -> None:
    go_on = asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await go_on.wait()
        await hello(scope, receive, send)

    async with serving(slow) as connected:
        waiting = asyncio.create_task(answered(await connected()))
        reader, writer = await connected()
        writer.write(GET)
        idle, _ = await connected()
        assert await idle.read() == b""  # its time is over, and that of the others would be as well
        go_on.set()
        assert await waiting == b"200"
        assert b" 200 " in await reader.readuntil(b"\r\n")


async def test_a_head_that_is_too_long_is_refused() -> None:
    async with serving() as connected:
        reader, writer = await connected()
        writer.write(GET[:-2] + b"x: " + b"x" * HEAD_BYTES)
        assert b" 400 " in await reader.readuntil(b"\r\n")


async def test_where_there_are_many_the_slowest_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("receiver.connections.HEAD_S", 60)
    monkeypatch.setattr("receiver.connections.MOST", 3)
    async with serving() as connected:
        half = [await connected() for _ in range(3)]
        for _, writer in half:
            writer.write(GET[:-2])
        for number in range(2):
            assert await answered(await connected()) == b"200"
            assert await half[number][0].read() == b""
        half[2][1].write(b"\r\n")
        assert b" 200 " in await half[2][0].readuntil(b"\r\n")


async def test_where_all_have_come_a_new_one_is_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("receiver.connections.MOST", 2)
    go_on, come = asyncio.Event(), asyncio.Semaphore(0)

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        come.release()
        await go_on.wait()
        await hello(scope, receive, send)

    async with serving(slow) as connected:
        waiting = [asyncio.create_task(answered(await connected())) for _ in range(2)]
        for _ in waiting:
            await come.acquire()
        reader, _ = await connected()
        said = await reader.read()
        assert said.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nretry-after: 5\r\n" in said
        assert said.endswith(
            b'{"error": "The receiver is busy with too many requests. Wait a few seconds and send this one again."}'
        )
        go_on.set()
        assert [await one for one in waiting] == [b"200", b"200"]


async def test_an_answer_that_is_not_read_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = asyncio.Event()

    async def long(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _number in range(256):
            await send({"type": "http.response.body", "body": bytes(65_536), "more_body": True})
        await send({"type": "http.response.body", "body": b"end"})
        ended.set()

    async with serving(long) as connected:
        reader, writer = await connected()
        writer.write(GET)
        await ended.wait()
        monkeypatch.setattr("receiver.connections.HEAD_S", 60)
        reader, writer = await connected()
        writer.write(GET)
        last = b""
        while said := await reader.read(MB):
            last = last[-20:] + said
            if last.endswith(b"end\r\n0\r\n\r\n"):
                break
        assert b"end" in last
