"""What `plan` makes of a verified site, and how the one commit comes about whatever GitHub does meanwhile."""

import asyncio
import copy
import re
from dataclasses import replace
from typing import Any

import pytest

from orchestrator.core.errors import GitHubFailed, NoSite, OutOfTime, PagewrightError, RuleBroken
from orchestrator.core.record import Record, Round, description_of, read_record
from orchestrator.core.report import Build
from orchestrator.core.scaffold import load_scaffold
from orchestrator.core.site import RECORD, Site, add_standard_files, blob_id
from orchestrator.core.task import parse_request_id
from orchestrator.github.client import GitHubRefused, Unsure
from orchestrator.github.repository import Repository
from orchestrator.jobs.commit import CommitOrder, Committed, ensure_commit, plan_change, republish_record
from tests.doubles.apps import app
from tests.doubles.hub import READER, Hub, fault
from tests.doubles.orders import KEY, PAGE, TASK, order, site

SECRET = "our-own-secret-value"
ABSENT = Repository("octo", TASK, exists=False)
RESERVED = frozenset({"octo/pipeline"})


def wanted(round_: int = 1, made: Site | None = None, base: str | None = None, **fields: Any) -> CommitOrder:
    given = order(round_, nonce=f"nonce-{round_}")
    made = made or site()
    checks = [
        {"round": 1, "text": "old", "kind": "js", "state": "passed"},
        {"round": round_, "text": "a", "kind": "js", "state": "failed"},
        {"round": round_, "text": "b", "kind": "prose", "state": "unproved"},
        {"round": round_, "text": "cy.get('b')", "kind": "js", "state": "unreadable", "seen": "no page has `cy`"},
    ]
    told = {"id": given.id, "base": base, "built_by": "gpt-4.1", "site": made.digest(), "checks": checks, **fields}
    build = Build.model_validate(told)
    return CommitOrder(given, given.assemble_task(), build, made, 2026, (SECRET,), RESERVED)


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


# From here on there is a GitHub.


async def run(hub: Hub, given: CommitOrder | None = None) -> Committed:
    return await ensure_commit(hub.client(), "octo", given or wanted())


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


@pytest.mark.anyio
async def test_round_1_takes_three_writes_and_round_2_one(hub: Hub) -> None:
    first = await run(hub)
    assert hub.writes == ["POST /user/repos", f"PUT /repos/octo/{TASK}/contents/{RECORD}", "POST /graphql"]
    assert len(hub.reads) <= 3
    hub.calls.clear()
    second = await run(hub, wanted(2, site({"new.html": b"x"}), base=first.sha))
    assert hub.writes == ["POST /graphql"]
    assert len(hub.reads) <= 3
    assert hub.files(TASK)["new.html"] == b"x"
    assert [parse_request_id(message) for message in hub.messages(TASK)] == [
        order(2, "nonce-2").id,
        order().id,
        None,
    ]
    assert (first.is_new, second.is_new) == (True, False)


FORMER = ("1" * 16, "2" * 16)


def keyed_anew(given: CommitOrder) -> CommitOrder:
    """Return what is wanted by a receiver that has got another key since: the present one is among the former."""
    return replace(given, order=replace(given.order, key="0" * 16, former_keys=(*FORMER, KEY)))


@pytest.mark.anyio
async def test_a_repository_under_a_former_key_is_found_and_gets_the_new_one_with_its_next_commit(hub: Hub) -> None:
    first = await run(hub)
    assert (await run(hub, keyed_anew(wanted()))).sha == first.sha  # sent again: nothing new
    hub.calls.clear()
    second = await run(hub, keyed_anew(wanted(2, site({"new.html": b"x"}), base=first.sha)))
    assert (second.repository.name, hub.writes) == (TASK, ["POST /graphql"])
    record = read_record(hub.files(TASK)[RECORD])
    assert record
    assert (record.task, len(record.rounds)) == ("0" * 16, 2)
    # From now on the new key alone finds it, and the former one is a stranger's.
    newest = replace(keyed_anew(wanted()).order, former_keys=())
    assert (await run(hub, replace(wanted(), order=newest))).sha == first.sha
    assert (await run(hub)).repository.name == f"{TASK}-{KEY[:6]}"


