"""The real workflow, run by act: what act is given, and what its output means. Pure: the engine does the doing.

act (https://nektosact.com) runs GitHub's workflow files on this machine, without containers. It speaks JSON, one object
a line: `parse` picks out what matters, `Recorder` folds that into jobs, steps and log lines.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import yaml

from orchestrator.core.runs import Conclusion, Job, Step
from orchestrator.local.actions.workflow import COMPLETE, SETUP, JobPlan, Workflow
from orchestrator.local.runs import now

SECRETS = "secrets.yml"

STAMP = "%Y-%m-%dT%H:%M:%S.%f0Z"
"""What stands in front of each line of a log: the moment in UTC, to 100 ns as on GitHub."""

STEADY = {
    "LANG": "C.UTF-8",
    "TERM": "dumb",
    "NO_COLOR": "1",
    "PAGER": "cat",
    "GIT_PAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
    "PYTHONUNBUFFERED": "1",
}
"""What act's own environment holds in every run: no colours, nothing that asks, nothing that waits."""


@dataclass(frozen=True, slots=True)
class ActStart:
    """All that act is given for one attempt at a run.

    `act` is its binary, `checkout` the clone it copies, `folder` the attempt's own, private enough for secrets; `env`
    is what the steps find in their environment.
    """

    act: Path
    checkout: Path
    folder: Path
    actor: str
    event_name: str
    event: Mapping[str, Any]
    labels: frozenset[str]
    secrets: Mapping[str, str] = field(repr=False)
    variables: Mapping[str, str]
    path: str
    env: Mapping[str, str]

    def input_files(self, workflow: Workflow) -> dict[str, str]:
        """Return what must lie in `folder`: name -> text. Secrets go this way because anyone can read an argv."""
        return {
            "build.yml": workflow.text,
            "event.json": json.dumps(self.event),
            SECRETS: _render_yaml(self.secrets),
            "vars.yml": _render_yaml(self.variables),
            "env.yml": _render_yaml(self.env),
        }

    def command_line(self) -> list[str]:
        """Return act's command line. What it would read from the checkout (.env, .secrets …) is redirected.

        Every label is mapped to this machine: a job with another one is skipped without an error.
        """
        folder = self.folder
        platforms = [argument for label in sorted(self.labels) for argument in ("-P", f"{label}=-self-hosted")]
        return [
            *(
                str(self.act),
                self.event_name,
                "-C",
                str(self.checkout),
                "-W",
                str(folder / "build.yml"),
                "--json",
                "--rm",
            ),
            *("-e", str(folder / "event.json"), "--actor", self.actor, "--defaultbranch", "main", *platforms),
            *("--container-daemon-socket", "-", "--no-cache-server", "--action-cache-path", str(folder / "cache")),
            *("--secret-file", str(folder / SECRETS), "--var-file", str(folder / "vars.yml")),
            *("--env-file", str(folder / "env.yml"), "--input-file", "/dev/null"),
        ]

    def process_env(self, scratch: Path) -> dict[str, str]:
        """Return act's own environment, all of which the steps inherit: nothing of ours is in it."""
        return {**STEADY, "PATH": self.path, "HOME": str(self.folder / "home"), "TMPDIR": str(scratch)}


def _render_yaml(values: Mapping[str, str]) -> str:
    """Write YAML as act reads it: not JSON, whose surrogate pairs and control characters YAML refuses."""
    return yaml.safe_dump(dict(values), width=float("inf"))


