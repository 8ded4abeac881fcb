import base64
import io
import tarfile
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from orchestrator.local.github import LocalGitHub
from orchestrator.local.store import StoredRepository
from orchestrator.local.tokens import Token

pytestmark = pytest.mark.anyio

READER = {"authorization": "token token-that-reads"}


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


# Who may do what


async def test_a_wrong_token_is_told_so(anonymous: httpx.AsyncClient) -> None:
    response = await anonymous.get("/user", headers={"authorization": "Bearer wrong"})
    assert response.status_code == 401
    assert response.json()["message"] == "Bad credentials"


@pytest.mark.usefixtures("site")
async def test_anyone_may_read_what_is_public(anonymous: httpx.AsyncClient) -> None:
    for path in ("/repos/octo/site", "/repos/OCTO/SITE/commits", "/repos/octo/site/contents/index.html", "/users/octo"):
        assert (await anonymous.get(path)).status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "permissions"),
    [
        ("/repos/octo/site/dispatches", {"event_type": "task"}, "contents=write"),
        ("/repos/octo/site/actions/workflows/build.yml/dispatches", {"ref": "main"}, "actions=write"),
        ("/repos/octo/site/pages", {"source": {"branch": "main"}}, "pages=write,administration=write"),
        ("/repos/octo/site/pages/builds", {}, "pages=write"),
        ("/repos/octo/site/git/blobs", {"content": "x"}, "contents=write"),
        ("/user/repos", {"name": "new"}, "administration=write"),
    ],
)
@pytest.mark.usefixtures("site")
async def test_a_write_without_the_permission_is_refused_and_says_which_one_is_missing(
    anonymous: httpx.AsyncClient, path: str, body: dict[str, Any], permissions: str
) -> None:
    response = await anonymous.post(path, json=body, headers=READER)
    assert response.status_code == 403
    assert response.json()["message"] == "Resource not accessible by personal access token"
    assert response.headers["x-accepted-github-permissions"] == permissions
    assert (await anonymous.post(path, json=body)).status_code == 401


async def test_what_is_private_looks_as_if_it_were_not_there(
    api: httpx.AsyncClient, anonymous: httpx.AsyncClient
) -> None:
    await api.post("/user/repos", json={"name": "hidden", "private": True})
    assert (await api.get("/repos/octo/hidden")).json()["visibility"] == "private"
    hidden, absent = await anonymous.get("/repos/octo/hidden"), await anonymous.get("/repos/octo/none")
    assert hidden.status_code == absent.status_code == 404
    assert hidden.json() == absent.json()


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nothing"), ("DELETE", "/repos/octo/site"), ("POST", "/orgs/octo/repos")]
)
async def test_whatever_else_is_asked_is_not_found(api: httpx.AsyncClient, method: str, path: str) -> None:
    response = await api.request(method, path)
    assert response.status_code == 404
    assert response.json() == {
        "message": "Not Found",
        "documentation_url": "https://docs.github.com/rest",
        "status": "404",
    }


@pytest.mark.parametrize("path", ["contents/a%00b", "contents/-x", "git/trees/%00", "commits/%ff", "branches/--all"])
@pytest.mark.usefixtures("site")
async def test_an_odd_address_is_no_error_of_the_server(api: httpx.AsyncClient, path: str) -> None:
    assert (await api.get(f"/repos/octo/site/{path}")).status_code in {404, 422}


@pytest.mark.parametrize("body", [b"{", b"[]", b'"text"', b"[" * 100_000, b"\xff"])
async def test_a_body_that_is_no_json_object_is_refused(api: httpx.AsyncClient, body: bytes) -> None:
    assert (await api.post("/user/repos", content=body)).status_code == 400


# What every answer has


