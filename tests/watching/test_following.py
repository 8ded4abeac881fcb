"""A run in a pipeline, followed: the same events as on one machine, each once, and nothing that a job made up."""

import tarfile
from collections import Counter

import httpx
import pytest

from orchestrator.core.envelope import StampedEvent
from orchestrator.core.errors import GitHubFailed
from orchestrator.core.events import EndedEvent, NoteEvent
from orchestrator.watching.finding import find_request
from orchestrator.watching.following import PACE, SLOW_S, RunFollower, choose_pause, follow_run
from tests.doubles.artifacts import NAME as EVENTS
from tests.doubles.artifacts import build_tar, line, tar_of
from tests.doubles.pipeline import ID, NAME, Pipeline

pytestmark = pytest.mark.anyio


async def follower_of(pipeline: Pipeline, http: httpx.AsyncClient) -> tuple[RunFollower, list[str]]:
    warned: list[str] = []
    api = pipeline.api(http)
    return RunFollower(ID, await find_request(ID, api, NAME), api, warned.append), warned


def summary(stamped: StampedEvent) -> str:
    head = stamped.envelope
    return f"{head.source} {head.id} {head.run_attempt} {stamped.event.model_dump(exclude={'seconds'})}"


def texts(events: list[StampedEvent]) -> list[str]:
    return [each.event.text for each in events if isinstance(each.event, NoteEvent)]


async def test_of_a_run_that_is_over_the_same_is_told_as_on_one_machine(
    pipeline: Pipeline, http: httpx.AsyncClient
) -> None:
    run = pipeline.conduct(pipeline.start())
    follower, warned = await follower_of(pipeline, http)
    told = [each async for each in follow_run(follower)]
    here = pipeline.told_here(run)
    assert Counter(map(summary, told)) == Counter(map(summary, here))
    assert len(told) == 20
    assert [each.envelope.n for each in told] == [each.envelope.n for each in here]
    assert (told[-1].event.type, warned) == ("ended", [])
    assert pipeline.hub.time.slept == []


RARE = {"Build 1 in_progress", "Publish 3 completed", "ended"}


@pytest.mark.parametrize("is_rare", [True, False])
async def test_while_it_runs_each_event_is_told_once_however_often_one_looks(
    pipeline: Pipeline, http: httpx.AsyncClient, *, is_rare: bool
) -> None:
    run = pipeline.start()
    follower, _ = await follower_of(pipeline, http)
    told = list(await follower.look())
    assert [each.event.type for each in told] == ["accepted", "queued"]
    for state in pipeline.play(run):
        if not is_rare or state in RARE:
            told += await follower.look()
            assert await follower.look() == []
    assert follower.is_over
    assert Counter(map(summary, told)) == Counter(map(summary, pipeline.told_here(run)))
    assert [each.envelope.n for each in told] == list(range(1, len(told) + 1))


async def test_what_the_jobs_tell_is_told_as_soon_as_it_is_there_and_once(
    pipeline: Pipeline, http: httpx.AsyncClient
) -> None:
    run = pipeline.start()
    follower, warned = await follower_of(pipeline, http)
    build = [line(NoteEvent(text=f"built {n}"), n=n) for n in (1, 2)]
    publish = [line(NoteEvent(text="live"), source="publish", at="2026-11-20T12:00:13.900Z")]
    seen: dict[str, list[str]] = {}
    for state in pipeline.play(run):
        if state == "Build 3 completed":
            pipeline.leave(run, "build.tar", build_tar(b"".join(build)))
        if state == "ended":
            pipeline.leave(run, "events.jsonl", b"".join(publish))
        told = await follower.look()
        if texts(told):
            seen[state] = texts(told)
    assert seen == {"Build 3 completed": ["built 1", "built 2"], "ended": ["live"]}
    assert isinstance(told[-1].event, EndedEvent)
    assert warned == []


async def test_a_run_that_is_over_is_told_in_the_order_of_its_time(pipeline: Pipeline, http: httpx.AsyncClient) -> None:
    run = pipeline.conduct(pipeline.start())
    began = run.jobs[0].steps[1].started_at
    assert began
    pipeline.leave(run, "build.tar", build_tar(line(NoteEvent(text="built"), at=began.replace(microsecond=300_000))))
    follower, _ = await follower_of(pipeline, http)
    told = [each.event for each in await follower.look()]
    place = next(place for place, event in enumerate(told) if event.type == "note")
    assert (told[place - 1].type, told[place - 1].model_dump()["status"]) == ("step", "in_progress")
    assert (told[place + 1].type, told[place + 1].model_dump()["status"]) == ("step", "success")


