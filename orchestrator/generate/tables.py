"""From the bytes of a CSV or JSON file to columns with exact totals, and from those to a sortable HTML table.

Pure. A file may hold anything: what cannot be shown raises Unshowable, and nothing else is raised.
"""

import csv
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from html import escape
from typing import Any

from orchestrator.generate.encodings import decode_text
from orchestrator.generate.layout import detect_layout

MAX_ROWS = 1_000
MAX_COLUMNS = 100
_WIDE = 32  # characters; longer cells may wrap, shorter ones (dates, names) stay on one line
_LONG = 200_000  # characters; beyond, re-indenting deeply nested JSON could multiply its size a hundredfold

_LABEL = re.compile(r"(?:^|[\W_])(?:id|year|zip|code|phone)$", re.IGNORECASE)


class Unshowable(ValueError):
    """A file that cannot be shown on a page; the text completes "not shown here: "."""


def _number_pattern(group: str, point: str) -> re.Pattern[str]:
    # A leading zero marks a code (a postcode, an article number). Lengths are limited because `1e999999999`
    # would be written out as a gigabyte of zeros.
    return re.compile(
        rf"[-+]?(?!0[0-9])(?=[0-9{point}])(?:[1-9][0-9]{{0,2}}(?:{group}[0-9]{{3}}){{1,9}}|[0-9]{{0,30}})"
        rf"(?:{point}[0-9]{{1,30}})?(?:[eE][-+]?[0-9]{{1,2}})?"
    )


@dataclass(frozen=True)
class _Notation:
    """A way to write numbers: `1,234.50` or `1.234,50`."""

    group: str
    point: str
    pattern: re.Pattern[str]

    def parse_cells(self, cells: Sequence[str]) -> list[Decimal | None] | None:
        """Return the numbers that the cells are, None for an empty one; None if any cell is no number."""
        # Each spelling is read once: a large file has millions of cells, and few that differ.
        spelled = set(cells) - {""}
        if not all(map(self.pattern.fullmatch, spelled)):
            return None
        known = {cell: Decimal(cell.replace(self.group, "").replace(self.point, ".")) for cell in spelled}
        return [known.get(cell) for cell in cells]


_POINT = _Notation(",", ".", _number_pattern(",", r"\."))
_COMMA = _Notation(".", ",", _number_pattern(r"\.", ","))


@dataclass(frozen=True)
class Column:
    """One column: its cells as written and, where all of them are numbers, those numbers."""

    name: str
    cells: Sequence[str]
    numbers: Sequence[Decimal | None] | None
    summed: bool

    @property
    def total(self) -> str | None:
        """The exact sum in plain digits, such as `2582.00`; None if there is nothing to sum."""
        if self.numbers is None or not self.summed:
            return None
        with localcontext(prec=300):  # the largest and the smallest number that a cell may hold, side by side
            return format(sum((number for number in self.numbers if number is not None), Decimal(0)), "f")


@dataclass(frozen=True)
class Table:
    """Columns of equal length. `before`: the lines of the file that stand before the header."""

    columns: Sequence[Column]
    before: Sequence[str] = ()

    @property
    def height(self) -> int:
        """The number of rows, without the header."""
        return len(self.columns[0].cells)


def decode_showable(data: bytes) -> str:
    """Decode text in any encoding that programs write; raise Unshowable if it is not text."""
    if (found := decode_text(data)) is None:
        raise Unshowable("it is not text")
    return found.text


def read_csv(text: str, delimiters: str) -> Table:
    """Read delimited text whose first row is the header, unless that row is all numbers; raise Unshowable.

    Titles, comments and a line `sep=` before the header are kept in `Table.before`.
    """
    try:
        found = detect_layout(text, delimiters, _POINT.pattern.fullmatch)
        rows = [row.cells for row in found.rows if any(row.cells)]
    except csv.Error:
        raise Unshowable("it could not be read as a table") from None
    if not rows:
        raise Unshowable("it has no rows")
    header = [] if all(_POINT.pattern.fullmatch(cell) for cell in rows[0]) else rows.pop(0)
    # Spreadsheets write semicolons where the comma is the decimal point.
    table = _build_table(header, rows, (_POINT, _COMMA) if found.delimiter == ";" else (_POINT,))
    return Table(table.columns, found.before)


