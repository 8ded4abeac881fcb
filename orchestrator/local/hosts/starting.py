"""The other hosts of one machine: what they are started with, and what the workflow is told of them."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from starlette.types import ASGIApp

from orchestrator.local.faults import Faults
from orchestrator.local.files import load_or_write
from orchestrator.local.hosts.netlify import create_netlify_app
from orchestrator.local.hosts.shelf import Shelf
from orchestrator.local.hosts.vercel import create_vercel_app

NAMES = ("pages", "netlify", "vercel")
"""The targets that are configured on one machine: all."""


@dataclass(frozen=True)
class OtherHosts:
    """Netlify and Vercel at two addresses. `token`: the one that opens both."""

    netlify: Shelf
    vercel: Shelf
    token: str = field(repr=False)

    @property
    def apps(self) -> tuple[ASGIApp, ASGIApp]:
        """What answers at the two addresses."""
        return create_netlify_app(self.netlify), create_vercel_app(self.vercel)

    @property
    def secrets(self) -> Mapping[str, str]:
        """The secrets of job `publish`."""
        return {"NETLIFY_TOKEN": self.token, "VERCEL_TOKEN": self.token}

    @property
    def variables(self) -> Mapping[str, str]:
        """The variables of the workflow."""
        return {
            "NETLIFY_API_URL": f"{self.netlify.url}/api/v1",
            "VERCEL_API_URL": self.vercel.url,
            "VERCEL_SITE_URL": f"{self.vercel.url}/live/{{alias}}/",
        }


def create_other_hosts(state: Path, urls: tuple[str, str], delay: float, faults: Faults) -> OtherHosts:
    """Return the hosts that keep everything in `state`, their token too: their sites are found again with it."""
    token = load_or_write(state / "host_token", lambda: f"host_{secrets.token_hex(20)}")
    netlify, vercel = (
        Shelf(state / name, url, token, delay, faults=faults) for name, url in zip(NAMES[1:], urls, strict=True)
    )
    return OtherHosts(netlify, vercel, token)
