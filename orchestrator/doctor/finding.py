"""What an examination says, a line for each thing looked at. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "failure"]


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `remedy`: what to do, empty if nothing is to be done. Neither holds a secret."""

    level: Level
    said: str
    remedy: str = ""


def ok(said: str) -> Finding:
    """Return that something is as it should be."""
    return Finding("ok", said)


def warning(said: str, remedy: str) -> Finding:
    """Return that a task would work, and something should be better."""
    return Finding("warning", said, remedy)


def failure(said: str, remedy: str) -> Finding:
    """Return that no task would work."""
    return Finding("failure", said, remedy)


def lines(findings: Iterable[Finding]) -> str:
    """Return findings as text."""
    signs = {"ok": "ok     ", "warning": "warning", "failure": "FAILURE"}
    shown = (
        f"{signs[finding.level]}  {finding.said}{f'  → {finding.remedy}' if finding.remedy else ''}"
        for finding in findings
    )
    return "".join(f"{line}\n" for line in shown)
