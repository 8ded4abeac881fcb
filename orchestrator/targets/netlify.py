"""Netlify: a deployment is a list of digests, and then the files that Netlify does not have yet.

https://docs.netlify.com/api/get-started/#deploy-with-the-api, and the npm package `@netlify/open-api`.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import quote

from orchestrator.core.errors import HostFailed
from orchestrator.core.site import blob_id
from orchestrator.targets.hosting import HostAPI, HostRefused, HostUnsure, file_digest, shorten_detail, upload_all
from orchestrator.targets.stamp import is_of, site_name, stamp
from orchestrator.targets.target import Deployment, DeploymentLost, Release

MOST_AT_ONCE_READ = 100
"""Files from which on Netlify reads the list of digests later: https://github.com/netlify/cli."""

POLL_S = 1.0
NAMES = 3
"""Names that are tried where others have taken one: all of Netlify shares them."""

_BEING_READ = ("new", "pending_review", "accepted", "enqueued", "preparing")
_FAILED = ("error", "rejected")


@dataclass
class NetlifyTarget:
    """One site of the token's account. `files`: what is to be served, path -> bytes."""

    api: HostAPI
    release: Release
    files: Mapping[str, bytes]
    title: str = "Netlify"
    site: Mapping[str, Any] = field(default_factory=dict)

    async def ensure_place(self) -> str:
        """Return the URL of the task's site, making it where it does not exist."""
        name = site_name(self.release.name, self.release.keys[0])
        tries, taken = self.api.begin_tries(), 0
        while not (found := await self._find_own()):
            try:
                found = await self.api.write("POST", "/sites", json={"name": name})
                break
            except HostRefused as error:
                taken += 1
                if error.status != 422 or taken == NAMES:
                    raise
                name = f"{site_name(self.release.name, self.release.keys[0])}-{secrets.token_hex(4)}"
            except HostUnsure as error:
                await self.api.pause(tries, error)
        self.site = found
        return f"{str(found.get('ssl_url') or found['url']).rstrip('/')}/"

    async def _find_own(self) -> Mapping[str, Any] | None:
        """Return the task's site: one of a name with its key in which nothing lies, or only what has its stamp."""
        is_foreign = False
        for key in self.release.keys:
            stem = site_name(self.release.name, key)
            listed = await self.api.read("/sites", name=stem, filter="all", per_page=100)
            for site in listed:
                if not re.fullmatch(rf"{re.escape(stem)}(-[0-9a-f]{{8}})?", str(site["name"])):
                    continue
                deploys = await self._list_deployments(site)
                if not deploys or any(is_of(deploy.get("title"), self.release.keys) for deploy in deploys):
                    return dict(site)
                is_foreign = True
        if is_foreign:
            raise HostFailed(
                "A Netlify site has the name of this task's, and holds something else.", "Rename or delete that site."
            )
        return None

    async def _list_deployments(self, site: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        return list(await self.api.read(f"/sites/{site['id']}/deploys", per_page=100))

    async def find_deployment(self) -> Deployment | None:
        """Return the production deployment of this commit, completed where an upload is missing."""
        made = await self._find_made(None)
        if made is None:
            return None
        return await self._complete(await self.api.read(f"/sites/{self.site['id']}/deploys/{made['id']}"))

    async def _find_made(self, branch: str | None) -> Mapping[str, Any] | None:
        """Return the deployment of this commit to a branch, None: to production, unless it failed."""
        for deploy in await self._list_deployments(self.site):
            is_there = deploy.get("branch") == branch if branch else not _is_preview(deploy)
            if is_there and deploy.get("title") == stamp(self.release) and deploy.get("state") not in _FAILED:
                return deploy
        return None

    async def deploy(self) -> Deployment:
        """Deploy to production."""
        return await self._complete(await self._create(None))

    async def _create(self, branch: str | None) -> Mapping[str, Any]:
        """Begin a deployment; after a lost answer look first, so that none is made twice."""
        body: dict[str, Any] = {"files": {path: file_digest(data) for path, data in self.files.items()}, "draft": False}
        if branch:
            body["branch"] = branch
        if len(self.files) > MOST_AT_ONCE_READ:
            body["async"] = True
        tries = self.api.begin_tries()
        while True:
            try:
                path = f"/sites/{self.site['id']}/deploys"
                made: Mapping[str, Any] = await self.api.write(
                    "POST", path, params={"title": stamp(self.release)}, json=body
                )
            except HostUnsure as error:
                await self.api.pause(tries, error)
                if found := await self._find_made(branch):
                    return found
            else:
                return made

    async def _complete(self, deploy: Mapping[str, Any]) -> Deployment:
        """Upload what Netlify lacks of a deployment; return it."""
        progress = NetlifyProgress(self.api, f"/sites/{self.site['id']}/deploys/{deploy['id']}", deploy)
        while progress.state in _BEING_READ:
            await self.api.deadline.clock.sleep(POLL_S)
            self.api.deadline.ensure_time_left("Netlify read the list of files")
            await progress.check_progress()
        by_digest = {file_digest(data): path for path, data in self.files.items()}
        missing = [by_digest[sha] for sha in progress.required if sha in by_digest]
        await upload_all([partial(self._upload, str(deploy["id"]), path) for path in missing])
        expected = {path: blob_id(data) for path, data in self.files.items()}
        return Deployment(f"another deployment: {deploy['id']}", self.release.head, expected, progress)

    async def _upload(self, deploy: str, path: str) -> None:
        kind = {"content-type": "application/octet-stream"}
        await self.api.repeat("PUT", f"/deploys/{deploy}/files/{quote(path)}", headers=kind, content=self.files[path])

    async def finish(self) -> str:
        """Make a preview of the round, which stays where it is: a deployment to a branch of its own."""
        branch = f"round-{self.release.round}"
        try:
            made = await self._find_made(branch) or await self._create(branch)
            await self._complete(made)
        except HostFailed as error:
            return f"No preview of this round was made: {error.cause}"
        return f"This round stays at {made.get('deploy_ssl_url') or made.get('deploy_url')}"


def _is_preview(deploy: Mapping[str, Any]) -> bool:
    return bool(re.fullmatch(r"round-[0-9]+", str(deploy.get("branch") or "")))


@dataclass
class NetlifyProgress:
    """How far one deployment is. `path`: of it in the API; `known`: what was last seen of it."""

    api: HostAPI
    path: str
    known: Mapping[str, Any]
    url: str = ""

    @property
    def state(self) -> str:
        """Netlify's word for it."""
        return str(self.known.get("state") or "")

    @property
    def required(self) -> list[str]:
        """Digests of the files that are still to come, each once."""
        return list(dict.fromkeys(self.known.get("required") or ())) if self.state != "ready" else []

    @property
    def reason(self) -> str:
        """What keeps the commit from being live."""
        return f"Netlify calls its deployment “{self.state}”"

    async def check_progress(self) -> None:
        """See how far it is. Raises DeploymentLost if it has failed."""
        try:
            self.known = await self.api.read(self.path)
        except HostUnsure:
            return  # the page itself decides; the next look may be luckier
        if self.state in _FAILED:
            said = shorten_detail(self.known.get("error_message"))
            raise DeploymentLost(
                f"Netlify did not publish the commit: {said}.",
                "See the site's deploys at Netlify, then re-run the failed job.",
            )
