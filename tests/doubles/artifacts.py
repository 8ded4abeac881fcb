"""Artifacts of a run, as GitHub gives them out: zips, made by hand where nothing honest makes them."""

import io
import tarfile
import zipfile

from orchestrator.core.envelope import Envelope, StampedEvent, render_line
from orchestrator.core.events import Event, Source

NAME = "events/events.jsonl"
Entry = tuple[str | zipfile.ZipInfo, bytes]


def line(event: Event, source: Source = "build", n: int = 1, **head: object) -> bytes:
    """Return a line of the stream; `head`: what differs in its envelope."""
    usual = {"n": n, "id": "0123456789abcdef", "at": "2026-11-20T12:00:05.250Z", "source": source}
    return render_line(StampedEvent(Envelope.model_validate(usual | head), event)).encode()


def tar_of(*members: tuple[str | tarfile.TarInfo, bytes]) -> bytes:
    """Return a tar; a member that is given as a name is a regular file."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name) if isinstance(name, str) else name
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def zip_of(*entries: Entry, comment: bytes = b"", method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
        archive.comment = comment
    return packed.getvalue()


def build_tar(lines: bytes) -> bytes:
    """Return what job `build` hands over, with these events in it."""
    return tar_of(("./site/index.html", b"x"), (f"./{NAME}", lines))


def build_artifact(lines: bytes) -> bytes:
    """Return the artifact of job `build` with these events in it."""
    return zip_of(("build.tar", build_tar(lines)))
