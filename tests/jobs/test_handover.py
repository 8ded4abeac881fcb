"""What goes from job to job. The side that reads does not trust the side that wrote."""

import io
import json
import os
import tarfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.core.errors import RuleBroken
from orchestrator.core.report import Attempt, Build, CheckResult, Finding
from orchestrator.core.site import MAX_BYTES, MAX_FILES, Site
from orchestrator.jobs import handover
from orchestrator.jobs.handover import (
    MAX_MEMBERS,
    MAX_REPORT_BYTES,
    MAX_TAR_BYTES,
    load_build_output,
    write_build_output,
)

HEAD = "a" * 40
BUILD = Build(
    id="0123456789abcdef",
    base=HEAD,
    built_by="openai/x",
    site="d" * 64,
    cost_usd=0.5,
    checks=(
        CheckResult(round=1, text="a == 1", kind="js", state="passed"),
        CheckResult(round=1, text="Has a title", kind="prose", state="own", seen="Title"),
        CheckResult(round=2, text="b == 1", kind="js", state="passed"),
    ),
    findings=(Finding(kind="console", text="Oops", where="app.js:1"),),
    attempts=(Attempt(model="openai/x", outcome="used", tokens_in=1, tokens_out=2),),
)
SITE = Site({"index.html": b"<h1>Hi</h1>", "a/b.bin": bytes(range(256)), ".nojekyll": b""})
Member = tuple[str, bytes]


def packed(tar: Path, *members: Member | tarfile.TarInfo) -> None:
    with tarfile.open(tar, "w") as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
            else:
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                archive.addfile(info, io.BytesIO(member[1]))


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def test_the_report_is_what_the_contract_says(tmp_path: Path) -> None:
    write_build_output(tmp_path / "out", BUILD, SITE, {"laptop": b"png"})
    said = json.loads((tmp_path / "out" / "build.json").read_text())
    assert list(said) == [
        "id",
        "base",
        "built_by",
        "fallback",
        "framework",
        "site",
        "cost_usd",
        "error",
        "checks",
        "findings",
        "attempts",
        "attachments_changed",
        "attachments_refused",
        "notes",
        "told",
    ]
    assert list(said["checks"][0]) == ["round", "text", "kind", "state", "seen", "proof"]
    assert list(said["findings"][0]) == ["kind", "text", "where"]
    assert set(said["attempts"][0]) == {
        "model",
        "outcome",
        "note",
        "tokens_in",
        "tokens_out",
        "tokens_cached",
        "cost_usd",
        "seconds",
        "was_called",
        "verified",
        "passed",
        "failed",
        "findings",
    }
    assert said["attempts"][0]["cost_usd"] is None
    assert (tmp_path / "out" / "laptop.png").read_bytes() == b"png"


def test_of_what_was_published_already_only_that_is_said(tmp_path: Path) -> None:
    write_build_output(tmp_path, Build(id="0123456789abcdef", published=HEAD), None, {})
    assert json.loads((tmp_path / "build.json").read_text()) == {"id": "0123456789abcdef", "published": HEAD}


def test_what_was_written_is_read_from_the_folder(tmp_path: Path) -> None:
    write_build_output(tmp_path, BUILD, SITE, {"laptop": b"png"})
    assert load_build_output(tmp_path) == (BUILD, SITE)


def test_nothing_is_left_of_an_earlier_try_in_the_same_folder(tmp_path: Path) -> None:
    write_build_output(tmp_path, BUILD, Site({"old.html": b"old"}), {})
    write_build_output(tmp_path, BUILD, SITE, {})
    assert load_build_output(tmp_path) == (BUILD, SITE)


def test_what_was_written_is_read_from_the_tar_that_the_workflow_packs(tmp_path: Path) -> None:
    out, folder = tmp_path / "out", tmp_path / "handover"
    write_build_output(out, BUILD, SITE, {"laptop": b"png"})
    folder.mkdir()
    with tarfile.open(folder / "build.tar", "w") as archive:
        archive.add(out, ".")
    assert load_build_output(folder) == (BUILD, SITE)


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    assert load_build_output(tmp_path) == load_build_output(tmp_path / "nowhere") == (None, None)
    packed(tmp_path / "build.tar", ("laptop.png", b"png"), ("./site", b"no folder"))
    assert load_build_output(tmp_path) == (None, None)
    write_build_output(tmp_path / "failed", Build(id="x", error="No model."), None, {})
    assert load_build_output(tmp_path / "failed") == (Build(id="x", error="No model."), None)


def test_checks_are_counted_by_state_and_round() -> None:
    assert [BUILD.count("passed", 1), BUILD.count("own", 1), BUILD.count("passed", 2), BUILD.count("failed", 1)] == [
        1,
        1,
        1,
        0,
    ]