SYMLINK = tarfile.TarInfo(EVENTS)
SYMLINK.type, SYMLINK.linkname = tarfile.SYMTYPE, "/etc/passwd"
HOSTILE = {
    "a bomb": (tar_of((EVENTS, bytes(9 * 1024 * 1024))), "larger than the limits allow"),
    "a link": (tar_of((SYMLINK, b"")), "not a regular file"),
    "text": (b"x" * 3000, "could not be read"),
    "a huge line": (build_tar(b"x" * 1_000_000 + b"\n" + line(NoteEvent(text="whole"))), "has 1 lines of another form"),
    "a foreign id": (build_tar(line(NoteEvent(text="x"), id="f" * 16) + line(NoteEvent(text="whole"))), "has 1 lines"),
    "another source": (build_tar(line(EndedEvent(run=1, conclusion="success"), source="engine")), "has 1 lines"),
}


@pytest.mark.parametrize("kind", HOSTILE)
async def test_what_a_job_made_up_is_left_out_and_the_run_is_told_to_its_end(
    kind: str, pipeline: Pipeline, http: httpx.AsyncClient
) -> None:
    content, warning = HOSTILE[kind]
    run = pipeline.conduct(pipeline.start())
    pipeline.leave(run, "build.tar", content)
    pipeline.leave(run, "secrets.txt", b"of no interest")
    follower, warned = await follower_of(pipeline, http)
    told = [each async for each in follow_run(follower)]
    engine = [each for each in told if each.envelope.source == "engine"]
    assert Counter(map(summary, engine)) == Counter(map(summary, pipeline.told_here(run)))
    assert set(texts(told)) <= {"whole"}
    assert [each for each in told if isinstance(each.event, EndedEvent)] == [told[-1]]
    (said,) = warned
    assert warning in said
    assert "artifact build" in said


async def test_an_artifact_that_is_too_large_or_has_gone_is_said_and_the_run_is_told(
    pipeline: Pipeline, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.watching.following.MAX_ZIP_BYTES", 100)
    run = pipeline.conduct(pipeline.start())
    pipeline.leave(run, "build.tar", bytes(range(256)) * 10)
    pipeline.leave(run, "events.jsonl", b"x")
    pipeline.fail(r"/artifacts/\d+/zip$", status=410, after=1)
    follower, warned = await follower_of(pipeline, http)
    assert (await follower.look())[-1].event.type == "ended"
    assert [("larger" in said, "expired" in said) for said in warned] == [(True, False), (False, True)]


async def test_a_run_that_is_started_again_goes_on_where_it_was(pipeline: Pipeline, http: httpx.AsyncClient) -> None:
    run = pipeline.start()
    follower, _ = await follower_of(pipeline, http)
    list(pipeline.play(run))
    told = await follower.look()
    again = pipeline.move(pipeline.find(run), status="queued", conclusion=None, run_attempt=2, jobs=())
    told += await follower.look()
    assert not follower.is_over
    list(pipeline.play(again))
    told += await follower.look()
    assert Counter(map(summary, told)) == Counter(map(summary, pipeline.told_here(run)))
    assert [each.event.type for each in told].count("accepted") == 1


async def test_what_has_not_changed_costs_no_call(pipeline: Pipeline, http: httpx.AsyncClient) -> None:
    pipeline.start()
    follower, _ = await follower_of(pipeline, http)
    await follower.look()
    pipeline.statuses.clear()
    for _ in range(3):
        assert await follower.look() == []
    assert pipeline.statuses == [304] * 9


async def test_looks_become_rarer_until_the_run_moves_on(pipeline: Pipeline, http: httpx.AsyncClient) -> None:
    run = pipeline.start()
    follower, _ = await follower_of(pipeline, http)
    play = pipeline.play(run)

    def go_on() -> None:
        list(play)

    slept = pipeline.hub.time.slept
    following = follow_run(follower)
    looks = 0

    def count_and_end() -> None:
        nonlocal looks
        looks += 1
        if looks < 100:
            pipeline.hub.before("GET", f"/runs/{run.id}$", count_and_end)
        else:
            go_on()

    pipeline.hub.before("GET", f"/runs/{run.id}$", count_and_end)
    assert [each async for each in following][-1].event.type == "ended"
    assert slept == [3] * 20 + [10] * 54 + [30] * 25


def test_the_pace() -> None:
    assert [choose_pause(seconds) for seconds in (0, 59.9, 60, 599, 600, 1e6)] == [3, 3, 10, 10, 30, 30]
    assert (PACE[-1][0], SLOW_S) == (600, 30)


async def test_a_run_that_somebody_deletes_ends_the_watch_with_an_error(
    pipeline: Pipeline, http: httpx.AsyncClient
) -> None:
    run = pipeline.start()
    follower, _ = await follower_of(pipeline, http)
    pipeline.fail(f"/runs/{run.id}$", status=404)
    with pytest.raises(GitHubFailed, match="no longer on GitHub"):
        await follower.look()
