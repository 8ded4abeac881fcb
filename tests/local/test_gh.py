"""GitHub's own command line at work on the local GitHub, with runs that the real engine makes."""

import asyncio
import os
import shutil
import subprocess
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from orchestrator.core.loopback import bind, listener_url, serving
from orchestrator.local.actions.engine import Engine, EngineSettings
from orchestrator.local.api import create_api_app
from orchestrator.local.github import Account, Dispatch, LocalGitHub, create_github
from orchestrator.local.runs import Run, Runs
from orchestrator.local.tokens import Token, Tokens

GH = shutil.which("gh")
pytestmark = [
    pytest.mark.act,
    pytest.mark.anyio,
    pytest.mark.skipif(GH is None, reason="gh is not installed (Debian: apt-get install gh)"),
]

REPOSITORY = "octo/pipeline"
WORKFLOW = """
name: Build a site
run-name: site · ${{ inputs.task || 'task' }}
on:
  repository_dispatch:
  workflow_dispatch:
    inputs: {task: {default: x}}
jobs:
  build:
    name: Build
    runs-on: ubuntu-24.04
    steps:
      - name: Talk
        run: |
          echo "first words"
          echo "::warning::be careful"
      - name: Hand it over
        run: |
          if [ "${{ inputs.task }}" = waits ]; then echo x > "$PIPES/started"; sleep 60; fi
          echo packed > "$PAGEWRIGHT_HANDOVER/build.tar"
  publish:
    name: Publish
    needs: build
    runs-on: ubuntu-24.04
    steps:
      - name: Tell
        run: echo "last words"
"""


@dataclass
class Desk:
    """A person with `gh` in front of a GitHub on this machine. `asked`: every host that a request was for."""

    github: LocalGitHub
    engine: Engine
    folder: Path
    asked: set[str] = field(default_factory=set)

    async def gh(self, *arguments: str, code: int = 0) -> str:
        """Run `gh`; return what it prints, errors last. It sees no settings of the person who runs the tests."""
        url = self.github.api_url
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "GH_CONFIG_DIR": str(self.folder / "config"),
            "GH_HOST": "github.localhost",
            "GH_REPO": f"github.localhost/{REPOSITORY}",
            "GH_TOKEN": "token-of-octo",
            "GH_PROMPT_DISABLED": "1",
            "GH_NO_UPDATE_NOTIFIER": "1",
            "NO_COLOR": "1",
            # Requests to any other host would come here as well, and be noticed.
            **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY"), url),
        }
        assert GH
        process = await asyncio.create_subprocess_exec(
            GH, *arguments, env=env, cwd=self.folder, stdin=asyncio.subprocess.DEVNULL, stdout=PIPE, stderr=PIPE
        )
        out, err = await process.communicate()
        said = (out + err).decode()
        assert process.returncode == code, said
        return said

    async def started(self) -> Run:
        """Return the newest run."""
        return self.github.runs.list_runs(REPOSITORY)[0]

    def noticing(self, app: ASGIApp) -> ASGIApp:
        async def notice(scope: Scope, receive: Receive, send: Send) -> None:
            self.asked |= {value.decode() for name, value in scope["headers"] if name == b"host"}
            await app(scope, receive, send)

        return notice


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path / "runs")


@pytest.fixture
def engine(tmp_path: Path, runs: Runs) -> Engine:
    checkout = tmp_path / "checkout"
    (checkout / ".github/workflows").mkdir(parents=True)
    (checkout / ".github/workflows/build.yml").write_text(WORKFLOW)
    (tmp_path / "pipes").mkdir()
    subprocess.run(["git", "init", "-qb", "main", checkout], check=True)
    git = ["git", "-C", str(checkout), "-c", "user.name=a", "-c", "user.email=a@localhost"]
    subprocess.run([*git, "commit", "-qm", "first", "--allow-empty"], check=True)
    settings = EngineSettings(
        checkout=checkout,
        work=tmp_path / "work",
        repository=REPOSITORY,
        owner="octo",
        api_url="http://127.0.0.1:9",
        python_env=tmp_path / "venv",
        secrets={},
        variables={},
        path=os.environ["PATH"],
        extra_env={"PIPES": str(tmp_path / "pipes")},
        head=lambda: "a" * 40,
        job_token=job_token,
    )
    return Engine(settings, runs)


