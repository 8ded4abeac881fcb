"""GitHub Pages: switched on, and followed until exactly the committed bytes are served."""

import contextlib
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx
from github import Github

from orchestrator.errors import GitHubFailed, OutOfTime
from orchestrator.github.client import Client, Refused, Unsure
from orchestrator.github.repository import BRANCH
from orchestrator.site import MAX_BYTES, RECORD, blob_id

POLL_S = 1.0
UNREGISTERED_S = 20
"""After this long without a build that names our commit, one is requested."""

_LOST = ("errored", "cancelled", "canceled")


async def site_url(client: Client, full_name: str, *, is_new: bool) -> str:
    """Return the site's URL, switching Pages on where it is off. `is_new`: it cannot be on yet."""
    path = f"/repos/{full_name}/pages"
    if not is_new and (url := await _existing(client, path)):
        return url
    source = {"build_type": "legacy", "source": {"branch": BRANCH, "path": "/"}}
    while True:
        try:
            _, made = await client.write(
                lambda github: github.requester.requestJsonAndCheck("POST", path, input=source)
            )
            return str(made["html_url"])
        except Refused as error:
            # 422: GitHub does not see the branch yet. 409: Pages is on already.
            if error.status not in (409, 422) or client.deadline.remaining <= POLL_S:
                raise
        except Unsure:
            if client.deadline.remaining <= POLL_S:
                raise
        if url := await _existing(client, path):
            return url
        await client.deadline.clock.sleep(POLL_S)


async def _existing(client: Client, path: str) -> str | None:
    try:
        _, found = await client.read(lambda github: github.requester.requestJsonAndCheck("GET", path))
    except Refused as error:
        if error.status == 404:
            return None
        raise
    return str(found["html_url"])


async def wait_until_live(client: Client, full_name: str, sha: str, url: str, expected: Mapping[str, str]) -> None:
    """Return once Pages serves what `expected` says: path -> blob id, the record among them.

    The record is asked for with a unique query until it is the committed one; only then the others are asked for at
    their plain URLs, because each answer is cached for ten minutes. Raises OutOfTime, or GitHubFailed with the reason
    where GitHub says that the build failed twice.
    """
    builds = _Builds(client, f"/repos/{full_name}/pages", sha)
    async with httpx.AsyncClient(timeout=15, trust_env=False, headers={"accept-encoding": "identity"}) as http:
        for attempt in itertools.count():
            if await _served(http, f"{url}{RECORD}?{sha[:12]}-{attempt}") == expected[RECORD]:
                break
            await builds.look()
            await _pause(client, "the page was not live yet")
        for path in sorted(path for path in expected if path != RECORD and not _is_hidden(path)):
            while await _served(http, url + quote(path)) != expected[path]:
                await _pause(client, "some file of the page was still the old one")
        while "index.html" in expected and await _served(http, url) != expected["index.html"]:
            await _pause(client, "the page was still the old one")


def _is_hidden(path: str) -> bool:
    return any(part.startswith(".") for part in path.split("/"))


async def _pause(client: Client, state: str) -> None:
    if client.deadline.remaining <= POLL_S:
        raise OutOfTime(f"The task's time was over and {state}.", "Re-run the failed job: it waits on.")
    await client.deadline.clock.sleep(POLL_S)


async def _served(http: httpx.AsyncClient, url: str) -> str | None:
    """Return the blob id of what `url` serves, or None for anything but a 200."""
    body = bytearray()
    try:
        async with http.stream("GET", url) as response:
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > MAX_BYTES:
                    return None
    except httpx.HTTPError:
        return None
    return blob_id(bytes(body)) if response.status_code == 200 else None


@dataclass
class _Builds:
    """Follows `builds/latest` by its ETag (a 304 is free), and asks for one build where none comes."""

    client: Client
    path: str
    sha: str
    etag: str = ""
    latest: Mapping[str, Any] = field(default_factory=dict)
    since: float = -1
    has_requested: bool = False

    async def look(self) -> None:
        if self.since < 0:
            self.since = self.client.deadline.clock.now()
        headers = {"If-None-Match": self.etag} if self.etag else {}
        url = f"{self.path}/builds/latest"

        def read(github: Github) -> tuple[int, dict[str, Any], str]:
            return github.requester.requestJson("GET", url, headers=headers)

        try:
            status, answer_headers, body = await self.client.read(read)
        except GitHubFailed:
            return  # the page itself decides; the next look may be luckier
        if status == 200:
            self.latest = _parsed(body)
            self.etag = answer_headers.get("etag", "")
        is_ours = self.latest.get("commit") == self.sha
        is_lost = is_ours and self.latest.get("status") in _LOST
        waited = self.client.deadline.clock.now() - self.since
        if is_lost or (not is_ours and waited > UNREGISTERED_S):
            await self._request(is_lost=is_lost)

    async def _request(self, *, is_lost: bool) -> None:
        if self.has_requested:
            if is_lost and self.client.deadline.clock.now() - self.since > UNREGISTERED_S:
                raise GitHubFailed("GitHub Pages failed to build the site twice.", "See the repository's Actions tab.")
            return
        self.has_requested = True
        self.since = self.client.deadline.clock.now()
        path = f"{self.path}/builds"
        # Refused or unanswered: the page itself decides, and a build may be on its way all the same.
        with contextlib.suppress(GitHubFailed):
            await self.client.write(lambda github: github.requester.requestJsonAndCheck("POST", path))


def _parsed(body: str) -> Mapping[str, Any]:
    try:
        parsed = json.loads(body)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
