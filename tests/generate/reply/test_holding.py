"""What a file may hold, and answers whose wrappers ended up in their files."""

import pytest

from orchestrator.generate.reply.holding import content_problem, without_strays
from orchestrator.generate.reply.reply import File, parse_reply

HEAD = '<!doctype html>\n<html lang="en">\n<head><title>Shop</title></head>\n'
PAGE = f"{HEAD}<body><h1>Shop</h1></body>\n</html>\n"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("index.html", PAGE.rstrip() + '</file><file path="README.md"># Shop'),
        ("index.html", PAGE + '<dyad-write path="about.html">\n' + PAGE),
        ("index.html", PAGE + PAGE),
        ("index.html", PAGE + "And that is the page."),
        ("index.html", PAGE + "<p>more</p>"),
        ("index.html", f'<boltAction type="file" filePath="index.html">{PAGE}'),
        ("app.js", 'const a = 1;\n<file path="b.js">\nconst b = 2;\n'),
        ("app.js", "const a = 1;\n</content>\nconst b = 2;\n"),
        ("app.js", "const a = 1;\n</invoke>\n</function_calls>\n"),
        ("style.css", "<<<<<<< ORIGINAL\nh1 { color: red; }\n=======\nh1 { color: blue; }\n>>>>>>> UPDATED\n"),
        ("style.css", "h1 {}\n<<<<<<< HEAD\np {}\n=======\nb {}\n>>>>>>> theirs\n"),
        ("app.js", "*** Begin Patch\n*** Update File: app.js\n-a\n+b\n*** End Patch\n"),
        ("app.js", "@@ -1,2 +1,2 @@\n a\n"),
        ("README.md", "# Shop\n</file>\nmore\n"),
        ("app.js", "@@ function a()\n-a\n+b\n"),
        ("style.css", "  <<<<<<< theirs\n  h1 {}\n  >>>>>>> ours\n"),
        ("style.css", 'h1 {}</file><file path="app.js">go();\n'),
        ("logo.svg", '<svg xmlns="x"></svg></file><file path="app.js">go();'),
        ("index.html", PAGE.replace("<h1>", "</artifact-entry><h1>")),
        ("app.py", "go()\n</create_file>\nnext\n"),
        ("index.html", PAGE.replace("<h1>", "<script>\n<<<<<<< HEAD\na()\n=======\nb()\n>>>>>>> main\n</script><h1>")),
        ("app.js", 'const a = 1;\n<dyad-write path="b.js">\nconst b = 2;\n</dyad-write>\n'),
    ],
)
def test_a_file_that_was_misread_is_refused(path: str, text: str) -> None:
    assert content_problem(path, text)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("index.html", PAGE),
        ("index.html", f"{PAGE}<!-- built by hand -->\n"),
        ("index.html", HEAD + "<body><svg><path d='M0 0'/></svg><input name='file'></body></html>"),
        (
            "index.html",
            HEAD + "<body><script>w.document.write('<!doctype html><p>x</p></html>')</script></body></html>",
        ),
        ("index.html", HEAD + '<body><pre>&lt;file path="a"&gt;</pre></body></html>'),
        ("index.html", "<h1>Shop</h1>"),
        ("app.js", "const all = [...a, ...b]; if (a << 7 > b) {}\n"),
        ("app.js", 'html = `<a href="${path}" title="x">`;\n'),
        ("README.md", '# Shop\n\n```html\n<file path="a.md">\n</file>\n```\n'),
        ("notes.txt", "say </file> here\n"),
        ("README.md", "Title\n=======\n\ntext\n"),
        ("README.md", "# Shop\n\n````md\n```\n</file>\n```\n````\n"),
        ("app.js", 'const xml = `\n  <file path="a.md">\n  </file>\n`;\n'),
        ("app.js", "const end = `\n</file>\n`;\n"),
        ("index.html", PAGE.replace("<h1>", "</div><my-map path='a.json'></my-map><img-box path='a.png'/><h1>")),
        ("map.svg", '<svg><textPath path="M0 0"/><g><animateMotion path="M 0 0 L 1.5"></animateMotion></g></svg>'),
        ("feed.xml", "<entry><content>x</content></entry>"),
        ("index.html", PAGE.replace("<h1>", "<iframe srcdoc='<!doctype html><html><p>x</p></html>'></iframe><h1>")),
        ("index.html", PAGE.replace("<h1>", '<b data-code="\n<!doctype html></html>"></b><h1>')),
        ("git.html", PAGE.replace("<h1>", "<pre>\n<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> main\n</pre><h1>")),
        ("diff.html", PAGE.replace("<h1>", "<textarea>\n@@ -1 +1 @@\n-a\n+b\n</textarea><h1>")),
        ("app.js", "const sample = `\n<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> main\n`;\n"),
        ("fix.patch", "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"),
        ("App.svelte", '<script>\nlet a;\n</script>\n<Card path="a.json">\n<h1>x</h1>\n</Card>\n'),
        ("App.jsx", 'const all = (\n<Route path="a.html" element={<A/>}>\n<B/>\n</Route>\n);\n'),
        ("make.py", 'XML = """\n<file path="a.js">\n</file>\n"""\n'),
    ],
)
def test_a_file_that_is_one_counts(path: str, text: str) -> None:
    assert content_problem(path, text) == ""


