"""JSON as a page reads it: what a browser's `JSON.parse` refuses, and where, even if other parsers accept it. Pure.

The grammar is that of https://www.rfc-editor.org/rfc/rfc8259. Python's reader takes `NaN` and `Infinity` too.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

# One that does not end reaches to the end of the text, so that nothing is looked at twice.
_STRING = r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)'
_COMMENT = re.compile(rf"(?P<string>{_STRING})|//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_COMMA = re.compile(rf"(?P<string>{_STRING})|,(?=[ \t\r\n]*[\]}}])", re.DOTALL)
_REASONS = (
    (re.compile(r"NaN\b"), "NaN is not JSON"),
    (re.compile(r"-?Infinity\b"), "Infinity is not JSON"),
    (re.compile(r"//|/\*|#"), "JSON has no comments"),
    (re.compile(r"'"), "strings need double quotes"),
    (re.compile(r"[A-Za-z_$]"), "names need double quotes, and the only other words in JSON are true, false and null"),
)
_CONSTANT = re.compile(rf"(?P<string>{_STRING})|-?\b(?:NaN|Infinity)\b", re.DOTALL)


@dataclass(frozen=True)
class ParsedJson:
    """What was read, with `refused` where a browser refuses it: a sentence without a full stop.

    `lines`: how many values there are, each in a line of its own; 0 for one value.
    """

    value: Any
    refused: str = ""
    lines: int = 0


def parse_leniently(text: str) -> ParsedJson | None:
    """Return what stands in `text`, read as leniently as can be; None if it is no JSON of any kind.

    Raises RecursionError for what is nested too deeply.
    """
    bare = text.removeprefix("\ufeff")
    reader = _JsonReader()
    try:
        value = reader.parse_value(bare)
    except ValueError as error:
        refused = _describe_refusal(bare, getattr(error, "pos", 0))
        return _parse_json_lines(bare, refused) or _parse_without_comments(bare, refused)
    if reader.constants and (place := _first_place(_CONSTANT, bare)) is not None:
        return ParsedJson(value, _describe_refusal(bare, place))
    return ParsedJson(value)


def find_refusal(text: str) -> str:
    """Return where a browser refuses `text` and why, for a text that `parse_leniently` cannot read.

    Raises RecursionError.
    """
    try:
        _JsonReader().parse_value(text)
    except ValueError as error:
        return _describe_refusal(text, getattr(error, "pos", 0))
    return ""


class _JsonReader:
    """Reads values, and remembers the constants in them that are no JSON. Raises ValueError, RecursionError."""

    def __init__(self) -> None:
        self.constants: list[str] = []
        # Numbers are told by their kind alone, and Python refuses integers of 4,300 digits that a browser takes.
        self._decoder = json.JSONDecoder(parse_constant=self._note_constant, parse_int=float)

    def _note_constant(self, name: str) -> float:
        self.constants.append(name)
        return float(name)

    def parse_value(self, text: str) -> Any:
        return self._decoder.decode(text)


def _first_place(pattern: re.Pattern[str], text: str) -> int | None:
    return next((found.start() for found in pattern.finditer(text) if found["string"] is None), None)


def _describe_refusal(text: str, place: int) -> str:
    line = text.count("\n", 0, place) + 1
    column = place - text.rfind("\n", 0, place)
    return f"a browser's JSON.parse refuses this at line {line} column {column} ({_error_reason(text, place)})"


def _error_reason(text: str, place: int) -> str:
    following = text[place:]
    if not following.strip():
        return "the end is missing"
    if following[0] in "]}" and text[:place].rstrip().endswith(","):
        return "a comma before a closing bracket"
    return next((reason for pattern, reason in _REASONS if pattern.match(following)), "something else is expected here")


def _parse_json_lines(text: str, refused: str) -> ParsedJson | None:
    """Read a value in each line, the form that is called JSON Lines."""
    lines = [line for line in text.split("\n") if line.strip()]
    reader = _JsonReader()
    try:
        values = [reader.parse_value(line) for line in lines]
    except ValueError:
        return None
    return ParsedJson(values, f"{refused}: each line is a separate value", len(values)) if len(values) > 1 else None


def _parse_without_comments(text: str, refused: str) -> ParsedJson | None:
    """Read what is JSON but for comments and commas too many."""
    bare = _COMMA.sub(_keep_string, _COMMENT.sub(_keep_string, text))
    try:
        value = _JsonReader().parse_value(bare)
    except ValueError:
        return None
    return ParsedJson(value, refused)


def _keep_string(found: re.Match[str]) -> str:
    return found["string"] or " "
