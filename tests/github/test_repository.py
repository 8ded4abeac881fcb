"""Whose a repository is, what lies in it, and the calls that this takes."""

import io
import random
import re
import tarfile
from typing import Any

import pytest

from orchestrator.core.errors import GitHubFailed
from orchestrator.core.record import Record, Round, description_of
from orchestrator.core.site import RECORD, blob_id
from orchestrator.github import repository
from orchestrator.github.client import GitHubRefused, Unsure
from orchestrator.github.repository import Change, Repository, find_repository, has_path
from orchestrator.local.git import run_git
from orchestrator.local.tokens import Token
from tests.doubles.hub import WRITES, Hub, fault
from tests.doubles.orders import KEY, TASK

pytestmark = pytest.mark.anyio
OTHER = f"{TASK}-{KEY[:6]}"
OURS = Record(task=KEY, request="0" * 16, rounds=(Round(round=1, brief="one"),)).render_file()


async def found(
    hub: Hub, owner: str = "octo", reserved: tuple[str, ...] = (), former: tuple[str, ...] = ()
) -> Repository:
    return await find_repository(hub.client(), owner, TASK, (KEY, *former), frozenset(reserved))


async def test_nothing_there_is_a_free_name_after_two_reads(hub: Hub) -> None:
    repo = await found(hub)
    assert (repo.full_name, repo.exists, repo.head, repo.is_started) == (f"octo/{TASK}", False, None, False)
    assert hub.calls == [("GET", f"/repos/octo/{name}/commits") for name in (TASK, OTHER)]


async def test_our_repository_is_found_with_two_reads(hub: Hub) -> None:
    head = hub.seed(TASK, {RECORD: OURS})
    repo = await found(hub)
    assert (repo.head, repo.is_started, repo.stamp, repo.exists) == (head, True, OURS, True)
    assert len(hub.calls) == 2


@pytest.mark.parametrize("around", ["", "My page. {}", "{} (do not delete)"])
async def test_an_empty_repository_whose_description_names_the_task_is_ours(hub: Hub, around: str) -> None:
    described = (around or "{}").format(description_of(KEY))
    hub.github.store.create_repository("octo", TASK, description=described)
    repo = await found(hub)
    assert (repo.name, repo.exists, repo.head, repo.task) == (TASK, True, None, KEY)
    assert len(hub.calls) == 2


@pytest.mark.parametrize("private", [False, True], ids=["public", "private"])
@pytest.mark.parametrize(
    "described",
    [None, "", "My own", "Task", KEY, description_of("f" * 16), f"Task {KEY}0", f"Task {KEY} Task {'f' * 16}"],
)
async def test_an_empty_repository_of_somebody_else_is_passed_over(
    hub: Hub, described: str | None, *, private: bool
) -> None:
    hub.github.store.create_repository("octo", TASK, description=described, private=private)
    assert ((await found(hub)).name, (await found(hub)).exists) == (OTHER, False)
    hub.github.store.create_repository("octo", OTHER, description=described, private=private)
    with pytest.raises(GitHubFailed, match=r"empty, and its description.*Rename or delete one of them"):
        await found(hub)


async def test_a_repository_under_a_former_key_is_ours_and_no_new_one_is_named_after_it(hub: Hub) -> None:
    former = "f" * 16
    assert (await found(hub, former=(former,))).name == TASK
    hub.seed(TASK, {"a": b"a"})
    assert (await found(hub, former=(former,))).name == OTHER
    hub.seed(f"{TASK}-{former[:6]}", {RECORD: Record(task=former).render_file()})
    assert (await found(hub, former=(former,))).name == f"{TASK}-{former[:6]}"
    assert (await found(hub)).name == OTHER


async def test_an_empty_repository_that_no_server_knows_of_yet_is_not_taken_for_anothers(hub: Hub) -> None:
    hub.github.store.create_repository("octo", TASK, description=description_of(KEY))
    hub.fail(fault(f"^/repos/octo/{TASK}$", method="GET", status=404, body={"message": "Not Found"}))
    first, second = await found(hub), await found(hub)
    assert (first.name, first.exists, second.name, second.task) == (TASK, False, TASK, KEY)


