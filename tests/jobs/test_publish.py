"""Job `publish` from what was handed over to a page that is live; GitHub and the evaluator on real sockets."""

import asyncio
import re
from typing import Any

import pytest

from orchestrator.core.errors import (
    GitHubFailed,
    PagewrightError,
)
from orchestrator.core.record import Record, read_record
from orchestrator.core.site import RECORD
from orchestrator.core.task import parse_request_id
from tests.doubles.hub import Hub, fault
from tests.doubles.orders import KEY, PAGE, TASK, hand_over
from tests.doubles.publishing import Job, polls

pytestmark = pytest.mark.anyio


async def test_round_1_takes_four_writes_and_round_2_one(job: Job, hub: Hub) -> None:
    first = job.order()
    made = await job.run(first, job.built(first))
    assert hub.writes == [
        "POST /user/repos",
        f"PUT /repos/octo/{TASK}/contents/{RECORD}",
        "POST /graphql",
        f"POST /repos/octo/{TASK}/pages",
    ]
    assert len([call for call in hub.reads if call not in polls(hub.reads)]) <= 3
    hub.calls.clear()
    second = job.order(2, "nonce-2")
    again = await job.run(second, job.built(second, {"new.html": b"x"}, made.commit_sha))
    assert hub.writes == ["POST /graphql"]
    assert len([call for call in hub.reads if call not in polls(hub.reads)]) <= 3
    assert hub.files(TASK)["new.html"] == b"x"
    assert (again.repo_url, again.pages_url) == (made.repo_url, made.pages_url)


async def test_a_replay_writes_nothing_and_sends_the_same_bytes(job: Job, hub: Hub) -> None:
    given = job.order()
    await job.run(given, job.built(given))
    hub.calls.clear()
    nothing = job.folder / "nothing"
    await job.run(given, nothing)
    await job.run(given, hand_over(nothing, given, None, published=hub.head(TASK), site=None))
    assert hub.writes == []
    assert job.told.bodies[0] == job.told.bodies[1] == job.told.bodies[2]


async def test_a_replay_of_round_1_after_round_2_repeats_its_own_result(job: Job, hub: Hub) -> None:
    first, second = job.order(), job.order(2, "nonce-2")
    made = await job.run(first, job.built(first))
    await job.run(second, job.built(second, {"index.html": PAGE + b"2"}, made.commit_sha))
    hub.calls.clear()
    again = await job.run(first, job.folder / "nothing")
    assert again == made
    assert job.told.bodies[0] == job.told.bodies[2]
    assert hub.writes == []


async def test_two_runs_of_one_request_at_once_have_one_effect(job: Job, hub: Hub) -> None:
    given = job.order()
    folder = job.built(given)
    made = await asyncio.gather(*(job.run(given, folder) for _ in range(3)))
    assert made[0] == made[1] == made[2]
    assert [parse_request_id(message) for message in hub.messages(TASK)] == [given.id, None]
    assert len(set(job.told.bodies)) == 1


WRITES = {
    "create": {"method": "POST", "path": "^/user/repos$"},
    "claim": {"method": "PUT", "path": "/contents/"},
    "commit": {"method": "POST", "path": "^/graphql$"},
    "pages": {"method": "POST", "path": "/pages$"},
}


@pytest.mark.parametrize("drop", [True, "before"])
@pytest.mark.parametrize("write", WRITES)
async def test_a_run_that_loses_a_write_ends_live_and_told_once(job: Job, hub: Hub, write: str, drop: Any) -> None:
    hub.fail(fault(**WRITES[write], drop=drop))
    given = job.order()
    made = await job.run(given, job.built(given))
    assert [parse_request_id(message) for message in hub.messages(TASK)] == [given.id, None]
    assert job.told.results[0]["commit_sha"] == made.commit_sha == hub.head(TASK)
    assert len(job.told.asked) == 1


@pytest.mark.parametrize("drop", [True, "before"])
@pytest.mark.parametrize("write", WRITES)
async def test_a_run_killed_at_a_write_ends_in_the_same_state_when_run_again(
    job: Job, hub: Hub, write: str, drop: Any
) -> None:
    given = job.order()
    folder = job.built(given)
    hub.fail(fault(**WRITES[write], drop=drop))
    hub.host.app = Killing(hub, WRITES[write])
    with pytest.raises(PagewrightError):
        await job.run(given, folder, TASK_DEADLINE_S="60")
    hub.fail()
    made = await job.run(given, folder)
    assert [parse_request_id(message) for message in hub.messages(TASK)] == [given.id, None]
    assert made.commit_sha == hub.head(TASK)
    assert job.told.results[-1]["commit_sha"] == made.commit_sha
    assert "error" in job.told.results[0]


