"""Every fault that the system has to survive, injected into the running system; numbered as in SECURITY.md."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestrator.site import RECORD
from tests.doubles.model import Reply, model_server
from tests.doubles.server import response
from tests.faults.world import OWNER, TARGET_TOKEN, TASK, World, settled, world

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

SUFFIXED = f"{TASK}-"


@pytest.fixture
async def system(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as system:
        yield system


# 1 and 2: dispatching


async def test_1_a_dispatch_that_fails_is_tried_again_and_then_the_sender_is_asked_to(system: World) -> None:
    system.fail({"path": "/dispatches", "status": 502, "times": 2})
    assert (await system.send()).status_code == 200
    system.fail({"path": "/dispatches", "drop": "before", "times": 9})
    refused = await system.send(nonce="other")
    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) > 0
    assert len(system.dispatched) == 1


async def test_2_a_dispatch_that_runs_twice_has_one_effect(system: World) -> None:
    system.fail({"path": "/dispatches", "drop": True})
    assert (await system.send()).status_code == 200
    assert len(system.dispatched) == 2
    for payload in system.dispatched:
        ran = await system.run(payload)
        assert (ran.build, ran.publish) == (0, 0)
    settled(system)
    assert len(system.told.bodies) == 2


# 3 and 4: GitHub refuses


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_3_what_a_token_may_not_do_is_said_once_with_its_remedy(status: int, built: Path, system: World) -> None:
    system.fail({"method": "POST", "path": "/repos$", "status": status, "times": 99})
    ran = await system.deliver(built=built)
    assert ran.publish == 5
    assert "TARGET_TOKEN" in ran.log or "TARGET_OWNER" in ran.log
    assert TARGET_TOKEN not in ran.log
    (told,) = system.told.results
    assert str(status) in told["error"]
    assert system.answered() == []


@pytest.mark.parametrize(
    "headers",
    [{"retry-after": "1"}, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "NOW"}],
    ids=["retry-after", "reset"],
)
@pytest.mark.parametrize("status", [403, 429])
async def test_4_a_rate_limit_is_waited_for(status: int, headers: dict[str, str], built: Path, system: World) -> None:
    named = {name: str(int(time.time()) + 1) if value == "NOW" else value for name, value in headers.items()}
    system.fail({"method": "POST", "path": "/graphql", "status": status, "headers": named, "times": 1})
    ran = await system.deliver(built=built)
    assert ran.publish == 0
    settled(system)


# 5 to 8: the repository


async def test_5_a_repository_of_another_is_never_touched(built: Path, system: World) -> None:
    system.github.store.seed(OWNER, TASK, {"index.html": b"mine"}, "Mine")
    ran = await system.deliver(built=built)
    assert ran.publish == 0
    assert system.files()["index.html"] == b"mine"
    assert len(system.messages()) == 1
    (told,) = system.told.results
    name = told["repo_url"].rpartition("/")[2]
    assert name.startswith(SUFFIXED)
    assert len(system.answered(name)) == 1


async def test_5_a_repository_that_is_ours_is_gone_on_with(built: Path, system: World) -> None:
    await system.send()
    key = system.dispatched[0]["key"]
    system.github.store.seed(OWNER, TASK, {RECORD: json.dumps({"task": key, "rounds": []}).encode()}, "Reserve")
    ran = await system.run(system.dispatched[0], built=built)
    assert ran.publish == 0
    settled(system)


async def test_6_a_head_that_moved_since_the_build_is_refused_and_said(system: World) -> None:
    await system.deliver()
    system.fail({"method": "POST", "path": "/graphql", "status": 403, "times": 9})
    assert (await system.deliver(round=2, nonce="nonce-2")).publish == 5
    built = system.handed_over
    system.fail()
    system.github.store.seed(OWNER, TASK, {**system.files(), "theirs.txt": b"x"}, "Theirs")
    before = system.messages()
    ran = await system.run(system.dispatched[-1], built=built, attempt=2)
    assert ran.publish == 5
    assert "The repository has changed since the site was built" in ran.log
    assert system.messages() == before
    assert "Run the workflow again" in system.told.results[-1]["error"]
    assert (await system.run(system.dispatched[-1], attempt=3)).publish == 0
    assert system.files()["theirs.txt"] == b"x"
    settled(system, requests=2)


async def test_7_a_repository_that_is_not_there_yet_for_the_commit_is_waited_for(built: Path, system: World) -> None:
    errors = [{"type": "NOT_FOUND", "message": "Could not resolve to a Repository"}]
    system.fail({"method": "POST", "path": "/graphql", "status": 200, "body": {"data": None, "errors": errors}})
    ran = await system.deliver(built=built)
    assert ran.publish == 0
    settled(system)


async def test_8_push_protection_is_never_bypassed_and_said(built: Path, system: World) -> None:
    errors = [{"type": "UNPROCESSABLE", "message": "Repository rule violations found: secret detected in index.html"}]
    system.fail(
        {"method": "POST", "path": "/graphql", "status": 200, "body": {"data": None, "errors": errors}, "times": 9}
    )
    ran = await system.deliver(built=built)
    assert ran.publish == 4
    assert "push protection" in system.told.results[0]["error"]
    assert system.answered() == []


# 9 and 10: Pages


@pytest.mark.parametrize(
    "fault",
    [
        {"method": "POST", "path": "/pages$", "status": 409},
        {"method": "POST", "path": "/pages$", "status": 422},
        {"method": "POST", "path": "/pages$", "drop": True},
        {"method": "GET", "path": "/pages/builds/latest$", "status": 500, "times": 5},
    ],
    ids=["enabled already", "branch missing", "answer lost", "builds unreadable"],
)
async def test_9_pages_that_hesitate_end_live(fault: dict[str, Any], built: Path, system: World) -> None:
    system.fail(fault)
    ran = await system.deliver(built=built)
    assert ran.publish == 0
    settled(system)
    assert b"42" in (await system.live()).content


@pytest.mark.parametrize("status", [403, 404, 503])
async def test_10_a_page_that_is_not_what_was_committed_is_not_live_yet(
    status: int, built: Path, system: World
) -> None:
    system.fail({"path": f"^/{OWNER}/{TASK}/", "status": status, "times": 3})
    ran = await system.deliver(built=built)
    assert ran.publish == 0
    assert (await system.live(RECORD)).content == system.files()[RECORD]
    settled(system)


# 11 to 13: models


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=429, headers={"retry-after": "1"}),
        Reply(status=503),
        Reply(cut=True),
        Reply("I would rather not."),
        Reply('<file path="index.html">\n<!doctype html><h1>Half', finish_reason="length"),
    ],
    ids=["429", "503", "cut", "refusal", "truncated"],
)
async def test_11_and_12_a_model_that_gives_no_page_leaves_the_template_and_that_is_said(
    reply: Reply, system: World
) -> None:
    async with model_server(reply) as server:
        system.settings = {
            "LLM_MODELS": "openai/scripted",
            "LLM_API_BASE": server.url,
            "LLM_API_KEY": "key",
            "TASK_DEADLINE_S": "60",
        }
        ran = await system.deliver()
    assert (ran.build, ran.publish) == (0, 0)
    assert json.loads(system.files()[RECORD])["built_by"] == "fallback"
    assert "the page comes from the template" in ran.log
    assert b"Half" not in system.files()["index.html"]
    settled(system)


# 14 to 17: requests


async def test_14_the_same_request_again_commits_nothing_and_tells_the_same(system: World) -> None:
    answers = await asyncio.gather(*(system.send() for _ in range(12)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["id"] for answer in answers}) == 1
    for payload in system.dispatched[:3]:
        assert (await system.run(payload)).publish == 0
    settled(system)
    assert len(system.told.bodies) == 3


async def test_14_two_runs_of_one_request_at_once_make_one_commit(system: World) -> None:
    await system.send()
    ran = await asyncio.gather(*(system.run(system.dispatched[0]) for _ in range(2)))
    assert 0 in {run.publish for run in ran}
    assert len(system.answered()) == 1
    # One that came second may have been built on a head that had moved: run again it finds the commit.
    assert (await system.run(system.dispatched[0], attempt=2)).publish == 0
    settled(system)


async def test_15_another_body_under_the_same_id_changes_nothing(system: World) -> None:
    await system.deliver()
    before = system.files()
    ran = await system.deliver(brief="Show something else.", attachments=[])
    assert ran.publish == 0
    assert "Answered already" in ran.log
    assert system.files() == before
    settled(system)


async def test_16_a_round_without_the_one_before_fails_at_once_with_the_reason(system: World) -> None:
    ran = await system.deliver(round=2, nonce="nonce-2")
    assert (ran.build, ran.publish) == (2, 3)
    assert "has no repository" in system.told.results[0]["error"]
    assert system.messages() == []


async def test_16_round_1_again_after_round_2(system: World) -> None:
    await system.deliver()
    await system.deliver(round=2, nonce="nonce-2", brief="Say more.", attachments=[])
    first = system.told.bodies[0]
    assert (await system.deliver()).publish == 0
    assert system.told.bodies[2] == first
    assert (await system.deliver(nonce="nonce-new", brief="Begin anew.")).publish == 0
    rounds = json.loads(system.files()[RECORD])["rounds"]
    assert [(entry["round"], entry["brief"]) for entry in rounds] == [(1, "Begin anew."), (2, "Say more.")]
    assert len(system.answered()) == 3


# 18: the evaluator


@pytest.mark.parametrize(
    "answers",
    [(503, 404, 200), (response(302, location="http://127.0.0.1:9/"), 200), (response(500, b"x" * 2_000_000), 200)],
    ids=["outage", "redirect", "huge answer"],
)
async def test_18_the_evaluator_is_told_again_with_the_same_bytes(
    answers: tuple[Any, ...], built: Path, tmp_path: Path
) -> None:
    async with world(tmp_path, *answers) as system:
        ran = await system.deliver(built=built)
        assert ran.publish == 0
        assert len(system.told.bodies) == len(answers)
        assert len(set(system.told.bodies)) == 1


async def test_18_an_evaluator_that_is_gone_is_not_told_again_and_the_page_stays(built: Path, tmp_path: Path) -> None:
    async with world(tmp_path, 410) as system:
        ran = await system.deliver(built=built)
        assert ran.publish == 6
        assert len(system.told.bodies) == 1
        assert len(system.answered()) == 1


# 20 and 22


async def test_20_publishing_again_asks_no_model_and_ends_the_same(built: Path, system: World) -> None:
    system.fail({"method": "POST", "path": "/user/repos$", "status": 403, "times": 99})
    assert (await system.deliver(built=built)).publish == 5
    assert "error" in system.told.results[0]
    system.fail()
    assert (await system.run(system.dispatched[0], built=built, attempt=2)).publish == 0
    settled(system)


async def test_20_a_build_that_fails_is_told_by_publish(system: World) -> None:
    system.settings = {"BROWSER": "/none/such"}
    ran = await system.deliver()
    assert (ran.build, ran.publish) == (2, 3)
    assert "BROWSER does not name a program" in system.told.results[0]["error"]


async def test_22_a_job_that_starts_late_still_tells_the_evaluator(system: World) -> None:
    await system.send()
    (payload,) = system.dispatched
    payload["request"]["received_at"] = (datetime.now(UTC) - timedelta(seconds=590)).isoformat()
    ran = await system.run(payload)
    assert (ran.build, ran.publish) == (0, 0)
    settled(system)
