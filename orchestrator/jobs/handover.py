"""What goes from job `build` to job `publish`: plain data in a folder or in one `build.tar`, read with limits."""

import shutil
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeVar

from pydantic import ValidationError

from orchestrator.core.errors import RuleBroken
from orchestrator.core.report import Build
from orchestrator.core.site import MAX_BYTES, MAX_FILES, Site

TAR = "build.tar"
REPORT = "build.json"
MAX_REPORT_BYTES = 8 * 1024 * 1024
MAX_MEMBERS = 16 * MAX_FILES
"""The most entries in the archive: files, folders, and entries that are not read."""

MAX_TAR_BYTES = 6 * (MAX_BYTES + MAX_REPORT_BYTES)
"""The most bytes in the archive. A site and a report of full size take a sixth of it."""

_UNREADABLE = (tarfile.TarError, ValueError, OverflowError, RecursionError, MemoryError)
"""What tarfile raises for forged headers."""

Member = TypeVar("Member")

Entry = tuple[str, int, Callable[[], bytes]]
"""Path, size in bytes, and how to get them."""


def write_build_output(out: Path, build: Build, site: Site | None, screenshots: Mapping[str, bytes]) -> None:
    """Write `build.json`, `site/` and the screenshots (`<name>.png`) below `out`."""
    out.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(out / "site", ignore_errors=True)  # of an earlier try in the same folder
    for name, image in screenshots.items():
        (out / f"{name}.png").write_bytes(image)
    for path, content in (site.files if site else {}).items():
        target = out / "site" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    said = {"id", "published"} if build.published else set(Build.model_fields) - {"published"}
    (out / REPORT).write_text(build.model_dump_json(include=said, indent=2) + "\n", encoding="utf-8")


def load_build_output(folder: Path) -> tuple[Build | None, Site | None]:
    """Read the output of job `build`: from `build.tar` if it exists, otherwise from the files in the folder.

    None for what is not there. Raises RuleBroken for anything that our job build never hands over: the pages it opened
    may have taken it over.
    """
    tar = folder / TAR
    # Before a byte of it is read: a header may claim as much as there is, and is read as a whole.
    if tar.is_file() and tar.stat().st_size > MAX_TAR_BYTES:
        raise _too_large_error()
    try:
        files = dict(_read_within_limits(_walk_tar(tar) if tar.is_file() else _walk_folder(folder)))
    except _UNREADABLE:
        raise RuleBroken("build.tar could not be read.", "Run the workflow again.") from None
    report = files.pop(REPORT, None)
    try:
        build = None if report is None else Build.model_validate_json(report)
    except ValidationError:
        raise RuleBroken("build.json has invalid fields.", "Run the workflow again.") from None
    site = {path.removeprefix("site/"): data for path, data in files.items()}
    return build, Site(site) if site else None


def _read_within_limits(entries: Iterator[Entry]) -> Iterator[tuple[str, bytes]]:
    seen, total = 0, 0
    for path, size, read_bytes in entries:
        seen, total = seen + 1, total + size
        if seen > MAX_FILES + 1 or total > MAX_BYTES + MAX_REPORT_BYTES or (path == REPORT and size > MAX_REPORT_BYTES):
            raise _too_large_error()
        yield path, read_bytes()


def _too_large_error() -> RuleBroken:
    return RuleBroken("The built site is larger than the limits allow.", "Ask for a smaller site.")


def _limit_members(members: Iterable[Member]) -> Iterator[Member]:
    """Yield `members` up to the limit. Entries that are not read count too, because each takes memory."""
    for number, member in enumerate(members):
        if number >= MAX_MEMBERS:
            raise _too_large_error()
        yield member


def _extract_member(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    return b"" if file is None else file.read()


def _is_ours(path: str) -> bool:
    return path == REPORT or path.startswith("site/")


def _walk_tar(tar: Path) -> Iterator[Entry]:
    with tarfile.open(tar, "r:") as archive:
        yield from _walk_archive(archive, _is_ours)


def _walk_archive(archive: tarfile.TarFile, is_wanted: Callable[[str], bool]) -> Iterator[Entry]:
    for member in _limit_members(archive):
        path = member.name.removeprefix("./")
        if member.size < 0:  # leads back to an earlier member, without end
            raise tarfile.ReadError
        if not is_wanted(path) or member.isdir():
            continue
        if not member.isreg():
            raise RuleBroken("build.tar contains something that is not a regular file.", "Run the workflow again.")
        yield path, member.size, partial(_extract_member, archive, member)


def extract_file(tar: BinaryIO, wanted: str, limit: int) -> bytes | None:
    """Return one regular file of a build.tar, None if it is not there; raise RuleBroken as `load_build_output` does.

    `tar` must be limited to MAX_TAR_BYTES already; `limit` is that of the file.
    """
    found = None
    try:
        with tarfile.open(fileobj=tar, mode="r:") as archive:
            for _, size, read_bytes in _walk_archive(archive, lambda path: path == wanted):
                if size > limit:
                    raise RuleBroken(f"{wanted} in build.tar is larger than the limits allow.", "Run the task again.")
                found = read_bytes()
    except _UNREADABLE:
        raise RuleBroken("build.tar could not be read.", "Run the workflow again.") from None
    return found


def _walk_folder(folder: Path) -> Iterator[Entry]:
    for file in sorted(_limit_members(folder.rglob("*"))) if folder.is_dir() else ():
        path = file.relative_to(folder).as_posix()
        if not _is_ours(path) or (file.is_dir() and not file.is_symlink()):
            continue
        if file.is_symlink() or not file.is_file():
            raise RuleBroken(
                "The build folder contains something that is not a regular file.", "Run the workflow again."
            )
        yield path, file.stat().st_size, file.read_bytes
