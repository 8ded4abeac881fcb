"""What a model is told of each attachment: enough to write a page that reads it, within a budget shared fairly."""

import asyncio
import json
import mimetypes
from collections.abc import Mapping
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

from orchestrator.generate.attachments.documents import Unreadable, text_of
from orchestrator.generate.attachments.images import dimensions, media_type
from orchestrator.generate.tables import Column, Unshowable, count, decode, read_csv

MAX_READ = 10_000_000
"""Bytes of one file that are looked at."""

AT_ONCE = 2
"""Files that are read at the same time: each may take a process of its own."""

_TABLES = {".csv": ",;\t|", ".tsv": "\t", ".tab": "\t"}
_DOCUMENTS = {".xlsx": "xlsx", ".xlsm": "xlsx", ".pdf": "pdf"}
_BEGINNINGS = {b"%PDF-": "pdf", b"PK\x03\x04": "zip"}
_FIRST_ROWS, _LAST_ROWS = 5, 2
_SAMPLES = 3
_DEEP = 6
_KEYS = 40


async def told_of(files: Mapping[str, bytes], seconds: float) -> dict[str, str]:
    """Return name -> all that a model could be told of it, within `seconds`; what takes longer is called unreadable."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def told(name: str, data: bytes) -> str:
        async with turns:
            return await _digest(name, data)

    tasks = {name: asyncio.create_task(told(name, data)) for name, data in files.items()}
    if tasks:
        _, late = await asyncio.wait(tasks.values(), timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
    return {
        name: f"{name}: {count(len(files[name]), 'byte')}, not read in time" if task.cancelled() else task.result()
        for name, task in tasks.items()
    }


def digests(told: Mapping[str, str], budget: int) -> dict[str, str]:
    """Return what `told_of` found, cut so that all together have about `budget` characters."""
    shares = _shares({name: len(text) for name, text in told.items()}, max(0, budget))
    return {name: _within(text, shares[name]) for name, text in told.items()}


def _shares(wanted: Mapping[str, int], budget: int) -> dict[str, int]:
    """Share `budget` so that small ones get all they want, and large ones equal parts of what is left."""
    shares: dict[str, int] = {}
    left = budget
    for place, name in enumerate(sorted(wanted, key=lambda name: wanted[name])):
        shares[name] = min(wanted[name], left // (len(wanted) - place))
        left -= shares[name]
    return shares


def _within(text: str, room: int) -> str:
    """Return `text`, or its beginning and its end around a note of how much is missing."""
    if len(text) <= room:
        return text
    note = f"\n… {len(text) - room:,} characters left out …\n"
    half = max(0, room - len(note))
    tail = half // 4
    return f"{text[: half - tail]}{note}{text[len(text) - tail :]}" if half > 200 else text[:room]


async def _digest(name: str, data: bytes) -> str:
    suffix = PurePosixPath(name).suffix.lower()
    head = f"{name}: {count(len(data), 'byte')}"
    if not data:
        return f"{name}: empty"
    if (kind := media_type(data)) is not None:
        width, height = dimensions(data)
        return f"{head}, {kind}, {width} x {height} pixels" if width > 0 else f"{head}, {kind}, size unknown"
    if suffix in _DOCUMENTS:
        return f"{head}, {await _document(_DOCUMENTS[suffix], data)}"
    beginning = next((kind for start, kind in _BEGINNINGS.items() if data.startswith(start)), None)
    if beginning is not None:
        return f"{head}, {_unknown(name, data)}"
    # Large ones take seconds, in which others shall go on.
    return f"{head}{await asyncio.to_thread(_as_text, name, data)}"


def _as_text(name: str, data: bytes) -> str:
    try:
        text = decode(data[:MAX_READ])
    except Unshowable:
        return f", {_unknown(name, data)}"
    note = f"; only the first {MAX_READ:,} bytes were read" if len(data) > MAX_READ else ""
    return f"{note}, {_text(PurePosixPath(name).suffix.lower(), text)}"


async def _document(kind: str, data: bytes) -> str:
    called = "a workbook (XLSX)" if kind == "xlsx" else "a PDF"
    try:
        return f"{called}, {await text_of(kind, data)}"
    except Unreadable:
        return f"named like {called}, which could not be read"


def _unknown(name: str, data: bytes) -> str:
    guessed = mimetypes.guess_type(name)[0] or "of no known kind"
    shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in data[:32])
    return f"{guessed}, not text; it begins with {data[:32].hex(' ')} ({shown})"


def _text(suffix: str, text: str) -> str:
    endings = ", line endings CRLF" if "\r\n" in text else ""
    if suffix in _TABLES:
        try:
            return f"a table{endings}, {_table(text, _TABLES[suffix])}"
        except Unshowable as problem:
            return f"named like a table, but {problem}{endings}:\n{text}"
    if suffix in (".json", ".geojson"):
        return f"{_json(text)}{endings}:\n{text}"
    lines = text.count("\n") + (not text.endswith("\n"))
    return f"{count(lines, 'line')} of text{endings}:\n{text}"


# Tables


def _table(text: str, delimiters: str) -> str:
    """Return what there is to know of delimited text: its columns with their totals, and rows as they are written."""
    table = read_csv(text, delimiters)
    lines = text.splitlines()
    head = [f"{count(table.height, 'row')} and {count(len(table.columns), 'column')}:"]
    head += [f"- {_column(column)}" for column in table.columns]
    if len(lines) <= _FIRST_ROWS + _LAST_ROWS + 20:
        return "\n".join([*head, "The whole file:", *lines])
    shown = [*lines[: _FIRST_ROWS + 1], "…", *_typical(lines), "…", *lines[-_LAST_ROWS:]]
    return "\n".join([*head, "The first rows, some from the middle, and the last ones, as they are written:", *shown])


def _typical(lines: list[str]) -> list[str]:
    step = len(lines) // (_SAMPLES + 1)
    return [lines[place * step] for place in range(1, _SAMPLES + 1)]


def _column(column: Column) -> str:
    filled = [cell for cell in column.cells if cell]
    missing = f", {len(column.cells) - len(filled)} empty" if len(filled) < len(column.cells) else ""
    if column.numbers is not None:
        numbers = [number for number in column.numbers if number is not None]
        total = f", total {column.total}" if column.total is not None else ""
        spelled = _spelling(filled, numbers)
        return f"{column.name!r}: numbers from {min(numbers):f} to {max(numbers):f}{total}{spelled}{missing}"
    distinct = list(dict.fromkeys(filled))
    shown = ", ".join(repr(value)[:60] for value in distinct[:_KEYS])
    if len(distinct) > 12:
        shown = ", ".join(repr(value)[:60] for value in distinct[:4]) + ", …"
    return f"{column.name!r}: text, {count(len(distinct), 'value')}: {shown}{missing}"


def _spelling(cells: list[str], numbers: list[Decimal]) -> str:
    plain = sum(cell == format(number, "f") or cell == f"{number}" for cell, number in zip(cells, numbers, strict=True))
    return "" if plain == len(cells) else f", written like {cells[0]!r:.40}"


# JSON


def _json(text: str) -> str:
    try:
        return f"JSON, {_shape(json.loads(text), _DEEP)}"
    except (ValueError, RecursionError):
        return "named like JSON, but it cannot be read as JSON"


def _shape(value: Any, depth: int) -> str:
    """Return the shape of a value: types, keys, lengths; of a list that of its entries taken together."""
    if isinstance(value, dict):
        if not depth or not value:
            return f"object of {count(len(value), 'key')}"
        inner = [f"{key!r:.60}: {_shape(item, depth - 1)}" for key, item in list(value.items())[:_KEYS]]
        more = [f"… {len(value) - _KEYS} more"] if len(value) > _KEYS else []
        return "{" + ", ".join(inner + more) + "}"
    if isinstance(value, list):
        kinds = dict.fromkeys(_shape(item, depth - 1) for item in value[:50]) if depth else {}
        return f"list of {len(value)}" + (f" of {' or '.join(list(kinds)[:4])}" if kinds else "")
    return {str: "string", bool: "true or false", type(None): "null"}.get(type(value), "number")
