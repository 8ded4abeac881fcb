"""Whose a repository is, and where its page lies."""

from dataclasses import replace

import pytest

from orchestrator.core.record import Record
from orchestrator.core.report import State
from orchestrator.core.site import RECORD
from orchestrator.core.task import Task, parse_task
from orchestrator.evaluator.owners import (
    BELONGS,
    default_pages_url,
    is_same_address,
    matches_request,
    normalize_repository_url,
    settle_owners,
)
from orchestrator.evaluator.records import LedgerEntry, Mark


def entry(
    email: str, repository: str = "https://github.com/ann/sales", state: State = "unproved", round_: int = 1
) -> LedgerEntry:
    said = {"email": email, "task": f"sales-{email[0]}", "round": round_, "nonce": f"{email}{round_}", "brief": "b"}
    mark = Mark("owner", BELONGS, state, "seen")
    told = {"repo_url": repository} if repository else {}
    return LedgerEntry("http://e", "sales", parse_task(Task, said), outcome="live", result=told, marks=(mark,))


def states(*entries: LedgerEntry) -> list[str]:
    return [found.mark_state("owner") for found in settle_owners(entries)]


def test_a_repository_that_one_alone_names_is_its() -> None:
    others = entry("c@x", "https://github.com/cid/sales"), replace(entry("d@x", ""), result=None)
    assert states(entry("a@x"), entry("a@x", round_=2), *others) == ["passed"] * 4


@pytest.mark.parametrize("written", ["https://github.com/ann/sales.git", "https://github.com/ANN/Sales/"])
def test_a_repository_that_two_name_is_whose_request_its_commit_answers(written: str) -> None:
    assert states(entry("z@x", written), entry("a@x", state="passed")) == ["failed", "passed"]
    assert states(entry("z@x", written), entry("a@x")) == ["failed", "failed"]
    assert states(entry("z@x", written, "failed"), entry("a@x", state="passed")) == ["failed", "passed"]
    thief = settle_owners([entry("z@x", written), entry("a@x", state="passed")])[0]
    assert thief.marks[0].seen == "seen; a@x for sales-a named this repository too"


def test_a_record_answers_the_request_that_it_names() -> None:
    task = entry("a@x").task
    record = Record(task="k", request=task.id)
    assert matches_request(task, {RECORD: record.render_file()})
    for content in (record.model_copy(update={"request": "0" * 16}).render_file(), b"{", b"\xff"):
        assert not matches_request(task, {RECORD: content})
    assert not matches_request(task, {})


def test_the_address_of_a_page_is_its_owners_and_its_repositorys() -> None:
    assert default_pages_url("Ann/Sales") == "https://ann.github.io/Sales/"
    assert default_pages_url("Ann/ann.GitHub.io") == "https://ann.github.io/"


@pytest.mark.parametrize(
    ("told", "is_same"),
    [
        ("https://ann.github.io/sales", True),
        ("HTTPS://Ann.GitHub.io/sales/", True),
        ("https://ann.github.io/Sales/", False),
        ("https://ann.github.io/sales/deeper/", False),
        ("https://ann.github.io/", False),
        ("http://ann.github.io/sales/", False),
        ("https://ann.github.io:8443/sales/", False),
        ("https://ann.github.io@evil.example/sales/", False),
        ("https://ann.github.io.evil.example/sales/", False),
        ("https://ann.github.io/sales/?to=evil", False),
        ("https://ann.github.io/sales/#x", False),
        ("https://[/", False),
        ("", False),
    ],
)
def test_an_address_is_the_same_or_it_is_not(told: str, is_same: bool) -> None:  # noqa: FBT001 - a column
    assert is_same_address(told, "https://ann.github.io/sales/") is is_same


def test_one_repository_has_several_spellings() -> None:
    assert (
        len({normalize_repository_url(f"https://github.com/{name}") for name in ("a/b", "A/b/", "a/b.git", "a/b.git/")})
        == 1
    )
