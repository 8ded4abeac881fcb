"""The one clock: how long a task may still take, and how much of that is kept for publishing."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from orchestrator.core.errors import OutOfTime

LATE_START_S = 120.0
"""Seconds that a first run gets at least, however late it starts."""

JOB_S = 900.0
"""Seconds after which GitHub ends a job: `timeout-minutes` of the workflow."""

JOB_ENDS_S = 200.0
"""Seconds of that which are kept for telling the evaluator: three minutes of tries, and 20 s for the last one."""

PUBLISHING_SHARE = 0.3
"""The part of the limit that is kept for the commit, GitHub Pages and the evaluator."""


@dataclass(frozen=True)
class Clock:
    """Tells the time, and waits; tests pass a clock of their own."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


@dataclass(frozen=True)
class Deadline:
    """The moment (Unix seconds) at which all steps must be done."""

    at: float
    clock: Clock

    @property
    def remaining(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self.at - self.clock.now())

    def earlier_by(self, seconds: float) -> "Deadline":
        """Return a deadline that leaves `seconds` for what comes after."""
        return Deadline(self.at - seconds, self.clock)

    def share(self, parts: int) -> "Deadline":
        """Divide the time that is left into `parts` equal parts, and return when the first one ends."""
        return Deadline(min(self.at, self.clock.now() + self.remaining / parts), self.clock)

    def ensure_time_left(self, doing: str) -> None:
        """Raise OutOfTime if no time is left for `doing`."""
        if self.remaining <= 0:
            raise OutOfTime(
                f"The task ran out of time while {doing}.", "Re-run the failed job: it gets a new time limit."
            )


def deadline_for(
    received_at: datetime | None, limit: float, *, fresh: bool, clock: Clock, job_began: float | None = None
) -> Deadline:
    """Return the deadline of a task that was received at `received_at` and may take `limit` seconds.

    It is never later than `limit` from now, even if `received_at` is wrong, and never later than GitHub ends the job,
    minus the time that the notification needs. `fresh`: this is a re-run, or a run by hand, so the time begins now.
    `job_began`: Unix seconds, None if nobody noted it.
    """
    now = clock.now()
    at = now + limit
    if received_at is not None and not fresh:
        aware = received_at if received_at.tzinfo else received_at.replace(tzinfo=UTC)
        at = min(at, max(aware.timestamp() + limit, now + LATE_START_S))
    began = now if job_began is None else min(job_began, now)
    return Deadline(min(at, began + JOB_S - JOB_ENDS_S), clock)
