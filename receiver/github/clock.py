"""What time it is. This machine's clock is compared with GitHub's."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

SKEW_S = 60.0
"""How many seconds the clocks may differ: `Date` has whole seconds, and an answer takes time to arrive."""

_log = logging.getLogger("pagewright.receiver")


class GitHubClock:
    """The clock of this machine, or GitHub's where the two differ: the runs count from it, and have GitHub's.

    Every answer of GitHub's says when it was made. https://www.rfc-editor.org/rfc/rfc9110#field.date
    """

    def __init__(self, own: Callable[[], float] = time.time) -> None:
        """`own`: what this machine says, in Unix seconds."""
        self.own = own
        self.ahead_s = 0.0

    def note_date(self, answer: httpx.Response) -> None:
        """Take GitHub's time from an answer that just came."""
        try:
            said = parsedate_to_datetime(answer.headers.get("date", ""))
            ahead = self.own() - said.replace(tzinfo=said.tzinfo or UTC).timestamp()
        except (ValueError, OverflowError):  # none, or that of some proxy
            return
        before = self.problem
        self.ahead_s = ahead if abs(ahead) > SKEW_S else 0.0
        if self.problem and not before:
            _log.warning("%s", self.problem)

    @property
    def problem(self) -> str | None:
        """What is wrong with this machine's clock, with the remedy."""
        if not self.ahead_s:
            return None
        off = f"{abs(self.ahead_s):.0f} s {'ahead of' if self.ahead_s > 0 else 'behind'} GitHub's"
        return f"This machine's clock is {off}. Tasks get the time of GitHub's clock until you set it."

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        return datetime.fromtimestamp(self.own() - self.ahead_s, UTC)