@pytest.mark.usefixtures("site")
async def test_a_body_that_is_known_already_costs_nothing(api: httpx.AsyncClient) -> None:
    first = await api.get("/repos/octo/site")
    again = await api.get("/repos/octo/site", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["x-ratelimit-used"] == first.headers["x-ratelimit-used"]


async def test_calls_are_counted(api: httpx.AsyncClient) -> None:
    used = [int((await api.get("/users/octo")).headers["x-ratelimit-used"]) for _ in range(3)]
    assert used == [1, 2, 3]
    core = (await api.get("/rate_limit")).json()["resources"]["core"]
    assert (core["limit"], core["used"], core["remaining"]) == (5000, 3, 4997)


# Repositories


@pytest.mark.parametrize(
    ("asked", "given"), [("abc;def%()ghi!", "abc-def-ghi-"), ("Åström", "-str-m"), ("a.b_c-d", "a.b_c-d")]
)
async def test_a_name_is_changed_silently_as_github_does(api: httpx.AsyncClient, asked: str, given: str) -> None:
    response = await api.post("/user/repos", json={"name": asked})
    assert response.status_code == 201
    assert response.json()["full_name"] == f"octo/{given}"


@pytest.mark.usefixtures("site")
async def test_a_name_can_be_had_once(api: httpx.AsyncClient) -> None:
    response = await api.post("/user/repos", json={"name": "SITE"})
    assert response.status_code == 422
    body = response.json()
    assert body["message"] == "Repository creation failed."
    assert body["errors"] == [
        {"resource": "Repository", "code": "custom", "field": "name", "message": "name already exists on this account"}
    ]


@pytest.mark.parametrize("body", [{}, {"name": 7}, {"name": "a" * 101}, {"name": ".."}])
async def test_a_name_that_cannot_be_is_refused(api: httpx.AsyncClient, body: dict[str, Any]) -> None:
    assert (await api.post("/user/repos", json=body)).status_code == 422


async def test_an_empty_repository_says_so(api: httpx.AsyncClient) -> None:
    await api.post("/user/repos", json={"name": "empty"})
    for path in ("commits", "git/trees/main", "git/ref/heads/main", f"git/commits/{'0' * 40}", "tarball/main"):
        response = await api.get(f"/repos/octo/empty/{path}")
        assert (response.status_code, response.json()["message"]) == (409, "Git Repository is empty.")
    assert (await api.post("/repos/octo/empty/git/blobs", json={"content": "x"})).status_code == 409
    assert (await api.get("/repos/octo/empty/contents/a")).status_code == 404


# Commits, trees, blobs, files


async def test_commits_come_page_by_page(api: httpx.AsyncClient, github: LocalGitHub) -> None:
    for number in range(5):
        github.store.seed("octo", "site", {"n": str(number).encode()}, f"Number {number}")
    first = await api.get("/repos/octo/site/commits", params={"per_page": "2"})
    assert [commit["commit"]["message"] for commit in first.json()] == ["Number 4", "Number 3"]
    assert first.links["last"]["url"].endswith("per_page=2&page=3")
    last = await api.get(first.links["last"]["url"])
    assert [commit["commit"]["message"] for commit in last.json()] == ["Number 0"]
    assert set(last.links) == {"first", "prev"}
    middle = first.json()[1]["sha"]
    from_there = await api.get("/repos/octo/site/commits", params={"sha": middle, "per_page": "1"})
    assert from_there.json()[0]["sha"] == middle


async def test_a_commit_is_found_by_branch_and_by_id(
    api: httpx.AsyncClient, github: LocalGitHub, site: StoredRepository
) -> None:
    head = github.store.resolve_head(site)
    for name in ("main", "heads/main", head):
        assert (await api.get(f"/repos/octo/site/commits/{name}")).json()["sha"] == head
    unknown = await api.get("/repos/octo/site/commits/none")
    assert (unknown.status_code, unknown.json()["message"]) == (422, "No commit found for SHA: none")
    assert (await api.get("/repos/octo/site/branches/none")).status_code == 404
    assert (await api.get("/repos/octo/site/git/ref/heads/main")).json()["object"]["sha"] == head


async def test_a_tree_is_found_by_branch_commit_and_tree(
    api: httpx.AsyncClient, github: LocalGitHub, site: StoredRepository
) -> None:
    commit = github.store.list_commits(site, github.store.resolve_head(site) or "")[0]
    for name in ("main", commit.sha, commit.tree):
        body = (await api.get(f"/repos/octo/site/git/trees/{name}", params={"recursive": "1"})).json()
        assert (body["sha"], body["truncated"]) == (commit.tree, False)
        assert [(entry["path"], entry["type"]) for entry in body["tree"]] == [
            ("docs", "tree"),
            ("docs/a.txt", "blob"),
            ("index.html", "blob"),
        ]
    flat = (await api.get("/repos/octo/site/git/trees/main")).json()["tree"]
    assert [entry["path"] for entry in flat] == ["docs", "index.html"]
    assert (await api.get("/repos/octo/site/git/trees/none")).status_code == 404


async def test_a_blob_comes_back_byte_for_byte(api: httpx.AsyncClient, site: StoredRepository) -> None:
    content = bytes(range(256)) * 5
    made = await api.post(
        f"/repos/{site.full_name}/git/blobs", json={"content": encoded(content), "encoding": "base64"}
    )
    assert made.status_code == 201
    body = (await api.get(made.json()["url"])).json()
    assert base64.b64decode(body["content"]) == content
    raw = await api.get(made.json()["url"], headers={"accept": "application/vnd.github.raw+json"})
    assert raw.content == content
    assert (await api.get(f"/repos/octo/site/git/blobs/{'0' * 40}")).status_code == 404


async def test_the_first_file_of_an_empty_repository_sets_its_default_branch(api: httpx.AsyncClient) -> None:
    await api.post("/user/repos", json={"name": "fresh"})
    body = {"message": "Begin", "content": encoded(b"{}"), "branch": "trunk"}
    made = await api.put("/repos/octo/fresh/contents/pagewright.json", json=body)
    assert made.status_code == 201
    assert made.json()["content"]["path"] == "pagewright.json"
    assert (await api.get("/repos/octo/fresh")).json()["default_branch"] == "trunk"
    assert (await api.get("/repos/octo/fresh/commits")).json()[0]["sha"] == made.json()["commit"]["sha"]


@pytest.mark.usefixtures("site")
async def test_a_file_is_only_replaced_by_someone_who_knows_it(api: httpx.AsyncClient) -> None:
    place = "/repos/octo/site/contents/index.html"
    body = {"message": "Two", "content": encoded(b"two")}
    without = await api.put(place, json=body)
    assert (without.status_code, without.json()["message"]) == (422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
    assert (await api.put(place, json={**body, "sha": "0" * 40})).status_code == 409
    sha = (await api.get(place)).json()["sha"]
    assert (await api.put(place, json={**body, "sha": sha})).status_code == 200
    assert base64.b64decode((await api.get(place)).json()["content"]) == b"two"


@pytest.mark.usefixtures("site")
async def test_a_folder_is_listed_and_an_old_state_can_be_asked_for(
    api: httpx.AsyncClient, github: LocalGitHub
) -> None:
    listed = (await api.get("/repos/octo/site/contents/docs")).json()
    assert [(entry["path"], entry["type"]) for entry in listed] == [("docs/a.txt", "file")]
    before = (await api.get("/repos/octo/site/commits")).json()[0]["sha"]
    github.store.seed("octo", "site", {"b": b"b"}, "Second")
    assert (await api.get("/repos/octo/site/contents/index.html")).status_code == 404
    assert (await api.get("/repos/octo/site/contents/index.html", params={"ref": before})).status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("a/../../b", {}, 404),
        ("a/.git/hooks", {}, 422),
        ("a", {"content": "§"}, 422),
        ("a", {"branch": "a..b"}, 422),
        ("a", {"branch": "none"}, 404),
        (".github/workflows/x.yml", {}, 403),
        ("a", {"content": encoded(b"key = ghp_" + b"a" * 36)}, 409),
    ],
)
@pytest.mark.usefixtures("site")
async def test_a_file_that_may_not_be_written_is_refused(
    api: httpx.AsyncClient, path: str, body: dict[str, Any], status: int
) -> None:
    response = await api.put(
        f"/repos/octo/site/contents/{path}", json={"message": "x", "content": encoded(b"x"), **body}
    )
    assert response.status_code == status
    assert len((await api.get("/repos/octo/site/commits")).json()) == 1


