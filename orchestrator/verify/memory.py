"""The watchdog: measures how much memory a browser takes, and ends the browser if that is too much."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psutil

LOOK_S = 0.2
DYING_S = 3.0
DYING_LOOK_S = 0.01

Processes = Callable[[], Sequence[psutil.Process]]


@dataclass
class Watch:
    """What the watchdog saw.

    `most`: the most bytes at any time; `has_ended_it`: whether the browser was ended because of it.
    """

    most: int = 0
    has_ended_it: bool = False


def track_processes(argument: str) -> Processes:
    """Return what lists the browser that was started from here with `argument`, and all that it started."""
    me = psutil.Process()
    known: dict[int, psutil.Process] = {}

    def list_alive() -> Sequence[psutil.Process]:
        roots = [process for process in known.values() if _is_alive(process)] or _find_browser_processes(me, argument)
        for root in roots:
            with contextlib.suppress(psutil.Error):
                known.update({process.pid: process for process in [root, *root.children(recursive=True)]})
        return [process for process in known.values() if _is_alive(process)]

    list_alive()
    return list_alive


def _find_browser_processes(me: psutil.Process, argument: str) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    for process in me.children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if argument in process.cmdline():
                found.append(process)
    return found


@asynccontextmanager
async def watch_memory(processes: Processes, most_bytes: int) -> AsyncIterator[Watch]:
    """End `processes` as soon as they take more than `most_bytes` together, while the block runs."""
    watch = Watch()

    async def keep_watching() -> None:
        while not watch.has_ended_it:
            alive = processes()
            watch.most = max(watch.most, sum(map(_own_bytes, alive)))
            if watch.most > most_bytes:
                watch.has_ended_it = True
                await kill_processes(alive)
            await asyncio.sleep(LOOK_S)

    looking = asyncio.create_task(keep_watching())
    try:
        yield watch
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)


def _own_bytes(process: psutil.Process) -> int:
    """Return the resident memory that a process has for itself: what it shares would count once for each."""
    try:
        memory = process.memory_info()
    except psutil.Error:
        return 0
    return int(memory.rss - getattr(memory, "shared", 0))


async def kill_processes(processes: Sequence[psutil.Process]) -> None:
    """Kill `processes`, and wait until they are gone."""
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DYING_S):
            while any(map(_is_alive, processes)):  # noqa: ASYNC110 - nobody tells us of other people's children
                await asyncio.sleep(DYING_LOOK_S)


def _is_alive(process: psutil.Process) -> bool:
    """Whether a process still runs. A zombie does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