@pytest.mark.anyio
async def test_a_run_killed_before_the_keys_changed_is_finished_under_the_new_one(hub: Hub) -> None:
    hub.seed(TASK, {RECORD: Record(task=KEY).render_file()})
    done = await run(hub, keyed_anew(wanted()))
    record = read_record(hub.files(TASK)[RECORD])
    assert record
    assert (done.repository.name, record.task) == (TASK, "0" * 16)


@pytest.mark.anyio
@pytest.mark.parametrize("private", [False, True], ids=["public", "private"])
async def test_an_empty_repository_of_the_owners_is_left_alone(hub: Hub, *, private: bool) -> None:
    hub.github.store.create_repository("octo", TASK, description="For my thesis", private=private)
    made = await run(hub)
    assert made.repository.name != TASK
    assert hub.head(TASK) is None
    assert not any(f"/{TASK}/" in write for write in hub.writes)


@pytest.mark.anyio
async def test_an_empty_repository_that_came_meanwhile_is_left_alone(hub: Hub) -> None:
    def made() -> None:
        hub.github.store.create_repository("octo", TASK, description="For my thesis")

    hub.before("POST", "^/user/repos$", made)
    assert (await run(hub)).repository.name != TASK
    assert hub.head(TASK) is None


@pytest.mark.anyio
async def test_what_was_made_and_not_written_to_is_known_by_its_description_and_taken_up(hub: Hub) -> None:
    hub.fail(fault("/contents/", method="PUT", status=403, times=99, body={"message": "Resource not accessible"}))
    with pytest.raises(GitHubRefused):
        await run(hub)
    half_made = hub.github.store.find_repository("octo", TASK)
    assert half_made
    assert half_made.description == description_of(KEY)
    hub.fail()
    hub.calls.clear()
    assert (await run(hub)).repository.name == TASK
    assert "POST /user/repos" not in hub.writes


@pytest.mark.anyio
async def test_a_replay_writes_nothing_and_finds_the_same_commit(hub: Hub) -> None:
    first = await run(hub)
    hub.calls.clear()
    again = await run(hub, replace(wanted(), build=None, site=None))
    assert (again.sha, again.head, hub.writes) == (first.sha, first.sha, [])
    assert again.expected == {path: first.expected[path] for path in (RECORD, "index.html")}


@pytest.mark.anyio
async def test_a_replay_of_an_earlier_round_waits_for_the_present_head(hub: Hub) -> None:
    first = await run(hub)
    second = await run(hub, wanted(2, site({"index.html": PAGE + b"2"}), base=first.sha))
    again = await run(hub)
    assert (again.sha, again.head) == (first.sha, second.sha)
    assert again.expected["index.html"] == blob_id(PAGE + b"2")


WRITES = {
    "create": {"method": "POST", "path": "^/user/repos$"},
    "claim": {"method": "PUT", "path": "/contents/"},
    "commit": {"method": "POST", "path": "^/graphql$"},
}
WAYS: dict[str, dict[str, Any]] = {
    "took effect unseen": {"drop": True},
    "never arrived": {"drop": "before"},
    "failed": {"status": 502},
    "rate limit": {"status": 403, "headers": {"retry-after": "7"}},
}


@pytest.mark.anyio
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("write", WRITES)
async def test_a_write_that_goes_wrong_once_ends_in_the_same_state(hub: Hub, write: str, way: str) -> None:
    hub.fail(fault(**WRITES[write], **WAYS[way]))
    made = await run(hub)
    assert made.sha == hub.head(TASK)
    assert [parse_request_id(message) for message in hub.messages(TASK)] == [order().id, None]
    assert hub.files(TASK)["index.html"] == PAGE


