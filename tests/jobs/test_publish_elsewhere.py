"""Job `publish` for Netlify and Vercel, whose stand-ins fail in every way that the hosts are known to."""

import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from orchestrator.core.errors import GitHubFailed, HostFailed, OutOfTime, PagewrightError, RuleBroken, UsageError
from orchestrator.core.order import Order
from orchestrator.core.record import read_record
from orchestrator.core.settings import publish_config
from orchestrator.core.site import RECORD
from orchestrator.jobs.notify import Publication
from orchestrator.jobs.publish import publish
from orchestrator.jobs.runner import Runner
from orchestrator.local.faults import Fault
from orchestrator.local.hosts.vercel import EVERYTHING
from tests.doubles.away import HOST_TOKEN, Away, Kind, away_on
from tests.doubles.evaluator import Evaluator, evaluator
from tests.doubles.hub import Host, Hub, fault
from tests.doubles.orders import KEY, PAGE, TASK, env, hand_over, order, site

pytestmark = pytest.mark.anyio
KINDS: tuple[Kind, ...] = ("netlify", "vercel")


@dataclass
class Job:
    """Runs of job `publish` for one target."""

    hub: Hub
    away: Away
    folder: Path
    told: Evaluator
    log: io.StringIO = field(default_factory=io.StringIO)

    def order(self, round_: int = 1, nonce: str = "nonce-1", **fields: Any) -> Order:
        return order(round_, nonce, **{"evaluation_url": self.told.url, "target": self.away.kind, **fields})

    async def run(
        self, given: Order, files: dict[str, bytes] | None = None, base: str | None = None, **settings: str
    ) -> Publication:
        folder = hand_over(self.folder / given.id, given, site(files), base)
        runner = Runner(self.log, self.folder / "output", self.folder / "summary")
        told = env(self.hub.host.url, **{**self.away.settings, **settings})
        return await publish(publish_config(told), given, folder, runner, self.hub.time.clock())

    def homepage(self) -> str | None:
        found = self.hub.github.store.find_repository("octo", TASK)
        assert found
        return found.homepage


@pytest.fixture(params=KINDS)
async def job(request: pytest.FixtureRequest, hub: Hub, other_host: Host, tmp_path: Path) -> AsyncIterator[Job]:
    async with evaluator() as told:
        yield Job(hub, away_on(request.param, other_host, tmp_path, hub.time), tmp_path / "built", told)


async def served(url: str, path: str = "") -> bytes:
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(f"{url}{path}")
    assert answer.status_code == 200, (path, answer)
    return answer.content


async def check_live(job: Job, made: Publication) -> None:
    """What is served is the commit, and it was deployed to production by one deployment that came to something."""
    for path, data in job.hub.files(TASK).items():
        if not path.startswith("."):
            assert await served(made.pages_url, path) == data, path
    good = [one for one in job.away.deployments if not one["trouble"]]
    assert len(good) == 1
    assert job.told.results[-1]["pages_url"] == made.pages_url
    assert made.pages_url.startswith(f"{job.away.host.url}/live/")


async def test_a_task_goes_live_at_its_target_and_nowhere_else(job: Job, hub: Hub) -> None:
    made = await job.run(job.order())
    await check_live(job, made)
    assert not [call for call in hub.calls if "/pages" in call[1]]
    assert hub.writes == [
        "POST /user/repos",
        f"PUT /repos/octo/{TASK}/contents/{RECORD}",
        "POST /graphql",
        f"PATCH /repos/octo/{TASK}",
    ]
    record = read_record(hub.files(TASK)[RECORD])
    assert record
    assert (record.target, job.homepage()) == (job.away.kind, made.pages_url)
    assert HOST_TOKEN not in job.log.getvalue().replace(f"::add-mask::{HOST_TOKEN}", "")


