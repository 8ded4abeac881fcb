"""A workflow file as the engine needs it: its jobs, their steps and limits, a run's name and its group."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from orchestrator.errors import UsageError
from orchestrator.local.actions import expressions
from orchestrator.local.actions.expressions import Template
from orchestrator.local.runs import Job, Step

DEFAULT_TIMEOUT_MINUTES = 360
"""A job's limit on GitHub where it names none."""

SETUP, COMPLETE = "--setup-job", "--complete-job"
"""act's ids of the two steps that every job has besides its own."""


@dataclass(frozen=True, slots=True)
class JobPlan:
    """One job as the workflow has it. `steps`: act's id of each step -> the name that GitHub shows."""

    key: str
    name: str
    labels: tuple[Template, ...]
    timeout_s: float
    steps: Mapping[str, str]

    def queued(self) -> Job:
        """Return the job's record before it starts."""
        return Job(self.name, steps=tuple(Step(name, number) for number, name in enumerate(self.steps.values(), 1)))


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow file. `text` is what act is given."""

    name: str
    run_name: Template
    group: Template
    jobs: tuple[JobPlan, ...]
    text: str


def read_workflow(path: Path) -> Workflow:
    """Read a workflow file. Raises UsageError for one that is none, or that needs more than this machine can do."""
    try:
        text = path.read_text(encoding="utf-8")
        document = yaml.safe_load(text)
        concurrency = document.get("concurrency") or ""
        group = concurrency if isinstance(concurrency, str) else concurrency["group"]
        return Workflow(
            name=document.get("name", path.name),
            run_name=expressions.parse(document.get("run-name", "")),
            group=expressions.parse(group),
            jobs=tuple(_job_plan(key, job) for key, job in document["jobs"].items()),
            text=_without_queue(text, concurrency),
        )
    except (OSError, UnicodeDecodeError, yaml.YAMLError, AttributeError, KeyError, TypeError) as error:
        problem = f"{type(error).__name__}: {error}"
        raise UsageError(f"{path.name} is no workflow ({problem}).", "Restore it from the repository.") from error


def _job_plan(key: str, job: Mapping[str, Any]) -> JobPlan:
    runs_on = job.get("runs-on", ())
    labels = [runs_on] if isinstance(runs_on, str) else runs_on
    steps = {step.get("id", str(place)): _step_name(step) for place, step in enumerate(job.get("steps", ()))}
    return JobPlan(
        key=key,
        name=job.get("name", key),
        labels=tuple(expressions.parse(label) for label in labels),
        timeout_s=60 * float(job.get("timeout-minutes", DEFAULT_TIMEOUT_MINUTES)),
        steps={SETUP: "Set up job", **steps, COMPLETE: "Complete job"},
    )


def _step_name(step: Mapping[str, Any]) -> str:
    does = step.get("uses") or step["run"].strip().partition("\n")[0]
    return str(step.get("name", f"Run {does}"))


def _without_queue(text: str, concurrency: Any) -> str:
    """Return a workflow's text without `concurrency.queue`: act does not know the key and refuses the file for it.

    act ignores all of `concurrency`. Everything else stays as it is, to the letter.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(concurrency, dict) or "queue" not in concurrency or root is None:
        return text
    node = next(value for key, value in root.value if key.value == "concurrency")
    kept = json.dumps({key: value for key, value in concurrency.items() if key != "queue"})
    return f"{text[: node.start_mark.index]}{kept}\n{text[node.end_mark.index :]}"
