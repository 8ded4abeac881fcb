"""How far GitHub Pages is with one commit, and when to give the commit up.

A deployment that failed is never repeated: GitHub answers every later deployment of the same commit with the same
failure, so only another commit can go live. https://github.com/actions/deploy-pages/issues/383
"""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from github import Github

from orchestrator.core.errors import GitHubFailed
from orchestrator.github.client import Client, GitHubRefused
from orchestrator.targets.target import DeploymentLost

UNREGISTERED_S = 90.0
"""After this long without a build of our commit, one is requested: on a busy queue a build registers late, and one
that is requested meanwhile fails for being the second."""

LOST_S = 120.0
"""After this long without progress, the build counts as lost; after twice as long if a deployment has begun."""

REPLAYED_S = 30.0
"""The same for a commit of an earlier run, because that run has waited already."""

DEPLOYMENT_S = 10.0
"""How old an answer of GitHub about a deployment may be."""

LONGEST_REASON = 300

_LOST = ("errored", "cancelled", "canceled")
_FAILED = (
    "deployment_failed",
    "deployment_content_failed",
    "deployment_attempt_error",
    "deployment_lost",
    "deployment_cancelled",
)


class BuildLost(DeploymentLost, GitHubFailed):
    """The build of this commit is lost, but another commit may go live. `reason`: as GitHub says, if it does."""

    def __init__(self, reason: str) -> None:
        self.reason = " ".join(reason.split())[:LONGEST_REASON].rstrip(".")
        super().__init__(
            f"GitHub Pages did not publish the commit: {self.reason}.",
            "See the Actions tab of the site's repository, then re-run the failed job: it makes another commit.",
        )


@dataclass
class Builds:
    """Follows `builds/latest` of a repository by its ETag (a 304 is free), and asks for one build where none comes.

    `path`: of the site in the API. `is_replay`: the commit `sha` was made by an earlier run. `url`: of the page.
    """

    client: Client
    path: str
    sha: str
    is_replay: bool = False
    url: str = ""
    etag: str = ""
    latest: Mapping[str, Any] = field(default_factory=dict)
    status: str | None = None
    since: float = 0.0
    has_requested: bool = False
    deployment: str = ""
    deployment_at: float = float("-inf")

    async def check_progress(self) -> None:
        """Look how far the build of the commit is. Raises BuildLost if its build has failed for good."""
        await self._fetch_latest_build()
        now = self.client.deadline.clock.now()
        status = str(self.latest.get("status")) if self.latest.get("commit") == self.sha else ""
        if status != self.status:
            self.status, self.since = status, now
        # A second build of a commit fails while the first is deployed: then the deployment is what counts.
        if status in _LOST and not await self._is_deployed():
            raise BuildLost(self.reason)
        waited = now - self.since
        patience = REPLAYED_S if self.is_replay else LOST_S
        # Another commit would put an end to a deployment that is only slow; one that hangs is given up all the same.
        if waited > patience + LOST_S or (waited > patience and not await self._is_deployed()):
            raise BuildLost(self.reason)
        if not status and waited > UNREGISTERED_S and not self.has_requested:
            self.has_requested, self.since = True, now
            if not await self._is_deployed():
                await self._request_build()

    @property
    def reason(self) -> str:
        """What keeps the commit from being live, in GitHub's words where it gives any."""
        said = self.latest.get("error")
        if self.status in _LOST and isinstance(said, dict) and said.get("message"):
            return str(said["message"])
        if not self.status:
            return "no build was started"
        return f"GitHub says that its build is “{self.status}”"

    async def _fetch_latest_build(self) -> None:
        headers = {"If-None-Match": self.etag} if self.etag else {}
        url = f"{self.path}/builds/latest"

        def request_latest(github: Github) -> tuple[int, dict[str, Any], str]:
            return github.requester.requestJson("GET", url, headers=headers)

        try:
            status, answer_headers, body = await self.client.read(request_latest)
        except GitHubFailed:
            return  # the page itself decides; the next look may be luckier
        if status == 200:
            self.latest = _parse_build(body)
            self.etag = answer_headers.get("etag", "")

    async def _is_deployed(self) -> bool:
        """Whether the commit has a deployment that did not fail.

        https://docs.github.com/rest/pages/pages#get-the-status-of-a-github-pages-deployment
        """
        if (now := self.client.deadline.clock.now()) >= self.deployment_at + DEPLOYMENT_S:
            self.deployment_at = now
            url = f"{self.path}/deployments/{self.sha}"
            try:
                _, found = await self.client.read(lambda github: github.requester.requestJsonAndCheck("GET", url))
                self.deployment = str(found.get("status") or "")
            except GitHubRefused:
                self.deployment = ""
            except GitHubFailed:
                pass  # what was known before stays
        return bool(self.deployment) and self.deployment not in _FAILED

    async def _request_build(self) -> None:
        # Refused or unanswered: the page itself decides, and a build may be on its way all the same.
        with contextlib.suppress(GitHubFailed):
            path = f"{self.path}/builds"
            await self.client.write(lambda github: github.requester.requestJsonAndCheck("POST", path))


def _parse_build(body: str) -> Mapping[str, Any]:
    try:
        parsed = json.loads(body)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
