"""When a page has settled: everything that it asked for has been answered, and it asks for nothing more."""

import asyncio
import time
from dataclasses import dataclass, field

from playwright.async_api import Page, Request

QUIET_S = 0.1
LOOK_S = 0.02

_ENDLESS = frozenset({"eventsource", "websocket", "media"})
"""What may stay open for as long as the page does."""


@dataclass
class Traffic:
    """The requests of a page that wait for an answer. `since`: when that last changed, in seconds."""

    waiting: set[Request] = field(default_factory=set)
    since: float = field(default_factory=time.monotonic)

    def is_quiet(self) -> bool:
        """Whether nothing waits, for a moment at least."""
        return not self.waiting and time.monotonic() - self.since >= QUIET_S

    def waiting_urls(self) -> list[str]:
        """Return what is waited for."""
        return [request.url for request in self.waiting]


def follow_requests(page: Page) -> Traffic:
    """Return what will be asked for by `page` from now on."""
    traffic = Traffic()

    def add_request(request: Request) -> None:
        if request.resource_type not in _ENDLESS:
            traffic.waiting.add(request)
            traffic.since = time.monotonic()

    def drop_request(request: Request) -> None:
        traffic.waiting.discard(request)
        traffic.since = time.monotonic()

    page.on("request", add_request)
    page.on("requestfinished", drop_request)
    page.on("requestfailed", drop_request)
    return traffic


async def wait_until_settled(traffic: Traffic, seconds: float) -> None:
    """Wait until the page has settled, `seconds` at most: some pages never stop asking."""
    until = time.monotonic() + seconds
    while not traffic.is_quiet() and time.monotonic() < until:  # noqa: ASYNC110 - quiet is the absence of events
        await asyncio.sleep(LOOK_S)