@pytest.mark.anyio
@pytest.mark.parametrize("way", ["took effect unseen", "never arrived"])
@pytest.mark.parametrize("write", WRITES)
async def test_a_run_killed_at_a_write_is_finished_by_the_next_run(hub: Hub, write: str, way: str) -> None:
    hub.fail(fault(**WRITES[write], **WAYS[way]))
    with pytest.raises(Unsure):  # its time ends with the write: it sees no more than a killed one
        await ensure_commit(hub.client(seconds=0.5), "octo", wanted())
    made = await run(hub)
    assert made.sha == hub.head(TASK)
    assert [parse_request_id(message) for message in hub.messages(TASK)] == [order().id, None]
    assert hub.files(TASK)["index.html"] == PAGE


@pytest.mark.anyio
async def test_twelve_runs_of_one_request_at_once_make_one_commit(hub: Hub) -> None:
    made = await asyncio.gather(*(run(hub) for _ in range(12)))
    assert len({one.sha for one in made}) == 1
    assert [parse_request_id(message) for message in hub.messages(TASK)] == [order().id, None]


@pytest.mark.anyio
async def test_a_foreign_repository_of_the_name_is_never_touched(hub: Hub) -> None:
    before = hub.seed(TASK, {"index.html": b"somebody's work"})
    made = await run(hub)
    assert made.repository.name == f"{TASK}-{KEY[:6]}"
    assert hub.head(TASK) == before
    assert not any(TASK in write and KEY[:6] not in write for write in hub.writes)


@pytest.mark.anyio
async def test_a_repository_of_another_task_is_never_touched(hub: Hub) -> None:
    before = hub.seed(TASK, {RECORD: Record(task="f" * 16).render_file()})
    made = await run(hub)
    assert made.repository.name == f"{TASK}-{KEY[:6]}"
    assert hub.head(TASK) == before


@pytest.mark.anyio
async def test_two_foreign_repositories_are_an_error_and_nothing_is_written(hub: Hub) -> None:
    for name in (TASK, f"{TASK}-{KEY[:6]}"):
        hub.seed(name, {"index.html": b"somebody's work"})
    with pytest.raises(GitHubFailed, match="Both repository names"):
        await run(hub)
    assert hub.writes == []


@pytest.mark.anyio
async def test_a_repository_that_becomes_foreign_meanwhile_is_left_alone(hub: Hub) -> None:
    hub.before("PUT", "/contents/", lambda: void(hub.seed(TASK, {RECORD: Record(task="f" * 16).render_file()})))
    made = await run(hub)
    assert made.repository.name == f"{TASK}-{KEY[:6]}"
    assert hub.messages(TASK) == ["First"]


@pytest.mark.anyio
async def test_a_head_that_moves_just_before_the_commit_is_not_overwritten(hub: Hub) -> None:
    first = await run(hub)
    moved = {"index.html": b"the owner's own change", RECORD: hub.files(TASK)[RECORD]}
    hub.before("POST", "^/graphql$", lambda: void(hub.seed(TASK, moved, "By hand")))
    with pytest.raises(GitHubFailed, match="has changed since"):
        await run(hub, wanted(2, base=first.sha))
    assert hub.files(TASK)["index.html"] == b"the owner's own change"


@pytest.mark.anyio
async def test_files_that_the_new_site_lacks_are_deleted_and_the_owners_are_not(hub: Hub) -> None:
    await run(hub, wanted(made=site({"old.html": b"x", "deep/er/old.css": b"y"})))
    head = hub.seed(TASK, {**hub.files(TASK), "CNAME": b"sales.example\n", ".github/FUNDING.yml": b"x"}, "By hand")
    await run(hub, wanted(2, site({"CNAME": b"sales.example\n"}), base=head))
    assert sorted(hub.files(TASK)) == [
        ".github/FUNDING.yml",
        ".nojekyll",
        "CNAME",
        "LICENSE",
        "README.md",
        "index.html",
        RECORD,
    ]


