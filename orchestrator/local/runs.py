"""What Actions remembers of its runs: one JSON file a run, one text file a job's log."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock
from typing import Any

from pydantic import TypeAdapter

from orchestrator.core.runs import Conclusion, Job, Status
from orchestrator.local.files import write_atomically

_EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a workflow. `id` 0 means: not saved yet, `Runs.create` will give it one.

    `group` (the concurrency group) and `payload` (the event) never leave this machine: they are what
    the engine needs in order to start a run that was still queued when it was stopped.
    """

    repository: str  # "owner/name"
    event: str
    display_title: str
    name: str
    path: str  # ".github/workflows/build.yml"
    head_sha: str
    head_branch: str
    actor: str
    id: int = 0
    status: Status = "queued"
    conclusion: Conclusion | None = None
    run_attempt: int = 1
    created_at: datetime = _EPOCH
    updated_at: datetime = _EPOCH
    run_started_at: datetime = _EPOCH
    group: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)
    jobs: tuple[Job, ...] = ()


_RUN: TypeAdapter[Run] = TypeAdapter(Run)


def now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


OnChange = Callable[[Run | None, Run], None]


def ignore_change(_: Run | None, __: Run) -> None:
    """Take a change that nobody reads."""


class Runs:
    """All runs of all repositories, kept in `root`. Safe to call from several threads."""

    def __init__(self, root: Path, on_change: OnChange = ignore_change) -> None:
        """Keep runs in `root`. `on_change` gets each run as it was before, None if it is new, and as it is now."""
        self._root, self._on_change = root, on_change
        self._lock = RLock()
        saved = (_RUN.validate_json(path.read_bytes()) for path in root.glob("*.json"))
        self._runs = {run.id: run for run in saved}
        # One counter for runs and jobs. Logs count too: a re-run drops its old jobs, whose ids must not come back.
        jobs = (job.id for run in self._runs.values() for job in run.jobs)
        self._last = max((0, *self._runs, *jobs, *(int(path.stem) for path in root.glob("*.txt"))))

    def create(self, run: Run) -> Run:
        """Save a new run; its id and its three times are set here."""
        with self._lock:
            moment = now()
            return self._save(
                replace(run, id=self._take_id(), created_at=moment, updated_at=moment, run_started_at=moment)
            )

    def update(self, run: Run) -> Run:
        """Save `run` as it is now: new jobs get their ids, `updated_at` is set."""
        with self._lock:
            return self._save(replace(run, updated_at=now()))

    def find_run(self, run_id: int) -> Run | None:
        """Return the run, or None."""
        return self._runs.get(run_id)

    def find_job(self, job_id: int) -> tuple[Run, Job] | None:
        """Return the job and the run it belongs to, or None."""
        with self._lock:
            found = ((run, job) for run in self._runs.values() for job in run.jobs if job.id == job_id)
            return next(found, None)

    def list_runs(self, repository: str) -> tuple[Run, ...]:
        """Return the runs of `repository` ("owner/name", any case), newest first."""
        with self._lock:
            runs = sorted(self._runs.values(), key=lambda run: run.id, reverse=True)
        return tuple(run for run in runs if run.repository.lower() == repository.lower())

    def all_runs(self) -> tuple[Run, ...]:
        """Return the runs of all repositories, oldest first."""
        with self._lock:
            return tuple(sorted(self._runs.values(), key=lambda run: run.id))

    def unfinished_runs(self) -> tuple[Run, ...]:
        """Return every run that is not completed, oldest first: what a restarted engine takes up again."""
        return tuple(run for run in self.all_runs() if run.status != "completed")

    def append_log(self, job_id: int, text: str) -> None:
        """Add `text` to the job's log, as it is: lines end where the caller ends them."""
        with self._lock, self._log_path(job_id).open("a", encoding="utf-8", newline="") as file:
            file.write(text)

    def load_log(self, job_id: int) -> str:
        """Return the job's log; empty if nothing was written yet."""
        path = self._log_path(job_id)
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def _save(self, run: Run) -> Run:
        jobs = tuple(job if job.id else replace(job, id=self._take_id()) for job in run.jobs)
        run = replace(run, jobs=jobs)
        write_atomically(self._root / f"{run.id}.json", _RUN.dump_json(run))
        before = self._runs.get(run.id)
        self._runs[run.id] = run
        self._on_change(before, run)
        return run

    def _take_id(self) -> int:
        self._last += 1
        return self._last

    def _log_path(self, job_id: int) -> Path:
        return self._root / f"{job_id}.txt"
