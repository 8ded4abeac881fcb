"""No regular expression over untrusted text goes back: read from the patterns themselves."""

import ast
import re
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import sre_parse

from tests.test_walls import SOURCES

MOST = 500
"""A repeat up to so many is as good as one without an end."""

Repeat = tuple[int, int, Any]


def patterns(module: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of every pattern that is written out as one text."""
    for node in ast.walk(ast.parse(SOURCES[module].read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or not node.args:
            continue
        if not isinstance(node.func.value, ast.Name) or node.func.value.id != "re":
            continue
        first = node.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield node.lineno, first.value


def nested(parsed: Any, *, is_inside: bool = False) -> Iterator[str]:
    """Yield a reason for each repeat without an end in another one that can take the same text in two ways.

    What the inner one begins or ends with, the outer one must be able to tell from its next turn: a repeat whose whole
    is again a repeat of one kind of sign can not.
    """
    for kind, value in parsed:
        name = str(kind)
        if name in ("MAX_REPEAT", "MIN_REPEAT"):
            _, most, body = value
            is_endless = most >= MOST
            if is_endless and is_inside and len(parsed) == 1 and len(body) == 1 and not is_told_apart(body):
                yield "a repeat in a repeat"
            yield from nested(body, is_inside=is_endless and len(body) == 1)
        elif name == "SUBPATTERN":
            yield from nested(value[-1], is_inside=is_inside and len(parsed) == 1)
        elif name == "BRANCH":
            for branch in value[1]:
                yield from nested(branch, is_inside=is_inside and len(parsed) == 1 and len(branch) == 1)


def is_told_apart(body: Any) -> bool:
    return str(body[0][0]) not in ("IN", "ANY", "NOT_LITERAL", "LITERAL", "CATEGORY")


def adjacent(parsed: Any) -> Iterator[str]:
    """Yield a reason for each two repeats without an end that lie side by side and take the same sign."""
    items = list(parsed)
    for place, (kind, value) in enumerate(items):
        if str(kind) in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            yield from adjacent(value[2])
        elif str(kind) == "SUBPATTERN":
            yield from adjacent(value[-1])
        elif str(kind) == "BRANCH":
            for branch in value[1]:
                yield from adjacent(branch)
        if str(kind) not in ("MAX_REPEAT", "MIN_REPEAT") or value[1] < MOST:
            continue
        for following, more in items[place + 1 :]:
            is_repeat = str(following) in ("MAX_REPEAT", "MIN_REPEAT")
            if is_repeat and more[1] >= MOST and overlap(value[2], more[2]):
                yield "two repeats of the same sign side by side"
            if not (is_repeat and more[0] == 0):
                break


def overlap(one: Any, other: Any) -> bool:
    """Whether one sign can be both, of those that are told of an ordinary text."""
    return any(takes(one, sign) and takes(other, sign) for sign in " \n\ta0_-.*`#(\"'/~=,")


def takes(body: Any, sign: str) -> bool:
    if len(body) != 1 or str(body[0][0]) not in ("IN", "ANY", "NOT_LITERAL", "LITERAL", "CATEGORY"):
        return False
    kind, value = body[0]
    if str(kind) == "LITERAL":
        return chr(value) == sign
    if str(kind) == "NOT_LITERAL":
        return chr(value) != sign
    return sign != "\n" if str(kind) == "ANY" else any_of(value, sign)


def any_of(choices: Any, sign: str) -> bool:
    is_not = bool(choices) and str(choices[0][0]) == "NEGATE"
    found = False
    for kind, value in choices:
        if str(kind) == "LITERAL":
            found |= chr(value) == sign
        elif str(kind) == "RANGE":
            found |= value[0] <= ord(sign) <= value[1]
        elif str(kind) == "CATEGORY":
            letter = {"SPACE": r"\s", "WORD": r"\w", "DIGIT": r"\d"}[str(value).rpartition("_")[2]]
            found |= bool(re.match(letter, sign)) != ("_NOT_" in str(value))
    return found != is_not


def reasons(pattern: str) -> list[str]:
    parsed = sre_parse.parse(pattern)
    return [*nested(parsed), *adjacent(parsed)]


@pytest.mark.parametrize(
    "pattern",
    [r"(?:a+)+b", r"(?:\w*)*x", r"#[ \t]*\s*$", r"(?:\s|\s+)*x", r"~{3,}[^\n`]*x", r"[ \t]*(?P<a>.*?)x\s*\s*$"],
)
def test_patterns_that_go_back_are_known(pattern: str) -> None:
    assert reasons(pattern)


@pytest.mark.parametrize(
    "pattern", [r"(?:\w+,)+", r"[ \t]*+\s*$", r"~{3,}+[^\n`]*+x", r"\s*(?:a|b)\s*", r"(?:ab*c)*", r"\d{1,9}\d{1,9}"]
)
def test_patterns_that_do_not_are_let_through(pattern: str) -> None:
    assert not reasons(pattern)


# `local` plays GitHub's side: what it reads is the pipeline's own.
READING = sorted(name for name in SOURCES if not name.startswith("orchestrator.local"))


@pytest.mark.parametrize("module", READING)
def test_no_pattern_over_what_strangers_send_goes_back(module: str) -> None:
    found = [(line, pattern, why) for line, pattern in patterns(module) for why in reasons(pattern)]
    assert not found
