"""The smallest HTTP server there is, on a real socket: one request for each connection, answered byte by byte."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Asked:
    """One request as it came. `headers`: with lower-case names."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Handler = Callable[[Asked, asyncio.StreamWriter], Awaitable[None]]


def response(status: int, body: bytes = b"", **headers: str) -> bytes:
    """Return a whole answer; `content_type` becomes `content-type`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}" for name, value in {"content-length": str(len(body)), **named}.items()]
    return "\r\n".join([f"HTTP/1.1 {status} -", "connection: close", *lines, "", ""]).encode() + body


@asynccontextmanager
async def answering(handler: Handler) -> AsyncIterator[str]:
    """Serve on a free loopback port; yields the URL, without a slash at the end."""
    open_connections: set[asyncio.Task[None]] = set()
    writers: list[asyncio.StreamWriter] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        open_connections.add(task)
        writers.append(writer)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await handler(await _read(reader), writer)
                await writer.drain()
        except asyncio.CancelledError:
            pass  # the double is over; asyncio would report it as an error
        finally:
            writer.close()
            open_connections.discard(task)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await _turns()  # who was let in a moment ago begins now, and can be sent away
        waiting = list(open_connections)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        for writer in writers:
            writer.transport.abort()  # what is not sent yet is never sent
        await _turns()


async def _turns() -> None:
    """Let the loop accept, begin and close what it is about to: each takes a turn or two."""
    for _ in range(5):
        await asyncio.sleep(0)


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Asked(method, target, headers, body)


@dataclass
class Tripwire:
    """A port that nobody may touch."""

    port: int = 0
    connections: list[object] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"


@asynccontextmanager
async def tripwire() -> AsyncIterator[Tripwire]:
    """Listen on every address of this machine, IPv6 too where there is one, and count who connects."""
    wire = Tripwire()

    async def touched(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire.connections.append(writer.get_extra_info("peername"))
        writer.close()

    server = await asyncio.start_server(touched, ("127.0.0.1", "::1"), 0)
    async with server:
        wire.port = server.sockets[0].getsockname()[1]
        yield wire
