"""The stand-ins refuse what the hosts refuse, each in its own words."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from orchestrator.local.hosts.netlify import create_netlify_app
from orchestrator.local.hosts.shelf import Shelf
from orchestrator.local.hosts.vercel import create_vercel_app
from tests.doubles.clock import FastClock

pytestmark = pytest.mark.anyio

PAGE = b"<h1>one"
SHA = hashlib.sha1(PAGE, usedforsecurity=False).hexdigest()
TOKEN = {"authorization": "Bearer good"}


@pytest.fixture
def time() -> FastClock:
    return FastClock()


@pytest.fixture
def shelf(tmp_path: Path, time: FastClock) -> Shelf:
    return Shelf(tmp_path, "http://host.test", "good", 4, time.utc)


@pytest.fixture
async def netlify(shelf: Shelf) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_netlify_app(shelf))
    async with httpx.AsyncClient(transport=transport, base_url="http://host.test/api/v1", headers=TOKEN) as http:
        yield http


@pytest.fixture
async def vercel(shelf: Shelf) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_vercel_app(shelf))
    async with httpx.AsyncClient(transport=transport, base_url="http://host.test", headers=TOKEN) as http:
        yield http


async def said(http: httpx.AsyncClient, method: str, path: str, **sent: Any) -> tuple[int, Any]:
    answer = await http.request(method, path, **sent)
    return answer.status_code, answer.json()


async def test_netlify_lets_nobody_in_without_the_token(netlify: httpx.AsyncClient) -> None:
    for value in ("Bearer bad", "good", ""):
        code, answer = await said(netlify, "GET", "/user", headers={"authorization": value})
        assert (code, answer) == (401, {"code": 401, "message": "Access Denied"})
    assert (await said(netlify, "GET", "/user"))[0] == 200


async def test_netlify_refuses_names_that_are_taken_or_no_label(netlify: httpx.AsyncClient, shelf: Shelf) -> None:
    shelf.taken.add("theirs")
    assert (await said(netlify, "POST", "/sites", json={"name": "ours"}))[0] == 201
    for name in ("ours", "theirs", "Not a label", "-x"):
        code, answer = await said(netlify, "POST", "/sites", json={"name": name})
        assert code == 422, name
        assert "subdomain" in answer["errors"]


async def test_netlify_asks_only_for_what_it_lacks_and_takes_nothing_else(
    netlify: httpx.AsyncClient, time: FastClock
) -> None:
    _, site = await said(netlify, "POST", "/sites", json={"name": "ours"})
    deploys = f"/sites/{site['id']}/deploys"
    _, deploy = await said(netlify, "POST", deploys, json={"files": {"index.html": SHA, "copy.html": SHA}})
    assert (deploy["required"], deploy["state"]) == ([SHA], "uploading")
    assert (await said(netlify, "PUT", f"/deploys/{deploy['id']}/files/index.html", content=b"other"))[0] == 422
    kind = {"content-type": "application/octet-stream"}
    path = f"/deploys/{deploy['id']}/files/index.html"
    assert (await said(netlify, "PUT", path, content=PAGE, headers=kind))[0] == 200
    live = f"{site['ssl_url']}/copy.html"
    assert (await netlify.get(live)).status_code == 404
    time.moment += 4
    assert (await said(netlify, "GET", f"{deploys}/{deploy['id']}"))[1]["state"] == "ready"
    assert (await netlify.get(live)).content == PAGE
    assert (await said(netlify, "POST", deploys, json={"files": {"index.html": SHA}}))[1]["required"] == []


@pytest.mark.parametrize("files", [{"a#b": SHA}, {"a?b": SHA}, {"a": "no digest"}])
async def test_netlify_refuses_names_and_digests_that_it_cannot_take(
    netlify: httpx.AsyncClient, files: dict[str, str]
) -> None:
    _, site = await said(netlify, "POST", "/sites", json={"name": "ours"})
    assert (await said(netlify, "POST", f"/sites/{site['id']}/deploys", json={"files": files}))[0] == 422


async def test_netlify_knows_no_site_and_no_deployment_that_was_not_made(netlify: httpx.AsyncClient) -> None:
    for path in ("/sites/none", "/sites/none/deploys", "/deploys/none"):
        assert (await said(netlify, "GET", path))[0] == 404
    answer = await netlify.post("/sites", content=b"{", headers={"content-type": "application/json"})
    assert answer.status_code == 400


async def test_netlify_brings_an_earlier_deployment_back(netlify: httpx.AsyncClient, time: FastClock) -> None:
    _, site = await said(netlify, "POST", "/sites", json={"name": "ours"})
    deploys = f"/sites/{site['id']}/deploys"
    made = []
    for page in (PAGE, b"<h1>two"):
        sha = hashlib.sha1(page, usedforsecurity=False).hexdigest()
        _, deploy = await said(netlify, "POST", deploys, json={"files": {"index.html": sha}})
        await netlify.put(f"/deploys/{deploy['id']}/files/index.html", content=page)
        time.moment += 5
        made.append(deploy["id"])
    assert (await netlify.get(f"{site['ssl_url']}/")).content == b"<h1>two"
    await netlify.post(f"{deploys}/{made[0]}/restore")
    assert (await netlify.get(f"{site['ssl_url']}/")).content == PAGE


async def test_vercel_lets_nobody_in_without_the_token(vercel: httpx.AsyncClient) -> None:
    code, answer = await said(vercel, "GET", "/v2/user", headers={"authorization": "Bearer bad"})
    assert (code, answer["error"]["code"]) == (403, "forbidden")
    assert (await said(vercel, "GET", "/v2/user"))[0] == 200


async def test_vercel_refuses_names_that_are_taken_or_invalid(vercel: httpx.AsyncClient) -> None:
    assert (await said(vercel, "POST", "/v11/projects", json={"name": "ours"}))[0] == 200
    for name, code in {"ours": "conflict", "Ours": "bad_request", "a---b": "bad_request", "": "bad_request"}.items():
        assert (await said(vercel, "POST", "/v11/projects", json={"name": name}))[1]["error"]["code"] == code


async def test_vercel_names_the_files_that_it_lacks_and_takes_no_other_bytes(vercel: httpx.AsyncClient) -> None:
    wanted = {"name": "ours", "files": [{"file": "index.html", "sha": SHA, "size": len(PAGE)}]}
    code, answer = await said(vercel, "POST", "/v13/deployments", json=wanted)
    assert (code, answer["error"]["code"], answer["error"]["missing"]) == (400, "missing_files", [SHA])
    headers = {"x-vercel-digest": SHA, "content-type": "application/octet-stream"}
    assert (await said(vercel, "POST", "/v2/files", content=b"other", headers=headers))[0] == 400
    assert (await said(vercel, "POST", "/v2/files", content=PAGE, headers=headers))[0] == 200
    assert (await said(vercel, "POST", "/v13/deployments", json=wanted))[1]["readyState"] == "QUEUED"


async def test_vercel_takes_a_prebuilt_form_only_with_its_configuration(vercel: httpx.AsyncClient) -> None:
    wanted = {"name": "ours", "files": []}
    code, answer = await said(vercel, "POST", "/v13/deployments?prebuilt=1", json=wanted)
    assert (code, answer["error"]["code"]) == (400, "bad_request")


async def test_vercel_shows_a_deployment_of_its_own_address_to_nobody_but_its_owner(
    vercel: httpx.AsyncClient, time: FastClock
) -> None:
    await vercel.post("/v2/files", content=PAGE, headers={"x-vercel-digest": SHA, "content-type": "text/plain"})
    wanted = {"name": "ours", "target": "production", "files": [{"file": "index.html", "sha": SHA}]}
    _, made = await said(vercel, "POST", "/v13/deployments", json=wanted)
    assert (await vercel.get("/live/ours.vercel.app/")).status_code == 404
    time.moment += 4
    _, found = await said(vercel, "GET", f"/v13/deployments/{made['url']}")
    assert (found["readyState"], found["aliasAssigned"]) == ("READY", True)
    assert (await vercel.get(f"/live/{made['url']}/")).status_code == 401
    assert (await vercel.get("/live/ours.vercel.app/")).content == PAGE
    await vercel.patch("/v9/projects/ours", json={"ssoProtection": None})
    assert (await vercel.get(f"/live/{made['url']}/")).content == PAGE
    assert (await said(vercel, "GET", "/v9/projects/none"))[0] == 404
    assert (await said(vercel, "GET", "/v13/deployments/none"))[0] == 404


async def test_what_was_deployed_survives_a_restart(netlify: httpx.AsyncClient, shelf: Shelf) -> None:
    await netlify.post("/sites", json={"name": "ours"})
    again = Shelf(shelf.root, shelf.url, "good", 4, shelf.clock)
    assert [site["name"] for site in again.list_entries("site")] == ["ours"]
