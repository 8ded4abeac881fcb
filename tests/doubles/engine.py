"""A machine with engines that run the real act."""

import asyncio
import os
import subprocess
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from orchestrator.local.actions.engine import Engine, EngineSettings
from orchestrator.local.runs import Run, Runs

SECRET = "hush-hush-4711"

ONE_STEP = """
run-name: ${{ github.event.client_payload.title }}
concurrency: {group: "${{ github.event.client_payload.group || github.run_id }}", queue: max}
on: repository_dispatch
jobs:
  build:
    runs-on: ubuntu-24.04
    steps:
      - run: |
"""


class Place:
    """A machine: a checkout with one workflow, a folder for everything else, and as many engines as it takes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.marker = f"PLACE={root}"
        self.engines: list[Engine] = []
        self.tokens: list[str] = []
        for folder in ("checkout/.github/workflows", "runs", "pipes", "tmp"):
            (root / folder).mkdir(parents=True)
        subprocess.run(["git", "init", "-qb", "main", root / "checkout"], check=True)
        git = ["git", "-C", str(root / "checkout"), "-c", "user.name=a", "-c", "user.email=a@localhost"]
        subprocess.run([*git, "commit", "-qm", "first", "--allow-empty"], check=True)

    def workflow(self, text: str, script: str = "") -> None:
        path = self.root / "checkout/.github/workflows/build.yml"
        path.write_text(textwrap.dedent(text) + textwrap.indent(textwrap.dedent(script), " " * 10))

    def pipe(self, name: str) -> Path:
        path = self.root / "pipes" / name
        if not path.exists():
            os.mkfifo(path)
        return path

    @contextmanager
    def job_token(self, run_id: int) -> Iterator[str]:
        self.tokens.append(f"token-of-{run_id} begins")
        yield f"token-of-{run_id}"
        self.tokens.append(f"token-of-{run_id} ends")

    def engine(self, slots: int = 2) -> tuple[Engine, Runs]:
        runs = Runs(self.root / "runs")
        settings = EngineSettings(
            checkout=self.root / "checkout",
            work=self.root / "work",
            repository="octo/pipeline",
            owner="octo",
            api_url="http://127.0.0.1:9",
            python_env=self.root / "venv",
            secrets={"KEY": SECRET},
            variables={"COLOUR": "blue"},
            path=os.environ["PATH"],
            extra_env={"PLACE": str(self.root), "PIPES": str(self.root / "pipes")},
            head=lambda: "a" * 40,
            job_token=self.job_token,
        )
        self.engines.append(Engine(settings, runs, slots=slots))
        return self.engines[-1], runs

    def processes(self) -> list[str]:
        """Return what still runs of the steps of this place."""
        found = []
        for environ in Path("/proc").glob("[0-9]*/environ"):
            try:
                if self.marker.encode() in environ.read_bytes().split(b"\0"):
                    found.append((environ.parent / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue
        return found

    def kept(self) -> str:
        """Return every byte that is kept outside of the checkout, and the names of the files."""
        files = [file for folder in ("runs", "work") for file in (self.root / folder).rglob("*") if file.is_file()]
        return "\n".join(f"{file}\n{file.read_text()}" for file in files)


def event(**payload: Any) -> Mapping[str, Any]:
    return {"action": "task", "client_payload": {"title": "a task", **payload}}


async def send(engine: Engine, **payload: Any) -> Run:
    return await engine.dispatch("repository_dispatch", event(**payload))


async def over(engine: Engine, run: Run) -> Run:
    ended = await engine.wait(run.id)
    assert ended is not None
    return ended


async def listen(pipe: Path) -> asyncio.StreamReader:
    """Return what comes out of a pipe; it ends when the last of those who wrote to it has closed it, or died."""
    reader = asyncio.StreamReader()
    end = os.fdopen(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), end)
    return reader
