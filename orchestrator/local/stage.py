"""Everything together on one machine: the receiver in front, GitHub in the middle, the evaluator behind."""

import asyncio
import json
import logging
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from orchestrator.core.deadline import Clock
from orchestrator.core.errors import UsageError
from orchestrator.core.events import JudgementEvent
from orchestrator.core.loopback import bind, listener_url, serving
from orchestrator.core.report import Build
from orchestrator.core.settings import cache_folder, evaluator_settings
from orchestrator.core.task import Task
from orchestrator.evaluator.course import Tools
from orchestrator.evaluator.inbox import Inbox, create_inbox_app
from orchestrator.evaluator.reach import Reach
from orchestrator.evaluator.records import Mark
from orchestrator.jobs import handover
from orchestrator.jobs.stream import FILE, Stream
from orchestrator.local.actions.engine import WORKFLOW, Engine, EngineSettings
from orchestrator.local.actions.telling import RunTeller, find_newest_run
from orchestrator.local.api import create_api_app
from orchestrator.local.faults import Faults
from orchestrator.local.files import load_or_write
from orchestrator.local.github import Account, Dispatch, LocalGitHub, OnDispatch, create_github
from orchestrator.local.hosts.starting import NAMES, OtherHosts, create_other_hosts
from orchestrator.local.pages import create_pages_app
from orchestrator.local.runs import Run
from orchestrator.local.store import Store
from orchestrator.local.tokens import Token, Tokens
from orchestrator.setup.wanted import select_values
from receiver.app import create_app
from receiver.github.client import GitHub, create_http_client
from receiver.settings import Settings, SettingsError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

OWNER = "local"
PIPELINE = f"{OWNER}/pagewright"
CHECKOUT = Path(__file__).parents[2]

# What TARGET_TOKEN needs, and what a person may do in the Actions tab: start a run by hand.
_TARGET_RIGHTS = dict.fromkeys(("administration", "contents", "pages", "actions"), "write")


@dataclass(frozen=True)
class LocalOptions:
    """What the command line says. Port 0 is any free one; `pages_delay` in seconds."""

    receiver_port: int = 7860
    github_port: int = 7861
    data: Path = Path(".pagewright")
    pages_delay: float = 2
    faults: Path | None = None


@dataclass(frozen=True)
class Stage:
    """What is running, and where. URLs without a slash at the end, but for `pages` and `evaluator`."""

    receiver: str
    github_api: str
    pages: str
    evaluator: str
    token: str
    secret: str
    data: Path
    engine: Engine
    github: LocalGitHub
    results: Inbox
    hosts: OtherHosts

    def find_run(self, request: str) -> Run | None:
        """Return the newest run for the request of that id."""
        return find_newest_run(request, self.github.runs.list_runs(PIPELINE))

    def load_logs(self, request: str) -> str:
        """Return what that run's jobs have said so far."""
        run = self.find_run(request)
        return "" if run is None else "".join(self.github.runs.load_log(job.id) for job in run.jobs)

    def find_events_file(self, request: str) -> Path:
        """Return the file in which the events of the newest run for the request lie, or will lie."""
        run = self.find_run(request)
        return self.engine.run_events_folder(run.id if run else 0) / FILE

    def record_judgement(self, task: Task, marks: Iterable[Mark]) -> None:
        """Add what the evaluator saw to the events of the newest run for a task, if there is one."""
        if (run := self.find_run(task.id)) is not None:
            stream = Stream(self.engine.run_events_folder(run.id), task.id, "evaluator", run.run_attempt)
            stream.hide(task.email, task.nonce, task.evaluation_url)
            for mark in marks:
                stream.append(JudgementEvent(label=mark.text, verdict=mark.state, seen=mark.seen))

    def load_build(self, request: str) -> Build | None:
        """Return what the build of a request handed over; None if there is no run, or nothing of it yet."""
        run = self.find_run(request)
        return handover.load_build_output(self.engine.handover_folder(run.id))[0] if run else None

    def make_tools(self, env: Mapping[str, str], http: httpx.AsyncClient, say: Callable[[str], None]) -> Tools:
        """Return what an evaluation of this receiver works with, one task after the other."""
        named = {name: env[name] for name in ("BROWSER", "CDN_MIRROR") if name in env}
        settings = evaluator_settings({"GITHUB_API_URL": self.github_api, **named})
        here = Reach(allow_private=True, is_here=True)
        return Tools(settings, self.results, self.evaluator, http, Clock(), say, here, at_once=1)

    def announcement(self) -> dict[str, str]:
        """Return what other programs need to know."""
        return {
            "receiver": self.receiver,
            "github_api": self.github_api,
            "pages": self.pages,
            "pipeline_repository": PIPELINE,
            "owner": OWNER,
            "token": self.token,
            "secret": self.secret,
            "evaluator": self.evaluator,
        }

    def describe_hosts(self) -> dict[str, str]:
        """Return where the other hosts are, for a person who wants to ask them."""
        return {
            "netlify_api": self.hosts.netlify.url,
            "vercel_api": self.hosts.vercel.url,
            "host_token": self.hosts.token,
        }


