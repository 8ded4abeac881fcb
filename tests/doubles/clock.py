"""Time that passes only when somebody sleeps."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime

from orchestrator.core.deadline import Clock, Deadline


class Broken(Exception):
    """What no code of ours expects."""


NOON = datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()


@dataclass
class FastClock:
    """A clock whose sleep takes no time and moves it on. `slept`: every pause that was asked for, in seconds."""

    moment: float = NOON
    slept: list[float] = field(default_factory=list)

    def clock(self) -> Clock:
        return Clock(lambda: self.moment, self._sleep)

    def broken_once(self) -> Clock:
        """Return a clock that breaks when it is first looked at: a defect, at a place that has none."""
        looks = iter([True])

        def now() -> float:
            if next(looks, False):
                raise Broken
            return self.moment

        return Clock(now, self._sleep)

    def deadline(self, seconds: float = 600) -> Deadline:
        return Deadline(self.moment + seconds, self.clock())

    def utc(self) -> datetime:
        """The time as the local GitHub asks for it."""
        return datetime.fromtimestamp(self.moment, UTC)

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.moment += seconds
        await asyncio.sleep(0)
