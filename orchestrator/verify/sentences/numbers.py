"""How many: "at least three", "300-400", "no more than 2", as bounds. Pure."""

import math
from dataclasses import dataclass

from orchestrator.verify.sentences.wording import Reader

_SMALL = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
]

_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_WORDS = {word: value for value, word in enumerate(_SMALL)} | {word: 10 * n for n, word in enumerate(_TENS, 2)}
_TIMES = {"hundred": 100, "thousand": 1_000, "dozen": 12}

_LEAST = (
    "at least",
    "greater than or equal to",
    "\u2265",
    "no fewer than",
    "no less than",
    "not fewer than",
    "not less than",
    "minimum of",
    "minimum",
    ">=",
)
_MOST = (
    *("at most", "no more than", "not more than", "no longer than", "not longer than", "up to", "maximum of"),
    *("maximum", "not over", "<=", "\u2264", "less than or equal to"),
)
_MORE = ("more than", "over", "longer than", "greater than", "above", "larger than", "bigger than", ">")
_LESS = ("less than", "fewer than", "under", "below", "shorter than", "smaller than", "<")
_EXACTLY = ("exactly", "precisely", "equal to", "equals", "==", "only", "just", "total of")


@dataclass(frozen=True)
class Bound:
    """Both ends count, unless it `is_open`."""

    least: float = -math.inf
    most: float = math.inf
    is_open: bool = False

    def takes(self, value: float) -> bool:
        """Whether `value` lies within."""
        if self.is_open:
            return self.least < value < self.most
        return self.least <= value <= self.most


def take_number(reader: Reader) -> float | None:
    """Take a number in digits or words."""
    start = reader.at
    is_negative = reader.take_phrase("-", "\u2013") is not None
    if token := reader.take("number"):
        return float(token.text.replace(",", "")) * (-1 if is_negative else 1)
    reader.at = start
    return None if is_negative else _take_spelled_number(reader)


def _take_spelled_number(reader: Reader) -> float | None:
    start = reader.at
    reader.skip_articles()
    token, value = reader.peek(), 1.0
    parts = token.low.split("-")
    if token.kind == "word" and all(part in _WORDS for part in parts):
        reader.at += 1
        value = float(sum(_WORDS[part] for part in parts))
    elif token.low not in _TIMES:
        reader.at = start
        return None
    while (times := reader.take_phrase(*_TIMES)) is not None:
        value *= _TIMES[times]
    return value


def take_bound(reader: Reader) -> Bound | None:
    """Take how many there are to be; a number alone means exactly that many. None, and nothing taken, otherwise."""
    return reader.take_first(
        lambda: _take_range(reader), lambda: _take_compared_bound(reader), lambda: _take_open_ended(reader)
    )


def _take_range(reader: Reader) -> Bound | None:
    opening = reader.take_phrase(
        "between", "from", "in range", "in range of", "within", "anywhere from", "anywhere between"
    )
    low = take_number(reader)
    if low is None or reader.take_phrase("-", "\u2013", "\u2014", "to", "and", "through") is None:
        return None
    high = take_number(reader)
    if high is None or high < low or (opening is None and reader.tokens[reader.at - 2].low == "and"):
        return None
    reader.take_phrase("inclusive", "( inclusive )", ", inclusive")
    return Bound(low, high)


def take_comparison(reader: Reader) -> str | None:
    """Take a word of comparison; `comparison_bound` makes a bound of it."""
    return reader.take_phrase(*_LEAST, *_MOST, *_MORE, *_LESS)


def _take_compared_bound(reader: Reader) -> Bound | None:
    said = reader.take_phrase(*_LEAST, *_MOST, *_MORE, *_LESS, *_EXACTLY)
    value = take_number(reader) if said else None
    if said is None or value is None:
        return None
    first, start = comparison_bound(said, value), reader.at
    # "at least 300 and at most 400": the second half is of the same number where it closes what the first leaves open.
    if reader.take_phrase("and", "but", ", but", "and is", "or") in ("and", "but", ", but"):
        said = reader.take_phrase(*_LEAST, *_MOST, *_MORE, *_LESS)
        value = take_number(reader) if said else None
        second = None if said is None or value is None else comparison_bound(said, value)
        if second and math.isinf(first.most) and math.isinf(second.least) and first.is_open == second.is_open:
            return Bound(first.least, second.most, first.is_open)
    reader.at = start
    return first


def comparison_bound(said: str, value: float) -> Bound:
    """Return the bound that a word of comparison sets."""
    if said in _LEAST:
        return Bound(least=value)
    if said in _MOST:
        return Bound(most=value)
    if said in _EXACTLY:
        return Bound(value, value)
    return Bound(least=value, is_open=True) if said in _MORE else Bound(most=value, is_open=True)


def _take_open_ended(reader: Reader) -> Bound | None:
    if reader.take_phrase("single", "one single"):
        return Bound(1, 1)
    if (value := take_number(reader)) is None:
        return None
    after = reader.take_phrase("or more", "+", "or less", "or fewer", "or above", "and above", "or below")
    if after in ("or more", "+", "or above", "and above"):
        return Bound(least=value)
    return Bound(most=value) if after else Bound(value, value)
