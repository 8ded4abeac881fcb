"""How long verifying may take, and how much memory."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class TimeLimits:
    """Seconds. `check`: how long after loading checks may take to become true; `whole`: the limit of everything.

    `bytes`: resident memory of the whole browser.
    """

    load: float = 20.0
    check: float = 5.0
    whole: float = 60.0
    bytes: int = 2 * 1024**3

    def within(self, seconds: float) -> "TimeLimits":
        """Return limits that leave off after `seconds` at the latest."""
        return replace(self, whole=min(self.whole, seconds))
