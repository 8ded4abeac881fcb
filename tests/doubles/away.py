"""A host of sites that is not GitHub, on a socket of its own, that counts what is asked of its API."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from starlette.types import ASGIApp, Receive, Scope, Send

from orchestrator.core.settings import Hosts
from orchestrator.local.faults import Fault, Faults
from orchestrator.local.hosts.netlify import create_netlify_app
from orchestrator.local.hosts.shelf import Shelf
from orchestrator.local.hosts.vercel import STANDARD, create_vercel_app
from tests.doubles.clock import FastClock
from tests.doubles.hub import Host

HOST_TOKEN = "token-of-a-whole-account"
Kind = Literal["netlify", "vercel"]


@dataclass
class Away:
    """The host of one test. `calls`: method and path of what was asked of its API, sites left out."""

    kind: Kind
    host: Host
    shelf: Shelf
    protection: str = STANDARD
    calls: list[str] = field(default_factory=list)

    def fail(self, *faults: Fault) -> None:
        """From now on, and from a count of zero, calls fail as `faults` say."""
        self.shelf.faults = Faults(faults)
        shelf, protection = self.shelf, self.protection
        app: ASGIApp = create_netlify_app(shelf) if self.kind == "netlify" else create_vercel_app(shelf, protection)

        async def counting(scope: Scope, receive: Receive, send: Send) -> None:
            if not scope["path"].startswith("/live/"):
                self.calls.append(f"{scope['method']} {scope['path']}")
            await app(scope, receive, send)

        self.host.app = counting

    @property
    def uploads(self) -> list[str]:
        return [call for call in self.calls if call.startswith("PUT") or call == "POST /v2/files"]

    @property
    def deployments(self) -> list[dict[str, Any]]:
        """Everything that was deployed to production, the newest first."""
        if self.kind == "netlify":
            return [one for one in self.shelf.list_entries("deploy") if one["branch"] == "main"]
        return self.shelf.list_entries("deployment")

    @property
    def settings(self) -> dict[str, str]:
        """What job `publish` is told of this host."""
        url = self.host.url
        if self.kind == "netlify":
            return {"NETLIFY_API_URL": f"{url}/api/v1", "NETLIFY_TOKEN": HOST_TOKEN}
        site_url = f"{url}/live/{{alias}}/"
        return {"VERCEL_API_URL": url, "VERCEL_TOKEN": HOST_TOKEN, "VERCEL_SITE_URL": site_url}

    @property
    def hosts(self) -> Hosts:
        """The same as a record."""
        url = self.host.url
        if self.kind == "netlify":
            return Hosts(netlify_token=HOST_TOKEN, netlify_api_url=f"{url}/api/v1")
        return Hosts(vercel_token=HOST_TOKEN, vercel_api_url=url, vercel_site_url=f"{url}/live/{{alias}}/")


def away_on(kind: Kind, host: Host, folder: Path, time: FastClock) -> Away:
    """Return an empty host whose state lies in `folder`; a deployment takes 4 seconds of the test's clock."""
    away = Away(kind, host, Shelf(folder / kind, host.url, HOST_TOKEN, 4, time.utc))
    away.fail()
    return away
