"""Edits find their one place, or say why not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.generate.reply.complaint import Complaint
from orchestrator.generate.reply.edits import EXPLAINED, MAX_EDITS, MAX_READ, Mismatch, apply_changes, replace_once
from orchestrator.generate.reply.reply import Change, Deletion, Edit, File

LINES = st.lists(st.sampled_from(["a", "b", "  a", "}", "", "let x = 1;", "ü"]), min_size=1, max_size=12)


def test_what_was_done_is_said_for_each_change() -> None:
    changes: list[Change] = [
        File("a.js", "1\n"),
        Edit("b.js", "2\n", "3\n"),
        Edit("b.js", "9\n", "8\n"),
        Deletion("c.js"),
    ]
    applied = apply_changes({"b.js": b"2\n", "c.js": b"x"}, changes)
    assert applied.files == {"a.js": b"1\n", "b.js": b"3\n"}
    assert applied.changed == {"a.js", "b.js", "c.js"}
    assert applied.done == ("a.js: written whole", "b.js, edit 1 of 2: applied", "c.js: deleted")
    text = "b.js, edit 2 of 2: SEARCH does not match any lines of the file."
    assert applied.complaints == (Complaint("b.js", "edit", text),)


def test_an_edit_sees_what_the_one_before_it_left() -> None:
    applied = apply_changes({"a": b"1\n"}, [Edit("a", "1\n", "2\n"), Edit("a", "2\n", "3\n")])
    assert applied.files == {"a": b"3\n"}


def test_the_lines_that_look_most_like_it_are_shown_with_their_numbers() -> None:
    text = b"".join(b"line %d\n" % number for number in range(9)) + b"const total = 42;\nend\n"
    (complaint,) = apply_changes({"a.js": text}, [Edit("a.js", "const total = 41;\n", "x\n")]).complaints
    assert "\n10: const total = 42;\n11: end" in complaint.text
    assert "\n7: line 6\n" in complaint.text
    assert "6: line 5" not in complaint.text


def test_only_the_first_few_are_explained() -> None:
    edits = [Edit("a.js", f"const total = {number};\n", "x\n") for number in range(EXPLAINED + 2)]
    complaints = apply_changes({"a.js": b"const total = 42;\n"}, edits).complaints
    assert sum("most similar" in complaint.text for complaint in complaints) == EXPLAINED


def test_more_edits_than_anybody_means_are_not_tried() -> None:
    edits = [Edit("a.js", "a\n", "a\n")] * (MAX_EDITS + 1)
    applied = apply_changes({"a.js": b"a\n"}, [*edits, File("b.js", "b\n")])
    assert applied.files == {"a.js": b"a\n", "b.js": b"b\n"}
    assert f"more than {MAX_EDITS} edits" in applied.complaints[0].text


def test_edits_of_a_large_file_are_tried_while_there_is_time() -> None:
    large = (b"a" * 99 + b"\n") * (MAX_READ // 350)
    applied = apply_changes({"a.js": large, "b.js": b"b\n"}, [*[Edit("a.js", "x\n", "y\n")] * 4, Deletion("b.js")])
    assert ["too many edits" in complaint.text for complaint in applied.complaints] == [False, False, False, True]
    assert applied.done == ("b.js: deleted",)


def test_what_is_no_text_is_not_edited() -> None:
    (complaint,) = apply_changes({"a.bin": b"\xff\n"}, [Edit("a.bin", "x\n", "y\n")]).complaints
    assert "not text" in complaint.text


@pytest.mark.parametrize(
    ("text", "search", "replace", "expected"),
    [
        ("a\nb", "b\n", "c\n", "a\nc"),
        ("\ufeffa\nb\n", "b\n", "c\n", "\ufeffa\nc\n"),
        ("a\r\nb\r\nc\n", "b\n", "x\ny\n", "a\r\nx\r\ny\r\nc\n"),
        ("a\vb\u2028c\n", "a\vb\u2028c\n", "d\n", "d\n"),
        ("a\n\n", "\n", "", ""),
        ("    a\n    b\n", "a\nb\n", "a\n  c\n", "    a\n      c\n"),
        ("a\n  b\n", "    a\n      b\n", "    a\n      c\n", "a\n  c\n"),
        ("  a\nx\n    a\n", "  a \n", "  b\n", "  b\nx\n    a\n"),
        ("a\n\n\nb\n", "a\nb\n", "c\n", "c\n"),
        ("x = 1; y = 2;\n", "y = 2;\n", "y = 3;\n", "x = 1; y = 3;\n"),
        ("b\nc\n", "a\n", "b\nc\n", "b\nc\n"),
    ],
)
def test_the_place_is_found_whatever_the_white_space(text: str, search: str, replace: str, expected: str) -> None:
    if search.strip():
        assert replace_once(text, search, replace) == expected


def test_a_new_beginning_may_be_short() -> None:
    before = b"body { margin: 2rem; }\n" * 100
    assert apply_changes({"a.css": before}, [File("a.css", "* { all: unset; }\n")]).files == {
        "a.css": b"* { all: unset; }\n"
    }


@pytest.mark.parametrize(
    ("text", "search"),
    [("a\na\n", "a\n"), ("  a\n    a\n", "a\n"), ("a\n\na\n", "a \n"), ("x a\ny b\nx a\n", "x a\n")],
)
def test_two_places_are_one_too_many(text: str, search: str) -> None:
    with pytest.raises(Mismatch, match="more than one place"):
        replace_once(text, search, "b\n")


@pytest.mark.parametrize(
    ("text", "search", "replace"),
    [
        ("a\n", "b\n", ""),
        ("a\n", "b\n", "\n"),
        ("a\n", "b\n", "c\n"),
        ("f() {\n  return 1;\n}\n", "f() {\n  return 1\n}\n", "}\n"),
        ("a {\n  color: navy;\n  margin: 1px;\n}\n", "  color: blue;\n  margin: 1px;\n", "  margin: 1px;\n"),
        ("let a = 10;\n", "let a = 1\n", "let a = 2\n"),
        ("accounts\n", "count\n", "total\n"),
    ],
)
def test_no_place_is_none(text: str, search: str, replace: str) -> None:
    with pytest.raises(Mismatch, match="does not match"):
        replace_once(text, search, replace)


@pytest.mark.parametrize(
    ("path", "before", "text"),
    [
        ("app.js", "one();\n" * 100, "one();\ntwo();\n"),
        ("index.html", "<!doctype html>\n<title>T</title>\n", "<title>Fixed</title>\n"),
        ("README.md", "# Sales\n" + "words " * 100, "- round 2\n"),
    ],
)
def test_a_snippet_does_not_take_the_place_of_a_file(path: str, before: str, text: str) -> None:
    applied = apply_changes({path: before.encode()}, [File(path, text)])
    assert applied.files == {path: before.encode()}
    assert "looks like only a part" in applied.complaints[0].text


@given(LINES, LINES, LINES, st.sampled_from(["\n", "\r\n"]))
def test_what_stands_around_the_place_stays_byte_for_byte(
    before: list[str], middle: list[str], after: list[str], end: str
) -> None:
    marked = [f"<{line}>" for line in middle]
    text = "".join(f"{line}{end}" for line in [*before, *marked, *after])
    result = (
        replace_once(text, "".join(f"{line}\n" for line in marked), "new\n") if text.count(marked[0]) == 1 else None
    )
    if result is not None:
        assert result == "".join(f"{line}{end}" for line in [*before, "new", *after])


@given(st.text(), st.text(), st.text())
def test_no_edit_makes_it_fail(text: str, search: str, replace: str) -> None:
    applied = apply_changes({"a": text.encode(errors="replace")}, [Edit("a", search, replace)])
    assert len(applied.complaints) + len(applied.done) == 1
