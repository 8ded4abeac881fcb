"""`pagewright watch ID --pipeline OWNER/NAME`: the events of a task in a real pipeline, as GitHub tells of them."""

import asyncio
import contextlib

import httpx

from orchestrator.core.deadline import Clock
from orchestrator.core.settings import WatchSettings
from orchestrator.github.conditional import ConditionalApi
from orchestrator.watching.finding import find_request
from orchestrator.watching.following import RunFollower, follow_run
from orchestrator.watching.printing import Printer

REDIRECTS = 3
"""That are followed: the repository was renamed, and an artifact lies on another host."""


def run_pipeline_watch(request: str, settings: WatchSettings, clock: Clock, *, as_json: bool) -> int:
    """Print what happens to the task with the id `request` until its run is over. Raises UsageError, GitHubFailed."""
    with contextlib.suppress(BrokenPipeError):  # who reads has read enough
        asyncio.run(_watch(request, settings, clock, Printer(as_json)))
    return 0


async def _watch(request: str, settings: WatchSettings, clock: Clock, printer: Printer) -> None:
    headers = {"user-agent": "pagewright"}
    async with httpx.AsyncClient(trust_env=False, headers=headers, max_redirects=REDIRECTS) as http:
        url = f"{settings.api_url}/repos/{settings.pipeline}/actions"
        api = ConditionalApi(http, url, clock, settings.token)
        found = await find_request(request, api, settings.pipeline)
        async for stamped in follow_run(RunFollower(request, found, api, printer.warn)):
            printer.print_event(stamped)
