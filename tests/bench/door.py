"""The receiver beside a bare one, both in front of the same sink."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench.figures import Figure
from tests.bench.load import ask, connected, post, rate, times
from tests.bench.processes import Program, free_port, peak_megabytes, running

PAIRS = 5
CONNECTIONS = 32
WARM_UP_S = 0.5
LOADED_S = 2.0
ALONE = 300
"""Requests at one connection, of the receiver and of the sink in turns of ten."""

SECRET = "secret-of-the-bench"
HERE = Path(__file__).parent
PROGRAMS = {"ours": ("-m", "orchestrator", "serve"), "bare": (str(HERE / "bare.py"),)}


@dataclass(frozen=True)
class Trial:
    """What one process showed, from its start to its end. Seconds, requests a second, seconds, MB."""

    start: float
    rate: float
    added: float
    memory: float


async def measure(folder: Path) -> list[Figure]:
    """Measure the receiver beside the bare one."""
    trials = await _trials(folder)
    ours, bare = trials["ours"], trials["bare"]
    return [
        Figure(
            name=f"receiver at {CONNECTIONS} connections",
            unit="/s",
            ours=[trial.rate for trial in ours],
            baseline=[trial.rate for trial in bare],
            limit=0.9,
            by_ratio=True,
            at_least=True,
        ),
        Figure(
            name="receiver's added time, p50",
            unit="ms",
            ours=[trial.added * 1000 for trial in ours],
            baseline=[trial.added * 1000 for trial in bare],
            limit=2,
        ),
        Figure(
            name="receiver's peak memory",
            unit="MB",
            ours=[trial.memory for trial in ours],
            baseline=[trial.memory for trial in bare],
            limit=70,
        ),
        Figure(
            name="receiver, start to 200",
            unit="s",
            ours=[trial.start for trial in ours],
            baseline=[trial.start for trial in bare],
            limit=0.5,
        ),
    ]


async def _trials(folder: Path) -> dict[str, list[Trial]]:
    """Try both in turns, each time with a fresh process, all in front of one sink."""
    port = free_port()
    trials: dict[str, list[Trial]] = {name: [] for name in PROGRAMS}
    async with running(Program((str(HERE / "sink.py"), str(port)), folder)):
        async with connected(port) as sink:
            await ask(sink, request("/"))
        for number in range(PAIRS):
            # Whoever comes second may find the machine warmer: each comes first in turn.
            for name in list(PROGRAMS)[:: 1 if number % 2 else -1]:
                own = folder / f"{name}-{number}"
                own.mkdir()
                trials[name].append(await _tried(PROGRAMS[name], own, port))
    return trials


async def _tried(arguments: Sequence[str], folder: Path, sink: int) -> Trial:
    port = free_port()
    wanted = request("/api-endpoint")
    started = time.perf_counter()
    async with running(Program(arguments, folder, env(port, sink))) as process:
        async with connected(port) as connection:
            await ask(connection, wanted)
            start = time.perf_counter() - started
        await rate(port, wanted, CONNECTIONS, WARM_UP_S)
        answered = await rate(port, wanted, CONNECTIONS, LOADED_S)
        return Trial(start, answered, await _added(port, sink), peak_megabytes(process))


async def _added(port: int, sink: int) -> float:
    """Return the median with the receiver in between, less the median of the sink alone."""
    through, alone = list[float](), list[float]()
    async with connected(port) as receiver, connected(sink) as direct:
        for _ in range(ALONE // 10):
            through += await times(receiver, request("/api-endpoint"), 10)
            alone += await times(direct, request("/repos/bench/pipeline/dispatches"), 10)
    return median(through) - median(alone)


def env(port: int, sink: int) -> Mapping[str, str]:
    return {
        "SHARED_SECRET": SECRET,
        "PIPELINE_REPOSITORY": "bench/pipeline",
        "DISPATCH_TOKEN": "token-of-the-bench",
        "GITHUB_API_URL": f"http://127.0.0.1:{sink}",
        "HOST": "127.0.0.1",
        "PORT": str(port),
    }


def request(path: str, **more: object) -> bytes:
    """Return a task whose body is 1,024 bytes, with `more` fields."""
    task = {
        "email": "visitor@example.com",
        "secret": SECRET,
        "task": "cafe-sales-1f2e3d",
        "round": 1,
        "nonce": "1f2e3d-1",
        "brief": "",
        "checks": [
            {"js": "document.querySelectorAll('h1').length === 1"},
            {"js": "document.querySelectorAll('table tbody tr').length >= 24"},
            "README.md explains how to use the page",
        ],
        "evaluation_url": "https://evaluator.example.com/notify",
        **more,
    }
    left = 1024 - len(json.dumps(task))
    brief = ("Show last week's sales of our café as a table that can be sorted by every column. " * 12).encode()
    return post(path, json.dumps(task | {"brief": brief.decode("ascii", "ignore")[:left]}).encode())
