"""Answers in the forms of other tools: every file is right, or there is a complaint."""

import html

import pytest

from orchestrator.generate.reply.edits import apply_changes
from orchestrator.generate.reply.reply import Deletion, File, parse_reply
from tests.corpus.answers import ANSWERS, FILES


@pytest.mark.parametrize("form", ANSWERS)
def test_a_form_of_another_tool_is_read_whole(form: str) -> None:
    reply = parse_reply(ANSWERS[form])
    read = {change.path: change.text for change in reply.changes if isinstance(change, File)}
    assert reply.complaints == ()
    # Whether a newline ends a file is not plain where its closing tag follows on the same line.
    assert {path: text.rstrip("\n") for path, text in read.items()} == {
        path: text.rstrip("\n") for path, text in FILES.items()
    }
    assert not reply.is_cut


EDITED = [
    '{"name": "str_replace", "arguments": {"path": "style.css", "old_str": "h1 { color: red; }", "new_str": "h1 { }"}}',
    '{"tool": "edit", "args": {"filePath": "style.css", "oldString": "h1 { color: red; }", "newString": "h1 { }"}}',
    """{"name": "edit", "input": {"file_path": "style.css", "edits":
    [{"old_text": "h1 { color: red; }", "new_text": "h1 { }"}]}}""",
    """<invoke name="str_replace_editor">
<parameter name="command">str_replace</parameter>
<parameter name="path">style.css</parameter>
<parameter name="old_str">h1 { color: red; }</parameter>
<parameter name="new_str">h1 { }</parameter>
</invoke>""",
    """<replace_in_file>
<path>style.css</path>
<diff>
<<<<<<< SEARCH
h1 { color: red; }
=======
h1 { }
>>>>>>> REPLACE
</diff>
</replace_in_file>""",
    '<str_replace path="style.css">\n<old_str>h1 { color: red; }</old_str>\n<new_str>h1 { }</new_str>\n</str_replace>',
    """<edit_file path="style.css">\n<edits>\n<old_text>\nh1 { color: red; }\n</old_text>
<new_text>\nh1 { }\n</new_text>\n</edits>\n</edit_file>""",
    """{"name": "replace_file_content", "arguments": {"TargetFile": "style.css",
    "ReplacementChunks": [{"TargetContent": "h1 { color: red; }", "ReplacementContent": "h1 { }"}]}}""",
    """{"name": "MultiEdit", "input": {"path": "style.css",
    "edits": "[{\\"old_string\\": \\"h1 { color: red; }\\", \\"new_string\\": \\"h1 { }\\"}]"}}""",
    "*** Begin Patch\n*** Update File: style.css\n@@\n-h1 { color: red; }\n+h1 { }\n p { color: blue; }\n*** End Patch",
    """<edit path="style.css">
*** Begin Patch
*** Update File: style.css
@@ h1
-h1 { color: red; }
+h1 { }
*** End Patch
</edit>""",
    '<file path="style.css">\n<<<<<<< ORIGINAL\nh1 { color: red; }\n=======\nh1 { }\n>>>>>>> UPDATED\n</file>',
    "style.css\n```css\n<<<<<<< OLD\nh1 { color: red; }\n=======\nh1 { }\n>>>>>>> NEW\n```",
]


@pytest.mark.parametrize("answer", EDITED)
def test_an_edit_in_a_form_of_another_tool_changes_only_its_lines(answer: str) -> None:
    reply = parse_reply(answer)
    applied = apply_changes({"style.css": b"h1 { color: red; }\np { color: blue; }\n"}, reply.changes)
    assert (reply.complaints, applied.complaints) == ((), ())
    assert applied.files == {"style.css": b"h1 { }\np { color: blue; }\n"}


