"""How many tasks all senders together may start in a day: MAX_TASKS_PER_DAY.

GitHub counts: the runs of the workflow since midnight, UTC. Kept in memory, and bounded, is only what it cannot know
yet. Several receivers in front of one pipeline learn of each other's tasks with their next look.
"""

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from receiver.answers import RefusedRequest
from receiver.github.client import BlockedError, GitHub, NotTakenError
from receiver.github.memory import Memory

LOOK_S, FAILED_S = 60.0, 5.0
"""How long GitHub's count is good for, and how long a look that failed is not repeated."""

IDS = 10_000
"""Requests that are remembered; the one that was sent longest ago is forgotten first."""

AGAIN = 5
"""How often a request may be sent again without being counted: where no run of it succeeds, each one costs."""

LAG_S = 10.0
"""How long GitHub may take to list a run."""

LISTED = 100
"""Runs that are read, the newest ones, where their number says that the tasks of the day are used up."""

_log = logging.getLogger("pagewright.receiver")


@dataclass
class _Day:
    """What is known of one day.

    - `listed`: how many runs GitHub lists
    - `repeats`: how many of these are for a request that already had a run
    - `since`: what was dispatched here and may not be in `listed` yet, with the time
    - `repeats_since`: how many more requests were sent again since `listed` was read
    - `begun`: how many tasks of this day were dispatched here
    """

    day: date
    looked_at: datetime | None = None
    read_at: datetime | None = None
    listed: int = 0
    repeats: int = 0
    since: dict[str, datetime] = field(default_factory=dict)
    repeats_since: int = 0
    begun: int = 0

    @property
    def tasks(self) -> int:
        return max(self.listed - self.repeats + len(self.since), self.begun)

    def learn(self, now: datetime, listed: int, requests: Collection[str] = ()) -> None:
        self.looked_at, self.listed = now, listed
        self.since = {
            request: moment
            for request, moment in self.since.items()
            if request not in requests and _is_within(LAG_S, moment, now)
        }
        self.repeats, self.repeats_since = self.repeats + self.repeats_since, 0


@dataclass
class Daily:
    """Counts the tasks of a day. `most`: 0 is no limit, and then GitHub is not asked."""

    most: int
    github: GitHub
    _today: _Day = field(default_factory=lambda: _Day(date.min))
    _sent: Memory[int] = field(default_factory=lambda: Memory(IDS))
    _failed: tuple[datetime, NotTakenError] | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @asynccontextmanager
    async def count_request(self, request: str) -> AsyncIterator[None]:
        """Count the request of this id, unless GitHub does not take it in the block.

        Raises RefusedRequest, 429 where the tasks of the day are used up, and NotTakenError where GitHub has not said
        yet how many there were.
        """
        if not self.most:
            yield
            return
        async with self._turn:
            today, is_repeat = await self._admit_request(request)
        try:
            yield
        except (NotTakenError, BlockedError):
            if is_repeat:
                today.repeats_since -= 1
            else:
                today.begun -= 1
                today.since.pop(request, None)
                self._sent.forget(request)
            raise

    async def _admit_request(self, request: str) -> tuple[_Day, bool]:
        """Count the request before GitHub has it: of many at the same moment no more get through than may."""
        now = self.github.clock.now()
        if now.date() != self._today.day:
            self._today = _Day(now.date())
        today = self._today
        await self._refresh_count(now)
        if not self._is_allowed(request):
            await self._refresh_runs(now)
        if not self._is_allowed(request):
            _log.warning("task %s: refused, because the %d tasks of this day are used up", request, self.most)
            raise _used_up_error(self.most, now)
        is_repeat = self._is_repeat(request)
        if is_repeat:
            today.repeats_since += 1
        else:
            today.begun += 1
            # Sent again too often it is one task more, and has a place of its own.
            today.since[f"{request} {today.begun}" if request in today.since else request] = now
        before = self._sent.find_value(request)
        self._sent.keep(request, 0 if before is None else before + 1)
        return today, is_repeat

    def _is_allowed(self, request: str) -> bool:
        return self._is_repeat(request) or self._today.tasks < self.most

    def _is_repeat(self, request: str) -> bool:
        times = self._sent.find_value(request)
        return times is not None and times < AGAIN

    async def _refresh_count(self, now: datetime) -> None:
        """Ask for the number of runs, where the last answer is old."""
        today = self._today
        if _is_within(LOOK_S, today.looked_at, now):
            return
        if self._failed and _is_within(FAILED_S, self._failed[0], now):
            raise self._failed[1]
        try:
            listed, _ = await self.github.fetch_dispatched_runs(today.day, 1)
        except NotTakenError as error:
            if today.looked_at is None:
                self._failed = now, error
                raise
            # What was known before still bounds the day, with what was begun here since.
            today.looked_at = now
        else:
            today.learn(now, listed)

    async def _refresh_runs(self, now: datetime) -> None:
        """Look at the runs themselves: those of one request are one task, and it may be sent again."""
        today = self._today
        if _is_within(LOOK_S, today.read_at, now):
            return
        today.read_at = now
        try:
            listed, requests = await self.github.fetch_dispatched_runs(today.day, LISTED)
        except NotTakenError:
            return
        today.learn(now, listed, requests)
        today.repeats = max(today.repeats, len(requests) - len(set(requests)))
        for request in reversed(requests):
            self._sent.keep(request, self._sent.find_value(request) or 0)


def _is_within(seconds: float, moment: datetime | None, now: datetime) -> bool:
    return moment is not None and abs((now - moment).total_seconds()) < seconds


def _used_up_error(most: int, now: datetime) -> RefusedRequest:
    midnight = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
    said = f"This receiver accepts {most} tasks a day (MAX_TASKS_PER_DAY). Send it again after midnight UTC."
    return RefusedRequest(429, said, {"retry-after": str(math.ceil((midnight - now).total_seconds()))})
