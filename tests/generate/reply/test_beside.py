"""Files that an answer names beside what is read of it."""

import pytest

from orchestrator.generate.reply.beside import find_left_out, unread_names
from orchestrator.generate.reply.reply import File, parse_reply

PAGE = """<!doctype html>
<html><head><link rel="stylesheet" href="style.css"></head><body><h1>Shop</h1>
<script src="app.js"></script></body></html>
"""


@pytest.mark.parametrize(
    "form",
    [
        '<\uff5cx\uff5carg name="path" string="true">style.css</\uff5cx\uff5carg>\nh1 { color: red; }\n',
        "=== style.css ===\nh1 { color: red; }\n",
        "--- BEGIN FILE: style.css ---\nh1 { color: red; }\n--- END FILE ---\n",
        "[FILE: style.css]\nh1 { color: red; }\n[/FILE]\n",
        "// ===== FILE: style.css =====\nh1 { color: red; }\n",
        "%%writefile style.css\nh1 { color: red; }\n",
        "<source>style.css</source>\n<text>\nh1 { color: red; }\n</text>\n",
        '<artifact identifier="x" title="style.css">\nh1 { color: red; }\n</artifact>\n',
        "- path: style.css\n  content: |\n    h1 { color: red; }\n",
        "style.css: |\n  h1 { color: red; }\n",
        "@'\nh1 { color: red; }\n'@ | Set-Content style.css\n",
        'open("style.css", "w").write("h1 { color: red; }")\n',
    ],
)
def test_a_file_in_a_form_that_is_not_understood_is_a_complaint_beside_a_page(form: str) -> None:
    reply = parse_reply(f"index.html\n{PAGE}\n{form}")
    assert reply.changes == (File("index.html", PAGE),)
    assert [complaint.path for complaint in reply.complaints] == ["style.css"]


@pytest.mark.parametrize(
    "form",
    [
        '{"path": "style.css", "content": "h1 {}"}\n',
        "```bash\ncat > style.css <<EOF\nh1 {}\nEOF\n```\n",
        "*** Begin Patch\n*** Add File: style.css\n+h1 {}\n*** End Patch\n",
        "**style.css**\n```css\nh1 {}\n```\n",
        'Then: <file path="style.css">\nh1 {}\n',
    ],
)
def test_a_file_in_another_form_beside_a_block_is_a_complaint(form: str) -> None:
    reply = parse_reply(f'<file path="index.html">\n{PAGE}</file>\n\n{form}')
    assert reply.changes == (File("index.html", PAGE),)
    assert [complaint.path for complaint in reply.complaints] == ["style.css"]


@pytest.mark.parametrize(
    "around",
    [
        "The page is complete. style.css and app.js stay as they are.\n{}",
        "{}\nI left:\n- style.css\n- app.js\n\nunchanged.",
        "{}\nRun python3 -m http.server and open index.html.\n",
        "It uses Chart.js 4.4.1 from cdn.jsdelivr.net.\n\n{}\nOpen it at example.com.\n",
        "Files:\n\nindex.html\nstyle.css\napp.js\n\n{}",
        "Files:\n```\nshop/\n├── index.html\n└── app.js\n```\n\n`index.html`\n```html\n{}```\n",
        "**index.html**\n```html\n{}```\nThe file `a.csv` is loaded with:\n\n```js\nfetch('a.csv')\n```\n",
        "Save it as shop.html:\n\n```html\n{}```\n",
        'Use `<file path="style.css">` later.\n\n{}',
        "{}\n## How it works\n\nThe button calls `add()`; see app.js\n",
    ],
)
def test_a_file_that_is_only_spoken_of_is_no_complaint(around: str) -> None:
    reply = parse_reply(around.replace("{}", PAGE))
    assert reply.changes == (File("index.html", PAGE),)
    assert reply.complaints == ()


def test_a_file_behind_the_page_in_one_fence_is_a_complaint() -> None:
    reply = parse_reply(f"```\n// index.html\n{PAGE}\n// README.md\n# Shop\n\n// style.css\nh1 {{}}\n```\n")
    assert reply.changes == (File("index.html", PAGE),)
    assert [complaint.path for complaint in reply.complaints] == ["README.md", "style.css"]


@pytest.mark.parametrize("quote", ["`", '"', "'"])
def test_a_page_in_a_text_of_code_is_no_page(quote: str) -> None:
    reply = parse_reply(f"write('index.html', {quote}{PAGE}{quote})")
    assert reply.changes == ()
    assert reply.complaints


@pytest.mark.parametrize(
    "unit", ["a.css\n", "path: a.css\n", '"path": "a.css", ', "<file path='a.css'>", "=== ", "a.", "`"]
)
def test_looking_takes_no_time(unit: str) -> None:
    text = unit * (300_000 // len(unit))
    find_left_out(text)
    unread_names(text, ())
