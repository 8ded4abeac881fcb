"""Answers that were cut off, and how they go on."""

import pytest

from orchestrator.generate.reply.cut import TAIL, answer_tail, is_loop, join_continuation

BEGUN = '<file path="app.js">\nconst total = sum(rows);\nconst label = docu'
REST = 'ment.querySelector("label");\n</file>\n'


@pytest.mark.parametrize(
    "more",
    [
        REST,
        "const label = docu" + REST,
        "const total = sum(rows);\nconst label = docu" + REST,
        "Continuing from where I stopped:\n\n" + REST,
        "```js\n" + REST,
        "Sure, here is the rest.\n```\nconst label = docu" + REST,
        '<file path="app.js">\nconst total = sum(rows);\nconst label = docu' + REST,
        "I'll continue from where I left off:\n\n" + REST,
        "**Continuing…**\n" + REST,
        "   const label = docu" + REST,
        "\ufeff" + REST.replace("\n", "\r\n"),
    ],
)
def test_a_continuation_is_joined_without_a_seam(more: str) -> None:
    assert join_continuation(BEGUN, more) == BEGUN + REST


def test_half_a_word_is_not_said_twice() -> None:
    assert join_continuation("a {\n  marg", "  margin: 0;\n}\n") == "a {\n  margin: 0;\n}\n"
    assert join_continuation("<p>\n  <h1", "<h1>Title</h1>\n") == "<p>\n  <h1>Title</h1>\n"


def test_what_comes_after_a_whole_block_begins_on_a_line_of_its_own() -> None:
    whole = '<file path="a.js">\none();\n</file>'
    assert join_continuation(whole, "That was everything.") == f"{whole}\nThat was everything."
    assert join_continuation(whole + "\n", '<file path="b.js">\n') == f'{whole}\n<file path="b.js">\n'


def test_a_fence_within_a_page_is_none() -> None:
    assert join_continuation('<file path="index.html">\n<p>a</p>\n', "```html\n<p>b</p>\n") == (
        '<file path="index.html">\n<p>a</p>\n<p>b</p>\n'
    )


def test_a_block_that_begins_again_stands_below_what_was_cut() -> None:
    again = '<file path="app.js">\nlet all = new_code();\n</file>\n'
    assert join_continuation(BEGUN, again) == f"{BEGUN}\n{again}"
    assert join_continuation(BEGUN + "\n", again) == f"{BEGUN}\n{again}"


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("  }\n}\n", "}\n"),
        ("<td>1</td>\n", "<td>1</td>\n"),
        ('<file path="README.md">\n# Use\n\n', "```sh\nmake\n```\n\nThen open it.\n</file>\n"),
        ("Is it\n", "here\nor there\n"),
        ("say ", "sure thing.\nyes\n"),
        ('x = "Good', 'Sorry, we are closed.\n";\n'),
        ("      <td>0</td>\n", "      <td>0</td>\n      <td>1</td>\n"),
        ("", "x"),
    ],
)
def test_what_only_looks_like_a_repetition_is_kept(text: str, more: str) -> None:
    assert join_continuation(text, more) == text + more


@pytest.mark.parametrize(
    "text",
    [
        "<ul>\n" + "<li>again and again</li>\n" * 100,
        "x" + "ab" * 1_000,
        "start\n" + "".join(f"line {number}\n" for number in range(40)) * 8,
    ],
)
def test_what_goes_round_in_circles_is_a_loop(text: str) -> None:
    assert is_loop(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a" * 5_000,
        " " * 5_000,
        "".join(f"<li>row {number}</li>\n" for number in range(1_000)),
        "<li>again</li>\n" * 5,
        "}\n" * 40,
        "<li>again and again</li>\n" * 100 + "</ul>\n<p>Done.</p>",
    ],
)
def test_what_ends_or_changes_is_none(text: str) -> None:
    assert not is_loop(text)


def test_the_tail_is_the_last_whole_lines() -> None:
    assert answer_tail("one\ntwo") == "one\ntwo"
    long = "\n".join(f"line {number}" for number in range(200))
    assert answer_tail(long).endswith("line 198\nline 199")
    assert answer_tail(long).startswith("line ")
    assert len(answer_tail(long)) <= TAIL
    assert answer_tail("x" * 999) == "x" * TAIL
    assert answer_tail("x" * 999 + "\n") == "x" * (TAIL - 1) + "\n"
