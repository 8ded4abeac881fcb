"""An event as one line for a person. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

from orchestrator.core.events import Event
from orchestrator.core.report import CheckResult, Finding
from orchestrator.core.sentences import describe_check, describe_cost, describe_finding


def describe_event(event: Event) -> str:
    """Return what an event says; nothing if another event says the same, or if it is only for programs."""
    return _SENTENCES[event.type](event)


def _describe_nothing(_: Any) -> str:
    return ""


def _describe_duration(seconds: float | None) -> str:
    return "" if seconds is None else f" ({seconds:.1f} s)"


def _describe_check_event(event: Any) -> str:
    if event.state == "trying":
        return ""
    return describe_check(CheckResult.model_validate({**event.model_dump(), "text": event.label}))


def _describe_judged_event(event: Any) -> str:
    counts = ", ".join(f"{number} {state}" for state, number in event.counts.items()) or "no checks"
    kept = "the best so far" if event.is_best else "no better than the best"
    why = f"; to repair: {event.why}" if event.why else ""
    return f"attempt {event.attempt}: {counts}, {event.findings} findings: {kept}{why}"


def _describe_built_event(event: Any) -> str:
    return event.error or f"built by {event.built_by}, {describe_cost(event.cost_usd)}"


def _describe_failure_event(event: Any) -> str:
    return f"{event.sentence} {event.remedy}".strip()


_SENTENCES: Mapping[str, Callable[[Any], str]] = {
    "accepted": lambda event: f"accepted: {event.title}",
    "queued": lambda event: f"run {event.run} waits, attempt {event.attempt}",
    "started": lambda event: f"run {event.run} has started, attempt {event.attempt}",
    "job": lambda event: f"job {event.job}: {event.status}{_describe_duration(event.seconds)}",
    "step": lambda event: f"{event.job}, {event.name}: {event.status}{_describe_duration(event.seconds)}",
    "ended": lambda event: f"run {event.run} has ended: {event.conclusion}{_describe_duration(event.seconds)}",
    "read": lambda event: f"{event.checks} checks, {event.attachments} attachments, {event.files} published files",
    "asked": lambda event: f"{event.model}: asked to {event.purpose}, with about {event.tokens_in} tokens",
    "heard": _describe_nothing,
    "file": lambda event: f"{event.path}: {event.state}, {event.bytes} bytes" if event.state != "begun" else "",
    "answered": lambda event: f"{event.outcome}{_describe_duration(event.seconds)}",
    "attempt": lambda event: f"attempt {event.number}: {event.files} files by {event.by}",
    "check": _describe_check_event,
    "finding": lambda event: describe_finding(Finding.model_validate(event.model_dump())),
    "shot": _describe_nothing,
    "judged": _describe_judged_event,
    "built": _describe_built_event,
    "committed": lambda event: f"{event.sha} in {event.repo_url}",
    "waiting": lambda event: f"not live yet: {event.state}",
    "live": lambda event: event.pages_url,
    "told": lambda event: f"accepted on try {event.tries}",
    "failed": _describe_failure_event,
    "stopped": _describe_failure_event,
    "judgement": lambda event: f"{event.verdict}: {event.label}",
    "group": lambda event: (
        f"{event.name}{_describe_duration(event.seconds)}" if event.state == "ended" else f"{event.name} …"
    ),
    "note": lambda event: event.text,
}