async def test_an_empty_repository_that_may_not_be_read_is_an_error(hub: Hub) -> None:
    hub.github.store.create_repository("octo", TASK, description=description_of(KEY))
    hub.fail(fault(f"^/repos/octo/{TASK}$", method="GET", status=403, body={"message": "Resource not accessible"}))
    with pytest.raises(GitHubRefused):
        await found(hub)


@pytest.mark.parametrize("path", ["sales", "sales.html"])
async def test_a_folder_of_another_repository_is_looked_for_with_one_read(hub: Hub, path: str) -> None:
    assert not await has_path(hub.client(), "octo/octo.github.io", path)
    hub.github.store.create_repository("octo", "octo.github.io", description=None)
    assert not await has_path(hub.client(), "octo/octo.github.io", path)
    hub.seed("octo.github.io", {"sales/index.html": b"x", "sales.html": b"x"})
    hub.calls.clear()
    assert await has_path(hub.client(), "octo/octo.github.io", path)
    assert len(hub.calls) == 1
    with pytest.raises(GitHubRefused):
        await has_path(hub.client("wrong"), "octo/octo.github.io", path)


async def test_a_reserved_repository_is_ours_and_not_started(hub: Hub) -> None:
    hub.seed(TASK, {RECORD: Record(task=KEY).render_file()})
    repo = await found(hub)
    assert (repo.is_started, repo.record) == (False, Record(task=KEY))


@pytest.mark.parametrize(
    "files",
    [
        {"index.html": b"x"},
        {RECORD: b"not json"},
        {RECORD: b'{"rounds": []}'},
        {RECORD: Record(task="f" * 16).render_file()},
        {f"{RECORD}/is-a-folder": b"x"},
        {RECORD: b"x" * 1_500_000},
    ],
    ids=["no record", "no JSON", "no task", "another task", "a folder", "a huge one"],
)
async def test_what_is_not_ours_is_passed_over(hub: Hub, files: dict[str, bytes]) -> None:
    hub.seed(TASK, files)
    assert (await found(hub)).name == OTHER
    hub.seed(OTHER, {RECORD: OURS})
    assert (await found(hub)).record is not None


async def test_a_record_of_more_than_a_megabyte_is_read(hub: Hub) -> None:
    long = Record(task=KEY, rounds=tuple(Round(round=number, brief="b" * 100_000) for number in range(1, 14)))
    hub.seed(TASK, {RECORD: long.render_file()})
    repo = await found(hub)
    assert repo.record == long
    assert repo.stamp == long.render_file()


async def test_two_names_taken_by_others_are_an_error(hub: Hub) -> None:
    hub.seed(TASK, {"a": b"a"})
    hub.seed(OTHER, {"a": b"a"})
    with pytest.raises(GitHubFailed, match="another name"):
        await found(hub)


async def test_a_name_that_came_free_again_does_not_hide_our_repository(hub: Hub) -> None:
    hub.seed(OTHER, {RECORD: OURS})
    assert (await found(hub)).name == OTHER


FORMER = "c" * 16


async def _found_with(hub: Hub, *keys: str) -> Repository:
    return await find_repository(hub.client(), "octo", TASK, keys, frozenset())


async def test_a_repository_of_a_former_key_is_ours_under_either_name(hub: Hub) -> None:
    hub.seed(TASK, {RECORD: Record(task=FORMER).render_file()})
    assert (await _found_with(hub, KEY, FORMER)).name == TASK
    assert (await _found_with(hub, KEY)).name == OTHER
    hub.seed("other", {"a": b"a"})
    hub.seed(f"other-{FORMER[:6]}", {RECORD: Record(task=FORMER).render_file()})
    there = await find_repository(hub.client(), "octo", "other", (KEY, FORMER), frozenset())
    assert (there.name, there.record) == (f"other-{FORMER[:6]}", Record(task=FORMER))


async def test_a_new_repository_never_gets_a_name_made_from_a_former_key(hub: Hub) -> None:
    hub.seed(TASK, {"a": b"a"})
    assert (await _found_with(hub, KEY, FORMER)).name == OTHER
    hub.seed(OTHER, {"a": b"a"})
    with pytest.raises(GitHubFailed, match="another name"):
        await _found_with(hub, KEY, FORMER)


