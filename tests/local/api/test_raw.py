from dataclasses import replace

import httpx
import pytest

from orchestrator.local.github import LocalGitHub
from orchestrator.local.store import BranchChange, Person, StoredRepository

pytestmark = pytest.mark.anyio

PNG = b"\x89PNG\r\n\x1a\n\0"


@pytest.fixture
def branched(github: LocalGitHub, site: StoredRepository) -> StoredRepository:
    """The repository octo/site with a branch whose name has a slash."""
    who = Person("octo", "octo@example.com")
    files = {"a b.txt": "ü".encode(), "picture.png": PNG, "page.html": b"<h1>x</h1>", "data": PNG}
    change = BranchChange(
        branch="feature/x", message="More", expected_head=None, author=who, committer=who, additions=files
    )
    github.store.commit(site, change)
    return site


@pytest.mark.parametrize("shape", ["/octo/site/raw/{}", "/octo/site/{}", "/Octo/Site/raw/refs/heads/{}"])
@pytest.mark.parametrize(
    ("place", "content", "kind"),
    [
        ("main/index.html", b"<h1>one</h1>", "text/plain; charset=utf-8"),
        ("main/docs/a.txt", b"a", "text/plain; charset=utf-8"),
        ("feature/x/a%20b.txt", "ü".encode(), "text/plain; charset=utf-8"),
        ("feature/x/picture.png", PNG, "image/png"),
        ("feature/x/data", PNG, "application/octet-stream"),
    ],
)
@pytest.mark.usefixtures("branched")
async def test_a_file_is_given_as_it_is(
    anonymous: httpx.AsyncClient, shape: str, place: str, content: bytes, kind: str
) -> None:
    answer = await anonymous.get(shape.format(place))
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, content, kind)
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_commit_names_a_file_for_good(
    anonymous: httpx.AsyncClient, github: LocalGitHub, site: StoredRepository
) -> None:
    sha = github.store.resolve_head(site)
    github.store.seed("octo", "site", {"index.html": b"two"}, "Second")
    for shape in ("/octo/site/raw/{}/index.html", "/octo/site/{}/index.html"):
        assert (await anonymous.get(shape.format(sha))).text == "<h1>one</h1>"
        assert (await anonymous.get(shape.format("main"))).text == "two"
    listed = (await anonymous.get("/repos/octo/site/contents/index.html")).json()
    assert (await anonymous.get(listed["download_url"])).text == "two"


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("place", ["raw/main/none", "raw/none/index.html", "main/docs", "main/../x", "raw/main", "x/y"])
async def test_what_is_no_file_is_404(anonymous: httpx.AsyncClient, place: str) -> None:
    answer = await anonymous.get(f"/octo/site/{place}")
    assert (answer.status_code, answer.text) == (404, "404: Not Found")


async def test_what_is_private_is_for_those_who_may_read_it(
    anonymous: httpx.AsyncClient, github: LocalGitHub, site: StoredRepository
) -> None:
    github.store._save(replace(site, private=True))  # noqa: SLF001 - nothing else makes a repository private later
    place = "/octo/site/raw/main/index.html"
    assert (await anonymous.get(place)).status_code == 404
    assert (await anonymous.get(place, headers={"authorization": "token token-of-octo"})).status_code == 200


async def test_an_unknown_path_of_the_api_is_still_answered_as_the_api_does(anonymous: httpx.AsyncClient) -> None:
    for path in ("/orgs/guild/teams/x", "/octo/none/main/a.txt", "/repos/octo/none/x"):
        answer = await anonymous.get(path)
        assert (answer.status_code, answer.json()["message"]) == (404, "Not Found")
