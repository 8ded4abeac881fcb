"""Reading workbooks, PDFs and archives in a process of its own: so no file can hang the build or use up its memory.

Run as `python -m orchestrator.generate.attachments.documents xlsx|pdf|zip` it reads the file on stdin and prints text.
"""

import asyncio
import io
import resource
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from orchestrator.generate.attachments import archives

ROOT = Path(__file__).parents[3]

LONGEST_S = 15.0
MAX_MEMORY = 1024**3
MAX_TEXT = 100_000
"""Seconds, bytes of memory, and characters of text that are taken at most."""

_SHEETS, _ROWS, _COLUMNS, _PAGES = 30, 12, 40, 200


class UnreadableDocument(ValueError):
    """The document could not be read."""


async def read_document(kind: str, data: bytes) -> str:
    """Return what stands in a document of `kind` (`xlsx`, `pdf` or `zip`); raise UnreadableDocument."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        __name__,
        kind,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=ROOT,
        env={},  # an attacker who takes it over finds nothing here
    )
    try:
        async with asyncio.timeout(LONGEST_S):
            said, _ = await process.communicate(data)
    except TimeoutError:
        raise UnreadableDocument from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    text = said[: 4 * MAX_TEXT].decode(errors="replace")[:MAX_TEXT].strip()
    if process.returncode or not text:
        raise UnreadableDocument
    return text


def main(kind: str) -> None:
    """Print what stands in the document on stdin, within the limits."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (int(LONGEST_S), int(LONGEST_S)))
    for line in document_lines(kind, sys.stdin.buffer.read()):
        sys.stdout.buffer.write(f"{line}\n".encode(errors="replace"))


def document_lines(kind: str, data: bytes) -> Iterator[str]:
    """Yield what stands in a document, about `MAX_TEXT` characters; raises what the readers raise."""
    left = MAX_TEXT
    for line in {"xlsx": _workbook_lines, "pdf": _pdf_lines, "zip": _archive_lines}[kind](data):
        yield line[:left]
        left -= len(line) + 1
        if left <= 0:
            return


def _workbook_lines(data: bytes) -> Iterator[str]:
    from openpyxl import load_workbook  # noqa: PLC0415 - only this process has the readers

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > archives.MAX_UNPACKED:
            raise UnreadableDocument
    book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    yield f"{len(book.sheetnames)} sheets: {', '.join(book.sheetnames[:_SHEETS])}"
    for sheet in book.worksheets[:_SHEETS]:
        yield f"Sheet {sheet.title!r}, {sheet.max_row or '?'} rows, {sheet.max_column or '?'} columns; first rows:"
        for row in sheet.iter_rows(max_row=_ROWS, max_col=_COLUMNS, values_only=True):
            cells = ["" if cell is None else str(cell)[:200] for cell in row]
            yield " | ".join(cells).rstrip(" |")


def _archive_lines(data: bytes) -> Iterator[str]:
    """Yield what is in an archive, or the sheets of a workbook. The content decides, not the name."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        is_workbook = archives.is_workbook(archive)
    if not is_workbook:
        yield from archives.describe_archive(data)
        return
    sheets = _workbook_lines(data)
    yield f"a workbook (XLSX), {next(sheets)}"
    yield from sheets


def _pdf_lines(data: bytes) -> Iterator[str]:
    from pypdf import PdfReader  # noqa: PLC0415

    reader = PdfReader(io.BytesIO(data))
    title = reader.metadata.title if reader.metadata else None
    yield f"{len(reader.pages)} pages{f', title {title!r:.200}' if title else ''}"
    for number, page in enumerate(reader.pages[:_PAGES], 1):
        text = page.extract_text().strip()
        yield f"Page {number}:\n{text}" if text else f"Page {number}: no text, perhaps a picture"


if __name__ == "__main__":
    main(sys.argv[1])
