"""A run as GitHub's API shows it: read from its answers, and found by the id of its request. Pure.

https://docs.github.com/rest/actions/workflow-runs, https://docs.github.com/rest/actions/workflow-jobs
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar, get_args

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, TypeAdapter, ValidationError

from orchestrator.core.errors import GitHubFailed
from orchestrator.core.events import AcceptedEvent
from orchestrator.core.runs import Conclusion, Job, Status, Step
from orchestrator.core.task import manual_id, title_of

T = TypeVar("T")

BY_HAND = "run"
"""What stands in the title of a run by hand, in place of an id."""

MOST_ROUNDS = 20
"""That a run by hand is tried for: its title does not say which round it is."""

_SEPARATOR = " · "
_TITLE = re.compile(r"(.*) round ([1-9][0-9]{0,8})")


def _parse_status(said: object) -> object:
    """Return `queued` for every way of waiting: requested, waiting, pending."""
    return said if said in ("in_progress", "completed") else "queued"


def _parse_conclusion(said: object) -> object:
    """Return `failure` for a word that GitHub's description does not list."""
    return said if said is None or said in get_args(Conclusion) else "failure"


_Status = Annotated[Status, BeforeValidator(_parse_status)]
_Ended = Annotated[Conclusion | None, BeforeValidator(_parse_conclusion)]


class _ApiEntry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _SaidStep(_ApiEntry):
    name: str
    number: int
    status: _Status
    conclusion: _Ended = None
    started_at: AwareDatetime | None = None
    completed_at: AwareDatetime | None = None


class _SaidJob(_ApiEntry):
    id: int
    name: str
    status: _Status
    conclusion: _Ended = None
    created_at: AwareDatetime | None = None
    started_at: AwareDatetime | None = None
    completed_at: AwareDatetime | None = None
    steps: Annotated[tuple[_SaidStep, ...], BeforeValidator(lambda said: said or ())] = ()


class ListedRun(_ApiEntry):
    """A run in GitHub's list. `run_attempt` counts how often it was started."""

    id: int
    event: str
    display_title: str
    status: _Status
    conclusion: _Ended = None
    run_attempt: int = 1
    created_at: AwareDatetime
    run_started_at: AwareDatetime
    updated_at: AwareDatetime


@dataclass(frozen=True)
class RunLook:
    """One attempt at a run at one moment. `listed_at`: since when each job is listed, in the order of `jobs`."""

    id: int
    run_attempt: int
    status: Status
    conclusion: Conclusion | None
    created_at: datetime
    run_started_at: datetime
    updated_at: datetime
    jobs: tuple[Job, ...] = ()
    listed_at: tuple[datetime, ...] = ()


@dataclass(frozen=True)
class ListedArtifact:
    """An artifact of a run. `is_expired`: GitHub has deleted it."""

    id: int
    name: str
    is_expired: bool


class _SaidArtifact(_ApiEntry):
    id: int
    name: str
    expired: bool = False


@dataclass(frozen=True)
class FoundRun:
    """The run of a request, and the event that says what was asked."""

    run: ListedRun
    accepted: AcceptedEvent


_RUNS: TypeAdapter[tuple[ListedRun, ...]] = TypeAdapter(tuple[ListedRun, ...])
_JOBS: TypeAdapter[tuple[_SaidJob, ...]] = TypeAdapter(tuple[_SaidJob, ...])
_ARTIFACTS: TypeAdapter[tuple[_SaidArtifact, ...]] = TypeAdapter(tuple[_SaidArtifact, ...])


def parse_runs(answer: Any) -> tuple[ListedRun, ...]:
    """Read a list of runs, newest first."""
    return _parse_field(_RUNS, answer, "workflow_runs")


def parse_run(answer: Any, jobs: Any) -> RunLook:
    """Read a run and its jobs."""
    (run,) = _parse_field(_RUNS, {"runs": [answer]}, "runs")
    said = _parse_field(_JOBS, jobs, "jobs")
    return RunLook(
        id=run.id,
        run_attempt=run.run_attempt,
        status=run.status,
        conclusion=run.conclusion,
        created_at=run.created_at,
        run_started_at=run.run_started_at,
        updated_at=run.updated_at,
        jobs=tuple(_build_job(job) for job in said),
        listed_at=tuple(job.created_at or run.run_started_at for job in said),
    )


def parse_artifacts(answer: Any) -> tuple[ListedArtifact, ...]:
    """Read a list of artifacts."""
    return tuple(
        ListedArtifact(said.id, said.name, said.expired) for said in _parse_field(_ARTIFACTS, answer, "artifacts")
    )


def find_run(request: str, runs: Sequence[ListedRun]) -> FoundRun | None:
    """Return the first of `runs` that is for the request of that id."""
    return next((found for run in runs if (found := _match_run(request, run))), None)


def _match_run(request: str, run: ListedRun) -> FoundRun | None:
    title, _, named = run.display_title.rpartition(_SEPARATOR)
    if named == request:
        parts = _TITLE.fullmatch(title)
        task, round_ = (parts[1], int(parts[2])) if parts else (title, 1)
        return FoundRun(run, AcceptedEvent(task=task, round=round_, title=title))
    if run.event != "workflow_dispatch" or named != BY_HAND:
        return None
    rounds = (number for number in range(1, MOST_ROUNDS + 1) if manual_id(title, number, f"run-{run.id}") == request)
    if (round_ := next(rounds, 0)) == 0:
        return None
    return FoundRun(run, AcceptedEvent(task=title, round=round_, title=title_of(title, round_)))


def _build_job(said: _SaidJob) -> Job:
    steps = tuple(_build_step(step) for step in sorted(said.steps, key=lambda step: step.number))
    has_begun = said.status == "in_progress" or (
        said.status == "completed"
        and (any(step.started_at for step in steps) or not (steps or said.conclusion in ("skipped", "cancelled")))
    )
    started_at = said.started_at if has_begun else None  # GitHub gives a job that waits a time too
    return Job(said.name, said.id, said.status, said.conclusion, started_at, said.completed_at, steps)


def _build_step(said: _SaidStep) -> Step:
    started_at = None if said.status == "queued" or said.conclusion == "skipped" else said.started_at
    return Step(said.name, said.number, said.status, said.conclusion, started_at, said.completed_at)


def _parse_field(form: TypeAdapter[T], answer: Any, name: str) -> T:
    try:
        return form.validate_python(answer[name] if isinstance(answer, Mapping) else None)
    except (KeyError, ValidationError):
        raise GitHubFailed("GitHub's answer could not be read.", "Run the command again later.") from None
