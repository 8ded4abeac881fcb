"""From a model's answer to files. Whatever it says, half a file is never taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.generate.reply.reply import parse
from orchestrator.paths import path_problem


def block(path: str, body: str) -> str:
    return f'<file path="{path}">\n{body}</file>\n'


def test_blocks_become_files_and_what_stands_around_them_is_left_out() -> None:
    reply = parse(
        "Sure! Here it is:\n\n" + block("index.html", "<h1>x</h1>\n") + block("js/app.js", "go()\n") + "Enjoy!"
    )
    assert reply.files == {"index.html": "<h1>x</h1>\n", "js/app.js": "go()\n"}
    assert reply.complaints == ()


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ('<file path="a.txt">\n</file>', {"a.txt": ""}),
        ('  <file path="a.txt"> \nx\n  </file>  ', {"a.txt": "x\n"}),
        ('<file path="./a.txt">\nx\n</file>', {"a.txt": "x\n"}),
        ('<file path="/a.txt">\nx\n</file>', {"a.txt": "x\n"}),
        ('\ufeff<file path="a.txt">\r\nx\r\n</file>\r\n', {"a.txt": "x\n"}),
        ('<file path="a.txt">\nsay </file> here\n</file>', {"a.txt": "say </file> here\n"}),
        ('<file path="a.html">\n```html\n<p>\n```\n</file>', {"a.html": "<p>\n"}),
        ('<file path="a.md">\n```html\n<p>\n```\n</file>', {"a.md": "```html\n<p>\n```\n"}),
        ('<file path="a.js">\nlet a = `\n```\n`\n</file>', {"a.js": "let a = `\n```\n`\n"}),
        ("```html index.html\n<p>\n```", {"index.html": "<p>\n"}),
        ('~~~js path="js/a.js"\nx\n~~~', {"js/a.js": "x\n"}),
        (block("a.txt", "one\n") + block("a.txt", "two\n"), {"a.txt": "two\n"}),
    ],
)
def test_forms_that_models_use_are_understood(text: str, files: dict[str, str]) -> None:
    assert parse(text).files == files


@pytest.mark.parametrize(
    "text",
    [
        '<file path="index.html">\n<h1>half',
        '<file path="index.html">\n<h1>half\n<file path="app.js">\ngo()\n</file>',
        block("app.js", "go()\n") + '<file path="index.html">\n<h1>half',
        '<file path="index.html">\n<h1>half</file>',
    ],
)
def test_a_block_that_does_not_end_is_a_complaint_and_no_file(text: str) -> None:
    reply = parse(text)
    assert "index.html" not in reply.files
    assert "'index.html' does not end" in reply.complaints[0]


@pytest.mark.parametrize("text", ["", "I cannot help with that.", "```html\n<p>\n```", "<file>\nx\n</file>", "{}"])
def test_an_answer_without_files_says_so(text: str) -> None:
    reply = parse(text)
    assert reply.files == {}
    assert "no complete" in reply.complaints[-1]


@pytest.mark.parametrize(
    "path",
    [
        "../up.html",
        "a/../b",
        "C:\\x",
        "CNAME",
        "LICENSE",
        "pagewright.json",
        ".git/config",
        ".github/x.yml",
        "%2e%2e/x",
    ],
)
def test_a_name_that_is_not_the_models_to_write_is_left_out_with_the_reason(path: str) -> None:
    reply = parse(block("index.html", "x\n") + block(path, "evil\n"))
    assert list(reply.files) == ["index.html"]
    assert "was left out" in reply.complaints[0]


def test_half_a_surrogate_pair_does_not_stop_the_file_from_being_written() -> None:
    reply = parse(block("a.html", "\ud83d x\n"))
    assert reply.files["a.html"].encode() == b"? x\n"


PIECES = st.sampled_from(
    [
        '<file path="a.html">',
        '<file path="../b">',
        "</file>",
        "```",
        "~~~",
        "html index.html",
        "\n",
        "\r\n",
        "x",
        " ",
        "\ud800",
        '"',
    ]
)


@given(st.lists(PIECES, max_size=40).map("".join) | st.text())
def test_no_answer_makes_it_fail_and_every_file_may_be_written(text: str) -> None:
    reply = parse(text)
    assert all(path_problem(path) is None for path in reply.files)
    assert all(body.encode() or not body for body in reply.files.values())
    assert reply.files or reply.complaints
