"""What repeats itself without end is told from what is long: tables, boards, drawings and data are no loops."""

import random
from collections.abc import Mapping

import pytest

from orchestrator.generate.models.stream import LONGEST_PATTERN, LOOP, Growing, is_loop_without_end

NUMBERS = random.Random(7)  # noqa: S311 - the same numbers every time
ENDLESS: Mapping[str, str] = {
    "one letter": "!",
    "line feeds": "\n",
    "a cell": "<td></td>",
    "a row": "<tr><td>0</td><td>0</td></tr>\n",
    "a sentence": "But wait, I have to look at that once more. ",
    "a function": "function draw() {\n  context.fillRect(0, 0, 10, 10);\n  requestAnimationFrame(draw);\n}\n\n" * 3,
    "the longest pattern": "".join(map(str, NUMBERS.choices(range(10), k=LONGEST_PATTERN - 1))) + "\n",
}
LONG: Mapping[str, str] = {
    "a table of numbered rows": "".join(f"<tr><td>{n}</td><td>Item</td><td>0</td></tr>\n" for n in range(5_000)),
    "data with few values": "".join(
        f"{2000 + n // 336}-{n // 28 % 12 + 1:02}-{n % 28 + 1:02},0,0\n" for n in range(9_000)
    ),
    "data of chance": "".join(f"{NUMBERS.randrange(3)},{NUMBERS.randrange(3)}\n" for _ in range(20_000)),
    "a drawing": "".join(f"l {NUMBERS.randrange(-9, 9)} {NUMBERS.randrange(-9, 9)} " for _ in range(9_000)),
    "a board of 30 by 16 cells": f"<tr>{'<td class=c></td>' * 30}</tr>\n" * 16,
    "a picture of a board in letters": ("#" * 64 + "\n") * 64,
    "a map of zeros": ("0," * 64 + "\n") * 64,
    "a row of one letter": "=" * (LOOP - 1),
}


@pytest.mark.parametrize("pattern", ENDLESS.values(), ids=ENDLESS)
def test_one_pattern_again_and_again_is_a_loop(pattern: str) -> None:
    begun = "<!doctype html>\n<title>T</title>"
    endless = begun + pattern * (LOOP // len(pattern) + 1)
    assert is_loop_without_end(endless)
    assert is_loop_without_end(endless + pattern[: len(pattern) // 2])
    assert not is_loop_without_end(f"{endless}</html>\n")
    assert not is_loop_without_end(begun + pattern * (LOOP // len(pattern) - 1))


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_what_is_long_is_no_loop_at_any_moment(text: str) -> None:
    assert not any(is_loop_without_end(text[:end]) for end in range(0, len(text) + 2_000, 2_000))


def test_a_text_that_grows_is_counted_piece_by_piece_and_once() -> None:
    growing = Growing()
    growing.add("Hello, ")
    assert (growing.read_so_far(), growing.tokens > 0) == ("Hello, ", True)
    before = growing.tokens
    assert (growing.read_so_far(), growing.tokens) == ("Hello, ", before)
    growing.add("world")
    growing.add("!")
    assert (growing.read_so_far(), growing.tokens > before) == ("Hello, world!", True)
