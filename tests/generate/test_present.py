"""What a model that shall change a site sees of it."""

import pytest

from orchestrator.core.task import Check, Task
from orchestrator.generate.present import decode_utf8, render_present_files

TASK = Task(task="t", round=2, nonce="n", brief="Change theme.css.", checks=(Check(text="go() in lookup.js"),))


def names(shown: str) -> list[str]:
    return [line.split('"')[1] for line in shown.splitlines() if line.startswith("<file ")]


def test_the_most_relevant_files_come_first() -> None:
    files = {
        "a.js": b"1",
        "README.md": b"# T",
        "z/loaded.js": b"3",
        "theme.css": b"4",
        "lookup.js": b"55",
        "index.html": b'<script src="./z/loaded.js"></script>' + b" " * 99,
    }
    shown = render_present_files(files, (), TASK, 1_000)
    assert names(shown) == ["index.html", "theme.css", "lookup.js", "z/loaded.js", "README.md", "a.js"]


def test_what_a_model_may_not_write_is_not_shown() -> None:
    files = {"index.html": b"x", "LICENSE": b"MIT", "pagewright.json": b"{}", ".nojekyll": b""}
    assert render_present_files(files, (), TASK, 1_000) == '<file path="index.html">\nx\n</file>'


def test_what_is_no_text_too_large_or_an_attachment_is_named_with_its_size() -> None:
    files = {"index.html": b"x\n", "a.bin": b"\0", "big.js": b"b" * 99, "data.csv": b"a,b\n", "s.css": b"s"}
    assert render_present_files(files, {"data.csv"}, TASK, 50).splitlines() == [
        '<file path="index.html">',
        "x",
        "</file>",
        "(a.bin, 1 bytes: not text)",
        '<file path="s.css">',
        "s",
        "</file>",
        "(data.csv, 4 bytes: an attachment)",
        "(big.js, 99 bytes: too large to show)",
    ]


@pytest.mark.parametrize("data", [b"\xff\xfe", b"a\0b", b"\x80"])
def test_what_is_not_text_is_none(data: bytes) -> None:
    assert decode_utf8(data) is None


def test_a_byte_order_mark_is_no_text() -> None:
    assert decode_utf8("\ufeffä".encode()) == "ä"