@pytest.mark.usefixtures("site")
async def test_push_protection_names_the_kind_of_secret_and_not_the_secret(api: httpx.AsyncClient) -> None:
    secret = "ghp_" + "Zz9" * 12
    response = await api.post("/repos/octo/site/git/blobs", json={"content": f"<script>{secret}</script>"})
    assert response.status_code == 409
    assert response.json()["message"].startswith("Repository rule violations found\n\nSecret detected in content")
    assert secret not in response.text
    assert response.json()["metadata"]["secret_scanning"]["bypass_placeholders"]


async def test_an_archive_is_fetched_by_a_redirect(
    api: httpx.AsyncClient, github: LocalGitHub, site: StoredRepository
) -> None:
    head = github.store.resolve_head(site) or ""
    redirect = await api.get("/repos/octo/site/tarball/main")
    assert redirect.status_code == 302
    packed = await api.get(redirect.headers["location"])
    with tarfile.open(fileobj=io.BytesIO(packed.content)) as archive:
        assert f"octo-site-{head[:7]}/index.html" in archive.getnames()


async def test_a_token_that_ends_says_so_with_every_answer(anonymous: httpx.AsyncClient, github: LocalGitHub) -> None:
    github.tokens.add(Token("ends", "octo", {}, None, datetime(2126, 12, 8, 11, tzinfo=UTC)))
    answer = await anonymous.get("/user", headers={"authorization": "Bearer ends"})
    assert answer.headers["github-authentication-token-expiration"] == "2126-12-08 11:00:00 UTC"
    endless = await anonymous.get("/user", headers={"authorization": "Bearer token-of-octo"})
    assert "github-authentication-token-expiration" not in endless.headers