async def test_a_round_that_changes_one_file_uploads_that_file_and_the_record(job: Job, hub: Hub) -> None:
    first = await job.run(job.order(), {"data.csv": b"1,2\n"})
    job.away.calls.clear()
    hub.calls.clear()
    second = await job.run(job.order(2, "nonce-2"), {"data.csv": b"1,3\n"}, first.commit_sha)
    assert second.pages_url == first.pages_url
    assert await served(second.pages_url, "data.csv") == b"1,3\n"
    assert len(job.away.uploads) == 2
    assert hub.writes == ["POST /graphql"]


async def test_each_round_stays_as_a_preview_where_the_host_has_public_ones(job: Job) -> None:
    first = await job.run(job.order())
    await job.run(job.order(2, "nonce-2"), {"index.html": PAGE + b"2"}, first.commit_sha)
    job.hub.time.moment += 60
    if job.away.kind == "vercel":
        assert "This round stays at" not in job.log.getvalue()
        return
    name = first.pages_url.rstrip("/").rpartition("/")[2]
    for round_, page in ((1, PAGE), (2, PAGE + b"2")):
        url = f"{job.away.host.url}/live/round-{round_}--{name}"
        assert f"This round stays at {url}" in job.log.getvalue()
        assert await served(f"{url}/") == page
    assert await served(first.pages_url) == PAGE + b"2"


async def test_a_replay_deploys_nothing_and_tells_the_same(job: Job, hub: Hub) -> None:
    given = job.order()
    made = await job.run(given)
    hub.calls.clear()
    job.away.calls.clear()
    assert await job.run(given) == made
    assert hub.writes == []
    assert [call for call in job.away.calls if not call.startswith("GET")] == []
    assert job.told.bodies[0] == job.told.bodies[1]


async def test_a_replay_of_round_1_after_round_2_deploys_nothing_either(job: Job, hub: Hub) -> None:
    first, second = job.order(), job.order(2, "nonce-2")
    made = await job.run(first)
    await job.run(second, {"index.html": PAGE + b"2"}, made.commit_sha)
    hub.calls.clear()
    job.away.calls.clear()
    assert await job.run(first) == made
    assert hub.writes == []
    assert [call for call in job.away.calls if not call.startswith("GET")] == []
    assert await served(made.pages_url) == PAGE + b"2"


async def test_a_site_that_moves_to_pages_and_back_says_so_at_its_repository(job: Job) -> None:
    away = await job.run(job.order())
    home = await job.run(job.order(2, "nonce-2", target="pages"), None, away.commit_sha)
    assert "/octo/" in home.pages_url
    assert job.homepage() == home.pages_url
    back = await job.run(job.order(3, "nonce-3"), {"new.txt": b"x"}, home.commit_sha)
    assert (back.pages_url, job.homepage()) == (away.pages_url, away.pages_url)
    assert await served(back.pages_url, "new.txt") == b"x"


DEPLOY = {"netlify": "/sites/[^/]+/deploys$", "vercel": "/v13/deployments$"}
PLACE = {"netlify": "/api/v1/sites$", "vercel": "/v11/projects$"}
UPLOAD = {"netlify": "/deploys/[^/]+/files/", "vercel": "/v2/files$"}
WRITES = {"deploy": ("POST", DEPLOY), "place": ("POST", PLACE), "upload": ("*", UPLOAD)}
LOST: dict[str, dict[str, Any]] = {
    "dropped after the effect": {"drop": True},
    "dropped before the effect": {"drop": "before"},
    "429 with a reset": {"status": 429, "headers": {"x-ratelimit-reset": "1795176030"}},
    "429 with nothing": {"status": 429},
    "502": {"status": 502, "body": "<h1>Bad Gateway</h1>"},
}


def at(job: Job, write: str, **how: Any) -> Fault:
    method, paths = WRITES[write]
    return fault(paths[job.away.kind], method=method, **how)


