"""What the evaluator and the log are told by job `publish`, above all where there is no page."""

import json
from dataclasses import dataclass, field
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
from orchestrator.core.settings import publish_config
from orchestrator.jobs.publish import publish
from orchestrator.jobs.runner import Runner
from tests.doubles.clock import Broken
from tests.doubles.hub import Hub, fault
from tests.doubles.orders import EMAIL, TASK, env, hand_over, site, without
from tests.doubles.publishing import Job

pytestmark = pytest.mark.anyio


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
