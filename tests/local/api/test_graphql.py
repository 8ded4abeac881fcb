import base64
from typing import Any

import httpx
import pytest

from orchestrator.local.github import LocalGitHub
from orchestrator.local.store import StoredRepository

pytestmark = pytest.mark.anyio

DOCUMENT = (
    "mutation ($input: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $input) { commit { oid url } } }"
)


def commit_input(head: str | None, additions: dict[str, bytes], *deletions: str) -> dict[str, Any]:
    return {
        "branch": {"repositoryNameWithOwner": "octo/site", "branchName": "main"},
        "message": {"headline": "Build site, round 1", "body": "Pagewright-Request: 1"},
        "fileChanges": {
            "additions": [{"path": p, "contents": base64.b64encode(c).decode()} for p, c in additions.items()],
            "deletions": [{"path": path} for path in deletions],
        },
        "expectedHeadOid": head,
    }


async def mutate(api: httpx.AsyncClient, given: dict[str, Any], document: str = DOCUMENT) -> dict[str, Any]:
    response = await api.post("/graphql", json={"query": document, "variables": {"input": given}})
    assert response.status_code == 200
    body: dict[str, Any] = response.json()
    return body


async def refusal(api: httpx.AsyncClient, given: dict[str, Any]) -> tuple[str, str]:
    body = await mutate(api, given)
    assert body["data"] == {"createCommitOnBranch": None}
    (error,) = body["errors"]
    assert error["path"] == ["createCommitOnBranch"]
    return error["type"], error["message"]


async def test_one_commit_adds_and_deletes(api: httpx.AsyncClient, github: LocalGitHub, site: StoredRepository) -> None:
    body = await mutate(api, commit_input(github.store.resolve_head(site), {"new.bin": b"\0\xff"}, "docs/a.txt"))
    head = github.store.resolve_head(site)
    assert body == {
        "data": {"createCommitOnBranch": {"commit": {"oid": head, "url": f"http://api.test/octo/site/commit/{head}"}}}
    }
    assert {entry.path for entry in github.store.list_tree(site, head or "")} == {"index.html", "new.bin"}


async def test_the_message_and_the_people_are_as_github_sets_them(
    api: httpx.AsyncClient, github: LocalGitHub, site: StoredRepository
) -> None:
    await mutate(api, commit_input(github.store.resolve_head(site), {}))
    commit = github.store.list_commits(site, github.store.resolve_head(site) or "")[0]
    assert commit.message == "Build site, round 1\n\nPagewright-Request: 1"
    assert (commit.author.name, commit.committer.email) == ("octo", "noreply@github.com")


async def test_an_empty_commit_is_allowed(api: httpx.AsyncClient, github: LocalGitHub, site: StoredRepository) -> None:
    first = github.store.resolve_head(site)
    given = commit_input(first, {})
    del given["fileChanges"]
    assert "errors" not in await mutate(api, given)
    assert github.store.resolve_head(site) != first


async def test_a_moved_head_is_stale_data(api: httpx.AsyncClient, github: LocalGitHub, site: StoredRepository) -> None:
    first = github.store.resolve_head(site)
    await mutate(api, commit_input(first, {"a": b"a"}))
    kind, message = await refusal(api, commit_input(first, {"b": b"b"}))
    assert kind == "STALE_DATA"
    assert message == f'Expected branch to point to "{first}" but it did not.  Pull and try again.'


@pytest.mark.parametrize(
    ("additions", "deletions", "kind", "message"),
    [
        ({"new": b"new"}, ["absent"], "NOT_FOUND", "A path was requested for deletion which does not exist"),
        ({"index.html": b"x"}, ["index.html"], "UNPROCESSABLE", "Path must be unique: index.html"),
        ({"../x": b""}, [], "UNPROCESSABLE", "malformed path component"),
        ({"a/.git/config": b""}, [], "UNPROCESSABLE", "malformed path component"),
        ({".github/workflows/x.yml": b""}, [], "FORBIDDEN", "Resource not accessible by personal access token"),
        ({"a.js": b"ghp_" + b"a" * 36}, [], "UNPROCESSABLE", "Secret detected in content"),
    ],
)
async def test_a_refused_change_changes_nothing(  # noqa: PLR0913, PLR0917 - a table
    api: httpx.AsyncClient,
    github: LocalGitHub,
    site: StoredRepository,
    additions: dict[str, bytes],
    deletions: list[str],
    kind: str,
    message: str,
) -> None:
    head = github.store.resolve_head(site)
    refused = await refusal(api, commit_input(head, additions, *deletions))
    assert refused[0] == kind
    assert message in refused[1]
    assert github.store.resolve_head(site) == head