def test_closing_tags_of_a_wrapper_behind_the_end_are_cut_off() -> None:
    strays = '</content>\n<parameter name="i">Write the shop page</parameter>\n'
    assert without_strays("index.html", PAGE + strays) == PAGE
    assert without_strays("README.md", "# Shop\n</content>\n") == "# Shop\n"
    assert without_strays("index.html", PAGE) == PAGE
    assert without_strays("README.md", "# Shop") == "# Shop"


def test_blocks_glued_on_one_line_are_never_one_page() -> None:
    reply = parse_reply(
        f'<file path="index.html">{PAGE.rstrip()}</file><file path="README.md"># Shop\n\nA shop.</file>'
    )
    assert all(not isinstance(change, File) or change.text.count("Shop") < 3 for change in reply.changes)
    assert reply.complaints or len(reply.changes) == 2


def test_several_pages_in_foreign_tags_are_never_one_page() -> None:
    reply = parse_reply(
        f'<dyad-write path="index.html">\n{PAGE}</dyad-write>\n<dyad-write path="about.html">\n{PAGE}</dyad-write>'
    )
    assert reply.changes == () or len(reply.changes) == 2
    assert reply.complaints or reply.changes


def test_typographic_quotes_are_quotes() -> None:
    reply = parse_reply("<file path=\u201cREADME.md\u201d>\n# Shop\n</file>\n")
    assert reply.changes == (File("README.md", "# Shop\n"),)


@pytest.mark.parametrize(
    "answer",
    [
        "<<<<<<< SEARCH\ngo();\n=======\n<<<<<<< HEAD\nstop();\n>>>>>>> main\n>>>>>>> REPLACE",
        "<<<<<<< SEARCH\ngo();\n=======\ngo();\n*** End Patch\n>>>>>>> REPLACE",
        '<<<<<<< SEARCH\ngo();\n=======\n<file path="b.js">\nstop();\n>>>>>>> REPLACE',
    ],
)
def test_what_an_edit_puts_in_is_judged_as_a_file_is(answer: str) -> None:
    reply = parse_reply(f'<edit path="app.js">\n{answer}\n</edit>\n')
    assert reply.changes == ()
    assert reply.complaints


def test_judging_takes_no_time() -> None:
    for unit in (
        "<a ",
        "</",
        "<!--",
        "<script>",
        "</html>",
        "<<<<<<< ",
        "<!doctype html",
        "```\n",
        "@@ -",
        "<p path",
        "`</x>\n",
        "`\n@@\n",
        "<pre>",
    ):
        for name in ("a.html", "a.md", "a.js"):
            text = unit * (200_000 // len(unit))
            content_problem(name, text)
            without_strays(name, text)


@pytest.mark.parametrize("path", ["fix.patch", "shown.diff"])
def test_a_diff_that_is_a_file_of_the_site_is_whole(path: str) -> None:
    text = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"
    assert parse_reply(f'<file path="{path}">\n{text}</file>\n').changes == (File(path, text),)
