"""The results of an evaluation: as a table for people, as rows for spreadsheets, as JSON for programs."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from orchestrator.evaluator.records import LedgerEntry, make_one_line

COLUMNS = (
    "email",
    "endpoint",
    "template",
    "task",
    "round",
    "outcome",
    "seconds",
    "repository",
    "owner",
    "licence",
    "page",
    "passed",
    "failed",
    "unproved",
    "unreadable",
    "findings",
    "repo_url",
    "commit_sha",
    "pages_url",
    "problem",
)
"""Of a row: the state of what is looked at once, and how many checks are in which state."""

_SIGNS = {"passed": "[green]✓[/]", "failed": "[red]✗[/]", "unproved": "[yellow]?[/]"}


def entry_row(entry: LedgerEntry) -> dict[str, Any]:
    """Return the results of one round as one flat row."""
    told = entry.result or {}
    return {
        "email": entry.task.email,
        "endpoint": entry.endpoint,
        "template": entry.template,
        "task": entry.task.task,
        "round": entry.task.round,
        "outcome": entry.outcome,
        "seconds": _elapsed_seconds(entry),
        **{kind: entry.mark_state(kind) for kind in ("repository", "owner", "licence", "page")},
        **{state: entry.count(state) for state in ("passed", "failed", "unproved", "unreadable")},
        "findings": len(entry.findings),
        **{name: told.get(name, "") for name in ("repo_url", "commit_sha", "pages_url")},
        "problem": entry.answer,
    }


def entry_details(entry: LedgerEntry) -> dict[str, Any]:
    """Return everything about one round."""
    return {
        **entry_row(entry),
        "nonce": entry.task.nonce,
        "brief": entry.task.brief,
        "marks": [asdict(mark) for mark in entry.marks],
        "findings": [found.model_dump() for found in entry.findings],
    }


def _describe_undecided(said: dict[str, Any]) -> str:
    """Return the checks that count for nothing: `+2?`, those in prose and those that cannot be read here."""
    undecided = said["unproved"] + said["unreadable"]
    return f" +{undecided}?" if undecided else ""


def _elapsed_seconds(entry: LedgerEntry) -> float | None:
    known = entry.received_at is not None and entry.sent_at is not None
    return round((entry.received_at or 0) - (entry.sent_at or 0), 1) if known else None


def print_entries(console: Console, entries: Sequence[LedgerEntry]) -> None:
    """Print the table, and below it what was not as it should be."""
    are_several = len({entry.task.email for entry in entries}) > 1
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("e-mail", "task") if are_several else ("task",):
        table.add_column(name, overflow="fold")
    for name in ("round", "result", "new", "own", "MIT", "page", "checks", "time"):
        table.add_column(name, no_wrap=True, justify="right" if name in ("round", "checks", "time") else "left")
    for entry in entries:
        said = entry_row(entry)
        judged = said["passed"] + said["failed"]
        table.add_row(
            *((escape(entry.task.email),) if are_several else ()),
            escape(entry.task.task),
            str(entry.task.round),
            f"[{'green' if entry.outcome == 'live' else 'red'}]{entry.outcome}[/]",
            *(_SIGNS.get(entry.mark_state(kind), "") for kind in ("repository", "owner", "licence", "page")),
            f"{said['passed']}/{judged}{_describe_undecided(said)}" if entry.marks else "",
            "" if said["seconds"] is None else f"{said['seconds']:.0f} s",
        )
    console.print(table)
    live, passed = sum(entry.outcome == "live" for entry in entries), sum(entry.count("passed") for entry in entries)
    judged = passed + sum(entry.count("failed") for entry in entries)
    console.print(f"\n{live} of {len(entries)} rounds live, {passed} of {judged} checks passed", highlight=False)
    for entry in entries:
        _print_problems(console, entry)


def _print_problems(console: Console, entry: LedgerEntry) -> None:
    lines = [escape(entry.answer)] if entry.answer else []
    lines += [
        f"{_SIGNS[mark.state]} {escape(_describe_seen(mark.text, mark.seen))}"
        for mark in entry.marks
        if mark.state != "passed"
    ]
    lines += [f"[yellow]![/] {escape(_describe_seen(found.text, found.where))}" for found in entry.findings]
    if lines:
        console.print(f"\n[bold]{escape(entry.task.task)}, round {entry.task.round}[/]  {escape(entry.task.email)}")
        for line in lines:
            console.print(f"  {line}", highlight=False, soft_wrap=True)


def _describe_seen(text: str, seen: str) -> str:
    return f"{make_one_line(text, 300)}  ({make_one_line(seen, 200)})" if seen else make_one_line(text, 300)
