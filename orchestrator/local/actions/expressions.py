"""The part of GitHub's expressions that `run-name`, `concurrency.group` and `runs-on` need.

Paths into the contexts `github`, `inputs` and `vars`, literals in single quotes, and `||` between them; see
https://docs.github.com/actions/reference/workflows-and-actions/expressions
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

from orchestrator.core.errors import UsageError

Contexts = Mapping[str, Any]
"""`{"github": …, "inputs": …, "vars": …}`, each as JSON has it."""

# A literal may hold `}}`, so an expression ends at the first `}}` outside of quotes.
_EXPRESSION = re.compile(r"\$\{\{((?:'(?:[^']|'')*'|[^'}]|\}(?!\}))*)\}\}")
_LITERAL = r"'(?:[^']|'')*'"
_PATH = r"(?:github|inputs|vars)(?:\.[A-Za-z_][\w-]*)+"
_OPERAND = re.compile(rf"\s*({_LITERAL}|{_PATH})\s*(?:\|\||$)")


@dataclass(frozen=True, slots=True)
class ExpressionText:
    """A text with expressions in it. Every second part is plain text, those between are lists of operands."""

    parts: tuple[str | tuple[str, ...], ...]

    def render(self, contexts: Contexts) -> str:
        """Return the text with every expression replaced by its value; what is not there is empty."""
        return "".join(
            part if isinstance(part, str) else _format_value(_evaluate_operands(part, contexts)) for part in self.parts
        )


def parse_template(text: str) -> ExpressionText:
    """Read a text with `${{ … }}` in it. Raises UsageError that names the first expression beyond this module."""
    pieces = _EXPRESSION.split(text)
    if unclosed := next((piece for piece in pieces[::2] if "${{" in piece), None):
        raise _unsupported_error(unclosed[unclosed.index("${{") :])
    # `split` with one group yields text, expression, text, expression, …, text.
    return ExpressionText(tuple(_split_operands(piece) if place % 2 else piece for place, piece in enumerate(pieces)))


def _split_operands(expression: str) -> tuple[str, ...]:
    operands, end, text = [], 0, expression.rstrip()
    while match := _OPERAND.match(text, end):
        operands.append(match[1])
        end = match.end()
    if not operands or end != len(text) or text.endswith("||"):
        raise _unsupported_error(f"${{{{{expression}}}}}")
    return tuple(operands)


def _evaluate_operands(operands: tuple[str, ...], contexts: Contexts) -> Any:
    value: Any = None
    for operand in operands:
        value = _evaluate_operand(operand, contexts)
        # False, 0, "" and null are false; every object and list is true, an empty one too.
        if value or isinstance(value, dict | list):
            break
    return value


def _evaluate_operand(operand: str, contexts: Contexts) -> Any:
    if operand.startswith("'"):
        return operand[1:-1].replace("''", "'")
    return reduce(_look_up_property, operand.split("."), contexts)


def _look_up_property(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else None


def _format_value(value: Any) -> str:
    """Return what GitHub prints for a value of JSON."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case float():
            return f"{value:.15g}"
        case Mapping():
            return "Object"
        case list():
            return "Array"
        case _:
            return str(value)


def _unsupported_error(expression: str) -> UsageError:
    return UsageError(
        f"The workflow's expression {expression} is not supported by local runs.",
        "Use only paths into github, inputs or vars, 'literals' and ||.",
    )
