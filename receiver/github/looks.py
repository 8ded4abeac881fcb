"""Reads from GitHub. Recent answers are used again, and people who ask at the same time share one call."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

import httpx

from receiver.github.budget import Purse
from receiver.github.memory import Memory, UnderWay

ADDRESSES = 300
"""That are remembered. What is kept of each is what was read from the answer, some kilobytes, not the answer."""

T = TypeVar("T")


@dataclass(frozen=True)
class Terms:
    """How to look. `age_s`: how old may be what is seen; `purse`: who pays.

    Without a purse it costs no budget: who asks has the secret, or owns the receiver.
    """

    age_s: float = 0.0
    purse: Purse | None = None


NOW = Terms()

Get = Callable[[str, Mapping[str, str], Terms], Awaitable[httpx.Response]]
"""Asks an address with these headers besides its own. Raises what the caller of `look_up` is to get for a failure."""


@dataclass(frozen=True)
class _Look:
    """What is at an address, or why it could not be seen. `etag`: of the answer that `value` was read from."""

    value: Any = None
    etag: str = ""
    error: Exception | None = None


class Looks:
    """Reads addresses by `get`. A failure is remembered like an answer: a GitHub that is down is asked no more often.

    Looks are conditional: https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api
    """

    def __init__(self, get: Get, clock: Callable[[], float]) -> None:
        self._get = get
        self._memory: Memory[_Look] = Memory(ADDRESSES, clock)
        self._under_way: UnderWay[_Look] = UnderWay()

    async def look_up(self, url: str, read: Callable[[httpx.Response], T], terms: Terms = NOW) -> T:
        """Return what `read` makes of the answer at `url`; each address has one `read`.

        Raises what `get` and `read` raise, and SpentError where the purse has nothing left.
        """

        def begin() -> Coroutine[Any, Any, _Look]:
            if terms.purse:
                terms.purse.take()
            return self._fetch_and_keep(url, read, terms)

        seen = self._memory.find_fresh(url, terms.age_s) or await self._under_way.join(url, begin)
        if seen.error is not None:
            raise seen.error.with_traceback(None)  # it is raised many times, and each time would add to it
        return cast("T", seen.value)

    async def aclose(self) -> None:
        """End the looks that are under way."""
        await self._under_way.aclose()

    async def _fetch_and_keep(self, url: str, read: Callable[[httpx.Response], Any], terms: Terms) -> _Look:
        known = self._memory.find_value(url) or _Look()
        try:
            answer = await self._get(url, {"if-none-match": known.etag} if known.etag else {}, terms)
            is_free = answer.status_code == 304
            if terms.purse:
                terms.purse.settle(len(answer.history), is_free=is_free)
            fresh = replace(known, error=None) if is_free else _Look(read(answer), answer.headers.get("etag", ""))
        except Exception as error:  # noqa: BLE001 - everybody who shares the look gets it, from `look_up`
            fresh = replace(known, error=error)
        self._memory.keep(url, fresh)
        return fresh
