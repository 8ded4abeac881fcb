"""What is in a ZIP archive, by its directory, and which kind of document it is. Runs in the process of `documents`.

Nothing is unpacked to the disk and no archive inside another is opened: https://docs.python.org/3/library/zipfile.html
"""

import html
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

MAX_UNPACKED = 100 * 1024**2
"""Bytes that a document may unpack to."""

FILES = 60
NAME = 120
"""Files that are listed, and characters of a name."""

_MAX_TEXT = 20 * 1024**2
_KINDS = {
    "xl/workbook.xml": "a workbook (XLSX)",
    "xl/workbook.bin": "a workbook (XLSB)",
    "word/document.xml": "a Word document (DOCX)",
    "ppt/presentation.xml": "a presentation (PPTX)",
    "META-INF/MANIFEST.MF": "a Java archive (JAR)",
    "AndroidManifest.xml": "an Android app (APK)",
}
# The first file of these archives names the kind: https://www.w3.org/TR/epub-33/#sec-zip-container-mime
_MIMETYPE = "mimetype"
_DECLARED = {
    b"application/epub+zip": "a book (EPUB)",
    b"application/vnd.oasis.opendocument.text": "a text document (ODT)",
    b"application/vnd.oasis.opendocument.spreadsheet": "a workbook (ODS)",
    b"application/vnd.oasis.opendocument.presentation": "a presentation (ODP)",
}
_ARCHIVES = frozenset({".zip", ".jar", ".gz", ".tgz", ".tar", ".7z", ".rar", ".bz2", ".xz", ".zst"})
_ENCRYPTED = 0x1
_PIECE = re.compile(r"<w:t(?:\s[^<>]*)?>([^<]*)</w:t>|<w:(tab|br)\b|</w:(p)>")


def describe_kind(archive: zipfile.ZipFile) -> str:
    """Return what kind of file this archive is, in words."""
    entries = archive.infolist()
    if entries and entries[0].filename == _MIMETYPE and entries[0].file_size < NAME:
        declared = archive.read(entries[0]).strip()
        if declared in _DECLARED:
            return _DECLARED[declared]
    names = {entry.filename for entry in entries[:10_000]}
    return next((kind for name, kind in _KINDS.items() if name in names), "a ZIP archive")


def is_workbook(archive: zipfile.ZipFile) -> bool:
    """Whether its sheets can be read here."""
    return "xl/workbook.xml" in archive.NameToInfo


def describe_archive(data: bytes) -> Iterator[str]:
    """Yield what an archive is and which files are in it, or a Word document's text. Raises what zipfile raises."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        kind = describe_kind(archive)
        if kind == _KINDS["word/document.xml"]:
            yield f"{kind}, its text:"
            yield from _word_paragraphs(archive)
            return
        files = [entry for entry in archive.infolist() if not entry.is_dir()]
        size = sum(entry.file_size for entry in files)
        # The sizes are what the archive says of itself.
        yield f"{kind}, {_count_files(files)} in it, {size:,} bytes unpacked{':' if files else ''}"
        yield from (f"- {_describe_entry(entry)}" for entry in files[:FILES])
        if len(files) > FILES:
            yield f"… {FILES} of {len(files):,} files are listed"


def _count_files(files: Sequence[zipfile.ZipInfo]) -> str:
    return f"{len(files):,} file{'' if len(files) == 1 else 's'}"


def _describe_entry(entry: zipfile.ZipInfo) -> str:
    name = entry.filename
    parts = PurePosixPath(name.replace("\\", "/")).parts
    leads_out = ".." in parts or name.startswith(("/", "\\")) or name[1:2] == ":"
    notes = [
        "an archive itself, not opened" if PurePosixPath(name).suffix.lower() in _ARCHIVES else "",
        "locked with a password" if entry.flag_bits & _ENCRYPTED else "",
        "its name points outside the folder" if leads_out else "",
    ]
    shown = repr(name if len(name) <= NAME else f"{name[:NAME]}…")
    return ", ".join([shown, f"{entry.file_size:,} bytes", *filter(None, notes)])


def _word_paragraphs(archive: zipfile.ZipFile) -> Iterator[str]:
    """Yield the paragraphs of a Word document."""
    with archive.open("word/document.xml") as file:
        text = file.read(_MAX_TEXT).decode(errors="replace")
    paragraph: list[str] = []
    for piece in _PIECE.finditer(text):
        if piece[3]:
            yield "".join(paragraph)
            paragraph = []
        else:
            paragraph.append("\t" if piece[2] == "tab" else "\n" if piece[2] else html.unescape(piece[1]))
    if paragraph:
        yield "".join(paragraph)
