"""The findings of an examination, one line for each thing that was examined. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "failure"]


@dataclass(frozen=True)
class Diagnosis:
    """One thing that was examined. `remedy`: what to do, empty if there is nothing to do. Neither holds a secret."""

    level: Level
    said: str
    remedy: str = ""


def ok(said: str) -> Diagnosis:
    """Return that something is as it should be."""
    return Diagnosis("ok", said)


def warning(said: str, remedy: str) -> Diagnosis:
    """Return that a task would work, but something should be improved."""
    return Diagnosis("warning", said, remedy)


def failure(said: str, remedy: str) -> Diagnosis:
    """Return that no task would work."""
    return Diagnosis("failure", said, remedy)


def render_findings(findings: Iterable[Diagnosis]) -> str:
    """Return findings as text."""
    signs = {"ok": "ok     ", "warning": "warning", "failure": "FAILURE"}
    shown = (
        f"{signs[finding.level]}  {finding.said}{f'  → {finding.remedy}' if finding.remedy else ''}"
        for finding in findings
    )
    return "".join(f"{line}\n" for line in shown)
