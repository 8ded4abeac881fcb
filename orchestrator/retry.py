"""The retry policy, as data: which failure, how often, how long. Pure; the receiver uses it too."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

NO_ANSWER = 0
"""In place of a status: no connection, or one that broke."""


@dataclass(frozen=True)
class Policy:
    """`waits`: seconds before the second, third, … try. `within`: seconds for everything together."""

    waits: tuple[float, ...]
    within: float

    def wait(self, tries: int, spent: float, asked: float | None = None) -> float | None:
        """Return how long to wait after `tries` failed tries and `spent` seconds, or None to give up.

        `asked`: what the other side asked for; it is obeyed where it fits the time.
        """
        if tries > len(self.waits):
            return None
        wait = self.waits[tries - 1] if asked is None else asked
        return wait if spent + wait < self.within else None


DISPATCH = Policy(waits=(0.3, 1.0), within=5)
"""The receiver's dispatch: an evaluator is waiting, and sends again after a 503."""

GITHUB = Policy(waits=(1, 2, 4, 8), within=90)
"""GitHub calls of the jobs that may be repeated."""

NOTIFY = Policy(waits=(1, 2, 4, 8, 16, 32), within=180)
"""Telling the evaluator: seven tries in little more than a minute, where each is answered at once."""

ASK = Policy(waits=(1, 2, 4, 8, 16), within=120)
"""An evaluator's request, while the endpoint does not answer or asks for a moment."""

LOOK = Policy(waits=(5, 10, 20), within=60)
"""An evaluator's look at a page that is not the commit: a cache may still hold the old one."""


def is_outage(status: int) -> bool:
    """Whether `status` speaks of the moment and not of the request."""
    return status == NO_ANSWER or status >= 500


def limited_for(status: int, headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Return the seconds that GitHub asks to wait where `status` is a rate limit, else None.

    https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api: `retry-after`, else
    `x-ratelimit-reset` where nothing remains, else a minute. `headers`: with lower-case names.
    """
    if status not in (403, 429):
        return None
    if (after := headers.get("retry-after", "")).isdecimal():
        return float(after)
    if headers.get("x-ratelimit-remaining") == "0" and (reset := headers.get("x-ratelimit-reset", "")).isdecimal():
        return max(0.0, float(reset) - (time.time() if now is None else now)) + 1
    return 60.0 if status == 429 else None
