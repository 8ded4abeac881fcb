"""A local GitHub in this process that counts the calls it gets, and an endpoint in place of a model."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from orchestrator.core.loopback import bind, listener_url, serving
from orchestrator.evaluator.inbox import Inbox, create_inbox_app
from orchestrator.local.api import create_api_app
from orchestrator.local.github import Account, create_github
from orchestrator.local.pages import create_pages_app
from orchestrator.local.tokens import Token, Tokens

OWNER = "bench"
PIPELINE = f"{OWNER}/pipeline"
PAGES_DELAY_S = 1
# Waiting for Pages; and where the API sends those who ask for a tarball, which is a host of its own on GitHub:
# https://docs.github.com/en/rest/repos/contents#download-a-repository-archive-tar
_FREE = re.compile(r"/repos/[^/]+/[^/]+/pages(/builds/latest)?|/codeload/.*")

Call = tuple[str, str]
"""Method and path."""


@dataclass
class Counted:
    """An app, and the calls that reached it."""

    app: ASGIApp
    calls: list[Call] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.calls.append((scope["method"], scope["path"]))
        await self.app(scope, receive, send)

    def taken(self) -> list[Call]:
        """Return the calls since the last time, and forget them."""
        calls, self.calls = self.calls, []
        return calls


def reads(calls: Sequence[Call]) -> int:
    """Return how many calls only read, those apart that wait for Pages."""
    return sum(method == "GET" and not _FREE.fullmatch(path) for method, path in calls)


def writes(calls: Sequence[Call]) -> int:
    """Return how many calls change something; the only GraphQL that is spoken is a mutation."""
    return sum(method != "GET" for method, _ in calls)


@dataclass(frozen=True)
class Hub:
    """Where the parts are. `api`: what reached the API; `env`: what Actions tells a job."""

    api: Counted
    evaluator: str
    target_token: str
    env: dict[str, str]


@asynccontextmanager
async def hub(folder: Path) -> AsyncIterator[Hub]:
    """Run GitHub's API, its Pages and an evaluator for as long as the block runs."""
    sockets = [bind() for _ in range(3)]
    api_url, pages_url, evaluator_url = map(listener_url, sockets)
    rights = dict.fromkeys(("administration", "contents", "pages"), "write")
    target = Token("token-that-writes", OWNER, rights)
    job = Token("token-of-the-job", "github-actions[bot]", {"contents": "read"}, frozenset({PIPELINE}))
    account = Account(OWNER, Tokens(target, job), api_url, pages_url)
    github = create_github(folder, account, pages_delay=PAGES_DELAY_S)
    github.store.seed(OWNER, PIPELINE.partition("/")[2], {"README.md": b"The pipeline"}, "First")
    api = Counted(create_api_app(github))
    env = {
        "GITHUB_API_URL": api_url,
        "GITHUB_SERVER_URL": api_url,
        "GITHUB_REPOSITORY": PIPELINE,
        "GITHUB_REPOSITORY_OWNER": OWNER,
        "GITHUB_TOKEN": job.value,
        "ALLOW_PRIVATE_URLS": "true",
    }
    async with AsyncExitStack() as stack:
        apps: tuple[ASGIApp, ...] = (api, create_pages_app(github), create_inbox_app(Inbox(), is_shown=False))
        for app, listener in zip(apps, sockets, strict=True):
            await stack.enter_async_context(serving(app, listener))
        yield Hub(api, f"{evaluator_url}/notify", target.value, env)


@asynccontextmanager
async def model_endpoint() -> AsyncIterator[tuple[str, asyncio.Future[float]]]:
    """Listen where an OpenAI-compatible model would; yields the base URL, and when it is first asked.

    Nothing is answered: what an answer leads to is not what is measured with it.
    """
    asked = asyncio.get_running_loop().create_future()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError):
            head = await reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"POST /v1/chat/completions ") and not asked.done():
                asked.set_result(time.perf_counter())
            await reader.read()  # until the other side is gone
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", asked


@asynccontextmanager
async def slow_models() -> AsyncIterator[str]:
    """Listen as two models that answer nobody in time: `hangs` says nothing, any other begins and never ends."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: *(\d+)", head)
            body = await reader.readexactly(int(length[1]) if length else 0)
            if b'"hangs"' in body:
                await reader.read()  # until the other side is gone
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n{")
            while not reader.at_eof():
                await asyncio.sleep(0.5)
                writer.write(b" ")
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
