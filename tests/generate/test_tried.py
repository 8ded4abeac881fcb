"""What a model reads about the repairs before its own."""

import time

import pytest

from orchestrator.core.differences import Difference
from orchestrator.core.report import CheckResult, Finding, State
from orchestrator.core.site import Site
from orchestrator.generate.tried import MOST, PastRepair, describe_repairs

ROOM = 4_000


def check(text: str, state: State = "failed", seen: str = "false") -> CheckResult:
    return CheckResult(round=2, text=text, kind="js", state=state, seen=seen)


def tried(before: dict[str, bytes], after: dict[str, bytes], difference: Difference | None = None) -> PastRepair:
    return PastRepair(1, Site(before), Site(after), is_kept=False, difference=difference or Difference())


def test_nothing_was_tried() -> None:
    assert describe_repairs([], ROOM) == "(none)"


def test_a_repair_that_was_thrown_away_is_told_with_its_diff_its_gains_and_its_losses() -> None:
    page = b"<h1>Sales</h1>\n<p id=total>41</p>\n<p>end</p>\n"
    came = Finding(kind="layout", text="too wide")
    difference = Difference(
        gained=(check("total === 42", "passed", "true"),),
        lost=(check("h1", seen="null"),),
        failing=(check("title"),),
        kept=3,
        came=(came,),
        went=(Finding(kind="console", text="oh"),),
    )
    after = {"index.html": page.replace(b"41", b"42"), "new.js": b"let a\n"}
    assert describe_repairs([tried({"index.html": page, "old.js": b"x"}, after, difference)], ROOM).splitlines() == [
        "Repair 1 was not kept, because its site was no better as a whole. The files below do not include it.",
        "These checks failed before it and passed after it:",
        "- round 2: total === 42",
        "These checks passed before it and failed after it:",
        "- round 2: h1 | It gave: null",
        "These checks failed before and after it:",
        "- round 2: title | It gave: false",
        "Checks that passed before and after it: 3.",
        "Findings that it removed:",
        "- console: oh",
        "Findings that it added:",
        "- layout: too wide",
        "What it changed (index.html, new.js, old.js):",
        "--- index.html",
        "+++ index.html",
        "@@ -1,3 +1,3 @@",
        " <h1>Sales</h1>",
        "-<p id=total>41</p>",
        "+<p id=total>42</p>",
        " <p>end</p>",
        "--- (new)",
        "+++ new.js",
        "@@ -0,0 +1 @@",
        "+let a",
        "--- old.js",
        "It was deleted.",
    ]


def test_a_repair_that_was_kept_says_so() -> None:
    kept = PastRepair(
        1, Site({"a": b"1"}), Site({"a": b"2"}), is_kept=True, difference=Difference(failing=(check("t"),))
    )
    told = describe_repairs([kept], ROOM)
    assert told.startswith("Repair 1 was kept: the files below are its result")
    assert "The browser saw no change." in told


@pytest.mark.parametrize(("same_as", "says"), [(0, "as the site before any repair"), (2, "as repair 2")])
def test_the_same_files_again_are_told_without_a_diff(same_as: int, says: str) -> None:
    again = PastRepair(3, Site({}), Site({"a": b"1"}), is_kept=False, same_as=same_as)
    told = describe_repairs([again], ROOM)
    assert f"Repair 3 made exactly the same files {says}" in told
    assert "What it changed" not in told


def test_long_lists_say_how_much_of_them_is_told() -> None:
    difference = Difference(lost=tuple(check(f"check {number}") for number in range(MOST + 5)))
    told = describe_repairs([tried({}, {"a": b"1"}, difference)], ROOM)
    assert f"passed before it and failed after it ({MOST} of {MOST + 5}):" in told
    assert told.count("| It gave:") == MOST


@pytest.mark.parametrize("room", [0, 1, 100, 700, 5_000])
@pytest.mark.parametrize("number", [1, 3])
def test_all_repairs_together_keep_to_the_room_that_there_is(room: int, number: int) -> None:
    before = {"index.html": b"\n".join(b"%d" % line for line in range(2_000))}
    after = {"index.html": b"\n".join(b"<%d>" % line for line in range(2_000))}
    told = describe_repairs([tried(before, after, Difference(lost=(check("x" * 900),) * 9))] * number, room)
    assert len(told) <= max(room, 100) + 10 * number
    assert ("no room to show" in told) is (room < 100 * number)
    if room == 5_000:
        assert "of its lines are shown" in told


def test_of_many_changed_files_some_are_named_and_all_are_counted() -> None:
    told = describe_repairs([tried({}, {f"{number:02}.js": b"1" for number in range(40)})], ROOM)
    assert "What it changed (00.js, 01.js, " in told
    assert "07.js and others: 8 of 40):" in told


def test_of_a_file_that_was_written_anew_the_new_lines_are_told() -> None:
    before = {"app.js": "\n".join(f"old({number})" for number in range(90)).encode(), "A.md": b"a"}
    told = describe_repairs([tried(before, {"app.js": b"one()\ntwo()\n", "A.md": b"b"})], ROOM)
    assert "-old(11)\n-… 78 more lines were removed here\n+one()\n+two()\n--- A.md" in told


def test_what_is_no_text_too_long_or_differs_in_line_ends_only_is_told_in_words() -> None:
    many = b"x\n" * 6_000
    before = {"a.png": b"\0\1", "b.csv": many, "c.txt": b"one\ntwo\n"}
    after = {"a.png": b"\0\1\2", "b.csv": many + b"y\n", "c.txt": b"one\r\ntwo\r\n"}
    told = describe_repairs([tried(before, after)], ROOM)
    assert "+++ a.png\n2 bytes became 3; it is not text." in told
    assert "+++ b.csv\n6000 lines became 6001; it is too long to compare." in told
    assert "+++ c.txt\nOnly its line endings changed." in told


def test_of_a_very_long_line_the_part_that_changed_is_shown() -> None:
    line = ";".join(f"let a{number}={number}" for number in range(400))
    told = describe_repairs(
        [tried({"a.js": line.encode()}, {"a.js": line.replace("a300=300", "a300=7").encode()})], ROOM
    )
    assert "a300=300" in told
    assert "a300=7" in told
    assert max(map(len, told.splitlines())) <= 300


def test_a_change_of_every_line_is_told_in_little_time() -> None:
    before = "\n".join("a" * 400 + str(number) for number in range(5_000)).encode()
    after = "\n".join("b" * 400 + str(number) for number in range(5_000)).encode()
    started = time.perf_counter()
    describe_repairs([tried({"a": before}, {"a": after})], ROOM)
    assert time.perf_counter() - started < 5
