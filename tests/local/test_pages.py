import os
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from orchestrator.local.github import LocalGitHub
from orchestrator.local.store import StoredRepository

pytestmark = pytest.mark.anyio

FILES = {
    ".nojekyll": b"",
    ".well-known/x.json": b"{}",
    "_app/a.js": b"1",
    "about.html": b"about",
    "folder/index.html": b"folder",
    "index.html": "<h1>ü</h1>".encode(),
    "raw.bin": bytes(range(256)),
}


@pytest.fixture
def publish(github: LocalGitHub, wait: Callable[[float], None]) -> Callable[[dict[str, bytes]], StoredRepository]:
    """Return what makes octo/site serve exactly these files, built."""

    def published(files: dict[str, bytes], path: str = "/") -> StoredRepository:
        github.store.seed("octo", "site", files, "Publish")
        repository = github.store.find_repository("octo", "site")
        assert repository
        if github.sites.refresh_site(repository) is None:
            github.sites.enable(repository, "main", path)
        wait(2)
        return repository

    return published


Publish = Callable[..., StoredRepository]


async def test_every_byte_is_served_with_its_type_and_ten_minutes_of_cache(
    pages: httpx.AsyncClient, publish: Publish
) -> None:
    publish(FILES)
    for path in ("/octo/site/raw.bin", "/octo/site/index.html?unique=1", "/octo/site/"):
        response = await pages.get(path)
        assert response.status_code == 200
        assert response.headers["cache-control"] == "max-age=600"
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.content == FILES["index.html"]
    assert (await pages.get("/octo/site/raw.bin")).content == FILES["raw.bin"]


async def test_an_address_means_a_file_a_folder_or_a_page(pages: httpx.AsyncClient, publish: Publish) -> None:
    publish(FILES)
    assert (await pages.get("/octo/site/folder/")).content == b"folder"
    assert (await pages.get("/octo/site/about")).content == b"about"
    for path in ("/octo/site", "/octo/site/folder"):
        moved = await pages.get(path, params={"q": "1"})
        assert moved.status_code == 301
        assert moved.headers["location"] == f"http://pages.test{path}/?q=1"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/octo/",
        "/octo/none/",
        "/octo/Site/",
        "/octo/site/Index.html",
        "/octo/site/none",
        "/octo/site/_app/",
        "/octo/site/folder/../../../etc/passwd",
        "/octo/site/%2e%2e/site/index.html",
    ],
)
async def test_what_is_not_there_is_not_found(pages: httpx.AsyncClient, publish: Publish, path: str) -> None:
    publish(FILES)
    response = await pages.get(path)
    assert response.status_code == 404
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "GitHub Pages" in response.text


async def test_the_owner_is_part_of_the_host_and_has_no_case(pages: httpx.AsyncClient, publish: Publish) -> None:
    publish(FILES)
    assert (await pages.get("/OCTO/site/")).status_code == 200


async def test_a_site_may_have_a_404_page_of_its_own(pages: httpx.AsyncClient, publish: Publish) -> None:
    publish({"404.html": b"<p>lost</p>"})
    response = await pages.get("/octo/site/none")
    assert (response.status_code, response.content) == (404, b"<p>lost</p>")


async def test_hidden_files_are_served_only_where_jekyll_is_off(pages: httpx.AsyncClient, publish: Publish) -> None:
    publish(FILES)
    for path in ("_app/a.js", ".well-known/x.json"):
        assert (await pages.get(f"/octo/site/{path}")).status_code == 200
    publish({path: content for path, content in FILES.items() if path != ".nojekyll"})
    for path in ("_app/a.js", ".well-known/x.json"):
        assert (await pages.get(f"/octo/site/{path}")).status_code == 404


async def test_the_docs_folder_can_be_the_site(pages: httpx.AsyncClient, publish: Publish) -> None:
    publish({"docs/index.html": b"docs", "secret.txt": b"no"}, "/docs")
    assert (await pages.get("/octo/site/")).content == b"docs"
    assert (await pages.get("/octo/site/secret.txt")).status_code == 404


async def test_the_old_content_is_served_until_the_new_one_is_built(
    pages: httpx.AsyncClient, github: LocalGitHub, publish: Publish, wait: Callable[[float], None]
) -> None:
    repository = publish({"index.html": b"one"})
    github.store.seed("octo", "site", {"index.html": b"two"}, "Second")
    github.sites.refresh_site(repository)
    wait(1.9)
    assert (await pages.get("/octo/site/")).content == b"one"
    wait(0.1)
    assert (await pages.get("/octo/site/")).content == b"two"


async def test_nothing_is_served_before_the_first_build_is_done(
    pages: httpx.AsyncClient, github: LocalGitHub, site: StoredRepository, wait: Callable[[float], None]
) -> None:
    assert (await pages.get("/octo/site/")).status_code == 404
    github.sites.enable(site, "main", "/")
    wait(1)
    assert (await pages.get("/octo/site/")).status_code == 404
    wait(1)
    assert (await pages.get("/octo/site/")).status_code == 200