def github_of(engine: Engine, runs: Runs, folder: Path, url: str) -> LocalGitHub:
    async def start(dispatch: Dispatch) -> Run:
        return await engine.dispatch(dispatch.event, dispatch.payload)

    tokens = Tokens(Token("token-of-octo", "octo", {"contents": "write", "actions": "write"}))
    account = Account("octo", tokens, url, "http://127.0.0.1:9")
    github = create_github(folder / "github", account, pages_delay=1)
    files = {".github/workflows/build.yml": WORKFLOW.encode(), "README.md": b"# What it is\n"}
    github.store.seed("octo", "pipeline", files, "First")
    return replace(
        github,
        runs=runs,
        on_dispatch=start,
        on_rerun=engine.rerun,
        on_cancel=engine.cancel,
        handover_of=engine.handover_folder,
    )


@pytest.fixture
async def desk(tmp_path: Path, engine: Engine, runs: Runs) -> AsyncIterator[Desk]:
    listener = bind()
    (tmp_path / "person").mkdir()
    desk = Desk(github_of(engine, runs, tmp_path, listener_url(listener)), engine, tmp_path / "person")
    async with serving(desk.noticing(create_api_app(desk.github)), listener):
        yield desk
        await engine.close()
    # Nothing else was asked, on this machine or beyond it.
    assert desk.asked <= {"api.github.localhost", desk.github.api_url.removeprefix("http://")}


@contextmanager
def job_token(run: int) -> Iterator[str]:
    yield f"token-of-run-{run}"


async def test_a_run_is_started_watched_read_and_its_artifact_fetched(desk: Desk) -> None:
    assert "Build a site\tactive" in await desk.gh("workflow", "list")
    assert "octo/pipeline" in await desk.gh("repo", "view", REPOSITORY)
    assert "octo/pipeline\t" in await desk.gh("repo", "list", "octo")
    await desk.gh("workflow", "run", "build.yml", "-f", "task=my-page")
    run = await desk.started()
    number = str(run.id)
    watched = await desk.gh("run", "watch", number, "--exit-status", "--interval", "1")
    assert "Build a site" in watched
    await desk.engine.wait(run.id)
    assert f"completed\tsuccess\tsite · my-page\tBuild a site\tmain\tworkflow_dispatch\t{run.id}" in await desk.gh(
        "run", "list"
    )
    assert "site · my-page" in await desk.gh("run", "list", "--workflow", "build.yml")
    assert "Total runs 1" in await desk.gh("workflow", "view", "build.yml")
    viewed = await desk.gh("run", "view", number)
    for expected in ("✓ Build", "✓ Publish", "be careful", "ARTIFACTS\nbuild"):
        assert expected in viewed
    log = await desk.gh("run", "view", number, "--log")
    lines = [
        (job, step, text.partition("Z ")[2]) for job, step, text in (line.split("\t") for line in log.splitlines())
    ]
    assert ("Build", "Talk", "first words") in lines
    assert ("Build", "Talk", "##[warning]be careful") in lines
    assert ("Publish", "Tell", "last words") in lines
    job = next(job for job in (await desk.started()).jobs if job.name == "Publish")
    assert "last words" in await desk.gh("run", "view", "--job", str(job.id), "--log")
    await desk.gh("run", "download", number, "--name", "build", "--dir", "fetched")
    assert (desk.folder / "fetched/build.tar").read_text() == "packed\n"
    assert "Cannot cancel a workflow run that is completed" in await desk.gh("run", "cancel", number, code=1)


async def test_a_run_is_cancelled_and_run_again(desk: Desk, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipes/started")
    await desk.gh("workflow", "run", "build.yml", "-f", "task=waits")
    run = await desk.started()
    await asyncio.to_thread((tmp_path / "pipes/started").read_bytes)
    await desk.gh("run", "cancel", str(run.id))
    assert "completed\tcancelled" in await desk.gh("run", "list")
    assert "has already completed with 'cancelled'" in await desk.gh("run", "watch", str(run.id))
    assert "The operation was canceled." in await desk.gh("run", "view", str(run.id), "--log")
    await desk.gh("run", "rerun", str(run.id))
    await asyncio.to_thread((tmp_path / "pipes/started").read_bytes)
    assert (await desk.started()).run_attempt == 2
    await desk.gh("api", "--method", "POST", f"repos/{REPOSITORY}/actions/runs/{run.id}/force-cancel")
    assert (await desk.started()).conclusion == "cancelled"
