"""What `plan_change` makes of a verified site."""

import copy
import re
from dataclasses import replace
from typing import Any

import pytest

from orchestrator.core.errors import GitHubFailed, NoSite, PagewrightError, RuleBroken
from orchestrator.core.record import Record, Round, read_record
from orchestrator.core.scaffold import load_scaffold
from orchestrator.core.site import RECORD, Site, add_standard_files, blob_id
from orchestrator.core.task import parse_request_id
from orchestrator.github.repository import Repository
from orchestrator.jobs.commit import plan_change
from tests.doubles.apps import app
from tests.doubles.commits import SECRET, wanted
from tests.doubles.orders import KEY, PAGE, TASK, order, site

ABSENT = Repository("octo", TASK, exists=False)


def ours(head: str = "a" * 40, rounds: tuple[Round, ...] = (Round(round=1, brief="one"),)) -> Repository:
    return Repository("octo", TASK, exists=True, commits=((head, "x"),), record=Record(task=KEY, rounds=rounds))


def ids(files: dict[str, bytes]) -> dict[str, str]:
    return {path: blob_id(data) for path, data in files.items()}


def test_a_plan_for_a_new_repository_writes_every_file_and_the_record() -> None:
    change, expected = plan_change(wanted(), ABSENT, {})
    assert sorted(change.additions) == [".nojekyll", "LICENSE", "README.md", "index.html", RECORD]
    assert change.deletions == []
    assert expected == ids(dict(change.additions))
    record = read_record(change.additions[RECORD])
    assert record
    assert (record.task, record.request, record.built_by) == (KEY, order().id, "gpt-4.1")
    assert record.site == site().digest()


def test_the_message_carries_the_request_and_nothing_of_a_model() -> None:
    change, _ = plan_change(wanted(), ABSENT, {})
    assert change.message[0] == f"Build {TASK}, round 1"
    assert parse_request_id("\n\n".join(change.message)) == order().id


def test_a_plan_changes_nothing_that_it_was_given() -> None:
    given, found, present = wanted(2, base="a" * 40), ours(), ids({"old.html": b"x", "CNAME": b"me"})
    before = copy.deepcopy((given, found, present))
    assert plan_change(given, found, present) == plan_change(given, found, present)
    assert (given, found, present) == before


def test_only_what_changed_is_written_and_what_is_gone_is_deleted() -> None:
    present = ids({**site().files, "README.md": b"# Old\n", "old.html": b"x", "data/old.csv": b"y"})
    change, expected = plan_change(wanted(2, base="a" * 40), ours(), present)
    assert sorted(change.additions) == ["README.md", RECORD]
    assert sorted(change.deletions) == ["data/old.csv", "old.html"]
    assert sorted(expected) == ["README.md", "index.html", RECORD]
    assert expected["index.html"] == blob_id(PAGE)


def test_the_owners_domain_and_workflows_are_kept() -> None:
    present = ids({**site().files, "CNAME": b"sales.example\n", ".github/workflows/own.yml": b"on: push\n"})
    change, _ = plan_change(wanted(2, base="a" * 40), ours(), present)
    assert change.deletions == []
    assert sorted(change.additions) == [RECORD]


def test_a_domain_that_is_in_the_site_already_passes_unchanged_and_not_changed() -> None:
    present = ids({"CNAME": b"sales.example\n"})
    kept = site({"CNAME": b"sales.example\n"})
    change, _ = plan_change(wanted(2, kept, base="a" * 40), ours(), present)
    assert "CNAME" not in change.additions
    assert "CNAME" not in change.deletions
    with pytest.raises(RuleBroken, match="CNAME"):
        plan_change(wanted(2, site({"CNAME": b"evil.example\n"}), base="a" * 40), ours(), present)


def test_the_record_counts_the_checks_of_this_round_and_replaces_its_earlier_entry() -> None:
    rounds = (Round(round=1, brief="one"), Round(round=2, brief="two, once"))
    change, _ = plan_change(wanted(2, base="a" * 40), ours(rounds=rounds), {})
    record = read_record(change.additions[RECORD])
    assert record
    assert [(entry.round, entry.brief) for entry in record.rounds] == [(1, "one"), (2, "Brief of round 2")]
    this = record.rounds[1]
    assert (this.passed, this.failed, this.own, this.unproved, this.unreadable) == (0, 1, 0, 1, 1)


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"build": None}, NoSite, "without a report"),
        ({"site": None}, NoSite, "no site"),
        ({"site": site({"more.html": b"x"})}, RuleBroken, "not the one that it verified"),
        ({"secrets": (SECRET, "Sales</h1>")}, RuleBroken, "'index.html' contains a secret"),
    ],
)
def test_what_is_not_complete_or_not_verified_is_refused(
    change: dict[str, Any], error: type[PagewrightError], says: str
) -> None:
    with pytest.raises(error, match=says):
        plan_change(replace(wanted(), **change), ABSENT, {})