@pytest.mark.usefixtures("site")
async def test_an_unknown_repository_or_branch_is_not_found(api: httpx.AsyncClient) -> None:
    unknown = commit_input("0" * 40, {})
    unknown["branch"]["repositoryNameWithOwner"] = "octo/none"
    message = "Could not resolve to a Repository with the name 'octo/none'."
    assert await refusal(api, unknown) == ("NOT_FOUND", message)
    elsewhere = commit_input("0" * 40, {})
    elsewhere["branch"]["branchName"] = "none"
    assert (await refusal(api, elsewhere))[0] == "NOT_FOUND"


@pytest.mark.usefixtures("site")
async def test_a_head_must_be_given(api: httpx.AsyncClient) -> None:
    kind, message = await refusal(api, commit_input(None, {}))
    assert kind == "INVALID"
    assert "expectedHeadOid" in message


async def test_a_token_that_only_reads_may_not_commit(
    anonymous: httpx.AsyncClient, github: LocalGitHub, site: StoredRepository
) -> None:
    given = {"query": DOCUMENT, "variables": {"input": commit_input(github.store.resolve_head(site), {})}}
    assert (await anonymous.post("/graphql", json=given)).status_code == 401
    reader = await anonymous.post("/graphql", json=given, headers={"authorization": "Bearer token-that-reads"})
    assert reader.json()["errors"][0]["type"] == "FORBIDDEN"


@pytest.mark.parametrize(
    "document",
    [
        "",
        "query { viewer { colour } }",
        "subscription { viewer { login } }",
        "mutation { createIssue(input: {}) { issue { id } } }",
        "mutation ($input: X!) { createCommitOnBranch(input: $input) { clientMutationId } viewer { login } }",
        "mutation ($input: X!) { createCommitOnBranch(input: $input) { commit { oid } }",
        "mutation ($input: X!) { createCommitOnBranch(input: $input) { { oid } } }",
        "mutation ($input: X!) { createCommitOnBranch(input: $input) { } }",
    ],
)
async def test_any_other_document_is_refused(
    api: httpx.AsyncClient, github: LocalGitHub, site: StoredRepository, document: str
) -> None:
    head = github.store.resolve_head(site)
    body = await mutate(api, commit_input(head, {}), document)
    assert "data" not in body
    assert body["errors"]
    assert github.store.resolve_head(site) == head


async def test_an_alias_a_comment_and_commas_are_understood(
    api: httpx.AsyncClient, github: LocalGitHub, site: StoredRepository
) -> None:
    document = """mutation Publish($input: CreateCommitOnBranchInput!) { # one commit
      made: createCommitOnBranch(input: $input) {
        clientMutationId, commit { messageHeadline, messageBody }, ref { name }
      }
    }"""
    given = {**commit_input(github.store.resolve_head(site), {}), "clientMutationId": "7"}
    assert (await mutate(api, given, document))["data"]["made"] == {
        "clientMutationId": "7",
        "commit": {"messageHeadline": "Build site, round 1", "messageBody": "Pagewright-Request: 1"},
        "ref": {"name": "main"},
    }


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("commit { colour }", "Field 'colour' doesn't exist on type 'Commit'"),
        ("commit { oid { x } }", "Field 'oid' doesn't exist on type 'Commit'"),
        ("colour", "Field 'colour' doesn't exist on type 'CreateCommitOnBranchPayload'"),
        ("commit", "Field 'commit' must have selections exactly where it is an object"),
    ],
)
async def test_an_unknown_field_is_named_before_anything_is_done(
    api: httpx.AsyncClient, github: LocalGitHub, site: StoredRepository, fields: str, message: str
) -> None:
    head = github.store.resolve_head(site)
    body = await mutate(api, commit_input(head, {}), DOCUMENT.replace("commit { oid url }", fields))
    assert body["errors"][0]["message"] == message
    assert github.store.resolve_head(site) == head


async def test_contents_must_be_base64(api: httpx.AsyncClient, github: LocalGitHub, site: StoredRepository) -> None:
    given = commit_input(github.store.resolve_head(site), {})
    given["fileChanges"]["additions"] = [{"path": "a", "contents": "§"}]
    assert await refusal(api, given) == ("UNPROCESSABLE", "contents is not valid Base64")
