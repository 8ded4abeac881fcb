"""How much a file holds, in every way that people count."""

import pytest

from orchestrator.verify.sentences.counting import UNITS, json_text, judge_count, parse_headings
from orchestrator.verify.sentences.numbers import Bound

MARKDOWN = b"""# One

Text. More (e.g. this) here!

- a
  - b
1. c

```
# none
```

Two
---
"""


@pytest.mark.parametrize(
    ("name", "data", "unit", "seen"),
    [
        ("a.txt", "one — two - don't".encode(), "word", "5 or 3 words"),
        ("a.txt", b"a\n\nb\n", "line", "3 or 2 lines"),
        ("a.txt", b"One. Two! Three?", "sentence", "3 sentences"),
        ("a.txt", b"Dr. Who came. And left", "sentence", "3 or 2 sentences"),
        ("a.txt", b"", "sentence", "0 sentences"),
        ("a.txt", b" ab\n", "character", "4 or 2 characters"),
        ("a.txt", b"ab", "byte", "2 bytes"),
        ("a.txt", b"x" * 2500, "kb", "2 or 3 kb"),
        ("a.md", b"# T\n\nOne\ntwo\n\nThree", "paragraph", "3 or 2 paragraphs"),
        ("a.md", MARKDOWN, "heading", "2 or 1 headings"),
        ("a.md", MARKDOWN, "bullet point", "3 or 2 bullet points"),
        ("a.md", MARKDOWN, "item", "3 or 2 items"),
        ("a.md", MARKDOWN, "code block", "1 code block"),
        ("a.md", b"[a](b) <c>\n\n[d]: e\n", "link", "2 links"),
        ("a.html", b"<h1>a</h1><h3>b</h3>", "heading", "2 headings"),
        ("a.html", b"<ul><li>a<li>b</ul><a href=x>", "list item", "2 list items"),
        ("a.html", b"<a href=x>x</a>", "link", "1 link"),
        ("a.json", b"[1, 2]", "entry", "2 entries"),
        ("a.json", b'{"list": [1, 2, 3]}', "entry", "1 or 3 entries"),
        ("a.json", b'{"a": 1}', "key", "1 key"),
        ("a.yaml", b"- 1\n- 2\n", "item", "2 items"),
        ("a.csv", b"a,b\n1,2\n", "row", "1 or 2 rows"),
        ("a.csv", b"1,2\n3,4\n", "record", "2 records"),
        ("a.csv", b"a,b\n1,2\n", "data row", "1 data row"),
        ("a.csv", b"a,b\n1,2\n", "column", "2 columns"),
        ("a.csv", b"a,b\n1,2\n", "item", "1 or 2 items"),
    ],
)
def test_a_file_is_counted(name: str, data: bytes, unit: str, seen: str) -> None:
    found = judge_count(name, data, unit, Bound(0, 10_000))
    assert found.holds is True
    assert found.seen == f"`{name}` has {seen}"


def test_two_ways_of_counting_that_disagree_leave_it_open() -> None:
    assert judge_count("a.txt", b"a\n\nb\n", "line", Bound(2, 2)).holds is None
    assert judge_count("a.txt", b"a\n\nb\n", "line", Bound(2, 2, is_open=True)).holds is False
    assert judge_count("a.txt", b"a\n\nb\n", "line", Bound(2, 3)).holds is True


@pytest.mark.parametrize(
    ("name", "data", "unit"), [("a.json", b"3", "item"), ("a.json", b"[]", "key"), ("a.json", b"{", "key")]
)
def test_what_has_no_entries_fails(name: str, data: bytes, unit: str) -> None:
    assert judge_count(name, data, unit, Bound(0)).holds is False


def test_headings_of_both_kinds_are_found_at_once_however_long_a_line_is() -> None:
    assert parse_headings("# A #\nB\n=\n\n---\n#no\n####### no\n- x\n---\n") == [(1, "A"), (1, "B")]
    assert parse_headings("# " + " " * 200_000 + "x " + "#" * 200_000) == [(1, "x")]
    assert parse_headings(("-" * 100_000 + "\n") * 3)[:1] == [(2, "-" * 100_000)]


def test_units_have_a_form_for_many() -> None:
    assert UNITS["entries"] == "entry"
    assert UNITS["keys"] == "key"
    assert json_text("x" * 100) == '"' + "x" * 78 + "…"
