"""Events from artifacts that a job may have made after it was taken over. Nothing in them is believed."""

import io
import struct
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.core.envelope import MAX_LINE_BYTES
from orchestrator.core.errors import RuleBroken
from orchestrator.core.events import EndedEvent, FindingEvent, NoteEvent
from orchestrator.jobs.handover import MAX_MEMBERS
from orchestrator.watching import artifacts
from orchestrator.watching.artifacts import MAX_ENTRIES, ArtifactEvents, read_events
from tests.doubles.artifacts import NAME, build_artifact, line, tar_of, zip_of

ID = "0123456789abcdef"
ONE, TWO = line(NoteEvent(text="one"), n=1), line(NoteEvent(text="two"), n=2)


def read(archive: bytes, attempts: int = 1) -> ArtifactEvents:
    return read_events(io.BytesIO(archive), "build", ID, attempts)


def texts(found: ArtifactEvents) -> list[str]:
    return [each.event.text for each in found.events if isinstance(each.event, NoteEvent)]


def test_events_are_read_from_both_artifacts() -> None:
    assert texts(read(build_artifact(ONE + TWO))) == ["one", "two"]
    told = line(NoteEvent(text="three"), source="publish")
    found = read_events(io.BytesIO(zip_of(("events.jsonl", told), ("site/1/index.html", b"x"))), "publish", ID, 1)
    assert (texts(found), found.refused) == (["three"], 0)


@pytest.mark.parametrize(
    "archive",
    [zip_of(("other", b"x")), zip_of(("build.tar", tar_of(("build.json", b"{}")))), zip_of(("build.tar", tar_of()))],
)
def test_an_artifact_without_events_has_none(archive: bytes) -> None:
    assert read(archive) == ArtifactEvents()


@pytest.mark.parametrize(
    "wrong",
    [
        line(NoteEvent(text="x"), id="f" * 16),
        line(NoteEvent(text="x"), source="publish"),
        line(EndedEvent(run=7, conclusion="success"), source="engine"),
        line(NoteEvent(text="x"), run_attempt=2),
        line(NoteEvent(text="x"), run_attempt=0),
        line(FindingEvent(attempt=1, kind="a kind of its own", text="x")),
        ONE.replace(b"2026-11-20T12:00:05.250Z", b"2026-11-20T12:00:05"),
        ONE.replace(b"2026-11-20T12:00:05.250Z", b"0001-01-01T00:00:00+14:00"),
        b"x" * (3 * MAX_LINE_BYTES) + b"\n",
        b'{"v":1,"n":' + b"[" * 10_000 + b"\n",
        ONE[:-9] + b"\n",
        b"\xff\xfe\n",
        ONE[:-9],
    ],
)
def test_a_line_of_another_form_or_about_something_else_is_counted_and_left_out(wrong: bytes) -> None:
    found = read(build_artifact(ONE + TWO + wrong))
    assert (texts(found), found.refused) == (["one", "two"], 1)


def test_events_of_every_attempt_so_far_are_taken() -> None:
    found = read(build_artifact(ONE + line(NoteEvent(text="again"), run_attempt=2)), attempts=2)
    assert (texts(found), found.refused) == (["one", "again"], 0)


def special(kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(NAME)
    info.type, info.linkname = kind, target
    return info


def linked() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("build.tar")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    return info


def encrypted() -> bytes:
    """Return a zip whose entry says that it is encrypted, in both places."""
    whole = bytearray(zip_of(("build.tar", b"x" * 20), method=zipfile.ZIP_STORED))
    whole[6] |= 1
    whole[whole.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(whole)


def corrupted() -> bytes:
    whole = bytearray(build_artifact(ONE * 50))
    whole[60:64] = b"\xff\xff\xff\xff"
    return bytes(whole)


HOSTILE: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "text": lambda: b"<html>" * 50,
    "half": lambda: build_artifact(ONE)[:-30],
    "corrupted": corrupted,
    "encrypted": encrypted,
    "a comment": lambda: zip_of(("build.tar", tar_of()), comment=b"x"),
    "lzma": lambda: zip_of(("build.tar", tar_of((NAME, ONE))), method=zipfile.ZIP_LZMA),
    "a link in place of the tar": lambda: zip_of((linked(), b"/etc/passwd")),
    "no tar": lambda: zip_of(("build.tar", b"x" * 2000)),
    "a symlink": lambda: zip_of(("build.tar", tar_of((special(tarfile.SYMTYPE, "/etc/passwd"), b"")))),
    "a hard link": lambda: zip_of(("build.tar", tar_of((special(tarfile.LNKTYPE, "site/index.html"), b"")))),
    "a device": lambda: zip_of(("build.tar", tar_of((special(tarfile.CHRTYPE), b"")))),
    "too many members": lambda: zip_of(("build.tar", tar_of(*((f"x{at}", b"") for at in range(MAX_MEMBERS + 1))))),
    "too many entries": lambda: zip_of(*((f"{at}", b"") for at in range(MAX_ENTRIES + 1))),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_our_workflow_never_makes_is_refused_as_a_whole(kind: str) -> None:
    with pytest.raises(RuleBroken):
        read(HOSTILE[kind]())


def test_a_zip64_is_refused_before_its_list_is_read() -> None:
    plain = build_artifact(ONE)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1)
    with pytest.raises(RuleBroken):
        read(plain[:-22] + locator + plain[-22:])


def test_a_bomb_is_refused_and_takes_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifacts, "MAX_TAR_BYTES", 4 * 1024 * 1024)
    bomb = zip_of(("build.tar", tar_of((NAME, bytes(64 * 1024 * 1024)))))
    assert len(bomb) < 100_000
    tracemalloc.start()
    with pytest.raises(RuleBroken, match="larger"):
        read(bomb)
    assert tracemalloc.get_traced_memory()[1] < 3 * 1024 * 1024
    tracemalloc.stop()


def test_more_events_than_a_job_may_tell_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifacts, "MAX_BYTES", 2 * len(ONE))
    assert texts(read(build_artifact(ONE + TWO))) == ["one", "two"]
    with pytest.raises(RuleBroken, match="larger"):
        read(build_artifact(ONE + TWO + ONE))
    with pytest.raises(RuleBroken, match="larger"):
        read_events(io.BytesIO(zip_of(("events.jsonl", ONE * 3))), "publish", ID, 1)


WHOLE = build_artifact(ONE + TWO)
PLACES = st.integers(0, len(WHOLE) - 1)


@settings(max_examples=400)
@given(st.dictionaries(PLACES, st.integers(0, 255), min_size=1, max_size=6), st.none() | PLACES)
def test_an_archive_that_was_tampered_with_is_read_or_refused(changes: dict[int, int], cut: int | None) -> None:
    archive = bytearray(WHOLE)
    for place, value in changes.items():
        archive[place] = value
    try:
        found = read(bytes(archive[:cut]))
    except RuleBroken:
        return
    assert set(texts(found)) <= {"one", "two"}
