"""Looks at live pages: which commit they serve. They are no calls of GitHub's API, and cost none."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import httpx

from receiver.github.listings import is_serving
from receiver.github.looks import Looks, Terms

TURNS = 4
PAGE_S = 5.0
RECORD_BYTES = 8 * 1024 * 1024
"""Of a `pagewright.json`: it holds the briefs of all rounds."""


class SitePages:
    """The pages of the sites. Only their record is fetched, without any token and without following redirects.

    A page at a domain of its own redirects: it is not seen here to be live, only by the run that published it.
    """

    def __init__(self, client: httpx.AsyncClient, clock: Callable[[], float]) -> None:
        self._client = client
        self._turns = asyncio.Semaphore(TURNS)
        self._looks = Looks(self._fetch_record, clock)

    async def aclose(self) -> None:
        """End the looks that are under way."""
        await self._looks.aclose()

    async def is_live(self, pages_url: str, request: str, round_: int, age_s: float = 0.0) -> bool:
        """Whether the page at `pages_url` is seen to serve the commit of `request`, or one of a later round."""
        with suppress(_UnseenError):
            return is_serving(
                await self._looks.look_up(f"{pages_url}pagewright.json", _parse_record, Terms(age_s)), request, round_
            )
        return False

    async def _fetch_record(self, url: str, headers: Mapping[str, str], _: Terms) -> httpx.Response:
        content = bytearray()
        plain = {"accept-encoding": "identity", **headers}
        try:
            async with (
                self._turns,
                asyncio.timeout(PAGE_S),
                self._client.stream("GET", url, headers=plain) as answer,
            ):
                if answer.headers.get("content-encoding", "identity") != "identity":
                    raise _UnseenError  # it may unpack to gigabytes
                async for chunk in answer.aiter_bytes():
                    content += chunk
                    if len(content) > RECORD_BYTES:
                        raise _UnseenError
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError):
            raise _UnseenError from None
        etag = {"etag": answer.headers.get("etag", "")}
        return httpx.Response(answer.status_code, headers=etag, content=bytes(content))


class _UnseenError(Exception):
    pass


def _parse_record(answer: httpx.Response) -> Any:
    try:
        return answer.json() if answer.status_code == 200 else None
    except (ValueError, RecursionError):  # a page that is not ours, or not there yet
        return None