async def test_a_file_that_is_known_already_is_not_sent_again(pages: httpx.AsyncClient, publish: Publish) -> None:
    publish(FILES)
    first = await pages.get("/octo/site/")
    again = await pages.get("/octo/site/", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = await pages.head("/octo/site/")
    assert head.headers["content-length"] == str(len(first.content))
    assert (await pages.post("/octo/site/")).status_code == 405


async def test_a_pushed_commit_is_built_too_and_symlinks_are_left_out(
    pages: httpx.AsyncClient, github: LocalGitHub, publish: Publish, wait: Callable[[float], None], tmp_path: Path
) -> None:
    repository = publish({"index.html": b"one"})
    push(github.store.directory(repository), tmp_path / "clone")
    github.sites.refresh_site(repository)
    wait(2)
    assert (await pages.get("/octo/site/index.html")).content == b"pushed"
    assert (await pages.get("/octo/site/link.html")).status_code == 404


def push(origin: Path, clone: Path) -> None:
    """Push a commit with a changed file and a symlink, by git itself."""
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(["git", "clone", "--quiet", str(origin), str(clone)], check=True, env=environment)
    (clone / "index.html").write_bytes(b"pushed")
    (clone / "link.html").symlink_to("index.html")
    who = ("-c", "user.name=octo", "-c", "user.email=octo@example.com")
    for command in (("add", "."), (*who, "commit", "--quiet", "-m", "Pushed"), ("push", "--quiet")):
        subprocess.run(["git", "-C", str(clone), *command], check=True, env=environment)


async def test_a_commit_whose_build_fails_never_succeeds_and_another_one_does(
    api: httpx.AsyncClient,
    pages: httpx.AsyncClient,
    github: LocalGitHub,
    publish: Publish,
    wait: Callable[[float], None],
) -> None:
    publish({"index.html": b"one"})
    github.sites.troubles.append("errored")
    publish({"index.html": b"two"})
    latest = (await api.get("/repos/octo/site/pages/builds/latest")).json()
    assert (latest["status"], latest["error"]["message"]) == ("errored", "Page build failed.")
    assert (await api.get("/repos/octo/site/pages")).json()["status"] == "errored"
    assert (await pages.get("/octo/site/")).content == b"one"
    for _ in range(2):
        assert (await api.post("/repos/octo/site/pages/builds")).status_code == 201
        wait(2)
        assert (await pages.get("/octo/site/")).content == b"one"
    deployment = await api.get(f"/repos/octo/site/pages/deployments/{latest['commit']}")
    assert deployment.json() == {"status": "deployment_failed"}
    publish({"index.html": b"three"})
    assert (await pages.get("/octo/site/")).content == b"three"


async def test_a_second_build_of_a_commit_fails_while_the_first_is_under_way(
    api: httpx.AsyncClient,
    pages: httpx.AsyncClient,
    github: LocalGitHub,
    site: StoredRepository,
    wait: Callable[[float], None],
) -> None:
    github.sites.enable(site, "main", "/")
    place = f"/repos/octo/site/pages/deployments/{github.store.resolve_head(site)}"
    wait(1)
    assert (await api.get(place)).json() == {"status": "deployment_in_progress"}
    await api.post("/repos/octo/site/pages/builds")
    wait(1)
    assert (await api.get(place)).json() == {"status": "succeed"}
    wait(1)
    latest = (await api.get("/repos/octo/site/pages/builds/latest")).json()
    assert latest["status"] == "errored"
    assert "due to in progress deployment" in latest["error"]["message"]
    assert (await pages.get("/octo/site/")).status_code == 200
    assert (await api.get("/repos/octo/site/pages/deployments/" + "0" * 40)).status_code == 404


async def test_a_build_may_register_late(
    api: httpx.AsyncClient,
    pages: httpx.AsyncClient,
    github: LocalGitHub,
    site: StoredRepository,
    wait: Callable[[float], None],
) -> None:
    github.sites.registers_after = timedelta(seconds=60)
    github.sites.enable(site, "main", "/")
    wait(59)
    assert (await api.get("/repos/octo/site/pages/builds/latest")).status_code == 404
    wait(1)
    assert (await api.get("/repos/octo/site/pages/builds/latest")).json()["status"] == "building"
    wait(1)
    assert (await pages.get("/octo/site/")).status_code == 200


async def test_a_push_that_was_missed_is_built_when_asked_for_or_with_the_next(
    api: httpx.AsyncClient, pages: httpx.AsyncClient, github: LocalGitHub, publish: Publish
) -> None:
    site = publish({"index.html": b"one"})
    github.sites.troubles += ["missed", "missed"]
    publish({"index.html": b"two"})
    latest = (await api.get("/repos/octo/site/pages/builds/latest")).json()
    assert latest["commit"] != github.store.resolve_head(site)
    assert (await pages.get("/octo/site/")).content == b"one"
    assert (await api.post("/repos/octo/site/pages/builds")).status_code == 201
    publish({"index.html": b"two"})
    assert (await pages.get("/octo/site/")).content == b"two"
    publish({"index.html": b"three"})
    publish({"index.html": b"four"})
    assert (await pages.get("/octo/site/")).content == b"four"