async def test_reserved_names_are_not_even_looked_at(hub: Hub) -> None:
    hub.seed(TASK, {RECORD: OURS})
    assert (await found(hub, reserved=(f"octo/{TASK}",))).name == OTHER
    for name in ("octo.github.io", "octo"):
        assert (await find_repository(hub.client(), "Octo", name, (KEY,), frozenset())).name == f"{name}-{KEY[:6]}"
    assert not any(re.search(f"/({TASK}|octo.github.io|octo/octo|.github)/", path) for _, path in hub.calls)


async def test_the_answer_to_a_request_is_found_however_old_it_is(hub: Hub) -> None:
    first = hub.seed(TASK, {RECORD: OURS}, "Build\n\nPagewright-Request: 00000000000000ab\nPagewright-Round: 1")
    many = "".join(
        f"commit refs/heads/main\ncommitter a <a@b.example> {i} +0000\ndata 1\nx\n"
        + (f"from {first}\n" if i == 0 else "")
        for i in range(120)
    )
    run_git(hub.github.store.directory(repository_of(hub)), "fast-import", "--quiet", stdin=many.encode())
    repo = await found(hub)
    assert len(repo.commits) == 121
    assert repo.answering_commit("00000000000000ab") == first
    assert repo.answering_commit("00000000000000cd") is None


@pytest.mark.parametrize(
    "message",
    [
        "Pagewright-Request: 00000000000000ab",
        "Build\n\nPagewright-Request: 00000000000000ab\n\nMore words",
        "Build\n\nPagewright-Request: 00000000000000ab\nPagewright-Request: 00000000000000cd",
    ],
)
async def test_a_forged_trailer_answers_nothing(hub: Hub, message: str) -> None:
    hub.seed(TASK, {RECORD: OURS}, message)
    assert (await found(hub)).answering_commit("00000000000000ab") is None


def repository_of(hub: Hub) -> Any:
    found = hub.github.store.find_repository("octo", TASK)
    assert found
    return found


async def test_an_apps_token_creates_in_the_organization(hub: Hub) -> None:
    hub.github.tokens.add(Token("app", "app[bot]", WRITES))
    with pytest.raises(GitHubRefused):  # the local GitHub has no organizations: what counts is where it was asked
        await repository.create_public_repository(hub.client("app"), "octo", TASK)
    assert hub.writes == ["POST /orgs/octo/repos"]


async def test_a_name_that_exists_already_is_refused(hub: Hub) -> None:
    hub.seed(TASK, {"a": b"a"})
    with pytest.raises(GitHubRefused, match="already exists") as refused:
        await repository.create_public_repository(hub.client(), "octo", TASK)
    assert refused.value.status == 422


async def test_a_claim_says_whose_it_is_on_the_default_branch(hub: Hub) -> None:
    hub.github.store.create_repository("octo", TASK, description=None)
    sha = await repository.claim_repository(hub.client(), Repository("octo", TASK, exists=True), KEY)
    assert (sha, hub.files(TASK)) == (hub.head(TASK), {RECORD: Record(task=KEY).render_file()})


async def test_a_claim_never_replaces_a_record(hub: Hub) -> None:
    head = hub.seed(TASK, {RECORD: OURS})
    with pytest.raises(GitHubRefused):
        await repository.claim_repository(hub.client(), Repository("octo", TASK, exists=True), KEY)
    assert hub.head(TASK) == head


def add_link(hub: Hub, head: str) -> None:
    folder = hub.github.store.directory(repository_of(hub))
    run_git(folder, "fast-import", "--quiet", stdin=LINK.replace(b"HEAD_SHA", head.encode()))


LINK = b"""commit refs/heads/main
committer a <a@b.example> 0 +0000
data 1
x
from HEAD_SHA
M 120000 inline link.txt
data 11
/etc/passwd
M 100755 inline run.sh
data 2
ok
"""


