"""The events in a run's artifacts. A job may have been taken over by the page it opened, so nothing is believed.

GitHub gives an artifact as a zip. That of job `build` holds build.tar, that of job `publish` the file itself.
"""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import BinaryIO

from orchestrator.core.envelope import StampedEvent, parse_line
from orchestrator.core.errors import RuleBroken
from orchestrator.core.events import Source
from orchestrator.core.telling import describe_event
from orchestrator.jobs.handover import MAX_TAR_BYTES, TAR, extract_file
from orchestrator.jobs.stream import FILE, MAX_BYTES
from orchestrator.jobs.telling import EVENTS

SOURCES: dict[str, Source] = {"build": "build", "events": "publish"}
"""Name of an artifact -> the only source whose events it may hold."""

MAX_ZIP_BYTES = MAX_TAR_BYTES + 1024 * 1024
MAX_ENTRIES = 4_096
MAX_DIRECTORY_BYTES = 1024 * 1024
"""Of a zip's own list of its entries, which Python reads as a whole."""

_END = struct.Struct("<4s4H2LH")
_END64_BYTES = 20
_CHUNK = 256 * 1024
_UNREADABLE = (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RuntimeError, MemoryError)
"""What zipfile raises for an archive that was made up, or is encrypted."""


@dataclass(frozen=True)
class ArtifactEvents:
    """What an artifact tells. `refused`: lines that were of another form, or about something else."""

    events: tuple[StampedEvent, ...] = ()
    refused: int = 0


def read_events(archive: BinaryIO, source: Source, request: str, attempts: int) -> ArtifactEvents:
    """Read the events of one job from its artifact, a zip of at most MAX_ZIP_BYTES.

    Raises RuleBroken for an archive that our workflow never makes. `request`: the id that all events must have;
    `attempts`: how often the run was started.
    """
    try:
        data = _extract_events(archive, source)
    except _UNREADABLE:
        raise _artifact_error("could not be read") from None
    lines = [line for line in data.split(b"\n") if line]
    events = tuple(_accept_lines(lines, source, request, attempts))
    return ArtifactEvents(events, len(lines) - len(events))


def _accept_lines(lines: list[bytes], source: Source, request: str, attempts: int) -> Iterator[StampedEvent]:
    for line in lines:
        try:
            stamped = parse_line(line)
            describe_event(stamped.event)  # fails for a word that no job of ours uses
        except (RuleBroken, ValueError):
            continue
        head = stamped.envelope
        if (head.id, head.source) == (request, source) and 1 <= head.run_attempt <= attempts:
            yield stamped


def _extract_events(archive: BinaryIO, source: Source) -> bytes:
    _check_directory(archive)
    with zipfile.ZipFile(archive) as entries, TemporaryFile() as unpacked:
        name, limit = (TAR, MAX_TAR_BYTES) if source == "build" else (FILE, MAX_BYTES)
        if name not in entries.namelist():
            return b""
        _unpack(entries, name, unpacked, limit)
        unpacked.seek(0)
        if source == "build":
            return extract_file(unpacked, f"{EVENTS}/{FILE}", MAX_BYTES) or b""
        return unpacked.read()


def _check_directory(archive: BinaryIO) -> None:
    """Refuse a zip whose list of entries is long, before it is read.

    https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.16: the archive ends with how long that list is.
    """
    size = archive.seek(0, 2)
    archive.seek(max(0, size - _END.size - _END64_BYTES))
    end = archive.read()
    if len(end) < _END.size:
        raise zipfile.BadZipFile
    signature, _, _, _, entries, length, _, comment = _END.unpack(end[-_END.size :])
    is_plain = signature == b"PK\x05\x06" and comment == 0 and not end.startswith(b"PK\x06\x07")
    if not is_plain:  # the action writes no comment, and no zip64 below 4 GB
        raise zipfile.BadZipFile
    if entries > MAX_ENTRIES or length > MAX_DIRECTORY_BYTES:
        raise _artifact_error("is larger than the limits allow")


def _unpack(entries: zipfile.ZipFile, name: str, to: BinaryIO, limit: int) -> None:
    info = entries.getinfo(name)
    is_symlink = (info.external_attr >> 16) & 0o170000 == 0o120000
    # Other ways of packing, lzma above all, may take gigabytes of memory for a few bytes.
    if is_symlink or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise zipfile.BadZipFile
    with entries.open(info) as packed:
        # What an entry says of its size is not believed.
        while piece := packed.read(_CHUNK):
            if to.tell() + len(piece) > limit:
                raise _artifact_error("is larger than the limits allow")
            to.write(piece)


def _artifact_error(how: str) -> RuleBroken:
    return RuleBroken(f"It {how}.", "The log of the run says the same.")
