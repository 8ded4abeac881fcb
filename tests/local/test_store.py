import io
import os
import subprocess
import tarfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.local.github import LocalGitHub
from orchestrator.local.runs import Runs
from orchestrator.local.store import (
    AlreadyThere,
    BranchChange,
    HeadMoved,
    NothingToDelete,
    Person,
    StoredRepository,
    is_branch_name,
)
from orchestrator.local.tokens import Token, Tokens
from tests.doubles.runs import a_run

OCTO = Person("octo", "octo@example.com")


def change(head: str | None, additions: dict[str, bytes], *deletions: str, branch: str = "main") -> BranchChange:
    return BranchChange(
        branch=branch,
        message="Change",
        expected_head=head,
        author=OCTO,
        committer=OCTO,
        additions=additions,
        deletions=deletions,
    )


def git(*arguments: str) -> str:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True, env=environment).stdout


def test_a_repository_can_be_cloned_from_its_folder(
    github: LocalGitHub, site: StoredRepository, tmp_path: Path
) -> None:
    git("clone", "--quiet", str(github.store.directory(site)), str(tmp_path / "clone"))
    assert (tmp_path / "clone/index.html").read_bytes() == b"<h1>one</h1>"
    assert git("-C", str(tmp_path / "clone"), "rev-parse", "HEAD").strip() == github.store.resolve_head(site)
    assert git("-C", str(tmp_path / "clone"), "fsck", "--strict") == ""


def test_a_new_repository_is_empty(github: LocalGitHub) -> None:
    made = github.store.create_repository("octo", "empty", description=None)
    assert github.store.resolve_head(made) is None
    assert made.default_branch == "main"


def test_names_are_found_in_any_case_and_taken_in_any_case(github: LocalGitHub, site: StoredRepository) -> None:
    assert github.store.find_repository("OCTO", "Site") == site
    with pytest.raises(AlreadyThere):
        github.store.create_repository("octo", "SITE", description=None)


def test_any_bytes_come_back_under_any_name(github: LocalGitHub, site: StoredRepository) -> None:
    files = {'a "quoted" \\ name\n.bin': bytes(range(256)), "ü/ß.txt": b"", "*.html": b"done\ncommit x\n"}
    made = github.store.commit(site, change(github.store.resolve_head(site), files))
    for path, content in files.items():
        entry = github.store.find_entry(site, made.sha, path)
        assert entry
        assert github.store.load_blob(site, entry.sha) == content
        assert entry.size == len(content)


def test_a_deleted_file_takes_its_empty_folder_with_it(github: LocalGitHub, site: StoredRepository) -> None:
    made = github.store.commit(site, change(github.store.resolve_head(site), {}, "docs/a.txt"))
    assert [entry.path for entry in github.store.list_tree(site, made.sha)] == ["index.html"]


@pytest.mark.parametrize("path", ["absent.txt", "docs"])
def test_only_files_that_are_there_can_be_deleted(github: LocalGitHub, site: StoredRepository, path: str) -> None:
    head = github.store.resolve_head(site)
    with pytest.raises(NothingToDelete):
        github.store.commit(site, change(head, {"new.txt": b"new"}, path))
    assert github.store.resolve_head(site) == head


def test_a_commit_on_another_head_is_refused(github: LocalGitHub, site: StoredRepository) -> None:
    first = github.store.resolve_head(site)
    github.store.commit(site, change(first, {"a": b"a"}))
    with pytest.raises(HeadMoved):
        github.store.commit(site, change(first, {"b": b"b"}))


def test_of_many_commits_on_one_head_exactly_one_is_made(github: LocalGitHub, site: StoredRepository) -> None:
    head = github.store.resolve_head(site)

    def attempt(number: int) -> bool:
        try:
            github.store.commit(site, change(head, {"n": str(number).encode()}))
        except HeadMoved:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(attempt, range(8))) == 1
    assert github.store.count_commits(site, github.store.resolve_head(site) or "") == 2


def test_the_first_branch_of_an_empty_repository_becomes_the_default(github: LocalGitHub, tmp_path: Path) -> None:
    made = github.store.create_repository("octo", "trunk", description=None)
    github.store.commit(made, change(None, {"a": b"a"}, branch="trunk"))
    found = github.store.find_repository("octo", "trunk")
    assert found
    assert found.default_branch == "trunk"
    git("clone", "--quiet", str(github.store.directory(found)), str(tmp_path / "clone"))
    assert (tmp_path / "clone/a").exists()


def test_seeding_again_leaves_exactly_the_new_files(github: LocalGitHub, site: StoredRepository) -> None:
    made = github.store.seed("octo", "site", {"only.txt": b"x"}, "Second")
    assert [entry.path for entry in github.store.list_tree(site, made.sha)] == ["only.txt"]
    assert len(made.parents) == 1


