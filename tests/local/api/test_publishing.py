from collections.abc import Callable

import httpx
import pytest

from orchestrator.local.github import LocalGitHub
from orchestrator.local.store import StoredRepository

pytestmark = pytest.mark.anyio


@pytest.mark.usefixtures("site")
async def test_pages_is_enabled_once_and_needs_its_branch(api: httpx.AsyncClient) -> None:
    place = "/repos/octo/site/pages"
    assert (await api.get(place)).status_code == 404
    missing = await api.post(place, json={"source": {"branch": "gh-pages", "path": "/"}})
    assert missing.status_code == 422
    assert missing.json()["message"] == "The gh-pages branch must exist before GitHub Pages can be built."
    assert (await api.post(place, json={"source": {"branch": "main", "path": "/x"}})).status_code == 422
    assert (await api.post(place, json={"build_type": "workflow"})).status_code == 422
    made = await api.post(place, json={"build_type": "legacy", "source": {"branch": "main", "path": "/"}})
    assert (made.status_code, made.json()["html_url"]) == (201, "http://pages.test/octo/site/")
    again = await api.post(place, json={"source": {"branch": "main", "path": "/"}})
    assert (again.status_code, again.json()["message"]) == (409, "GitHub Pages is already enabled.")
    assert (await api.get("/repos/octo/site")).json()["has_pages"] is True


async def test_a_build_is_named_after_half_its_time_and_built_after_all_of_it(
    api: httpx.AsyncClient, github: LocalGitHub, site: StoredRepository, wait: Callable[[float], None]
) -> None:
    place = "/repos/octo/site/pages"

    async def latest() -> tuple[str, str, int]:
        body = (await api.get(f"{place}/builds/latest")).json()
        return body["commit"], body["status"], body["duration"]

    first = github.store.resolve_head(site) or ""
    await api.post(place, json={"source": {"branch": "main", "path": "/"}})
    assert (await api.get(f"{place}/builds/latest")).status_code == 404
    assert (await api.get(place)).json()["status"] is None
    wait(1)
    assert await latest() == (first, "building", 0)
    wait(1)
    assert await latest() == (first, "built", 2000)
    second = github.store.seed("octo", "site", {"index.html": b"two"}, "Second").sha
    assert await latest() == (first, "built", 2000)
    wait(1)
    assert await latest() == (second, "building", 0)
    assert (await api.get(place)).json()["status"] == "building"
    wait(1)
    assert [build["commit"] for build in (await api.get(f"{place}/builds")).json()] == [second, first]


async def test_a_build_can_be_asked_for(
    api: httpx.AsyncClient, github: LocalGitHub, site: StoredRepository, wait: Callable[[float], None]
) -> None:
    assert (await api.post("/repos/octo/site/pages/builds")).status_code == 404
    github.sites.enable(site, "main", "/")
    asked = await api.post("/repos/octo/site/pages/builds")
    assert (asked.status_code, asked.json()["status"]) == (201, "queued")
    wait(2)
    assert len((await api.get("/repos/octo/site/pages/builds")).json()) == 2


async def test_the_health_of_a_domain_is_for_those_who_administer(
    api: httpx.AsyncClient, anonymous: httpx.AsyncClient, github: LocalGitHub, site: StoredRepository
) -> None:
    place = "/repos/octo/site/pages/health"
    assert (await api.get(place)).status_code == 404
    github.sites.enable(site, "main", "/")
    assert (await api.get(place)).json()["message"] == "There isn't a CNAME for this page"
    refused = await anonymous.get(place, headers={"authorization": "Bearer token-that-reads"})
    assert refused.status_code == 403
    assert refused.headers["x-accepted-github-permissions"] == "pages=write,administration=write"
