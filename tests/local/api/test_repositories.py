"""What a repository says of itself may be changed by who administers it."""

import httpx
import pytest

from orchestrator.local.api import create_api_app
from orchestrator.local.github import LocalGitHub
from orchestrator.local.store import Store

pytestmark = pytest.mark.anyio


async def test_a_homepage_is_kept_and_the_rest_stays(github: LocalGitHub) -> None:
    github.store.create_repository("octo", "site", description="Task 1")
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(create_api_app(github)), base_url=github.api_url
    ) as http:
        for token, status in (("token-that-reads", 403), ("token-of-octo", 200)):
            headers = {"authorization": f"Bearer {token}"}
            answer = await http.patch("/repos/octo/site", json={"homepage": "https://a.example/"}, headers=headers)
            assert answer.status_code == status
        shown = (await http.get("/repos/octo/site")).json()
    assert (shown["homepage"], shown["description"]) == ("https://a.example/", "Task 1")
    kept = Store(github.store.directory(github.store.list_repositories("octo")[0]).parents[1])
    github.store.seed("octo", "site", {"a": b"b"}, "First")
    for store in (kept, github.store):
        found = store.find_repository("octo", "site")
        assert found
        assert found.homepage == "https://a.example/"
