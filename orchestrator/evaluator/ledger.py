"""What was asked, answered and seen: one SQLite file, so that an evaluation can continue where it stopped.

Other programs, such as `sqlite3`, may read `tasks`, `repos` and `results` too. None of them holds a secret.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict, astuple
from pathlib import Path
from typing import Any

from orchestrator.core.errors import UsageError
from orchestrator.core.report import Finding
from orchestrator.core.task import Task, parse_task
from orchestrator.evaluator.inbox import IDENTITY, Result, Taking
from orchestrator.evaluator.records import (
    LedgerEntry,
    Mark,
    Outcome,
    RoundBuild,
    SiteRepair,
    Trial,
    Verdict,
    make_one_line,
)

_TABLES = """
CREATE TABLE IF NOT EXISTS evaluations (
  id INTEGER PRIMARY KEY, plan TEXT NOT NULL, model TEXT NOT NULL, started_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS tasks (
  nonce TEXT PRIMARY KEY, evaluation INTEGER NOT NULL REFERENCES evaluations, endpoint TEXT NOT NULL,
  template TEXT NOT NULL, email TEXT NOT NULL, task TEXT NOT NULL, round INTEGER NOT NULL, brief TEXT NOT NULL,
  checks TEXT NOT NULL, attachments TEXT NOT NULL, sent_at REAL, answer TEXT, outcome TEXT NOT NULL DEFAULT 'open',
  judged_at REAL
);
CREATE TABLE IF NOT EXISTS repos (
  nonce TEXT NOT NULL REFERENCES tasks, received_at REAL NOT NULL,
  repo_url TEXT, commit_sha TEXT, pages_url TEXT, error TEXT
);
CREATE TABLE IF NOT EXISTS results (
  nonce TEXT NOT NULL REFERENCES tasks, place INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL,
  state TEXT NOT NULL, seen TEXT NOT NULL, PRIMARY KEY (nonce, place)
);
CREATE TABLE IF NOT EXISTS findings (
  nonce TEXT NOT NULL REFERENCES tasks, kind TEXT NOT NULL, text TEXT NOT NULL, place TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS builds (
  nonce TEXT PRIMARY KEY REFERENCES tasks, built_by TEXT NOT NULL, fallback INTEGER NOT NULL, repairs INTEGER NOT NULL,
  tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL, cost_usd REAL
);
CREATE TABLE IF NOT EXISTS healings (
  evaluation INTEGER NOT NULL REFERENCES evaluations, site TEXT NOT NULL, kind TEXT NOT NULL,
  is_healed INTEGER NOT NULL, tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL, cost_usd REAL,
  seconds REAL NOT NULL,
  PRIMARY KEY (evaluation, site)
);
"""

MOST_RESULTS = 10
"""The most results of one round. An endpoint that corrects itself needs a few."""

_TOLD = ("repo_url", "commit_sha", "pages_url", "error")


class Ledger:
    """The file. One process writes to it at a time."""

    def __init__(self, path: Path) -> None:
        """Open or make the file; raise UsageError if that cannot be done."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None)
            self._db.executescript(_TABLES)
        except (OSError, sqlite3.Error):
            raise UsageError(f"{path} is not a database of results.", "Pass another folder with --data.") from None
        self._db.row_factory = sqlite3.Row
        self._chosen: set[str] = set()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def find_unfinished(self, plan: str) -> int | None:
        """Return the newest evaluation of `plan` of which something is open."""
        found = self._db.execute(
            "SELECT max(evaluations.id) FROM evaluations JOIN tasks ON tasks.evaluation = evaluations.id"
            " WHERE plan = ? AND outcome = 'open'",
            (plan,),
        ).fetchone()
        return None if found[0] is None else int(found[0])

    def begin_evaluation(self, plan: str, entries: Iterable[LedgerEntry], now: float, model: str = "") -> int:
        """Write down what will be asked, and return the evaluation's number. `model`: the one that is being tried."""
        with self._db:
            self._db.execute("BEGIN")
            made = self._db.execute(
                "INSERT INTO evaluations (plan, model, started_at) VALUES (?, ?, ?)", (plan, model, now)
            )
            self._db.executemany(
                "INSERT INTO tasks"
                " (nonce, evaluation, endpoint, template, email, task, round, brief, checks, attachments)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [_task_row(entry, made.lastrowid or 0) for entry in entries],
            )
        return made.lastrowid or 0

    def load_entries(self, evaluation: int) -> list[LedgerEntry]:
        """Return every round, in the order in which they were planned."""
        rows = self._db.execute("SELECT * FROM tasks WHERE evaluation = ? ORDER BY rowid", (evaluation,)).fetchall()
        return [self._entry_from_row(row) for row in rows]

    def load_entry(self, nonce: str) -> LedgerEntry:
        """Return one round."""
        return self._entry_from_row(self._db.execute("SELECT * FROM tasks WHERE nonce = ?", (nonce,)).fetchone())

    def record_sending(self, nonce: str, now: float) -> None:
        """Write down when a round was sent; when it was sent first is what counts."""
        self._db.execute("UPDATE tasks SET sent_at = coalesce(sent_at, ?) WHERE nonce = ?", (now, nonce))

    def take_result(self, result: Result, now: float) -> Taking:
        """Write down what an endpoint says, if all four fields are those of a round that was asked for.

        Of one round so many results at most, and none once one of them was chosen or the round has ended.
        """
        nonce = str(result["nonce"])
        row = self._db.execute(
            "SELECT email, task, round, nonce, outcome FROM tasks WHERE nonce = ?", (nonce,)
        ).fetchone()
        if row is None or any(str(row[name]) != str(result[name]) for name in IDENTITY):
            return "unknown"
        told = tuple(None if result.get(name) is None else make_one_line(str(result[name]), 2_000) for name in _TOLD)
        before = [tuple(each[name] for name in _TOLD) for each in self._load_results(nonce)]
        if told in before[:1]:
            return "known"
        if row["outcome"] != "open" or nonce in self._chosen or len(before) >= MOST_RESULTS:
            return "over"
        self._db.execute("INSERT INTO repos VALUES (?, ?, ?, ?, ?, ?)", (nonce, now, *told))
        return "taken"

    def choose_result(self, nonce: str) -> LedgerEntry:
        """Return a round with the result that counts from now on, the newest one: no other is taken any more."""
        self._chosen.add(nonce)
        return self.load_entry(nonce)

    def _load_results(self, nonce: str) -> list[Any]:
        """Return what was told of a round, the newest first."""
        return self._db.execute("SELECT * FROM repos WHERE nonce = ? ORDER BY rowid DESC", (nonce,)).fetchall()

    def record_outcome(
        self, nonce: str, outcome: Outcome, now: float, answer: str = "", verdict: Verdict | None = None
    ) -> None:
        """Write down the outcome of a round, and what was seen."""
        marks: Sequence[Mark] = verdict.marks if verdict else ()
        found: Sequence[Finding] = verdict.findings if verdict else ()
        with self._db:
            self._db.execute("BEGIN")
            self._db.executemany(
                "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?, ?)",
                [(nonce, place, *asdict(mark).values()) for place, mark in enumerate(marks)],
            )
            self._db.executemany(
                "INSERT INTO findings VALUES (?, ?, ?, ?)",
                [(nonce, entry.kind, entry.text, entry.where) for entry in found],
            )
            self._db.execute(
                "UPDATE tasks SET outcome = ?, answer = ?, judged_at = ? WHERE nonce = ?", (outcome, answer, now, nonce)
            )

    def record_build(self, nonce: str, how: RoundBuild) -> None:
        """Write down what building a round took."""
        self._db.execute("INSERT OR REPLACE INTO builds VALUES (?, ?, ?, ?, ?, ?, ?)", (nonce, *astuple(how)))

    def record_site_repair(self, evaluation: int, repair: SiteRepair) -> None:
        """Write down the result of a site that a model had to repair."""
        values = (evaluation, *astuple(repair))
        self._db.execute("INSERT OR REPLACE INTO healings VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)

    def load_trials(self, plan: str) -> list[Trial]:
        """Return the newest evaluation of `plan` with each model, in the order in which they were made."""
        found = self._db.execute(
            "SELECT max(id) AS id, model, started_at FROM evaluations WHERE plan = ? AND model <> ''"
            " AND NOT EXISTS (SELECT 1 FROM tasks WHERE evaluation = evaluations.id AND outcome = 'open')"
            " GROUP BY model ORDER BY id",
            (plan,),
        ).fetchall()
        return [self._trial_from_row(row) for row in found]

    def _trial_from_row(self, row: Any) -> Trial:
        number = row["id"]
        entries = self.load_entries(number)
        builds = self._db.execute(
            "SELECT nonce, built_by, fallback, repairs, tokens_in, tokens_out, cost_usd FROM builds"
            " JOIN tasks USING (nonce) WHERE evaluation = ?",
            (number,),
        ).fetchall()
        repairs = self._db.execute(
            "SELECT site, kind, is_healed, tokens_in, tokens_out, cost_usd, seconds FROM healings WHERE evaluation = ?",
            (number,),
        ).fetchall()
        return Trial(
            model=row["model"],
            started_at=row["started_at"],
            entries=tuple(entries),
            builds={build[0]: RoundBuild(build[1], bool(build[2]), *build[3:]) for build in builds},
            site_repairs=tuple(SiteRepair(row[0], row[1], bool(row[2]), *row[3:]) for row in repairs),
        )

    def _entry_from_row(self, row: Any) -> LedgerEntry:
        nonce = row["nonce"]
        told = next(iter(self._load_results(nonce)), None)
        marks = self._db.execute(
            "SELECT kind, text, state, seen FROM results WHERE nonce = ? ORDER BY place", (nonce,)
        ).fetchall()
        found = self._db.execute(
            'SELECT kind, text, place AS "where" FROM findings WHERE nonce = ?', (nonce,)
        ).fetchall()
        raw = {name: row[name] for name in (*IDENTITY, "brief")}
        large = {name: json.loads(row[name]) for name in ("checks", "attachments")}
        return LedgerEntry(
            endpoint=row["endpoint"],
            template=row["template"],
            task=parse_task(Task, {**raw, **large}),
            sent_at=row["sent_at"],
            answer=row["answer"] or "",
            outcome=row["outcome"],
            received_at=told["received_at"] if told else None,
            result={name: told[name] for name in _TOLD if told[name] is not None} if told else None,
            marks=tuple(Mark(*mark) for mark in marks),
            findings=tuple(Finding(**dict(entry)) for entry in found),
        )


def _task_row(entry: LedgerEntry, evaluation: int) -> tuple[object, ...]:
    task = entry.task
    return (
        task.nonce,
        evaluation,
        entry.endpoint,
        entry.template,
        task.email,
        task.task,
        task.round,
        task.brief,
        json.dumps([check.wire_form() for check in task.checks], ensure_ascii=False),
        json.dumps([attachment.model_dump() for attachment in task.attachments]),
    )
