"""A page as it is served: each path is asked for once, compared with the commit, and given to the browser."""

import asyncio
import contextlib
import html
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

import httpx
from playwright.async_api import Error, Route

from orchestrator.core.address import Destination
from orchestrator.core.deadline import Clock
from orchestrator.core.http import TooLarge, pinned_request, read_body
from orchestrator.core.retry import LOOK, NO_ANSWER, STALE, Tries
from orchestrator.core.serving import find_served_file
from orchestrator.core.site import MAX_BYTES, MAX_FILES, RECORD
from orchestrator.verify.checks import Shown

COMPARING_S = 180.0
"""Seconds for everything that is read of one page, however slowly it comes."""

READING_S = 30.0
"""Seconds for one path."""

MOST_BYTES = 2 * MAX_BYTES
MOST_PATHS = 2 * MAX_FILES

_PROCESSED = re.compile(r"(^|/)_|\.(md|markdown)$", re.IGNORECASE)
"""What Jekyll keeps to itself or turns into something else, where no `.nojekyll` keeps it away:
https://docs.github.com/pages/setting-up-a-github-pages-site-with-jekyll"""

_PLAIN = re.compile(r"[ -~]+")
_FOLDER = '<!doctype html><meta http-equiv="refresh" content="0;url={}">'


@dataclass(frozen=True)
class FetchedPath:
    """The answer for one path. `problem`: why there is no answer."""

    status: int
    body: bytes = b""
    kind: str = ""
    problem: str = ""


@dataclass
class LivePage:
    """A page at `url`, which ends in a slash, and what was read of it: path below the address -> what came.

    `is_over`: its time has passed, and nothing more is read.
    """

    url: str
    to: Destination
    http: httpx.AsyncClient
    known: dict[str, FetchedPath] = field(default_factory=dict)
    is_over: bool = False

    async def fetch_path(self, path: str, *, again: bool = False) -> FetchedPath:
        """Return what is served at `path`. Each path is requested only once, unless `again` is set."""
        if path not in self.known or again:
            came = await self._request_path(path)
            if again or path not in self.known:  # it may have been asked for twice at once: the first one counts
                self.known[path] = came
        return self.known[path]

    async def _request_path(self, path: str) -> FetchedPath:
        left = MOST_BYTES - sum(len(served.body) for name, served in self.known.items() if name != path)
        if self.is_over:
            return FetchedPath(NO_ANSWER, problem="it ran out of time")
        if len(self.known) >= MOST_PATHS and path not in self.known:
            return FetchedPath(NO_ANSWER, problem="too many paths were requested")
        address = quote(path, errors="surrogateescape")  # git knows names that are no text
        try:
            async with (
                asyncio.timeout(READING_S),
                pinned_request(self.http, "GET", self.to, path=address) as response,
            ):
                body = await read_body(response, left)
        except TooLarge:
            return FetchedPath(NO_ANSWER, problem="too large")
        except (httpx.HTTPError, TimeoutError):
            return FetchedPath(NO_ANSWER, problem="no answer")
        kind = response.headers.get("content-type", "")
        return FetchedPath(response.status_code, body, kind if _PLAIN.fullmatch(kind) else "")

    async def answer_route(self, route: Route) -> None:
        """Answer a browser's request for what lies under the page's address with what was read of it.

        Nothing else there reaches the browser, so that nobody can show it what was not compared. A Playwright route.
        """
        path = self._relative_path(route.request.url)
        with contextlib.suppress(Error):  # the browser is gone
            if path is None:
                await route.fallback()
                return
            served = await self._serve_path(path, is_document=route.request.resource_type == "document")
            if served.problem:
                await route.abort("connectionfailed")
                return
            headers = {"access-control-allow-origin": "*", **({"content-type": served.kind} if served.kind else {})}
            await route.fulfill(status=served.status, body=served.body, headers=headers)

    def _relative_path(self, url: str) -> str | None:
        """Return the path of `url` below the page's address, None if it lies elsewhere."""
        address = url.partition("#")[0].partition("?")[0]
        if not address.startswith(self.url):
            return None
        return unquote(address.removeprefix(self.url), errors="surrogateescape")

    async def _serve_path(self, path: str, *, is_document: bool) -> FetchedPath:
        """Return what a host of Pages answers for `path`, from what is known as far as that goes."""
        found = {name for name, served in self.known.items() if served.status == 200}
        name = path if path in found else find_served_file(found, path)
        index = f"{path}/index.html"
        if name is None and index in found:
            if not is_document:
                return self.known[index]
            # Sent elsewhere by its answer, a browser asks past everyone who watches it; by a page, it does not.
            return FetchedPath(
                200, _FOLDER.format(html.escape(quote(f"{path.rpartition('/')[2]}/"))).encode(), "text/html"
            )
        served = await self.fetch_path(path if name is None else name)
        is_answer = served.problem or 200 <= served.status < 300 or 400 <= served.status < 600
        return served if is_answer else FetchedPath(404, b"", "text/plain")


@asynccontextmanager
async def open_live_page(url: str, to: Destination) -> AsyncIterator[LivePage]:
    """Read a page for as long as the block runs."""
    headers = {"accept-encoding": "identity", "user-agent": "pagewright"}
    async with httpx.AsyncClient(timeout=READING_S, trust_env=False, headers=headers) as http:
        yield LivePage(url, to, http)


async def compare_files(
    live: LivePage, files: Mapping[str, bytes], later: bytes | None, clock: Clock, seconds: float = COMPARING_S
) -> Shown:
    """Compare every file; what differs is looked at again, for a cache may still hold the old one.

    `later`: what the record may be as well. Ends within `seconds`, even if the host does not answer.
    """
    if "index.html" not in files:
        return False, "there is no index.html at the commit"
    is_plain = ".nojekyll" in files
    paths = ["", *sorted(path for path in files if not path.startswith(".") and "/." not in path)]
    paths = [path for path in paths if is_plain or not _PROCESSED.search(path)]
    tries, done = Tries(LOOK, clock.now), 0
    try:
        async with asyncio.timeout(seconds):
            for path in paths:
                wanted = [files[path or "index.html"], *([later] if path == RECORD and later is not None else [])]
                problem = _describe_difference(await live.fetch_path(path), wanted)
                while problem:
                    if (wait := tries.next_delay(STALE)) is None:
                        return False, f"{path or '/'}: {problem}"
                    await clock.sleep(wait)
                    problem = _describe_difference(await live.fetch_path(path, again=True), wanted)
                done += 1
    except TimeoutError:
        live.is_over = True
        return False, f"only {done} of {len(paths)} files arrived within {seconds:.0f} s"
    return True, f"{len(paths) - 1} files, the same bytes"


def _describe_difference(served: FetchedPath, wanted: list[bytes]) -> str:
    """Return what is wrong with what was served, nothing if it is one of what is wanted."""
    if served.problem:
        return served.problem
    if served.status != 200:
        return f"answered {served.status}"
    return "" if served.body in wanted else "not the bytes of the commit"
