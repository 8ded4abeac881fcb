"""3 to 10: GitHub and its Pages refuse, fail, lag and lose answers."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from orchestrator.core.site import RECORD
from orchestrator.local.sites import Trouble
from tests.faults.world import DISPATCH_TOKEN, OWNER, TARGET_TOKEN, TASK, World, settled

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

SUFFIXED = f"{TASK}-"
UNSEEN = [{"type": "NOT_FOUND", "message": "Could not resolve to a Repository"}]
# GitHub knows this form of a key, and the rules of ours do not.
KEY = "data:text/plain,sk-svcacct-0123456789T3BlbkFJ0123456789"


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


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_3_the_sender_is_told_what_the_doors_token_lacks(status: int, system: World) -> None:
    system.fail({"path": "/dispatches", "status": status, "times": 9})
    answer = await system.send()
    assert answer.status_code == 503
    assert "DISPATCH_TOKEN" in answer.json()["error"]
    assert DISPATCH_TOKEN not in answer.text
    assert [seen for seen in system.asked if seen.endswith("/dispatches")] == ["POST /repos/octo/pipeline/dispatches"]


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


@pytest.mark.long
async def test_4_a_secondary_limit_that_says_nothing_is_given_a_minute(built: Path, system: World) -> None:
    body = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}
    system.fail({"method": "POST", "path": "/graphql", "status": 403, "body": body, "times": 1})
    started = time.monotonic()
    ran = await system.deliver(built=built)
    assert ran.publish == 0
    assert time.monotonic() - started >= 60
    settled(system)


@pytest.mark.parametrize(
    ("fault", "wait"),
    [
        ({"status": 403, "headers": {"retry-after": "17"}}, 17),
        ({"status": 403, "body": {"message": "You have exceeded a secondary rate limit."}}, 60),
        ({"status": 429}, 60),
    ],
    ids=["headers", "none", "429"],
)
async def test_4_a_limit_at_the_door_is_passed_on(fault: Mapping[str, Any], wait: int, system: World) -> None:
    system.fail({"path": "/dispatches", **fault})
    answer = await system.send()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, str(wait))
    assert (await system.send()).status_code == 200
    assert len(system.dispatched) == 1


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


@pytest.mark.parametrize(
    "fault",
    [
        {"method": "POST", "path": "/graphql", "status": 200, "body": {"data": None, "errors": UNSEEN}},
        {"method": "PUT", "path": "/contents/", "status": 409, "body": {"message": "Git Repository is empty."}},
        {"method": "PUT", "path": "/contents/", "status": 404},
        {"method": "PUT", "path": "/contents/", "drop": True},
        {"method": "POST", "path": "/user/repos$", "drop": True},
        {"method": "POST", "path": "/graphql", "drop": True},
        {"method": "POST", "path": "/graphql", "drop": "before"},
    ],
    ids=["mutation sees it not", "being made", "unseen", "claim lost", "creation lost", "commit lost", "never came"],
)
async def test_7_a_repository_that_is_only_just_made_is_gone_on_with(
    fault: dict[str, Any], built: Path, system: World
) -> None:
    system.fail(fault)
    ran = await system.deliver(built=built)
    assert ran.publish == 0
    settled(system)


async def test_8_push_protection_is_never_bypassed_and_said(system: World) -> None:
    ran = await system.deliver(attachments=[{"name": "key.txt", "url": KEY}])
    assert (ran.build, ran.publish) == (0, 4)
    assert "push protection" in system.told.results[0]["error"]
    assert system.answered() == []


async def test_8_a_large_request_with_a_key_is_refused_at_the_door_with_its_position(system: World) -> None:
    large = {"name": "notes.txt", "url": f"data:text/plain,{'words ' * 12_000}".replace(" ", "%20")}
    answer = await system.send(attachments=[large, {"name": "key.txt", "url": KEY}])
    assert answer.status_code == 422
    assert "retry-after" not in answer.headers
    assert [field["field"] for field in answer.json()["fields"]] == ["attachments.1.url"]
    assert KEY.partition(",")[2] not in answer.text
    assert system.dispatched == []


async def test_8_a_renamed_pipeline_is_said_to_the_sender(system: World) -> None:
    system.fail(
        {"path": "/dispatches", "status": 307, "headers": {"location": "/repositories/7/dispatches"}, "times": 9}
    )
    answer = await system.send()
    assert answer.status_code == 503
    assert "must correct PIPELINE_REPOSITORY" in answer.json()["error"]


@pytest.mark.parametrize(
    ("status", "says"),
    [(403, "Resource protected by organization SAML enforcement."), (422, "Visibility can't be public.")],
)
async def test_8_a_policy_is_final_and_its_reason_is_said_without_the_token(
    status: int, says: str, built: Path, system: World
) -> None:
    system.fail({"method": "POST", "path": "/repos$", "status": status, "body": {"message": says}, "times": 99})
    ran = await system.deliver(built=built)
    assert ran.publish == 5
    assert says.rstrip(".") in ran.log
    assert "lacks a permission" not in ran.log
    assert len([seen for seen in system.asked if seen == "POST /user/repos"]) == 1
    assert "token" not in system.told.results[0]["error"].lower()


# 9 and 10: Pages


@pytest.mark.parametrize(
    "fault",
    [
        {"method": "POST", "path": "/pages$", "status": 409},
        {"method": "POST", "path": "/pages$", "status": 422, "body": {"message": "The main branch must exist."}},
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


@pytest.mark.parametrize("troubles", [["errored"], ["errored", "errored"]], ids=["once", "twice"])
async def test_9_a_commit_that_pages_lost_is_followed_by_another_one(
    troubles: list[Trouble], built: Path, system: World
) -> None:
    system.github.sites.troubles += troubles
    ran = await system.deliver(built=built)
    assert ran.publish == 0
    assert not [seen for seen in system.asked if seen.endswith("/pages/builds")]
    assert len(system.messages()) == 2 + len(troubles)
    settled(system)


async def test_9_a_site_that_pages_never_builds_is_said_and_goes_live_when_run_again(
    built: Path, system: World
) -> None:
    system.github.sites.troubles += ["errored"] * 3
    ran = await system.deliver(built=built)
    assert ran.publish == 5
    assert "Page build failed" in system.told.results[-1]["error"]
    assert (await system.run(system.dispatched[0], built=built, attempt=2)).publish == 0
    assert len(system.answered()) == 1
    settled(system)


@pytest.mark.long
async def test_9_a_build_that_was_never_started_is_asked_for_once(built: Path, system: World) -> None:
    system.github.sites.troubles.append("missed")
    ran = await system.deliver(built=built)
    assert ran.publish == 0
    assert len([seen for seen in system.asked if seen == f"POST /repos/{OWNER}/{TASK}/pages/builds"]) == 1
    settled(system)


@pytest.mark.parametrize("status", [403, 404, 503])
async def test_10_a_page_that_is_not_what_was_committed_is_not_live_yet(
    status: int, built: Path, system: World
) -> None:
    system.fail({"path": f"^/{OWNER}/{TASK}/", "status": status, "times": 3})
    ran = await system.deliver(built=built)
    assert ran.publish == 0
    assert (await system.live(RECORD)).content == system.files()[RECORD]
    settled(system)
