"""Between an answer and the browser: a React or Vue app is bundled, or its errors are the findings of the attempt."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.core.errors import UsageError
from orchestrator.core.events import Emit, emit_group
from orchestrator.core.report import Finding, Report
from orchestrator.core.scaffold import Framework, find_entries, is_bundled
from orchestrator.core.site import Site

if TYPE_CHECKING:
    from orchestrator.frameworks.bundle import Bundled
    from orchestrator.frameworks.toolchain import Toolchain


@dataclass
class Bundling:
    """Makes the bundles of one assignment. `known`: digest of a site -> what came of it."""

    framework: Framework
    cache: Path | None
    emit: Emit
    known: "dict[str, Bundled]" = field(default_factory=dict)
    _installing: "asyncio.Task[Toolchain] | None" = None

    def begin_installing(self) -> None:
        """Have the bundler installed while the models write, so that nobody waits for it."""
        if self._installing is None and is_bundled(self.framework):
            self._installing = asyncio.create_task(_install(self.cache))
            # Where no app comes to be bundled nobody asks what became of it.
            self._installing.add_done_callback(lambda task: task.cancelled() or task.exception())

    async def end(self) -> None:
        """Leave nothing running."""
        if self._installing is not None:
            self._installing.cancel()
            await asyncio.gather(self._installing, return_exceptions=True)

    def find_framework(self, site: Site, *, is_fallback: bool) -> Framework:
        """Return what a site is built with: the template's page has no sources where no app was there before."""
        return "vanilla" if is_fallback and not find_entries(site.files) else self.framework

    async def add_bundle(self, site: Site) -> tuple[Site, tuple[Finding, ...]]:
        """Return the site with its bundle, or as it is with what keeps it from being bundled. Raises UsageError."""
        # Imported here: most sites are not bundled.
        from orchestrator.frameworks.bundle import Bundled, bundle_sources  # noqa: PLC0415
        from orchestrator.frameworks.idioms import find_idioms  # noqa: PLC0415

        digest = site.digest()
        if digest not in self.known:
            self.begin_installing()
            assert self._installing is not None  # noqa: S101 - only a framework's site comes here
            with emit_group(self.emit, "Bundle it"):
                toolchain = await self._installing
                found = tuple(find_idioms(site.files))
                made = await bundle_sources(toolchain, site.files)
                self.known[digest] = Bundled({} if found else made.files, (*found, *made.findings))
        known = self.known[digest]
        return site.with_changes(known.files), known.findings


async def _install(cache: Path | None) -> "Toolchain":
    from orchestrator.frameworks.toolchain import install_toolchain  # noqa: PLC0415

    if cache is None:
        raise UsageError("There is no folder for the bundler's packages.", "Set HOME or XDG_CACHE_HOME.")
    return await install_toolchain(cache)


def is_unbuilt(report: Report) -> bool:
    """Whether no browser could be shown anything, because there is no bundle."""
    return any(finding.kind == "build" for finding in report.findings)
