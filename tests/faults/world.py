"""The whole system for one test: receiver, GitHub, Pages and evaluator on real sockets, both jobs as processes.

Instead of act a runner of twenty lines runs the two commands that the workflow runs, so that a test can kill them at
any line of their log. What only act can show has its tests beside it.
"""

import asyncio
import json
import os
import sys
import tarfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from orchestrator.core.loopback import bind, listener_url, serving
from orchestrator.core.task import parse_request_id
from orchestrator.local.api import create_api_app
from orchestrator.local.faults import Fault
from orchestrator.local.github import Account, Dispatch, LocalGitHub, create_github
from orchestrator.local.pages import create_pages_app
from orchestrator.local.runs import Run
from orchestrator.local.tokens import Token, Tokens
from receiver.app import create_app
from receiver.github.client import GitHub, create_http_client
from receiver.settings import Settings
from tests.doubles import history
from tests.doubles.evaluator import Answer, Evaluator, evaluator

OWNER = "octo"
PIPELINE = f"{OWNER}/pipeline"
SECRET = "agreed-secret-of-the-faults"
TARGET_TOKEN, JOB_TOKEN, DISPATCH_TOKEN = "token-that-writes", "token-of-the-job", "token-that-dispatches"
CSV = "data:text/csv;base64,c2FsZXMKNDIK"
TASK = "sum-of-sales"
PAGES_DELAY_S = 0.2


@dataclass(frozen=True)
class Ran:
    """What one run of the workflow came to: exit codes of both jobs (None: killed, or not run), and their logs."""

    build: int | None
    publish: int | None
    log: str


@dataclass
class World:
    """Everything, and what may be done to it. `asked`: method and path of each call to GitHub's API."""

    github: LocalGitHub
    folder: Path
    told: Evaluator
    door: httpx.AsyncClient
    dispatched: list[dict[str, Any]]
    settings: dict[str, str] = field(default_factory=dict)
    runs: int = 0
    asked: list[str] = field(default_factory=list)

    def fail(self, *faults: Mapping[str, Any]) -> None:
        """From now on calls to GitHub fail as told, in the words of a faults file."""
        self.github.faults.replace([Fault.model_validate(fault) for fault in faults])

    def request(self, **changes: Any) -> dict[str, Any]:
        """Return what an evaluator POSTs."""
        return {
            "email": "ann@example.com",
            "secret": SECRET,
            "task": TASK,
            "round": 1,
            "nonce": "nonce-1",
            "brief": "Show the sum of data.csv.",
            "checks": [{"js": "document.body.innerText.includes('42')"}],
            "evaluation_url": self.told.url,
            "attachments": [{"name": "data.csv", "url": CSV}],
            **changes,
        }

    async def send(self, **changes: Any) -> httpx.Response:
        """POST a task to the receiver."""
        return await self.door.post("/api-endpoint", json=self.request(**changes))

    async def deliver(self, *, built: Path | None = None, **changes: Any) -> Ran:
        """POST a task and run the workflow for it. `built`: what an earlier build of it handed over."""
        answer = await self.send(**changes)
        assert answer.status_code == 200, answer.text
        return await self.run(self.dispatched[-1], built=built)

    async def run(
        self, payload: Mapping[str, Any], *, built: Path | None = None, attempt: int = 1, kill: "Kill | None" = None
    ) -> Ran:
        """Run both jobs for an event, `publish` alone where something is `built`; `kill`: when a job is killed."""
        self.runs += 1
        folder = self.folder / f"run-{self.runs}"
        folder.mkdir()
        event = folder / "event.json"
        event.write_text(json.dumps({"client_payload": payload}), encoding="utf-8")
        moment, code, said = kill or Kill(), None, ""
        if built is None:
            out = folder / "out"
            code, said = await self._job(["build", "--event", str(event), "--out", str(out)], attempt, moment)
            if code is None:  # the runner died
                return Ran(None, None, said)
            built = folder / "handover"
            built.mkdir()
            with tarfile.open(built / "build.tar", "w") as tar:
                tar.add(out, ".")
        published, more = await self._job(["publish", "--event", str(event), "--build", str(built)], attempt, moment)
        return Ran(code, published, said + more)

    @property
    def handed_over(self) -> Path:
        """Where the last run's job `build` left what it handed over."""
        return self.folder / f"run-{self.runs}" / "handover"

    async def _job(self, command: Sequence[str], attempt: int, kill: "Kill") -> tuple[int | None, str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "orchestrator", *command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=self._environment(attempt),
            limit=2**20,
        )
        assert process.stdout
        loop, said = asyncio.get_running_loop(), list[str]()
        timer = loop.call_at(kill.at, process.kill) if kill.at else None
        async for line in process.stdout:
            said.append(line.decode(errors="replace"))
            if kill.is_now(command[0], said):
                process.kill()
        code = await process.wait()
        if timer:
            timer.cancel()
        return (None if code < 0 else code), "".join(said)

    def _environment(self, attempt: int) -> dict[str, str]:
        # Not measured for coverage: each of them imports more than it runs, and other tests run every line.
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "BROWSER") if name in os.environ}
        return {
            **kept,
            "GITHUB_API_URL": self.github.api_url,
            "GITHUB_SERVER_URL": self.github.api_url,
            "GITHUB_REPOSITORY": PIPELINE,
            "GITHUB_REPOSITORY_OWNER": OWNER,
            "GITHUB_RUN_ID": str(self.runs),
            "GITHUB_RUN_ATTEMPT": str(attempt),
            "GITHUB_STEP_SUMMARY": str(self.folder / f"run-{self.runs}" / "summary.md"),
            "GITHUB_TOKEN": JOB_TOKEN,
            "TARGET_TOKEN": TARGET_TOKEN,
            "ALLOW_PRIVATE_URLS": "true",
            **self.settings,
        }

    def messages(self, name: str = TASK) -> list[str]:
        return history.messages(self.github.store, OWNER, name)

    def answered(self, name: str = TASK) -> list[str]:
        """Return the requests that commits answer, newest first."""
        return [request for message in self.messages(name) if (request := parse_request_id(message))]

    def files(self, name: str = TASK) -> dict[str, bytes]:
        return history.files(self.github.store, OWNER, name)

    async def live(self, path: str = "", name: str = TASK) -> httpx.Response:
        """Return what Pages serves."""
        async with httpx.AsyncClient(trust_env=False) as http:
            return await http.get(f"{self.github.pages_url}/{OWNER}/{name}/{path}")


