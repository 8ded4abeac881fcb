"""How runs of the engine end before their time: over time, cancelled, closed, killed. And what runs again."""

import asyncio
import sys
from pathlib import Path

import pytest

from orchestrator.core.errors import UsageError
from orchestrator.local.runs import Run
from tests.doubles.engine import ONE_STEP, Place, listen, over, send

pytestmark = [pytest.mark.act, pytest.mark.anyio]


async def test_a_job_beyond_its_time_is_stopped_and_the_next_runs(place: Place) -> None:
    place.workflow("""
        on: repository_dispatch
        jobs:
          build: {runs-on: u, timeout-minutes: 0.01, steps: [{run: sleep 60 & setsid sleep 60}, {run: echo no}]}
          publish: {needs: build, if: always(), runs-on: u, steps: [{run: echo told}]}
        """)
    engine, runs = place.engine()
    run = await over(engine, await send(engine))
    assert run.conclusion == "timed_out"
    assert [job.conclusion for job in run.jobs] == ["timed_out", "success"]
    assert [step.conclusion for step in run.jobs[0].steps][1:3] == ["failure", "skipped"]
    assert "exceeded the maximum execution time of 0.01 minutes" in runs.load_log(run.jobs[0].id)
    assert "Z told\n" in runs.load_log(run.jobs[1].id)


def has_begun(run: Run | None, steps: int) -> bool:
    """Whether all steps before the last of so many were seen to end."""
    before = run.jobs[0].steps[: steps - 1] if run else []
    return len(before) == steps - 1 and all(step.conclusion == "success" for step in before)


async def test_a_cancelled_run_ends_at_once_with_all_its_processes(place: Place) -> None:
    started = place.pipe("started")
    place.workflow("""
        on: repository_dispatch
        jobs:
          build:
            runs-on: u
            steps:
              - run: |
                  setsid sleep 60 &
                  echo x > "$PIPES/started"
                  sleep 60
              - {if: always(), run: echo no}
          publish: {needs: build, if: always(), runs-on: u, steps: [{run: echo no}]}
        """)
    engine, runs = place.engine()
    run = await send(engine)
    await (await listen(started)).read(1)
    waiting = asyncio.create_task(engine.wait(run.id))
    async with asyncio.timeout(30):
        while not has_begun(runs.find_run(run.id), 2):  # noqa: ASYNC110 - a step runs before its log is read
            await asyncio.sleep(0)
    assert await engine.cancel(run.id)
    assert place.processes() == []
    ended = await waiting
    assert ended == runs.find_run(run.id)
    assert ended
    assert (ended.status, ended.conclusion) == ("completed", "cancelled")
    assert [job.conclusion for job in ended.jobs] == ["cancelled", "cancelled"]
    assert [step.conclusion for step in ended.jobs[0].steps] == ["success", "cancelled", "skipped", "skipped"]
    assert runs.load_log(ended.jobs[0].id).endswith("##[error]The operation was canceled.\n")
    assert not await engine.cancel(run.id)
    place.workflow(ONE_STEP, "true")
    again = await over(engine, await engine.rerun(run.id))
    assert (again.run_attempt, again.conclusion) == (2, "success")


async def test_a_run_that_waits_can_be_cancelled_and_the_one_behind_it_is_next(place: Place) -> None:
    started = place.pipe("started")
    place.workflow(ONE_STEP, 'echo x > "$PIPES/started"; read -r < "$PIPES/go"')
    engine, runs = place.engine(1)
    place.pipe("go")
    first, second, third = [await send(engine, group="one") for _ in range(3)]
    # The last one has not even begun to wait.
    assert await engine.cancel(third.id)
    await (await listen(started)).read(1)
    assert await engine.cancel(second.id)
    states = [found for run in (second, third) if (found := runs.find_run(run.id))]
    assert [(run.status, run.conclusion) for run in states] == [("completed", "cancelled")] * 2
    assert await engine.cancel(first.id)
    place.workflow(ONE_STEP, "true")
    assert (await over(engine, await send(engine, group="one"))).conclusion == "success"
    assert not await engine.cancel(99)


