"""`pagewright demo`: a task goes through everything on this machine, for two rounds, while one watches."""

import asyncio
import json
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.markup import escape

from orchestrator.errors import PagewrightError
from orchestrator.local.runs import Run
from orchestrator.local.sample import request
from orchestrator.local.stage import PIPELINE, Options, Stage, staged, stop_signal
from orchestrator.task import Check
from orchestrator.verify.browser import opened
from orchestrator.verify.hearing import Target
from orchestrator.verify.inspection import inspect
from orchestrator.verify.report import Limits, Report

LOOK_S = 0.2
PATIENCE_S = 300
_GROUP = re.compile(r"##\[group\](?!Run )(.+)\n(?:(?!##\[group\])[\s\S])*?took ([\d.]+) s")
_OPEN_GROUP = re.compile(r"##\[group\](?!Run )(.+)")


@dataclass(frozen=True)
class Shown:
    """What came of one round, seen from outside. `report`: of the live page, opened in a browser."""

    round: int
    result: dict[str, Any]
    built_by: str
    report: Report
    seconds: float
    files: Path

    @property
    def is_proved(self) -> bool:
        """Whether the page is live and every check was shown on it."""
        return "pages_url" in self.result and all(check.state == "passed" for check in self.report.checks)

    def as_dict(self) -> dict[str, Any]:
        """Return it for `--json`."""
        return {
            **self.result,
            "built_by": self.built_by,
            "proved": self.is_proved,
            "seconds": round(self.seconds, 1),
            "checks": [check.model_dump(include={"text", "state", "seen"}) for check in self.report.checks],
            "files": str(self.files),
        }


@dataclass
class Screen:
    """The terminal. Quiet where a program reads along: it gets one line of JSON at the end."""

    console: Console
    is_quiet: bool
    printed: set[str] = field(default_factory=set)

    def say(self, text: str, *, whole: bool = False) -> None:
        """Print a line; a `whole` one is never wrapped, so that what is in it can be copied."""
        if not self.is_quiet:
            self.console.print(text, highlight=False, soft_wrap=whole)

    def steps(self, log: str, key: str) -> str:
        """Print what was finished since the last look, and return what is under way."""
        for name, seconds in _GROUP.findall(log):
            if f"{key} {name}" not in self.printed:
                self.printed.add(f"{key} {name}")
                self.say(f"  [green]✓[/] {name:<44} {seconds:>6} s")
        opened = _OPEN_GROUP.findall(log)
        return str(opened[-1]) if opened else "Waiting for the runner"


def run_demo(options: Options, env: Mapping[str, str], *, once: bool, as_json: bool) -> int:
    """Run the demo; return 0 only if both rounds are live and proved. Without `once` it stays up until Ctrl-C."""
    console = Console(stderr=as_json)
    return asyncio.run(_demo(options, env, Screen(console, is_quiet=as_json), once=once, as_json=as_json))


async def _demo(options: Options, env: Mapping[str, str], screen: Screen, *, once: bool, as_json: bool) -> int:
    stopped = stop_signal()
    async with staged(options, env) as stage:
        showing = asyncio.create_task(_both_rounds(stage, env, screen))
        waiting = asyncio.create_task(stopped.wait())
        await asyncio.wait([showing, waiting], return_when=asyncio.FIRST_COMPLETED)
        if not showing.done():
            showing.cancel()
            await asyncio.gather(showing, return_exceptions=True)
            return 130
        shown = showing.result()
        if as_json:
            sys.stdout.write(json.dumps({"rounds": [entry.as_dict() for entry in shown]}) + "\n")
        else:
            conclude(screen, shown)
        if not once:
            screen.say("\nThe pages stay up until you press Ctrl-C.")
            await waiting
        waiting.cancel()
        return 0 if all(entry.is_proved for entry in shown) else 1


async def _both_rounds(stage: Stage, env: Mapping[str, str], screen: Screen) -> list[Shown]:
    seed = secrets.token_hex(3)
    models = env.get("LLM_MODELS")
    screen.say("[bold]Pagewright[/]: GitHub, GitHub Actions and GitHub Pages on this machine")
    screen.say(
        f"The pages are built by {models}." if models else "No model is configured: a template builds the pages."
    )
    return [await _round(stage, env, screen, seed, number) for number in (1, 2)]