@pytest.mark.parametrize(
    "answer",
    [
        '{"name": "delete_file", "arguments": {"path": "old.css"}}',
        '<dyad-delete path="old.css"></dyad-delete>',
        "<delete_file>\n<path>old.css</path>\n</delete_file>",
        "*** Begin Patch\n*** Delete File: old.css\n*** End Patch",
    ],
)
def test_a_file_is_deleted_in_a_form_of_another_tool(answer: str) -> None:
    assert parse_reply(answer).changes == (Deletion("old.css"),)


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        ('{"name": "insert", "arguments": {"path": "a.js", "insert_line": 3, "new_str": "x"}}', "a.js: the block adds"),
        ("<append_to_file>\n<path>a.js</path>\n<content>\nx\n</content>\n</append_to_file>", "a.js: the block adds"),
        ('<img-file path="a.js"/>', "a.js: the block is a tag without content"),
        (
            '<tool_call>\n{"name": "w", "arguments": {"path": "a.js", "content": "say "no""}}\n</tool_call>',
            "invalid JSON",
        ),
        ('<tool_call>\n{"name": "w", "arguments": {"path": "a.js", "content": "const a', "has no end"),
        (
            '{"name": "w", "args": {"path": "b.js", "content": "b"}}\n{"name": "w", "args": {"path": "a.js", "co',
            "a.js",
        ),
        (
            '<lov-line-replace file_path="a.js" first_replaced_line="2">\nx\n</lov-line-replace>',
            "a.js: the block moves the file, or edits lines by number",
        ),
        ('<dyad-rename from="a.js" to="b.js"></dyad-rename>', "a.js: the block moves"),
        ('{"name": "w", "arguments": {"path": "a.js", "start_line": 2, "content": "x"}}', "a.js: the block adds"),
        ("cat >> a.js <<'EOF'\nx\nEOF", "a.js: the block appends lines to the file"),
        ('{"files": [{"path": "a.js", "content": "let a', "a.js: the block has no end"),
        ("<write_to_file>\n<path>a.js</path>\n<content>\nconst a", "a.js: the block has no end"),
        ("*** Begin Patch\n*** Add File: a.js\nconst a;\n*** End Patch", "lines without `+`"),
        ("*** Begin Patch\n*** Update File: a.js\n*** Move to: b.js\n@@\n-a\n+b\n*** End Patch", "moves the file"),
        ("*** Begin Patch\n*** Update File: a.js\n@@\n-a\n+b\n", "has no end"),
        ("*** Begin Patch\n*** Update File: a.js\n@@\n-a\n+b\nso far\n*** End Patch", "has lines without a sign"),
        ("cat > a.js <<'EOF'\nconst a", "has no end"),
        (
            '<file path="b.js">\nb\n</file>\n\n**a.js**\n\n```js\nconst a = 1;\n```',
            "a.js: it was sent in a code fence outside the blocks",
        ),
        (
            "cat > b.js <<'EOF'\nb\nEOF\n\n**a.js**\n\n```js\nconst a = 1;\n```",
            "a.js: it was sent in a code fence outside the blocks",
        ),
    ],
)
def test_what_cannot_be_read_is_a_complaint_that_names_the_file(answer: str, part: str) -> None:
    reply = parse_reply(answer)
    assert any(part in complaint.text for complaint in reply.complaints)
    assert "a.js" not in [change.path for change in reply.changes]


PAGE = """<!doctype html>
<html lang="en">
<body>
<my-card path="a.csv"></my-card>
<x-y
 path="b.csv"></x-y>
</body>
</html>
"""


@pytest.mark.parametrize(
    "answer", [PAGE, f"Here it is:\n\n```html\n{PAGE}```\n", f'<file path="index.html">\n{PAGE}</file>']
)
def test_an_element_of_a_page_that_names_a_file_is_part_of_the_page(answer: str) -> None:
    reply = parse_reply(answer)
    assert reply.changes == (File("index.html", PAGE),)
    assert reply.complaints == ()


def test_a_component_in_a_code_fence_is_no_block() -> None:
    code = 'export const App = () => (\n  <Route path="about.html">\n  </Route>\n);\n'
    assert parse_reply(f"**app.jsx**\n\n```jsx\n{code}```\n").changes == (File("app.jsx", code),)


HTML = "<!doctype html>\n<html><body><h1>Shop</h1></body></html>\n"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("package.json", '{"name": "shop", "version": "1.0.0"}\n'),
        ("site.webmanifest", '{\n  "name": "shop",\n  "start_url": "index.html"\n}\n'),
        ("data/files.json", '[{"name": "a.txt", "content": "x"}]\n'),
        ("App.jsx", 'export const App = () => (\n  <Route path="about.html">\n  </Route>\n);\n'),
        (".github/workflows/a.yml", "run: |\n  cat > a.txt <<EOF\n  hi\n  EOF\n"),
        ("run.sh", "#!/bin/sh\ncat > a.txt <<EOF\nhi\nEOF\n"),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_a_named_fence_holds_its_file_whatever_that_looks_like(path: str, text: str, *, first: bool) -> None:
    fences = [f"**{path}**\n\n```\n{text}```\n", f"**index.html**\n\n```html\n{HTML}```\n"]
    reply = parse_reply("\n".join(fences if first else fences[::-1]))
    assert reply.complaints == ()
    assert {change.path: change.text for change in reply.changes if isinstance(change, File)} == {
        path: text,
        "index.html": HTML,
    }