class Masker:
    """Blacks out secrets: every line of every value it was told of."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._patterns: set[re.Pattern[str]] = set()
        for value in values:
            self.add(value)

    def add(self, value: str) -> None:
        """Black out `value`, each line of it, from now on."""
        lines = {line.strip() for line in value.splitlines()} - {""}
        # A lookahead finds what overlaps as well, so that no end of a secret sticks out of another one.
        self._patterns |= {re.compile(f"(?=({re.escape(line)}))") for line in lines}

    def __call__(self, text: str) -> str:
        """Return `text` with `***` for every secret in it."""
        kept, end = "", 0
        for start, stop in sorted(match.span(1) for pattern in self._patterns for match in pattern.finditer(text)):
            if start >= end:
                kept += f"{text[end:start]}***"
            end = max(end, stop)
        return kept + text[end:]


Kind = Literal["job", "step", "forgiven", "step ended", "job ended", "log", "mask", "summary", "own"]


@dataclass(frozen=True, slots=True)
class ActLine:
    """One line of act's output that matters. `own`: act's own words, about no job."""

    kind: Kind
    text: str = ""
    job: str = ""
    step: str = ""


def parse_act_line(line: str) -> ActLine | None:
    """Return what a line of act's output says, None if it is of no interest. Nothing is masked yet."""
    try:
        record = json.loads(line)
        job, message = record.get("jobID", ""), record["msg"]
    except (ValueError, AttributeError, KeyError, TypeError):
        return ActLine("own", line)
    if not job:
        return None if "docker connection" in message else ActLine("own", message)
    ids = record.get("stepID") or record.get("stepid") or [""]
    # Steps of a composite have two ids, and nobody but act counts what comes before and after a remote action.
    is_step = len(ids) == 1 and record.get("stage", "Main") == "Main"
    kind, text = _classify_record(record, message, is_step=is_step)
    return ActLine(kind, text, job, ids[0])


def _classify_record(record: Mapping[str, Any], message: str, *, is_step: bool) -> tuple[Kind, str]:
    kind: Kind = "job"
    text = ""
    if "jobResult" in record:
        kind, text = "job ended", record["jobResult"]
    elif "command" in record:
        kind, text = _parse_command(record)
    elif record.get("raw_output"):
        kind, text = "log", message.removesuffix("\n")
    elif record.get("level") == "error":
        kind, text = "log", f"##[error]{_describe_failure(message)}"
    elif is_step and "stepResult" in record:
        kind, text = "step ended", record["stepResult"]
    elif is_step and message.startswith("⭐"):
        kind = "step"
    elif is_step and message == "Failed but continue next step":
        kind = "forgiven"
    return kind, text


def _describe_failure(message: str) -> str:
    """Return why a step failed, in GitHub's words where it has some."""
    status = re.fullmatch(r"exit status (\d+)", message)
    return f"Process completed with exit code {status[1]}." if status else message


def _parse_command(record: Mapping[str, Any]) -> tuple[Kind, str]:
    """Read a workflow command; its value stands in `arg` and is no longer escaped."""
    match record["command"]:
        case "summary":
            return "summary", record["content"]
        case "add-mask":
            return "mask", record["arg"]
        case "ignored":  # between ::stop-commands::TOKEN and ::TOKEN:: everything is plain text
            return "log", record["raw"].removesuffix("\n")
        case "group" | "endgroup" | "notice" | "warning" | "error" as name:
            return "log", f"##[{name}]{record['arg']}"
        case _:
            return "job", ""


