"""Sources in, bundle out, by a process of its own that knows nothing but these sources and the locked packages.

It starts with an empty environment. Node's permission model lets it read its own folder only, write nothing and reach
no network: https://nodejs.org/api/permissions.html
"""

import asyncio
import base64
import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import psutil
from pydantic import BaseModel, ConfigDict, ValidationError

from orchestrator.core.report import Finding
from orchestrator.core.scaffold import BUNDLE, SOURCES
from orchestrator.frameworks.toolchain import Toolchain, kill_group
from orchestrator.verify.memory import watch_memory

MOST_BYTES = 8 * 1024 * 1024
MOST_TOLD = 20
LONGEST_TEXT = 500


@dataclass(frozen=True)
class Limits:
    """Of one run. `seconds`: of the clock; `memory`: bytes, of Node and all that it starts; `output`: bytes."""

    seconds: float = 20.0
    memory: int = 1024**3
    output: int = MOST_BYTES


@dataclass(frozen=True)
class Bundled:
    """What came of it: `bundle.js` and `bundle.css`, or what is wrong with the sources."""

    files: Mapping[str, bytes] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


class _Error(BaseModel):
    model_config = ConfigDict(extra="ignore")

    text: str
    file: str | None = None
    line: int | None = None
    column: int | None = None

    def make_finding(self) -> Finding:
        where = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        return make_finding(self.text, where)


class _BundlerAnswer(BaseModel):
    model_config = ConfigDict(extra="ignore")

    files: dict[str, str] | None = None
    errors: tuple[_Error, ...] = ()


def make_finding(text: str, where: str = "") -> Finding:
    """Return the finding that says why no bundle was made."""
    return Finding(kind="build", text=text[:LONGEST_TEXT], where=where)


async def bundle_sources(toolchain: Toolchain, files: Mapping[str, bytes], limits: Limits | None = None) -> Bundled:
    """Return the bundle of what lies in `src/` of `files`, or the findings that say why it was not made."""
    limits = limits or Limits()
    sources = {path: base64.b64encode(data).decode() for path, data in files.items() if path.startswith(SOURCES)}
    said, why = await _run_bundler(toolchain, json.dumps(sources).encode(), limits)
    if why:
        return Bundled(findings=(make_finding(f"The bundler was ended: {why}. Write less, or simpler, code."),))
    try:
        answer = _BundlerAnswer.model_validate_json(said)
    except ValidationError:
        return Bundled(findings=(make_finding("The bundler broke down over these sources. Write simpler code."),))
    if answer.errors:
        found = dict.fromkeys(error.make_finding() for error in answer.errors[:MOST_TOLD])
        return Bundled(findings=tuple(found))
    made = {name: text.encode() for name, text in (answer.files or {}).items()}
    if set(made) != set(BUNDLE) or sum(map(len, made.values())) > limits.output:
        return Bundled(findings=(make_finding(f"The bundle has more than {limits.output >> 20} MB. Use less."),))
    return Bundled(made)


async def _run_bundler(toolchain: Toolchain, given: bytes, limits: Limits) -> tuple[bytes, str]:
    """Return what the bundler answers, or why it was ended. Nothing that it started is left."""
    process = await asyncio.create_subprocess_exec(
        *_command(toolchain),
        cwd=toolchain.folder,
        env={},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        async with (
            asyncio.timeout(limits.seconds),
            watch_memory(lambda: _list_processes(process.pid), limits.memory) as watch,
        ):
            # JSON needs up to six characters for one of the bundle.
            said = await _exchange(process, given, 2 * limits.output)
    except TimeoutError:
        return b"", f"it took more than {limits.seconds:g} s"
    finally:
        kill_group(process)
        await _drain(process)
        await process.wait()
    if watch.has_ended_it:
        return b"", f"it took more than {limits.memory >> 20} MB of memory"
    return said, ""


def _command(toolchain: Toolchain) -> Sequence[str]:
    return (
        str(toolchain.node),
        "--no-warnings",
        "--permission",
        f"--allow-fs-read={toolchain.folder}/",
        "--allow-child-process",  # esbuild is a program of its own
        str(toolchain.folder / "build.mjs"),
        "--stdin",
    )


async def _exchange(process: asyncio.subprocess.Process, given: bytes, most: int) -> bytes:
    """Write `given`, and return what is answered: more than `most` bytes are not read, and are no JSON then."""
    if process.stdin is None or process.stdout is None:  # both were asked for
        return b""
    writing = asyncio.create_task(_write(process.stdin, given))
    said = bytearray()
    try:
        while len(said) <= most and (piece := await process.stdout.read(65_536)):
            said += piece
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
    return bytes(said)


async def _drain(process: asyncio.subprocess.Process) -> None:
    """Read what is left of a dead process: asyncio takes it for alive until its pipe has ended."""
    while process.stdout is not None and await process.stdout.read(65_536):
        pass


async def _write(stdin: asyncio.StreamWriter, given: bytes) -> None:
    with contextlib.suppress(ConnectionError):
        stdin.write(given)
        await stdin.drain()
        stdin.close()


def _list_processes(pid: int) -> Sequence[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []
