"""What came of a request, from outside: `/result`, and the answer to a sender that waits."""

import asyncio
import time
from dataclasses import replace
from typing import Any

import httpx
import pytest

from orchestrator.core.loopback import bind, serving
from orchestrator.core.task import request_id
from receiver.app import create_app
from receiver.github.client import GitHub
from tests.doubles.door import AT_ONCE, ID, KEY, SETTINGS, TASK, ScriptedGitHub, app, send, to

pytestmark = pytest.mark.anyio

QUERY = {"email": "ann@example.com", "task": "Sum of sales", "nonce": "n-1"}
RESULT = {
    "status": "done",
    "live": False,
    "id": ID,
    "logs_url": None,
    "email": "ann@example.com",
    "task": "Sum of sales",
    "round": 1,
    "nonce": "n-1",
    "repo_url": "https://github.com/pages/sum-of-sales",
    "commit_sha": "a" * 40,
    "pages_url": "https://pages.github.io/sum-of-sales/",
}
PAGE = "https://pages.github.io/sum-of-sales/pagewright.json"
LOGS = "https://github.com/octo/pagewright/actions/runs/9"


@pytest.mark.parametrize("query", [QUERY, QUERY | {"round": "1"}, QUERY | {"round": ""}])
async def test_done_is_what_a_commit_carries_the_id_of(
    query: dict[str, str], door: httpx.AsyncClient, github: ScriptedGitHub
) -> None:
    github.commits_now(ID)
    answer = await door.get("/result", params=query)
    assert (answer.status_code, answer.json()) == (200, RESULT)
    github.runs_now(ID, "completed")
    assert (await door.get("/result", params=query)).json() == RESULT | {"logs_url": LOGS}


async def test_the_repository_may_have_the_other_name(door: httpx.AsyncClient, github: ScriptedGitHub) -> None:
    other = f"sum-of-sales-{KEY[:6]}"
    github.commits_now("f" * 16)
    github.commits_now(ID, other)
    found = (await door.get("/result", params=QUERY)).json()
    assert found["repo_url"] == f"https://github.com/pages/{other}"
    assert found["pages_url"] == f"https://pages.github.io/{other}/"


@pytest.mark.parametrize(("run", "status"), [("queued", "queued"), ("in_progress", "running"), ("completed", "failed")])
async def test_without_a_commit_the_newest_run_says_how_far_it_is(
    run: str, status: str, door: httpx.AsyncClient, github: ScriptedGitHub
) -> None:
    github.runs_now(ID, "completed")
    github.runs_now(ID, run)
    github.runs_now("f" * 16, "in_progress")
    for query in (QUERY, QUERY | {"round": "1"}):
        assert (await door.get("/result", params=query)).json() == {"status": status, "id": ID, "logs_url": LOGS}


async def test_a_later_round_is_found_with_and_without_its_number(
    door: httpx.AsyncClient, github: ScriptedGitHub
) -> None:
    third = request_id("ann@example.com", "Sum of sales", 3, "n-1")
    github.commits_now(third)
    for query in (QUERY, QUERY | {"round": "3"}):
        found = (await door.get("/result", params=query)).json()
        assert (found["round"], found["id"]) == (3, third)
    assert (await door.get("/result", params=QUERY | {"round": "2"})).status_code == 404


async def test_of_what_is_not_known_nothing_is_said_but_that(door: httpx.AsyncClient, github: ScriptedGitHub) -> None:
    github.commits_now("f" * 16)
    answer = await door.get("/result", params=QUERY)
    assert answer.status_code == 404
    assert answer.json().keys() == {"error"}
    assert "ann" not in answer.text


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({}, "email, task, nonce"),
        (QUERY | {"task": ""}, "task"),
        (QUERY | {"round": "one"}, "round"),
        (QUERY | {"round": "-1"}, "round"),
        (QUERY | {"round": "²"}, "round"),
        (QUERY | {"round": "9" * 5000}, "round"),
    ],
)
async def test_a_question_that_lacks_a_part_is_422(query: dict[str, str], named: str, door: httpx.AsyncClient) -> None:
    answer = await door.get("/result", params=query)
    assert answer.status_code == 422
    assert f"Add {named}" in answer.json()["error"]


