"""Checks that are written for a test runner. The runner's commands are defined before the text, which runs unchanged.

`runner.js` holds these commands: a fixed table of those that Playwright, Cypress, Selenium, Testing Library, jQuery,
Jest and Chai have to locate, act, read and expect. A check that uses any other command is left to a proof.
"""

import re
from collections.abc import Collection
from functools import cache
from importlib.resources import files

from tree_sitter import Node

from orchestrator.verify.javascript import declared_names, node_text, parameter_names, parse_javascript, used_names

NAMES = frozenset(
    {
        *("page", "browser", "expect", "cy", "driver", "By", "screen", "assert", "test", "it", "describe"),
        *("$", "jQuery", "fireEvent", "userEvent"),
    }
)
"""What the table defines; `runner.js` has the same names."""

ALONE = frozenset({"cy", "driver", "By", "expect", "fireEvent", "userEvent"})
"""Names that mean a test runner in every place: a page that has them itself would judge itself."""

RUNS_WITH = "(async () => {\nconst runner = "
"""How a text begins that has the words of test runners."""

_UNKNOWN = "Error: NotUnderstood: "


_OF_BROWSER = {"screen": "Screen"}
_SCREEN = re.compile(r"\bscreen\s*\.\s*(?:get|query|find)(?:All)?By")

_TOLD_APART = ", ".join(
    f"['{name}', typeof {name} === 'undefined' || {name} instanceof (globalThis.{_OF_BROWSER.get(name, 'Element')})]"
    for name in sorted(NAMES)
)
MISSING = f"[{_TOLD_APART}].filter(([, isMissing]) => isMissing).map(([name]) => name)"
"""JavaScript that says which of the names a page does not have; an element with the id `page` does not count."""


def needs_runner(text: str, missing: Collection[str]) -> bool:
    """Whether `text` is in the language of a test runner: it uses a name of one that the page is `missing`."""
    root = parse_javascript(text)
    missing = frozenset(missing) - (set() if _SCREEN.search(text) else {"screen"})  # `screen.width` is the browser's
    return bool(used_names(root) & (missing - declared_names(root) - parameter_names(root)))


def wrap_in_runner(text: str) -> str:
    """Return `text` as an expression that runs it with the words of test runners, and gives a promise of its value."""
    body = _return_last_value(text)
    own = declared_names(parse_javascript(text))  # what a text declares itself stays its own
    names = ", ".join(sorted(NAMES - own))
    return (
        f"{RUNS_WITH}{_load_runner_table()};\nconst {{ {names} }} = runner.names;\n"
        f"return await runner.verdict(await (async () => {{\n{body}\n}})());\n}})()"
    )


def find_unknown_word(seen: str) -> str:
    """Return the word that the table does not have, where that is how a check failed; else an empty text."""
    return seen.removeprefix(_UNKNOWN)[:80] if seen.startswith(_UNKNOWN) else ""


@cache
def _load_runner_table() -> str:
    script = files(__package__).joinpath("runner.js").read_text("utf-8")
    return script[script.index("(() =>") :].rstrip().rstrip(";")


def _return_last_value(text: str) -> str:
    """Return `text` with `return` before its last statement, where that is an expression."""
    last = _last_statement(parse_javascript(text))
    if last is None or last.type != "expression_statement":
        return text
    data = text.encode(errors="replace")
    value = node_text(last).rstrip("; \n\t\r")
    return f"{data[: last.start_byte].decode()}return (\n{value}\n);"


def _last_statement(root: Node) -> Node | None:
    statements = [node for node in root.named_children if node.type != "comment"]
    return statements[-1] if statements else None
