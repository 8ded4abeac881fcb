"""The receiver for two minutes under twice the load that it can sustain: what it answers, and what it keeps."""

import asyncio
import time
from collections import Counter
from pathlib import Path

from tests.bench.door import CONNECTIONS, HERE, PROGRAMS, env, request
from tests.bench.figures import Figure
from tests.bench.load import ask, connected, rate, status
from tests.bench.processes import Failed, Program, free_port, megabytes, running

SOAK_S = 120.0
SUSTAINED_S = 5.0
QUIET_S = 3.0
SENDERS = 600
"""Connections at most: who finds none free has to wait, as in front of a full socket."""

TICK_S = 0.02


async def measure(folder: Path) -> list[Figure]:
    """Find the rate that the receiver sustains, send twice as much for two minutes, compare its memory."""
    sink, port = free_port(), free_port()
    wanted = request("/api-endpoint")
    async with running(Program((str(HERE / "sink.py"), str(sink)), folder)):
        await _answers(sink)
        async with running(Program(PROGRAMS["ours"], folder, env(port, sink))) as receiver:
            await _answers(port)
            sustained = await rate(port, wanted, CONNECTIONS, SUSTAINED_S)
            await _overloaded(port, wanted, 2 * sustained, SUSTAINED_S)
            await asyncio.sleep(QUIET_S)
            before = megabytes(receiver)
            held, answered = await _overloaded(port, wanted, 2 * sustained, SOAK_S)
            await asyncio.sleep(QUIET_S)
            after = megabytes(receiver)
    others = answered.total() - answered[200] - answered[503]
    return [
        Figure(
            name=f"receiver under twice its load for {SOAK_S:.0f} s, answered",
            unit="/s",
            ours=[held],
            baseline=[sustained],
            limit=0.5,
            by_ratio=True,
            at_least=True,
        ),
        Figure(name="answers that are neither 200 nor 503", unit="", ours=[others], limit=0),
        Figure(name="its memory after it", unit="MB", ours=[after], baseline=[before], limit=1.1, by_ratio=True),
    ]


async def _answers(port: int) -> None:
    async with connected(port) as connection:
        await ask(connection, request("/api-endpoint"))


async def _overloaded(port: int, wanted: bytes, offered: float, seconds: float) -> tuple[float, Counter[int]]:
    """Offer so many requests a second; return the answers, a second and by status."""
    due, answered, until = asyncio.Semaphore(0), Counter[int](), time.perf_counter() + seconds

    async def send() -> None:
        async with connected(port) as connection:
            while True:
                await due.acquire()
                answered[await status(connection, wanted)] += 1

    senders = [asyncio.create_task(send()) for _ in range(SENDERS)]
    started, released = time.perf_counter(), 0
    while time.perf_counter() < until:
        await asyncio.sleep(TICK_S)
        wanted_by_now = int((time.perf_counter() - started) * offered)
        for _ in range(wanted_by_now - released):
            due.release()
        released = wanted_by_now
        if failed := [sender for sender in senders if sender.done()]:
            raise Failed(repr(failed[0].exception()))
    for sender in senders:
        sender.cancel()
    await asyncio.gather(*senders, return_exceptions=True)
    return answered.total() / seconds, answered
