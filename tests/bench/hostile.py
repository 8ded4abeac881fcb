"""Bodies from strangers that are meant to harm: what they take of the receiver's memory, and of its event loop."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx

from orchestrator.core.loopback import bind, serving
from receiver.app import create_app
from receiver.github.client import GitHub
from receiver.settings import Settings
from tests.bench.door import HERE, PROGRAMS, SECRET, env, request
from tests.bench.figures import Figure
from tests.bench.load import ask, connected, post
from tests.bench.processes import Program, free_port, megabytes, peak_megabytes, running

SIZE = 25_000_000
AT_ONCE = 16
QUIET_S = 1.0


def _filled(head: str, unit: str, tail: str) -> bytes:
    return (head + unit * ((SIZE - len(head) - len(tail)) // len(unit)) + tail).encode()


BODIES: dict[str, Callable[[], bytes]] = {
    "nested lists": lambda: _filled('{"a":[', "[],", "[]]}"),
    "keys": lambda: _filled("{", '"secret":"guess",', '"email":"e"}'),
    "deep objects": lambda: _filled("", '{"a":', ""),
    "escapes": lambda: _filled('{"secret":"guess","a":"', "\\n", '"}'),
    "a secret of escapes": lambda: _filled('{"secret":"', "\\u00e9", '"}'),
    "spaces": lambda: _filled('{"secret":"guess"', " ", "}"),
    "one string": lambda: _filled('{"brief":"', "x", '","secret":"guess"}'),
}
"""None has the right secret."""


async def measure(folder: Path) -> list[Figure]:
    """Send each body alone, and sixteen of them at once; measure memory, the loop, and a usual POST beside them."""
    sink, port = free_port(), free_port()
    async with (
        running(Program((str(HERE / "sink.py"), str(sink)), folder)),
        running(Program(PROGRAMS["ours"], folder, env(port, sink))) as receiver,
    ):
        await _asked(port)
        before = megabytes(receiver)
        alone = 0.0
        for body in BODIES.values():
            await asyncio.to_thread(_sent, port, body())
            alone = max(alone, peak_megabytes(receiver) - before - SIZE / 1e6)
        sent = [body() for body in list(BODIES.values()) * 3][:AT_ONCE]
        usual = [await _asked(port) for _ in range(20)]
        hostile = asyncio.gather(*(asyncio.to_thread(_sent, port, body) for body in sent))
        beside = [await _asked(port) for _ in range(20)]
        await hostile
        peak = peak_megabytes(receiver) - before
        await asyncio.sleep(QUIET_S)
        kept = megabytes(receiver) - before
    held = await _loop_held()
    return [
        Figure(name="memory for a hostile body, above its size", unit="MB", ours=[alone], limit=30),
        Figure(name=f"memory under {AT_ONCE} hostile bodies of 25 MB", unit="MB", ours=[peak], limit=4 * 25 + 30),
        Figure(name="memory kept after them", unit="MB", ours=[kept], limit=30),
        Figure(name="loop held by a hostile body", unit="ms", ours=[held * 1000], limit=50),
        Figure(
            name="usual POST beside them",
            unit="ms",
            ours=[seconds * 1000 for seconds in beside],
            baseline=[seconds * 1000 for seconds in usual],
            limit=250,
        ),
    ]


async def _asked(port: int) -> float:
    started = time.perf_counter()
    async with connected(port) as connection:
        await ask(connection, request("/api-endpoint"))
    return time.perf_counter() - started


def _sent(port: int, body: bytes) -> None:
    """Send a body, and wait for the answer."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        with suppress(ConnectionError):
            connection.sendall(post("/api-endpoint", body))
        connection.recv(1024)


async def _loop_held() -> float:
    """Return the most seconds of its thread's time that the loop works without a turn for others."""
    settings = Settings(SECRET, "token", "bench/pipeline", "bench")
    github = GitHub(settings, httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(204))))
    async with serving(create_app(settings, github), bind()) as url, _turns() as turns:
        for body in BODIES.values():
            made = await asyncio.to_thread(body)
            await asyncio.to_thread(_sent, int(url.rpartition(":")[2]), made)
    return max(turns)


@asynccontextmanager
async def _turns() -> AsyncIterator[list[float]]:
    """Note how much time of the thread passes between the turns of a task that always wants one."""
    turns: list[float] = []

    async def ever() -> None:
        before = time.thread_time()
        while True:
            await asyncio.sleep(0)
            turns.append((now := time.thread_time()) - before)
            before = now

    task = asyncio.create_task(ever())
    try:
        yield turns
    finally:
        task.cancel()
