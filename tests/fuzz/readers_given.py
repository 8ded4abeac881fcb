"""Every reader that is measured beside models' answers: requests, briefs, attachments, checks, records, logs."""

import io
import json
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from orchestrator import annotations, handover, summary
from orchestrator.differences import between, newer
from orchestrator.errors import UsageError
from orchestrator.evaluator.templates import Template, filled
from orchestrator.generate.attachments import archives, json_text
from orchestrator.generate.attachments.changes import diff, may_change, why_not
from orchestrator.generate.attachments.digest import _as_text as digested
from orchestrator.generate.attachments.digest import digests
from orchestrator.generate.attachments.naming import with_names
from orchestrator.generate.draft import Given
from orchestrator.generate.encodings import decoded, partly_decoded
from orchestrator.generate.fallback import Ask, fallback_note, fallback_site, model_readme
from orchestrator.generate.models.presets import Model
from orchestrator.generate.prompt import load, opening
from orchestrator.generate.sections import with_section
from orchestrator.generate.tables import Unshowable, read_csv, read_json, table_html
from orchestrator.handover import Build, CheckResult, Finding
from orchestrator.paths import clash, path_problem
from orchestrator.record import Record, Round, is_same_answer, read_record
from orchestrator.runner import Runner
from orchestrator.site import Site, broken_rules
from orchestrator.task import InvalidTask, Order, Request, Task, decode_data_uri, parse, read_event, request_of, slug
from orchestrator.verify.checks import expression, is_path, is_prose, labels, seconds_asked
from orchestrator.verify.explaining import parts_of
from orchestrator.verify.files import Repository, decided, is_about_files
from orchestrator.verify.proofs import Unreadable, read_proof
from orchestrator.verify.quoting import Missing, speaks_of_files, with_files
from orchestrator.verify.report import Report
from orchestrator.verify.runners import NAMES as RUNNERS
from orchestrator.verify.runners import needs_runner, with_runner
from orchestrator.verify.sentences import claims, counting, markup, structure
from orchestrator.verify.sentences.numbers import Bound
from orchestrator.verify.versions import newest
from receiver.malformed import what_is_wrong
from receiver.payload import payload_of
from receiver.suspects import suspects
from tests.fuzz.families import split, texts
from tests.fuzz.growth import Family, Reader
from tests.fuzz.readers import FENCES, JSONS, MB, PAGES

BRIEF = 100_000
CHECK = 20_000
COUNT = 20_000

REQUEST = {"email": "a@b.c", "secret": "s", "task": "t", "round": 1, "nonce": "n", "evaluation_url": "https://a.b/"}
SPOKEN = (
    *(
        "data.csv",
        "the attached file",
        "the attached script",
        "correct ",
        "fix ",
        "must be ",
        "in data.csv",
        "with ",
        "to the page",
    ),
    *(
        "korrigiere ",
        "修正",
        "und ",
        "after fixing ",
        "change the ",
        "`data.csv`",
        "(",
        "“",
        "./",
        "data.csv.",
        ". ",
        ", ",
    ),
)
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
MARKDOWN = (
    "# ",
    "#",
    "## a\n",
    "[a](",
    "](",
    "[a]: ",
    "- ",
    "1. ",
    "| a ",
    "|",
    "> ",
    "*",
    "_",
    "![",
    "<",
    "`",
    "---\n",
    "===\n",
    "# a #",
    "a. ",
    "…",
    *FENCES[:4],
)
CSVS = (",", ";", "\t", "a,b\n", '"', '""', "1,2\n", "sep=;\n", "1.5", "1,000", "# a\n", "a", "\r")
CSV_LINES = ("a,b\n", "1,2\n", ",\n", "\n")


def _given(brief: str, names: Sequence[str] = ("data.csv", "sum.py")) -> Given:
    task = Task.model_construct(task="t", round=1, nonce="n", brief=brief, checks=(), attachments=())
    return Given(task, dict.fromkeys(names, b"a,b\n1,2\n"), Site({}), None)


