"""A workflow file as the engine needs it: its jobs, their steps and limits, a run's name and its group."""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import SafeConstructor

from orchestrator.core.errors import UsageError
from orchestrator.core.runs import Job, Step
from orchestrator.local.actions import expressions
from orchestrator.local.actions.expressions import ExpressionText

DEFAULT_TIMEOUT_MINUTES = 360
"""A job's limit on GitHub where it names none."""

COMPOSITES = "orchestrator/local/actions/composites"
"""What takes the place of the workflow's own composites of the same names on this machine. In the checkout."""

SETUP, COMPLETE = "--setup-job", "--complete-job"
"""act's ids of the two steps that every job has besides its own."""


@dataclass(frozen=True, slots=True)
class JobPlan:
    """One job as the workflow has it. `steps`: act's id of each step -> the name that GitHub shows."""

    key: str
    name: str
    labels: tuple[ExpressionText, ...]
    timeout_s: float
    steps: Mapping[str, str]

    def queued_job(self) -> Job:
        """Return the job's record before it starts."""
        return Job(self.name, steps=tuple(Step(name, number) for number, name in enumerate(self.steps.values(), 1)))


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow file. `text` is what act is given."""

    name: str
    run_name: ExpressionText
    group: ExpressionText
    jobs: tuple[JobPlan, ...]
    text: str


def read_workflow(path: Path) -> Workflow:
    """Read a workflow file. Raises UsageError if it is not valid, or needs more than this machine can do."""
    try:
        text = path.read_text(encoding="utf-8")
        document = yaml.safe_load(text)
        concurrency = document.get("concurrency") or ""
        group = concurrency if isinstance(concurrency, str) else concurrency["group"]
        return Workflow(
            name=document.get("name", path.name),
            run_name=expressions.parse_template(document.get("run-name", "")),
            group=expressions.parse_template(group),
            jobs=tuple(_parse_job_plan(key, job) for key, job in document["jobs"].items()),
            text=_with_local_composites(_strip_unknown_keys(text)),
        )
    except (OSError, UnicodeDecodeError, yaml.YAMLError, AttributeError, KeyError, TypeError) as error:
        problem = f"{type(error).__name__}: {error}"
        raise UsageError(
            f"{path.name} is not a valid workflow ({problem}).", "Restore it from the repository."
        ) from error


def drop_jobs(workflow: Workflow, done: Collection[str]) -> Workflow:
    """Return a workflow without the jobs of these keys, and without the need for them: act knows no other way.

    GitHub runs failed jobs again, and the jobs that depend on them:
    https://docs.github.com/actions/how-tos/manage-workflow-runs/re-run-workflows-and-jobs
    """
    root = yaml.compose(workflow.text, Loader=yaml.SafeLoader)
    assert root is not None  # noqa: S101 - it was read before
    jobs = next(value for key, value in root.value if key.value == "jobs")
    spans = [(key, value, "") for key, value in jobs.value if key.value in done]
    for _, job in (pair for pair in jobs.value if pair[0].value not in done):
        for key, value in (pair for pair in job.value if pair[0].value == "needs"):
            named = [value.value] if isinstance(value.value, str) else [one.value for one in value.value]
            spans.append((key, value, f"needs: {json.dumps([name for name in named if name not in done])}"))
    text = workflow.text
    for key, value, instead in sorted(spans, key=lambda span: -span[0].start_mark.index):
        text = text[: key.start_mark.index] + instead + text[value.end_mark.index :]
    return replace(workflow, jobs=tuple(plan for plan in workflow.jobs if plan.key not in done), text=text)


def _parse_job_plan(key: str, job: Mapping[str, Any]) -> JobPlan:
    runs_on = job.get("runs-on", ())
    labels = [runs_on] if isinstance(runs_on, str) else runs_on
    steps = {step.get("id", str(place)): _step_name(step) for place, step in enumerate(job.get("steps", ()))}
    return JobPlan(
        key=key,
        name=job.get("name", key),
        labels=tuple(expressions.parse_template(label) for label in labels),
        timeout_s=60 * float(job.get("timeout-minutes", DEFAULT_TIMEOUT_MINUTES)),
        steps={SETUP: "Set up job", **steps, COMPLETE: "Complete job"},
    )


def _step_name(step: Mapping[str, Any]) -> str:
    does = step.get("uses") or step["run"].strip().partition("\n")[0]
    return str(step.get("name", f"Run {does}"))


def _strip_unknown_keys(text: str) -> str:
    """Return a workflow's text without the two keys that act refuses a file for: it does not know them.

    They are `concurrency.queue` and `deployment` of a job's environment; act ignores the rest of both as well.
    Everything else stays as it is, to the letter.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    jobs = [job for key, job in _mapping_pairs(root) if key == "jobs"]
    found = [(value, "queue") for key, value in _mapping_pairs(root) if key == "concurrency"]
    for _, job in (pair for mapping in jobs for pair in _mapping_pairs(mapping)):
        found += [(value, "deployment") for key, value in _mapping_pairs(job) if key == "environment"]
    for node, unknown in sorted(found, key=lambda pair: -pair[0].start_mark.index):
        if unknown in (key for key, _ in _mapping_pairs(node)):
            value = SafeConstructor().construct_document(node)
            kept = json.dumps({key: kept for key, kept in value.items() if key != unknown})
            text = text[: node.start_mark.index] + kept + text[_mapping_end(node) :]
    return text


def _with_local_composites(text: str) -> str:
    """Return a workflow's text in which a composite that has a twin in `COMPOSITES` is that one.

    GitHub's artifacts, and the installation of packages, are not on this machine. act clones every remote action that
    a workflow names, so a condition on the step would not do.
    """
    for composite in sorted(Path(__file__).with_name("composites").iterdir()):
        own = rf"(uses: )\./\.github/actions/{re.escape(composite.name)}(?=\s)"
        text = re.sub(own, rf"\1./{COMPOSITES}/{composite.name}", text)
    return text


def _mapping_pairs(node: yaml.Node | None) -> list[tuple[str, yaml.Node]]:
    """Return the keys and values of a mapping, none for anything else."""
    return [(key.value, value) for key, value in node.value] if isinstance(node, yaml.MappingNode) else []


def _mapping_end(node: yaml.Node) -> int:
    """Return where a mapping's text ends. A block's own mark lies behind the blanks and comments that follow it."""
    if isinstance(node, yaml.MappingNode) and not node.flow_style:
        return _mapping_end(node.value[-1][1])
    return int(node.end_mark.index)