async def test_odd_questions_are_no_500(door: httpx.AsyncClient) -> None:
    for query in ("email=%ff&task=%00&nonce=%ed%a0%80", "email=a&task=" + "x" * 5000 + "&nonce=%F0%9F%98%80&round=0"):
        assert (await door.get(f"/result?{query}")).status_code == 404


async def test_where_github_does_not_answer_neither_does_the_receiver(
    door: httpx.AsyncClient, github: ScriptedGitHub
) -> None:
    github.failures = [500, 500]
    answer = await door.get("/result", params=QUERY)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "30"


async def test_who_waits_gets_the_result_when_it_is_there(door: httpx.AsyncClient, github: ScriptedGitHub) -> None:
    def happen(call: int) -> None:
        if call == 8:
            github.runs_now(ID, "in_progress")
        if call == 14:
            github.commits_now(ID)

    github.on_call = happen
    answer = await send(door, wait_for_result=True)
    assert (answer.status_code, answer.json()) == (200, RESULT | {"logs_url": LOGS})
    assert "wait_for_result" not in github.dispatched[0]["client_payload"]["request"]


async def test_who_waits_is_told_of_a_failure_at_once(door: httpx.AsyncClient, github: ScriptedGitHub) -> None:
    github.runs_now(ID, "completed")
    assert (await send(door, wait_for_result=True)).json() == {"status": "failed", "id": ID, "logs_url": LOGS}
    assert len(github.calls) == 4  # the dispatch, and one look at two repositories and the runs


async def test_after_the_time_the_answer_is_what_is_known_by_then(github: ScriptedGitHub) -> None:
    async with to(github, wait_s=0.3) as door:
        unknown = await send(door, wait_for_result=True)
        assert (unknown.status_code, unknown.json()) == (200, {"status": "queued", "id": ID, "logs_url": None})
        github.runs_now(ID, "in_progress")
        assert (await send(door, wait_for_result=True)).json() == {"status": "running", "id": ID, "logs_url": LOGS}


async def test_a_look_that_fails_does_not_turn_an_accepted_task_into_an_error(
    door: httpx.AsyncClient, github: ScriptedGitHub
) -> None:
    def happen(call: int) -> None:
        if call == 2:
            github.failures = [500, None, 403]
        if call == 9:
            github.commits_now(ID)

    github.on_call = happen
    assert (await send(door, wait_for_result=True)).json()["status"] == "done"


# Whether the page is live


async def test_a_run_that_ended_well_has_seen_the_page_live(door: httpx.AsyncClient, github: ScriptedGitHub) -> None:
    github.commits_now(ID)
    github.runs_now(ID, "completed", "success")
    assert (await door.get("/result", params=QUERY)).json()["live"] is True
    github.runs_now(ID, "queued")  # the same request once more
    assert (await door.get("/result", params=QUERY)).json() == RESULT | {"live": True, "logs_url": LOGS}
    assert {request.url.host for request in github.asked} == {"api.github.com"}


@pytest.mark.parametrize(
    ("record", "live"),
    [
        ({"request": ID, "rounds": [{"round": 1}]}, True),
        ({"request": "f" * 16, "rounds": [{"round": 1}, {"round": 2}]}, True),
        ({"request": "f" * 16, "rounds": [{"round": 1}]}, False),
        ({"request": "f" * 16, "rounds": [{"round": "2"}, 2, {}]}, False),
        ({"rounds": {"round": 2}}, False),
        ([ID], False),
        (httpx.Response(200, content=b"[" * 100_000), False),
        (httpx.Response(200, content=b" " * 9_000_000 + b'{"request": "%s"}' % ID.encode()), False),
        (httpx.Response(200, content=b"", headers={"content-encoding": "br"}), False),
        (httpx.Response(301, headers={"location": "http://127.0.0.1:1/"}), False),
        (httpx.ConnectError("refused"), False),
    ],
    ids=[
        "this",
        "a later round",
        "another",
        "odd rounds",
        "odd",
        "a list",
        "deep",
        "large",
        "packed",
        "elsewhere",
        "down",
    ],
)
@pytest.mark.parametrize("run", ["in_progress", "completed"])
async def test_else_the_page_itself_says_whether_it_is_live(
    run: str, record: Any, live: object, door: httpx.AsyncClient, github: ScriptedGitHub
) -> None:
    github.commits_now(ID)
    github.runs_now(ID, run, "failure" if run == "completed" else None)
    github.live[PAGE] = record
    assert (await door.get("/result", params=QUERY)).json() == RESULT | {"live": live, "logs_url": LOGS}
    (asked,) = [request for request in github.asked if request.url.host == "pages.github.io"]
    assert "authorization" not in asked.headers


