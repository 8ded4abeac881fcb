"""How the one commit comes about, however often it is wanted and whatever GitHub does meanwhile."""

import asyncio
from dataclasses import replace

import pytest

from orchestrator.core.errors import GitHubFailed
from orchestrator.core.record import Record, description_of, read_record
from orchestrator.core.site import RECORD, blob_id
from orchestrator.core.task import parse_request_id
from orchestrator.github.client import GitHubRefused
from orchestrator.jobs.commit import CommitOrder
from tests.doubles.commits import run, wanted
from tests.doubles.hub import Hub, fault
from tests.doubles.orders import KEY, PAGE, TASK, order, site


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
async def test_the_pipeline_is_never_a_target(hub: Hub) -> None:
    given = order(task="pipeline")
    made = wanted()
    assert made.build
    asked = replace(made, order=given, task=given.assemble_task(), build=made.build.model_copy(update={"id": given.id}))
    done = await run(hub, asked)
    assert done.repository.name == f"pipeline-{given.key[:6]}"


def void(_: object) -> None:
    """Take a value and return none."""
