"""`pagewright evaluate`: task templates in, a table of what was delivered out."""

import asyncio
import contextlib
import csv
import json
import logging
import os
import secrets
import socket
import sys
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import httpx
from rich.console import Console

from orchestrator.core.deadline import Clock
from orchestrator.core.errors import UsageError
from orchestrator.core.loopback import bind, listener_url, serving
from orchestrator.core.settings import EvaluatorSettings
from orchestrator.core.task import validate_web_url
from orchestrator.evaluator import table
from orchestrator.evaluator.course import Endpoint, Tools, carry_out, plan_digest, plan_rounds
from orchestrator.evaluator.inbox import Inbox, Result, Taking, create_inbox_app
from orchestrator.evaluator.ledger import Ledger
from orchestrator.evaluator.reach import Reach, reach_of
from orchestrator.evaluator.records import LedgerEntry
from orchestrator.evaluator.templates import TaskTemplate, read_template

LEDGER = "evaluations.sqlite"
COLUMNS = ("email", "endpoint", "secret")


@dataclass(frozen=True)
class EvaluateOptions:
    """What the command line says. `endpoints`: a CSV file of several, in place of `receiver`.

    `private`: everything may lie at addresses that are not public.
    """

    files: Sequence[Path]
    receiver: str
    secret: str
    email: str
    endpoints: Path | None
    listen: str
    public_url: str
    data: Path
    csv: Path | None
    as_json: bool
    private: bool = False


def run_evaluate(options: EvaluateOptions, settings: EvaluatorSettings) -> int:
    """Run an evaluation, or the rest of one that was stopped; return 1 if a round stays open.

    Raises UsageError.
    """
    logging.getLogger("httpx").setLevel(logging.WARNING)
    entries = asyncio.run(_run_evaluation(options, settings))
    write_csv(options.csv, table.COLUMNS, map(table.entry_row, entries))
    if options.as_json:
        # ASCII alone: of what a page said, a terminal would obey more than JSON itself must escape.
        sys.stdout.write(json.dumps([table.entry_details(entry) for entry in entries]) + "\n")
    else:
        table.print_entries(Console(), entries)
    return 1 if any(entry.outcome == "open" for entry in entries) else 0


async def _run_evaluation(options: EvaluateOptions, settings: EvaluatorSettings) -> list[LedgerEntry]:
    templates = read_templates(options.files)
    endpoints = _load_endpoints(options)
    check_csv(options.csv)
    console = Console(stderr=True)
    say = partial(console.print, highlight=False, markup=False, soft_wrap=True)
    with contextlib.closing(Ledger(options.data / LEDGER)) as ledger:
        evaluation, is_new = _begin_or_resume(ledger, endpoints, templates)
        say(f"{'Evaluation' if is_new else 'Continuing evaluation'} {evaluation}, kept in {options.data / LEDGER}")
        reach = reach_of(options.receiver, private=options.private)
        async with _run_inbox(options, ledger, reach) as (inbox, url), _create_client() as http:
            tools = Tools(settings, inbox, url, http, Clock(), say, reach)
            return await carry_out(ledger, evaluation, endpoints, tools)


def read_templates(files: Sequence[Path]) -> list[TaskTemplate]:
    """Read templates; raise UsageError if one is not valid, or two have the same id."""
    templates = [read_template(path) for path in files]
    if len({template.id for template in templates}) < len(templates):
        raise UsageError("Two templates have the same id.", "Give each template its own id: it names the task.")
    return templates


def check_csv(path: Path | None) -> None:
    """Raise UsageError if the file cannot be written. It is checked first, because an evaluation takes long."""
    if path is not None and (path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK)):
        raise UsageError(f"{path} cannot be written.", "Pass --csv a file in an existing folder.")


