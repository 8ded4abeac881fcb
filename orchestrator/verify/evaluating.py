"""One text of JavaScript, evaluated in the page's own world through the browser's protocol.

As Playwright's `page.evaluate` does: an expression, statements of which the last value counts, a function, a promise.
Two more forms are accepted: `await` at the top level, and `return` as in an async function. The verdict comes from the
protocol's description of the value, so that nothing in the page can change it:
https://chromedevtools.github.io/devtools-protocol/tot/Runtime/#method-evaluate
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from playwright.async_api import CDPSession, Error

from orchestrator.verify.findings import LONGEST_SEEN

MAY_ACT = "Possible side-effect in debug-evaluate"
"""What the browser says instead of changing anything, where it is asked not to. It is careful: some of what it refuses
only reads (`localStorage.getItem`), so that this says what may act."""

_FUNCTION = re.compile(r"(?:async\s+)?function\b")
_BY_ID = re.compile(r"""\bgetElementById\(\s{0,9}(["'`])([\w:.-]{1,200})\1\s{0,9}\)""")
_FALSY = frozenset({"0", "-0", "NaN", "0n"})
# The browser waits for what they return, by itself. An `await` of ours would ask the page's `Promise.prototype`.
_CALL = "function () { return this(); }"
_SAME = "function () { return this; }"
_AWAIT = "async function () { return await this; }"
_SHOW = f"""function () {{
  let seen;
  try {{ seen = JSON.stringify(this) ?? String(this); }} catch {{ seen = String(this); }}
  return String(seen).slice(0, {LONGEST_SEEN});
}}"""


@dataclass(frozen=True)
class Outcome:
    """What evaluating gave.

    `holds`: whether the value is one that JavaScript takes for true; `seen`: the value, or the error, as text; `acts`:
    nothing was evaluated, because it may change the page; `misformed`: why no form of the text compiles, else empty.
    """

    holds: bool
    seen: str
    acts: bool = False
    misformed: str = ""


def script_forms(text: str) -> tuple[str, ...]:
    """Return the texts that are tried in turn until one compiles.

    The block keeps what a check declares away from the page and from other checks; its last value is the value. A
    function is an expression, as Playwright takes it. The last one is the body of an async function, for `return`.
    """
    bare = text.strip().rstrip("; \n\t\r")
    block, expression = f"{{\n{text}\n}}", f"(\n{bare}\n)"
    first = (expression, block) if _FUNCTION.match(bare) else (block, expression)
    return (*first, f"(async () => {{\n{text}\n}})()")


def rewrite_id_lookups(text: str) -> str:
    """Return a text in which ids are looked up in a way that the browser knows to change nothing."""
    return _BY_ID.sub(lambda found: f"""querySelector('[id="{found[2]}"]')""", text)


async def evaluate(session: CDPSession, text: str, seconds: float, *, harmless: bool = False) -> Outcome:
    """Evaluate `text` within `seconds`. `harmless`: give up where that may change the page.

    Raises TimeoutError if there is no answer in time, playwright's Error where the page went elsewhere meanwhile.
    """
    misformed = ""
    async with asyncio.timeout(seconds):
        for form in script_forms(rewrite_id_lookups(text) if harmless else text):
            answer = await _request_evaluation(session, form, seconds, harmless=harmless)
            if (problem := _find_form_problem(answer)) is None:
                return await _judge_answer(session, answer, harmless=harmless)
            misformed = misformed or problem
    return Outcome(holds=False, seen=misformed, misformed=misformed)


async def _request_evaluation(session: CDPSession, form: str, seconds: float, *, harmless: bool) -> Mapping[str, Any]:
    asked = {
        "expression": form,
        "replMode": True,  # `await` at the top, and the value of the last statement
        "awaitPromise": True,
        "silent": harmless,  # what a click breaks is the page's, and is heard
        "userGesture": True,  # as Playwright has it
        "throwOnSideEffect": harmless,
        "timeout": seconds * 1000,
    }
    return dict(await session.send("Runtime.evaluate", asked))


def _find_form_problem(answer: Mapping[str, Any]) -> str | None:
    """Return why a text does not compile. What is thrown while it runs comes with the place where that happened."""
    details = answer.get("exceptionDetails") or {}
    exception = details.get("exception") or {}
    # What a page throws to look like it has no script, or is no error, or has a stack.
    is_of_text = "scriptId" in details and not details.get("stackTrace") and exception.get("subtype") == "error"
    return _exception_line(details) if is_of_text and exception.get("className") == "SyntaxError" else None


def _exception_line(details: Mapping[str, Any]) -> str:
    """Return an exception as one line."""
    exception = details.get("exception") or {}
    said = exception.get("description", exception.get("value", details.get("text", "")))
    return str(said).partition("\n")[0]


async def _judge_answer(session: CDPSession, answer: Mapping[str, Any], *, harmless: bool) -> Outcome:
    value = answer["result"]
    if "exceptionDetails" not in answer and _is_deferred(value):
        if harmless and value["type"] != "function":
            return Outcome(holds=False, seen="", acts=True)  # waiting lets the page go on
        answer = await _call_function(session, value, _choose_function(value), harmless=harmless)
        value = answer["result"]
        if harmless and "exceptionDetails" not in answer and _is_deferred(value):
            return Outcome(holds=False, seen="", acts=True)
    if (details := answer.get("exceptionDetails")) is not None:
        thrown = _exception_line(details)
        return Outcome(holds=False, seen=thrown[:LONGEST_SEEN], acts=harmless and MAY_ACT in thrown)
    return Outcome(_is_truthy(value), await _render_value(session, value))


def _choose_function(value: Mapping[str, Any]) -> str:
    """Return the function that gives what `value` stands for."""
    if value["type"] == "function":
        return _CALL
    return _SAME if value.get("subtype") == "promise" else _AWAIT


async def _call_function(
    session: CDPSession, value: Mapping[str, Any], function: str, *, harmless: bool
) -> dict[str, Any]:
    asked = {
        "objectId": value["objectId"],
        "functionDeclaration": function,
        "awaitPromise": not harmless,
        "throwOnSideEffect": harmless,
        "silent": harmless,
        "userGesture": True,
    }
    return dict(await session.send("Runtime.callFunctionOn", asked))


def _is_deferred(value: Mapping[str, Any]) -> bool:
    """Whether a value stands for another one: a function that is called, a promise that is awaited.

    A promise may also be an object of a library's own class, or of the page's; those of the browser are no such thing.
    """
    is_promise = value.get("subtype") == "promise" or "Promise" in value.get("className", "")
    return value["type"] == "function" or is_promise


def _is_truthy(value: Mapping[str, Any]) -> bool:
    """Whether a value is truthy in JavaScript, as the protocol describes it."""
    if "unserializableValue" in value:
        return value["unserializableValue"] not in _FALSY
    if value["type"] == "undefined" or value.get("subtype") == "null":
        return False
    # Playwright's `evaluate` gives nothing for a function or a symbol that is left at the end.
    return value["type"] == "object" or bool(value.get("value"))


async def _render_value(session: CDPSession, value: Mapping[str, Any]) -> str:
    """Return a value as text; what the page's own code makes of an object is only shown."""
    if "value" in value or "objectId" not in value:
        plain = value.get("value", value.get("unserializableValue", value["type"]))
        named = {True: "true", False: "false", None: "null"}
        shown = named[plain] if plain is None or isinstance(plain, bool) else str(plain)
        return shown.removesuffix("n") if value["type"] == "bigint" else shown[:LONGEST_SEEN]
    asked = {"objectId": value["objectId"], "functionDeclaration": _SHOW, "returnByValue": True, "silent": True}
    try:
        answer = await session.send("Runtime.callFunctionOn", asked)
    except Error:
        return str(value.get("description", value["type"]))
    return str(answer["result"].get("value", ""))[:LONGEST_SEEN]


COMPILED = """
texts => texts.map(([text, isPath]) => {
  const AsyncFunction = (async () => {}).constructor;
  const compiles = (code) => { try { new AsyncFunction(code); return true; } catch { return false; } };
  if (!compiles(text) && !compiles("return (" + text + "\\n)")) return false;
  return !isPath || text.split(/[^\\w$]/)[0] in globalThis;
})
"""
"""JavaScript that says which texts compile. They are never run. A lone name or member path counts only where it starts
at a global of the browser: `README.md` compiles, and is prose."""
