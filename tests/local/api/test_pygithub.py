"""The local GitHub as PyGithub sees it: a client that this project did not write."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from github import Auth, Github, GithubException, UnknownObjectException

from orchestrator.local.github import LocalGitHub


def connected(github: LocalGitHub, token: str) -> Github:
    return Github(
        base_url=github.api_url,
        auth=Auth.Token(token),
        retry=None,
        seconds_between_requests=None,
        seconds_between_writes=None,
    )


@pytest.fixture
def octo(listening: LocalGitHub) -> Iterator[Github]:
    with connected(listening, "token-of-octo") as client:
        yield client


def change(repository: str, head: str, **files: str) -> dict[str, Any]:
    """Return the input of a createCommitOnBranch that adds `files` and deletes `init.txt`."""
    return {
        "branch": {"repositoryNameWithOwner": repository, "branchName": "main"},
        "message": {"headline": "Build"},
        "fileChanges": {
            "additions": [{"path": path, "contents": contents} for path, contents in files.items()],
            "deletions": [{"path": "init.txt"}],
        },
        "expectedHeadOid": head,
    }


def test_a_site_goes_from_nothing_to_published_in_four_writes(octo: Github) -> None:
    user = octo.get_user()
    assert user.login == "octo"
    repository = user.create_repo("my site")
    assert (repository.full_name, repository.owner.login, repository.private) == ("octo/my-site", "octo", False)
    with pytest.raises(GithubException, match="Git Repository is empty") as refused:
        repository.get_commits()[0]
    assert refused.value.status == 409
    first = repository.create_file("init.txt", "Begin", "hello", branch="main")["commit"]
    given = change(repository.full_name, first.sha, index="PGgxPm9uZTwvaDE+")
    _, made = repository.requester.graphql_named_mutation("createCommitOnBranch", given, "commit { oid url }")
    head = made["commit"]["oid"]
    assert [commit.sha for commit in repository.get_commits()] == [head, first.sha]
    assert repository.get_branch("main").commit.sha == head
    assert [element.path for element in repository.get_git_tree(head, recursive=True).tree] == ["index"]
    _, page = repository.requester.requestJsonAndCheck(
        "POST", f"{repository.url}/pages", input={"source": {"branch": "main", "path": "/"}}
    )
    assert page["html_url"] == "http://pages.test/octo/my-site/"
    assert octo.get_repo("octo/my-site").has_pages


def test_files_come_and_go_as_bytes(octo: Github, listening: LocalGitHub) -> None:
    listening.store.seed("octo", "site", {"a.bin": bytes(range(256)), "b/c.txt": b"c"}, "First")
    repository = octo.get_repo("octo/site")
    file = repository.get_contents("a.bin")
    assert not isinstance(file, list)
    assert file.decoded_content == bytes(range(256))
    folder = repository.get_contents("b")
    assert isinstance(folder, list)
    assert [entry.path for entry in folder] == ["b/c.txt"]
    repository.update_file("a.bin", "Second", b"two", file.sha)
    assert repository.get_commits().totalCount == 2
    blob = repository.create_git_blob("text", "utf-8")
    assert repository.get_git_blob(blob.sha).size == 4
    assert repository.get_archive_link("tarball", "main").endswith(repository.get_branch("main").commit.sha)


def test_a_dispatch_becomes_a_run_that_can_be_found(octo: Github, listening: LocalGitHub) -> None:
    workflow_file = b"name: Build\non:\n  workflow_dispatch: {inputs: {task: {}}}\n"
    listening.store.seed("octo", "pipeline", {".github/workflows/build.yml": workflow_file}, "First")
    repository = octo.get_repo("octo/pipeline")
    assert repository.create_repository_dispatch("task", {"id": "1"})
    workflow = repository.get_workflow("build.yml")
    assert workflow.state == "active"
    assert workflow.create_dispatch("main", {"task": "x"})
    runs = workflow.get_runs(event="workflow_dispatch", created=f">={datetime.now(UTC):%Y-%m-%d}")
    assert [run.event for run in runs] == ["workflow_dispatch"]
    assert repository.get_workflow_runs().totalCount == 2
    assert repository.get_workflow_run(1).status == "queued"
    assert runs[0].jobs().totalCount == 0


def test_refusals_become_its_exceptions(octo: Github, listening: LocalGitHub) -> None:
    listening.store.seed("octo", "site", {"a": b"a"}, "First")
    with pytest.raises(UnknownObjectException):
        octo.get_repo("octo/none")
    with pytest.raises(GithubException, match="name already exists on this account"):
        octo.get_user().create_repo("site")
    with connected(listening, "token-that-reads") as reader, pytest.raises(GithubException) as forbidden:
        reader.get_repo("octo/site").create_file("b", "x", "b")
    assert forbidden.value.status == 403
    with connected(listening, "wrong") as stranger, pytest.raises(GithubException) as refused:
        stranger.get_repo("octo/site")
    assert refused.value.status == 401
    stale = change("octo/site", "0" * 40)
    with pytest.raises(GithubException, match="STALE_DATA"):
        octo.requester.graphql_named_mutation("createCommitOnBranch", stale, "commit { oid }")