@pytest.mark.parametrize(
    "report",
    [
        *(b"", b"{", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"id": 5}', b'{"id": "x", "base": "main"}'),
        *(
            b'{"id": "x", "published": "HEAD\\n"}',
            b'{"id": "%s"}' % (b"x" * 201),
            b'{"id": "x", "error": "%s"}' % (b"x" * 1001),
        ),
        b'{"id": "x", "checks": [{"round": 1, "text": "t", "kind": "js", "state": "great"}]}',
    ],
)
def test_a_report_of_another_form_is_refused(report: bytes, tmp_path: Path) -> None:
    packed(tmp_path / "build.tar", ("build.json", report))
    with pytest.raises(RuleBroken, match=r"build\.json has invalid fields"):
        load_build_output(tmp_path)


def test_more_fields_may_follow(tmp_path: Path) -> None:
    packed(tmp_path / "build.tar", ("build.json", b'{"id": "x", "colour": "red"}'))
    assert load_build_output(tmp_path) == (Build(id="x"), None)


@pytest.mark.parametrize(
    "member",
    [
        special("site/link", tarfile.SYMTYPE, "/etc/passwd"),
        special("site/hard", tarfile.LNKTYPE, "build.json"),
        special("build.json", tarfile.SYMTYPE, "/etc/passwd"),
        special("site/pipe", tarfile.FIFOTYPE),
        special("./site/device", tarfile.CHRTYPE),
    ],
    ids=lambda member: str(member.name),
)
def test_a_tar_that_holds_anything_but_files_is_refused(member: tarfile.TarInfo, tmp_path: Path) -> None:
    packed(tmp_path / "build.tar", member)
    with pytest.raises(RuleBroken, match="not a regular file"):
        load_build_output(tmp_path)


def test_a_folder_that_holds_anything_but_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    for target in ("/etc/passwd", "/etc", "nowhere"):
        link = tmp_path / "site" / "link"
        link.symlink_to(target)
        with pytest.raises(RuleBroken, match="not a regular file"):
            load_build_output(tmp_path)
        link.unlink()


def test_nothing_is_written_anywhere_whatever_a_name_says(tmp_path: Path) -> None:
    packed(
        tmp_path / "build.tar",
        ("site/../../x", b"x"),
        ("site//etc/x", b"y"),
        ("../build.json", b"z"),
        ("/site/a", b"a"),
    )
    _, site = load_build_output(tmp_path)
    assert site == Site({"../../x": b"x", "/etc/x": b"y"})  # names that the rules of a site refuse
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["build.tar"]


def test_a_name_that_is_not_utf8_is_read_so_that_the_rules_can_refuse_it(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "build.tar", "w", format=tarfile.GNU_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo("site/caf\udce9"))
    _, site = load_build_output(tmp_path)
    assert site is not None
    assert len(site.digest()) == 64


@pytest.mark.parametrize(
    "members",
    [
        [(f"site/{n}", b"") for n in range(MAX_FILES + 2)],
        [("build.json", bytes(MAX_REPORT_BYTES + 1))],
        [("site/a", bytes(MAX_BYTES)), ("site/b", bytes(MAX_REPORT_BYTES + 1))],
    ],
    ids=["files", "report", "bytes"],
)
def test_what_is_larger_than_the_limits_is_refused(members: list[Member], tmp_path: Path) -> None:
    packed(tmp_path / "build.tar", *members)
    with pytest.raises(RuleBroken, match="larger than the limits"):
        load_build_output(tmp_path)


def test_as_many_files_as_a_site_may_have_and_the_report_are_read(tmp_path: Path) -> None:
    packed(tmp_path / "build.tar", ("build.json", b'{"id": "x"}'), *((f"site/{n}", b"") for n in range(MAX_FILES)))
    _, site = load_build_output(tmp_path)
    assert site is not None
    assert len(site.files) == MAX_FILES


def test_a_file_that_only_claims_to_be_huge_is_not_unpacked(tmp_path: Path) -> None:
    sparse = special("site/sparse", tarfile.GNUTYPE_SPARSE)
    sparse.size = 1024**4
    packed(tmp_path / "build.tar")
    header = sparse.tobuf(tarfile.GNU_FORMAT)
    (tmp_path / "build.tar").write_bytes(header + bytes(1024))
    with pytest.raises(RuleBroken):
        load_build_output(tmp_path)


def test_a_tar_that_is_too_large_is_refused_before_a_byte_of_it_is_read(tmp_path: Path) -> None:
    tar = tmp_path / "build.tar"
    tar.write_bytes(b"no tar at all")
    os.truncate(tar, MAX_TAR_BYTES)
    with pytest.raises(RuleBroken, match="could not be read"):
        load_build_output(tmp_path)
    os.truncate(tar, MAX_TAR_BYTES + 1)
    with pytest.raises(RuleBroken, match="larger than the limits"):
        load_build_output(tmp_path)