@pytest.mark.parametrize(
    "form",
    [
        "<write_to_file>\n<path>index.html</path>\n<content>\n{}</content>\n</write_to_file>",
        '<boltAction type="file" filePath="index.html">\n{}</boltAction>',
        '<file path="index.html">\n{}</file>',
    ],
)
def test_a_page_that_shows_thoughts_is_whole(form: str) -> None:
    page = "<!doctype html>\n<html><body>\n<x-box>\n<think>\nhm\n</think>\n</x-box>\n</body></html>\n"
    reply = parse_reply(form.replace("{}", page))
    assert reply.changes == (File("index.html", page),)


def test_what_is_said_to_be_base64_and_is_none_is_a_complaint() -> None:
    reply = parse_reply('{"path": "a.js", "content": "go();", "encoding": "base64"}')
    assert reply.changes == ()
    assert "a.js: the block is declared as base64" in reply.complaints[0].text


@pytest.mark.parametrize("fence", ["```", "~~~"])
def test_a_markdown_file_in_a_bare_fence_ends_where_the_next_name_stands(fence: str) -> None:
    files = {"notes.md": "Three plain words\n", "shape.svg": "<svg/>\n", "LICENSE": "MIT\n", "facts.json": '{"n": 1}\n'}
    answer = "\n".join(f"**{path}**\n\n{fence}\n{text}{fence}\n" for path, text in files.items())
    assert {change.path: change.text for change in parse_reply(answer).changes if isinstance(change, File)} == files


def test_an_answer_whose_page_is_escaped_is_escaped_throughout() -> None:
    files = {"index.html": HTML, "app.js": "if (a && 1 < 2) go();\n"}
    escaped = (f'<file path="{path}">\n{html.escape(text)}</file>\n' for path, text in files.items())
    assert parse_reply("".join(escaped)).changes == tuple(File(path, text) for path, text in files.items())
    kept = File("app.js", "s.replace(/&/g, '&amp;');\n")
    assert parse_reply(f'<file path="app.js">\n{kept.text}</file>\n').changes == (kept,)


@pytest.mark.parametrize(
    "answer",
    [
        '{"name": "MultiEdit", "input": {"path": "style.css", "edits": "none"}}',
        '{"name": "MultiEdit", "input": {"path": "style.css", "edits": "{}"}}',
        '{"name": "read_file", "input": {"path": "style.css"}}',
        "cat <<'EOF'\nhello\nEOF\n",
        '{"name": "shop", "version": "1"} and more',
    ],
)
def test_a_call_that_changes_no_file_changes_none(answer: str) -> None:
    assert parse_reply(answer).changes == ()


def test_lines_that_are_cited_are_no_file() -> None:
    assert parse_reply("```2:2:app.js\nlet b = 20;\n```").changes == ()


def test_a_tree_of_files_in_a_bare_fence_stays_in_its_readme() -> None:
    body = "# Shop\n\n```\nindex.html\napp.js\n```\n\nRun it.\n"
    answer = f"**README.md**\n\n```\n{body}```\n\n**app.js**\n\n```js\ngo();\n```\n"
    assert parse_reply(answer).changes == (File("README.md", body), File("app.js", "go();\n"))


@pytest.mark.parametrize("answer", ["```html\n{}```\nDone.", "{}Done.", "<answer>{}</answer>"])
def test_a_page_whose_end_is_not_at_the_end_of_a_line_is_not_cut(answer: str) -> None:
    page = "<!doctype html>\n<html><body><h1>Shop</h1></body></html>"
    assert not parse_reply(answer.replace("{}", page)).is_cut


@pytest.mark.no_cover
@pytest.mark.parametrize(
    "unit", ['<a path="a.js">', "<x><path>a.js</path>", "*** Add File: a\n", "cat > a <<E\n", '{"path": "a.js", ']
)
def test_many_wrappers_come_to_an_end(unit: str) -> None:
    parse_reply(unit * (100_000 // len(unit)))
