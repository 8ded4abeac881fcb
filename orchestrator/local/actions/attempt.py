"""One attempt at a run: act on one side, the run's record on the other, a clock for each job between them."""

import asyncio
import shutil
import sys
import tempfile
from asyncio import TimerHandle
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from orchestrator.core.runs import Job, Step
from orchestrator.local.actions import reaper
from orchestrator.local.actions.act import SECRETS, ActStart, Masker, Recorder, stamp_lines
from orchestrator.local.actions.workflow import Workflow
from orchestrator.local.files import write_atomically
from orchestrator.local.runs import Run, Runs, now

ALWAYS_STEPS_S = 300.0
"""How long the steps with `if: always()` of a job get that was stopped.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-cancellation
"""


class RunAttempt:
    """One attempt at a run, saved after everything that happens. Cancelled, it ends as in a power cut.

    Jobs that the run has already were done by an earlier attempt, and stay as they are.
    """

    def __init__(self, runs: Runs, run: Run, workflow: Workflow, start: ActStart) -> None:
        self._kept = run.jobs
        jobs = (*self._kept, *(plan.queued_job() for plan in workflow.jobs))
        self._runs = runs
        self._run = runs.update(replace(run, status="in_progress", run_started_at=now(), jobs=jobs))
        self._workflow = workflow
        self._start = start
        own = list(self._run.jobs[len(self._kept) :])
        self._record = Recorder(workflow.jobs, own, Masker(start.secrets.values()))
        self._timers: dict[int, TimerHandle] = {}

    async def conduct(self, summary: Path) -> None:
        """Run the workflow to its end; its steps' summaries are in `summary` then."""
        async with _run_helper(self._start, self._workflow) as helper:
            try:
                async for line in _read_lines(helper):
                    self._record_line(line, helper.pid)
            finally:
                for timer in self._timers.values():
                    timer.cancel()
        write_atomically(summary, self._record.summary.encode())
        conclusion, text = self._record.finish(await helper.wait())
        self._append_log(0, text)
        self._run = replace(self._run, status="completed", conclusion=conclusion)
        self._save()

    def _record_line(self, line: str, helper: int) -> None:
        before = list(self._record.jobs)
        self._append_log(*self._record.feed(line))
        if self._record.jobs == before:
            return
        # act has read them by now, and no step is to find another job's secrets on the disk.
        (self._start.folder / SECRETS).unlink(missing_ok=True)
        self._save()
        for place, job in enumerate(self._record.jobs):
            if job.status == "in_progress" and place not in self._timers:
                self._set_timer(place, self._workflow.jobs[place].timeout_s, helper)
            elif job.status == "completed" and place in self._timers:
                self._timers[place].cancel()

    def _set_timer(self, place: int, seconds: float, helper: int) -> None:
        self._timers[place] = asyncio.get_running_loop().call_later(seconds, self._time_out, place, helper)

    def _time_out(self, place: int, helper: int) -> None:
        """Stop a job, not the run: a job that needs it and says `if: always()` comes next. act knows no such limit."""
        self._append_log(place, self._record.time_out(place))
        reaper.kill_job(helper, self._workflow.jobs[place].key)
        self._set_timer(place, ALWAYS_STEPS_S, helper)

    def _append_log(self, place: int, text: str) -> None:
        if text:
            self._runs.append_log(self._run.jobs[len(self._kept) + place].id, text)

    def _save(self) -> None:
        self._run = self._runs.update(replace(self._run, jobs=(*self._kept, *self._record.jobs)))


def record_cancellation(runs: Runs, run: Run) -> Run:
    """Record that a run was ended from outside; return it as it is then. Its processes are gone by now."""
    moment = now()
    for job in run.jobs:
        if job.id and job.status == "in_progress":
            runs.append_log(job.id, stamp_lines("##[error]The operation was canceled.", moment))
    jobs = tuple(job if job.status == "completed" else _cancel_job(job, moment) for job in run.jobs)
    return runs.update(replace(run, status="completed", conclusion="cancelled", jobs=jobs))


def _cancel_job(job: Job, moment: datetime) -> Job:
    steps = tuple(step if step.status == "completed" else _cancel_step(step, moment) for step in job.steps)
    return replace(job, status="completed", conclusion="cancelled", completed_at=moment, steps=steps)


def _cancel_step(step: Step, moment: datetime) -> Step:
    if step.status == "queued":
        return replace(step, status="completed", conclusion="skipped")
    return replace(step, status="completed", conclusion="cancelled", completed_at=moment)


@asynccontextmanager
async def _run_helper(start: ActStart, workflow: Workflow) -> AsyncIterator[Process]:
    """Start act below a helper process of its own. It is gone at the end, with all that it started and was given."""
    # A browser's sockets lie in TMPDIR, and the path of a socket must be shorter (108 bytes) than `folder` may be.
    folders = (start.folder, Path(tempfile.mkdtemp(prefix="pagewright-")))
    try:
        _write_private(start.folder, start.input_files(workflow))
        # A start that is cancelled would kill the helper and leave what that had started: it is never cut short.
        starting = asyncio.create_task(_start_helper(start, folders))
        try:
            yield await asyncio.shield(starting)
        finally:
            process = await starting
            assert process.stdin  # noqa: S101 - because of PIPE
            assert process.stdout  # noqa: S101
            process.stdin.close()  # which the helper takes for: kill everything
            await process.stdout.read()
            await process.wait()
    finally:
        for folder in folders:  # the helper does it too, if we die; here it matters where it never got to start
            shutil.rmtree(folder, ignore_errors=True)


async def _start_helper(start: ActStart, folders: Sequence[Path]) -> Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", reaper.__file__, *map(str, folders), "--", *start.command_line()),
        stdin=PIPE,
        stdout=PIPE,
        stderr=STDOUT,
        env=start.process_env(folders[1]),
        start_new_session=True,  # Ctrl-C in the terminal is for us to act on
    )


async def _read_lines(process: Process) -> AsyncIterator[str]:
    """Yield act's output line by line; a line may be of any length."""
    assert process.stdout  # noqa: S101
    rest = b""
    while chunk := await process.stdout.read(65536):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.decode(errors="replace")
    if rest:
        yield rest.decode(errors="replace")


def _write_private(folder: Path, files: dict[str, str]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700)
    for name, text in files.items():
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(text, encoding="utf-8")
