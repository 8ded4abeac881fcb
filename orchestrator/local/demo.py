"""`pagewright demo`: a task goes through everything on this machine, for two rounds, while one watches."""

import asyncio
import json
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.markup import escape

from orchestrator.core.errors import PagewrightError
from orchestrator.core.events import EndedEvent, Event, FileEvent, GroupEvent, NoteEvent
from orchestrator.core.settings import deadline_s
from orchestrator.core.telling import describe_event
from orchestrator.evaluator import table
from orchestrator.evaluator.course import LONGEST_ANSWER, Endpoint, Tools, judge_round, plan_rounds, send_task
from orchestrator.evaluator.inbox import Result
from orchestrator.evaluator.records import LedgerEntry, make_one_line
from orchestrator.evaluator.templates import read_template
from orchestrator.local.following import LOOK_S, EventReader
from orchestrator.local.stage import LocalOptions, Stage, install_stop_signal, run_stage

SAMPLE = Path(__file__).with_name("sample.yaml")
VISITOR = "visitor@example.com"
PATIENCE_S = 120
"""Seconds that a round may take beyond its deadline: the run must begin, and the evaluator be told."""

WAITING = "Waiting for the runner"
_BY_MODELS = ("Generate the site", "Repair it")
"""The steps in which a model may take minutes: what is said there is shown as it comes."""


@dataclass(frozen=True)
class DemoRound:
    """The result of one round, as the evaluator judged it.

    `seconds`: from its request to its verdict; `warnings`: of its run.
    """

    entry: LedgerEntry
    built_by: str
    seconds: float
    files: Path
    warnings: tuple[str, ...] = ()

    @property
    def is_proved(self) -> bool:
        """Whether the page is live, and everything that was looked at is as it should be."""
        return self.entry.outcome == "live" and all(mark.state == "passed" for mark in self.entry.marks)

    def as_dict(self) -> dict[str, Any]:
        """Return it for `--json`: what the evaluator was told, and its verdict."""
        return {
            **table.entry_details(self.entry),
            **(self.entry.result or {}),
            "built_by": self.built_by,
            "proved": self.is_proved,
            "seconds": round(self.seconds, 1),
            "files": str(self.files),
        }


@dataclass
class Screen:
    """The terminal. Quiet where a program reads along: it gets one line of JSON at the end.

    `under_way`: what a person waits for; `group`: the part of a job that is going on, if any.
    """

    console: Console
    is_quiet: bool
    under_way: str = WAITING
    group: str = ""

    def say(self, text: str, *, whole: bool = False) -> None:
        """Print a line; a `whole` one is never wrapped, so that what is in it can be copied."""
        if not self.is_quiet:
            self.console.print(text, highlight=False, soft_wrap=whole)

    def show_event(self, event: Event) -> None:
        """Print what an event means to a person who waits; keep what is under way."""
        match event:
            case GroupEvent(state="begun"):
                self.under_way = self.group = event.name
            case GroupEvent():
                self.group = ""
                self.say(f"  [green]✓[/] {escape(event.name):<44} {event.seconds or 0.0:>6.1f} s")
            case NoteEvent(level="warning"):
                self.say(f"    [yellow]! {_escape_line(event.text)}[/]")
            case NoteEvent(level="plain") if self.group in _BY_MODELS:
                self.say(f"    [dim]{_escape_line(event.text)}[/]")
            case FileEvent(state="whole" | "edited"):
                self.say(f"    [dim]{_escape_line(describe_event(event))}[/]")
            case EndedEvent():
                self.under_way = WAITING
            case _:
                pass


def _escape_line(text: str) -> str:
    """Return a text that a page may have said: without ends of lines, and nothing in it is markup."""
    return escape(" ".join(text.split()))


def run_demo(options: LocalOptions, env: Mapping[str, str], *, once: bool, as_json: bool) -> int:
    """Run the demo; return 0 only if both rounds are live and proved. Without `once` it stays up until Ctrl-C."""
    console = Console(stderr=as_json)
    return asyncio.run(_run_on_stage(options, env, Screen(console, is_quiet=as_json), once=once, as_json=as_json))


async def _run_on_stage(
    options: LocalOptions, env: Mapping[str, str], screen: Screen, *, once: bool, as_json: bool
) -> int:
    stopped = install_stop_signal()
    async with run_stage(options, env) as stage:
        showing = asyncio.create_task(_run_both_rounds(stage, env, screen))
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
            print_verdict(screen, shown)
        if not once:
            screen.say("\nThe pages stay up until you press Ctrl-C.")
            await waiting
        waiting.cancel()
        return 0 if all(entry.is_proved for entry in shown) else 1


async def _run_both_rounds(stage: Stage, env: Mapping[str, str], screen: Screen) -> list[DemoRound]:
    models = env.get("LLM_MODELS")
    screen.say("[bold]Pagewright[/]: GitHub, GitHub Actions and GitHub Pages on this machine")
    screen.say(
        f"The pages are built by {models}."
        if models
        else "No model is configured, so the pages are made from a template."
    )
    endpoint = Endpoint(VISITOR, stage.receiver, stage.secret)
    entries = plan_rounds(endpoint, read_template(SAMPLE), secrets.token_hex(3))
    shown: list[DemoRound] = []
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        tools = stage.make_tools(env, http, screen.say)
        for entry in entries:
            earlier = [known.entry for known in shown]
            async with asyncio.timeout(deadline_s(env) + PATIENCE_S):
                shown.append(await _run_round([*earlier, entry], endpoint, stage, tools, screen))
    return shown


