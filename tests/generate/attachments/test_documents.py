"""Documents are read by a process that can be lost."""

import asyncio
import contextlib
from pathlib import Path

import pytest

from orchestrator.generate.attachments import documents
from orchestrator.generate.attachments.documents import MAX_TEXT, Unreadable, text_of
from tests.doubles.documents import pdf, workbook

pytestmark = pytest.mark.anyio


async def test_what_is_read_is_cut_at_a_limit() -> None:
    wide = workbook({f"S{number}": [["x" * 190] * 40] * 12 for number in range(3)})
    assert len(await text_of("xlsx", wide)) == MAX_TEXT


async def test_a_reader_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "LONGEST_S", 0.01)
    with pytest.raises(Unreadable):
        await text_of("pdf", pdf("x"))


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
    reading = asyncio.create_task(text_of("pdf", endless))
    seen: set[bytes] = set()
    while not reading.done():
        await asyncio.sleep(0.005)
        seen |= environments()
    with pytest.raises(Unreadable):
        await reading
    assert seen == {b""}
