"""Which of many texts look most like one: by the pairs of letters that they share. Pure.

A pair takes time in proportion to its length, where `difflib` takes the square or the cube of it: the texts that are
compared here are what a model or a page says.
"""

from collections import Counter
from collections.abc import Iterable

LONGEST = 200
"""Characters of a text that are compared."""


def find_similar(wanted: str, among: Iterable[str], most: int = 3, least: float = 0.6) -> list[str]:
    """Return the texts that share at least `least` of their pairs of letters with `wanted`, the most alike first."""
    pairs = _letter_pairs(wanted)
    found = [(_dice_coefficient(pairs, _letter_pairs(one)), one) for one in dict.fromkeys(among)]
    near = sorted((entry for entry in found if entry[0] >= least), key=lambda entry: -entry[0])
    return [one for _, one in near[:most]]


def _letter_pairs(text: str) -> Counter[str]:
    # With its ends, so that one letter is something too.
    cut = f"\0{text[:LONGEST]}\0"
    return Counter(map(str.__add__, cut, cut[1:]))


def _dice_coefficient(one: Counter[str], other: Counter[str]) -> float:
    """Return the share of pairs that both have: https://en.wikipedia.org/wiki/Dice-S%C3%B8rensen_coefficient."""
    both = sum(min(count, other[pair]) for pair, count in one.items() if pair in other)
    return 2 * both / (one.total() + other.total())
