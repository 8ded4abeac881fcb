"""From a model's answer to files. Whatever it says, half a file is never taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.paths import form_problem
from orchestrator.generate.reply.reply import File, parse_reply


def files(text: str) -> dict[str, str]:
    return {change.path: change.text for change in parse_reply(text).changes if isinstance(change, File)}


def block(path: str, body: str) -> str:
    return f'<file path="{path}">\n{body}</file>\n'


def test_blocks_become_files_and_what_stands_around_them_is_left_out() -> None:
    text = "Sure! Here it is:\n\n" + block("index.html", "<h1>x</h1>\n") + block("js/app.js", "go()\n") + "Enjoy!"
    assert files(text) == {"index.html": "<h1>x</h1>\n", "js/app.js": "go()\n"}
    assert parse_reply(text).complaints == ()


@pytest.mark.parametrize(
    ("text", "expected"),
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
def test_forms_that_models_use_are_understood(text: str, expected: dict[str, str]) -> None:
    assert files(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        '<file path="index.html">\n<h1>half',
        '<file path="index.html">\n<h1>half\n<file path="app.js">\ngo()\n</file>',
        block("app.js", "go()\n") + '<file path="index.html">\n<h1>half',
    ],
)
def test_a_block_that_does_not_end_is_a_complaint_and_no_file(text: str) -> None:
    assert "index.html" not in files(text)
    assert "index.html: the block has no end" in parse_reply(text).complaints[0].text


@pytest.mark.parametrize("text", ["", "I cannot help with that.", "```html\n<p>\n```", "<file>\nx\n</file>", "{}"])
def test_an_answer_without_files_has_no_changes(text: str) -> None:
    assert parse_reply(text).changes == ()


@pytest.mark.parametrize(
    "path",
    [
        "../up.html",
        "a/../b",
        "C:\\x",
        "%2e%2e/x",
    ],
)
def test_a_name_that_leads_elsewhere_is_left_out_with_the_reason(path: str) -> None:
    text = block("index.html", "x\n") + block(path, "evil\n")
    assert list(files(text)) == ["index.html"]
    assert "was left out" in parse_reply(text).complaints[0].text


def test_half_a_surrogate_pair_does_not_stop_the_file_from_being_written() -> None:
    assert files(block("a.html", "\ud83d x\n"))["a.html"].encode() == b"? x\n"


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
    for path, body in files(text).items():
        assert form_problem(path) is None
        assert body.encode() or not body


@pytest.mark.no_cover
@pytest.mark.parametrize(
    "piece",
    ["`", "```\n", " ", "[", '{"files":[', "<file ", '<file path="a">\n', "<<<<<<< SEARCH\n", "a b c. ", "<think>"],
)
def test_much_of_the_same_comes_to_an_end(piece: str) -> None:
    much = piece * (100_000 // len(piece))
    for text in (much, f"{block('a.js', much + 'x')}"):
        assert all(form_problem(change.path) is None for change in parse_reply(text).changes)


def test_a_closing_tag_far_behind_is_that_of_its_argument() -> None:
    text = "<write>\n<path>a.js</path>\n<content>\na </content> b\n</content>\n</write>\n"
    assert parse_reply(text).changes == (File("a.js", "a </content> b\n"),)


def test_arguments_that_never_end_are_not_read_again_and_again() -> None:
    answer = parse_reply("<x>\n<content>\n" * 200 + '<file path="a.js">\na();\n</file>\n')
    assert answer.changes == (File("a.js", "a();\n"),)


def test_patches_within_patches_are_not_read_without_end() -> None:
    text = "x"
    for _ in range(3):
        text = "\n".join(
            ["*** Begin Patch", "*** Add File: a.js", *(f"+{line}" for line in text.split("\n")), "*** End Patch"]
        )
    answer = parse_reply(text)
    assert answer.changes == ()
    assert "markers" in answer.complaints[0].text


def test_what_no_page_shows_does_not_end_it() -> None:
    page = "<!doctype html>\n<script>'</html>'</script>\n<!-- </html> -->\n<p>x</p>\n</html>\n"
    assert parse_reply(f'<file path="index.html">\n{page}').changes == (File("index.html", page),)
    open_ = "<!doctype html>\n<script><!-- <script> x\n</html>\n"
    assert parse_reply(f'<file path="index.html">\n{open_}').is_cut is False


def test_a_command_ends_at_its_own_word_alone() -> None:
    text = "cat > a.txt <<-EOF\nEOF x\n\tEOF2\n\tEOF\ncat > b.txt <<EOF\n\tEOF\nEOF\n"
    assert parse_reply(text).changes == (File("a.txt", "EOF x\n\tEOF2\n"), File("b.txt", "\tEOF\n"))


def test_more_widths_of_fences_than_anybody_nests_are_read_as_plain_ones() -> None:
    widths = ["`" * width for width in range(3, 13)]
    text = "".join(f"{fence}md f{len(fence)}.md\n{fence}\na\n{fence}\n{fence}\n\n" for fence in widths)
    paths = [change.path for change in parse_reply(text).changes]
    assert paths[:8] == [f"f{width}.md" for width in range(3, 11)]


def test_a_page_whose_indentation_was_taken_away_is_not_named_as_left_out() -> None:
    page = "<!doctype html>\n<p>x</p>\n</html>"
    indented = "\n".join(f"  {line}" for line in page.split("\n"))
    answer = parse_reply(f"  ```html\n{indented}\n  ```\n\n=== style.css ===\nbody {{}}\n")
    assert [change.path for change in answer.changes] == ["index.html"]
    assert [complaint.path for complaint in answer.complaints] == ["style.css"]
