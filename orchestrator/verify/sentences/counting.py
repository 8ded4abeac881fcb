"""How much a file holds: words, lines, sentences, entries. Pure.

People count in more than one way: a blank line may be a line, `-` a word. All ways are given, and where they lead to
different verdicts, no verdict is given.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence

from orchestrator.core.paths import is_page
from orchestrator.verify.sentences.markup import find_links, parse_page
from orchestrator.verify.sentences.numbers import Bound
from orchestrator.verify.sentences.repository import Evidence
from orchestrator.verify.sentences.structure import (
    Malformed,
    parse_by_name,
    parse_csv_rows,
    promised_format,
    unread_finding,
)

_WORD = re.compile(r"\w")
_DASH = re.compile(r"[\u2013\u2014]")
_ENDING = re.compile(r"(?<![.!?…])[.!?…]++[\"'”\u2019)\]*_]*+(?=\s|$)")
_SHORT = frozenset(
    [
        "mr.",
        "mrs.",
        "ms.",
        "dr.",
        "prof.",
        "st.",
        "e.g.",
        "i.e.",
        "etc.",
        "vs.",
        "no.",
        "fig.",
        "approx.",
        "jr.",
        "sr.",
        "inc.",
        "p.",
        "cf.",
    ]
)
_BULLET = re.compile(r" {0,12}(?:[-*+]|\d{1,4}[.)])[ \t]+\S")
_FENCE = re.compile(r" {0,3}(?:```|~~~)")
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(\S.*)")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*")
_CLOSING = re.compile(r"(?<=[ \t])#+$")


def decode_file(data: bytes) -> str:
    """Return a file as text, without a mark of its encoding."""
    return data.decode("utf-8-sig", errors="replace")


def parse_headings(text: str) -> list[tuple[int, str]]:
    """Return level and text of each heading of a Markdown file; a code fence has no headings."""
    found: list[tuple[int, str]] = []
    is_fenced, before = False, ""
    for line in text.splitlines():
        if _FENCE.match(line):
            is_fenced, before = not is_fenced, ""
            continue
        if is_fenced:
            continue
        if heading := _HEADING.fullmatch(line):
            found.append((len(heading[1]), _CLOSING.sub("", heading[2].strip()).strip()))
        elif before and _UNDERLINE.fullmatch(line):
            found.append((1 if "=" in line else 2, before))
        before = line.strip() if not heading and not _BULLET.match(line) else ""
    return found


def _count_words(_: str, data: bytes) -> list[int]:
    text = decode_file(data)
    apart = _DASH.sub(" ", text).split()
    return [len(text.split()), sum(1 for word in apart if _WORD.search(word))]


def _count_lines(_: str, data: bytes) -> list[int]:
    lines = decode_file(data).splitlines()
    return [len(lines), sum(1 for line in lines if line.strip())]


def _count_sentences(_: str, data: bytes) -> list[int]:
    text = decode_file(data).strip()
    ends = [*_ENDING.finditer(text)]
    sure = [end for end in ends if not _is_abbreviation(text, end)]
    rest = bool(text) and not (ends and ends[-1].end() == len(text))
    return [len(ends) + rest, len(sure) + rest]


def _is_abbreviation(text: str, end: re.Match[str]) -> bool:
    """Whether what ends here is more likely an abbreviation: small letters follow, or it is known as one."""
    word = text[max(0, end.start() - 12) : end.end()].rsplit(maxsplit=1)[-1].lower()
    return word in _SHORT or text[end.end() : end.end() + 2].lstrip()[:1].islower()


def _count_characters(_: str, data: bytes) -> list[int]:
    text = decode_file(data)
    return [len(text), len(text.strip())]


def _count_paragraphs(_: str, data: bytes) -> list[int]:
    blocks = [block for block in re.split(r"\n[ \t\r]*\n", decode_file(data)) if block.strip()]
    return [len(blocks), sum(1 for block in blocks if not _HEADING.match(block))]


def _count_headings(name: str, data: bytes) -> list[int]:
    if is_page(name):
        return [len(parse_page(decode_file(data)).select_nodes("h1, h2, h3, h4, h5, h6"))]
    levels = [level for level, _ in parse_headings(decode_file(data))]
    return [len(levels), len(levels) - (levels[:1] == [1] and levels.count(1) == 1)]


def _count_links(name: str, data: bytes) -> list[int]:
    return [len(find_links(name, decode_file(data)))]


def _count_entries(name: str, data: bytes) -> list[int]:
    """Return how many entries a list, an object, a table or a written list has."""
    kind = promised_format(name)
    if kind == "csv":
        return _count_rows(name, data)
    if kind in ("json", "yaml"):
        value = parse_by_name(name, data)
        lists = [item for item in value.values() if isinstance(item, list)] if isinstance(value, dict) else []
        inner = [len(lists[0])] if len(lists) == 1 else []
        if not isinstance(value, (dict, list)):
            raise Malformed(f"`{name}` holds no list")
        return [len(value), *inner]
    if is_page(name):
        return [len(parse_page(decode_file(data)).select_nodes("li"))]
    return _count_bullets(name, data)


def _count_bullets(_: str, data: bytes) -> list[int]:
    lines = [line for line in decode_file(data).splitlines() if _BULLET.match(line)]
    return [len(lines), sum(1 for line in lines if not line.startswith((" ", "\t")))]


def _count_code_blocks(_: str, data: bytes) -> list[int]:
    return [sum(1 for line in decode_file(data).splitlines() if _FENCE.match(line)) // 2]


def _count_data_rows(name: str, data: bytes) -> list[int]:
    return [max(0, len(parse_csv_rows(name, data)) - 1)]


def _count_rows(name: str, data: bytes) -> list[int]:
    rows = parse_csv_rows(name, data)
    return [len(rows)] if not _has_header(rows) else [len(rows) - 1, len(rows)]


def _count_records(name: str, data: bytes) -> list[int]:
    rows = parse_csv_rows(name, data)
    return [len(rows) - 1] if _has_header(rows) else [len(rows)]


def _has_header(rows: Sequence[Sequence[str]]) -> bool:
    return bool(rows) and all(cell.strip() and not cell.strip()[0].isdigit() for cell in rows[0])


def _count_columns(name: str, data: bytes) -> list[int]:
    return sorted({len(row) for row in parse_csv_rows(name, data)}) or [0]


def _count_keys(name: str, data: bytes) -> list[int]:
    value = parse_by_name(name, data)
    if not isinstance(value, dict):
        raise Malformed(f"`{name}` holds no object")
    return [len(value)]


def _byte_counter(size: int) -> Callable[[str, bytes], list[int]]:
    return lambda _, data: [len(data) // size, -(-len(data) // size)]


_COUNTS: Mapping[str, Callable[[str, bytes], list[int]]] = {
    "word": _count_words,
    "line": _count_lines,
    "line of text": _count_lines,
    "sentence": _count_sentences,
    "character": _count_characters,
    "byte": _byte_counter(1),
    "kb": _byte_counter(1000),
    "kilobyte": _byte_counter(1000),
    "paragraph": _count_paragraphs,
    "heading": _count_headings,
    "section": _count_headings,
    "link": _count_links,
    "item": _count_entries,
    "entry": _count_entries,
    "element": _count_entries,
    "object": _count_entries,
    "list item": _count_entries,
    "list entry": _count_entries,
    "bullet": _count_bullets,
    "bullet point": _count_bullets,
    "row": _count_rows,
    "data row": _count_data_rows,
    "record": _count_records,
    "column": _count_columns,
    "key": _count_keys,
    "top-level key": _count_keys,
    "field": _count_keys,
    "code block": _count_code_blocks,
}


def plural_unit(unit: str) -> str:
    """Return a unit as it stands behind a number that is not one."""
    if unit == "line of text":
        return "lines of text"
    return unit if unit == "kb" else f"{unit[:-1]}ies" if unit.endswith("ry") else f"{unit}s"


UNITS: Mapping[str, str] = {form: unit for unit in _COUNTS for form in (unit, plural_unit(unit))}
"""How a unit is written, alone and of many -> the unit."""


def judge_count(name: str, data: bytes, unit: str, wanted: Bound) -> Evidence:
    """Return whether a file has as many `unit`s as are wanted; no verdict where it depends on the way of counting."""
    try:
        ways = _COUNTS[unit](name, data)
    except Malformed as error:
        return unread_finding(error)
    seen = " or ".join(str(count) for count in dict.fromkeys(ways))
    verdicts = {wanted.takes(count) for count in ways}
    told = f"`{name}` has {seen} {unit if seen == '1' else plural_unit(unit)}"
    if len(verdicts) > 1:
        return Evidence(None, f"{told}, depending on how they are counted")
    return Evidence(verdicts.pop(), told)


def json_text(value: object) -> str:
    """Return a value as JSON for a sentence, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:79]}…"
