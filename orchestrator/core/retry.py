"""The retry policy, as data: what is tried again, how many times, after how long, and until when.

The receiver uses it too.

All code that talks to GitHub, to the evaluator or to an attachment's host uses it. A write is tried again only if that
is safe: a rate limit kept it from taking effect, a second write would find the first one, or its effect was looked for.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

NO_ANSWER = 0
"""Stands for a status if there was no connection, or it broke."""

GONE = 410


class Kind(Enum):
    """What kind of failure it is."""

    OUTAGE = "no answer, or 5xx: temporary"
    LIMITED = "a rate limit: nothing took effect"
    STALE = "a page that is not up to date yet"
    REFUSED = "the request is refused: repeating it fails again"
    GONE = "410: the other side has gone for good"


@dataclass(frozen=True)
class Failure:
    """One try that failed. `asked`: the seconds that the other side asks to wait, None if it says nothing."""

    kind: Kind
    asked: float | None = None


STALE = Failure(Kind.STALE)


@dataclass(frozen=True)
class Rule:
    """`waits`: seconds before the second, third, … try. `within`: seconds for all tries; the deadline holds besides."""

    waits: tuple[float, ...]
    within: float = math.inf


FINAL = Rule(())

Policy = Mapping[Kind, Rule]
"""What is tried again. A kind of failure that is not there is final."""

_MINUTES = (60.0, 120.0, 240.0)
"""Where GitHub says nothing: "at least one minute", and longer each time.

https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#handle-rate-limit-errors-appropriately
"""

DISPATCH: Policy = {Kind.OUTAGE: Rule((0.3, 1.0), within=5)}
"""The receiver's dispatch: an evaluator is waiting, and sends again after a 503. A second run finds the first one's
commit."""

READ: Policy = {Kind.OUTAGE: Rule((1, 2, 4, 8), within=90), Kind.LIMITED: Rule(_MINUTES)}
"""Calls of the jobs to GitHub, or to another host of sites, that change nothing, or the same thing each time."""

WATCH: Policy = {Kind.OUTAGE: Rule((1, 2, 4, 8), within=90), Kind.LIMITED: Rule(_MINUTES, within=300)}
"""A person's look at a run: a rate limit that is over in a few minutes is waited for."""

WRITE: Policy = {Kind.LIMITED: Rule(_MINUTES)}
"""Calls that change something. They are repeated only after a rate limit.

After any other failure, look first whether they took effect.
"""

LOOKED: Policy = {Kind.OUTAGE: Rule((1, 2, 4, 8))}
"""A write whose answer was lost, after a look whether it took effect."""

ENABLE: Policy = dict.fromkeys((Kind.STALE, Kind.OUTAGE), Rule((1, 2, 4, 8)))
"""Switching Pages on: for a branch that GitHub does not see yet, and after a look whether Pages is on already."""

NOTIFY: Policy = dict.fromkeys((Kind.OUTAGE, Kind.LIMITED, Kind.REFUSED), Rule((1, 2, 4, 8, 16, 32), within=180))
"""Telling the evaluator: seven tries, in little more than a minute if each is answered at once."""

FETCH: Policy = dict.fromkeys((Kind.OUTAGE, Kind.LIMITED), Rule((1, 2, 4), within=30))
"""An attachment on another host."""

ASK: Policy = dict.fromkeys((Kind.OUTAGE, Kind.LIMITED), Rule((1, 2, 4, 8, 16), within=120))
"""An evaluator's request, while the endpoint does not answer or asks for a moment."""

LOOK: Policy = {Kind.STALE: Rule((5, 10, 20), within=60)}
"""An evaluator's look at a page that is not the commit: a cache may still hold the old one."""


@dataclass
class Tries:
    """The tries of one call. `now`: seconds of any clock, counted from when this is made."""

    policy: Policy
    now: Callable[[], float]
    failed: Counter[Rule] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._started = self.now()

    def next_delay(self, failure: Failure) -> float | None:
        """Note a try that failed; return the seconds before the next one, None to give up.

        Kinds that have one rule are counted together. If the other side asks for a delay, it is used if there is time
        for it.
        """
        rule = self.policy.get(failure.kind, FINAL)
        self.failed[rule] += 1
        count = self.failed[rule]
        if count > len(rule.waits):
            return None
        wait = rule.waits[count - 1] if failure.asked is None else failure.asked
        return wait if self.now() - self._started + wait < rule.within else None


def classify_failure(status: int, headers: Mapping[str, str], said: str = "", now: float | None = None) -> Failure:
    """Return what an answer that is no success means. `headers`: with lower-case names; `said`: the error's text.

    https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api: a rate limit is 403 or 429, and says
    when it is over by `retry-after`, else by `x-ratelimit-reset` where nothing remains, else by nothing at all.
    """
    if status == NO_ANSWER or status >= 500:
        return Failure(Kind.OUTAGE)
    if status in (403, 429):
        if (after := headers.get("retry-after", "")).isdecimal():
            return Failure(Kind.LIMITED, float(after))
        # Netlify says when a limit ends, and not always how much is left: https://docs.netlify.com/api/get-started/
        is_spent = headers.get("x-ratelimit-remaining", "0" if status == 429 else "") == "0"
        if is_spent and (reset := headers.get("x-ratelimit-reset", "")).isdecimal():
            return Failure(Kind.LIMITED, max(0.0, float(reset) - (time.time() if now is None else now)) + 1)
        if status == 429 or "rate limit" in said.lower():
            return Failure(Kind.LIMITED)
    return Failure(Kind.GONE if status == GONE else Kind.REFUSED)