async def _round(stage: Stage, env: Mapping[str, str], screen: Screen, seed: str, number: int) -> Shown:
    started = time.monotonic()
    asked = request(seed, number)
    screen.say(f"\n[bold]Round {number}[/]  {asked['brief']}")
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        body = {**asked, "secret": stage.secret, "evaluation_url": stage.evaluator}
        answer = await http.post(f"{stage.receiver}/api-endpoint", json=body)
        if answer.status_code != 200:
            raise PagewrightError(f"The receiver answered {answer.status_code}: {answer.text:.200}.")
        id_ = answer.json()["id"]
        screen.say(f"  [green]✓[/] {'Accepted by the receiver':<44} {time.monotonic() - started:>6.1f} s")
        async with asyncio.timeout(PATIENCE_S):
            result = await _followed(stage, screen, id_, asked["nonce"])
        files = stage.data / "demo" / asked["task"]
        files.mkdir(parents=True, exist_ok=True)
        (files / f"round-{number}.log").write_text(_log(stage, id_), encoding="utf-8")
        if "pages_url" not in result:
            screen.say(f"  [red]✗[/] {result.get('error')}")
            return Shown(number, result, "", Report((), ()), time.monotonic() - started, files)
        record = (await http.get(f"{result['pages_url']}pagewright.json")).json()
    report = await _opened(env, result["pages_url"], asked["checks"], number)
    for name, image in report.screenshots.items():
        (files / f"round-{number}-{name}.png").write_bytes(image)
    await asyncio.to_thread(_clone, result["repo_url"], files / "clone")
    seconds = time.monotonic() - started
    screen.say(f"  [green]✓[/] {'Evaluator told; the live page was opened':<44} {seconds:>6.1f} s in all")
    return Shown(number, result, record["built_by"], report, seconds, files)


async def _followed(stage: Stage, screen: Screen, id_: str, nonce: str) -> dict[str, Any]:
    """Show the run's steps until the evaluator has the result."""
    told = asyncio.create_task(stage.results.result_for(nonce))
    try:
        is_live = screen.console.is_terminal and not screen.is_quiet
        with screen.console.status("Waiting for the runner") if is_live else nullcontext() as status:
            while not told.done():
                under_way = screen.steps(_log(stage, id_), id_)
                if status is not None:
                    status.update(under_way)
                await asyncio.wait([told], timeout=LOOK_S)
        # The last step prints its time after the evaluator has answered.
        run = _run(stage, id_)
        if run is not None:
            await stage.engine.wait(run.id)
        screen.steps(_log(stage, id_), id_)
        return told.result()
    finally:
        told.cancel()


def _run(stage: Stage, id_: str) -> Run | None:
    runs = stage.github.runs.list(PIPELINE)
    return next((run for run in runs if run.display_title.endswith(id_)), None)


def _log(stage: Stage, id_: str) -> str:
    run = _run(stage, id_)
    return "" if run is None else "".join(stage.github.runs.log(job.id) for job in run.jobs)


async def _opened(env: Mapping[str, str], url: str, checks: list[dict[str, str]], number: int) -> Report:
    given, mirror = (Path(env[name]) if env.get(name) else None for name in ("BROWSER", "CDN_MIRROR"))
    async with opened(given, url) as cage:
        asked = [(number, Check(text=check["js"], js=True)) for check in checks]
        return await inspect(cage, Target(url, cdn_mirror=mirror), asked, Limits())


def _clone(repo_url: str, folder: Path) -> None:
    pull, clone = ["-C", str(folder), "pull", "--ff-only"], ["clone", repo_url, str(folder)]
    subprocess.run(["git", *(pull if folder.is_dir() else clone), "--quiet"], check=True)  # noqa: S603, S607


def conclude(screen: Screen, shown: list[Shown]) -> None:
    """Print where everything lies, and what was proved."""
    screen.say("\n[bold]What the evaluator was told, and what a browser saw on the live page[/]")
    for entry in shown:
        told = f"{entry.result['repo_url']} at {entry.result['commit_sha'][:12]}" if "repo_url" in entry.result else ""
        screen.say(f"\nRound {entry.round}, built by {entry.built_by or 'nobody'} in {entry.seconds:.1f} s")
        screen.say(f"  page         {entry.result.get('pages_url', 'not live')}", whole=True)
        screen.say(f"  repository   {told or entry.result.get('error', '')}", whole=True)
        for check in entry.report.checks:
            screen.say(
                f"  {'[green]✓[/]' if check.state == 'passed' else '[red]✗[/]'} {escape(check.text)}", whole=True
            )
    files = shown[0].files
    screen.say(f"\nclone        {files / 'clone'}", whole=True)
    screen.say(f"logs         {files}/round-*.log", whole=True)
    screen.say(f"screenshots  {files}/round-*.png", whole=True)
