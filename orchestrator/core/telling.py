"""An event as one line for a person. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

from orchestrator.core.events import Event
from orchestrator.core.report import CheckResult, Finding
from orchestrator.core.sentences import check_line, dollars, finding_line


def sentence(event: Event) -> str:
    """Return what an event says; nothing if another event says the same, or if it is only for programs."""
    return _SENTENCES[event.type](event)


def _silent(_: Any) -> str:
    return ""


def _took(seconds: float | None) -> str:
    return "" if seconds is None else f" ({seconds:.1f} s)"


def _check(event: Any) -> str:
    if event.state == "trying":
        return ""
    return check_line(CheckResult.model_validate({**event.model_dump(), "text": event.label}))


def _judged(event: Any) -> str:
    counts = ", ".join(f"{number} {state}" for state, number in event.counts.items()) or "no checks"
    kept = "the best so far" if event.is_best else "no better than the best"
    why = f"; to repair: {event.why}" if event.why else ""
    return f"attempt {event.attempt}: {counts}, {event.findings} findings: {kept}{why}"


def _built(event: Any) -> str:
    return event.error or f"built by {event.built_by}, {dollars(event.cost_usd)}"


def _ended(event: Any) -> str:
    return f"{event.sentence} {event.remedy}".strip()


_SENTENCES: Mapping[str, Callable[[Any], str]] = {
    "accepted": lambda event: f"accepted: {event.title}",
    "queued": lambda event: f"run {event.run} waits, attempt {event.attempt}",
    "started": lambda event: f"run {event.run} has started, attempt {event.attempt}",
    "job": lambda event: f"job {event.job}: {event.status}{_took(event.seconds)}",
    "step": lambda event: f"{event.job}, {event.name}: {event.status}{_took(event.seconds)}",
    "ended": lambda event: f"run {event.run} has ended: {event.conclusion}{_took(event.seconds)}",
    "read": lambda event: f"{event.checks} checks, {event.attachments} attachments, {event.files} published files",
    "asked": lambda event: f"{event.model}: asked to {event.purpose}, with about {event.tokens_in} tokens",
    "heard": _silent,
    "file": lambda event: f"{event.path}: {event.state}, {event.bytes} bytes" if event.state != "begun" else "",
    "answered": lambda event: f"{event.outcome}{_took(event.seconds)}",
    "attempt": lambda event: f"attempt {event.number}: {event.files} files by {event.by}",
    "check": _check,
    "finding": lambda event: finding_line(Finding.model_validate(event.model_dump())),
    "shot": _silent,
    "judged": _judged,
    "built": _built,
    "committed": lambda event: f"{event.sha} in {event.repo_url}",
    "waiting": lambda event: f"not live yet: {event.state}",
    "live": lambda event: event.pages_url,
    "told": lambda event: f"accepted on try {event.tries}",
    "failed": _ended,
    "stopped": _ended,
    "judgement": lambda event: f"{event.verdict}: {event.label}",
    "group": lambda event: f"{event.name}{_took(event.seconds)}" if event.state == "ended" else f"{event.name} …",
    "note": lambda event: event.text,
}
