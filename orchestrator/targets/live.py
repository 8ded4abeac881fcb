"""Decides when a site is live: exactly the committed bytes are served. The rule is the same for every host."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

import httpx

from orchestrator.core.deadline import Deadline
from orchestrator.core.errors import OutOfTime
from orchestrator.core.events import Emit, WaitingEvent, ignore_event
from orchestrator.core.http import TooLarge, read_body
from orchestrator.core.site import MAX_BYTES, RECORD, blob_id
from orchestrator.targets.target import DeploymentLost, DeploymentProgress

POLL_S = 1.0


@dataclass(frozen=True)
class ExpectedSite:
    """What must be served at `url`: path -> blob id, the record among them. `sha`: of the commit that holds it.

    `host`: what people call the host. `url` is empty where only the host can tell it.
    """

    url: str
    sha: str
    expected: Mapping[str, str]
    host: str = "GitHub Pages"


async def wait_until_live(
    awaited: ExpectedSite, host: DeploymentProgress, deadline: Deadline, emit: Emit = ignore_event
) -> str:
    """Return the site's URL once it serves the expected files.

    The record is asked for with a unique query until it is the committed one; only then the others are asked for at
    their plain URLs, because each answer is cached for ten minutes. The URL is the given one, or the one that it sends
    to: the owner's own domain. Raises OutOfTime, or DeploymentLost where nothing more comes of this deployment.
    """
    began, expected = deadline.clock.now(), awaited.expected
    async with httpx.AsyncClient(timeout=15, trust_env=False, headers={"accept-encoding": "identity"}) as http:
        site = _LiveSite(http, awaited.url)
        for attempt in itertools.count():
            site.url = site.url or host.url
            unique = f"{RECORD}?{awaited.sha[:12]}-{attempt}"
            if site.url and await site.fetch_blob_id(unique) == expected[RECORD]:
                break
            try:
                await host.check_progress()
            except DeploymentLost:
                if site.url and await site.fetch_blob_id(f"{unique}-last") == expected[RECORD]:
                    break
                raise
            emit(WaitingEvent(state=host.reason, since=round(deadline.clock.now() - began, 1)))
            await _pause(deadline, f"the page was not live yet ({host.reason:.200})")
        for path in sorted(path for path in expected if path != RECORD and not _is_hidden(path)):
            while await site.fetch_blob_id(quote(path)) != expected[path]:
                await _pause(deadline, f"{awaited.host} still served an old file")
        while "index.html" in expected and await site.fetch_blob_id("") != expected["index.html"]:
            await _pause(deadline, f"{awaited.host} still served the old page")
        return site.url


def _is_hidden(path: str) -> bool:
    return any(part.startswith(".") for part in path.split("/"))


async def _pause(deadline: Deadline, state: str) -> None:
    if deadline.remaining <= POLL_S:
        raise OutOfTime(f"The task ran out of time: {state}.", "Re-run the failed job: it checks again.")
    await deadline.clock.sleep(POLL_S)


@dataclass
class _LiveSite:
    """A site at `url`, which ends in a slash, or is empty while nobody knows it."""

    http: httpx.AsyncClient
    url: str
    has_moved: bool = False

    async def fetch_blob_id(self, path: str) -> str | None:
        """Return the blob id of what is served at `path`, or None for anything but a 200."""
        try:
            async with self.http.stream("GET", self.url + path) as response:
                if not self.has_moved and (moved := self._moved_url(response)):
                    self.url, self.has_moved = moved, True
                    return await self.fetch_blob_id(path)
                body = await read_body(response, MAX_BYTES)
        except (httpx.HTTPError, TooLarge):
            return None
        return blob_id(body) if response.status_code == 200 else None

    def _moved_url(self, response: httpx.Response) -> str | None:
        """Return the site's URL at the origin that a response sends to, with the same path; None if it does not.

        Where the owner's site has a domain of its own, every site of the owner lies there:
        https://docs.github.com/pages/configuring-a-custom-domain-for-your-github-pages-site/about-custom-domains-and-github-pages
        """
        location = response.headers.get("location")
        if response.status_code not in (301, 308) or location is None:
            return None
        try:
            asked, to = response.url, response.url.join(location)
        except httpx.InvalidURL:
            return None
        is_same_path = to.path == asked.path and to.scheme in ("http", "https") and not to.userinfo and to.host
        is_other_origin = (to.scheme, to.host, to.port) != (asked.scheme, asked.host, asked.port)
        if not is_same_path or not is_other_origin:
            return None
        return str(to.copy_with(path=httpx.URL(self.url).path, query=None, fragment=None))
