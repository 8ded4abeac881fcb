"""A GitHub on one machine for each test; over real sockets where sockets are the point."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp

from orchestrator.local.api import create_api_app
from orchestrator.local.faults import Faults
from orchestrator.local.github import Account, Dispatch, LocalGitHub, create_github
from orchestrator.local.pages import create_pages_app
from orchestrator.local.runs import Run, Runs
from orchestrator.local.store import StoredRepository
from orchestrator.local.tokens import Token, Tokens
from tests.doubles.hub import Host

ALL = dict.fromkeys(("administration", "contents", "pages", "actions"), "write")
OWNER = Token("token-of-octo", "octo", ALL)
READER = Token("token-that-reads", "octo", {"contents": "read", "metadata": "read"})


@dataclass
class Clock:
    """Time that passes when it is told to."""

    now: datetime = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Engine:
    """Takes dispatches and queues a run for each, as the real engine does."""

    runs: Runs
    taken: list[Dispatch] = field(default_factory=list)

    async def __call__(self, dispatch: Dispatch) -> Run:
        self.taken.append(dispatch)
        return self.runs.create(
            Run(
                repository=dispatch.repository.full_name,
                event=dispatch.event,
                display_title=f"title {len(self.taken)}",
                name="Build",
                path=".github/workflows/build.yml",
                head_sha="0" * 40,
                head_branch=dispatch.branch,
                actor=dispatch.actor,
            )
        )


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def wait(clock: Clock) -> Callable[[float], None]:
    """Let so many seconds pass for Pages."""
    return clock.wait


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def restarted(tmp_path: Path, clock: Clock, faults: Faults) -> Callable[[], LocalGitHub]:
    """Return a GitHub that finds what the one before left in the same folder."""

    def start() -> LocalGitHub:
        account = Account("octo", Tokens(OWNER, READER), "http://api.test", "http://pages.test")
        github = create_github(tmp_path, account, clock=clock, faults=faults)
        return replace(github, on_dispatch=Engine(github.runs))

    return start


@pytest.fixture
def github(restarted: Callable[[], LocalGitHub]) -> LocalGitHub:
    return restarted()


@pytest.fixture
def taken(github: LocalGitHub) -> list[Dispatch]:
    """Return the dispatches that the engine got."""
    assert isinstance(github.on_dispatch, Engine)
    return github.on_dispatch.taken


@pytest.fixture
def site(github: LocalGitHub) -> StoredRepository:
    """Return the repository octo/site, with one commit."""
    github.store.seed("octo", "site", {"index.html": b"<h1>one</h1>", "docs/a.txt": b"a"}, "First")
    found = github.store.find_repository("octo", "site")
    assert found
    return found


def _client(app: ASGIApp, base_url: str, token: Token | None) -> httpx.AsyncClient:
    headers = {"authorization": f"Bearer {token.value}"} if token else {}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base_url, headers=headers)


@pytest.fixture
async def api(github: LocalGitHub) -> AsyncIterator[httpx.AsyncClient]:
    async with _client(create_api_app(github), github.api_url, OWNER) as http:
        yield http


@pytest.fixture
def as_octo() -> Callable[[LocalGitHub], httpx.AsyncClient]:
    """Return what makes a client of another GitHub, with octo's token."""
    return lambda github: _client(create_api_app(github), github.api_url, OWNER)


@pytest.fixture
async def anonymous(github: LocalGitHub) -> AsyncIterator[httpx.AsyncClient]:
    async with _client(create_api_app(github), github.api_url, None) as http:
        yield http


@pytest.fixture
async def pages(github: LocalGitHub) -> AsyncIterator[httpx.AsyncClient]:
    async with _client(create_pages_app(github), github.pages_url, None) as http:
        yield http


@pytest.fixture
def listening(host: Host, github: LocalGitHub) -> LocalGitHub:
    """The same GitHub with its API on a real socket."""
    listening = replace(github, api_url=host.url)
    host.app = create_api_app(listening)
    return listening
