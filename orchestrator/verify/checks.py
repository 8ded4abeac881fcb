"""What a check is, how long it may take, and what it showed. Pure."""

import json
import re
from collections.abc import Sequence
from typing import Literal

from orchestrator.core.report import CheckResult, State
from orchestrator.core.task import Check
from orchestrator.verify.findings import LONGEST_SEEN, printable_start
from orchestrator.verify.javascript import says_something

LONGEST_WAIT_S = 60.0
LONGEST_CHECK = 20_000
"""A longer text counts as JavaScript only if the evaluator says that it is."""

Asked = Sequence[tuple[int, Check]]
"""Checks, each with the round that asked for it."""

Kind = Literal["js", "file", "prose"]
Shown = tuple[bool, str]
"""Whether it held, and what was seen."""

_PATH = re.compile(r"[A-Za-z_$][\w$]*(\s*\.\s*[A-Za-z_$][\w$]*)*", re.ASCII)
_WORDS = re.compile(r"[A-Za-z_$][\w$.]*(\s*[,/-]\s*[A-Za-z_$][\w$.]*)+", re.ASCII)
_QUOTED = re.compile(r"'[^']*'|`[^`]*`")
_NUMBERS = {
    "one": 1,
    "two": 2,
    "three": 3,
    "five": 5,
    "ten": 10,
    "fifteen": 15,
    "twenty": 20,
    "thirty": 30,
    "sixty": 60,
}
_NUMBER = rf"(\d+(?:\.\d+)?|{'|'.join(_NUMBERS)})"
_WITHIN = re.compile(
    rf"\b(?:within|in less than|after|up to)\s+{_NUMBER}\s*(ms|milliseconds?|s|secs?|seconds?)\b", re.IGNORECASE
)
_TIMEOUT = re.compile(r"setTimeout\([^;]{0,500}?,\s{0,9}(\d+)\s{0,9}\)")  # bounded: each begins a search of its own


def label_checks(asked: Asked) -> list[str]:
    """Return the name of each check, `<round>.<number>`, as models are shown them."""
    seen: dict[int, int] = {}
    named: list[str] = []
    for round_, _ in asked:
        seen[round_] = seen.get(round_, 0) + 1
        named.append(f"{round_}.{seen[round_]}")
    return named


def trim_expression(text: str) -> str:
    """Return a check as an expression: a semicolon at its end is forgiven."""
    return text.strip().rstrip("; \n\t\r")


def is_path(text: str) -> bool:
    """Whether `text` is nothing but a name, or names joined by dots."""
    return _PATH.fullmatch(trim_expression(text)) is not None


def is_prose(text: str) -> bool:
    """Whether `text` parses as JavaScript and yet says nothing that could fail: a literal, or words in a row.

    `{"selector": "#total"}`, `"Shows the total"`, `mobile-friendly` and `README.md, LICENSE` are such.
    """
    bare = trim_expression(text)
    if _WORDS.fullmatch(bare) or _QUOTED.fullmatch(bare):
        return True
    try:
        json.loads(bare)
    except (ValueError, RecursionError):
        return len(bare) > LONGEST_CHECK or not (is_path(text) or says_something(bare))
    return True


def seconds_asked(text: str) -> float:
    """Return the seconds that a check asks for, as in "within 15 seconds", at most 60; 0 if it asks for none."""
    named = [(_NUMBERS.get(number.lower()) or float(number), unit) for number, unit in _WITHIN.findall(text)]
    seconds = [number / 1000 if unit.lower().startswith("m") else number for number, unit in named]
    seconds += [float(milliseconds) / 1000 for milliseconds in _TIMEOUT.findall(text)]
    return min(LONGEST_WAIT_S, max(seconds, default=0.0))


def make_verdict(asked: tuple[int, Check], kind: Kind, shown: Shown | None, proof: str = "") -> CheckResult:
    """Return the verdict: `shown` is what running it, or its proof, gave; None if it was not run."""
    round_, check = asked
    holds, seen = shown or (False, "" if kind == "prose" else "not run")
    states: tuple[State, State] = ("unproved", "own") if kind == "prose" else ("failed", "passed")
    seen, proof = printable_start(seen, LONGEST_SEEN), printable_start(proof)
    return CheckResult(round=round_, text=check.text, kind=kind, state=states[holds], seen=seen, proof=proof)


def mark_unreadable(verdict: CheckResult, reason: str) -> CheckResult:
    """Return the verdict on a check that cannot be evaluated here, which says nothing about the page."""
    return verdict.model_copy(update={"state": "unreadable", "seen": printable_start(reason, LONGEST_SEEN)})