def test_commits_come_newest_first_with_message_and_people(github: LocalGitHub, site: StoredRepository) -> None:
    made = github.store.commit(
        site, replace(change(github.store.resolve_head(site), {"a": b"a"}), message="One\n\nTwo: 2")
    )
    newest, oldest = github.store.list_commits(site, made.sha, limit=5)
    assert (newest.message, newest.author, newest.parents) == ("One\n\nTwo: 2", OCTO, (oldest.sha,))
    assert oldest.message == "First"
    assert github.store.list_commits(site, made.sha, skip=1) == (oldest,)


def test_a_blob_that_no_tree_names_stays_readable(github: LocalGitHub, site: StoredRepository) -> None:
    sha = github.store.add_blob(site, b"large request")
    assert github.store.resolve_object(site, sha, "blob") == sha
    assert github.store.load_blob(site, sha) == b"large request"


def test_an_archive_holds_the_tree_in_a_folder_named_after_the_commit(
    github: LocalGitHub, site: StoredRepository
) -> None:
    head = github.store.resolve_head(site) or ""
    with tarfile.open(fileobj=io.BytesIO(github.store.create_archive(site, head))) as archive:
        names = [member.name for member in archive if member.isfile()]
    assert names == [f"octo-site-{head[:7]}/docs/a.txt", f"octo-site-{head[:7]}/index.html"]


@pytest.mark.parametrize(
    "name", ["main~1", "refs/heads/main~1", "HEAD", ":/First", "--all", "refs/heads/../x", "a" * 39]
)
def test_only_ids_and_full_refs_are_resolved(github: LocalGitHub, site: StoredRepository, name: str) -> None:
    assert github.store.resolve_object(site, name) is None


@pytest.mark.parametrize(("name", "valid"), [("feature/a-1", True), ("a..b", False), ("-x", False), ("a.lock", False)])
def test_branch_names_follow_the_rule_of_git(name: str, valid: bool) -> None:  # noqa: FBT001 - a table
    assert is_branch_name(name) is valid


def test_everything_is_there_again_after_a_restart(restarted: Callable[[], LocalGitHub]) -> None:
    before = restarted()
    before.store.seed("octo", "site", {"a": b"a"}, "First")
    first = before.store.find_repository("octo", "site")
    assert first
    before.sites.enable(first, "main", "/")
    run = before.runs.create(a_run(payload={"client_payload": {"id": "1"}}))
    before.runs.append_log(run.jobs[0].id, "one\n")
    after = restarted()
    assert after.store.find_repository("octo", "site") == first
    assert after.sites.refresh_site(first) == before.sites.refresh_site(first)
    assert after.runs.find_run(run.id) == run
    assert after.runs.load_log(run.jobs[0].id) == "one\n"


def test_runs_and_jobs_never_share_an_id_nor_get_an_old_one(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    first, second = (
        runs.create(a_run()),
        runs.create(a_run()),
    )
    assert [first.id, first.jobs[0].id, second.id, second.jobs[0].id] == [1, 2, 3, 4]
    runs.append_log(4, "log of the first attempt")
    runs.update(replace(second, jobs=(), run_attempt=2))
    assert Runs(tmp_path).create(a_run()).id == 5


def test_unfinished_runs_are_what_a_restart_takes_up_oldest_first(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    first, done, last = (runs.create(a_run(payload={"client_payload": {"id": "1"}})) for _ in range(3))
    runs.update(replace(done, status="completed", conclusion="success"))
    again = Runs(tmp_path)
    assert [run.id for run in again.unfinished_runs()] == [first.id, last.id]
    assert [run.id for run in again.list_runs("OCTO/site")] == [last.id, done.id, first.id]
    found = again.find_job(first.jobs[0].id)
    assert found
    assert found[0].payload == {"client_payload": {"id": "1"}}


def test_a_token_covers_what_it_was_given_and_hides_its_value(site: StoredRepository) -> None:
    everything, one, other = (
        Token("secret", "octo", {"contents": "write"}),
        Token("secret", "github-actions[bot]", {"contents": "read"}, frozenset({"Octo/Site"})),
        Token("secret", "octo", {"contents": "write"}, frozenset({"octo/other"})),
    )
    assert [token.covers(site) for token in (everything, one, other)] == [True, True, False]
    assert everything.may({"contents": "read"})
    assert not one.may({"contents": "write"})
    assert "secret" not in repr(everything)


def test_a_removed_token_is_no_token() -> None:
    tokens = Tokens(Token("a", "octo", {}))
    tokens.add(Token("b", "octo", {}))
    assert tokens.find_token("bearer b")
    assert tokens.find_token("token a")
    tokens.remove("b")
    assert tokens.find_token("Bearer b") is None
    assert tokens.find_token("Basic a") is None