@pytest.mark.anyio
async def test_binary_files_arrive_byte_for_byte(hub: Hub) -> None:
    every = bytes(range(256)) * 40
    await run(hub, wanted(made=site({"ünïcode name.bin": every, "empty.txt": b""})))
    files = hub.files(TASK)
    assert (files["ünïcode name.bin"], files["empty.txt"], files[".nojekyll"]) == (every, b"", b"")


@pytest.mark.anyio
@pytest.mark.parametrize("write", ["claim", "commit"])
async def test_a_repository_that_is_not_visible_at_once_is_waited_for(hub: Hub, write: str) -> None:
    """GitHub may answer 404 to a write for a moment after it made the repository."""
    body: Any = {"message": "Not Found"}
    if write == "commit":
        body = {"data": None, "errors": [{"type": "NOT_FOUND", "message": "Could not resolve to a Repository"}]}
    status = 200 if write == "commit" else 404
    hub.fail(fault(**WRITES[write], status=status, body=body, times=2))
    made = await run(hub)
    assert made.sha == hub.head(TASK)


@pytest.mark.anyio
async def test_a_token_that_may_not_create_is_told_so_at_once(hub: Hub) -> None:
    with pytest.raises(GitHubRefused, match="Administration") as refused:
        await ensure_commit(hub.client(READER), "octo", wanted())
    assert (refused.value.status, hub.time.slept) == (403, [])


@pytest.mark.anyio
async def test_a_token_that_may_not_commit_is_told_so_at_once(hub: Hub) -> None:
    first = await run(hub)
    with pytest.raises(GitHubRefused, match="lacks a permission") as refused:
        await ensure_commit(hub.client(READER), "octo", wanted(2, base=first.sha))
    assert (refused.value.status, hub.time.slept) == (403, [])


@pytest.mark.anyio
async def test_an_owner_that_is_not_there_is_told_at_once(hub: Hub) -> None:
    with pytest.raises(GitHubRefused, match="TARGET_OWNER") as refused:
        await ensure_commit(hub.client(), "nobody", wanted())
    assert (refused.value.status, hub.time.slept) == (404, [])


POLICIES = [
    (403, "Resource protected by organization SAML enforcement. You must grant your token access.", "single sign-on"),
    (403, "acme forbids access if the token's lifetime is greater than 366 days.", "expires sooner"),
    (403, "Repository was archived so is read-only.", "Unarchive"),
    (422, "Repository creation failed. Visibility can't be public.", "Change the policy"),
    (422, "Repository creation failed. name is reserved", "GitHub.s message"),
]


@pytest.mark.anyio
@pytest.mark.parametrize(("status", "says", "remedy"), POLICIES)
async def test_a_refusal_that_lasts_is_final_at_once_with_the_remedy_of_its_reason(
    hub: Hub, status: int, says: str, remedy: str
) -> None:
    hub.fail(fault(**WRITES["create"], status=status, body={"message": says}, times=99))
    with pytest.raises(GitHubRefused, match=remedy) as refused:
        await run(hub)
    assert says.rstrip(".") in refused.value.cause
    assert "lacks a permission" not in str(refused.value)
    assert "token" not in refused.value.told.lower()
    assert (len(hub.writes), hub.time.slept) == (1, [])


@pytest.mark.anyio
async def test_a_name_that_exists_by_now_is_looked_at_again(hub: Hub) -> None:
    body = {"message": "Repository creation failed.", "errors": [{"message": "name already exists on this account"}]}
    hub.fail(fault(**WRITES["create"], status=422, body=body, times=2))
    made = await run(hub)
    assert made.sha == hub.head(TASK)


@pytest.mark.anyio
async def test_the_end_of_the_time_does_not_hide_why_the_commit_failed(hub: Hub) -> None:
    body = {"message": "Repository creation failed.", "errors": [{"message": "name already exists on this account"}]}
    hub.fail(fault(**WRITES["create"], status=422, body=body, times=99))
    with pytest.raises(GitHubRefused, match=r"already exists.*not see"):
        await ensure_commit(hub.client(seconds=3), "octo", wanted())


