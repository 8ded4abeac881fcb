"""How many calls to GitHub may be made for requests that need no secret: one budget for all of them together.

The token may make 5,000 calls an hour, and every dispatch is one of them:
https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#primary-rate-limit-for-authenticated-users
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

CALLS, PER_MINUTE = 20.0, 8.0
"""How many calls may be made at once, and how many come back each minute: at most 20 + 480 calls an hour, a tenth of
5,000.
"""


class SpentError(Exception):
    """No call is left for this look. `retry_after`: seconds until there is one, if nobody else takes it."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("The calls for this minute are used up.")
        self.retry_after = retry_after


class CallBudget:
    """Calls that are left, and that come back with time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left = CALLS
        self._at = clock()

    def take(self, calls: float = 1, keep: float = 0) -> None:
        """Take so many calls; raise SpentError unless `keep` are left after them."""
        now = self._clock()
        self._left = min(CALLS, self._left + (now - self._at) * PER_MINUTE / 60)
        self._at = now
        if (lacking := keep + calls - self._left) > 0:
            raise SpentError(lacking * 60 / PER_MINUTE)
        self._left -= calls

    def correct(self, calls: float) -> None:
        """Give calls back (a 304 is free), or take what a look cost beyond the first (a redirect): a negative number.

        https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate
        """
        self._left += calls


class Purse:
    """What one request may take from the budget.

    `keep`: calls that must be left for requests that matter to more people.

    `is_refunded`: a call that GitHub answers with 304 comes back. Only where the number of addresses is fixed, and so
    the number of calls: free ones count for the limits on calls a minute all the same.
    """

    def __init__(self, budget: CallBudget, keep: float = 0, *, is_refunded: bool = False) -> None:
        self._budget = budget
        self._keep = keep
        self._is_refunded = is_refunded
        self._held: int | None = None

    @contextmanager
    def hold_calls(self, calls: int) -> Iterator[None]:
        """Take what the looks of the block usually need at once: none is made for a question that is refused.

        What is left of it at the end comes back. Raises SpentError if there is not so much.
        """
        self._budget.take(calls, self._keep)
        self._held = calls
        try:
            yield
        finally:
            self._budget.correct(self._held)
            self._held = None

    def take(self) -> None:
        """Take one call; raise SpentError if none is left. What was begun may take those of others as well."""
        if self._held:
            self._held -= 1
        else:
            self._budget.take(1, self._keep if self._held is None else 0)

    def settle(self, redirects: int, *, is_free: bool) -> None:
        """Correct the budget once it is known what the look has cost."""
        self._budget.correct(-redirects + (1 if is_free and self._is_refunded else 0))
