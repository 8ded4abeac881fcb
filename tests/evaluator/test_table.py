import csv
import io
from dataclasses import replace

from rich.console import Console

from orchestrator.core.report import Finding
from orchestrator.core.task import Task, parse_task
from orchestrator.evaluator import table
from orchestrator.evaluator.records import LedgerEntry, Mark

TASK = parse_task(Task, {"email": "a@b.c", "task": "sales-1", "round": 1, "nonce": "n", "brief": "b"})
LIVE = LedgerEntry(
    "http://endpoint",
    "sales",
    TASK,
    sent_at=10,
    outcome="live",
    received_at=52.04,
    result={"repo_url": "http://git/o/r", "commit_sha": "c" * 40, "pages_url": "http://pages/o/r/"},
    marks=(
        Mark("repository", "new", "passed", ""),
        Mark("owner", "own", "unproved", ""),
        Mark("licence", "MIT", "failed", "there is no LICENSE"),
        Mark("js", "a[0] === 1", "passed", "true"),
        Mark("js", "[bold]", "failed", "SyntaxError"),
        Mark("prose", "nice", "unproved", ""),
    ),
    findings=(Finding(kind="error", text="broke", where="app.js:1"),),
)
SILENT = replace(LIVE, outcome="silent", answer="nothing came", received_at=None, result=None, marks=(), findings=())


def shown(*entries: LedgerEntry) -> str:
    out = io.StringIO()
    table.print_entries(Console(file=out, width=100), entries)
    return out.getvalue()


def test_a_row_says_what_came_of_a_round() -> None:
    row = table.entry_row(LIVE)
    assert tuple(row) == table.COLUMNS
    assert (row["seconds"], row["passed"], row["failed"], row["unproved"]) == (42.0, 1, 1, 1)
    assert (row["repository"], row["licence"], row["page"], row["findings"]) == ("passed", "failed", "", 1)
    assert table.entry_row(SILENT)["seconds"] is None
    out = io.StringIO()
    csv.DictWriter(out, table.COLUMNS).writerow(table.entry_row(SILENT))
    assert out.getvalue().endswith("nothing came\r\n")


def test_the_whole_holds_every_mark_and_finding() -> None:
    whole = table.entry_details(LIVE)
    assert [mark["seen"] for mark in whole["marks"]][2] == "there is no LICENSE"
    assert whole["findings"] == [{"kind": "error", "text": "broke", "where": "app.js:1"}]


def test_the_table_shows_signs_and_below_it_what_is_wrong() -> None:
    said = shown(LIVE, SILENT)
    assert "✓    ?    ✗          1/2 +1?  42 s" in said
    assert "1 of 2 rounds live, 1 of 2 checks passed" in said
    assert "  ✗ [bold]  (SyntaxError)\n" in said
    assert "  ? nice\n" in said
    assert "  ! broke  (app.js:1)\n" in said
    assert "  nothing came\n" in said
    assert "a[0] === 1" not in said


def test_nothing_that_a_stranger_said_is_obeyed_by_a_terminal_or_taken_for_markup() -> None:
    hostile = Mark("js", "\x1b]0;mine\x07[red]x", "failed", "\x1b[2J\r\u202e seen")
    said = shown(replace(LIVE, marks=(hostile,), answer="[blink]no[/]"))
    assert "\x1b" not in said
    assert "]0;mine [red]x  ([2J seen)" in said
    assert "[blink]no[/]" in said


def test_who_was_asked_is_a_column_where_they_are_several() -> None:
    other = replace(LIVE, task=TASK.model_copy(update={"email": "z@b.c"}))
    assert "e-mail" not in shown(LIVE, SILENT)
    assert "e-mail" in shown(LIVE, other)
