"""Inputs of any size by the mechanism that makes them slow, from the signs that a reader's grammar is made of."""

import random
import string
from collections.abc import Callable, Iterator, Sequence

from tests.fuzz.growth import Family

PLAIN = (
    *string.punctuation,
    " ",
    "\t",
    "\n",
    "\r\n",
    "a",
    "1",
    "A",
    "é",
    "字",
    "\u2026",
    "\ufeff",
    "\u0301",
    "word ",
    "1.",
    "a.b",
)
"""Signs that any grammar may stumble over."""

OTHERS = 40
"""Of the other families of a grammar so many are drawn by the seed."""

Made = Callable[[int], str]


def _sized(unit: str) -> Made:
    return lambda size: (unit * (size // len(unit) + 1))[:size]


def _shown(*signs: str) -> str:
    return " ".join(repr(sign)[1:-1][:24] for sign in signs)


def texts(own: Sequence[str], seed: int, drawn: int = 30, plain: Sequence[str] = PLAIN) -> list[Family]:
    """Return families over the signs of one grammar (`own`) and of any, those of `OTHERS` and combinations by chance.

    What each sign of the grammar does before blanks and in wide lines is always among them.
    """
    order = random.Random(seed)  # noqa: S311 - nothing secret
    signs = list(dict.fromkeys([*own, *plain]))
    found = [family for sign in own for family in _always(sign)]
    others = [family for sign in own for family in _sometimes(sign)]
    others += [family for sign in plain if sign not in own for family in _runs(sign)]
    found += order.sample(others, min(OTHERS, len(others)))
    found += [_combined(order, signs, own) for _ in range(drawn)]
    return list({family.name: family for family in found}.values())


def _runs(sign: str) -> Iterator[Family]:
    yield Family(f"run of {_shown(sign)}", _sized(sign))
    yield Family(f"run of {_shown(sign)} and an x", lambda size: _sized(sign)(size) + "x")


def _always(sign: str) -> Iterator[Family]:
    """Yield what one sign of a grammar does without its end, before blanks, and in wide lines."""
    bare = sign.strip("\n")
    yield Family(f"run of {_shown(sign)}", _sized(sign))
    yield Family(f"{_shown(sign)} and blanks", lambda size: sign + " " * size + "x")
    yield Family(f"wide lines of {_shown(bare)}", _sized(f"{bare}a{' ' * 120}b{' ' * 120}{bare}\n"))


def _sometimes(sign: str) -> Iterator[Family]:
    bare = sign.strip("\n")
    yield from _runs(sign)
    yield Family(f"{_shown(sign)} and lines", lambda size: sign + "\n" * size + "x")
    yield Family(f"{_shown(sign)} and letters", lambda size: sign + "a" * size)
    yield Family(f"lines of {_shown(bare)}", _sized(f"{bare}\n"))
    yield Family(f"words of {_shown(bare)}", _sized(f"a{bare} "))
    yield Family(f"blanks before {_shown(bare)}", lambda size: f"{' ' * size}{sign}")
    yield Family(f"wider lines of {_shown(bare)}", lambda size: "\n".join(_widening(bare, size)))
    yield Family(f"numbered lines of {_shown(bare)}", lambda size: "\n".join(_numbered(bare, size)))


def _widening(sign: str, size: int) -> Iterator[str]:
    """Yield lines as wide as there are lines."""
    width = max(1, int(size**0.5))
    for _ in range(size // width):
        yield f"{sign}a{' ' * (width - len(sign))}b"


def _numbered(sign: str, size: int) -> Iterator[str]:
    for number in range(size // (len(sign) + 8)):
        yield f"{sign}{number:07}"


def _combined(order: random.Random, signs: Sequence[str], own: Sequence[str]) -> Family:
    """Return a beginning, a piece that is repeated, and an end, of signs drawn by chance."""

    def some(most: int) -> list[str]:
        return [order.choice(order.choice((signs, own or signs))) for _ in range(order.randint(0, most))]

    head, piece, last = some(2), [*some(2), order.choice(own or signs)], some(2)
    if order.random() < 0.3:
        piece.insert(order.randint(0, len(piece)), " " * order.choice((3, 30, 300)))
    if order.random() < 0.3:
        piece.append("\n")
    beginning, middle, end = ("".join(one) for one in (head, piece, last))
    name = f"{_shown(beginning)}({_shown(middle)})*{_shown(end)}"
    return Family(name, lambda size: beginning + _sized(middle)(size) + end)


def split(own: Sequence[str], seed: int, into: Callable[[str], object], **more: object) -> list[Family]:
    """Return the texts of `texts`, each made into what a reader takes."""
    return [
        Family(family.name, lambda size, made=family.made: into(made(size)))  # type: ignore[misc]
        for family in texts(own, seed, **more)  # type: ignore[arg-type]
    ]
