"""Site + checks -> Report: served as Pages will serve it, opened in a browser that has no other way out."""

from collections.abc import Sequence
from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.site import Site
from orchestrator.task import Check
from orchestrator.verify.browser import Limits, Report, can_sandbox, inspect, opened
from orchestrator.verify.server import serving


async def verify(
    site: Site, base: str, asked: tuple[Sequence[Check], int], browser: Path | None, limits: Limits
) -> Report:
    """Serve `site` under `/<base>/` and report what the browser saw. `asked`: the checks and their round.

    Raises UsageError where there is no browser.
    """
    with serving(site, base) as url:
        async with opened(browser, url) as chrome:
            return await inspect(chrome, url, *asked, limits)


def sandbox_note(*, is_github_hosted: bool) -> str | None:
    """Return what to say where the browser runs without its sandbox, None where it has one.

    Raises UsageError on GitHub's own runners: there the sandbox works, so whatever took it away is wrong.
    """
    if can_sandbox():
        return None
    if is_github_hosted:
        raise UsageError("The browser cannot use its sandbox as root.", "Run the job as the runner's own user.")
    return "The browser runs without its sandbox: it refuses to use it for root."
