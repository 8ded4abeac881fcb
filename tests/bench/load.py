"""Requests over connections that are kept open: many at once to see how many a second, one to see how long each."""

import asyncio
import re
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.bench.processes import Failed

LOOK_S = 0.005
START_S = 10.0
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")

Connection = tuple[StreamReader, StreamWriter]


def post(path: str, body: bytes) -> bytes:
    """Return a request, ready to be sent."""
    head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Connection]:
    """Connect to the port, as soon as someone listens there. Raises TimeoutError when nobody comes to."""
    reader, writer = await _opened(port)
    try:
        yield reader, writer
    finally:
        writer.close()
        await writer.wait_closed()


async def _opened(port: int) -> Connection:
    async with asyncio.timeout(START_S):
        while True:
            try:
                return await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(LOOK_S)


async def ask(connection: Connection, request: bytes) -> None:
    """Send the request and take the answer. Raises Failed for anything but a 200 or a 204."""
    if (answered := await status(connection, request)) not in (200, 204):
        raise Failed(f"answered {answered}")


async def status(connection: Connection, request: bytes) -> int:
    """Send the request and take the answer; return its status."""
    reader, writer = connection
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    if length := _LENGTH.search(head):
        await reader.readexactly(int(length[1]))
    return int(head[9:12])


async def rate(port: int, request: bytes, connections: int, seconds: float) -> float:
    """Return the requests answered in a second, where each connection sends the next one after each answer."""
    until = time.perf_counter() + seconds

    async def keep_asking() -> int:
        answered = 0
        async with connected(port) as connection:
            while time.perf_counter() < until:
                await ask(connection, request)
                answered += 1
        return answered

    started = time.perf_counter()
    answered = await asyncio.gather(*(keep_asking() for _ in range(connections)))
    return sum(answered) / (time.perf_counter() - started)


async def times(connection: Connection, request: bytes, count: int) -> list[float]:
    """Return the seconds that each of `count` requests took, one after the other."""
    taken = []
    for _ in range(count):
        started = time.perf_counter()
        await ask(connection, request)
        taken.append(time.perf_counter() - started)
    return taken