@pytest.mark.parametrize("way", LOST)
@pytest.mark.parametrize("write", WRITES)
async def test_nothing_is_lost_and_nothing_doubled(job: Job, write: str, way: str) -> None:
    job.away.fail(at(job, write, **LOST[way]))
    made = await job.run(job.order())
    await check_live(job, made)
    assert len(job.away.shelf.list_entries("site") + job.away.shelf.list_entries("project")) == 1
    assert len(job.told.asked) == 1


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize(
    ("status", "remedy"), [(401, "Renew"), (402, "billing"), (403, "Check what"), (422, "Read the message")]
)
async def test_a_refusal_is_told_at_once_and_a_later_run_completes_it(
    job: Job, write: str, status: int, remedy: str
) -> None:
    said = {"code": "no", "message": "sesame"}
    body = said if job.away.kind == "netlify" else {"error": said}
    job.away.fail(at(job, write, status=status, body=body, times=9))
    given = job.order()
    with pytest.raises(HostFailed, match=f"answered {status}: sesame. .*{remedy}") as caught:
        await job.run(given)
    assert caught.value.exit_code == 5
    assert HOST_TOKEN not in str(caught.value)
    assert "error" in job.told.results[0]
    assert "sesame" not in job.told.results[0]["error"]
    job.away.fail()
    await check_live(job, await job.run(given))
    assert "error" not in job.told.results[1]


async def test_a_rate_limit_is_waited_for_as_long_as_it_says(job: Job, hub: Hub) -> None:
    reset = str(round(hub.time.moment) + 42)
    job.away.fail(at(job, "deploy", status=429, headers={"X-RateLimit-Reset": reset, "X-RateLimit-Remaining": "0"}))
    await check_live(job, await job.run(job.order()))
    assert any(40 <= slept <= 43 for slept in hub.time.slept)


async def test_a_deployment_that_fails_is_made_once_more(job: Job) -> None:
    job.away.shelf.troubles.append("The disk is full.")
    made = await job.run(job.order())
    await check_live(job, made)
    assert len(job.away.deployments) == 2
    assert "did not publish the commit: The disk is full. Trying again" in job.log.getvalue()


async def test_a_host_that_fails_again_and_again_is_an_error_with_its_reason(job: Job) -> None:
    job.away.shelf.troubles += ["The disk is full."] * 3
    given = job.order()
    with pytest.raises(HostFailed, match="did not publish the commit: The disk is full"):
        await job.run(given)
    await check_live(job, await job.run(given))


async def test_old_content_is_not_live(job: Job) -> None:
    first = await job.run(job.order())
    old = job.hub.files(TASK)
    stale = [fault(f"/live/.*/{RECORD}$", status=200, body=old[RECORD].decode(), times=7)]
    stale.append(fault("/live/[^/]+/$", status=200, body=old["index.html"].decode(), times=3))
    job.away.fail(*stale)
    before = len(job.hub.time.slept)
    second = await job.run(job.order(2, "nonce-2"), {"index.html": PAGE + b"2"}, first.commit_sha)
    assert await served(second.pages_url) == PAGE + b"2"
    assert len(job.hub.time.slept) - before >= 9


async def test_old_content_for_ever_is_out_of_time_and_says_whose(job: Job) -> None:
    job.away.fail(fault(r"/live/.*\.html$", status=200, body="old", times=9999))
    title = job.away.kind.capitalize()
    with pytest.raises(OutOfTime, match=f"{title} still served an old file"):
        await job.run(job.order())


async def test_a_look_that_fails_does_not_end_the_waiting(job: Job) -> None:
    looks = {"netlify": "/deploys/[0-9a-f]+$", "vercel": "/v13/deployments/[0-9a-f]+$"}
    job.away.fail(fault(looks[job.away.kind], method="GET", drop=True, times=7, after=1))
    await check_live(job, await job.run(job.order()))


async def test_a_target_that_is_not_configured_is_an_error_before_anything_is_written(job: Job, hub: Hub) -> None:
    setting = f"{job.away.kind.upper()}_TOKEN"
    with pytest.raises(UsageError, match=f"The target {job.away.kind} is not configured. Store {setting}"):
        await job.run(job.order(), None, None, **{setting: ""})
    assert hub.writes == []
    assert setting not in job.told.results[0]["error"]


