"""Site + checks -> Report: served as Pages will serve it, opened in a browser that has no other way out."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.record import Record
from orchestrator.site import Site
from orchestrator.task import Check, Task
from orchestrator.verify.browser import Limits, Report, can_sandbox, inspect, opened
from orchestrator.verify.server import serving

Asked = Sequence[tuple[int, Check]]
"""Checks, each with the round that asked for it."""


def asked_so_far(task: Task, record: Record | None) -> Asked:
    """Return the checks of all rounds: what an earlier one asked for shall still hold."""
    rounds = record.rounds if record else ()
    earlier = [(entry.round, Check(text=text)) for entry in rounds for text in entry.checks if entry.round < task.round]
    return [*earlier, *((task.round, check) for check in task.checks)]


async def verify(site: Site, base: str, asked: Asked, browser: Path | None, limits: Limits) -> Report:
    """Serve `site` under `/<base>/` and report what the browser saw. Raises UsageError where there is no browser."""
    with serving(site, base) as url:
        async with opened(browser, url) as chrome:
            report = await inspect(chrome, url, [check for _, check in asked], 0, limits)
    verdicts = zip(asked, report.checks, strict=True)
    return replace(report, checks=tuple(seen.model_copy(update={"round": number}) for (number, _), seen in verdicts))


def sandbox_note(*, is_github_hosted: bool) -> str | None:
    """Return what to say where the browser runs without its sandbox, None where it has one.

    Raises UsageError on GitHub's own runners: there the sandbox works, so whatever took it away is wrong.
    """
    if can_sandbox():
        return None
    if is_github_hosted:
        raise UsageError("The browser cannot use its sandbox as root.", "Run the job as the runner's own user.")
    return "The browser runs without its sandbox: it refuses to use it for root."
