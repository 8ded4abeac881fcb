"""1, 2, 14 to 16, 18, 20 and 22: requests that fail, come twice, late or out of order, and who has to be told."""

import asyncio
import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestrator.core.site import RECORD
from tests.doubles.evaluator import Answer, hang_up, silence, trickle
from tests.doubles.server import response
from tests.faults.world import World, settled, world

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


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
    assert "already answered" in ran.log
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
    [
        (503, 404, 200),
        (hang_up, 200),
        (response(302, location="http://127.0.0.1:9/"), 200),
        (response(500, b"x" * 2_000_000), 200),
        (response(200, gzip.compress(b"\0" * 300_000_000), content_encoding="gzip"),),
        (trickle,),
    ],
    ids=["outage", "reset", "redirect", "huge answer", "gzip bomb", "answer without end"],
)
async def test_18_the_evaluator_is_told_again_with_the_same_bytes(
    answers: tuple[Answer, ...], built: Path, tmp_path: Path
) -> None:
    async with world(tmp_path, *answers) as system:
        ran = await system.deliver(built=built)
        assert ran.publish == 0
        assert len(system.told.bodies) == len(answers)
        assert len(set(system.told.bodies)) == 1


@pytest.mark.long
async def test_18_an_evaluator_that_says_nothing_is_told_again(built: Path, tmp_path: Path) -> None:
    async with world(tmp_path, silence, 200) as system:
        assert (await system.deliver(built=built)).publish == 0
        assert len(system.told.bodies) == 2
        settled(system)


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
