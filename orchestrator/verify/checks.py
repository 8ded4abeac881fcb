"""What a check is, and what it showed. Pure."""

import re

from orchestrator.handover import CheckResult
from orchestrator.task import Check

LONGEST_SEEN = 300

_NAMES = re.compile(r"[A-Za-z_$][\w$]*(\s*[.,/-]\s*[A-Za-z_$][\w$]*)*", re.ASCII)

IS_EXPRESSION = """
([text, isNames]) => {
  try { new Function("return (async () => (" + text + "\\n))"); } catch { return false; }
  return !isNames || text.split(/[^\\w$]/)[0] in globalThis;
}
"""
"""JavaScript that says whether a text is an expression. It is compiled, never run. Nothing but names counts only where
the first is a global of the browser: `README.md` and `mobile-friendly` parse, and are prose."""


def expression(text: str) -> str:
    """Return a check as an expression: a semicolon at its end is forgiven."""
    return text.strip().rstrip("; \n\t\r")


def is_names(text: str) -> bool:
    """Whether `text` is nothing but names, joined by dots, commas, slashes or hyphens."""
    return _NAMES.fullmatch(expression(text)) is not None


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