def read_json(text: str) -> Table | str:
    """Return objects as a table, an object of plain values as one with two columns, anything else as indented text.

    Raise Unshowable if it is not JSON.
    """
    try:
        value = json.loads(text)
        if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            names = list(dict.fromkeys(name for item in value for name in item))
            if 0 < len(names) <= MAX_COLUMNS:
                return _build_table(names, [[_cell(item.get(name)) for name in names] for item in value], (_POINT,))
        if isinstance(value, dict) and value and not any(isinstance(item, dict | list) for item in value.values()):
            # Its values are of different things: aligned, but never added up.
            rows = [[name, _cell(item)] for name, item in value.items()]
            return _build_table(["Name", "Value"], rows, (_POINT,), summed=False)
        return text if len(text) > _LONG else json.dumps(value, indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        raise Unshowable("it could not be read as JSON") from None


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value.strip() if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _build_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], notations: Sequence[_Notation], *, summed: bool = True
) -> Table:
    width = max(len(row) for row in (header, *rows))
    if width > MAX_COLUMNS:
        raise Unshowable(f"it has {width:,} columns")
    columns = []
    for index in range(width):
        name = header[index] if index < len(header) and header[index] else f"Column {index + 1}"
        cells = [row[index] if index < len(row) else "" for row in rows]
        columns.append(Column(name, cells, _parse_numbers(cells, notations), summed and not _LABEL.search(name)))
    return Table(columns)


def _parse_numbers(cells: Sequence[str], notations: Sequence[_Notation]) -> list[Decimal | None] | None:
    if not any(cells):
        return None
    readings = [numbers for notation in notations if (numbers := notation.parse_cells(cells)) is not None]
    # `1,234` is one number to some and another to others: where both readings fit and differ, we do not guess.
    return readings[0] if readings and all(numbers == readings[0] for numbers in readings) else None


def format_count(number: int, noun: str) -> str:
    """Return `1 row`, `2 rows`, `1,000 rows`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def table_html(table: Table) -> str:
    """Draw the first 1,000 rows, each header a button for sorting, the totals of all rows below."""
    head = "".join(
        f'<th scope="col"{_class(column)}><button type="button" disabled>{escape(column.name)}</button></th>'
        for column in table.columns
    )
    drawn = zip(*(_cells_html(column) for column in table.columns), strict=True)
    body = "\n".join(f"<tr>{''.join(row)}</tr>" for row in drawn)
    foot = _foot_html(table.columns) if table.height else ""
    return (
        f"<table>\n<caption><span>{_caption(table, has_totals=bool(foot))}</span></caption>\n"
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n{foot}</table>"
    )


def _class(column: Column) -> str:
    if column.numbers is not None:
        return ' class="n"'
    return ' class="w"' if any(len(cell) > _WIDE or "\n" in cell for cell in column.cells[:MAX_ROWS]) else ""


def _cells_html(column: Column) -> list[str]:
    open_tag = f"<td{_class(column)}>"
    cells = column.cells[:MAX_ROWS]
    if column.numbers is None:
        return [f"{open_tag}{escape(cell)}</td>" for cell in cells]
    pairs = zip(cells, column.numbers[:MAX_ROWS], strict=True)
    return [f"{open_tag}{_number_html(cell, number)}</td>" for cell, number in pairs]


def _number_html(cell: str, number: Decimal | None) -> str:
    if number is None or cell == str(number):
        return cell
    # Scripts read `1,234` as 1: where the writing is not the number, the number goes along.
    return f'<data value="{number}">{cell}</data>'


def _foot_html(columns: Sequence[Column]) -> str:
    totals = [column.total for column in columns]
    if not any(total is not None for total in totals):
        return ""
    cells = ["<td></td>" if total is None else f'<td class="n">{total}</td>' for total in totals]
    if None not in totals:
        # No cell is free for the word: the style sheet puts a sign before each total.
        return f'<tfoot class="bare"><tr>{"".join(cells)}</tr></tfoot>\n'
    cells[totals.index(None)] = '<th scope="row">Total</th>'
    return f"<tfoot><tr>{''.join(cells)}</tr></tfoot>\n"


def _caption(table: Table, *, has_totals: bool) -> str:
    if table.height <= MAX_ROWS:
        return format_count(table.height, "row")
    return f"The first {MAX_ROWS:,} of {table.height:,} rows{'; the totals are of all rows' if has_totals else ''}"
