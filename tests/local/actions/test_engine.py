"""The engine with the real act. Steps and tests meet in named pipes, which are a clock that nobody has to guess."""

import asyncio
import os
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from orchestrator.core.errors import UsageError
from orchestrator.local.actions.engine import Engine, EngineSettings
from orchestrator.local.runs import Run, Runs

pytestmark = [pytest.mark.act, pytest.mark.anyio]

SECRET = "hush-hush-4711"

ONE_STEP = """
run-name: ${{ github.event.client_payload.title }}
concurrency: {group: "${{ github.event.client_payload.group || github.run_id }}", queue: max}
on: repository_dispatch
jobs:
  build:
    runs-on: ubuntu-24.04
    steps:
      - run: |
"""


class Place:
    """A machine: a checkout with one workflow, a folder for everything else, and as many engines as it takes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.marker = f"PLACE={root}"
        self.engines: list[Engine] = []
        self.tokens: list[str] = []
        for folder in ("checkout/.github/workflows", "runs", "pipes", "tmp"):
            (root / folder).mkdir(parents=True)
        subprocess.run(["git", "init", "-qb", "main", root / "checkout"], check=True)
        git = ["git", "-C", str(root / "checkout"), "-c", "user.name=a", "-c", "user.email=a@localhost"]
        subprocess.run([*git, "commit", "-qm", "first", "--allow-empty"], check=True)

    def workflow(self, text: str, script: str = "") -> None:
        path = self.root / "checkout/.github/workflows/build.yml"
        path.write_text(textwrap.dedent(text) + textwrap.indent(textwrap.dedent(script), " " * 10))

    def pipe(self, name: str) -> Path:
        path = self.root / "pipes" / name
        if not path.exists():
            os.mkfifo(path)
        return path

    @contextmanager
    def job_token(self, run_id: int) -> Iterator[str]:
        self.tokens.append(f"token-of-{run_id} begins")
        yield f"token-of-{run_id}"
        self.tokens.append(f"token-of-{run_id} ends")

    def engine(self, slots: int = 2) -> tuple[Engine, Runs]:
        runs = Runs(self.root / "runs")
        settings = EngineSettings(
            checkout=self.root / "checkout",
            work=self.root / "work",
            repository="octo/pipeline",
            owner="octo",
            api_url="http://127.0.0.1:9",
            python_env=self.root / "venv",
            secrets={"KEY": SECRET},
            variables={"COLOUR": "blue"},
            path=os.environ["PATH"],
            extra_env={"PLACE": str(self.root), "PIPES": str(self.root / "pipes")},
            head=lambda: "a" * 40,
            job_token=self.job_token,
        )
        self.engines.append(Engine(settings, runs, slots=slots))
        return self.engines[-1], runs

    def processes(self) -> list[str]:
        """Return what still runs of the steps of this place."""
        found = []
        for environ in Path("/proc").glob("[0-9]*/environ"):
            try:
                if self.marker.encode() in environ.read_bytes().split(b"\0"):
                    found.append((environ.parent / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue
        return found

    def kept(self) -> str:
        """Return every byte that is kept outside of the checkout, and the names of the files."""
        files = [file for folder in ("runs", "work") for file in (self.root / folder).rglob("*") if file.is_file()]
        return "\n".join(f"{file}\n{file.read_text()}" for file in files)


@pytest.fixture
async def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    place = Place(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    yield place
    for engine in place.engines:
        await engine.close()
    assert place.processes() == []
    assert not list((tmp_path / "work").glob("attempts/*"))
    assert not list((tmp_path / "tmp").iterdir())


def event(**payload: Any) -> Mapping[str, Any]:
    return {"action": "task", "client_payload": {"title": "a task", **payload}}


async def send(engine: Engine, **payload: Any) -> Run:
    return await engine.dispatch("repository_dispatch", event(**payload))


async def over(engine: Engine, run: Run) -> Run:
    ended = await engine.wait(run.id)
    assert ended is not None
    return ended


async def listen(pipe: Path) -> asyncio.StreamReader:
    """Return what comes out of a pipe; it ends when the last of those who wrote to it has closed it, or died."""
    reader = asyncio.StreamReader()
    end = os.fdopen(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), end)
    return reader


async def test_a_dispatch_becomes_a_run_and_is_recorded_as_on_github(place: Place) -> None:
    place.workflow("""
        name: Build a site
        run-name: ${{ github.event.client_payload.title }} · ${{ github.event.client_payload.id }}
        concurrency: {group: "task-${{ github.event.client_payload.key }}", queue: max}
        on: repository_dispatch
        jobs:
          build:
            name: Build
            runs-on: ${{ vars.RUNNER || 'ubuntu-24.04' }}
            steps:
              - name: Talk
                run: |
                  echo "::group::Inside"
                  echo "$GITHUB_REPOSITORY $GITHUB_RUN_ID $GITHUB_RUN_ATTEMPT $GITHUB_REF ${{ vars.COLOUR }}"
                  echo "$GITHUB_API_URL $GITHUB_SERVER_URL ${{ github.actor }}"
                  echo "$UV_NO_SYNC ${UV_PROJECT_ENVIRONMENT##*/}"
                  echo "::endgroup::"
              - if: ${{ false }}
                run: echo never
        """)
    engine, runs = place.engine()
    run = await send(engine, id="abc", key="k")
    assert (run.status, run.display_title, run.group) == ("queued", "a task · abc", "task-k")
    assert (run.name, run.head_sha, run.head_branch, run.actor) == ("Build a site", "a" * 40, "main", "octo")
    run = await over(engine, run)
    assert (run.status, run.conclusion) == ("completed", "success")
    (job,) = run.jobs
    assert [(step.name, step.conclusion) for step in job.steps] == [
        ("Set up job", "success"),
        ("Talk", "success"),
        ("Run echo never", "skipped"),
        ("Complete job", "success"),
    ]
    assert job.started_at is not None
    assert job.completed_at is not None
    assert run.created_at <= job.started_at <= job.completed_at <= run.updated_at
    assert [line.partition("Z ")[2] for line in runs.load_log(job.id).splitlines()] == [
        "##[group]Run Talk",
        "##[endgroup]",
        "##[group]Inside",
        f"octo/pipeline {run.id} 1 refs/heads/main blue",
        "http://127.0.0.1:9 http://127.0.0.1:9 octo",
        "1 venv",
        "##[endgroup]",
    ]


async def test_a_person_may_start_a_run_by_hand(place: Place) -> None:
    place.workflow("""
        run-name: ${{ github.event.client_payload.title || inputs.task }} · run
        concurrency: {group: "task-${{ github.event.client_payload.key || github.run_id }}"}
        on: {workflow_dispatch: {inputs: {task: {type: string}}}}
        jobs: {build: {runs-on: x, steps: [{run: "echo ${{ inputs.task }}"}]}}
        """)
    engine, runs = place.engine()
    run = await engine.dispatch("workflow_dispatch", {"inputs": {"task": "by hand"}})
    assert (run.display_title, run.group) == ("by hand · run", f"task-{run.id}")
    run = await over(engine, run)
    assert "Z by hand\n" in runs.load_log(run.jobs[0].id)


async def test_no_secret_is_kept_anywhere_nor_found_by_a_step(place: Place) -> None:
    place.workflow("""
        on: repository_dispatch
        jobs:
          build:
            runs-on: u
            steps:
              - env: {KEY: "${{ secrets.KEY }}"}
                run: |
                  hidden=$(printf 'found%sout' ' ')
                  echo "::add-mask::$hidden"
                  echo "::notice::$KEY and $hidden"
                  grep -rl "$KEY" "$HOME/.." || echo "nothing lies around"
                  echo "$KEY ${{ github.token }} $hidden" | tee "$GITHUB_STEP_SUMMARY"
        """)
    engine, runs = place.engine()
    run = await over(engine, await send(engine))
    log = runs.load_log(run.jobs[0].id)
    assert "Z ##[notice]*** and ***\n" in log
    assert "Z *** *** ***\n" in log
    assert "Z nothing lies around\n" in log
    assert engine.load_summary(run.id) == "*** *** ***\n\n"
    for secret in (SECRET, f"token-of-{run.id}", "found out"):
        assert secret not in place.kept()
    assert place.tokens == [f"token-of-{run.id} begins", f"token-of-{run.id} ends"]


async def test_a_failed_job_does_not_keep_the_next_from_running_always(place: Place) -> None:
    place.workflow("""
        on: repository_dispatch
        jobs:
          build: {runs-on: u, steps: [{run: exit 3}, {run: echo no}]}
          publish: {needs: build, if: always(), runs-on: u, steps: [{run: "echo it was a ${{ needs.build.result }}"}]}
          other: {needs: build, runs-on: u, steps: [{run: echo no}]}
        """)
    engine, runs = place.engine()
    run = await over(engine, await send(engine))
    assert (run.conclusion, run.display_title) == ("failure", "task")
    assert [job.conclusion for job in run.jobs] == ["failure", "success", "skipped"]
    assert [step.conclusion for step in run.jobs[0].steps] == ["success", "failure", "skipped", "success"]
    assert "##[error]Process completed with exit code 3." in runs.load_log(run.jobs[0].id)
    assert "it was a failure" in runs.load_log(run.jobs[1].id)


async def test_runs_of_different_groups_run_side_by_side(place: Place) -> None:
    """Each end of the pipe waits for the other to be opened: alone, neither run could end."""
    place.pipe("meet")
    place.workflow(ONE_STEP, '[ "$GITHUB_RUN_ID" = 1 ] && echo x > "$PIPES/meet" || cat "$PIPES/meet"')
    engine, _ = place.engine(slots=2)
    sent = [await send(engine) for _ in range(2)]
    assert [(await over(engine, run)).conclusion for run in sent] == ["success", "success"]


@pytest.mark.parametrize(("slots", "groups"), [(1, ("a", "b", "c")), (3, ("One", "one", "ONE"))])
async def test_runs_of_one_slot_or_one_group_come_in_the_order_of_their_arrival(
    place: Place, slots: int, groups: tuple[str, ...]
) -> None:
    started = place.pipe("started")
    place.workflow(ONE_STEP, 'echo "$GITHUB_RUN_ID" > "$PIPES/started"; read -r < "$PIPES/go"')
    engine, runs = place.engine(slots)
    sent = [await send(engine, group=group) for group in groups]
    with place.pipe("go").open("r+b", buffering=0) as go:
        for done, run in enumerate(sent):
            assert await (await listen(started)).read() == f"{run.id}\n".encode()
            states = [found.status for other in sent if (found := runs.find_run(other.id))]
            assert states == [*["completed"] * done, "in_progress", *["queued"] * (2 - done)]
            go.write(b"\n")
            assert (await over(engine, run)).conclusion == "success"


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


async def test_what_act_refuses_is_a_startup_failure_that_says_why(place: Place) -> None:
    place.workflow("on: repository_dispatch\njobs: {build: {runs-on: u, steps: [{run: echo x, bogus: 1}]}}\n")
    engine, runs = place.engine()
    run = await over(engine, await send(engine))
    assert run.conclusion == "startup_failure"
    assert "Unknown Property bogus" in runs.load_log(run.jobs[0].id)


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
from test_engine import Place, send

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
    former = await asyncio.create_subprocess_exec(sys.executable, "-c", KILLED, place.root, Path(__file__).parent)
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


async def test_an_expression_beyond_this_machine_is_refused_before_there_is_a_run(place: Place) -> None:
    place.workflow("run-name: ${{ format('x') }}\njobs: {build: {runs-on: u, steps: [{run: echo}]}}\n")
    engine, runs = place.engine()
    with pytest.raises(UsageError, match=r"format\('x'\)"):
        await send(engine)
    assert runs.list_runs("octo/pipeline") == ()


async def test_waiting_for_a_run_that_never_was_ends_at_once(place: Place) -> None:
    engine, _ = place.engine()
    assert await engine.wait(7) is None
    assert engine.load_summary(7) == ""
