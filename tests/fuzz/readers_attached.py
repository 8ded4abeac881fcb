"""Readers that are measured: briefs, attachments, tables, JSON, READMEs, the template and prompts."""

import io
import json
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Any

from orchestrator.core.record import Record, Round
from orchestrator.core.site import Site
from orchestrator.core.task import Task
from orchestrator.frameworks.choice import read_framework
from orchestrator.frameworks.idioms import find_idioms
from orchestrator.generate.attachments import archives, json_text
from orchestrator.generate.attachments.changes import diff_attachment, may_change, reason_to_refuse
from orchestrator.generate.attachments.digest import _describe_text as digested
from orchestrator.generate.attachments.digest import trim_digests
from orchestrator.generate.attachments.naming import with_names
from orchestrator.generate.draft import Material
from orchestrator.generate.encodings import decode_partly, decode_text
from orchestrator.generate.fallback import Ask, fallback_note, fallback_site, model_readme
from orchestrator.generate.models.presets import Model
from orchestrator.generate.prompt import load_prompts, opening_messages
from orchestrator.generate.sections import with_section
from orchestrator.generate.tables import Unshowable, read_csv, read_json, table_html
from tests.fuzz.families import split, texts
from tests.fuzz.growth import Family, Reader
from tests.fuzz.readers import FENCES, JSONS, MB

BRIEF = 100_000
COUNT = 20_000

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


def _given(brief: str, names: Sequence[str] = ("data.csv", "sum.py")) -> Material:
    task = Task.model_construct(task="t", round=1, nonce="n", brief=brief, checks=(), attachments=())
    return Material(task, dict.fromkeys(names, b"a,b\n1,2\n"), Site({}), None)


def _staying(brief: str) -> object:
    return (
        _given(brief).find_protected({"data.csv": brief[:500]}),
        may_change("sum.py", brief),
        reason_to_refuse("data.csv", brief),
    )


def _many_names(size: int) -> Any:
    return "Correct the typos in the attached files.", [f"data-{number}.csv" for number in range(size)]


def _attached(given: tuple[str, Sequence[str]]) -> object:
    what = _given(*given)
    return what.find_protected({}), with_names(given[0], given[1]), what.attached


def _shown(text: str) -> object:
    with suppress(Unshowable):
        return table_html(read_csv(text, ",;\t|"))
    return None


def _json(text: str) -> object:
    with suppress(Unshowable):
        read_json(text)
    with suppress(RecursionError):  # as it says
        return json_text.parse_leniently(text), json_text.find_refusal(text)
    return None


def _bytes_read(data: bytes) -> object:
    return decode_text(data), decode_text(data, is_cut=True), decode_partly(data)


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


def json_values(_: int) -> list[Family]:
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
    name="m", params={}, context=10_000, output=2_000, price=None, sees_images=False, edits=True, caches=False
)
PROMPTS = load_prompts()
LONG = "a" * 200


def _idioms(text: str) -> object:
    return list(find_idioms({"index.html": text.encode(), "src/main.jsx": text.encode()}))


BUILT = ("React", "not use ", "vue or ", "innerHTML ", "includes(", "script ", "single file component ", "no build ")


def _prompt(given: Material) -> object:
    return opening_messages(PROMPTS, given, PLAIN)


def _prompts(_: int) -> list[Family]:
    def told(names: Sequence[str], text: str) -> Material:
        return replace(_given("b", names), told=dict.fromkeys(names, text))

    # So many that no size fits a prompt as it is: to make one fit takes some more turns, and they are a step.
    return [
        Family("many attachments", lambda size: told([f"{n}.txt" for n in range(4 * size)], "a")),
        Family(
            "many files",
            lambda size: replace(_given("b"), present=Site({f"{n}{LONG}.txt": b"a" for n in range(size)})),
        ),
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


def _page_given(text: str) -> Material:
    return replace(_given(text[:BRIEF]), present=Site({"index.html": text.encode()}), told={"data.csv": text})


def _lines_changed(text: str) -> bytes:
    return "\n".join(f"{line}{number % 7}" for number, line in enumerate(text.split("\n"))).encode()


ATTACHED = (
    Reader("briefs", BRIEF, _staying, lambda seed: texts(SPOKEN, seed)),
    Reader(
        "apps: idioms",
        MB,
        _idioms,
        lambda seed: texts(("<!--", "<script ", " src=", "'", "type=module", "/vite.svg"), seed),
    ),
    Reader("briefs: framework", BRIEF, lambda text: read_framework(text, [text]), lambda seed: texts(BUILT, seed)),
    Reader("briefs: names", BRIEF, lambda text: with_names(text, ["data.csv"]), lambda seed: texts(SPOKEN[:4], seed)),
    Reader("briefs: attachments", COUNT, _attached, lambda _: [Family("by number", _many_names)]),
    Reader("tables", MB, _shown, lambda seed: texts(CSVS, seed)),
    Reader("tables: wide", MB, _shown, _tables),
    Reader("digests: tables", MB, _digested, lambda seed: [*texts(CSVS, seed), *_tables(seed)]),
    Reader("JSON", MB, _json, lambda seed: texts((*JSONS, "//", "/*", "*/", ",]", "NaN", "1"), seed)),
    Reader("digests: JSON", MB, _digest_of_json, lambda seed: texts((*JSONS, "//", "/*", ",]", "NaN"), seed)),
    Reader("JSON: values", 100_000, _json, json_values),
    Reader("digests: JSON values", 100_000, _digest_of_json, json_values),
    Reader(
        "encodings",
        MB,
        _bytes_read,
        lambda seed: split(("\0", "é", "\ufeff", "a\0"), seed, lambda text: text.encode("latin-1", "replace")),
    ),
    Reader("archives", COUNT, lambda data: list(archives.describe_archive(data)), lambda _: [Family("entries", _zip)]),
    Reader(
        "Word documents",
        MB,
        lambda data: list(archives.describe_archive(data)),
        lambda seed: split(("<w:t>", "</w:t>", "<w:t ", "<w:tab", "</w:p>", "<w:t>a</w:t>"), seed, _word),
    ),
    Reader(
        "changes",
        MB,
        lambda text: diff_attachment("a.csv", text.encode(), _lines_changed(text)),
        lambda seed: texts(CSV_LINES, seed),
    ),
    Reader(
        "digests: budget",
        COUNT,
        lambda told: trim_digests(told, 40_000),
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