async def test_links_are_neither_listed_nor_downloaded_and_programs_are(hub: Hub) -> None:
    head = hub.seed(TASK, {RECORD: OURS, "index.html": b"x", "deep/a b.bin": bytes(range(256))})
    add_link(hub, head)
    repo = await found(hub)
    ids = await repository.fetch_blob_ids(hub.client(), repo)
    assert sorted(ids) == ["deep/a b.bin", "index.html", RECORD, "run.sh"]
    assert ids["index.html"] == blob_id(b"x")
    hub.calls.clear()
    site = await repository.download_site(hub.client(), repo)
    assert site.files == {"index.html": b"x", "deep/a b.bin": bytes(range(256)), "run.sh": b"ok"}
    assert [path.split("/")[1] for _, path in hub.calls] == ["repos", "codeload"]


async def test_a_link_that_the_site_replaces_becomes_a_file(hub: Hub) -> None:
    head = hub.seed(TASK, {RECORD: OURS, "index.html": b"x"})
    add_link(hub, head)
    repo = await found(hub)
    await repository.commit(hub.client(), repo, Change({"link.txt": b"mine"}, [], ("s", "b")))
    assert hub.files(TASK)["link.txt"] == b"mine"


async def test_a_truncated_tree_is_an_error_and_not_half_a_site(hub: Hub) -> None:
    hub.seed(TASK, {RECORD: OURS})
    repo = await found(hub)
    hub.fail(fault("/git/trees/", status=200, body={"sha": "0" * 40, "tree": [], "truncated": True}))
    with pytest.raises(GitHubFailed, match="more files"):
        await repository.fetch_blob_ids(hub.client(), repo)


@pytest.mark.parametrize("way", [{"status": 502}, {"drop": "before"}])
async def test_an_archive_that_does_not_come_is_asked_for_again(hub: Hub, way: dict[str, Any]) -> None:
    hub.seed(TASK, {RECORD: OURS, "index.html": b"x"})
    repo = await found(hub)
    hub.fail(fault("^/codeload/", **way))
    assert (await repository.download_site(hub.client(), repo)).files == {"index.html": b"x"}
    hub.fail(fault("^/codeload/", times=99, **way))
    with pytest.raises(Unsure):
        await repository.download_site(hub.client(), repo)


@pytest.mark.parametrize("content", ["not a tar", "", "<html>"])
async def test_an_archive_that_is_none_is_an_error_with_a_remedy(hub: Hub, content: str) -> None:
    hub.seed(TASK, {RECORD: OURS})
    repo = await found(hub)
    hub.fail(fault("^/codeload/", status=200, body=content))
    with pytest.raises(GitHubFailed, match="could not be read"):
        await repository.download_site(hub.client(), repo)


def test_half_an_archive_is_an_error() -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("top/a.bin")
        member.size = 100_000
        archive.addfile(member, io.BytesIO(random.Random(0).randbytes(100_000)))  # noqa: S311
    for length in (5, 50, 50_000, 100_100):
        with pytest.raises(GitHubFailed, match="could not be read"):
            repository._unpack_archive(packed.getvalue()[:length])  # noqa: SLF001


@pytest.mark.parametrize("size", [200_000, 20_000_000])
async def test_an_archive_that_is_or_unpacks_to_too_much_is_refused(
    hub: Hub, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """200 KB of noise do not shrink; 20 MB of nothing are 20 KB, and are counted before they are unpacked."""
    content = random.Random(0).randbytes(size) if size < 1_000_000 else bytes(size)  # noqa: S311
    hub.seed(TASK, {RECORD: OURS, "big.bin": content})
    repo = await found(hub)
    monkeypatch.setattr(repository, "MAX_BYTES", 50_000)
    with pytest.raises(GitHubFailed, match="too large"):
        await repository.download_site(hub.client(), repo)


def test_unpacking_leaves_out_what_is_no_file() -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, kind in (("top/dir", tarfile.DIRTYPE), ("top/dev", tarfile.CHRTYPE), ("top/ln", tarfile.LNKTYPE)):
            member = tarfile.TarInfo(name)
            member.type = kind
            archive.addfile(member)
        archive.addfile(tarfile.TarInfo("pax_global_header"))
        archive.addfile(tarfile.TarInfo("top/empty.txt"))
    assert repository._unpack_archive(packed.getvalue()) == {"empty.txt": b""}  # noqa: SLF001