async def _run_round(
    rounds: list[LedgerEntry], endpoint: Endpoint, stage: Stage, tools: Tools, screen: Screen
) -> DemoRound:
    """Send the last of the rounds so far, and judge what comes of it."""
    *earlier, entry = rounds
    started, task = time.monotonic(), entry.task
    screen.say(f"\n[bold]Round {task.round}[/]  {task.brief}")
    sent = replace(entry, sent_at=tools.clock.now())
    if refusal := await send_task(task, endpoint, tools):
        raise PagewrightError(f"The receiver did not accept it: {refusal}.")
    screen.say(f"  [green]✓[/] {'Accepted by the receiver':<44} {time.monotonic() - started:>6.1f} s")
    result, warnings = await _follow_round(stage, screen, task.id, task.nonce)
    files = stage.data / "demo" / task.task
    files.mkdir(parents=True, exist_ok=True)
    (files / f"round-{task.round}.log").write_text(stage.load_logs(task.id), encoding="utf-8")
    told = replace(sent, received_at=tools.clock.now(), result=result)
    if "pages_url" not in result:
        error = make_one_line(str(result.get("error")), LONGEST_ANSWER)
        screen.say(f"  [red]✗[/] {escape(error)}")
        failed = replace(told, outcome="error", answer=error)
        return DemoRound(failed, "", time.monotonic() - started, files, warnings)
    verdict = await judge_round([*earlier, told], told, tools)
    stage.record_judgement(task, verdict.marks)
    for name, image in verdict.screenshots.items():
        (files / f"round-{task.round}-{name}.png").write_bytes(image)
    await asyncio.to_thread(_clone_or_pull, result["repo_url"], files / "clone")
    record = (await tools.http.get(f"{result['pages_url']}pagewright.json")).json()
    seconds = time.monotonic() - started
    screen.say(f"  [green]✓[/] {'Evaluator notified; live page checked':<44} {seconds:>6.1f} s in all")
    live = replace(told, outcome="live", marks=verdict.marks, findings=verdict.findings)
    return DemoRound(live, record["built_by"], seconds, files, warnings)


async def _follow_round(stage: Stage, screen: Screen, id_: str, nonce: str) -> tuple[Result, tuple[str, ...]]:
    """Show what happens until the evaluator has the result; return it, and what the run warned of."""
    told = asyncio.create_task(stage.results.await_result(nonce))
    warnings: list[str] = []

    def show_new_events(reader: EventReader) -> None:
        for stamped in reader.read_new_events():
            screen.show_event(stamped.event)
            if isinstance(stamped.event, NoteEvent) and stamped.event.level == "warning":
                warnings.append(stamped.event.text)

    try:
        is_live = screen.console.is_terminal and not screen.is_quiet
        reader = EventReader(stage.find_events_file(id_))
        with screen.console.status(WAITING) if is_live else nullcontext() as status:
            while not told.done():
                show_new_events(reader)
                if status is not None:
                    status.update(screen.under_way)
                await asyncio.wait([told], timeout=LOOK_S)
        # The last group ends after the evaluator has answered.
        run = stage.find_run(id_)
        if run is not None:
            await stage.engine.wait(run.id)
        show_new_events(reader)
        return told.result(), tuple(warnings)
    finally:
        told.cancel()


def _clone_or_pull(repo_url: str, folder: Path) -> None:
    pull, clone = ["-C", str(folder), "pull", "--ff-only"], ["clone", repo_url, str(folder)]
    subprocess.run(["git", *(pull if folder.is_dir() else clone), "--quiet"], check=True)  # noqa: S603, S607


def print_verdict(screen: Screen, shown: list[DemoRound]) -> None:
    """Print the evaluator's verdict, and where everything lies."""
    screen.say("\n[bold]The evaluator's verdict[/]\n")
    if not screen.is_quiet:
        table.print_entries(screen.console, [entry.entry for entry in shown])
    for entry in shown:
        told = entry.entry.result or {}
        screen.say(f"\nRound {entry.entry.task.round}, built by {entry.built_by or 'nobody'} in {entry.seconds:.1f} s")
        screen.say(f"  page         {told.get('pages_url', 'not live')}", whole=True)
        if "repo_url" in told:
            screen.say(f"  repository   {told['repo_url']} at {told['commit_sha'][:12]}", whole=True)
        for warning in entry.warnings:
            screen.say(f"  [yellow]![/] {escape(warning)}", whole=True)
        for mark in entry.entry.marks:
            if mark.state == "passed":
                screen.say(f"  [green]✓[/] {escape(mark.text)}", whole=True)
    files = shown[0].files
    screen.say(f"\nclone        {files / 'clone'}", whole=True)
    screen.say(f"logs         {files}/round-*.log", whole=True)
    screen.say(f"screenshots  {files}/round-*.png", whole=True)
