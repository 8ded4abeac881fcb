"""What a model is told about each attachment: enough to write a page that reads it, within one budget for all."""

import asyncio
import mimetypes
from collections.abc import Mapping
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

from orchestrator.generate.attachments import json_text
from orchestrator.generate.attachments.documents import UnreadableDocument, read_document
from orchestrator.generate.attachments.images import detect_media_type, image_dimensions
from orchestrator.generate.encodings import DecodedText, decode_partly, decode_text
from orchestrator.generate.layout import split_csv_lines
from orchestrator.generate.tables import Column, Table, Unshowable, format_count, read_csv

MAX_READ = 10_000_000
"""How many bytes of one file are read."""

AT_ONCE = 2
"""Files that are read at the same time: each may take a process of its own."""

_TABLES = {".csv": ",;\t|", ".tsv": "\t", ".tab": "\t"}
_JSON = frozenset({".json", ".geojson", ".jsonl", ".ndjson", ".topojson", ".webmanifest"})
_DOCUMENTS = {".xlsx": "xlsx", ".xlsm": "xlsx", ".pdf": "pdf"}
_CALLED = {"xlsx": "a workbook (XLSX)", "pdf": "a PDF", "zip": "a ZIP archive"}
_BEGINNINGS = {b"%PDF-": "pdf", b"PK\x03\x04": "zip"}
_FIRST_ROWS, _LAST_ROWS = 5, 2
_SAMPLES = 3
_DEEP = 6
_KEYS = 40