def run_stage_in(data: Path, env: Mapping[str, str]) -> AbstractAsyncContextManager[Stage]:
    """Start everything at free ports, with its data in the folder `data`; see `run_stage`."""
    return run_stage(LocalOptions(receiver_port=0, github_port=0, data=data), env)


@asynccontextmanager
async def run_stage(options: LocalOptions, env: Mapping[str, str]) -> AsyncIterator[Stage]:
    """Start everything; stop it, runs included, when the block ends. Raises UsageError."""
    data = options.data.resolve()
    state = data / ".github"
    state.mkdir(parents=True, exist_ok=True)
    sockets = [_bind_port(port) for port in _choose_ports(options)]
    receiver_url, api_url, pages_url, evaluator_url, *host_urls = map(listener_url, sockets)
    dispatch_token, target_token = (f"github_pat_{secrets.token_hex(20)}" for _ in range(2))
    try:
        door = _receiver_settings(env, state, (dispatch_token, api_url, pages_url))
    except UsageError:
        for listener in sockets:
            listener.close()
        raise
    tokens = Tokens(
        Token(target_token, OWNER, _TARGET_RIGHTS),
        Token(dispatch_token, OWNER, {"contents": "write", "actions": "read"}, frozenset({PIPELINE})),
    )
    faults = Faults.load_file(options.faults) if options.faults else Faults()
    hosts = create_other_hosts(state, (host_urls[0], host_urls[1]), options.pages_delay, faults)
    bare = create_github(
        data,
        Account(OWNER, tokens, api_url, pages_url),
        pages_delay=options.pages_delay,
        on_change=RunTeller(state / "work").record_changes,
        faults=faults,
    )
    head = _push_pipeline(bare.store)
    facts = head, api_url, target_token
    engine = Engine(_engine_settings(env, state / "work", facts, tokens, hosts), bare.runs)
    github = _connect_engine(bare, engine)
    results = Inbox()
    async with AsyncExitStack() as stack:
        receiver = await stack.enter_async_context(aclosing(GitHub(door, create_http_client())))
        apps: tuple[ASGIApp, ...] = (
            create_app(door, receiver),
            create_api_app(github),
            create_pages_app(github),
            create_inbox_app(results, is_shown=True),
            *hosts.apps,
        )
        for app, listener in zip(apps, sockets, strict=True):
            await stack.enter_async_context(serving(app, listener))
        stack.push_async_callback(engine.close)
        await engine.resume()
        yield Stage(
            receiver=receiver_url,
            github_api=api_url,
            pages=f"{pages_url}/",
            evaluator=f"{evaluator_url}/notify",
            token=target_token,
            secret=door.shared_secret,
            data=data,
            engine=engine,
            github=github,
            results=results,
            hosts=hosts,
        )


def _engine_settings(
    env: Mapping[str, str], work: Path, facts: tuple[str, str, str], tokens: Tokens, hosts: OtherHosts
) -> EngineSettings:
    head, api_url, target_token = facts
    workflow = (CHECKOUT / WORKFLOW).read_text(encoding="utf-8")
    return EngineSettings(
        checkout=CHECKOUT,
        work=work,
        repository=PIPELINE,
        owner=OWNER,
        api_url=api_url,
        python_env=Path(sys.prefix),
        secrets=select_values("secrets", workflow, env) | {"TARGET_TOKEN": target_token, **hosts.secrets},
        # Everything is on this machine, so nothing here has a public address.
        variables=select_values("vars", workflow, env) | {"ALLOW_PRIVATE_URLS": "true", **hosts.variables},
        path=f"{Path(sys.executable).parent}:{env.get('PATH', '')}",
        # A run has a home of its own, and what was downloaded for one is kept for all.
        extra_env={
            "XDG_CACHE_HOME": str(cache_folder(env).parent),
            **{name: env[name] for name in ("BROWSER", "CDN_MIRROR") if name in env},
        },
        head=lambda: head,
        job_token=lambda run: _issue_job_token(tokens, run),
    )