async def test_the_page_of_a_renamed_repository_is_at_its_new_name(
    door: httpx.AsyncClient, github: ScriptedGitHub
) -> None:
    github.commits_now(ID, "new-name")
    github.commits["sum-of-sales"] = github.commits.pop("new-name")  # the old name answers for the new one
    found = (await door.get("/result", params=QUERY)).json()
    assert found["repo_url"] == "https://github.com/pages/new-name"
    assert found["pages_url"] == "https://pages.github.io/new-name/"


# Nobody without the secret costs calls or turns


def grown(github: ScriptedGitHub) -> None:
    """Let GitHub have more runs than two pages show, and a repository with a long history."""
    for number in range(250):
        github.runs_now(f"{number:016x}", "completed", "success")
        github.commits_now(f"{number:016x}")
    github.commits["sum-of-sales"] *= 250


async def test_any_number_of_looks_costs_a_tenth_of_an_hours_calls(github: ScriptedGitHub) -> None:
    """Ids that nobody has, in each second of an hour, while runs come and go; and each look that is refused is free."""
    grown(github)
    codes = set()
    async with to(github) as door:
        for number in range(300):
            github.now += 12
            github.runs[0] = github.runs[0] | {"status": str(number)}  # so no list is as it was
            before = len(github.calls)
            answer = await door.get("/result", params=QUERY | {"nonce": str(number)})
            codes.add(answer.status_code)
            if answer.status_code == 429:
                assert int(answer.headers["retry-after"]) > 0
                assert answer.json().keys() == {"error"}
                # Nothing but what everybody shares: the list of runs, once in a while.
                assert set(github.calls[before:]) <= {"GET /repos/octo/pagewright/actions/workflows/build.yml/runs"}
            assert (await door.get("/health")).status_code == 200
            assert (await door.get("/")).json()["models"] == ["gpt-4.1", "claude-sonnet"]
    assert codes == {404, 429}
    assert len(github.calls) - github.free <= 500
    assert len(github.calls) <= 900


async def test_what_many_ask_at_once_is_looked_at_once(github: ScriptedGitHub) -> None:
    github.commits_now(ID)
    github.runs_now(ID, "completed", "success")
    async with serving(app(github), bind()) as url, httpx.AsyncClient(timeout=30) as client:
        answers = await asyncio.gather(*(client.get(f"{url}/result", params=QUERY) for _ in range(80)))
    assert {answer.json()["status"] for answer in answers} == {"done"}
    assert len(github.calls) == 2


async def test_what_is_remembered_is_told_to_nobody_else(door: httpx.AsyncClient, github: ScriptedGitHub) -> None:
    github.commits_now(ID)
    assert (await door.get("/result", params=QUERY)).status_code == 200
    for other in ({"email": "eve@example.com"}, {"nonce": "n-2"}, {"task": "sum of sales"}, {"round": "2"}):
        assert (await door.get("/result", params=QUERY | other)).status_code == 404
    assert (await door.get("/result", params=QUERY)).status_code == 200


@pytest.mark.parametrize("long", [{"email": "x" * 321}, {"task": "x" * 201}, {"nonce": "x" * 201}, {"round": "0"}])
async def test_of_what_no_request_can_hold_nothing_is_looked_for(
    long: dict[str, str], door: httpx.AsyncClient, github: ScriptedGitHub
) -> None:
    assert (await door.get("/result", params=QUERY | long)).status_code == 404
    assert github.calls == []


