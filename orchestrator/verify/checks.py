"""What a check is, and what it showed. Pure."""

import json
import re
from collections.abc import Sequence

from orchestrator.handover import CheckResult
from orchestrator.task import Check

LONGEST_SEEN = 300

Asked = Sequence[tuple[int, Check]]
"""Checks, each with the round that asked for it."""

_PATH = re.compile(r"[A-Za-z_$][\w$]*(\s*\.\s*[A-Za-z_$][\w$]*)*", re.ASCII)
_WORDS = re.compile(r"[A-Za-z_$][\w$.]*(\s*[,/-]\s*[A-Za-z_$][\w$.]*)+", re.ASCII)
_QUOTED = re.compile(r"'[^']*'|`[^`]*`")

IS_EXPRESSION = """
([text, isPath]) => {
  try { new Function("return (async () => (" + text + "\\n))"); } catch { return false; }
  return !isPath || text.split(/[^\\w$]/)[0] in globalThis;
}
"""
"""JavaScript that says whether a text is an expression. It is compiled, never run. A lone name or member path counts
only where it starts at a global of the browser: `README.md` parses, and is prose."""


def expression(text: str) -> str:
    """Return a check as an expression: a semicolon at its end is forgiven."""
    return text.strip().rstrip("; \n\t\r")


def is_path(text: str) -> bool:
    """Whether `text` is nothing but a name, or names joined by dots."""
    return _PATH.fullmatch(expression(text)) is not None


def is_prose(text: str) -> bool:
    """Whether `text` parses as JavaScript and yet says nothing that could fail: a literal, or words in a row.

    `{"selector": "#total"}`, `"Shows the total"`, `mobile-friendly` and `README.md, LICENSE` are such.
    """
    bare = expression(text)
    if _WORDS.fullmatch(bare) or _QUOTED.fullmatch(bare):
        return True
    try:
        json.loads(bare)
    except (ValueError, RecursionError):
        return False
    return True


def printable(text: str, length: int) -> str:
    """Return the beginning of what a page said; a half of a surrogate pair, which no file could hold, becomes `?`."""
    return text[:length].encode(errors="replace").decode()


def evaluation(text: str) -> str:
    """Return JavaScript that evaluates a check and describes what it saw; promises are awaited, functions called."""
    return f"""async () => {{
  let value = await (
{expression(text)}
  );
  if (typeof value === "function") value = await value();
  let seen;
  try {{ seen = typeof value === "string" ? value : JSON.stringify(value) ?? String(value); }}
  catch {{ seen = String(value); }}
  return [Boolean(value), String(seen).slice(0, {LONGEST_SEEN})];
}}"""


def result(check: Check, round_: int, *, is_js: bool, shown: tuple[bool, str] | None) -> CheckResult:
    """Return the verdict: `shown` is what running it gave, None where it was not run."""
    if not is_js:
        return CheckResult(round=round_, text=check.text, kind="prose", state="unproved", seen="")
    passed, seen = shown or (False, "not run")
    return CheckResult(
        round=round_,
        text=check.text,
        kind="js",
        state="passed" if passed else "failed",
        seen=printable(seen, LONGEST_SEEN),
    )
