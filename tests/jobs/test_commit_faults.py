"""The one commit, where GitHub loses a write, refuses it or is gone."""

from dataclasses import replace
from typing import Any

import pytest

from orchestrator.core.errors import GitHubFailed, OutOfTime, RuleBroken
from orchestrator.core.site import RECORD, blob_id
from orchestrator.core.task import parse_request_id
from orchestrator.github.client import GitHubRefused, Unsure
from orchestrator.jobs.commit import ensure_commit, republish_record
from tests.doubles.commits import run, wanted
from tests.doubles.hub import READER, Hub, fault
from tests.doubles.orders import PAGE, TASK, order, site

WRITES = {
    "create": {"method": "POST", "path": "^/user/repos$"},
    "claim": {"method": "PUT", "path": "/contents/"},
    "commit": {"method": "POST", "path": "^/graphql$"},
}

WAYS: dict[str, dict[str, Any]] = {
    "took effect unseen": {"drop": True},
    "never arrived": {"drop": "before"},
    "failed": {"status": 502},
    "rate limit": {"status": 403, "headers": {"retry-after": "7"}},
}


@pytest.mark.anyio
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("write", WRITES)
async def test_a_write_that_goes_wrong_once_ends_in_the_same_state(hub: Hub, write: str, way: str) -> None:
    hub.fail(fault(**WRITES[write], **WAYS[way]))
    made = await run(hub)
    assert made.sha == hub.head(TASK)
    assert [parse_request_id(message) for message in hub.messages(TASK)] == [order().id, None]
    assert hub.files(TASK)["index.html"] == PAGE


@pytest.mark.anyio
@pytest.mark.parametrize("way", ["took effect unseen", "never arrived"])
@pytest.mark.parametrize("write", WRITES)
async def test_a_run_killed_at_a_write_is_finished_by_the_next_run(hub: Hub, write: str, way: str) -> None:
    hub.fail(fault(**WRITES[write], **WAYS[way]))
    with pytest.raises(Unsure):  # its time ends with the write: it sees no more than a killed one
        await ensure_commit(hub.client(seconds=0.5), "octo", wanted())
    made = await run(hub)
    assert made.sha == hub.head(TASK)
    assert [parse_request_id(message) for message in hub.messages(TASK)] == [order().id, None]
    assert hub.files(TASK)["index.html"] == PAGE


@pytest.mark.anyio
@pytest.mark.parametrize("write", ["claim", "commit"])
async def test_a_repository_that_is_not_visible_at_once_is_waited_for(hub: Hub, write: str) -> None:
    """GitHub may answer 404 to a write for a moment after it made the repository."""
    body: Any = {"message": "Not Found"}
    if write == "commit":
        body = {"data": None, "errors": [{"type": "NOT_FOUND", "message": "Could not resolve to a Repository"}]}
    status = 200 if write == "commit" else 404
    hub.fail(fault(**WRITES[write], status=status, body=body, times=2))
    made = await run(hub)
    assert made.sha == hub.head(TASK)


@pytest.mark.anyio
async def test_a_token_that_may_not_create_is_told_so_at_once(hub: Hub) -> None:
    with pytest.raises(GitHubRefused, match="Administration") as refused:
        await ensure_commit(hub.client(READER), "octo", wanted())
    assert (refused.value.status, hub.time.slept) == (403, [])


@pytest.mark.anyio
async def test_a_token_that_may_not_commit_is_told_so_at_once(hub: Hub) -> None:
    first = await run(hub)
    with pytest.raises(GitHubRefused, match="lacks a permission") as refused:
        await ensure_commit(hub.client(READER), "octo", wanted(2, base=first.sha))
    assert (refused.value.status, hub.time.slept) == (403, [])


@pytest.mark.anyio
async def test_an_owner_that_is_not_there_is_told_at_once(hub: Hub) -> None:
    with pytest.raises(GitHubRefused, match="TARGET_OWNER") as refused:
        await ensure_commit(hub.client(), "nobody", wanted())
    assert (refused.value.status, hub.time.slept) == (404, [])


POLICIES = [
    (403, "Resource protected by organization SAML enforcement. You must grant your token access.", "single sign-on"),
    (403, "acme forbids access if the token's lifetime is greater than 366 days.", "expires sooner"),
    (403, "Repository was archived so is read-only.", "Unarchive"),
    (422, "Repository creation failed. Visibility can't be public.", "Change the policy"),
    (422, "Repository creation failed. name is reserved", "GitHub.s message"),
]


