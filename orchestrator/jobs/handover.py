"""What goes from job `build` to job `publish`: plain data in a folder or in one `build.tar`, read with limits."""

import shutil
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from orchestrator.core.errors import RuleBroken
from orchestrator.core.site import MAX_BYTES, MAX_FILES, Site

TAR = "build.tar"
REPORT = "build.json"
MAX_REPORT_BYTES = 8 * 1024 * 1024
MAX_MEMBERS = 16 * MAX_FILES
"""Of everything that is handed over: files, their folders, and what is not ours to read."""

MAX_TAR_BYTES = 6 * (MAX_BYTES + MAX_REPORT_BYTES)
"""Of everything that is handed over: a site and a report of full size are a sixth of it."""

Sha = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
Name = Annotated[str, StringConstraints(max_length=200)]
Line = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
_UNREADABLE = (tarfile.TarError, ValueError, OverflowError, RecursionError, MemoryError)
"""What tarfile raises for headers that were made up."""

Member = TypeVar("Member")

Entry = tuple[str, int, Callable[[], bytes]]
"""Path, size in bytes, and how to get them."""

State = Literal["passed", "failed", "own", "unproved", "unreadable"]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class CheckResult(_Entry):
    """What one check showed. `proof`: for one in prose, what the model gave to show it.

    `unreadable`: it could not be evaluated here, and `seen` says why. That is never a fault of the page.
    """

    round: int
    text: str
    kind: Literal["js", "file", "prose"]
    state: State
    seen: str = ""
    proof: str = ""


class Finding(_Entry):
    """Something about the page that is not as it should be: what was expected, what was seen, and where."""

    kind: Literal["error", "console", "missing", "external", "empty", "layout", "accessibility", "limit"]
    text: str
    where: str = ""


class Attempt(_Entry):
    """One answer that was asked for, used or not. `cost_usd`: None if a price is unknown.

    `tokens_cached`: those of `tokens_in` that the provider had read before; `verified`: a browser saw what it made, and
    what it saw are `passed`, `failed` and `findings`; `note`: what its server did that a person should know.
    """

    model: Name
    outcome: str
    note: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    cost_usd: float | None = None
    seconds: float = 0
    verified: bool = False
    passed: int = 0
    failed: int = 0
    findings: tuple[Finding, ...] = ()


Reason = Literal["not asked for", "words not in the brief", "words that ask for no change"]
"""Why a change of an attachment was not taken: nothing was declared, or what was declared does not allow it."""

_REASONS: dict[Reason, str] = {
    "not asked for": "the brief does not ask to change it",
    "words not in the brief": "the words that were quoted for it do not stand in the brief",
    "words that ask for no change": "the words that were quoted for it do not ask to change it",
}


class Refused(_Entry):
    """A change of an attachment that a model made and that was not taken."""

    name: Annotated[str, StringConstraints(max_length=255)]
    reason: Reason

    @property
    def sentence(self) -> str:
        """What happened and why, as people and models are told; without a full stop."""
        return f"{self.name}: an attachment, which stays as it is, because {_REASONS[self.reason]}"


class Build(_Entry):
    """`build.json`. `base`: the head that the site was built on, None if there was no repository.

    `attachments_changed`: for each attachment that the brief asked to change, the lines of its diff;
    `attachments_refused`: those that any answer changed and that stay as they were sent; `notes`: what the browser saw
    that is nobody's fault; `told`: what an evaluator gets to know of the `error`.
    """

    id: Name
    base: Sha | None = None
    built_by: Line = ""
    fallback: bool = False
    site: str | None = None
    cost_usd: float | None = None
    error: Annotated[str, StringConstraints(max_length=1000)] | None = None
    checks: tuple[CheckResult, ...] = ()
    findings: tuple[Finding, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    attachments_changed: tuple[tuple[str, ...], ...] = ()
    attachments_refused: tuple[Refused, ...] = ()
    notes: tuple[str, ...] = ()
    told: Annotated[str, StringConstraints(max_length=1000)] | None = None
    published: Sha | None = None

    def count(self, state: State, round_: int) -> int:
        """Return how many checks of a round are in `state`."""
        return sum(check.state == state and check.round == round_ for check in self.checks)


def write(out: Path, build: Build, site: Site | None, screenshots: Mapping[str, bytes]) -> None:
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


def read(folder: Path) -> tuple[Build | None, Site | None]:
    """Read what `build` handed over: `build.tar` where it is there, the folder's own files otherwise.

    None for what is not there. Raises RuleBroken for what no build of ours hands over: the job before may have
    been taken over by what it ran.
    """
    tar = folder / TAR
    # Before a byte of it is read: a header may claim as much as there is, and is read as a whole.
    if tar.is_file() and tar.stat().st_size > MAX_TAR_BYTES:
        raise _too_large()
    try:
        files = dict(_limited(_in_tar(tar) if tar.is_file() else _in_folder(folder)))
    except _UNREADABLE:
        raise RuleBroken("build.tar cannot be read.", "Run the workflow again.") from None
    report = files.pop(REPORT, None)
    try:
        build = None if report is None else Build.model_validate_json(report)
    except ValidationError:
        raise RuleBroken("build.json is not of the agreed form.", "Run the workflow again.") from None
    site = {path.removeprefix("site/"): data for path, data in files.items()}
    return build, Site(site) if site else None


def _limited(entries: Iterator[Entry]) -> Iterator[tuple[str, bytes]]:
    seen, total = 0, 0
    for path, size, read_bytes in entries:
        seen, total = seen + 1, total + size
        if seen > MAX_FILES + 1 or total > MAX_BYTES + MAX_REPORT_BYTES or (path == REPORT and size > MAX_REPORT_BYTES):
            raise _too_large()
        yield path, read_bytes()


def _too_large() -> RuleBroken:
    return RuleBroken("What was built is larger than the limits allow.", "Ask for a smaller site.")


def _counted(members: Iterable[Member]) -> Iterator[Member]:
    """Yield `members`, those that are not ours too: each takes memory, however small it is."""
    for number, member in enumerate(members):
        if number >= MAX_MEMBERS:
            raise _too_large()
        yield member


def _extracted(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    return b"" if file is None else file.read()


def _is_ours(path: str) -> bool:
    return path == REPORT or path.startswith("site/")


def _in_tar(tar: Path) -> Iterator[Entry]:
    with tarfile.open(tar, "r:") as archive:
        for member in _counted(archive):
            path = member.name.removeprefix("./")
            if member.size < 0:  # leads back to an earlier member, without end
                raise tarfile.ReadError
            if not _is_ours(path) or member.isdir():
                continue
            if not member.isreg():
                raise RuleBroken("build.tar holds something that is not a regular file.", "Run the workflow again.")
            yield path, member.size, partial(_extracted, archive, member)


def _in_folder(folder: Path) -> Iterator[Entry]:
    for file in sorted(_counted(folder.rglob("*"))) if folder.is_dir() else ():
        path = file.relative_to(folder).as_posix()
        if not _is_ours(path) or (file.is_dir() and not file.is_symlink()):
            continue
        if file.is_symlink() or not file.is_file():
            raise RuleBroken("The build holds something that is not a regular file.", "Run the workflow again.")
        yield path, file.stat().st_size, file.read_bytes
