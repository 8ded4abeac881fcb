"""GitHub Pages: switch it on for a repository, and follow its builds."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from orchestrator.core.retry import ENABLE, STALE, Failure, Kind, Tries
from orchestrator.github.client import Client, GitHubRefused, Unsure
from orchestrator.github.repository import BRANCH
from orchestrator.targets.builds import Builds
from orchestrator.targets.target import Deployment, Release


@dataclass
class PagesTarget:
    """GitHub Pages of the release's own repository: a push is the deployment, and another commit is another one.

    `again`: makes that other commit.
    """

    client: Client
    release: Release
    again: Callable[[], Awaitable[Release]]
    title: str = "GitHub Pages"

    async def ensure_place(self) -> str:
        """Return the page's URL, switching Pages on where it is off."""
        return await enable_pages(self.client, self.release.full_name, is_new=self.release.is_new)

    async def find_deployment(self) -> Deployment:
        """Return the build that GitHub starts for every push."""
        release = self.release
        builds = builds_of(self.client, release.full_name, release.head, is_replay=release.is_replay)
        return Deployment(f"another commit: {release.head}", release.head, release.expected, builds)

    async def deploy(self) -> Deployment:
        """Make another commit: GitHub never repeats a build that failed."""
        self.release = await self.again()
        return await self.find_deployment()

    async def finish(self) -> str:
        """Return nothing: all is done."""
        return ""


async def enable_pages(client: Client, full_name: str, *, is_new: bool) -> str:
    """Return the site's URL, switching Pages on where it is off. `is_new`: it cannot be on yet.

    Raises GitHubRefused, at once where GitHub refuses for good.
    """
    path = f"/repos/{full_name}/pages"
    if not is_new and (url := await _fetch_site_url(client, path)):
        return url
    source = {"build_type": "legacy", "source": {"branch": BRANCH, "path": "/"}}
    tries = Tries(ENABLE, client.deadline.clock.now)
    while True:
        try:
            _, made = await client.write(
                lambda github: github.requester.requestJsonAndCheck("POST", path, input=source)
            )
            return str(made["html_url"])
        except GitHubRefused as error:
            wait = tries.next_delay(STALE if _is_of_the_moment(error) else Failure(Kind.REFUSED))
            failed: GitHubRefused | Unsure = error
        except Unsure as error:
            wait, failed = tries.next_delay(Failure(Kind.OUTAGE)), error
        # After a 409 it is on already, and after no answer it may be.
        is_perhaps_on = isinstance(failed, Unsure) or failed.status == 409
        if is_perhaps_on and (url := await _fetch_site_url(client, path)):
            return url
        if wait is None or wait >= client.deadline.remaining:
            raise failed
        await client.deadline.clock.sleep(wait)


def _is_of_the_moment(error: GitHubRefused) -> bool:
    """Whether GitHub does not see the branch of the first commit yet; a plan or a policy refuses for good.

    https://github.com/integrations/terraform-provider-github/issues/2671
    """
    words = error.detail.lower()
    return error.status == 409 or (error.status == 422 and "must" in words and "exist" in words)


async def _fetch_site_url(client: Client, path: str) -> str | None:
    try:
        _, found = await client.read(lambda github: github.requester.requestJsonAndCheck("GET", path))
    except GitHubRefused as error:
        if error.status == 404:
            return None
        raise
    return str(found["html_url"])


def builds_of(client: Client, full_name: str, sha: str, *, is_replay: bool) -> Builds:
    """Return what follows how far Pages is with a commit. `is_replay`: an earlier run waited for it already."""
    return Builds(client, f"/repos/{full_name}/pages", sha, is_replay)
