"""GitHub Pages: switched on, and followed until exactly the committed bytes are served."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

import httpx

from orchestrator.core.errors import GitHubFailed, OutOfTime
from orchestrator.core.retry import ENABLE, STALE, Failure, Kind, Tries
from orchestrator.core.site import MAX_BYTES, RECORD, blob_id
from orchestrator.github.client import Client, Refused, Unsure
from orchestrator.github.repository import BRANCH
from orchestrator.targets.builds import BuildLost, Builds

POLL_S = 1.0


async def site_url(client: Client, full_name: str, *, is_new: bool) -> str:
    """Return the site's URL, switching Pages on where it is off. `is_new`: it cannot be on yet.

    Raises Refused, at once where GitHub refuses for good.
    """
    path = f"/repos/{full_name}/pages"
    if not is_new and (url := await _existing(client, path)):
        return url
    source = {"build_type": "legacy", "source": {"branch": BRANCH, "path": "/"}}
    tries = Tries(ENABLE, client.deadline.clock.now)
    while True:
        try:
            _, made = await client.write(
                lambda github: github.requester.requestJsonAndCheck("POST", path, input=source)
            )
            return str(made["html_url"])
        except Refused as error:
            wait = tries.wait(STALE if _is_of_the_moment(error) else Failure(Kind.REFUSED))
            failed: GitHubFailed = error
        except Unsure as error:
            wait, failed = tries.wait(Failure(Kind.OUTAGE)), error
        # After a 409 it is on already, and after no answer it may be.
        is_perhaps_on = isinstance(failed, Unsure) or (isinstance(failed, Refused) and failed.status == 409)
        if is_perhaps_on and (url := await _existing(client, path)):
            return url
        if wait is None or wait >= client.deadline.remaining:
            raise failed
        await client.deadline.clock.sleep(wait)


def _is_of_the_moment(error: Refused) -> bool:
    """Whether GitHub does not see the branch of the first commit yet; a plan or a policy refuses for good.

    https://github.com/integrations/terraform-provider-github/issues/2671
    """
    words = error.detail.lower()
    return error.status == 409 or (error.status == 422 and "must" in words and "exist" in words)


async def _existing(client: Client, path: str) -> str | None:
    try:
        _, found = await client.read(lambda github: github.requester.requestJsonAndCheck("GET", path))
    except Refused as error:
        if error.status == 404:
            return None
        raise
    return str(found["html_url"])


async def wait_until_live(
    client: Client, full_name: str, sha: str, url: str, expected: Mapping[str, str], *, is_replay: bool = False
) -> str:
    """Return the site's URL once Pages serves what `expected` says: path -> blob id, the record among them.

    The record is asked for with a unique query until it is the committed one; only then the others are asked for at
    their plain URLs, because each answer is cached for ten minutes. `is_replay`: an earlier run waited for the commit.
    The URL is `url`, or where that sends to: the owner's own domain. Raises OutOfTime, or BuildLost where nothing more
    comes of the build of this commit.
    """
    builds = Builds(client, f"/repos/{full_name}/pages", sha, is_replay)
    async with httpx.AsyncClient(timeout=15, trust_env=False, headers={"accept-encoding": "identity"}) as http:
        site = _Site(http, url)
        for attempt in itertools.count():
            unique = f"{RECORD}?{sha[:12]}-{attempt}"
            if await site.served(unique) == expected[RECORD]:
                break
            try:
                await builds.look()
            except BuildLost:
                if await site.served(f"{unique}-last") == expected[RECORD]:
                    break
                raise
            await _pause(client, f"the page was not live yet ({builds.reason:.200})")
        for path in sorted(path for path in expected if path != RECORD and not _is_hidden(path)):
            while await site.served(quote(path)) != expected[path]:
                await _pause(client, "GitHub Pages still served an old file")
        while "index.html" in expected and await site.served("") != expected["index.html"]:
            await _pause(client, "GitHub Pages still served the old page")
        return site.url


def _is_hidden(path: str) -> bool:
    return any(part.startswith(".") for part in path.split("/"))


async def _pause(client: Client, state: str) -> None:
    if client.deadline.remaining <= POLL_S:
        raise OutOfTime(f"The task ran out of time: {state}.", "Re-run the failed job: it checks again.")
    await client.deadline.clock.sleep(POLL_S)


@dataclass
class _Site:
    """A site at `url`, which ends in a slash."""

    http: httpx.AsyncClient
    url: str
    has_moved: bool = False

    async def served(self, path: str) -> str | None:
        """Return the blob id of what is served at `path`, or None for anything but a 200."""
        body = bytearray()
        try:
            async with self.http.stream("GET", self.url + path) as response:
                if not self.has_moved and (moved := self._elsewhere(response)):
                    self.url, self.has_moved = moved, True
                    return await self.served(path)
                async for chunk in response.aiter_raw():
                    body += chunk
                    if len(body) > MAX_BYTES:
                        return None
        except httpx.HTTPError:
            return None
        return blob_id(bytes(body)) if response.status_code == 200 else None

    def _elsewhere(self, response: httpx.Response) -> str | None:
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