async def test_a_place_that_holds_something_else_is_left_alone(job: Job) -> None:
    made = await job.run(job.order())
    for one in job.away.deployments:
        one["title"], one["meta"] = "Somebody's", {}
    for one in job.away.shelf.list_entries("deploy"):
        one["title"] = "Somebody's"
    with pytest.raises(HostFailed, match=r"holds something else\. Rename or delete"):
        await job.run(job.order(2, "nonce-2"), {"new.txt": b"x"}, made.commit_sha)
    assert await served(made.pages_url) == PAGE


async def test_a_name_that_somebody_else_has_at_netlify_gets_digits_and_is_found_again(job: Job) -> None:
    if job.away.kind == "vercel":
        return  # there a name is the account's own
    job.away.shelf.taken.add(f"{TASK}-{KEY[:12]}")
    first = await job.run(job.order())
    second = await job.run(job.order(2, "nonce-2"), {"new.txt": b"x"}, first.commit_sha)
    assert first.pages_url == second.pages_url
    assert [site["name"][:-8] for site in job.away.shelf.list_entries("site")] == [f"{TASK}-{KEY[:12]}-"]


async def test_names_that_a_host_cannot_take_are_refused_before_the_commit(job: Job, hub: Hub) -> None:
    with pytest.raises(RuleBroken, match="must not contain # or"):
        await job.run(job.order(), {"c#.txt": b"x"})
    assert hub.writes == []


@pytest.mark.parametrize("name", ["_redirects", "docs/_headers", "Netlify.toml", "vercel.json", "_worker.js/index.js"])
async def test_files_that_steer_a_host_are_refused_everywhere(job: Job, name: str) -> None:
    with pytest.raises(RuleBroken, match="steers a host"):
        await job.run(job.order(target="pages"), {name: b"x"})


async def test_what_the_owner_put_there_to_steer_a_host_is_not_deployed(job: Job, hub: Hub) -> None:
    first = await job.run(job.order())
    head = hub.seed(TASK, {**hub.files(TASK), "_redirects": b"/* https://elsewhere.example 301"}, "By hand")
    made = await job.run(job.order(2, "nonce-2"), {"new.txt": b"x"}, head)
    assert "_redirects" in hub.files(TASK)
    assert not any("_redirects" in path for one in job.away.deployments for path in one["files"])
    assert made.pages_url == first.pages_url


@pytest.mark.parametrize("says", ["true", "false"])
async def test_a_login_in_front_is_an_error_with_the_remedy_or_is_taken_away(job: Job, says: str) -> None:
    if job.away.kind == "netlify":
        return
    job.away.protection = EVERYTHING
    job.away.fail()
    if says == "true":
        await check_live(job, await job.run(job.order(), VERCEL_PUBLIC=says))
        return
    with pytest.raises(HostFailed, match=r"asks every visitor to log in\. Set VERCEL_PUBLIC to true"):
        await job.run(job.order(), VERCEL_PUBLIC=says)
    assert "VERCEL_PUBLIC" not in json.dumps(job.told.results)


async def test_a_run_that_is_killed_between_two_uploads_is_completed_by_the_next(job: Job) -> None:
    job.away.fail(
        at(job, "upload", drop="before", after=2, times=999), at(job, "deploy", status=502, after=1, times=99)
    )
    given = job.order()
    with pytest.raises(PagewrightError):
        await job.run(given, {f"{number}.txt": bytes([number]) for number in range(9)}, TASK_DEADLINE_S="60")
    job.away.fail()
    made = await job.run(given, {f"{number}.txt": bytes([number]) for number in range(9)})
    await check_live(job, made)
    assert len(job.away.deployments) == 1


async def test_a_homepage_that_cannot_be_written_is_an_error_and_a_later_run_writes_it(job: Job, hub: Hub) -> None:
    hub.fail(fault(f"/repos/octo/{TASK}$", method="PATCH", status=403))
    given = job.order()
    with pytest.raises(GitHubFailed):
        await job.run(given)
    made = await job.run(given)
    assert job.homepage() == made.pages_url
    assert len(job.away.deployments) == 1
