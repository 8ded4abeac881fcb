"""GitHub Actions on one machine: a dispatch becomes a run, and a run's turn comes when its group and a core are free.

What act leaves to GitHub happens here: run names, concurrency groups, job timeouts, re-runs, and the record of it all.
Groups: https://docs.github.com/actions/how-tos/write-workflows/choose-when-workflows-run/control-workflow-concurrency
"""

import asyncio
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from orchestrator.core.errors import UsageError
from orchestrator.core.runs import Job
from orchestrator.local.actions.act import ActStart
from orchestrator.local.actions.attempt import RunAttempt, record_cancellation
from orchestrator.local.actions.expressions import Contexts
from orchestrator.local.actions.telling import events_folder
from orchestrator.local.actions.workflow import Workflow, drop_jobs, read_workflow
from orchestrator.local.runs import Run, Runs

ACT = Path(sys.executable).with_name("act")
"""act's binary comes in a wheel, and so lies beside this Python."""

WORKFLOW = ".github/workflows/build.yml"
BRANCH = "main"


@dataclass(frozen=True)
class EngineSettings:
    """Where runs happen and what they are told.

    `checkout` is the clone with the workflow in it; a run works on a copy. `work` holds what runs need and leave, and
    must be private. `python_env` is the installed environment that the steps use. `head` returns the commit at the
    branch's head, `job_token` the GITHUB_TOKEN of the run with that id, valid inside the block.
    """

    checkout: Path
    work: Path
    repository: str
    owner: str
    api_url: str
    python_env: Path
    secrets: Mapping[str, str] = field(repr=False)
    variables: Mapping[str, str]
    path: str
    extra_env: Mapping[str, str]
    head: Callable[[], str]
    job_token: Callable[[int], AbstractContextManager[str]]


