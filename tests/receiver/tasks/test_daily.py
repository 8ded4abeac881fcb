"""What a leaked secret may spend in a day, on the door itself: GitHub counts, and nobody gets past the number."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from receiver.answers import RefusedRequest
from receiver.app import create_app
from receiver.github.client import GitHub, NotTakenError
from receiver.tasks.daily import AGAIN, FAILED_S, IDS, LOOK_S, Daily
from tests.receiver.test_app import AT_ONCE, SETTINGS, ScriptedGitHub, send

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


class CountingGitHub(ScriptedGitHub):
    """Lists a run for each dispatch, unless it `lags`; `counts`: the queries. Its day begins with the first one."""

    def __init__(self, *before: str) -> None:
        super().__init__()
        self.lags = False
        self.moment = NOON
        self.counts: list[dict[str, str]] = []
        self.made: list[tuple[datetime, str]] = [(NOON, request) for request in before]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        known = len(self.dispatched)
        if request.url.path.endswith("/build.yml/runs") and "created" in request.url.params:
            self.counts.append(dict(request.url.params))
        answer = super().__call__(request)
        if not self.lags:
            self.list_runs(known)
        return answer

    def unix_time(self) -> float:
        return self.moment.timestamp()

    def list_runs(self, since: int = 0) -> None:
        self.made += [(self.moment, sent["client_payload"]["id"]) for sent in self.dispatched[since:]]

    def _get(self, request: httpx.Request) -> httpx.Response:
        query = request.url.params
        if "created" not in query:
            return super()._get(request)
        assert query["event"] == "repository_dispatch"
        since = datetime.fromisoformat(query["created"].removeprefix(">="))
        runs = [{"display_title": f"a round 1 · {id_}"} for moment, id_ in reversed(self.made) if moment >= since]
        listed = runs[: int(query["per_page"])]
        return httpx.Response(200, json={"total_count": len(runs), "workflow_runs": listed})


class Receiver:
    """One life of a receiver; what it keeps in memory ends with it."""

    def __init__(self, github: CountingGitHub, most: int) -> None:
        settings = replace(SETTINGS, max_tasks_per_day=most)
        client = GitHub(settings, httpx.AsyncClient(transport=httpx.MockTransport(github)), AT_ONCE)
        client.clock.own = github.unix_time
        transport = httpx.ASGITransport(create_app(settings, client))
        self.door = httpx.AsyncClient(transport=transport, base_url="http://door.test")

    async def __call__(self, nonce: str, **changes: Any) -> int:
        return (await send(self.door, nonce=nonce, **changes)).status_code


def counter(github: CountingGitHub, most: int) -> Daily:
    client = GitHub(SETTINGS, httpx.AsyncClient(transport=httpx.MockTransport(github)), AT_ONCE)
    client.clock.own = github.unix_time
    return Daily(most, client)


async def nothing() -> None:
    pass


async def begin(daily: Daily, request: str, act: Callable[[], Awaitable[None]] = nothing) -> None:
    async with daily.count_request(request):
        await act()


async def test_over_the_number_a_task_is_told_to_wait_until_midnight() -> None:
    github = CountingGitHub()
    github.moment = datetime(2026, 11, 26, 23, 0, 0, 500_000, UTC)
    receiver = Receiver(github, 2)
    assert [await receiver(nonce) for nonce in "ab"] == [200, 200]
    refused = await send(receiver.door, nonce="c")
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "3600"
    assert refused.json().keys() == {"error"}
    assert "2 tasks a day (MAX_TASKS_PER_DAY)" in refused.json()["error"]
    assert len(github.dispatched) == 2
    github.moment += timedelta(hours=1)
    assert [await receiver(nonce) for nonce in "cde"] == [200, 200, 429]


async def test_without_a_limit_nobody_is_asked() -> None:
    github = CountingGitHub()
    receiver = Receiver(github, 0)
    assert {await receiver(str(number)) for number in range(20)} == {200}
    assert set(github.calls) == {"POST /repos/octo/pagewright/dispatches"}


async def test_of_fifty_at_the_same_moment_no_more_get_through_than_may() -> None:
    github = CountingGitHub()
    receiver = Receiver(github, 5)
    answers = await asyncio.gather(*(receiver(str(number)) for number in range(50)))
    assert sorted(answers) == [200] * 5 + [429] * 45
    assert len(github.dispatched) == 5
    assert len(github.counts) == 2  # the number, and the runs themselves once it was reached


async def test_a_run_that_is_not_listed_yet_counts_all_the_same() -> None:
    github = CountingGitHub()
    github.lags = True
    receiver = Receiver(github, 3)
    for nonce, answer in zip("abcde", (200, 200, 200, 429, 429), strict=True):
        assert await receiver(nonce) == answer
        github.moment += timedelta(seconds=LOOK_S + 1)


async def test_what_others_began_counts_from_the_next_look_on() -> None:
    github = CountingGitHub("1" * 16, "2" * 16)
    receiver = Receiver(github, 4)
    assert await receiver("a") == 200
    github.made.append((github.moment, "3" * 16))  # another receiver
    github.moment += timedelta(seconds=LOOK_S + 1)
    assert await receiver("b") == 429


async def test_a_restart_forgets_nothing_that_counts() -> None:
    github = CountingGitHub()
    assert [await Receiver(github, 2)(nonce) for nonce in "abc"] == [200, 200, 429]


async def test_yesterdays_tasks_are_not_counted() -> None:
    github = CountingGitHub("1" * 16, "2" * 16)
    github.made = [(NOON - timedelta(hours=12, seconds=1), id_) for _, id_ in github.made]
    assert await Receiver(github, 1)("a") == 200
    assert github.counts[0] == {
        "event": "repository_dispatch",
        "created": ">=2026-11-26T00:00:00Z",
        "per_page": "1",
    }


# The same request again


@pytest.mark.parametrize("restarts", [False, True])
async def test_a_request_that_is_sent_again_is_taken_and_not_counted(*, restarts: bool) -> None:
    github = CountingGitHub()
    receiver = Receiver(github, 2)
    for nonce, answer in zip("aaabaccb", (200, 200, 200, 200, 200, 429, 429, 200), strict=True):
        assert await (Receiver(github, 2) if restarts else receiver)(nonce) == answer
        github.moment += timedelta(seconds=LOOK_S + 1)
    assert len(github.dispatched) == 6


async def test_a_request_that_never_ends_in_a_commit_cannot_be_sent_again_for_ever() -> None:
    """Each of its runs asks a model: what is free of charge is what a sender needs whose answer was lost."""
    github = CountingGitHub()
    receiver = Receiver(github, 3)
    answers = [await receiver("a", brief=f"Another {number}.") for number in range(20)]
    assert answers == [200] * (AGAIN + 3) + [429] * (17 - AGAIN)


async def test_what_is_sent_again_and_not_taken_makes_no_room_for_others() -> None:
    """The id says nothing of the brief: one with a key in it, which GitHub blocks, may follow one that was taken."""
    github = CountingGitHub("1" * 16, "2" * 16)
    receiver = Receiver(github, 3)
    assert await receiver("a") == 200
    github.blocks = 422
    for _ in range(AGAIN):
        assert await receiver("a", brief="x" * 61_000) == 422
    github.blocks = None
    github.moment += timedelta(seconds=LOOK_S + 1)
    assert await receiver("b") == 429


async def test_what_github_does_not_take_is_not_counted() -> None:
    github = CountingGitHub()
    receiver = Receiver(github, 1)
    assert await receiver("a") == 200
    github.moment += timedelta(days=1)
    github.blocks = 422
    for number in range(3):
        assert await receiver(f"blocked-{number}", brief="x" * 61_000) == 422
    github.blocks = None
    assert await receiver("c") == 200
    assert await receiver("d") == 429


async def test_a_task_that_fails_after_another_look_takes_nothing_off_what_github_said() -> None:
    github = CountingGitHub("1" * 16)
    daily = counter(github, 3)

    async def meanwhile() -> None:
        github.moment += timedelta(seconds=LOOK_S + 1)
        github.made.append((github.moment, "2" * 16))  # another receiver
        await begin(daily, "b" * 16)
        raise NotTakenError("Nobody answers.")

    with pytest.raises(NotTakenError):
        await begin(daily, "a" * 16, meanwhile)
    with pytest.raises(RefusedRequest):
        await begin(daily, "c" * 16)


# Where GitHub does not say


async def test_where_the_number_is_not_known_no_task_is_taken_and_github_is_not_pressed() -> None:
    github = CountingGitHub()
    receiver = Receiver(github, 5)
    github.failures = [500]
    answers = await asyncio.gather(*(receiver(str(number)) for number in range(10)))
    assert set(answers) == {503}
    assert len(github.calls) == 1
    github.moment += timedelta(seconds=FAILED_S)
    assert await receiver("a") == 200


async def test_what_was_known_before_bounds_the_day_where_a_later_look_fails() -> None:
    github = CountingGitHub("1" * 16)
    receiver = Receiver(github, 3)
    assert await receiver("a") == 200
    github.moment += timedelta(seconds=LOOK_S + 1)
    github.failures = [500]
    assert await receiver("b") == 200
    github.failures = [500]
    assert await receiver("c") == 429
    assert len(github.dispatched) == 2


async def test_what_is_remembered_is_bounded() -> None:
    daily = counter(CountingGitHub(), IDS + 50)
    ids = [f"{number:016x}" for number in range(IDS + 50)]
    for id_ in ids:
        async with daily.count_request(id_):
            pass
    async with daily.count_request(ids[-1]), daily.count_request(ids[50]):
        pass
    with pytest.raises(RefusedRequest):
        await begin(daily, ids[0])
