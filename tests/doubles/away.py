"""A host of sites that is not GitHub, on a socket of its own, that counts what is asked of its API."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orchestrator.core.settings import Hosts
from orchestrator.local.faults import Fault, Faults
from orchestrator.local.hosts.netlify import create_netlify_app
from orchestrator.local.hosts.shelf import Shelf
from orchestrator.local.hosts.vercel import STANDARD, create_vercel_app
from tests.doubles.clock import FastClock
from tests.doubles.hub import Host

HOST_TOKEN = "token-of-a-whole-account"
Kind = Literal["netlify", "vercel"]


@dataclass(frozen=True)
class Exchange:
    """One call to the API, and its answer; `answer` has all that came of it by now."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytearray = field(default_factory=bytearray)
    answer: bytearray = field(default_factory=bytearray)
    status: list[int] = field(default_factory=list)


@dataclass
class Away:
    """The host of one test. `exchanges`: what was asked of its API and answered; `calls`: method and path alone."""

    kind: Kind
    host: Host
    shelf: Shelf
    protection: str = STANDARD
    calls: list[str] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)

    def fail(self, *faults: Fault) -> None:
        """From now on, and from a count of zero, calls fail as `faults` say."""
        self.shelf.faults = Faults(faults)
        shelf, protection = self.shelf, self.protection
        app: ASGIApp = create_netlify_app(shelf) if self.kind == "netlify" else create_vercel_app(shelf, protection)

        async def counting(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["path"].startswith("/live/"):
                await app(scope, receive, send)
                return
            headers = {name.decode(): value.decode() for name, value in scope["headers"]}
            query = dict(parse_qsl(scope["query_string"].decode()))
            this = Exchange(scope["method"], scope["path"], query, headers)
            self.calls.append(f"{this.method} {this.path}")
            self.exchanges.append(this)

            async def note_body() -> Message:
                message = await receive()
                this.body.extend(message.get("body", b""))
                return message

            async def note_answer(message: Message) -> None:
                this.answer.extend(message.get("body", b""))
                this.status.extend([message["status"]] if "status" in message else [])
                await send(message)

            await app(scope, note_body, note_answer)

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