def test_a_header_that_is_as_large_as_the_file_takes_no_memory(tmp_path: Path) -> None:
    tar = tmp_path / "build.tar"
    name = special("././@LongLink", tarfile.GNUTYPE_LONGNAME)
    name.size = 4 * 1024**3
    tar.write_bytes(name.tobuf(tarfile.GNU_FORMAT))
    os.truncate(tar, 4 * 1024**3 + 2048)
    tracemalloc.start()
    try:
        with pytest.raises(RuleBroken, match="larger than the limits"):
            load_build_output(tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_what_is_not_ours_to_read_is_counted_too(tmp_path: Path) -> None:
    header = tarfile.TarInfo("other.png").tobuf(tarfile.GNU_FORMAT)
    (tmp_path / "build.tar").write_bytes(header * MAX_MEMBERS + bytes(1024))
    assert load_build_output(tmp_path) == (None, None)
    (tmp_path / "build.tar").write_bytes(header * (MAX_MEMBERS + 1) + bytes(1024))
    with pytest.raises(RuleBroken, match="larger than the limits"):
        load_build_output(tmp_path)


def test_a_folder_of_more_than_the_limits_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover, "MAX_MEMBERS", 10)
    for number in range(11):
        (tmp_path / f"{number}.png").touch()
    with pytest.raises(RuleBroken, match="larger than the limits"):
        load_build_output(tmp_path)


def negative_size(header: bytes) -> bytes:
    """Return a header whose size is -512: the next member is this one again."""
    changed = bytearray(header)
    changed[124:136] = b"\xff" * 10 + b"\xfe\x00"
    changed[148:156] = b" " * 8
    changed[148:156] = b"%06o\0 " % sum(changed)
    return bytes(changed)


@pytest.mark.parametrize("name", ["other.png", "site/a"])
def test_a_tar_without_end_has_one(name: str, tmp_path: Path) -> None:
    header = tarfile.TarInfo(name).tobuf(tarfile.GNU_FORMAT)
    (tmp_path / "build.tar").write_bytes(negative_size(header) + bytes(1024))
    with pytest.raises(RuleBroken, match=r"build\.tar could not be read"):
        load_build_output(tmp_path)


def whole_tar() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in (("./build.json", b'{"id": "x"}'), ("./site/ü" + "x" * 120, b"x" * 600), ("./site/a", b"a")):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


@pytest.mark.parametrize("cut", [0, 1, 100, 514, 2070])
def test_a_tar_that_was_cut_off_is_refused(cut: int, tmp_path: Path) -> None:
    (tmp_path / "build.tar").write_bytes(whole_tar()[:cut])
    with pytest.raises(RuleBroken, match="could not be read"):
        load_build_output(tmp_path)


BLOCKS = len(whole_tar()) // 512
FIELDS = st.sampled_from([0, 100, 124, 125, 135, 136, 156, 157, 257, 263, 345])
DAMAGE = st.tuples(st.integers(0, BLOCKS - 1), FIELDS, st.binary(min_size=1, max_size=12))


def damaged(damage: list[tuple[int, int, bytes]]) -> bytes:
    tar = bytearray(whole_tar())
    for block, field, data in damage:
        tar[block * 512 + field : block * 512 + field + len(data)] = data
    for start in range(0, len(tar), 512):
        if tar[start + 257 : start + 262] == b"ustar":
            tar[start + 148 : start + 156] = b" " * 8
            tar[start + 148 : start + 156] = b"%06o\0 " % sum(tar[start : start + 512])
    return bytes(tar)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(DAMAGE, max_size=4))
def test_no_damage_makes_reading_raise_anything_but_a_refusal(
    tmp_path: Path, damage: list[tuple[int, int, bytes]]
) -> None:
    (tmp_path / "build.tar").write_bytes(damaged(damage))
    try:
        load_build_output(tmp_path)
    except RuleBroken:
        return


@pytest.mark.parametrize("claimed", [2**60, 2**87])
def test_a_pax_header_that_claims_more_than_there_is_is_refused(claimed: int, tmp_path: Path) -> None:
    tar = bytearray(whole_tar())
    start = tar.index(b"PaxHeader") // 512 * 512
    tar[start + 124 : start + 136] = b"\x80" + claimed.to_bytes(11, "big")
    tar[start + 148 : start + 156] = b" " * 8
    tar[start + 148 : start + 156] = b"%06o\0 " % sum(tar[start : start + 512])
    (tmp_path / "build.tar").write_bytes(tar)
    with pytest.raises(RuleBroken, match="could not be read"):
        load_build_output(tmp_path)


@pytest.mark.parametrize("rebuilt", [lambda build: build, lambda build: build.model_copy(update={"error": "x"})])
def test_the_tar_goes_before_the_folder(rebuilt: Callable[[Build], Build], tmp_path: Path) -> None:
    write_build_output(tmp_path, rebuilt(BUILD), SITE, {})
    packed(tmp_path / handover.TAR, ("build.json", b'{"id": "tar"}'))
    assert load_build_output(tmp_path) == (Build(id="tar"), None)