def write_csv(path: Path | None, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Write the table as CSV, if that was asked for."""
    if path is None:
        return
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows({name: _escape_formula(value) for name, value in row.items()} for row in rows)


def _escape_formula(value: object) -> object:
    """Return a text that a spreadsheet shows and does not run, because a stranger's text may begin like a formula.

    https://owasp.org/www-community/attacks/CSV_Injection
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@")) else value


def _create_client() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=60, trust_env=False, headers={"user-agent": "pagewright"})


def _begin_or_resume(
    ledger: Ledger, endpoints: Sequence[Endpoint], templates: Sequence[TaskTemplate]
) -> tuple[int, bool]:
    """Return the evaluation of this plan that is not finished, or a new one, and whether it is new."""
    plan = plan_digest(endpoints, templates)
    if (open_one := ledger.find_unfinished(plan)) is not None:
        return open_one, False
    entries = [
        entry
        for endpoint in endpoints
        for template in templates
        for entry in plan_rounds(endpoint, template, secrets.token_hex(3))
    ]
    return ledger.begin_evaluation(plan, entries, datetime.now(UTC).timestamp()), True


def _load_endpoints(options: EvaluateOptions) -> list[Endpoint]:
    if bool(options.receiver) == bool(options.endpoints):
        raise UsageError("Pass exactly one of --receiver and --endpoints.")
    if options.endpoints is None:
        if not options.secret:
            raise UsageError("The secret is missing.", "Pass --secret, or set SHARED_SECRET.")
        rows: list[dict[str, str | None]] = [
            {"email": options.email, "endpoint": options.receiver, "secret": options.secret}
        ]
        where = "--receiver"
    else:
        rows, where = _load_rows(options.endpoints), str(options.endpoints)
    endpoints: list[Endpoint] = []
    for number, row in enumerate(rows, 1):
        said = [str(row.get(name) or "").strip() for name in COLUMNS]
        try:
            endpoints.append(Endpoint(said[0], validate_web_url(said[1]), said[2] or options.secret))
        except ValueError as error:
            raise UsageError(f"{where}, endpoint {number}: {error}.", "Correct it.") from None
        if not said[0] or not endpoints[-1].secret:
            raise UsageError(f"{where}, endpoint {number}: e-mail or secret is missing.", "Add it.")
    if len({(endpoint.email, endpoint.url) for endpoint in endpoints}) < len(endpoints):
        raise UsageError(f"{where} names an endpoint twice.", "Remove one of them.")
    return endpoints


def _load_rows(path: Path) -> list[dict[str, str | None]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error):
        raise UsageError(f"{path} could not be read as CSV.", f"Its columns are {', '.join(COLUMNS)}.") from None
    if not rows or not {"email", "endpoint"} <= set(reader.fieldnames or ()):
        raise UsageError(f"{path} names no endpoint.", f"Its columns must be {', '.join(COLUMNS)}.")
    return rows


@asynccontextmanager
async def _run_inbox(options: EvaluateOptions, ledger: Ledger, reach: Reach) -> AsyncIterator[tuple[Inbox, str]]:
    """Receive results for as long as the block runs; yields the inbox, and the URL for the endpoints."""
    public = options.public_url.rstrip("/")
    if not public and not reach.allow_private:
        raise UsageError(
            "Endpoints on the internet cannot reach this machine.",
            "Pass --public-url with the URL at which they reach the --listen address, for example the "
            "URL of a tunnel. If the endpoints are at private addresses, pass --private.",
        )
    inbox = Inbox(lambda result: _take_result(ledger, result))
    listener = _bind_listener(options.listen)
    async with serving(create_inbox_app(inbox, is_shown=False), listener):
        yield inbox, f"{public or listener_url(listener)}/notify"


def _take_result(ledger: Ledger, result: Result) -> Taking:
    return ledger.take_result(result, datetime.now(UTC).timestamp())


def _bind_listener(listen: str) -> socket.socket:
    host, _, port = listen.rpartition(":")
    try:
        return bind(int(port), host or "127.0.0.1")
    except (OSError, ValueError):
        raise UsageError(
            f"Cannot listen on {listen}.", "Pass HOST:PORT of this machine. Port 0 takes any free port."
        ) from None