@dataclass
class Kill:
    """When a job is killed: at its so-manieth step boundary, or `at` a moment of the loop's clock; else never."""

    job: str = ""
    boundary: int = 0
    at: float = 0

    def is_now(self, job: str, said: Sequence[str]) -> bool:
        """Whether the line that was just said is the boundary."""
        boundaries = [line for line in said if line.startswith(("::group::", "::endgroup::"))]
        return job == self.job and len(boundaries) >= self.boundary


@asynccontextmanager
async def world(folder: Path, *answers: Answer) -> AsyncIterator[World]:
    """Run everything for as long as the block runs. `answers`: of the evaluator, 200 unless told otherwise."""
    dispatched: list[dict[str, Any]] = []
    asked: list[str] = []

    def noted(app: ASGIApp) -> ASGIApp:
        async def note(scope: Scope, receive: Receive, send: Send) -> None:
            asked.append(f"{scope['method']} {scope['path']}")
            await app(scope, receive, send)

        return note

    async def taken(dispatch: Dispatch) -> Run | None:
        dispatched.append(dict(dispatch.payload["client_payload"]))
        return None

    sockets = [bind() for _ in range(3)]
    api_url, pages_url, door_url = map(listener_url, sockets)
    rights = dict.fromkeys(("administration", "contents", "pages"), "write")
    tokens = Tokens(
        Token(TARGET_TOKEN, OWNER, rights),
        Token(JOB_TOKEN, "github-actions[bot]", {"contents": "read"}, frozenset({PIPELINE})),
        Token(DISPATCH_TOKEN, OWNER, {"contents": "write", "actions": "read"}, frozenset({PIPELINE})),
    )
    account = Account(OWNER, tokens, api_url, pages_url)
    github = create_github(folder / "github", account, pages_delay=PAGES_DELAY_S, on_dispatch=taken)
    github.store.seed(OWNER, PIPELINE.partition("/")[2], {".github/workflows/build.yml": b"name: x"}, "The pipeline")
    settings = Settings(SECRET, DISPATCH_TOKEN, PIPELINE, OWNER, api_url=api_url, poll_s=0.05, read_s=2)
    async with AsyncExitStack() as stack:
        to_github = await stack.enter_async_context(aclosing(GitHub(settings, create_http_client())))
        apps: tuple[ASGIApp, ...] = (
            noted(create_api_app(github)),
            create_pages_app(github),
            create_app(settings, to_github),
        )
        for app, listener in zip(apps, sockets, strict=True):
            await stack.enter_async_context(serving(app, listener))
        told = await stack.enter_async_context(evaluator(*answers))
        door = await stack.enter_async_context(httpx.AsyncClient(base_url=door_url, trust_env=False, timeout=30))
        yield World(github, folder, told, door, dispatched, asked=asked)


class Lost(AssertionError):
    """A request that was accepted has no commit, or its evaluator was not told."""


class Doubled(AssertionError):
    """A request has more than one commit, or its evaluator was told different results."""


def settled(system: World, requests: int = 1) -> None:
    """State what must hold in the end: one commit a request, and the evaluator told its result, the same each time.

    And nothing was written to that is not the task's: the pipeline is as it was, and nobody else's commit is answered.
    """
    assert system.messages(PIPELINE.partition("/")[2]) == ["The pipeline"]
    assert set(system.answered()) <= {payload["id"] for payload in system.dispatched}
    answered, told = system.answered(), {body for body in system.told.bodies if b'"error"' not in body}
    if len(set(answered)) < requests or len(told) < requests:
        raise Lost(f"{len(set(answered))} answered and {len(told)} told of {requests}")
    if len(answered) > requests or len(told) > requests:
        raise Doubled(f"{len(answered)} commits and {len(told)} results for {requests}")
