"""Documents are read by a process that can be lost."""

import asyncio
import contextlib
from pathlib import Path

import pytest

from orchestrator.generate.attachments import documents
from orchestrator.generate.attachments.documents import MAX_TEXT, UnreadableDocument, document_lines, read_document
from tests.doubles.documents import bomb, packed, pdf, workbook

pytestmark = pytest.mark.anyio


async def test_what_is_read_is_cut_at_a_limit() -> None:
    wide = workbook({f"S{number}": [["x" * 190] * 40] * 12 for number in range(3)})
    assert len(await read_document("xlsx", wide)) == MAX_TEXT


async def test_lines_end_at_the_same_limit() -> None:
    taken = list(document_lines("pdf", pdf(*["word " * 4_000] * 9)))
    assert taken[0] == "9 pages, title 'A report'"
    assert MAX_TEXT - 10 <= sum(map(len, taken)) + len(taken) <= MAX_TEXT + 1


async def test_a_workbook_that_would_unpack_to_too_much_is_not_opened() -> None:
    with pytest.raises(UnreadableDocument):
        list(document_lines("xlsx", bomb()))


async def test_sheets_and_pages_without_anything_are_said() -> None:
    assert list(document_lines("xlsx", workbook({"Empty": []}))) == [
        "1 sheets: Empty",
        "Sheet 'Empty', 1 rows, 1 columns; first rows:",
    ]
    assert list(document_lines("pdf", pdf("", title="")))[1] == "Page 1: no text, perhaps a picture"


async def test_a_reader_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "LONGEST_S", 0.01)
    with pytest.raises(UnreadableDocument):
        await read_document("pdf", pdf("x"))


def environments() -> set[bytes]:
    """Return the environments of all readers that run now, as the system tells them."""
    found: set[bytes] = set()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if b"attachments.documents" in (process / "cmdline").read_bytes():
                found.add((process / "environ").read_bytes())
    return found


async def test_the_reader_gets_nothing_of_our_environment() -> None:
    endless = b"%PDF-1.4\n" + b"1 0 obj<<>>endobj\n" * 200_000
    reading = asyncio.create_task(read_document("pdf", endless))
    seen: set[bytes] = set()
    while not reading.done():
        await asyncio.sleep(0.005)
        seen |= environments()
    with pytest.raises(UnreadableDocument):
        await reading
    assert seen == {b""}


async def test_an_archive_is_read_as_what_its_files_say_that_it_is() -> None:
    assert next(document_lines("zip", workbook({"Sales": [["a"]]}))) == "a workbook (XLSX), 1 sheets: Sales"
    assert list(document_lines("zip", packed({"a.txt": "x", "secret/../b.txt": ""})))[1:] == [
        "- 'a.txt', 1 bytes",
        "- 'secret/../b.txt', 0 bytes, its name points outside the folder",
    ]
    text = "<w:p><w:t>one</w:t><w:br/><w:t>two</w:t></w:p><w:t>no end</w:t>"
    assert list(document_lines("zip", packed({"word/document.xml": text})))[1:] == ["one\ntwo", "no end"]
    assert next(document_lines("zip", packed({"mimetype": "application/epub+zip"}))).startswith("a book (EPUB), 1 file")
    assert (
        list(document_lines("zip", packed({str(number): "" for number in range(61)})))[-1]
        == "… 60 of 61 files are listed"
    )


@pytest.mark.parametrize(
    "data", [b"PK\x03\x04", b"PK\x05\x06" + b"\xff" * 18, packed({"a": "b"})[:-30]], ids=["begun", "empty", "cut"]
)
async def test_an_archive_that_is_broken_is_unreadable(data: bytes) -> None:
    with pytest.raises(UnreadableDocument):
        await read_document("zip", data)
