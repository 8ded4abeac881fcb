"""What a check is, and what it showed. Pure."""

import re

from orchestrator.handover import CheckResult
from orchestrator.task import Check

LONGEST_SEEN = 300

_MEMBER_PATH = re.compile(r"[A-Za-z_$][\w$]*(\s*\.\s*[A-Za-z_$][\w$]*)*")

IS_EXPRESSION = """
([text, isPath]) => {
  try { new Function("return (async () => (" + text + "\\n))"); } catch { return false; }
  return !isPath || text.split(".")[0].trim() in globalThis;
}
"""
"""JavaScript that says whether a text is an expression. It is compiled, never run. A lone name or member path counts
only where it starts at a global of the browser: `README.md` parses, and is prose."""


def is_member_path(text: str) -> bool:
    """Whether `text` is nothing but names joined by dots."""
    return _MEMBER_PATH.fullmatch(text.strip()) is not None


def evaluation(expression: str) -> str:
    """Return JavaScript that evaluates a check, a promise awaited, and describes what it saw."""
    return f"""async () => {{
  const value = await (
{expression}
  );
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
    return CheckResult(round=round_, text=check.text, kind="js", state="passed" if passed else "failed", seen=seen)
