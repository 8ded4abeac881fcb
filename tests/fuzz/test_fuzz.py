"""A thirtieth of `make fuzz`, the same inputs each time."""

import re
from collections.abc import Callable

import pytest

from tests.fuzz.__main__ import READERS
from tests.fuzz.families import texts
from tests.fuzz.growth import LIMIT_S, RATIO, Family, Reader, grown, small, whole
from tests.fuzz.running import NIGHTLY, Target, run
from tests.fuzz.targets import TARGETS


# Counting lines and branches makes the many small calls twice as slow, and other tests have reached them.
@pytest.mark.no_cover
@pytest.mark.parametrize("target", TARGETS, ids=[target.name for target in TARGETS])
def test_no_hostile_input_does_harm(target: Target) -> None:
    inputs = target.inputs // 3
    outcome = run(target, inputs, seed=None)
    if outcome.error:
        raise outcome.error
    assert outcome.tried >= inputs
    assert not outcome.failed


def test_a_nightly_run_is_as_large_as_promised() -> None:
    sizes = {"receiver": 0, "rest": 0}
    for target in TARGETS:
        sizes["receiver" if target.name.startswith("receiver") else "rest"] += target.inputs * NIGHTLY
    assert sizes["receiver"] >= 20_000
    assert sizes["rest"] >= 50_000


def _pairs(text: str) -> int:
    return sum(1 for one in text for other in text if one > other)


def _once(text: str) -> int:
    return sum(1 for one in text if one > "a")


def _never(text: str) -> None:
    re.fullmatch(r"(?:a|a)*b", text[:200])


def _raised(_: str) -> None:
    raise ValueError


LETTERS = [Family("letters", lambda size: "a" * size)]


def _reader(read: Callable[[str], object], largest: int) -> Reader:
    return Reader("one", largest, read, lambda _: LETTERS)


def test_a_reader_whose_time_grows_with_the_square_is_found() -> None:
    (found,) = grown(_reader(_pairs, 6_400), seed=0)
    assert found.problem
    assert found.ratio > RATIO or found.last.seconds >= LIMIT_S


def test_a_reader_that_goes_back_without_end_is_ended() -> None:
    found = list(small(_reader(_never, 1_000), [*LETTERS, Family("none", lambda _: "b")], limit=0.05))
    assert [bool(one.problem) for one in found] == [True, False]
    assert whole(_reader(_never, 1_000), LETTERS[0], limit=0.05).problem


def test_a_reader_that_raises_is_a_problem() -> None:
    (found,) = grown(_reader(_raised, 100), seed=0)
    assert found.problem


def test_a_reader_that_takes_the_time_of_what_it_reads_is_none() -> None:
    (found,) = grown(_reader(_once, 200_000), seed=0)
    assert not found.problem
    assert [step.size for step in found.steps] == [12_500, 25_000, 50_000, 100_000, 200_000]


def test_inputs_are_as_large_as_they_are_said_to_be_and_the_same_for_a_seed() -> None:
    families = texts(("<a>", "# "), seed=3)
    assert [family.name for family in families] == [family.name for family in texts(("<a>", "# "), seed=3)]
    assert all(900 <= len(family.made(1_000)) <= 2_000 for family in families)


@pytest.mark.no_cover
@pytest.mark.parametrize("reader", READERS, ids=[reader.name for reader in READERS])
def test_every_reader_reads_small_inputs_of_all_its_families(reader: Reader) -> None:
    assert reader.families(0)
    for family in reader.families(0)[:40]:
        reader.read(family.made(min(60, reader.largest)))