async def describe_attachments(files: Mapping[str, bytes], seconds: float) -> dict[str, str]:
    """Return name -> everything a model could be told about it. After `seconds` it counts as unreadable."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def describe_in_turn(name: str, data: bytes) -> str:
        async with turns:
            return await _describe_attachment(name, data)

    tasks = {name: asyncio.create_task(describe_in_turn(name, data)) for name, data in files.items()}
    if tasks:
        _, late = await asyncio.wait(tasks.values(), timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
    return {
        name: f"{name}: {format_count(len(files[name]), 'byte')}, could not be read in time"
        if task.cancelled()
        else task.result()
        for name, task in tasks.items()
    }


def trim_digests(told: Mapping[str, str], budget: int) -> dict[str, str]:
    """Return what `describe_attachments` found, cut so that all together have about `budget` characters."""
    shares = _share_budget({name: len(text) for name, text in told.items()}, max(0, budget))
    return {name: _cut_middle(text, shares[name]) for name, text in told.items()}


def _share_budget(wanted: Mapping[str, int], budget: int) -> dict[str, int]:
    """Share `budget` so that small ones get all they want, and large ones equal parts of what is left."""
    shares: dict[str, int] = {}
    left = budget
    for place, name in enumerate(sorted(wanted, key=lambda name: wanted[name])):
        shares[name] = min(wanted[name], left // (len(wanted) - place))
        left -= shares[name]
    return shares


def _cut_middle(text: str, room: int) -> str:
    """Return `text`, or its beginning and its end around a note of how much is missing."""
    if len(text) <= room:
        return text
    note = f"\n… {len(text) - room:,} characters left out …\n"
    half = max(0, room - len(note))
    tail = half // 4
    return f"{text[: half - tail]}{note}{text[len(text) - tail :]}" if half > 200 else text[:room]


async def _describe_attachment(name: str, data: bytes) -> str:
    suffix = PurePosixPath(name).suffix.lower()
    head = f"{name}: {format_count(len(data), 'byte')}"
    if not data:
        return f"{name}: empty"
    if (kind := detect_media_type(data)) is not None:
        width, height = image_dimensions(data)
        return f"{head}, {kind}, {width} x {height} pixels" if width > 0 else f"{head}, {kind}, size unknown"
    beginning = next((kind for start, kind in _BEGINNINGS.items() if data.startswith(start)), None)
    if (kind := _DOCUMENTS.get(suffix, beginning)) is not None:
        # The content counts, not the name.
        return f"{head}, {await _describe_document(name, beginning or kind, data)}"
    # Large ones take seconds, in which the others go on.
    return f"{head}{await asyncio.to_thread(_describe_text, name, data)}"


def _describe_text(name: str, data: bytes) -> str:
    is_cut = len(data) > MAX_READ
    text = decode_text(data[:MAX_READ], is_cut=is_cut) or decode_partly(data[:MAX_READ])
    if text is None:
        return f", {_describe_unknown(name, data)}"
    note = f"; only the first {MAX_READ:,} bytes were read" if is_cut else ""
    suffix = PurePosixPath(name).suffix.lower()
    return f"{note}, {_describe_encoding(text)}{_describe_content(suffix, text.text)}"


def _describe_encoding(text: DecodedText) -> str:
    """Return how a page must decode a text that it would otherwise misread, or an empty text."""
    if text.encoding == "UTF-8":
        return "UTF-8 with a byte order mark (fetch removes it, JSON.parse alone does not),  " if text.has_mark else ""
    if text.lost:
        lost = format_count(text.lost, "byte")
        return f"in {text.encoding}: it is neither UTF-8 nor UTF-16, and {lost} could not be read (\ufffd below), "
    if text.encoding.startswith("UTF-32"):
        return (
            f"in {text.encoding}, which browsers cannot decode (the page has to combine the bytes into code points), "
        )
    mark = " without a byte order mark" if text.encoding.startswith("UTF-16") and not text.has_mark else ""
    guess = " (a guess; in another language, it may be another encoding)" if text.is_guess else ""
    return (
        f"in {text.encoding}{mark}{guess}, which fetch misreads as UTF-8: decode it with"
        f' new TextDecoder("{text.encoding.lower()}").decode(await response.arrayBuffer()), '
    )


async def _describe_document(name: str, kind: str, data: bytes) -> str:
    called = _CALLED[kind]
    named = PurePosixPath(name).suffix.lower()
    try:
        text = await read_document(kind, data)
    except UnreadableDocument:
        if named in _DOCUMENTS:
            return f"named like {_CALLED[_DOCUMENTS[named]]}, which could not be read"
        return f"{_describe_unknown(name, data)}; it begins like {called}, which could not be read"
    if kind != "zip":
        return f"{called}, {text}"
    expected = _CALLED.get(_DOCUMENTS.get(named, ""), "")
    return text if text.startswith(expected) else f"named like {expected}, but it is {text}"


def _describe_unknown(name: str, data: bytes) -> str:
    guessed = mimetypes.guess_type(name)[0] or "of unknown type"
    shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in data[:32])
    return f"{guessed}, not text; it begins with {data[:32].hex(' ')} ({shown})"


def _describe_content(suffix: str, text: str) -> str:
    endings = ", line endings CRLF" if "\r\n" in text else ""
    if suffix in _TABLES:
        try:
            return f"a table{endings}, {_describe_table(text, _TABLES[suffix])}"
        except Unshowable as problem:
            return f"named like a table, but {problem}{endings}:\n{text}"
    if suffix in _JSON:
        return f"{_describe_json(text)}{endings}:\n{text}"
    lines = text.count("\n") + (not text.endswith("\n"))
    return f"{format_count(lines, 'line')} of text{endings}:\n{text}"


# Tables


def _describe_table(text: str, delimiters: str) -> str:
    """Return what there is to know of delimited text: its columns with their totals, and rows as they are written."""
    table = read_csv(text, delimiters)
    lines = split_csv_lines(text)
    begins = len(table.before)
    size = f"{format_count(table.height, 'row')} and {format_count(len(table.columns), 'column')}"
    head = [f"{size}{_describe_header_place(table)}:"]
    head += [f"- {_describe_column(column)}" for column in table.columns]
    if len(lines) <= _FIRST_ROWS + _LAST_ROWS + 20:
        return "\n".join([*head, "The whole file:", *lines])
    shown = [*lines[: begins + _FIRST_ROWS + 1], "…", *_sample_lines(lines[begins:]), "…", *lines[-_LAST_ROWS:]]
    return "\n".join([*head, "The first rows, some from the middle, and the last ones, as in the file:", *shown])


def _describe_header_place(table: Table) -> str:
    """Return where the header is, in a file that does not begin with it."""
    if not table.before:
        return ""
    above = "line 1 is" if len(table.before) == 1 else f"lines 1 to {len(table.before)} are"
    return f"; the header is line {len(table.before) + 1} of the file, counted from 1: {above} not part of the table"


def _sample_lines(lines: list[str]) -> list[str]:
    step = len(lines) // (_SAMPLES + 1)
    return [lines[place * step] for place in range(1, _SAMPLES + 1)]


def _describe_column(column: Column) -> str:
    filled = [cell for cell in column.cells if cell]
    missing = f", {len(column.cells) - len(filled)} empty" if len(filled) < len(column.cells) else ""
    if column.numbers is not None:
        numbers = [number for number in column.numbers if number is not None]
        total = f", total {column.total}{_describe_sum_row(numbers)}" if column.total is not None else ""
        spelled = _describe_notation(filled, numbers)
        return f"{column.name!r}: numbers from {min(numbers):f} to {max(numbers):f}{total}{spelled}{missing}"
    distinct = list(dict.fromkeys(filled))
    shown = ", ".join(repr(value)[:60] for value in distinct[:_KEYS])
    if len(distinct) > 12:
        shown = ", ".join(repr(value)[:60] for value in distinct[:4]) + ", …"
    return f"{column.name!r}: text, {format_count(len(distinct), 'value')}: {shown}{missing}"


def _describe_sum_row(numbers: list[Decimal]) -> str:
    """Return a note where the last number is the sum of those before it: a total that would be counted twice."""
    *rows, last = numbers
    is_sum = len(rows) > 1 and last != 0 and sum(rows, Decimal(0)) == last
    return f" ({last:f} without the last value, which is the sum of the others)" if is_sum else ""


def _describe_notation(cells: list[str], numbers: list[Decimal]) -> str:
    plain = sum(cell == format(number, "f") or cell == f"{number}" for cell, number in zip(cells, numbers, strict=True))
    return "" if plain == len(cells) else f", written like {cells[0]!r:.40}"


# JSON


def _describe_json(text: str) -> str:
    try:
        if (read := json_text.parse_leniently(text)) is None:
            return f"named like JSON, but it could not be read as JSON: {json_text.find_refusal(text)}"
    except RecursionError:
        return "named like JSON, but it could not be read as JSON: it is nested too deeply"
    shape = _describe_shape(read.value, _DEEP)
    if read.lines:
        return f"JSON Lines, {format_count(read.lines, 'value')}; {read.refused}; in all {shape}"
    return f"JSON{f'; {read.refused};' if read.refused else ','} {shape}"


def _describe_shape(value: Any, depth: int) -> str:
    """Return the shape of a value: types, keys, lengths; of a list that of its entries taken together."""
    if isinstance(value, dict):
        if not depth or not value:
            return f"object of {format_count(len(value), 'key')}"
        inner = [f"{key!r:.60}: {_describe_shape(item, depth - 1)}" for key, item in list(value.items())[:_KEYS]]
        more = [f"… {len(value) - _KEYS} more"] if len(value) > _KEYS else []
        return "{" + ", ".join(inner + more) + "}"
    if isinstance(value, list):
        kinds = dict.fromkeys(_describe_shape(item, depth - 1) for item in value[:50]) if depth else {}
        return f"list of {len(value)}" + (f" of {' or '.join(list(kinds)[:4])}" if kinds else "")
    return {str: "string", bool: "true or false", type(None): "null"}.get(type(value), "number")