@pytest.mark.parametrize(
    ("fields", "error", "says"),
    [
        ({"error": "The model was rude."}, NoSite, "The model was rude"),
        ({"id": "0" * 16}, RuleBroken, "not the one that it verified"),
        ({"site": "0" * 64}, RuleBroken, "not the one that it verified"),
        ({"site": None}, RuleBroken, "not the one that it verified"),
    ],
)
def test_a_report_that_does_not_fit_is_refused(fields: dict[str, Any], error: type[PagewrightError], says: str) -> None:
    with pytest.raises(error, match=says):
        plan_change(wanted(**fields), ABSENT, {})


@pytest.mark.parametrize(
    ("base", "found"),
    [
        ("b" * 40, ours()),
        (None, ours()),
        ("a" * 40, ABSENT),
        ("b" * 40, ours(rounds=())),
    ],
    ids=["moved", "began meanwhile", "gone", "another half-made one"],
)
def test_what_was_verified_on_another_head_is_not_published(base: str | None, found: Repository) -> None:
    with pytest.raises(GitHubFailed, match="has changed since"):
        plan_change(wanted(base=base), found, {})


@pytest.mark.parametrize("base", [None, "a" * 40])
def test_a_repository_that_only_says_whose_it_is_takes_round_1(base: str | None) -> None:
    change, _ = plan_change(wanted(base=base), ours(rounds=()), {})
    assert "index.html" in change.additions


@pytest.mark.parametrize("path", ["CNAME", ".github/workflows/x.yml", ".git/config", "../up.html", "a//b"])
def test_a_file_that_is_not_the_sites_to_write_is_refused_by_name(path: str) -> None:
    with pytest.raises(RuleBroken, match=re.escape(repr(path))):
        plan_change(wanted(made=site({path: b"x"})), ABSENT, {})


def test_a_forged_record_is_refused_even_where_it_repeats_the_present_one() -> None:
    forged = site({RECORD: b"{}"})
    with pytest.raises(RuleBroken, match="not the one that it verified"):
        plan_change(wanted(2, forged, base="a" * 40), ours(), ids({RECORD: b"{}"}))


def test_workflows_are_published_where_the_owner_allows_it() -> None:
    made = site({".github/workflows/x.yml": b"on: push\n"})
    change, _ = plan_change(replace(wanted(made=made), allow_workflows=True), ABSENT, {})
    assert ".github/workflows/x.yml" in change.additions


def test_a_provider_key_in_a_file_is_refused() -> None:
    with pytest.raises(RuleBroken, match="contains a secret"):
        plan_change(wanted(made=site({"app.js": b"const key = 'ghp_" + b"a" * 36 + b"'"})), ABSENT, {})


def app_site(**files: bytes) -> Site:
    made = Site({**app("react"), "bundle.js": b"1", "bundle.css": b"", **files})
    return add_standard_files(made, "octo", 2026, "react")


def test_an_app_is_published_with_what_anyone_needs_to_build_it_and_only_its_pages_are_waited_for() -> None:
    change, expected = plan_change(wanted(made=app_site(), framework="react"), ABSENT, {})
    assert {name: change.additions[name] for name in load_scaffold()} == load_scaffold()
    assert set(expected) == {"index.html", "README.md", "bundle.js", "bundle.css", "LICENSE", ".nojekyll", RECORD}
    assert b'"framework": "react"' in change.additions[RECORD]


@pytest.mark.parametrize("missing", ["src/main.jsx", "bundle.js", "bundle.css"])
def test_a_bundle_is_not_published_without_its_source_nor_the_other_way_round(missing: str) -> None:
    made = Site({path: data for path, data in app_site().files.items() if path != missing})
    with pytest.raises(RuleBroken, match="is missing"):
        plan_change(wanted(made=made, framework="react"), ABSENT, {})


def test_the_build_of_an_app_is_ours_whoever_wrote_another() -> None:
    made = Site({**app_site().files, "build.mjs": b"evil()"})
    change, _ = plan_change(wanted(made=made, framework="vue"), ABSENT, {})
    assert change.additions["build.mjs"] == load_scaffold()["build.mjs"]


def test_a_page_that_was_an_app_loses_its_bundle_and_its_build() -> None:
    change, _ = plan_change(wanted(2, base="a" * 40), ours(), ids(dict(app_site().files)))
    assert {"bundle.js", "bundle.css", *load_scaffold()} <= set(change.deletions)
