"""Which repositories publish to Pages, and how far each of their builds has come.

A build takes `delay` seconds; for the first half of them the API does not name it yet. Nothing runs meanwhile: what a
build's state is, is worked out from the clock when someone asks, so a restart in the middle of a build changes nothing.

Two things are as on GitHub: a commit whose build failed never succeeds, however often it is built again, and a build
that is asked for while another one of the same commit is under way fails.
https://github.com/actions/deploy-pages/issues/383
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from orchestrator.local.files import write_atomically
from orchestrator.local.runs import now
from orchestrator.local.store import Store, StoredRepository


@dataclass(frozen=True, slots=True)
class PagesBuild:
    """One build of one commit, started at `created_at`.

    `error`: why it comes to nothing, and what was served stays. `is_final`: so does every other build of the commit.
    """

    number: int
    commit: str
    created_at: datetime
    error: str | None = None
    is_final: bool = False


@dataclass(frozen=True, slots=True)
class PagesSite:
    """A repository's Pages configuration (`path` is "/" or "/docs") and its builds, oldest first.

    `missed`: a head that no build was started for, and none is until one is asked for.
    """

    repository: str
    branch: str
    path: str
    builds: tuple[PagesBuild, ...] = ()
    missed: str = ""


Trouble = Literal["errored", "missed"]
"""What befalls a push: its build fails, or none is started for it. Both were seen on GitHub."""

FAILED = "Page build failed."
IN_PROGRESS = "Deployment request failed for {} due to in progress deployment. Please cancel it or wait for it."

_SITE: TypeAdapter[PagesSite] = TypeAdapter(PagesSite)


class PagesSites:
    """All Pages sites, kept in `root`. `delay` in seconds; `clock` returns the time in UTC.

    `troubles`: what befalls the next heads and builds, in this order; forgotten with a restart. `registers_after`: the
    seconds before the API names a build, where it is not half of `delay`; the other half comes behind.
    """

    def __init__(self, root: Path, store: Store, delay: float, clock: Callable[[], datetime] = now) -> None:
        self._root = root
        self._store = store
        self._clock = clock
        self._lock = threading.RLock()
        self.delay = timedelta(seconds=delay)
        self.registers_after: timedelta | None = None
        self.troubles: list[Trouble] = []
        saved = (_SITE.validate_json(path.read_bytes()) for path in root.glob("*/*.json"))
        self._sites = {site.repository: site for site in saved}

    def enable(self, repository: StoredRepository, branch: str, path: str) -> PagesSite:
        """Publish `branch` from now on; its head is built at once."""
        with self._lock:
            self._save(PagesSite(repository.full_name, branch, path))
            return self.refresh_site(repository) or self._sites[repository.full_name]

    def refresh_site(self, repository: StoredRepository) -> PagesSite | None:
        """Return the site, or None if Pages is off.

        A head that has no build yet gets one here: a commit counts however it came, also by `git push`.
        """
        with self._lock:
            site = self._sites.get(repository.full_name)
            head = self._store.resolve_head(repository, site.branch) if site else None
            if site and head and head not in (site.missed, *(build.commit for build in site.builds[-1:])):
                if self.troubles[:1] == ["missed"]:
                    self.troubles.pop(0)
                    return self._save(replace(site, missed=head))
                return self._start_build(site, head)
            return site

    def rebuild(self, repository: StoredRepository) -> PagesBuild | None:
        """Build the head again, as asked; None if Pages is off."""
        with self._lock:
            site = self.refresh_site(repository)
            if not site:
                return None
            head = self._store.resolve_head(repository, site.branch)
            return self._start_build(site, head).builds[-1] if head else None

    def registered_builds(self, site: PagesSite) -> tuple[PagesBuild, ...]:
        """Return the builds that the API already names, newest first."""
        moment, unseen = self._clock(), self._unseen
        return tuple(build for build in reversed(site.builds) if moment >= build.created_at + unseen)

    def build_status(self, build: PagesBuild) -> Literal["building", "built", "errored"]:
        """Return how far the build is."""
        if self._clock() < build.created_at + self.duration:
            return "building"
        return "built" if build.error is None else "errored"

    @property
    def duration(self) -> timedelta:
        """How long a build takes."""
        return self._unseen + self.delay / 2

    @property
    def _unseen(self) -> timedelta:
        return self.delay / 2 if self.registers_after is None else self.registers_after

    def find_served_build(self, site: PagesSite) -> PagesBuild | None:
        """Return the build whose files are being served, or None before the first one is done."""
        return next((build for build in reversed(site.builds) if self.build_status(build) == "built"), None)

    def _start_build(self, site: PagesSite, head: str) -> PagesSite:
        same = [build for build in site.builds if build.commit == head]
        error, is_final = None, False
        if final := next((build for build in same if build.is_final), None):
            error, is_final = final.error, True
        elif any(self.build_status(build) == "building" for build in same):
            error = IN_PROGRESS.format(head)
        elif self.troubles[:1] == ["errored"]:
            self.troubles.pop(0)
            error, is_final = FAILED, True
        build = PagesBuild(len(site.builds) + 1, head, self._clock(), error, is_final)
        return self._save(replace(site, builds=(*site.builds, build)))

    def _save(self, site: PagesSite) -> PagesSite:
        write_atomically(self._root / f"{site.repository}.json", _SITE.dump_json(site))
        self._sites[site.repository] = site
        return site