def _staying(brief: str) -> object:
    return _given(brief).staying({"data.csv": brief[:500]}), may_change("sum.py", brief), why_not("data.csv", brief)


def _many_names(size: int) -> Any:
    return "Correct the typos in the attached files.", [f"data-{number}.csv" for number in range(size)]


def _attached(given: tuple[str, Sequence[str]]) -> object:
    what = _given(*given)
    return what.staying({}), with_names(given[0], given[1]), what.attached


def _shown(text: str) -> object:
    with suppress(Unshowable):
        return table_html(read_csv(text, ",;\t|"))
    return None


def _json(text: str) -> object:
    with suppress(Unshowable):
        read_json(text)
    with suppress(RecursionError):  # as it says
        return json_text.read(text), json_text.refusal(text)
    return None


def _bytes_read(data: bytes) -> object:
    return decoded(data), decoded(data, is_cut=True), partly_decoded(data)


def _tables(_: int) -> list[Family]:
    return [
        Family("one wide row", lambda size: ",".join("a" for _ in range(size))),
        Family("two wide rows", lambda size: "\n".join([",".join(f"a{n}" for n in range(size // 2))] * 2)),
        Family("as wide as long", lambda size: "\n".join([",".join(["1"] * int(size**0.5))] * int(size**0.5))),
        Family("fifty wide rows", lambda size: "\n".join([",".join(["1"] * (size // 50))] * 50)),
        Family("rows of one more cell each", lambda size: "\n".join("," * n for n in range(int((2 * size) ** 0.5)))),
        Family("a hundred columns", lambda size: "\n".join([",".join(["1"] * 100)] * (size // 100))),
        Family("numbers", lambda size: "a\n" + "\n".join(f"{n}.5" for n in range(size))),
        Family("long numbers", lambda size: "a\n" + "\n".join("9" * 30 for n in range(size // 15))),
        Family("empty rows", lambda size: "a,b\n" + ",\n" * (size // 2)),
    ]


def _digested(text: str) -> object:
    return digested("data.csv", text.encode()), digested("a.txt", text.encode())


def _digest_of_json(text: str) -> object:
    return digested("data.json", text.encode())


def _json_values(_: int) -> list[Family]:
    return [
        Family("objects of many keys", lambda size: json.dumps({f"k{n}": n for n in range(size)})),
        Family("a list of objects", lambda size: json.dumps([{"a": n, "b": "c"} for n in range(size)])),
        Family("objects of keys of their own", lambda size: json.dumps([{f"k{n}": n} for n in range(size)])),
        Family("lists in lists", lambda size: "[" * size + "]" * size),
        Family("lines", lambda size: "".join(f'{{"a":{n}}}\n' for n in range(size))),
        Family("lines and one that is none", lambda size: "".join(f'{{"a":{n}}}\n' for n in range(size)) + "x"),
        Family("commas before brackets", lambda size: "[" + "[1,]," * size + "]"),
        Family("comments", lambda size: "[" + "/* a */ 1," * size + "1]"),
        Family("comments without an end", lambda size: "[" + "/* a" * size),
        Family("texts without an end", lambda size: '["' + '\\"' * size),
        Family("constants", lambda size: "[" + "NaN," * size + "1]"),
        Family("a long number", lambda size: "9" * size),
    ]


def _zip(size: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(size):
            archive.writestr(f"{number}.txt", b"")
    return out.getvalue()


def _word(text: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("word/document.xml", text)
    return out.getvalue()


def _readme(text: str) -> object:
    data = text.encode()
    with_section(data, 2, date(2026, 1, 1), ["a.js"])
    return fallback_note(data, Ask(2, text[:BRIEF]), ["a.js"])


def _fallback(text: str) -> object:
    files = {"a.md": text[:200_000].encode(), "b.csv": text.encode(), "c.json": text.encode(), "d.txt": text.encode()}
    asks = [Ask(1, text[:BRIEF])]
    return fallback_site(text[:200], asks, files), model_readme(text[:200], asks, files)


def _many_files(size: int) -> object:
    return fallback_site("t", [Ask(1, "b")], {f"{n}.txt": b"a" for n in range(size)})


PLAIN = Model(
    name="m", params={}, context=100_000, output=16_000, price=None, sees_images=False, edits=True, caches=False
)
PROMPTS = load()


def _prompt(given: Given) -> object:
    return opening(PROMPTS, given, PLAIN)


def _prompts(_: int) -> list[Family]:
    def told(names: Sequence[str], text: str) -> Given:
        return replace(_given("b", names), told=dict.fromkeys(names, text))

    return [
        Family("many attachments", lambda size: told([f"{n}.txt" for n in range(size)], "a")),
        Family("many files", lambda size: replace(_given("b"), present=Site({f"{n}.txt": b"a" for n in range(size)}))),
        Family(
            "many rounds",
            lambda size: replace(
                _given("b"),
                record=Record(
                    task="k", rounds=tuple(Round(round=n + 2, brief="b", checks=("c",)) for n in range(size))
                ),
            ),
        ),
        Family(
            "many faults",
            lambda size: replace(_given("b"), made=Site({}), wrong=tuple(f"fault {n}" for n in range(size))),
        ),
    ]


def _page_given(text: str) -> Given:
    return replace(_given(text[:BRIEF]), present=Site({"index.html": text.encode()}), told={"data.csv": text})


REPOSITORY = Repository({"README.md": b"# x\n", "a.json": b"[1]", "LICENSE": b""}, {"a.json": b"[1]"})


def _check(text: str) -> object:
    seconds_asked(text), is_path(text), is_prose(text), expression(text), slug(text)
    return decided(text, REPOSITORY) if is_about_files(text) else None


def _javascript(text: str) -> object:
    return needs_runner(text, RUNNERS), with_runner(text), parts_of(text)


def _proof(text: str) -> object:
    with suppress(Unreadable, Missing):
        proof = read_proof(text)
        return speaks_of_files(proof), with_files(proof, {"a.json": b"[1]", "a.md": b"x"})
    return None


def _page_claims(text: str) -> object:
    markup.read_page.cache_clear()
    repository = Repository({"index.html": text.encode(), "a.html": b"x"}, {})
    element = claims.Element("div p a", "a")
    claims.has_element(element, Bound(least=9))(repository, "index.html")
    claims.leads_to("a.html", is_link=False)(repository, "index.html")
    claims.has_title("index.html", text.encode())
    for unit in ("heading", "link"):
        counting.counted("index.html", text.encode(), unit, Bound(least=1))
    return None


def _markdown_claims(text: str) -> object:
    data = text.encode()
    name = "README.md"
    repository = Repository({name: data, "a.html": b"x"}, {})
    claims.has_section("usage")(repository, name)
    claims.has_title(name, data)
    claims.licensed("mit")(repository, name)
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
        counting.counted(name, data, unit, Bound(least=1))
    return None


def _data_claims(text: str) -> object:
    for kind in ("json", "yaml", "csv", "svg", "xml"):
        data = text.encode()
        with suppress(structure.Malformed):
            value = structure.read_as(kind, f"a.{kind}", data)
            if kind in ("json", "yaml"):
                list(structure.everywhere(value))
            with suppress(structure.Absent):
                structure.looked_up(value, "a.b.c")
    return None


def _keys(key: str) -> object:
    with suppress(structure.Absent, RecursionError):
        return structure.looked_up({"a": {"a": [{"a": 1}]}}, key)
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


def _checked(number: int, text: str = "document.title") -> CheckResult:
    return CheckResult(round=1, text=f"{text} {number}", kind="js", state="failed", seen="x" * 200)


def _found(number: int) -> Finding:
    return Finding(kind="accessibility", text=f"Expected a label. Saw: <input id=a{number}> of {number} px", where="a")


def _report(size: int) -> Report:
    return Report(tuple(_checked(n) for n in range(size)), tuple(_found(n) for n in range(size)))


def _reports(size: int) -> Any:
    return _report(size), Report(
        tuple(_checked(n, "title") for n in range(size)), tuple(_found(-n) for n in range(size))
    )


def _compared(given: tuple[Report, Report]) -> object:
    before, after = given
    order = Order("a", "k", "t", {"brief": "b"}, None, by_hand=False)
    build = Build(id="a", checks=after.checks, findings=after.findings)
    annotations.shortened(annotations.worst(after.checks, after.findings))
    summary.built(order, build), summary.published(order, build, UsageError("a", "b"), "https://a.b")
    labels([(1, _check_of(one)) for one in after.checks])
    return between(before, after), newer(before.findings, after.findings)


def _check_of(one: CheckResult) -> Any:
    return parse(Task, {"task": "t", "round": 1, "nonce": "n", "brief": "b", "checks": [one.text]}).checks[0]


def _finding_of(text: str) -> Any:
    found = Finding(kind="accessibility", text=text, where=text)
    return Report((), (found,)), Report((), (found, found))


def _said(text: str) -> object:
    runner = Runner(io.StringIO())
    for way in (runner.say, runner.warning, runner.mask):
        way(text)
    with runner.group(text):
        return summary.code(text)


def _handed_over(size: int) -> Path:
    folder = Path(tempfile.mkdtemp())
    site = Site({f"{n}.txt": b"a" for n in range(size)})
    handover.write(folder, Build(id="a", checks=_report(size).checks), site, {})
    return folder


def _record(size: int) -> bytes:
    return Record(
        task="k", rounds=tuple(Round(round=n + 1, brief="b", checks=("c",) * 3) for n in range(size))
    ).written()


def _recorded(data: bytes) -> object:
    record = read_record(data)
    if record is not None:
        record.answered("r", "s", "m", Round(round=1, brief="b"))
    return is_same_answer(data, data)


def _site(size: int) -> dict[str, bytes]:
    return {f"folder-{n}/" * min(9, n) + f"{n}.txt": b"a" * 20 for n in range(size)}


def _ruled(files: Mapping[str, bytes]) -> object:
    site = Site(files)
    return (
        broken_rules(site, {}, ("secret-secret",) * 3),
        site.digest(),
        clash(files),
        [path_problem(path) for path in files],
    )


def _request(**more: Any) -> dict[str, Any]:
    return {**REQUEST, "brief": "b", **more}


def _requests(_: int) -> list[Family]:
    uri = "data:text/plain;base64,YQ=="
    return [
        Family(
            "attachments", lambda size: _request(attachments=[{"name": f"{n}.txt", "url": uri} for n in range(size)])
        ),
        Family(
            "attachments in folders",
            lambda size: _request(attachments=[{"name": f"{'a/' * 60}{n}.txt", "url": uri} for n in range(size)]),
        ),
        Family(
            "attachments of one name",
            lambda size: _request(attachments=[{"name": "a.txt", "url": uri} for n in range(size)]),
        ),
        Family(
            "attachments with bad names",
            lambda size: _request(attachments=[{"name": "../a", "url": uri} for n in range(size)]),
        ),
        Family("checks", lambda size: _request(checks=[f"js: {n}" for n in range(size)])),
        Family("checks that are objects", lambda size: _request(checks=[{"a": n} for n in range(size)])),
        Family("fields", lambda size: _request(**{f"f{n}": n for n in range(size)})),
        Family("a check in blanks", lambda size: _request(checks=[" " * size * 20])),
        Family(
            "one attachment",
            lambda size: _request(attachments=[{"name": "a.txt", "url": f"data:,{'%41' * size * 20}"}]),
        ),
        Family(
            "one attachment in base64",
            lambda size: _request(attachments=[{"name": "a.txt", "url": f"data:;base64,{'YWFh' * size * 20}"}]),
        ),
    ]


def _accepted(raw: dict[str, Any]) -> object:
    with suppress(InvalidTask):
        request = parse(Request, raw)
        return payload_of(request, "k", datetime.now(UTC)), suspects(request)
    return None


def _uri(text: str) -> object:
    with suppress(ValueError):
        return decode_data_uri(f"data:{text}")
    return None


def _event(text: str) -> object:
    with suppress(UsageError):
        return read_event({"inputs": {"request": text, "checks": text}}, "1")
    return None


def _inputs(text: str) -> object:
    with suppress(UsageError):
        return read_event({"inputs": {"task": "t", "brief": "b", "checks": text, "email": text[:300]}}, "1")
    return None


def _suspected(text: str) -> object:
    request = parse(Request, _request(checks=[text, text]))
    return suspects(request)


def _template(text: str) -> object:
    files = [{"name": "a.csv", "content": text}]
    given = {
        "id": "t",
        "brief": f"b {text}"[:BRIEF],
        "checks": [text],
        "attachments": files,
        "vars": {"n": {"count": "a.csv"}},
    }
    with suppress(UsageError):
        return filled(Template.model_validate(given), "s")
    return None


ATTACHED = (
    Reader("briefs", BRIEF, _staying, lambda seed: texts(SPOKEN, seed)),
    Reader("briefs: names", BRIEF, lambda text: with_names(text, ["data.csv"]), lambda seed: texts(SPOKEN[:4], seed)),
    Reader("briefs: attachments", COUNT, _attached, lambda _: [Family("by number", _many_names)]),
    Reader("tables", MB, _shown, lambda seed: texts(CSVS, seed)),
    Reader("tables: wide", MB, _shown, _tables),
    Reader("digests: tables", MB, _digested, lambda seed: [*texts(CSVS, seed), *_tables(seed)]),
    Reader("JSON", MB, _json, lambda seed: texts((*JSONS, "//", "/*", "*/", ",]", "NaN", "1"), seed)),
    Reader("digests: JSON", MB, _digest_of_json, lambda seed: texts((*JSONS, "//", "/*", ",]", "NaN"), seed)),
    Reader("JSON: values", 100_000, _json, _json_values),
    Reader("digests: JSON values", 100_000, _digest_of_json, _json_values),
    Reader(
        "encodings",
        MB,
        _bytes_read,
        lambda seed: split(("\0", "é", "\ufeff", "a\0"), seed, lambda text: text.encode("latin-1", "replace")),
    ),
    Reader("archives", COUNT, lambda data: list(archives.listing(data)), lambda _: [Family("entries", _zip)]),
    Reader(
        "Word documents",
        MB,
        lambda data: list(archives.listing(data)),
        lambda seed: split(("<w:t>", "</w:t>", "<w:t ", "<w:tab", "</w:p>", "<w:t>a</w:t>"), seed, _word),
    ),
    Reader(
        "changes",
        MB,
        lambda text: diff("a.csv", text.encode(), _lines_changed(text)),
        lambda seed: texts(CSV_LINES, seed),
    ),
    Reader(
        "digests: budget",
        COUNT,
        lambda told: digests(told, 40_000),
        lambda _: [Family("attachments", lambda size: dict.fromkeys(map(str, range(size)), "a" * 99))],
    ),
    Reader(
        "READMEs", MB, _readme, lambda seed: texts(("# ", "#", "```", "~~~", "# round 2", "## Round 2 (", "- "), seed)
    ),
    Reader("template", MB, _fallback, lambda seed: texts((*MARKDOWN, *CSVS[:4]), seed)),
    Reader("template: files", COUNT, _many_files, lambda _: [Family("files", lambda size: size)]),
    Reader("prompts", COUNT, _prompt, _prompts),
    Reader("prompts: texts", MB, _prompt, lambda seed: split(("src=", "$", "href='"), seed, _page_given, drawn=5)),
)


def _lines_changed(text: str) -> bytes:
    return "\n".join(f"{line}{number % 7}" for number, line in enumerate(text.split("\n"))).encode()


CHECKED = (
    Reader("checks: sentences", CHECK, _check, lambda seed: texts((*SAID, *SCRIPTS[:6]), seed)),
    Reader("checks: JavaScript", CHECK, _javascript, lambda seed: texts(SCRIPTS, seed)),
    Reader("proofs", CHECK, _proof, lambda seed: texts(PROOFS, seed)),
    Reader("checks about pages", MB, _page_claims, lambda seed: texts(HTML, seed)),
    Reader("checks about Markdown", MB, _markdown_claims, lambda seed: texts(MARKDOWN, seed)),
    Reader("checks about data", MB // 5, _data_claims, lambda seed: texts(DATA, seed)),
    Reader("checks about data: values", MB // 10, _data_claims, _json_values),
    Reader("checks: keys", 1_000, _keys, lambda seed: texts(("a.", "[0]", "[", "[].", ".."), seed)),
    Reader("reports", 5_000, _compared, lambda _: [Family("checks and findings", _reports)]),
    Reader(
        "findings",
        MB,
        _compared,
        lambda seed: split(("Saw: ", "<html", "<a", ":1:2", "9 px", ":1", "9"), seed, _finding_of),
    ),
    Reader("versions", MB, lambda text: newest(text, ["1.2.3"]), lambda seed: texts(("1.", "^", "1.2.3-", "v"), seed)),
)

TOLD = (
    Reader("requests", COUNT, _accepted, _requests),
    Reader("requests: data URIs", MB, _uri, lambda seed: texts((",", ";base64,", "; base64", "%41", "; "), seed)),
    Reader("requests: keys", MB, _suspected, lambda seed: texts(("a1", "-", "a", "1", "a" * 19 + " "), seed)),
    Reader(
        "requests that are none",
        MB,
        lambda text: what_is_wrong(text.encode()),
        lambda seed: texts(("{'", ":", ": NaN", ", ]", "a="), seed),
    ),
    Reader("runs by hand", MB, _event, lambda seed: texts(("{", '"', "js: ", "- js:", "\n"), seed)),
    Reader("runs by hand: checks", MB, _inputs, lambda seed: texts(("js: ", "- js:", "- "), seed)),
    Reader(
        "commit messages",
        MB,
        request_of,
        lambda seed: texts(
            ("Pagewright-Request: ", "\n\n", "\n \n", "\n ", "Pagewright-Request: 0123456789abcdef\n"), seed
        ),
    ),
    Reader("logs", MB, _said, lambda seed: texts((":", "::", "##[", "\n", "\r", "\u2028", "`", "|"), seed)),
    Reader("records", 5_000, _recorded, lambda _: [Family("rounds", _record)]),
    Reader("records: texts", MB, lambda text: _recorded(text.encode()), lambda seed: texts(JSONS, seed, drawn=10)),
    Reader("sites", COUNT, _ruled, lambda _: [Family("files", _site)]),
    Reader(
        "sites: texts",
        MB,
        lambda text: _ruled({"a.js": text.encode()}),
        lambda seed: texts(("ghp_", "-----BEGIN ", "-----BEGIN A PRIVATE KEY", "sk-", "AKIA"), seed),
    ),
    Reader(
        "paths",
        MB,
        lambda text: (path_problem(text), clash([text, text])),
        lambda seed: texts(("/", "a/", "..", "%2e"), seed),
    ),
    Reader("handover", 1_000, handover.read, lambda _: [Family("files", _handed_over)]),
    Reader("templates", MB, _template, lambda seed: texts(("${", "${a}", "}", "$", "a,b\n"), seed)),
)

GIVEN_READERS = (*ATTACHED, *CHECKED, *TOLD)
