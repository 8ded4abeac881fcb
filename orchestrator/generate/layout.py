"""Where the table begins in a file of delimited text: what spreadsheets and reports write before the header. Pure."""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import dropwhile, islice
from typing import NamedTuple

LOOKED_AT = 200
"""Rows in which the header is looked for."""

# Spreadsheets write this line plain, quoted, or padded with delimiters.
_SEP = re.compile(r'"?sep=(?P<delimiter>[^\w\s"]|\t)"?[,;\t|]*', re.IGNORECASE)
_COMMENT = re.compile(r"#(?:\s|#|$)|//")
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")

IsNumber = Callable[[str], object]


class Row(NamedTuple):
    """The cells of one row, and the line of the file that it begins in, from 1."""

    line: int
    cells: Sequence[str]

    @property
    def filled_cells(self) -> int:
        """How many of its cells hold something."""
        return sum(map(bool, self.cells))


@dataclass(frozen=True)
class Layout:
    """`delimiter` between cells, the rows from the header on, and the lines before it, as they are written."""

    delimiter: str
    rows: Iterable[Row]
    before: Sequence[str]


def split_csv_lines(text: str) -> list[str]:
    """Return the lines as a reader of CSV counts them, without their ends."""
    return [line.rstrip("\r\n") for line in io.StringIO(text, newline="")]


def detect_layout(text: str, delimiters: str, is_number: IsNumber) -> Layout:
    """Return how `text` is laid out. Raises csv.Error.

    `delimiters`: those that it may have; a line `sep=` names its own. `is_number`: whether a cell is one.
    """
    first = text[:100].splitlines()[:1]
    skipped = 0
    if first and (named := _SEP.fullmatch(first[0].strip(" "))) is not None:
        delimiters, skipped = named["delimiter"], 1
    delimiter = _choose_delimiter(text, delimiters, skipped)
    looked_at = list(islice(_parse_rows(text, delimiter, skipped), LOOKED_AT))
    place = _find_header(looked_at, is_number)
    begins = (
        looked_at[place].line if place is not None else next((row.line for row in looked_at if row.filled_cells), 1)
    )
    rows = (row for row in _parse_rows(text, delimiter, skipped) if row.line >= begins)
    return Layout(delimiter, rows, split_csv_lines(text)[: begins - 1] if begins > 1 else ())


def _choose_delimiter(text: str, delimiters: str, skipped: int) -> str:
    """Return the delimiter that explains the table best; where none splits all of it, one that splits its end."""

    def best_delimiter(*, below: bool) -> tuple[bool, str]:
        fits = {one: _rate_delimiter(_parse_rows(text, one, skipped), below=below) for one in delimiters}
        chosen = max(delimiters, key=lambda one: fits[one])
        return fits[chosen][0], chosen

    splits, whole = best_delimiter(below=False)
    if splits:
        return whole
    splits, end = best_delimiter(below=True)
    return end if splits else whole


def _parse_rows(text: str, delimiter: str, skipped: int) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    begins = 1
    for row in reader:
        if begins > skipped:
            yield Row(begins, [cell.strip() for cell in row])
        begins = reader.line_num + 1


def _rate_delimiter(rows: Iterable[Row], *, below: bool) -> tuple[bool, float, int]:
    """Say how well a delimiter explains the first rows: does it split, how many rows alike, into how many cells.

    The rows that count are those of the table: what stands before or behind it is laid out in its own way. `below`:
    those below lines without the delimiter, if all of them are alike.
    """
    first = list(islice(rows, 50))
    table = max(_split_blocks(first), key=_count_cells, default=first)
    if below:
        table = list(dropwhile(lambda row: len(row.cells) == 1, table))
    widths = Counter(len(row.cells) for row in table)
    if below and (len(table) < 2 or len(widths) > 1):
        return (False, 0.0, 0)
    if not widths:
        return (False, 0.0, 0)
    width, alike = widths.most_common(1)[0]
    return (width > 1, alike / widths.total(), width)


def _split_blocks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Yield the rows between empty ones."""
    block: list[Row] = []
    for row in rows:
        if row.filled_cells:
            block.append(row)
        elif block:
            yield block
            block = []
    if block:
        yield block


def _count_cells(block: Sequence[Row]) -> int:
    return sum(row.filled_cells for row in block if row.filled_cells > 1)


def _find_header(rows: Sequence[Row], is_number: IsNumber) -> int | None:
    """Return the place of the header where something else stands before it; None if the first row begins the table.

    In doubt it does: a row is passed over only where it is clearly no part of the table that follows.
    """
    block = max(_split_blocks(rows), key=_count_cells, default=[])
    split = Counter(len(row.cells) for row in block if len(row.cells) > 1)
    if not split:
        return None
    width = split.most_common(1)[0][0]
    for place, row in enumerate(rows):
        below = rows[place + 1 : place + 2]
        is_on_table = bool(below) and below[0].filled_cells > 0 and len(below[0].cells) == width
        if place and is_on_table and _names_columns(row, width, is_number):
            before = [one for one in rows[:place] if one.filled_cells]
            is_parted = not rows[place - 1].filled_cells and _has_more_numbers(rows, place, is_number)
            return place if before and (is_parted or all(_is_apart(one, width) for one in before)) else None
        if row.filled_cells and not _is_apart(row, width) and not _is_followed_by_gap(rows, place):
            return None
    return None


def _names_columns(row: Row, width: int, is_number: IsNumber) -> bool:
    """Whether a row can be a header: all cells filled but perhaps the first, each other, none a number but a year."""
    cells = row.cells if row.cells and row.cells[0] else row.cells[1:]
    has_names = len(row.cells) == width and all(cells) and len(set(cells)) == len(cells)
    return (
        has_names and row.filled_cells > 1 and not any(is_number(cell) and not _YEAR.fullmatch(cell) for cell in cells)
    )


def _is_apart(row: Row, width: int) -> bool:
    """Whether a row before the header is no part of the table: shorter, hardly filled, or a comment."""
    return len(row.cells) < width or row.filled_cells <= width // 2 or _COMMENT.match(row.cells[0]) is not None


def _is_followed_by_gap(rows: Sequence[Row], place: int) -> bool:
    following = rows[place + 1 :]
    return any(not row.filled_cells for row in following[:10])


def _has_more_numbers(rows: Sequence[Row], place: int, is_number: IsNumber) -> bool:
    """Whether more columns are numbers below `place` than below the first row."""
    return _count_numeric_columns(rows[place + 1 :], is_number) > _count_numeric_columns(rows[1:], is_number)


def _count_numeric_columns(rows: Sequence[Row], is_number: IsNumber) -> int:
    """Return how many columns hold numbers alone."""
    found: dict[int, bool] = {}
    for row in rows:  # one of them may be much wider than the others
        for index, cell in enumerate(row.cells):
            if cell:
                found[index] = found.get(index, True) and bool(is_number(cell))
    return sum(found.values())
