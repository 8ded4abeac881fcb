"""Readers that are measured: the texts of checks and proofs, and what is claimed of files."""

from contextlib import suppress

from orchestrator.core.task import slug
from orchestrator.verify.checks import is_path, is_prose, seconds_asked, trim_expression
from orchestrator.verify.explaining import find_telling_parts
from orchestrator.verify.files import CheckedFiles, decide_check, is_about_files
from orchestrator.verify.proofs import InvalidProof, parse_proof
from orchestrator.verify.quoting import MissingFile, fill_in_files, speaks_of_files
from orchestrator.verify.runners import NAMES as RUNNERS
from orchestrator.verify.runners import needs_runner, wrap_in_runner
from orchestrator.verify.sentences import claims, counting, markup, structure
from orchestrator.verify.sentences.numbers import Bound
from orchestrator.verify.versions import newest_version
from tests.fuzz.families import texts
from tests.fuzz.growth import Reader
from tests.fuzz.readers import JSONS, MB, PAGES
from tests.fuzz.readers_attached import MARKDOWN, json_values

CHECK = 20_000

SAID = (
    *(
        "README.md ",
        "has ",
        "is ",
        "exists ",
        "and ",
        "or ",
        "at least 3 words ",
        "`a` ",
        "'a' ",
        "there is ",
        "the ",
        "a.json ",
    ),
    *("setTimeout(f, ", "within 3 seconds ", "https://", "<a ", "#a", "1,000", "in ", "each "),
)
SCRIPTS = (
    "document.querySelector('#a')",
    "(",
    "[",
    "{",
    "`${",
    "=>",
    "a.b",
    "a,",
    "await ",
    "!",
    "'",
    "`",
    "const a = 1;\n",
    "a == b && ",
    "page.",
    "expect(",
    "/a/",
    "//",
    "/*",
    "function(a){",
    "a?b:",
)
PROOFS = ("click #a\n", "expect ", 'file "a.json"', 'file "a.json".json', "file(", 'fill "', "wait ", "\\", '"', "`")
HTML = (
    *PAGES,
    "<a href=",
    "<p>",
    "<li>",
    "<div>",
    "</div>",
    "<a b=c ",
    "<!",
    "</",
    "<?",
    "&amp;",
    "=",
    "<script src=a>",
)


REPOSITORY = CheckedFiles({"README.md": b"# x\n", "a.json": b"[1]", "LICENSE": b""}, {"a.json": b"[1]"})


def _check(text: str) -> object:
    seconds_asked(text), is_path(text), is_prose(text), trim_expression(text), slug(text)
    return decide_check(text, REPOSITORY) if is_about_files(text) else None


def _javascript(text: str) -> object:
    return needs_runner(text, RUNNERS), wrap_in_runner(text), find_telling_parts(text)


def _proof(text: str) -> object:
    with suppress(InvalidProof, MissingFile):
        proof = parse_proof(text)
        return speaks_of_files(proof), fill_in_files(proof, {"a.json": b"[1]", "a.md": b"x"})
    return None


def _page_claims(text: str) -> object:
    markup.parse_page.cache_clear()
    repository = CheckedFiles({"index.html": text.encode(), "a.html": b"x"}, {})
    element = claims.Element("div p a", "a")
    claims.has_element(element, Bound(least=9))(repository, "index.html")
    claims.leads_to("a.html", is_link=False)(repository, "index.html")
    claims.has_title("index.html", text.encode())
    for unit in ("heading", "link"):
        counting.judge_count("index.html", text.encode(), unit, Bound(least=1))
    return None


def _markdown_claims(text: str) -> object:
    data = text.encode()
    name = "README.md"
    repository = CheckedFiles({name: data, "a.html": b"x"}, {})
    claims.has_section("usage")(repository, name)
    claims.has_title(name, data)
    claims.has_licence_text("mit")(repository, name)
    claims.has_text("some text")(repository, name)
    claims.leads_to("a.html", is_link=True)(repository, name)
    for unit in (
        "word",
        "line",
        "sentence",
        "character",
        "paragraph",
        "heading",
        "link",
        "item",
        "bullet",
        "code block",
    ):
        counting.judge_count(name, data, unit, Bound(least=1))
    return None


def _data_claims(text: str) -> object:
    for kind in ("json", "yaml", "csv", "svg", "xml"):
        data = text.encode()
        with suppress(structure.Malformed):
            value = structure.parse_as(kind, f"a.{kind}", data)
            if kind in ("json", "yaml"):
                list(structure.walk_keys(value))
            with suppress(structure.AbsentKey):
                structure.look_up_key(value, "a.b.c")
    return None


def _keys(key: str) -> object:
    with suppress(structure.AbsentKey, RecursionError):
        return structure.look_up_key({"a": {"a": [{"a": 1}]}}, key)
    return None


DATA = (
    *JSONS,
    "a: b\n",
    "- a\n",
    "&a ",
    "*a",
    "<svg xmlns='http://www.w3.org/2000/svg'>",
    "<a>",
    "</a>",
    "a,b\n",
    "? ",
    "{a: ",
    "| \n a\n",
)


CHECKED = (
    Reader("checks: sentences", CHECK, _check, lambda seed: texts((*SAID, *SCRIPTS[:6]), seed)),
    Reader("checks: JavaScript", CHECK, _javascript, lambda seed: texts(SCRIPTS, seed)),
    Reader("proofs", CHECK, _proof, lambda seed: texts(PROOFS, seed)),
    Reader("checks about pages", MB, _page_claims, lambda seed: texts(HTML, seed)),
    Reader("checks about Markdown", MB, _markdown_claims, lambda seed: texts(MARKDOWN, seed)),
    Reader("checks about data", MB // 5, _data_claims, lambda seed: texts(DATA, seed)),
    Reader("checks about data: values", MB // 10, _data_claims, json_values),
    Reader("checks: keys", 1_000, _keys, lambda seed: texts(("a.", "[0]", "[", "[].", ".."), seed)),
    Reader(
        "versions",
        MB,
        lambda text: newest_version(text, ["1.2.3"]),
        lambda seed: texts(("1.", "^", "1.2.3-", "v"), seed),
    ),
)