async def test_a_rerun_is_the_next_attempt_and_finds_what_was_handed_over(place: Place) -> None:
    place.workflow(ONE_STEP, 'cat "$PAGEWRIGHT_HANDOVER/left" || { echo again > "$PAGEWRIGHT_HANDOVER/left"; exit 1; }')
    engine, runs = place.engine()
    sent = await send(engine)
    with pytest.raises(UsageError, match="no completed run"):
        await engine.rerun(sent.id)
    assert (await over(engine, sent)).conclusion == "failure"
    again = await engine.rerun(sent.id)
    assert (again.status, again.run_attempt, again.conclusion, again.jobs) == ("queued", 2, None, ())
    run = await over(engine, again)
    assert (run.id, run.conclusion) == (sent.id, "success")
    assert "Z again\n" in runs.load_log(run.jobs[0].id)


TWO_JOBS = """
on: repository_dispatch
jobs:
  first:
    name: First
    runs-on: u
    steps: [{run: echo first >> "$PAGEWRIGHT_HANDOVER/ran"}]
  second:
    name: Second
    needs: first
    if: ${{ always() }}
    runs-on: u
    steps: [{run: echo second >> "$PAGEWRIGHT_HANDOVER/ran"; test "$GITHUB_RUN_ATTEMPT" = 2}]
"""


async def test_failed_jobs_alone_run_again_beside_those_that_were_done(place: Place) -> None:
    place.workflow(TWO_JOBS)
    engine, runs = place.engine()
    run = await over(engine, await send(engine))
    assert [job.conclusion for job in run.jobs] == ["success", "failure"]
    done = run.jobs[0]
    again = await over(engine, await engine.rerun(run.id, failed_only=True))
    assert (again.run_attempt, again.conclusion) == (2, "success")
    assert [(job.name, job.conclusion) for job in again.jobs] == [("First", "success"), ("Second", "success")]
    assert again.jobs[0] == done
    assert "Z second" not in runs.load_log(done.id)
    assert (engine.handover_folder(run.id) / "ran").read_text().split() == ["first", "second", "second"]


LONG_AT_FIRST = """
if [ "$GITHUB_RUN_ATTEMPT" = 1 ]; then
  env -i setsid nohup sh -c 'exec 8> "$0/held"; echo up >&8; exec sleep 600' "$PIPES" &
  sleep 600
fi
"""
"""The pipe ends when nobody holds it: not even a process that left its session and emptied its environment."""


async def test_closing_leaves_nothing_running_and_the_next_life_takes_it_up(place: Place) -> None:
    held = place.pipe("held")
    place.workflow(ONE_STEP, LONG_AT_FIRST)
    engine, runs = place.engine(slots=1)
    sent = [await send(engine, group="g") for _ in range(2)]
    end = await listen(held)
    assert await end.readline() == b"up\n"
    await engine.close()
    assert await end.read() == b""
    assert place.processes() == []
    assert "attempts" not in place.kept()
    assert [(run.status, run.run_attempt) for run in runs.unfinished_runs()] == [("in_progress", 1), ("queued", 1)]

    place.workflow(ONE_STEP, "echo done")
    engine, _ = place.engine()
    await engine.resume()
    ended = [await over(engine, run) for run in sent]
    assert [(run.conclusion, run.run_attempt) for run in ended] == [("success", 2), ("success", 1)]


async def test_closing_leaves_nothing_behind_at_whatever_moment_it_comes(place: Place) -> None:
    place.workflow(ONE_STEP, "sleep 600")
    for ticks in range(12):
        engine, _ = place.engine()
        await send(engine)
        for _ in range(ticks):
            await asyncio.sleep(0)
        await engine.close()
        assert not [*place.root.glob("work/attempts/*"), *place.root.glob("tmp/*")]


KILLED = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from tests.doubles.engine import Place, send

async def main():
    place = Place.__new__(Place)
    place.root, place.engines, place.tokens = Path(sys.argv[1]), [], []
    engine, _ = place.engine()
    await engine.wait((await send(engine)).id)

asyncio.run(main())
"""


async def test_a_killed_engine_leaves_nothing_running_and_the_next_life_takes_it_up(place: Place) -> None:
    held = place.pipe("held")
    place.workflow(ONE_STEP, LONG_AT_FIRST)
    end = await listen(held)
    former = await asyncio.create_subprocess_exec(sys.executable, "-c", KILLED, place.root, Path(__file__).parents[3])
    assert await end.readline() == b"up\n"
    former.kill()
    await former.wait()
    assert await end.read() == b""

    # Where a helper was killed as well, its folder is still there.
    (place.root / "work/attempts/0.1").mkdir(parents=True, exist_ok=True)
    engine, runs = place.engine()
    (run,) = runs.unfinished_runs()
    await engine.resume()
    ended = await over(engine, run)
    assert (ended.conclusion, ended.run_attempt) == ("success", 2)
