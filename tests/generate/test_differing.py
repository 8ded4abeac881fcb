"""Differences of texts: what they say is exact, however the lines were matched."""

import difflib
import random
import re
from collections.abc import Sequence

import pytest

from orchestrator.generate.differing import unified_diff


def applied(old: Sequence[str], diff: Sequence[str]) -> list[str]:
    """Return what a unified diff makes of `old`, as `patch` does."""
    made: list[str] = []
    at = 0
    for line in diff[2:]:
        if place := re.match(r"@@ -(\d+)(?:,(\d+))? ", line):
            begins = int(place[1]) - (place[2] != "0")
            made += old[at:begins]
            at = begins
        elif line[0] == "+":
            made.append(line[1:])
        else:
            assert old[at] == line[1:]
            made += [line[1:]] * (line[0] == " ")
            at += 1
    return [*made, *old[at:]]


def changed(order: random.Random, lines: int, kinds: int) -> tuple[list[str], list[str]]:
    old = [f"line {order.randrange(kinds)}" for _ in range(lines)]
    new = list(old)
    for _ in range(order.randrange(20)):
        place = order.randrange(len(new) + 1)
        new[place : place + order.randrange(3)] = [f"new {order.randrange(9)}"] * order.randrange(3)
    return old, new


@pytest.mark.parametrize(("lines", "kinds"), [(0, 1), (5, 3), (60, 4), (60, 400), (300, 40), (300, 10_000)])
def test_a_difference_makes_the_new_text_of_the_old_one(lines: int, kinds: int) -> None:
    order = random.Random(lines * kinds)  # noqa: S311 - the same texts each time
    for _ in range(20):
        old, new = changed(order, lines, kinds)
        for context in (0, 2):
            diff = list(unified_diff(old, new, ("a", "b"), context))
            assert (applied(old, diff) == new) if old != new else not diff


def test_lines_in_another_order_and_lines_all_alike_are_different_texts_too() -> None:
    order = random.Random(7)  # noqa: S311 - the same texts each time
    old = [str(number) for number in range(500)]
    shuffled = order.sample(old, len(old))
    assert applied(old, list(unified_diff(old, shuffled, ("a", "b"), 2))) == shuffled
    alike, fewer = ["a", "b"] * 300, ["b", "b", "a"] * 150
    assert applied(alike, list(unified_diff(alike, fewer, ("a", "b"), 2))) == fewer


def test_it_is_written_as_difflib_writes_it() -> None:
    old = [str(number) for number in range(100)]
    new = [*old[:10], "x", *old[12:80], *old[90:], "end"]
    assert list(unified_diff(old, new, ("a", "b"), 2)) == list(
        difflib.unified_diff(old, new, "a", "b", lineterm="", n=2)
    )
