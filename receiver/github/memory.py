"""What was found lately, and what is being looked for: bounded, and forgotten with the process, which harms nobody."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class MemoryEntry(Generic[T]):
    """What was found. `at`: when, in seconds of the memory's clock."""

    at: float
    value: T


class Memory(Generic[T]):
    """Keeps `most` values by their keys; what was not asked for longest goes first."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._kept: OrderedDict[str, MemoryEntry[T]] = OrderedDict()

    def keep(self, key: str, value: T) -> None:
        """Keep a value, as found now."""
        self._kept[key] = MemoryEntry(self._clock(), value)
        self._kept.move_to_end(key)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def forget(self, key: str) -> None:
        """Keep nothing under `key`."""
        self._kept.pop(key, None)

    def find_value(self, key: str) -> T | None:
        """Return the value of any age, None if nothing is kept."""
        if (kept := self._kept.get(key)) is None:
            return None
        self._kept.move_to_end(key)
        return kept.value

    def find_fresh(self, key: str, age_s: float) -> T | None:
        """Return the value that was found less than `age_s` seconds ago, None if nothing is kept."""
        kept = self._kept.get(key)
        return self.find_value(key) if kept is not None and self._clock() - kept.at < age_s else None


class UnderWay(Generic[T]):
    """What is being found out, by its key: who asks for the same meanwhile gets the same answer."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[T]] = {}

    async def join(self, key: str, begin: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Wait for what is under way for `key`, or begin it. Raises what `begin`, or what it began, raises."""
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = asyncio.create_task(begin())
            task.add_done_callback(lambda ended: self._forget_task(key, ended))
        # One that waits may leave, the others still want to know.
        return await asyncio.shield(task)

    async def aclose(self) -> None:
        """End what is under way."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _forget_task(self, key: str, task: asyncio.Task[T]) -> None:
        del self._tasks[key]
        if not task.cancelled():
            task.exception()  # looked at, or asyncio would log it where everybody has left
