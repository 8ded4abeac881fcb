"""Job `publish` from what was handed over to an evaluator who knows; GitHub and the evaluator on real sockets."""

import asyncio
import io
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from orchestrator.core.errors import (
    GitHubFailed,
    NoSite,
    NotAccepted,
    OutOfTime,
    PagewrightError,
    RuleBroken,
    UsageError,
)
from orchestrator.core.record import Record, read_record
from orchestrator.core.settings import publish_config
from orchestrator.core.site import RECORD
from orchestrator.core.task import Order, parse_request_id
from orchestrator.jobs.notify import Publication
from orchestrator.jobs.publish import publish
from orchestrator.jobs.runner import Runner
from tests.doubles.clock import Broken
from tests.doubles.evaluator import Evaluator, evaluator
from tests.doubles.hub import Hub, fault
from tests.doubles.orders import EMAIL, KEY, PAGE, TASK, env, hand_over, order, site, without

pytestmark = pytest.mark.anyio


@dataclass
class Job:
    """Runs of job `publish`, with one folder for each hand-over and one log for all."""

    hub: Hub
    folder: Path
    told: Evaluator
    log: io.StringIO = field(default_factory=io.StringIO)
    settings: dict[str, str] = field(default_factory=dict)

    def order(self, round_: int = 1, nonce: str = "nonce-1", **fields: Any) -> Order:
        return order(round_, nonce, **{"evaluation_url": self.told.url, **fields})

    def built(self, given: Order, files: dict[str, bytes] | None = None, base: str | None = None) -> Path:
        return hand_over(self.folder / given.id, given, site(files), base)

    async def run(self, given: Order, folder: Path, **settings: str) -> Publication:
        runner = Runner(self.log, self.folder / "output", self.folder / "summary")
        self.settings = env(self.hub.host.url, **settings)
        return await publish(publish_config(self.settings), given, folder, runner, self.hub.time.clock())

    @property
    def seen(self) -> str:
        """The log as Actions shows it: everything that was masked by then is blacked out."""
        shown, masks = [], list[str]()
        for line in self.log.getvalue().splitlines():
            if line.startswith("::add-mask::"):
                value = line.removeprefix("::add-mask::")
                masks.append(value.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%"))
                continue
            for mask in masks:
                line = line.replace(mask, "***")  # noqa: PLW2901
            shown.append(line)
        return "\n".join(shown)


@pytest.fixture
async def job(hub: Hub, tmp_path: Path) -> Any:
    async with evaluator() as told:
        yield Job(hub, tmp_path / "built", told)


def polls(calls: list[str]) -> list[str]:
    return [call for call in calls if "/pages" in call]


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


async def test_the_evaluator_gets_exactly_the_seven_fields(job: Job, hub: Hub) -> None:
    given = job.order()
    made = await job.run(given, job.built(given))
    assert job.told.results == [
        {
            "email": EMAIL,
            "task": TASK,
            "round": 1,
            "nonce": "nonce-1",
            "repo_url": f"https://github.com/octo/{TASK}",
            "commit_sha": hub.head(TASK),
            "pages_url": f"{hub.host.url}/live/octo/{TASK}/",
        }
    ]
    assert made.commit_sha == hub.head(TASK)
    assert job.told.asked[0].headers["content-type"] == "application/json"


async def test_the_outputs_and_the_summary_say_what_was_published(job: Job) -> None:
    given = job.order()
    made = await job.run(given, job.built(given))
    output = (job.folder / "output").read_text()
    assert all(value in output for value in (made.repo_url, made.commit_sha, made.pages_url))
    assert made.pages_url in (job.folder / "summary").read_text()


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


@dataclass(frozen=True)
class Case:
    """Something that keeps a site from being published, and what the evaluator is told of it."""

    error: type[PagewrightError]
    says: str
    fields: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    has_site: bool = True
    told: str = ""


CASES = {
    "the build failed": Case(NoSite, "It was too hard", {"error": "It was too hard."}, has_site=False),
    "the build was refused": Case(
        NoSite,
        "create a token",
        {"error": "GitHub: create a token.", "told": "GitHub: 401."},
        has_site=False,
        told="GitHub: 401.",
    ),
    "a round without a repository": Case(NoSite, "no repository", {"error": "This task has no repository."}),
    "no token": Case(UsageError, "TARGET_TOKEN is missing", settings={"TARGET_TOKEN": ""}, told="not set up correctly"),
    "a bad token": Case(
        GitHubFailed, "Create a new one", settings={"TARGET_TOKEN": "wrong"}, told="401: the pipeline is not signed in"
    ),
    "a token that may not": Case(
        GitHubFailed,
        "lacks a permission",
        settings={"TARGET_TOKEN": "token-that-reads"},
        told="403: the pipeline is not allowed",
    ),
    "another digest": Case(RuleBroken, "not the one that it verified", {"site": "0" * 64}),
    "settings that are no numbers": Case(UsageError, "TASK_DEADLINE_S", settings={"TASK_DEADLINE_S": "soon"}),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_the_evaluator_is_told_why_there_is_no_page(job: Job, hub: Hub, case: Case) -> None:
    given = job.order()
    folder = hand_over(job.folder / "out", given, site() if case.has_site else None, **case.fields)
    with pytest.raises(case.error, match=case.says):
        await job.run(given, folder, **case.settings)
    (told,) = job.told.results
    assert sorted(told) == ["email", "error", "nonce", "round", "task"]
    assert (case.told or case.says) in told["error"]
    assert "TOKEN" not in told["error"]
    assert hub.messages(TASK) == []
    assert "Not published" in (job.folder / "summary").read_text()


async def test_the_evaluator_is_told_when_nothing_was_handed_over(job: Job, hub: Hub) -> None:
    job.folder.mkdir()
    with pytest.raises(NoSite):
        await job.run(job.order(), job.folder / "nothing")
    assert "without a report" in job.told.results[0]["error"]
    assert hub.writes == []


@pytest.mark.parametrize(
    ("result", "says"),
    [("success", "could not be downloaded"), ("failure", "without a report"), ("cancelled", "without a report")],
)
async def test_a_hand_over_that_was_lost_on_the_way_is_told_from_a_build_that_failed(
    job: Job, result: str, says: str
) -> None:
    job.folder.mkdir()
    with pytest.raises(NoSite, match=says):
        await job.run(job.order(), job.folder / "nothing", BUILD_RESULT=result)
    assert says in job.told.results[0]["error"]


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


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"id": 3}', b"\xff"])
async def test_the_evaluator_is_told_when_the_report_cannot_be_read(job: Job, content: bytes) -> None:
    job.folder.mkdir()
    (job.folder / "build.json").write_bytes(content)
    with pytest.raises(RuleBroken):
        await job.run(job.order(), job.folder)
    assert "error" in job.told.results[0]


async def test_a_link_in_what_was_handed_over_is_refused(job: Job, hub: Hub) -> None:
    given = job.order()
    folder = job.built(given)
    (folder / "site" / "passwd.txt").symlink_to("/etc/passwd")
    with pytest.raises(RuleBroken, match="regular file"):
        await job.run(given, folder)
    assert hub.writes == []
    assert "regular file" in job.told.results[0]["error"]


async def test_a_defect_still_tells_the_evaluator(job: Job, hub: Hub) -> None:
    given = job.order()
    runner = Runner(job.log, None, job.folder / "summary")
    with pytest.raises(Broken):
        await publish(publish_config(env(hub.host.url)), given, job.built(given), runner, hub.time.broken_once())
    assert job.told.results[0]["error"] == "The pipeline failed. Its log in Actions says why."


async def test_a_summary_that_cannot_be_written_keeps_nobody_from_being_told(job: Job) -> None:
    with pytest.raises(FileNotFoundError):
        await job.run(job.order(), job.folder / "not there")
    assert "without a report" in job.told.results[0]["error"]


async def test_an_evaluator_that_does_not_accept_is_an_error_of_its_own(job: Job, hub: Hub) -> None:
    job.told.answers = (410,)
    given = job.order()
    with pytest.raises(NotAccepted, match="410"):
        await job.run(given, job.built(given))
    assert hub.messages(TASK)[0].startswith("Build ")


async def test_a_task_without_an_evaluator_is_published_all_the_same(job: Job, hub: Hub) -> None:
    given = job.order(evaluation_url=None)
    await job.run(given, job.built(given))
    assert job.told.asked == []
    assert "no evaluator is notified" in job.seen
    assert hub.head(TASK)


async def test_time_that_is_over_is_told(job: Job, hub: Hub) -> None:
    given = job.order()
    folder = job.built(given)
    hub.fail(fault("/live/", status=404, times=10_000))
    with pytest.raises(OutOfTime, match="not live yet"):
        await job.run(given, folder, TASK_DEADLINE_S="60")
    assert "not live yet" in job.told.results[0]["error"]
    hub.fail()
    made = await job.run(given, folder, GITHUB_RUN_ATTEMPT="2")
    assert job.told.results[1]["commit_sha"] == made.commit_sha


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


@pytest.mark.parametrize(
    ("email", "nonce"),
    [
        (EMAIL, "nonce-of-ada"),
        ('"ada \\ l" <a@b.example>', 'no"nce\\of'),
        ("über@bücher.example", "nön%ce%0Aof"),
        ("a::b@c.example", "##[group]::nonce::"),
    ],
)
async def test_the_log_holds_nothing_personal(job: Job, email: str, nonce: str) -> None:
    given = job.order(1, nonce, email=email)
    await job.run(given, job.built(given))
    assert "::add-mask::" in job.log.getvalue()
    assert email not in job.seen
    assert nonce not in job.seen
    shown = job.seen.replace("\u200b", "")
    assert not any(json.dumps(personal, ensure_ascii=False)[1:-1] in shown for personal in (email, nonce))
    assert job.told.url not in job.seen
    assert not any(personal in (job.folder / "summary").read_text() for personal in (email, nonce, job.told.url))


@pytest.mark.parametrize(("email", "nonce"), [("a", "7"), ("@", "é\u2028"), (EMAIL, "42"), ("a@b.example", '"')])
async def test_what_is_too_short_for_a_mask_is_left_out_of_the_log_and_told_all_the_same(
    job: Job, email: str, nonce: str
) -> None:
    given = job.order(1, nonce, email=email)
    await job.run(given, job.built(given))
    (line,) = [line for line in job.log.getvalue().splitlines() if line.startswith("{")]
    logged, told = json.loads(line), job.told.results[0]
    assert (told["email"], told["nonce"]) == (email, nonce)
    assert (logged["email"], logged["nonce"]) == (email if len(email) > 2 else "***", "***")
    assert {**logged, "email": email, "nonce": nonce} == told


async def test_no_token_reaches_the_log_the_summary_or_the_evaluator(job: Job) -> None:
    given = job.order()
    with pytest.raises(PagewrightError):
        await job.run(given, job.built(given), TARGET_TOKEN="token-that-reads")
    everything = job.log.getvalue() + (job.folder / "summary").read_text() + repr(job.told.bodies)
    assert "token-that-reads" not in everything


async def test_a_token_in_a_file_is_not_published(job: Job, hub: Hub) -> None:
    given = job.order()
    with pytest.raises(RuleBroken, match="contains a secret"):
        await job.run(given, job.built(given, {"app.js": b"send('token-of-octo')"}))
    assert hub.writes == []


async def test_missing_settings_are_all_named_at_once(job: Job) -> None:
    given = job.order()
    runner = Runner(job.log)
    names = ("TARGET_TOKEN", "GITHUB_REPOSITORY", "GITHUB_REPOSITORY_OWNER")
    with pytest.raises(UsageError, match=r"TARGET_TOKEN.*TARGET_OWNER|TARGET_OWNER.*TARGET_TOKEN"):
        await publish(publish_config(without(names, env(""))), given, job.built(given), runner, job.hub.time.clock())
    assert "not set up correctly" in job.told.results[0]["error"]
    assert "TOKEN" not in job.told.results[0]["error"]
