"""How calls to GitHub are repeated or not, and what its refusals become."""

import logging
from typing import Any

import pytest
from github import Github

from orchestrator.core.errors import GitHubFailed
from orchestrator.github.client import Client, GitHubRefused, Unsure
from tests.doubles.hub import Hub, fault

pytestmark = pytest.mark.anyio


@pytest.fixture
def hub(hub: Hub) -> Hub:
    hub.seed("site", {"index.html": b"x"})
    return hub


def name(github: Github) -> str:
    return github.get_repo("octo/site").get_branch("main").name


def put(github: Github) -> str:
    made = github.get_repo("octo/site").create_file("a.txt", "Write", b"a", branch="main")
    return str(made["commit"].sha)


def mutate(github: Github) -> Any:
    return github.requester.graphql_named_mutation("createCommitOnBranch", {}, "commit { oid }")


READ = "/branches/main$"
WRITE = "/contents/a.txt$"


async def test_a_read_is_repeated_through_an_outage(hub: Hub) -> None:
    hub.fail(fault(READ, status=500, times=1), fault(READ, status=502, body="<html>"), fault(READ, drop=True))
    assert await hub.client().read(name) == "main"
    assert hub.time.slept == [1, 2, 4]


async def test_a_read_is_not_repeated_forever(hub: Hub) -> None:
    hub.fail(fault(READ, status=503, times=100))
    with pytest.raises(Unsure, match="503"):
        await hub.client().read(name)
    assert hub.time.slept == [1, 2, 4, 8]


async def test_a_read_is_not_repeated_beyond_the_deadline(hub: Hub) -> None:
    hub.fail(fault(READ, status=503, times=100))
    with pytest.raises(Unsure):
        await hub.client(seconds=3.5).read(name)
    assert hub.time.slept == [1, 2]


@pytest.mark.parametrize("way", [{"status": 500}, {"drop": True}, {"drop": "before"}])
async def test_a_write_whose_fate_is_unknown_is_sent_once(hub: Hub, way: dict[str, Any]) -> None:
    hub.fail(fault(WRITE, times=100, **way))
    with pytest.raises(Unsure):
        await hub.client().write(put)
    assert len(hub.writes) == 1
    assert hub.time.slept == []


@pytest.mark.parametrize("status", [403, 429])
async def test_a_write_that_a_rate_limit_kept_back_is_sent_again_when_github_says(hub: Hub, status: int) -> None:
    hub.fail(fault(WRITE, status=status, headers={"retry-after": "17"}))
    assert await hub.client().write(put) == hub.head("site")
    assert hub.time.slept == [17]


async def test_a_secondary_limit_without_headers_is_given_a_minute(hub: Hub) -> None:
    hub.fail(fault(WRITE, status=403, body={"message": "You have exceeded a secondary rate limit."}))
    await hub.client().write(put)
    assert hub.time.slept == [60]


async def test_a_limit_that_lasts_longer_than_there_is_time_is_an_error(hub: Hub) -> None:
    hub.fail(fault(WRITE, status=429, headers={"retry-after": "3600"}))
    with pytest.raises(GitHubRefused) as refused:
        await hub.client().write(put)
    assert (refused.value.status, hub.time.slept) == (429, [])


@pytest.mark.parametrize(
    ("status", "says", "remedy"),
    [
        (401, "Bad credentials", "Create a new one"),
        (403, "Resource not accessible by personal access token", "lacks a permission"),
        (403, "Resource protected by organization SAML enforcement.", "single sign-on"),
        (404, "Not Found", "TARGET_OWNER"),
        (422, "Validation failed", "Validation"),
    ],
)
async def test_a_refusal_is_final_and_names_the_remedy_of_its_reason(
    hub: Hub, status: int, says: str, remedy: str
) -> None:
    body = {"message": says, "errors": [{"message": "name is taken"}, "more", None]}
    hub.fail(fault(READ, status=status, body=body, times=9))
    with pytest.raises(GitHubRefused, match=remedy) as refused:
        await hub.client().read(name)
    assert refused.value.status == status
    assert refused.value.detail == f"{says} name is taken more"
    assert ("lacks a permission" in str(refused.value)) is (remedy == "lacks a permission")
    assert hub.time.slept == []


@pytest.mark.parametrize(
    ("kind", "status", "pauses"), [("FORBIDDEN", 403, []), ("RATE_LIMITED", 429, [60, 60]), ("STALE_DATA", 400, [])]
)
async def test_errors_of_graphql_mean_what_those_of_rest_mean(
    hub: Hub, kind: str, status: int, pauses: list[int]
) -> None:
    body = {"data": None, "errors": [{"type": kind, "message": "No."}]}
    hub.fail(fault("^/graphql$", status=200, body=body, times=9))
    with pytest.raises(GitHubRefused) as refused:
        await hub.client(seconds=130).write(mutate)
    assert refused.value.status == status
    assert hub.time.slept == pauses[: len(hub.time.slept)]
    assert bool(hub.time.slept) == bool(pauses)


@pytest.mark.parametrize("body", ["", "<html>no", [], None, {"errors": None}, {"errors": "x"}])
async def test_a_refusal_of_any_form_is_understood(hub: Hub, body: Any) -> None:
    hub.fail(fault(READ, status=422, body=body))
    with pytest.raises(GitHubRefused, match="422"):
        await hub.client().read(name)


async def test_nobody_answering_is_an_error_with_a_remedy(hub: Hub) -> None:
    client = Client("http://127.0.0.1:1", "x", hub.time.deadline())
    with pytest.raises(Unsure, match="githubstatus"):
        await client.read(name)


async def test_no_token_is_in_an_error_or_a_log(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    hub.fail(fault(READ, status=500, times=9))
    secret = "ghp_" + "s" * 36
    for call in (name, put):
        with pytest.raises(GitHubFailed) as failed:
            await Client(hub.host.url, secret, hub.time.deadline(5)).read(call)
        assert secret not in repr(failed.value) + str(failed.value)
    assert secret not in caplog.text


async def test_without_a_token_public_repositories_can_be_read(hub: Hub) -> None:
    assert await hub.client("").read(name) == "main"