@dataclass
class Recorder:
    """One attempt as GitHub would record it, masked. `jobs` are the records of `plans`, in the same order."""

    plans: Sequence[JobPlan]
    jobs: list[Job]
    mask: Masker
    clock: Callable[[], datetime] = now
    summary: str = ""
    own_words: str = ""
    _forgiven: set[tuple[int, str]] = field(default_factory=set)
    _timed_out: set[int] = field(default_factory=set)

    def feed(self, line: str) -> tuple[int, str]:
        """Take a line of act's output; return what it adds to a log: the job's place and a text of whole lines."""
        said = parse_act_line(line)
        place = next((place for place, plan in enumerate(self.plans) if said and plan.key == said.job), None)
        if said is None or place is None:
            self.own_words += f"{self.mask(said.text)}\n" if said else ""
            return 0, ""
        if self.jobs[place].status == "queued":
            self.jobs[place] = replace(self.jobs[place], status="in_progress", started_at=self.clock())
        return place, self.log_lines(self._apply_line(place, said))

    def time_out(self, place: int) -> str:
        """Note that a job ran out of time, which decides how it ends; return what its log says of it."""
        self._timed_out.add(place)
        minutes = self.plans[place].timeout_s / 60
        return self.log_lines(f"##[error]The job has exceeded the maximum execution time of {minutes:g} minutes.")

    def finish(self, code: int) -> tuple[Conclusion, str]:
        """Close every record, act having ended with `code`; return the run's conclusion and what the first log adds."""
        for place, job in enumerate(self.jobs):
            if job.status == "in_progress":
                self._end_job(place, "failure")
            elif job.status == "queued":
                self.jobs[place] = replace(job, status="completed", conclusion="skipped", steps=())
        conclusions = {job.conclusion for job in self.jobs}
        for conclusion in ("timed_out", "failure"):
            if conclusion in conclusions:
                return conclusion, ""
        if code:
            self.jobs[0] = replace(self.jobs[0], conclusion="failure", completed_at=self.clock())
            return "startup_failure", self.log_lines(f"##[error]{self.own_words.strip()}")
        return ("success" if "success" in conclusions else "skipped"), ""

    def log_lines(self, text: str | None) -> str:
        """Return `text` masked and as GitHub keeps it: every line with its moment in front, to 100 ns."""
        if text is None:
            return ""
        return stamp_lines(self.mask(text), self.clock())

    def _apply_line(self, place: int, said: ActLine) -> str | None:
        """Fold in one line; return what it says to the log, if anything."""
        match said.kind:
            case "log":
                return said.text
            case "mask":
                self.mask.add(said.text)
                return "::add-mask::***"
            case "summary":
                self.summary += f"{self.mask(said.text).rstrip()}\n\n"
            case "step":
                return self._start_step(place, said.step)
            case "forgiven":
                self._forgiven.add((place, said.step))
            case "step ended":
                # What `continue-on-error` forgives counts as a success: only the step's `outcome` remembers.
                result = "success" if (place, said.step) in self._forgiven else _parse_conclusion(said.text)
                self._set_step(place, said.step, status="completed", conclusion=result, completed_at=self.clock())
            case "job ended":
                self._end_job(place, _parse_conclusion(said.text))
        return None

    def _start_step(self, place: int, step: str) -> str | None:
        self._set_step(place, step, status="in_progress", started_at=self.clock())
        name = self.plans[place].steps.get(step, "").removeprefix("Run ")
        return None if step in (SETUP, COMPLETE) else f"##[group]Run {name}\n##[endgroup]"

    def _set_step(self, place: int, step: str, **changes: Any) -> None:
        job = self.jobs[place]
        pairs = zip(self.plans[place].steps, job.steps, strict=True)
        steps = tuple(replace(record, **changes) if key == step else record for key, record in pairs)
        self.jobs[place] = replace(job, steps=steps)

    def _end_job(self, place: int, conclusion: Conclusion) -> None:
        job = self.jobs[place]
        self.jobs[place] = replace(
            job,
            status="completed",
            conclusion="timed_out" if place in self._timed_out else conclusion,
            completed_at=self.clock(),
            steps=tuple(_close_step(step, self.clock()) for step in job.steps),
        )


def stamp_lines(text: str, moment: datetime) -> str:
    """Return the lines of `text` as they stand in a log."""
    stamp = f"{moment:{STAMP}}"
    return "".join(f"{stamp} {line}\n" for line in text.split("\n"))


def _close_step(step: Step, moment: datetime) -> Step:
    """Close a step with its job: act says nothing of a step that was skipped, or that it was killed in."""
    if step.status == "completed":
        return step
    if step.status == "queued":
        return replace(step, status="completed", conclusion="skipped")
    return replace(step, status="completed", conclusion="failure", completed_at=moment)


def _parse_conclusion(result: str) -> Conclusion:
    return "success" if result == "success" else "skipped" if result == "skipped" else "failure"
