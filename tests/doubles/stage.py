"""A real browser in front of a site whose files a test replaces."""

from dataclasses import dataclass

from orchestrator.core.report import Report
from orchestrator.core.site import Site
from orchestrator.core.task import Check
from orchestrator.verify.browser import Cage
from orchestrator.verify.hearing import Target
from orchestrator.verify.inspection import inspect_page
from orchestrator.verify.limits import TimeLimits
from orchestrator.verify.server import ServedSite

HOME = (
    "<!doctype html><html lang=en><meta name=viewport content='width=device-width'><title>Sales</title>"
    "<h1 id=total>42</h1>"
)


@dataclass
class Stage:
    """One browser, and one site whose files each test replaces."""

    cage: Cage
    served: ServedSite

    @property
    def url(self) -> str:
        return self.served.url

    async def report(self, page: str, *checks: str | Check, limits: TimeLimits | None = None, **more: str) -> Report:
        named = {name.replace("_", "."): text for name, text in more.items()}
        files = {name: text.encode() for name, text in {"index.html": page, **named}.items()}
        self.served.site = Site(files)
        asked = [(1, check if isinstance(check, Check) else Check(text=check)) for check in checks]
        target = Target(self.url, files.keys())
        return await inspect_page(self.cage, target, asked, limits or TimeLimits(check=1))


def states(report: Report) -> list[str]:
    return [check.state for check in report.checks]


def findings(report: Report) -> list[tuple[str, str]]:
    return [(finding.kind, finding.text) for finding in report.findings]
