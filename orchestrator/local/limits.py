"""The rate limit headers. Calls are counted as GitHub counts them, and none is refused for it: faults do that."""

import threading
import time
from collections import Counter
from collections.abc import Callable

_HOUR = 3600
_LIMIT = 5000


class RateLimits:
    """Who made how many calls in the present hour. `clock` returns seconds since 1970."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._used: Counter[tuple[str, str, int]] = Counter()
        self._lock = threading.Lock()

    def count_calls(self, login: str, resource: str, calls: int) -> dict[str, int]:
        """Add `calls` and return limit, remaining, used and reset (seconds since 1970).

        All tokens of a login share one budget:
        https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
        """
        hour = int(self._clock()) // _HOUR
        with self._lock:
            self._used[login, resource, hour] += calls
            used = self._used[login, resource, hour]
        return {"limit": _LIMIT, "remaining": max(0, _LIMIT - used), "used": used, "reset": (hour + 1) * _HOUR}