class Killing:
    """A GitHub that is gone from one write on, that write included or not, as its fault says."""

    def __init__(self, hub: Hub, write: dict[str, str]) -> None:
        assert hub.host.app
        self._app, self._write, self._is_gone, self._hub = hub.host.app, write, False, hub

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self._is_gone:
            self._hub.time.moment += 30  # time passes, or the run would not give up
            scope["state"]["transport"].abort()
            return
        self._is_gone = scope["method"] == self._write["method"] and bool(re.search(self._write["path"], scope["path"]))
        await self._app(scope, receive, send)


async def test_a_head_that_moved_since_the_build_is_not_committed_on(job: Job, hub: Hub) -> None:
    first, second = job.order(), job.order(2, "nonce-2")
    made = await job.run(first, job.built(first))
    folder = job.built(second, {"new.html": b"x"}, made.commit_sha)
    moved = hub.seed(TASK, {**hub.files(TASK), "own.txt": b"the owner's"}, "By hand")
    with pytest.raises(GitHubFailed, match="has changed since"):
        await job.run(second, folder)
    assert hub.head(TASK) == moved
    assert "has changed since" in job.told.results[1]["error"]


async def test_a_foreign_repository_is_left_alone_and_the_other_name_is_live(job: Job, hub: Hub) -> None:
    before = hub.seed(TASK, {"index.html": b"somebody's"})
    given = job.order()
    made = await job.run(given, job.built(given))
    assert made.pages_url.endswith(f"/octo/{TASK}-{KEY[:6]}/")
    assert hub.head(TASK) == before


async def test_a_half_made_repository_is_gone_on_with(job: Job, hub: Hub) -> None:
    head = hub.seed(TASK, {RECORD: Record(task=KEY).render_file()}, "Reserve")
    given = job.order()
    await job.run(given, job.built(given, base=head))
    assert hub.writes == ["POST /graphql", f"POST /repos/octo/{TASK}/pages"]


async def test_a_site_of_an_owner_with_a_domain_of_its_own_is_told_where_it_is(job: Job, hub: Hub) -> None:
    elsewhere = hub.host.url.replace("127.0.0.1", "localhost")
    moved = hub.github.pages_url
    hub.host.app = Moving(hub, elsewhere)
    given = job.order()
    made = await job.run(given, job.built(given))
    assert made.pages_url == f"{elsewhere}/live/octo/{TASK}/" != moved
    assert job.told.results[0]["pages_url"] == made.pages_url


class Moving:
    """A GitHub whose Pages send everybody to another origin."""

    def __init__(self, hub: Hub, elsewhere: str) -> None:
        assert hub.host.app
        self._app, self._elsewhere = hub.host.app, elsewhere

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        host = dict(scope["headers"])[b"host"].decode()
        if not scope["path"].startswith("/live/") or self._elsewhere.endswith(host):
            await self._app(scope, receive, send)
            return
        location = f"{self._elsewhere}{scope['path']}".encode()
        await send({"type": "http.response.start", "status": 301, "headers": [(b"location", location)]})
        await send({"type": "http.response.body"})


async def test_a_commit_that_pages_lost_is_followed_by_another_one_and_stays_the_answer(job: Job, hub: Hub) -> None:
    hub.github.sites.troubles.append("errored")
    given = job.order()
    made = await job.run(given, job.built(given))
    assert [parse_request_id(message) for message in hub.messages(TASK)] == [None, given.id, None]
    assert job.told.results[0]["commit_sha"] == made.commit_sha != hub.head(TASK)
    assert "Page build failed" in job.seen
    record = read_record(hub.files(TASK)[RECORD])
    assert record
    assert record.again == 1
    hub.calls.clear()
    assert await job.run(given, job.folder / "nothing") == made
    assert hub.writes == []


async def test_a_page_that_pages_loses_again_and_again_is_an_error_with_the_reason(job: Job, hub: Hub) -> None:
    hub.github.sites.troubles += ["errored"] * 3
    given = job.order()
    with pytest.raises(GitHubFailed, match="Page build failed"):
        await job.run(given, job.built(given))
    assert "Page build failed" in job.told.results[0]["error"]
    assert len(hub.messages(TASK)) == 4
    made = await job.run(given, job.folder / "nothing", GITHUB_RUN_ATTEMPT="2")
    assert [parse_request_id(message) for message in hub.messages(TASK)] == [None, None, None, given.id, None]
    assert made.commit_sha == job.told.results[1]["commit_sha"] != hub.head(TASK)


async def test_the_round_after_a_commit_that_pages_lost_is_built_on_the_newest_head(job: Job, hub: Hub) -> None:
    hub.github.sites.troubles.append("errored")
    first, second = job.order(), job.order(2, "nonce-2")
    await job.run(first, job.built(first))
    made = await job.run(second, job.built(second, {"new.html": b"x"}, hub.head(TASK)))
    record = read_record(hub.files(TASK)[RECORD])
    assert record
    assert (record.again, made.commit_sha) == (None, hub.head(TASK))
