"""How often an address may be wrong: in memory and bounded, so a restart forgets it, and nothing is lost by that."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

MOST = 10
WITHIN_S = 60.0
ADDRESSES = 10_000
"""That are remembered; the one that was heard of longest ago is forgotten first."""


@dataclass
class Throttle:
    """Wrong secrets by address. Who has the right one is never held up: behind one proxy may sit an attacker too."""

    clock: Callable[[], float] = time.monotonic
    _wrong: OrderedDict[str, deque[float]] = field(default_factory=OrderedDict)

    def record_failure(self, address: str) -> float | None:
        """Note a wrong secret; return the seconds to wait where there were too many within a minute, else None."""
        now = self.clock()
        times = self._wrong.setdefault(address, deque(maxlen=MOST))
        self._wrong.move_to_end(address)
        if len(self._wrong) > ADDRESSES:
            self._wrong.popitem(last=False)
        if len(times) == MOST and now - times[0] < WITHIN_S:
            return WITHIN_S - (now - times[0])
        times.append(now)
        return None