async def test_looks_for_what_is_made_up_leave_calls_for_runs_that_are_there(github: ScriptedGitHub) -> None:
    github.runs_now("e" * 16, "in_progress")
    github.runs_now(ID, "in_progress")
    async with to(github) as door:
        made_up = [await door.get("/result", params=QUERY | {"task": f"x{n}"}) for n in range(30)]
        assert [answer.status_code for answer in made_up].count(429) > 20
        running = await door.get("/result", params=QUERY)
        assert (running.status_code, running.json()["status"]) == (200, "running")
        github.commits_now(ID)
        github.runs_now(ID, "completed", "failure")
        github.now -= 100  # no call has come back
        github.now += 20
        assert (await door.get("/result", params=QUERY)).json()["status"] == "done"


async def test_beyond_the_budget_the_last_answer_is_given_with_its_time(github: ScriptedGitHub) -> None:
    github.commits_now(ID)
    async with to(github) as door:
        first = (await door.get("/result", params=QUERY)).json()
        assert "as_of" not in first
        for number in range(60):
            github.now += number // 59 * 16
            await door.get("/result", params=QUERY | {"task": f"x{number}"})
        last = (await door.get("/result", params=QUERY)).json()
        assert last.pop("as_of")[:2] == "20"
        assert last == first


async def test_looks_that_hang_keep_no_task_out() -> None:
    """GitHub answers no look; three hundred of them wait. A task needs none of their turns."""
    asked: list[httpx.Request] = []
    hanging, over = asyncio.Event(), asyncio.Event()

    async def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            asked.append(request)
            hanging.set()
            await over.wait()
            return httpx.Response(404)
        return httpx.Response(204)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        github = GitHub(SETTINGS, client, AT_ONCE)
        async with serving(create_app(SETTINGS, github), bind()) as url:
            opened = [await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2])) for _ in range(300)]
            for number, (_, writer) in enumerate(opened):
                query = f"email=ann@example.com&task=x{number}&nonce=n-1"
                writer.write(b"GET /result?%s HTTP/1.1\r\nHost: door\r\n\r\n" % query.encode())
            await hanging.wait()
            async with asyncio.timeout(4), httpx.AsyncClient(base_url=url) as door:
                assert (await door.post("/api-endpoint", json=TASK)).status_code == 200
            assert len(asked) <= 20
            over.set()
            heads = [await reader.readuntil(b"\r\n") for reader, _ in opened]
            assert {head.split(b" ")[1] for head in heads} <= {b"404", b"429"}
            for _, writer in opened:
                writer.close()


# Waiting


async def test_who_waits_costs_a_dozen_calls_at_most(github: ScriptedGitHub) -> None:
    """A hundredth of the usual times: looks from 2 s on, each later than the one before, for 50 s."""
    github.runs_now(ID, "in_progress")
    grown(github)
    github.runs.insert(0, github.runs.pop())
    settings = replace(SETTINGS, wait_s=0.5, poll_s=0.02)
    receiver = httpx.ASGITransport(app(github, settings, clock=time.monotonic))
    async with httpx.AsyncClient(transport=receiver, base_url="http://door.test") as door:
        assert (await send(door, wait_for_result=True)).json()["status"] == "running"
    assert 2 <= len(github.calls) <= 12


async def test_those_who_wait_share_their_looks(github: ScriptedGitHub) -> None:
    settings = replace(SETTINGS, wait_s=0.5, poll_s=0.02)
    receiver = httpx.ASGITransport(app(github, settings, clock=time.monotonic))
    async with httpx.AsyncClient(transport=receiver, base_url="http://door.test") as door:
        github.runs_now(ID, "in_progress")
        await asyncio.gather(*(send(door, wait_for_result=True) for _ in range(40)))
    looks = [call for call in github.calls if call.startswith("GET")]
    assert 1 <= len(looks) < 40


async def test_who_waits_does_not_need_the_calls_of_others(github: ScriptedGitHub) -> None:
    github.commits_now(ID)
    github.runs_now(ID, "completed", "success")
    async with to(github) as door:
        for number in range(30):
            await door.get("/result", params=QUERY | {"task": f"x{number}"})
        assert (await send(door, wait_for_result=True)).json()["status"] == "done"
