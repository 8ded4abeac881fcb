"""GitHub on one machine, as one value: what the API, the Pages host and the engine share."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from orchestrator.local.configuration import Configurations
from orchestrator.local.faults import Faults
from orchestrator.local.limits import RateLimits
from orchestrator.local.runs import OnChange, Run, Runs, ignore_change, now
from orchestrator.local.sites import PagesSites
from orchestrator.local.store import Store, StoredRepository
from orchestrator.local.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Dispatch:
    """An accepted dispatch. `payload` is the event as a run finds it in GITHUB_EVENT_PATH.

    `workflow` is the file's path for a workflow_dispatch and None for a repository_dispatch, which goes to
    every workflow that listens to it.
    """

    repository: StoredRepository
    event: Literal["repository_dispatch", "workflow_dispatch"]
    actor: str
    branch: str
    workflow: str | None
    payload: Mapping[str, Any]


OnDispatch = Callable[[Dispatch], Awaitable[Run | None]]


async def ignore_dispatch(_: Dispatch) -> None:
    """Start nothing: GitHub takes dispatches that no workflow listens to as well."""


class OnRerun(Protocol):
    """Runs a completed run again; `failed_only`: the jobs that failed, and what needs them."""

    async def __call__(self, run_id: int, *, failed_only: bool = False) -> Run | None:
        """Queue it."""


async def ignore_rerun(run_id: int, *, failed_only: bool = False) -> None:
    """Run nothing again."""


async def ignore_cancel(_: int) -> bool:
    """Cancel nothing: nothing runs."""
    return False


def no_handover(_: int) -> None:
    """Return where a run leaves its artifacts: nowhere."""


def no_summary(_: int) -> str:
    """Return what the steps of no run have written."""
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalGitHub:
    """The parts. `api_url` and `pages_url` have no slash at the end; `owner` is the one account there is.

    `on_dispatch` is called once a dispatch is accepted and returns the run that was queued for it, if any; `on_rerun`
    with the id of a completed run that is to run again; `on_cancel` ends a run and says whether it was still going on;
    `summary_of` returns the Markdown that a run's steps wrote, `handover_of` the folder with a run's artifacts.
    """

    store: Store
    tokens: Tokens
    sites: PagesSites
    runs: Runs
    configurations: Configurations
    owner: str
    api_url: str
    pages_url: str
    faults: Faults = field(default_factory=Faults)
    limits: RateLimits = field(default_factory=RateLimits)
    on_dispatch: OnDispatch = ignore_dispatch
    on_rerun: OnRerun = ignore_rerun
    on_cancel: Callable[[int], Awaitable[bool]] = ignore_cancel
    summary_of: Callable[[int], str] = no_summary
    handover_of: Callable[[int], Path | None] = no_handover


@dataclass(frozen=True)
class Account:
    """Whose GitHub it is, and where it is: URLs without a slash at the end."""

    owner: str
    tokens: Tokens
    api_url: str
    pages_url: str


def create_github(
    data: Path,
    account: Account,
    *,
    pages_delay: float = 2,
    clock: Callable[[], datetime] = now,
    on_change: OnChange = ignore_change,
    **hooks: Any,
) -> LocalGitHub:
    """Return a GitHub that keeps everything in the folder `data`, and finds there what one before it left.

    `pages_delay`: seconds of `clock` that a Pages build takes; `on_change`: hears of every change of a run; `hooks`:
    any other field of a LocalGitHub.
    """
    # What is not a repository lies apart: `git clone DIR/owner/name.git` is how one gets at those.
    state, store = data / ".github", Store(data)
    state.mkdir(parents=True, exist_ok=True)
    return LocalGitHub(
        store=store,
        tokens=account.tokens,
        sites=PagesSites(state / "pages", store, pages_delay, clock),
        runs=Runs(state / "runs", on_change),
        configurations=Configurations(state / "configurations"),
        owner=account.owner,
        api_url=account.api_url,
        pages_url=account.pages_url,
        **hooks,
    )
