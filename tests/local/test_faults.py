import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from orchestrator.core.errors import UsageError
from orchestrator.local.api import create_api_app
from orchestrator.local.faults import Fault, Faults
from orchestrator.local.github import LocalGitHub
from orchestrator.local.pages import create_pages_app

Read = Callable[..., Faults]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Return what reads a faults file with these entries."""

    def written(*entries: Any) -> Faults:
        path = tmp_path / "faults.json"
        path.write_text(json.dumps(entries))
        return Faults.load_file(path)

    return written


async def answers(github: LocalGitHub, faults: Faults, *paths: str) -> list[httpx.Response]:
    app = create_api_app(replace(github, faults=faults))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=github.api_url) as http:
        return [await http.get(path) for path in paths]


@pytest.mark.anyio
async def test_one_call_fails_and_the_next_goes_through(github: LocalGitHub, read: Read) -> None:
    faults = read({"path": "/users", "status": 502, "headers": {"retry-after": "1"}, "body": {"message": "no"}})
    failed, fine = await answers(github, faults, "/users/octo", "/users/octo")
    assert (failed.status_code, failed.json(), failed.headers["retry-after"]) == (502, {"message": "no"}, "1")
    assert fine.status_code == 200


@pytest.mark.anyio
async def test_calls_go_through_before_and_after_the_ones_that_fail(github: LocalGitHub, read: Read) -> None:
    faults = read({"method": "GET", "path": "^/users/octo$", "status": 500, "after": 1, "times": 2})
    got = await answers(github, faults, *["/users/octo"] * 5)
    assert [response.status_code for response in got] == [200, 500, 500, 200, 200]


@pytest.mark.anyio
async def test_only_calls_of_its_kind_count(github: LocalGitHub, read: Read) -> None:
    faults = read({"method": "POST", "path": "/users", "status": 500}, {"path": "octo$", "status": 503, "after": 1})
    got = await answers(github, faults, "/users/octo?x=octo", "/rate_limit", "/users/octo")
    assert [response.status_code for response in got] == [200, 200, 503]


@pytest.mark.anyio
async def test_a_second_fault_of_one_kind_comes_after_the_first(github: LocalGitHub, read: Read) -> None:
    faults = read({"path": "/users", "status": 500}, {"path": "/users", "status": 403})
    got = await answers(github, faults, *["/users/octo"] * 3)
    assert [response.status_code for response in got] == [500, 403, 200]


@pytest.mark.anyio
async def test_a_body_may_be_text_or_html_or_left_out(github: LocalGitHub, read: Read) -> None:
    faults = read(
        {"path": "/", "status": 502, "body": "<html>Bad"},
        {"path": "/", "status": 500, "body": "Bad"},
        {"path": "/", "status": 503},
    )
    page, text, none = await answers(github, faults, "/a", "/a", "/a")
    assert page.headers["content-type"].startswith("text/html")
    assert (text.text, text.headers["content-type"]) == ("Bad", "text/plain; charset=utf-8")
    assert none.json() == {"message": "Service Unavailable", "status": "503"}


@pytest.mark.anyio
async def test_a_call_can_just_be_late(github: LocalGitHub, read: Read) -> None:
    faults = read({"path": "/users", "delay": 0.02})
    started = time.perf_counter()
    (late,) = await answers(github, faults, "/users/octo")
    assert late.status_code == 200
    assert time.perf_counter() - started >= 0.02


@pytest.mark.anyio
async def test_the_pages_host_fails_too(github: LocalGitHub, read: Read) -> None:
    app = create_pages_app(replace(github, faults=read({"path": "^/octo/site/", "status": 403})))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=github.pages_url) as http:
        assert [(await http.get("/octo/site/")).status_code for _ in range(2)] == [403, 404]


PUT: Any = {"method": "PUT", "path": re.compile("/contents/")}


@pytest.mark.parametrize(
    ("faults", "commits"), [(Faults([Fault(**PUT, drop=True)]), 2), (Faults([Fault(**PUT, drop="before")]), 1)]
)
@pytest.mark.usefixtures("site")
def test_a_dropped_connection_has_no_answer_but_may_have_had_its_effect(listening: LocalGitHub, commits: int) -> None:
    place = f"{listening.api_url}/repos/octo/site"
    headers = {"authorization": "Bearer token-of-octo"}
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        httpx.put(f"{place}/contents/new", json={"message": "New", "content": "eA=="}, headers=headers)
    assert len(httpx.get(f"{place}/commits").json()) == commits


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"status": 500}, "entry 2, field path"),
        ({"path": "(", "status": 500}, "entry 2, field path"),
        ({"path": "/", "status": 99}, "entry 2, field status"),
        ({"path": "/", "status": 500, "times": 0}, "entry 2, field times"),
        ({"path": "/", "status": 500, "statsu": 1}, "entry 2, field statsu"),
        ({"path": "/", "drop": "later"}, "entry 2, field drop"),
        ({"path": "/"}, "entry 2: "),
        ("text", "entry 2: "),
    ],
)
def test_a_wrong_entry_is_named(read: Read, entry: Any, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        read({"path": "/", "status": 500}, entry)


def test_a_file_that_is_no_list_or_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.json could not be read"):
        Faults.load_file(tmp_path / "none.json")
    for content in ("{}", "[", ""):
        (tmp_path / "faults.json").write_text(content)
        with pytest.raises(UsageError, match=r"faults\.json is wrong"):
            Faults.load_file(tmp_path / "faults.json")