class Engine:
    """Runs workflows. Belongs to the event loop it is used in."""

    def __init__(self, settings: EngineSettings, runs: Runs, *, slots: int | None = None) -> None:
        """Run `slots` runs at once, one a core where it is None. Raises UsageError if act is not installed."""
        if not ACT.is_file():
            raise UsageError(f"act is missing at {ACT}.", "Install the extra `local` of this project.")
        self._settings = settings
        self._runs = runs
        self._slots = asyncio.Semaphore(slots or os.cpu_count() or 1)
        # A group lives as long as a run of it. asyncio's locks and semaphores serve in the order of arrival.
        self._groups: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._turns: dict[int, asyncio.Task[None]] = {}
        self._cancelled: set[int] = set()

    async def dispatch(self, event_name: str, event: Mapping[str, Any]) -> Run:
        """Take an event; return its run, which is queued and saved. `event` is the whole webhook payload.

        Raises UsageError if the workflow file is not valid.
        """
        workflow = self._load_workflow()
        run = self._runs.create(
            Run(
                repository=self._settings.repository,
                event=event_name,
                display_title="",
                name=workflow.name,
                path=WORKFLOW,
                head_sha=self._settings.head(),
                head_branch=BRANCH,
                actor=self._settings.owner,
                payload=event,
            )
        )
        contexts = self._build_contexts(run)  # knows the run's id only now
        title = workflow.run_name.render(contexts).strip()
        run = self._runs.update(
            replace(
                run,
                display_title=title or event.get("action", workflow.name),
                group=workflow.group.render(contexts) or f"run {run.id}",
            )
        )
        return self._enqueue(run, workflow)

    async def rerun(self, run_id: int, *, failed_only: bool = False) -> Run:
        """Run a completed run once more, all its jobs or those that failed and what needs them.

        Raises UsageError if there is no completed run of that id.
        """
        run = self._runs.find_run(run_id)
        if run is None or run.status != "completed":
            raise UsageError(f"There is no completed run {run_id}.", "Wait until it has completed.")
        workflow = self._load_workflow()
        kept: tuple[Job, ...] = ()
        if failed_only:
            kept = tuple(job for job in run.jobs if job.conclusion == "success")
            names = {job.name for job in kept}
            workflow = drop_jobs(workflow, {plan.key for plan in workflow.jobs if plan.name in names})
        return self._enqueue(self._runs.update(_next_attempt(run, kept)), workflow)

    async def resume(self) -> None:
        """Take up what a former life left unfinished; to be called before the first dispatch.

        A run that was in progress starts again, as its next attempt: nobody knows how far it came.
        """
        shutil.rmtree(self._settings.work / "attempts", ignore_errors=True)
        if unfinished := self._runs.unfinished_runs():
            workflow = self._load_workflow()
            for run in unfinished:
                started = run.status == "in_progress"
                self._enqueue(self._runs.update(_next_attempt(run)) if started else run, workflow)

    async def cancel(self, run_id: int) -> bool:
        """End a run, queued or in progress, with all its processes; return False if it was over already.

        This is what GitHub calls a forced cancellation: no step and no job with `if: always()` runs any more.
        https://docs.github.com/rest/actions/workflow-runs#force-cancel-a-workflow-run
        """
        turn = self._turns.get(run_id)
        if turn is None:
            return False
        self._cancelled.add(run_id)
        try:
            turn.cancel()
            await asyncio.wait([turn])
            # A turn that had not begun has noticed nothing.
            self._turns.pop(run_id, None)
            return self._note_cancelled(run_id)
        finally:
            self._cancelled.discard(run_id)

    async def wait(self, run_id: int) -> Run | None:
        """Return the run once its turn is over, at once where it has none; None if there is no such run."""
        if turn := self._turns.get(run_id):
            await asyncio.wait([turn])
            if not turn.cancelled():
                turn.result()
        return self._runs.find_run(run_id)

    def handover_folder(self, run_id: int) -> Path:
        """Return the folder in which job `build` of a run leaves what it hands over."""
        return self._settings.work / "handover" / str(run_id)

    def run_events_folder(self, run_id: int) -> Path:
        """Return the folder in which everything that takes part in a run leaves its events."""
        return events_folder(self._settings.work, run_id)

    def load_summary(self, run_id: int) -> str:
        """Return what the steps of a run's last attempt wrote to their summaries, in order."""
        path = self._summary_path(run_id)
        return path.read_text(encoding="utf-8") if path.exists() else ""

    async def close(self) -> None:
        """Stop everything at once, as a power cut would, and leave nothing behind; `resume` takes it up again.

        No step gets a chance to tidy up: one with `if: always()` would report as failed what is only put off.
        """
        turns = list(self._turns.values())
        for turn in turns:
            turn.cancel()
        await asyncio.gather(*turns, return_exceptions=True)

    def _load_workflow(self) -> Workflow:
        return read_workflow(self._settings.checkout / WORKFLOW)

    def _build_contexts(self, run: Run) -> Contexts:
        github = {
            "event": run.payload,
            "event_name": run.event,
            "run_id": run.id,
            "run_attempt": run.run_attempt,
            "repository": run.repository,
            "repository_owner": self._settings.owner,
            "actor": run.actor,
            "workflow": run.name,
            "sha": run.head_sha,
            "ref": f"refs/heads/{run.head_branch}",
            "ref_name": run.head_branch,
        }
        return {"github": github, "inputs": run.payload.get("inputs"), "vars": self._settings.variables}

    def _enqueue(self, run: Run, workflow: Workflow) -> Run:
        self._turns[run.id] = asyncio.create_task(self._take_turn(run, workflow), name=f"run {run.id}")
        return run

    async def _take_turn(self, run: Run, workflow: Workflow) -> None:
        # GitHub compares the names of groups without regard to case.
        group = self._groups.setdefault(run.group.lower(), asyncio.Lock())
        try:
            async with group, self._slots:
                with self._settings.job_token(run.id) as token:
                    attempt = RunAttempt(self._runs, run, workflow, self._prepare_start(run, workflow, token))
                    await attempt.conduct(self._summary_path(run.id))
        except asyncio.CancelledError:
            if run.id in self._cancelled:
                self._note_cancelled(run.id)
            raise
        finally:
            del self._turns[run.id]

    def _note_cancelled(self, run_id: int) -> bool:
        """Record a run as cancelled; return whether that is how it ended."""
        run = self._runs.find_run(run_id)
        if run and run.status != "completed":
            run = record_cancellation(self._runs, run)
        return run is not None and run.conclusion == "cancelled"

    def _prepare_start(self, run: Run, workflow: Workflow, token: str) -> ActStart:
        settings, contexts = self._settings, self._build_contexts(run)
        handover = self.handover_folder(run.id)
        handover.mkdir(parents=True, exist_ok=True)
        return ActStart(
            act=ACT,
            checkout=settings.checkout,
            folder=settings.work / "attempts" / f"{run.id}.{run.run_attempt}",
            actor=run.actor,
            event_name=run.event,
            event=run.payload,
            labels=frozenset(label.render(contexts) for plan in workflow.jobs for label in plan.labels),
            secrets={**settings.secrets, "GITHUB_TOKEN": token},
            variables=settings.variables,
            path=settings.path,
            env={
                "GITHUB_API_URL": settings.api_url,
                "GITHUB_GRAPHQL_URL": f"{settings.api_url}/graphql",
                "GITHUB_REF": f"refs/heads/{run.head_branch}",
                "GITHUB_REPOSITORY": run.repository,
                "GITHUB_REPOSITORY_OWNER": settings.owner,
                "GITHUB_RUN_ATTEMPT": str(run.run_attempt),
                "GITHUB_RUN_ID": str(run.id),
                "GITHUB_SERVER_URL": settings.api_url,
                "PAGEWRIGHT_EVENTS": str(self.run_events_folder(run.id)),
                "PAGEWRIGHT_HANDOVER": str(handover),
                "UV_NO_SYNC": "1",
                "UV_PROJECT_ENVIRONMENT": str(settings.python_env),
                **settings.extra_env,
            },
        )

    def _summary_path(self, run_id: int) -> Path:
        return self._settings.work / "summaries" / f"{run_id}.md"


def _next_attempt(run: Run, kept: tuple[Job, ...] = ()) -> Run:
    return replace(run, status="queued", conclusion=None, run_attempt=run.run_attempt + 1, jobs=kept)
