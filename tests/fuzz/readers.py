"""Every reader of what strangers send that is measured for how its time grows: models' answers and what they change."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from orchestrator.core.record import Record
from orchestrator.core.site import Site
from orchestrator.core.task import Task
from orchestrator.generate.draft import Material, apply_reply, initial_draft, judge_draft
from orchestrator.generate.models.refusals import Form, adapt_form, classify_refusal, parse_provider_error
from orchestrator.generate.models.stream import is_loop_without_end
from orchestrator.generate.present import render_present_files
from orchestrator.generate.reply.block import Edit, File
from orchestrator.generate.reply.cleaning import clean_file
from orchestrator.generate.reply.cut import answer_tail, is_loop, join_continuation
from orchestrator.generate.reply.edits import apply_changes
from orchestrator.generate.reply.elisions import find_elision
from orchestrator.generate.reply.holding import content_problem, without_strays
from orchestrator.generate.reply.reply import Reply, parse_reply
from orchestrator.generate.tried import PastRepair, describe_repairs
from tests.fuzz.families import split, texts
from tests.fuzz.growth import Family, Reader

MB = 1_000_000
"""The largest answer, in characters: no model writes as many."""

TAGS = (
    *('<file path="a.js">', "</file>", '<edit path="a.js">', "</edit>", '<delete path="a"/>', "<file", "</", "<a b='"),
    *('<file path="', "<tool_call>", "<parameter=path>a.js</parameter>", "<parameter name=", "<arg_key>path</arg_key>"),
    *("<path>a.js</path>", "<content>", "</content>", "<![CDATA[", "]]>", "&lt;", "<edits>", "<a_b>c</a_b>", "<x y=z "),
)
EDITS = ("<<<<<<< SEARCH\n", "=======\n", ">>>>>>> REPLACE\n", "<<<<<", "=====", ">>>>>")
FENCES = (
    "```",
    "~~~",
    "```js a.js\n",
    "```\n",
    "~~~\n",
    "````",
    "`a.js`:",
    "**a.js**\n",
    "# a.js\n",
    "```md README.md\n",
)
PAGES = (
    *("<!doctype html>", "<html>", "</html>", "</html", "<head>", "<body>", "<script>", "</script>", "<!--", "-->"),
    *("<pre>", "</pre>", "<textarea>", "<style>", "</style>", "<pre", "<script", "<link href='a.css'>", "<table"),
)
COMMENTS = ("// ", "# ", "/* ", " */", "<!-- ", " -->", "{/* ", "* ", "-- ", "% ", "// ...", "...", "// rest of", "…")
JSONS = (
    '{"path":"a.js","content":"',
    '{"a":',
    '["',
    '"',
    "\\",
    "{",
    "[",
    "[[",
    '{"',
    '"path":',
    "[TOOL_CALLS]",
    "<|a|>",
)
PATCHES = ("*** Begin Patch\n", "*** Add File: a\n", "*** Update File: a\n", "@@\n", "+a\n", "-a\n", "*** End Patch\n")
THOUGHTS = ("<think>", "</think>", "<thinking>", "◁think▷", '<proof check="1.1">', "</proof>", '<change path="a.js">')
SHELLS = ("cat > a.js <<EOF\n", "EOF\n", "cat <<", "tee a && ", "cat > 'a.js' << \"E\"\n", "\tEOF")
NAMES = ("a.js", "a.js:", "path: a.js\n", 'filename="a.js"', "=== a.js ===\n", "[a.js]", "./", "a/", "a.b/")
ANSWERS = (*TAGS, *EDITS, *FENCES, *PAGES[:6], *COMMENTS[:4], *JSONS, *PATCHES, *THOUGHTS, *SHELLS, *NAMES)

PAGE = b"<!doctype html>\n<title>x</title>\n<p>one</p>\n</html>\n"
TASK = Task(task="t", round=2, nonce="n", brief="Show data.csv.")
GIVEN = Material(TASK, {"data.csv": b"a,b\n1,2\n"}, Site({"index.html": PAGE, "README.md": b"# x\n"}), Record(task="k"))


def fine(_: Site) -> Sequence[str]:
    """Break no rule."""
    return ()


def _revised(text: str) -> object:
    return judge_draft(apply_reply(initial_draft(GIVEN), parse_reply(text), GIVEN), GIVEN, fine)


def _in_file(text: str) -> str:
    return f'<file path="index.html">\n{text}\n</file>\n'


def _in_fence(text: str) -> str:
    return f"```js app.js\n{text}\n```\n"


def _in_edit(text: str) -> str:
    return f'<edit path="a.js">\n<<<<<<< SEARCH\n{text}\n=======\n{text}x\n>>>>>>> REPLACE\n</edit>\n'


def _cleaned(path: str) -> Callable[[str], object]:
    def read(text: str) -> object:
        return find_elision(text, path), clean_file(path, text), content_problem(path, text), without_strays(path, text)

    return read


def _joined(text: str) -> object:
    loops = is_loop(text), is_loop_without_end(text)
    return (
        loops,
        answer_tail(text),
        join_continuation(text, text),
        join_continuation(text[: len(text) // 2], text[len(text) // 2 :]),
    )


def _applied(given: tuple[Mapping[str, bytes], Sequence[Any]]) -> object:
    return apply_changes(*given)


def _lines(size: int, line: str = "const value = {};") -> str:
    return "\n".join(line.format(number) for number in range(size)) + "\n"


def _in_file_of_lines(size: int, line: str) -> str:
    return _in_file(_lines(size, line))


def _edits(size: int, files: Mapping[str, bytes], search: Callable[[int], str], path: str = "a.js") -> Any:
    return files, [Edit(path, search(number), "x\n") for number in range(size)]


def edits(_: int) -> list[Family]:
    """Return edits by their number, and files by theirs. A size is their number."""
    names = {f"folder/name-{number:04}.js": b"a\n" for number in range(1_000)}
    near = _lines(3_000).encode()
    return [
        Family("of a missing file among 1,000", lambda size: _edits(size, names, lambda _: "a\n", "folder/name-x.js")),
        Family(
            "of missing files among 1,000",
            lambda size: (names, [Edit(f"folder/nam-{n}.js", "a", "b") for n in range(size)]),
        ),
        Family("of lines near-alike", lambda size: _edits(size, {"a.js": near}, lambda n: f"const valve = {n}{n};\n")),
        Family(
            "of long lines near-alike",
            lambda size: _edits(size, {"a.js": _lines(3_000, "ab" * 90 + "{}").encode()}, lambda _: "ba" * 95),
        ),
        Family("that are there already", lambda size: _edits(size, {"a.js": near}, lambda n: f"const value = {n};\n")),
        Family("of one line many times", lambda size: _edits(size, {"a.js": b"a\n" * 100_000}, lambda _: "a\n")),
        Family(
            "of as many files",
            lambda size: ({f"{n}.js": b"a\n" for n in range(size)}, [Edit(f"{n}.js", "a", "b") for n in range(size)]),
        ),
        Family("files sent whole", lambda size: ({}, [File(f"{n}.js", "a\n") for n in range(size)])),
        Family("files sent again and again", lambda size: ({}, [File("a.js", f"{n}\n") for n in range(size)])),
    ]


def _edit_of_lines(text: str) -> Any:
    half = len(text) // 2
    return {"a.js": text.encode()}, [
        Edit("a.js", f"{text[half:]}x\n", "b\n"),
        Edit("a.js", text[:half], "c\n"),
        Edit("a.js", text[:99], "d"),
    ]


def answers_of_many(_: int) -> list[Family]:
    """Return answers of many parts. A size is their number."""
    forms = {
        "files": '<file path="{}.js">\na();\n</file>\n',
        "files under one name": '<file path="a.js">\na();{}\n</file>\n',
        "files without an end": '<file path="{}.js">\na();\n',
        "edits": '<edit path="a.js">\n<<<<<<< SEARCH\n{}\n=======\nb\n>>>>>>> REPLACE\n</edit>\n',
        "fences": "`{}.js`:\n\n```js\na();\n```\n\n",
        "fences without an end": "### {}.js\n```js\na();\n",
        "fences in Markdown": "````md {}.md\n```\na\n```\n````\n",
        "bare fences": "```\n{}\n```\n",
        "tags": "<tool_{}>\n<path>a.js</path>\n<content>a</content>\n</tool_{}>\n",
        "tags of other names": "<x{}>\n",
        "tags that only end": "</x{}>\n",
        "calls": '<tool_call>{{"name":"write","arguments":{{"path":"{}.js","content":"a"}}}}</tool_call>\n',
        "JSON": '{{"path":"{}.js","content":"a"}}\n',
        "patches": "*** Begin Patch\n*** Add File: {}.js\n+a\n*** End Patch\n",
        "shells": "cat > {}.js <<EOF\na();\nEOF\n",
        "shells without an end": "cat > {}.js <<E{}\na();\n",
        "proofs": '<proof check="1.{}">\na\n</proof>\n',
        "declarations": '<change path="{}.js">a b c d</change>\n',
        "names": "=== {}.js ===\nsome text\n",
        "deletions": '<delete path="{}.js"/>\n',
        "pages": "<!doctype html>\n<title>{}</title>\n</html>\n",
        "placeholders": "// ...rest{} holds\nconst a{} = 1;\n",
        "spreads": "// ...rest{0} holds\n",
        "styles": '<link rel=stylesheet href="{}.css">\n',
    }
    return [
        *(Family(name, partial(_lines, line=form.replace("{}", "{0}"))) for name, form in forms.items()),
        *(
            Family(f"{name} in a file", partial(_in_file_of_lines, line=form.replace("{}", "{0}")))
            for name, form in forms.items()
        ),
        Family(
            "a JSON map of files", lambda size: '{"files": {' + ", ".join(f'"{n}.js": "a"' for n in range(size)) + "}}"
        ),
        Family("deep JSON", lambda size: '{"a":' * size + "1" + "}" * size),
    ]


def _answer(text: str) -> Reply:
    return parse_reply(text)


def _told(given: Any) -> object:
    return describe_repairs(given, 16_000)


def _tried(before: str, after: str) -> Any:
    sites = Site({"a.js": before.encode()}), Site({"a.js": after.encode()})
    return [PastRepair(1, *sites, is_kept=False)]


def _near(text: str) -> str:
    """Return a text whose every line is another one than before, but for little."""
    return "\n".join(f"{line}{number % 7}" for number, line in enumerate(text.split("\n")))


class _Refused(Exception):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.body = {"error": {"message": text, "param": text}}
        self.status_code = 400


def _refused(text: str) -> object:
    said = parse_provider_error(_Refused(text))
    form = Form()
    classify_refusal(replace(said, status=500), 1_000)
    return classify_refusal(said, 1_000), adapt_form(said, form, form.build_request([], 1_000))


REFUSALS = ("n_ctx", "context length", "prompt", "input tokens", "max_tokens", "1,000", "1024", "tokens >", "role")


ANSWERING = (
    Reader("answers", MB, _answer, lambda seed: texts(ANSWERS, seed)),
    Reader("answers: in a file", MB, _answer, lambda seed: split((*PAGES, *COMMENTS, *EDITS), seed, _in_file)),
    Reader("answers: in a fence", MB, _answer, lambda seed: split((*FENCES, *COMMENTS, *NAMES), seed, _in_fence)),
    Reader("answers: in an edit", MB, _answer, lambda seed: split((*EDITS, *COMMENTS), seed, _in_edit)),
    Reader("answers: of many parts", 20_000, _answer, answers_of_many),
    Reader("answers: applied", MB, _revised, lambda seed: texts((*TAGS[:6], *EDITS), seed)),
    Reader("files: pages", MB, _cleaned("index.html"), lambda seed: texts((*PAGES, *COMMENTS, *FENCES), seed)),
    Reader("files: code", MB, _cleaned("app.js"), lambda seed: texts((*COMMENTS, *FENCES, '"""', *TAGS[:6]), seed)),
    Reader("files: Markdown", MB, _cleaned("a.md"), lambda seed: texts((*FENCES, *COMMENTS), seed)),
    Reader("files: JSON", MB, _cleaned("a.json"), lambda seed: texts(JSONS, seed)),
    Reader("continuations", MB, _joined, lambda seed: texts((*TAGS[:6], *FENCES, "continuing ", "the rest:\n"), seed)),
    Reader("edits", 2_000, _applied, edits),
    Reader(
        "edits: lines", MB, _applied, lambda seed: split(("a();\n", " a();\n", "\ta\r\n", "}\n"), seed, _edit_of_lines)
    ),
    Reader("repairs", MB, _told, lambda seed: split(("a();\n", "}\n"), seed, lambda text: _tried(text, _near(text)))),
    Reader(
        "present files",
        MB,
        lambda text: render_present_files({"index.html": text.encode(), "a.js": text.encode()}, (), TASK, MB),
        lambda seed: texts(("<a href='", "src=", "from '", "fetch("), seed),
    ),
    Reader("refusals", MB, _refused, lambda seed: texts(REFUSALS, seed)),
)
