"""Which target a task goes to, and what it takes to get there."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx

from orchestrator.core.errors import UsageError
from orchestrator.core.settings import Hosts
from orchestrator.core.task import TargetName
from orchestrator.github.client import Client
from orchestrator.github.repository import download_files
from orchestrator.targets.hosting import HostAccount, HostAPI
from orchestrator.targets.netlify import NetlifyTarget
from orchestrator.targets.pages import PagesTarget
from orchestrator.targets.stamp import public_files
from orchestrator.targets.target import PublishTarget, Release
from orchestrator.targets.vercel import VercelTarget


def check_configured(name: TargetName, hosts: Hosts) -> None:
    """Raise UsageError where nothing could go live at this target, before anything is written."""
    if name != "pages" and not account_of(name, hosts).token:
        account = account_of(name, hosts)
        raise UsageError(
            f"The target {name} is not configured.",
            f"Store {account.setting} as a secret of the environment `publish`, or send the task with another target.",
            f"The target {name} is not configured. Send the task with another target.",
        )


def account_of(name: TargetName, hosts: Hosts) -> HostAccount:
    """Return who asks at a host that is not GitHub."""
    if name == "netlify":
        return HostAccount("Netlify", "NETLIFY_TOKEN", hosts.netlify_api_url, hosts.netlify_token)
    return HostAccount("Vercel", "VERCEL_TOKEN", hosts.vercel_api_url, hosts.vercel_token)


@asynccontextmanager
async def open_target(
    name: TargetName, release: Release, hosts: Hosts, client: Client, again: Callable[[], Awaitable[Release]]
) -> AsyncIterator[PublishTarget]:
    """Return the target of a release. `again`: makes another commit of the same, for GitHub Pages.

    What goes elsewhere is read back from the commit itself: one read.
    """
    if name == "pages":
        yield PagesTarget(client, release, again)
        return
    files = public_files(await download_files(client, release.full_name, release.head))
    async with httpx.AsyncClient(trust_env=False) as http:
        api = HostAPI(http, account_of(name, hosts), client.deadline)
        if name == "netlify":
            yield NetlifyTarget(api, release, files)
        else:
            yield VercelTarget(api, release, files, hosts.vercel_site_url, is_public=hosts.vercel_public)
