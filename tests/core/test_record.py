import json

import pytest

from orchestrator.core.record import (
    Record,
    Round,
    commit_message,
    find_answering_commit,
    read_record,
    republish_message,
)
from orchestrator.core.task import parse_request_id

ID = "0123456789abcdef"


def test_the_file_is_what_the_contract_says() -> None:
    this = Round(round=1, brief="Zähle.", checks=("a",), passed=1, failed=2, own=3, unproved=4, unreadable=5)
    written = Record(task="k").with_round(ID, "d" * 64, "fallback", this).render_file()
    assert json.loads(written) == {
        "task": "k",
        "request": ID,
        "site": "d" * 64,
        "built_by": "fallback",
        "rounds": [
            {
                "round": 1,
                "brief": "Zähle.",
                "checks": ["a"],
                "passed": 1,
                "failed": 2,
                "own": 3,
                "unproved": 4,
                "unreadable": 5,
            }
        ],
    }
    assert "Zähle" in written.decode()
    assert written.endswith(b"}\n")


def test_a_half_made_repository_says_whose_it_is_and_no_more() -> None:
    assert json.loads(Record(task="k").render_file()) == {"task": "k", "rounds": []}


def test_what_was_written_is_read_again() -> None:
    record = Record(task="k").with_round(ID, "d", "m", Round(round=2, brief="b"))
    assert read_record(record.render_file()) == record


def test_rounds_stay_in_order_and_one_that_is_built_again_replaces_its_entry() -> None:
    record = Record(task="k")
    for round_, brief in ((2, "two"), (1, "one"), (2, "two again")):
        record = record.with_round(ID, "d", "m", Round(round=round_, brief=brief))
    assert [(entry.round, entry.brief) for entry in record.rounds] == [(1, "one"), (2, "two again")]


@pytest.mark.parametrize(
    "content",
    [None, b"", b"{", b"[]", b'{"rounds": []}', b'{"task": 5}', b'{"task": "k", "rounds": 1}', b"\xff", b"[" * 100_000],
)
def test_what_is_none_of_ours_is_none(content: bytes | None) -> None:
    assert read_record(content) is None


def test_a_commits_message_names_its_request_and_its_round() -> None:
    subject, body = commit_message("sum", ID, 2)
    assert subject == "Build sum, round 2"
    assert body == f"Pagewright-Request: {ID}\nPagewright-Round: 2"
    assert parse_request_id(f"{subject}\n\n{body}") == ID


def test_the_answer_is_the_newest_commit_that_carries_the_id() -> None:
    message = "\n\n".join(commit_message("sum", ID, 1))
    other = "\n\n".join(commit_message("sum", "f" * 16, 1))
    commits = [("c", "By hand"), ("b", other), ("a2", message), ("a1", message)]
    assert find_answering_commit(commits, ID) == "a2"
    assert find_answering_commit(commits, "e" * 16) is None
    assert find_answering_commit([], ID) is None


def test_a_commit_once_more_changes_the_counter_alone_and_the_next_answer_has_none() -> None:
    this = Round(round=1, brief="b")
    record = Record(task="k").with_round(ID, "d" * 64, "m", this)
    once, twice = record.with_republish(), record.with_republish().with_republish()
    assert (record.again, once.again, twice.again) == (None, 1, 2)
    assert json.loads(twice.render_file()) == {**json.loads(record.render_file()), "again": 2}
    assert once.with_round(ID, "e" * 64, "m", this).again is None
    assert parse_request_id("\n\n".join(republish_message("site"))) is None
