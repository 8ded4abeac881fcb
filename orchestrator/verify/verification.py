"""Site + checks -> Report: served as Pages will serve it, opened in a browser that has no other way out."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from playwright.async_api import Browser

from orchestrator.record import Record
from orchestrator.site import Site
from orchestrator.task import Check, Task
from orchestrator.verify.browser import Limits, Report, inspect
from orchestrator.verify.checks import Asked
from orchestrator.verify.server import serving


def asked_so_far(task: Task, record: Record | None) -> Asked:
    """Return the checks of all rounds: what an earlier one asked for shall still hold."""
    rounds = record.rounds if record else ()
    earlier = [(entry.round, Check(text=text)) for entry in rounds for text in entry.checks if entry.round < task.round]
    return [*earlier, *((task.round, check) for check in task.checks)]


async def verify(
    site: Site,
    base: str,
    asked: Asked,
    limits: Limits,
    opening: Callable[[str], AbstractAsyncContextManager[Browser]],
    cdn_mirror: Path | None = None,
) -> Report:
    """Serve `site` under `/<base>/` and report what a browser saw. `opening`: opens one for a URL."""
    with serving(site, base) as url:
        async with opening(url) as chrome:
            return await inspect(chrome, url, asked, limits, cdn_mirror)