@pytest.mark.anyio
async def test_push_protection_is_never_tried_to_pass(hub: Hub) -> None:
    """A secret that our own rules do not know and GitHub does."""
    secret = b"xoxb-1234567890-1234567890-" + b"a" * 24
    first = await run(hub)
    hub.calls.clear()
    refusal = {"type": "UNPROCESSABLE", "message": "Repository rule violations found\n\nSecret detected in content"}
    hub.fail(fault(**WRITES["commit"], status=200, body={"data": None, "errors": [refusal]}))
    with pytest.raises(RuleBroken, match="push protection"):
        await run(hub, wanted(2, base=first.sha))
    assert hub.writes == ["POST /graphql"]
    with pytest.raises(RuleBroken, match="contains a secret"):
        await run(hub, wanted(2, site({"a.js": secret}), base=first.sha))


@pytest.mark.anyio
@pytest.mark.parametrize("way", WAYS)
async def test_a_commit_once_more_changes_the_record_alone_whatever_becomes_of_its_write(hub: Hub, way: str) -> None:
    first = await run(hub)
    before = hub.files(TASK)
    hub.fail(fault(**WRITES["commit"], **WAYS[way]))
    again = await republish_record(hub.client(), first)
    assert (again.sha, again.head) == (first.sha, hub.head(TASK))
    assert again.expected == {**first.expected, RECORD: blob_id(hub.files(TASK)[RECORD])} or again.is_replay
    assert len(hub.messages(TASK)) == 3
    assert {**hub.files(TASK), RECORD: b""} == {**before, RECORD: b""}


@pytest.mark.anyio
async def test_a_head_that_moved_meanwhile_is_followed_in_place_of_a_commit_once_more(hub: Hub) -> None:
    first = await run(hub)
    moved = hub.seed(TASK, {**hub.files(TASK), "index.html": b"the owner's"}, "By hand")
    hub.calls.clear()
    again = await republish_record(hub.client(), first)
    assert (again.sha, again.head, hub.writes) == (first.sha, moved, [])
    assert again.expected["index.html"] == blob_id(b"the owner's")


@pytest.mark.anyio
async def test_a_commit_once_more_that_is_forbidden_or_has_no_time_is_an_error(hub: Hub) -> None:
    first = await run(hub)
    with pytest.raises(OutOfTime, match="before another commit"):
        await republish_record(hub.client(seconds=0), first)
    with pytest.raises(GitHubRefused, match="403"):
        await republish_record(hub.client(READER), first)
    unknown = replace(first, head="0" * 40)
    with pytest.raises(GitHubFailed, match="does not show the last commit"):
        await republish_record(hub.client(), unknown)


@pytest.mark.anyio
async def test_an_outage_that_lasts_ends_in_an_error_within_a_minute(hub: Hub) -> None:
    hub.fail(fault("^/graphql$", status=502, times=100))
    with pytest.raises(Unsure, match="502"):
        await run(hub)
    assert 10 < sum(hub.time.slept) < 60


@pytest.mark.anyio
async def test_nothing_is_written_when_the_time_is_over(hub: Hub) -> None:
    with pytest.raises(OutOfTime):
        await ensure_commit(hub.client(seconds=0), "octo", wanted())
    assert hub.calls == []


@pytest.mark.anyio
async def test_the_pipeline_is_never_a_target(hub: Hub) -> None:
    given = order(task="pipeline")
    made = wanted()
    assert made.build
    asked = replace(made, order=given, task=given.assemble_task(), build=made.build.model_copy(update={"id": given.id}))
    done = await run(hub, asked)
    assert done.repository.name == f"pipeline-{given.key[:6]}"


def void(_: object) -> None:
    """Take a value and return none."""
