"""What every place that sites go live at has in common: the place itself, and how one commit comes to be served there.

`ensure_place` and `deploy` look before they write, so that both may be called again after anything: a run that was
killed in the middle, or an answer that was lost.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from orchestrator.core.errors import HostFailed


class DeploymentLost(HostFailed):
    """Nothing more comes of this deployment; another one may go live."""


@dataclass(frozen=True)
class Release:
    """The commit that is to go live: the `head` of a repository of ours.

    `keys`: those that say whose the site is, the present one first. `request`: which one the head answers, in `round`.
    `expected`: path -> blob id of what is new at the head, the record among it. `is_new`: the repository was made just
    now; `is_replay`: the head was made by an earlier run.
    """

    full_name: str
    head: str
    keys: tuple[str, ...]
    request: str
    round: int
    expected: Mapping[str, str]
    is_new: bool = False
    is_replay: bool = False

    @property
    def name(self) -> str:
        """Name of the repository."""
        return self.full_name.partition("/")[2]


class DeploymentProgress(Protocol):
    """How far one deployment is. `url`: where it is to be served, empty while nobody knows."""

    url: str

    @property
    def reason(self) -> str:
        """What the host says of it."""

    async def check_progress(self) -> None:
        """Ask how far it is; raise DeploymentLost where nothing more comes."""


@dataclass(frozen=True)
class Deployment:
    """One try to bring a commit live. `name`: what people call the try.

    `expected`: what the host serves once `sha` is live, path -> blob id, the record among them.
    """

    name: str
    sha: str
    expected: Mapping[str, str]
    progress: DeploymentProgress


class PublishTarget(Protocol):
    """Where one commit of one site goes live. `title`: what people call the host."""

    title: str

    async def ensure_place(self) -> str:
        """Make sure that there is a place for the site; return its URL, empty where the host tells it later."""

    async def find_deployment(self) -> Deployment | None:
        """Return the deployment of the commit that was made already and did not fail."""

    async def deploy(self) -> Deployment:
        """Deploy, also where an earlier deployment was lost."""

    async def finish(self) -> str:
        """Do what is left to do once the site is live; return what a person should know of it, empty if nothing."""