@pytest.mark.anyio
@pytest.mark.parametrize(("status", "says", "remedy"), POLICIES)
async def test_a_refusal_that_lasts_is_final_at_once_with_the_remedy_of_its_reason(
    hub: Hub, status: int, says: str, remedy: str
) -> None:
    hub.fail(fault(**WRITES["create"], status=status, body={"message": says}, times=99))
    with pytest.raises(GitHubRefused, match=remedy) as refused:
        await run(hub)
    assert says.rstrip(".") in refused.value.cause
    assert "lacks a permission" not in str(refused.value)
    assert "token" not in refused.value.told.lower()
    assert (len(hub.writes), hub.time.slept) == (1, [])


@pytest.mark.anyio
async def test_a_name_that_exists_by_now_is_looked_at_again(hub: Hub) -> None:
    body = {"message": "Repository creation failed.", "errors": [{"message": "name already exists on this account"}]}
    hub.fail(fault(**WRITES["create"], status=422, body=body, times=2))
    made = await run(hub)
    assert made.sha == hub.head(TASK)


@pytest.mark.anyio
async def test_the_end_of_the_time_does_not_hide_why_the_commit_failed(hub: Hub) -> None:
    body = {"message": "Repository creation failed.", "errors": [{"message": "name already exists on this account"}]}
    hub.fail(fault(**WRITES["create"], status=422, body=body, times=99))
    with pytest.raises(GitHubRefused, match=r"already exists.*not see"):
        await ensure_commit(hub.client(seconds=3), "octo", wanted())


@pytest.mark.anyio
async def test_push_protection_is_never_tried_to_pass(hub: Hub) -> None:
    """A secret that our own rules do not know and GitHub does."""
    secret = b"xoxb-1234567890-1234567890-" + b"a" * 24
    first = await run(hub)
    hub.calls.clear()
    refusal = {"type": "UNPROCESSABLE", "message": "Repository rule violations found\n\nSecret detected in content"}
    hub.fail(fault(**WRITES["commit"], status=200, body={"data": None, "errors": [refusal]}))
    with pytest.raises(RuleBroken, match="push protection"):
        await run(hub, wanted(2, base=first.sha))
    assert hub.writes == ["POST /graphql"]
    with pytest.raises(RuleBroken, match="contains a secret"):
        await run(hub, wanted(2, site({"a.js": secret}), base=first.sha))


@pytest.mark.anyio
@pytest.mark.parametrize("way", WAYS)
async def test_a_commit_once_more_changes_the_record_alone_whatever_becomes_of_its_write(hub: Hub, way: str) -> None:
    first = await run(hub)
    before = hub.files(TASK)
    hub.fail(fault(**WRITES["commit"], **WAYS[way]))
    again = await republish_record(hub.client(), first)
    assert (again.sha, again.head) == (first.sha, hub.head(TASK))
    assert again.expected == {**first.expected, RECORD: blob_id(hub.files(TASK)[RECORD])} or again.is_replay
    assert len(hub.messages(TASK)) == 3
    assert {**hub.files(TASK), RECORD: b""} == {**before, RECORD: b""}


@pytest.mark.anyio
async def test_a_head_that_moved_meanwhile_is_followed_in_place_of_a_commit_once_more(hub: Hub) -> None:
    first = await run(hub)
    moved = hub.seed(TASK, {**hub.files(TASK), "index.html": b"the owner's"}, "By hand")
    hub.calls.clear()
    again = await republish_record(hub.client(), first)
    assert (again.sha, again.head, hub.writes) == (first.sha, moved, [])
    assert again.expected["index.html"] == blob_id(b"the owner's")


@pytest.mark.anyio
async def test_a_commit_once_more_that_is_forbidden_or_has_no_time_is_an_error(hub: Hub) -> None:
    first = await run(hub)
    with pytest.raises(OutOfTime, match="before another commit"):
        await republish_record(hub.client(seconds=0), first)
    with pytest.raises(GitHubRefused, match="403"):
        await republish_record(hub.client(READER), first)
    unknown = replace(first, head="0" * 40)
    with pytest.raises(GitHubFailed, match="does not show the last commit"):
        await republish_record(hub.client(), unknown)


@pytest.mark.anyio
async def test_an_outage_that_lasts_ends_in_an_error_within_a_minute(hub: Hub) -> None:
    hub.fail(fault("^/graphql$", status=502, times=100))
    with pytest.raises(Unsure, match="502"):
        await run(hub)
    assert 10 < sum(hub.time.slept) < 60


@pytest.mark.anyio
async def test_nothing_is_written_when_the_time_is_over(hub: Hub) -> None:
    with pytest.raises(OutOfTime):
        await ensure_commit(hub.client(seconds=0), "octo", wanted())
    assert hub.calls == []
