"""A GitHub on one machine, API and Pages on one real socket, that counts what is asked of it."""

import asyncio
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from orchestrator.core.loopback import bind, listener_url, serving
from orchestrator.github.client import Client
from orchestrator.local.api.app import create_api_app
from orchestrator.local.faults import Fault, Faults
from orchestrator.local.github import Account, LocalGitHub, create_github
from orchestrator.local.pages import create_pages_app
from orchestrator.local.tokens import Token, Tokens
from tests.doubles import history
from tests.doubles.clock import FastClock

TOKEN = "token-of-octo"
READER = "token-that-reads"
WRITES = dict.fromkeys(("administration", "contents", "pages", "actions"), "write")


class Host(threading.Thread):
    """One socket, served by a thread of its own; what app answers there can be changed at any time."""

    def __init__(self) -> None:
        super().__init__()
        self._listener = bind()
        self._loop = asyncio.new_event_loop()
        self._stopped = asyncio.Event()
        self.url = listener_url(self._listener)
        self.app: ASGIApp | None = None

    def run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self.join()

    async def _serve(self) -> None:
        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            assert self.app
            await self.app(scope, receive, send)

        async with serving(answer, self._listener):
            await self._stopped.wait()


def fault(path: str, **fields: Any) -> Fault:
    """Return a fault in the words of a faults file."""
    return Fault.model_validate({"path": path, **fields})


@contextmanager
def hosting() -> Iterator[Host]:
    """Run one host for many hubs: starting and stopping a server takes longer than most tests."""
    host = Host()
    host.start()
    yield host
    host.stop()


@dataclass
class Hub:
    """The local GitHub of one test. `calls`: method and path of what was asked of the API."""

    host: Host
    github: LocalGitHub
    time: FastClock
    calls: list[tuple[str, str]] = field(default_factory=list)
    hooks: dict[tuple[str, str], Callable[[], None]] = field(default_factory=dict)

    def fail(self, *faults: Fault) -> None:
        """From now on, and from a count of zero, calls fail as `faults` say."""
        self.github = replace(self.github, faults=Faults(faults))
        routes = [Mount("/live", create_pages_app(self.github)), Mount("/", create_api_app(self.github))]
        self.host.app = self._counted(Starlette(routes=routes))

    def before(self, method: str, pattern: str, act: Callable[[], None]) -> None:
        """Have `act` happen once, just before the first matching call."""
        self.hooks[method, pattern] = act

    def _counted(self, app: ASGIApp) -> ASGIApp:
        async def counting(scope: Scope, receive: Receive, send: Send) -> None:
            method, path = scope["method"], scope["path"]
            for kind in [kind for kind in self.hooks if kind[0] == method and re.search(kind[1], path)]:
                await asyncio.to_thread(self.hooks.pop(kind))
            if not path.startswith("/live/"):
                self.calls.append((method, path))
            await app(scope, receive, send)

        return counting

    @property
    def writes(self) -> list[str]:
        return [f"{method} {path}" for method, path in self.calls if method != "GET"]

    @property
    def reads(self) -> list[str]:
        return [f"GET {path}" for method, path in self.calls if method == "GET"]

    def client(self, token: str = TOKEN, seconds: float = 600) -> Client:
        return Client(self.host.url, token, self.time.deadline(seconds))

    def seed(self, name: str, files: dict[str, bytes], message: str = "First") -> str:
        return self.github.store.seed("octo", name, files, message).sha

    def head(self, name: str) -> str | None:
        found = self.github.store.find_repository("octo", name)
        return self.github.store.resolve_head(found) if found else None

    def messages(self, name: str) -> list[str]:
        return history.messages(self.github.store, "octo", name)

    def files(self, name: str) -> dict[str, bytes]:
        return history.files(self.github.store, "octo", name)


def hub_on(host: Host, folder: Path, delay: float = 2) -> Hub:
    """Return an empty GitHub whose state lies in `folder`; a Pages build takes `delay` seconds of the test's clock."""
    time = FastClock()
    tokens = Tokens(Token(TOKEN, "octo", WRITES), Token(READER, "octo", {"contents": "read", "metadata": "read"}))
    account = Account("octo", tokens, host.url, f"{host.url}/live")
    github = create_github(folder / "github", account, pages_delay=delay, clock=time.utc)
    hub = Hub(host, github, time)
    hub.fail()
    return hub