def _connect_engine(bare: LocalGitHub, engine: Engine) -> LocalGitHub:
    """Return the same GitHub, whose runs are the engine's."""
    return replace(
        bare,
        on_dispatch=_make_dispatch_hook(engine),
        on_rerun=engine.rerun,
        on_cancel=engine.cancel,
        summary_of=engine.load_summary,
        handover_of=engine.handover_folder,
    )


def _make_dispatch_hook(engine: Engine) -> OnDispatch:
    async def start(dispatch: Dispatch) -> Run | None:
        # Only the pipeline has a workflow.
        is_ours = dispatch.repository.full_name.lower() == PIPELINE
        return await engine.dispatch(dispatch.event, dispatch.payload) if is_ours else None

    return start


def install_stop_signal() -> asyncio.Event:
    """Return an event that SIGINT and SIGTERM set from now on."""
    stopped = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    return stopped


def run_local(options: LocalOptions, env: Mapping[str, str], *, as_json: bool) -> int:
    """Run `pagewright local` until SIGINT or SIGTERM."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    asyncio.run(_run_until_stopped(options, env, as_json=as_json))
    return 0


async def _run_until_stopped(options: LocalOptions, env: Mapping[str, str], *, as_json: bool) -> None:
    stopped = install_stop_signal()
    async with run_stage(options, env) as stage:
        said = stage.announcement()
        told = said | stage.describe_hosts()
        lines = [json.dumps(said)] if as_json else [f"{name:>20}  {value}" for name, value in told.items()]
        sys.stdout.write("\n".join([*lines, ""]))
        sys.stdout.flush()
        await stopped.wait()


def _choose_ports(options: LocalOptions) -> tuple[int, ...]:
    """Return the ports of receiver, API, Pages, evaluator, Netlify and Vercel: behind the API's, so that links stay."""
    github = options.github_port
    return options.receiver_port, *(github + number if github else 0 for number in range(5))


def _bind_port(port: int) -> socket.socket:
    try:
        return bind(port)
    except OSError:
        raise UsageError(
            f"Cannot listen on port {port}.", "Stop the program that uses it, or pass other ports (0: any free port)."
        ) from None


def _receiver_settings(env: Mapping[str, str], state: Path, facts: tuple[str, str, str]) -> Settings:
    """Return the receiver's settings. Whose tasks it takes and how many a day the environment may say."""
    dispatch_token, api_url, pages_url = facts
    said = {name: env[name] for name in ("SHARED_SECRET_OLD", "MAX_TASKS_PER_DAY") if name in env}
    try:
        return Settings.from_env(
            {
                **said,
                "SHARED_SECRET": env.get("SHARED_SECRET", "").strip() or _load_or_create_secret(state / "secret", 16),
                "TASK_KEY": env.get("TASK_KEY", "").strip() or _load_or_create_secret(state / "task_key", 32),
                "DISPATCH_TOKEN": dispatch_token,
                "PIPELINE_REPOSITORY": PIPELINE,
                "TARGET_OWNER": OWNER,
                "PAGES_URL": f"{pages_url}/{{owner}}/{{repo}}/",
                "GITHUB_API_URL": api_url,
                "TARGETS": ",".join(NAMES),
            }
        )
    except SettingsError as error:
        raise UsageError(str(error)) from None


def _load_or_create_secret(path: Path, size: int) -> str:
    """Return what was drawn for this data folder, `size` random bytes as hex: with it its tasks are found again."""
    return load_or_write(path, lambda: secrets.token_hex(size))


def _push_pipeline(store: Store) -> str:
    """Return the head of the pipeline's repository, in which the workflow lies as it is now."""
    path = CHECKOUT / WORKFLOW
    if not path.is_file():
        raise UsageError("The workflow was not found.", "Run this command from a clone of the project.")
    return store.seed(OWNER, PIPELINE.partition("/")[2], {WORKFLOW: path.read_bytes()}, "The pipeline as it is").sha


@contextmanager
def _issue_job_token(tokens: Tokens, run: int) -> Iterator[str]:
    """Make the GITHUB_TOKEN of a run; it ends with the run, as on GitHub.

    https://docs.github.com/actions/concepts/security/github_token
    """
    value = f"ghs_{run}_{secrets.token_hex(20)}"
    tokens.add(Token(value, "github-actions[bot]", {"contents": "read"}, frozenset({PIPELINE})))
    try:
        yield value
    finally:
        tokens.remove(value)
