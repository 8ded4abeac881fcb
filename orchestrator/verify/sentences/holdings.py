"""What a sentence may claim of a data file: its form, its keys, their types and values. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.verify.sentences.claims import About, claim_content
from orchestrator.verify.sentences.counting import json_text
from orchestrator.verify.sentences.numbers import comparison_bound
from orchestrator.verify.sentences.repository import Evidence
from orchestrator.verify.sentences.structure import (
    AbsentKey,
    Malformed,
    Test,
    describe_type,
    look_up_key,
    parse_as,
    parse_by_name,
    parse_csv,
    promised_format,
    unread_finding,
    walk_keys,
)


def has_form(kind: str, root: str = "") -> About:
    """Return that a file can be read as `kind`. `root`: what it then is, a list or an object."""

    def claim(name: str, data: bytes) -> Evidence:
        try:
            value = parse_as(kind, name, data)
        except Malformed as error:
            return unread_finding(error)
        told = f"`{name}` is valid {kind.upper()}"
        return Evidence(
            not root or describe_type(value) == root, told if not root else f"{told} and holds {describe_type(value)}"
        )

    return claim_content(claim)


def compares_with_key(keys: Sequence[str], said: str, other: str) -> About:
    """Return that what stands under keys compares as `said` with what stands under another."""

    def claim(name: str, data: bytes) -> Evidence:
        try:
            value = parse_by_name(name, data)
            pairs = [
                (key, one, bar) for key in keys for one in look_up_key(value, key) for bar in look_up_key(value, other)
            ]
        except Malformed as error:
            return unread_finding(error)
        except AbsentKey as error:
            return Evidence(holds=False, seen=f"`{name}`: {error}")
        for key, one, bar in pairs:
            is_number = all(isinstance(each, int | float) and not isinstance(each, bool) for each in (one, bar))
            if not is_number or not comparison_bound(said, bar).takes(one):
                return Evidence(holds=False, seen=f"`{key}` is {json_text(one)}, `{other}` {json_text(bar)}")
        return Evidence(holds=True, seen=f"`{', '.join(keys)}` {said} `{other}`")

    return claim_content(claim)


def entries_are(test: Test, told: str) -> About:
    """Return that a file holds a list whose entries all pass a test."""

    def claim(name: str, data: bytes) -> Evidence:
        try:
            value = parse_by_name(name, data)
        except Malformed as error:
            return unread_finding(error)
        wrong = [one for one in value if not test(one)] if isinstance(value, list) else [value]
        return Evidence(not wrong, f"`{name}` has {json_text(wrong[0])}, not {told}" if wrong else f"all are {told}")

    return claim_content(claim)


@dataclass(frozen=True)
class Key:
    """A key that is asked for, and what stands under it. `told`: the test in words."""

    name: str
    test: Test | None = None
    told: str = ""


def has_keys(keys: Sequence[Key], *, is_all: bool = False, is_sure: bool = True, is_each: bool = False) -> About:
    """Return that a file has these keys or columns.

    `is_all`: and no others; `is_sure`: they were called keys; `is_each`: it is a list, and each entry has them.
    """

    def claim(name: str, data: bytes) -> Evidence:
        try:
            value = parse_csv(name, data) if promised_format(name) == "csv" else parse_by_name(name, data)
        except Malformed as error:
            return unread_finding(error)
        if is_each and not isinstance(value, list):
            return Evidence(None, f"`{name}` holds {describe_type(value)}")
        for key in keys:
            shown = _judge_key(name, value, key)
            if not shown.holds:
                return shown if is_sure else Evidence(None, shown.seen)
        told = ", ".join(f"`{key.name}`" for key in keys)
        first = value[0] if isinstance(value, list) and value else value
        more = [str(key) for key in first if key not in {one.name for one in keys}] if isinstance(first, dict) else []
        if is_all and more:
            return Evidence(holds=False, seen=f"`{name}` also has {', '.join(f'`{key}`' for key in more[:10])}")
        return Evidence(holds=True, seen=f"`{name}` has {told}")

    return claim_content(claim)


def _judge_key(name: str, value: Any, key: Key) -> Evidence:
    try:
        found = look_up_key(value, key.name)
    except AbsentKey as error:
        # Somewhere inside: the sentence may mean that place.
        inside = key.test is None and key.name in set(walk_keys(value))
        return Evidence(None if inside else False, f"`{name}` has no `{key.name}`; {error}")
    wrong = [one for one in found if key.test is not None and not key.test(one)]
    if wrong:
        return Evidence(holds=False, seen=f"`{key.name}` in `{name}` is {json_text(wrong[0])}, not {key.told}")
    return Evidence(holds=True, seen=f"`{key.name}` in `{name}` is {json_text(found[0])}")
