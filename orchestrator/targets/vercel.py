"""Vercel: files by their digests, in the form that nothing is built of, and the address of the project.

A `package.json` at the root would be installed and built there, and an `api/` folder would become functions. Prebuilt
files are served as they are: https://vercel.com/docs/build-output-api/v3.
The deployment's own URL lies behind a login; the project's production domain is what people can open:
https://vercel.com/docs/deployment-protection.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx

from orchestrator.core.errors import HostFailed
from orchestrator.core.site import blob_id
from orchestrator.targets.hosting import HostAPI, HostRefused, HostUnsure, file_digest, shorten_detail, upload_all
from orchestrator.targets.stamp import site_name
from orchestrator.targets.target import Deployment, DeploymentLost, Release

UPLOADS = 3
"""How often Vercel may ask for files of one deployment."""

STATIC = ".vercel/output/static/"
CONFIGURATION = ".vercel/output/config.json"

_FAILED = ("ERROR", "CANCELED", "BLOCKED", "DELETED")
TASK, REQUEST, COMMIT = "pagewrightTask", "pagewrightRequest", "pagewrightCommit"
"""What a deployment says of itself, in its `meta`."""


class LoginInFront(HostFailed):
    """The site is there, and nobody can see it."""


@dataclass
class VercelTarget:
    """One project of the token's account. `files`: what is to be served; `site_url`: with `{alias}` for a domain.

    `is_public`: a login in front of the project is taken away.
    """

    api: HostAPI
    release: Release
    files: Mapping[str, bytes]
    site_url: str
    is_public: bool = False
    title: str = "Vercel"
    project: Mapping[str, Any] = field(default_factory=dict)

    async def ensure_place(self) -> str:
        """Make the task's project where it does not exist. Its URL is known once something is deployed to it."""
        tries = self.api.begin_tries()
        name = site_name(self.release.name, self.release.keys[0])
        while not (found := await self._find_own()):
            try:
                found = await self.api.write("POST", "/v11/projects", json={"name": name})
                break
            except HostRefused as error:
                if error.status != 409:  # it came to exist meanwhile
                    raise
                await self.api.pause(tries, error)
            except HostUnsure as error:
                await self.api.pause(tries, error)
        if self.is_public and found.get("ssoProtection"):
            path = f"/v9/projects/{found['id']}"
            found = await self.api.repeat("PATCH", path, json={"ssoProtection": None})
        self.project = found
        return ""

    async def _find_own(self) -> Mapping[str, Any] | None:
        """Return the task's project: one of a name with its key that is empty, or has deployments of the task."""
        for key in self.release.keys:
            try:
                found = await self.api.read(f"/v9/projects/{site_name(self.release.name, key)}")
            except HostRefused as error:
                if error.status == 404:
                    continue
                raise
            listed = await self._list_deployments(found)
            if listed and not any(_meta(entry).get(TASK) in self.release.keys for entry in listed):
                raise HostFailed(
                    "A Vercel project has the name of this task's, and holds something else.",
                    "Rename or delete that project.",
                )
            return dict(found)
        return None

    async def _list_deployments(self, project: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        found = await self.api.read("/v7/deployments", projectId=project["id"], limit=100)
        return list(found["deployments"])

    async def find_deployment(self) -> Deployment | None:
        """Return the production deployment of this commit, unless it failed."""
        for entry in await self._list_deployments(self.project):
            state = entry.get("readyState") or entry.get("state")
            said = _meta(entry)
            is_this = (said.get(REQUEST), said.get(COMMIT)) == (self.release.request, self.release.head)
            if is_this and state not in _FAILED and entry.get("target") == "production":
                return self._deployment(str(entry["uid"]))
        return None

    async def deploy(self) -> Deployment:
        """Deploy to production: ask, upload what Vercel lacks, ask again. After a lost answer look first."""
        sent = self._prebuilt_files()
        by_digest = {file_digest(data): data for data in sent.values()}
        tries, uploads = self.api.begin_tries(), 0
        query = {"prebuilt": "1", "skipAutoDetectionConfirmation": "1"}
        while True:
            try:
                made = await self.api.write("POST", "/v13/deployments", params=query, json=self._deployment_body(sent))
                return self._deployment(str(made["id"]))
            except HostRefused as error:
                uploads += 1
                if error.code != "missing_files" or uploads > UPLOADS:
                    raise
                missing = [sha for sha in error.answer["error"].get("missing") or () if sha in by_digest]
                await upload_all([partial(self._upload, sha, by_digest[sha]) for sha in missing])
            except HostUnsure as error:
                await self.api.pause(tries, error)
                if found := await self.find_deployment():
                    return found

    def _prebuilt_files(self) -> dict[str, bytes]:
        static = {f"{STATIC}{path}": data for path, data in self.files.items()}
        return {**static, CONFIGURATION: b'{"version": 3}\n'}

    def _deployment_body(self, sent: Mapping[str, bytes]) -> dict[str, Any]:
        release = self.release
        return {
            "name": self.project["name"],
            "project": self.project["id"],
            "target": "production",
            "meta": {TASK: release.keys[0], REQUEST: release.request, COMMIT: release.head},
            "files": [
                {"file": path, "sha": file_digest(data), "size": len(data)} for path, data in sorted(sent.items())
            ],
            "projectSettings": {"framework": None},
        }

    async def _upload(self, sha: str, data: bytes) -> None:
        headers = {"content-type": "application/octet-stream", "x-vercel-digest": sha}
        await self.api.repeat("POST", "/v2/files", headers=headers, content=data)

    def _deployment(self, identity: str) -> Deployment:
        progress = VercelProgress(self.api, identity, self.site_url, str(self.project["name"]))
        expected = {path: blob_id(data) for path, data in self.files.items()}
        return Deployment(f"another deployment: {identity}", self.release.head, expected, progress)

    async def finish(self) -> str:
        """Return nothing: a preview would lie behind a login."""
        return ""


def _meta(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    said = entry.get("meta")
    return said if isinstance(said, dict) else {}


@dataclass
class VercelProgress:
    """How far one deployment is. `site_url`: with `{alias}`; `project`: its name, which the best domain begins with."""

    api: HostAPI
    identity: str
    site_url: str
    project: str
    known: Mapping[str, Any] = field(default_factory=dict)
    url: str = ""

    @property
    def reason(self) -> str:
        """What keeps the commit from being live."""
        state = str(self.known.get("readyState") or "unknown")
        has_no_domain = state == "READY" and not self.known.get("aliasAssigned")
        return f"Vercel calls its deployment “{state}”{', without a domain yet' if has_no_domain else ''}"

    async def check_progress(self) -> None:
        """See how far it is. Raises DeploymentLost if it has failed, LoginInFront where nobody can open the site."""
        try:
            self.known = await self.api.read(f"/v13/deployments/{self.identity}")
        except HostUnsure:
            return  # the page itself decides; the next look may be luckier
        problem = self.known.get("aliasError")
        if self.known.get("readyState") in _FAILED or problem:
            words = problem.get("message") if isinstance(problem, dict) else self.known.get("errorMessage")
            said = shorten_detail(words)
            raise DeploymentLost(
                f"Vercel did not publish the commit: {said}.", "See the project at Vercel, then re-run the failed job."
            )
        domains = [str(domain) for domain in self.known.get("alias") or ()]
        if not self.url and self.known.get("aliasAssigned") and domains:
            best = next((domain for domain in domains if domain.split(".")[0] == self.project), min(domains, key=len))
            self.url = self.site_url.format(alias=best)
        if self.url and await self._is_behind_a_login():
            raise LoginInFront(
                "The site is deployed, but Vercel asks every visitor to log in.",
                "Set VERCEL_PUBLIC to true, or switch off Vercel Authentication in the project's settings.",
                "The site is deployed, but its host asks every visitor to log in.",
            )

    async def _is_behind_a_login(self) -> bool:
        try:
            async with self.api.http.stream("GET", self.url, timeout=15, follow_redirects=False) as answer:
                status, to = answer.status_code, answer.headers.get("location", "")
                return status == 401 or (300 <= status < 400 and httpx.URL(to).host in ("vercel.com", "www.vercel.com"))
        except (httpx.HTTPError, httpx.InvalidURL):
            return False
