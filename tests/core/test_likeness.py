"""Texts that look alike, found without comparing every letter with every other."""

from orchestrator.core.likeness import LONGEST, find_similar


def test_what_looks_most_alike_comes_first_and_what_does_not_is_left_out() -> None:
    among = ["style.css", "scripts.js", "script.js", "data.csv", "script.js"]
    assert find_similar("script.js", among) == ["script.js", "scripts.js"]
    assert find_similar("script.js", among, most=1) == ["script.js"]
    assert find_similar("notes.md", among) == []


def test_one_letter_and_none_are_compared_too() -> None:
    assert find_similar("a", ["b", "a", ""]) == ["a"]
    assert find_similar("", [""]) == [""]


def test_of_long_texts_the_beginning_counts() -> None:
    assert find_similar("a" * LONGEST + "b" * 9_000, ["a" * LONGEST + "c" * 9_000]) != []
