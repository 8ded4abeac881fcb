from pathlib import Path
from typing import Any

import pytest

from orchestrator.core.errors import UsageError
from orchestrator.core.report import Finding
from orchestrator.core.task import Task, parse_task
from orchestrator.evaluator.ledger import Ledger
from orchestrator.evaluator.records import LedgerEntry, Mark, Verdict

URL = "http://127.0.0.1:1/"
MARKS = (
    Mark("repository", "new", "passed", "made now"),
    Mark("js", "a === 1", "passed", "true"),
    Mark("file", "LICENSE exists", "failed", "no"),
    Mark("prose", "nice", "unproved", ""),
)
FOUND = Finding(kind="error", text="broke", where="app.js:1")


def entry(round_: int = 1, nonce: str = "n1", **fields: Any) -> LedgerEntry:
    said = {"email": "a@b.c", "task": "sales-1", "round": round_, "nonce": nonce, "brief": "Äh\n", **fields}
    return LedgerEntry(URL, "sales", parse_task(Task, said))


def told(nonce: str = "n1", **fields: Any) -> dict[str, Any]:
    return {"email": "a@b.c", "task": "sales-1", "round": 1, "nonce": nonce, **fields}


def test_what_was_planned_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "ledger.sqlite"
    checks = [{"js": "a === 1"}, "plain", {"css": "h1"}]
    planned = [entry(checks=checks, attachments=[{"name": "a", "url": "data:,x"}]), entry(2, "n2")]
    ledger = Ledger(path)
    number = ledger.begin_evaluation("plan", planned, 1.0)
    ledger.close()
    ledger = Ledger(path)
    assert ledger.load_entries(number) == planned
    assert ledger.load_entry("n2") == planned[1]
    ledger.close()


def test_an_evaluation_is_unfinished_until_every_round_has_ended(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    assert ledger.find_unfinished("plan") is None
    number = ledger.begin_evaluation("plan", [entry(), entry(2, "n2")], 1.0)
    assert ledger.find_unfinished("other") is None
    ledger.record_outcome("n1", "silent", 5.0, "nothing came")
    assert ledger.find_unfinished("plan") == number
    ledger.record_outcome("n2", "skipped", 5.0)
    assert ledger.find_unfinished("plan") is None
    assert [(found.outcome, found.answer) for found in ledger.load_entries(number)] == [
        ("silent", "nothing came"),
        ("skipped", ""),
    ]
    ledger.close()


def test_only_results_that_were_asked_for_are_taken_and_the_newest_counts(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.begin_evaluation("plan", [entry()], 1.0)
    assert ledger.take_result(told(error="no"), 2.0) == "taken"
    assert ledger.take_result(told(round="1", repo_url="r", commit_sha=["x"], pages_url=None, more=1), 3.0) == "taken"
    for wrong in ({"nonce": "n3"}, {"round": 2}, {"email": "x@b.c"}, {"task": "sales-2"}, {"nonce": ["n1"]}):
        assert ledger.take_result(told() | wrong, 4.0) == "unknown"
    found = ledger.load_entry("n1")
    assert (found.received_at, found.result) == (3.0, {"repo_url": "r", "commit_sha": "['x']"})
    ledger.close()


def test_the_result_that_was_judged_is_the_one_that_is_kept(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.begin_evaluation("plan", [entry()], 1.0)
    ledger.take_result(told(repo_url="judged"), 2.0)
    assert ledger.choose_result("n1").result == {"repo_url": "judged"}
    assert ledger.take_result(told(repo_url="better"), 3.0) == "over"
    assert ledger.take_result(told(repo_url="judged"), 3.0) == "known"
    ledger.record_outcome("n1", "live", 4.0)
    ledger.close()
    ledger = Ledger(tmp_path / "ledger.sqlite")
    assert ledger.take_result(told(repo_url="better"), 5.0) == "over"
    assert ledger.take_result(told(repo_url="judged"), 5.0) == "known"
    assert (ledger.load_entry("n1").result, ledger.load_entry("n1").received_at) == ({"repo_url": "judged"}, 2.0)
    ledger.close()


def test_ten_results_are_enough_for_a_round(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.begin_evaluation("plan", [entry()], 1.0)
    taken = [ledger.take_result(told(error=f"{number}"), 2.0) for number in range(15)]
    assert taken == ["taken"] * 10 + ["over"] * 5
    assert ledger.load_entry("n1").result == {"error": "9"}
    ledger.close()


def test_a_verdict_is_kept_whole_and_counted(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.begin_evaluation("plan", [entry()], 1.0)
    ledger.record_sending("n1", 2.0)
    ledger.record_sending("n1", 9.0)
    ledger.record_outcome("n1", "live", 5.0, verdict=Verdict(MARKS, (FOUND,)))
    found = ledger.load_entry("n1")
    assert (found.sent_at, found.outcome, found.marks, found.findings) == (2.0, "live", MARKS, (FOUND,))
    assert [found.count(state) for state in ("passed", "failed", "unproved")] == [1, 1, 1]
    assert (found.mark_state("repository"), found.mark_state("page")) == ("passed", "")
    ledger.close()


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database, and long enough to be taken for none " * 20)
    for path in (tmp_path / "text", tmp_path / "text" / "ledger.sqlite"):
        with pytest.raises(UsageError, match="is not a database of results"):
            Ledger(path)
