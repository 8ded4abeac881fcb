"""The bundler's programs: Node from Playwright's wheel, and the locked packages, installed once into a cache folder."""

import asyncio
import hashlib
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright._impl._driver import compute_driver_executable

from orchestrator.core.errors import UsageError
from orchestrator.core.scaffold import load_scaffold

INSTALLING_S = 300.0

_SETTINGS = """audit=false
fund=false
ignore-scripts=true
include=dev
update-notifier=false
"""
"""Our own .npmrc, and the only one that npm reads of a person."""


@dataclass(frozen=True)
class Toolchain:
    """`folder`: holds `build.mjs` beside the packages that it needs; `node`: runs it."""

    folder: Path
    node: Path


def find_node() -> Path:
    """Return the Node that comes with the locked Playwright: pinned and hashed, no matter what the machine has."""
    return Path(compute_driver_executable()[0])


def npm_home(cache: Path) -> Path:
    """Return the folder that is npm's home: it holds our settings and what npm has downloaded."""
    return cache / "npm"


async def install_toolchain(cache: Path, *, offline: bool = False, npm: str | None = None) -> Toolchain:
    """Return the toolchain, installed below `cache` where it is not there yet. Raises UsageError.

    npm runs in a folder that holds our files only, with an empty environment, and runs no scripts of packages. Two
    that install at the same time do not disturb each other. `npm`: the program, None for the one on the PATH.
    """
    stamp = hashlib.sha256(b"\0".join(data for _, data in sorted(load_scaffold().items()))).hexdigest()[:16]
    folder = cache / f"bundler-{stamp}"
    if not _is_there(folder):
        await _install(cache, folder, npm or shutil.which("npm"), offline=offline)
    return Toolchain(folder, find_node())


def _is_there(folder: Path) -> bool:
    return folder.is_dir()


async def _install(cache: Path, folder: Path, npm: str | None, *, offline: bool) -> None:
    if npm is None:
        raise UsageError(
            "npm was not found, and a React or Vue app needs it.",
            "Install Node.js with npm, or ask for the framework vanilla.",
        )
    _write_settings(npm_home(cache))
    with tempfile.TemporaryDirectory(prefix="making-", dir=cache) as made:
        making = _lay_out(Path(made, "bundler"))
        await _run_npm(npm, making, npm_home(cache), offline=offline)
        _keep(making, folder)


def _write_settings(home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    (home / ".npmrc").write_text(_SETTINGS)


def _lay_out(making: Path) -> Path:
    making.mkdir()
    for name, data in load_scaffold().items():
        (making / name).write_bytes(data)
    return making


def _keep(making: Path, folder: Path) -> None:
    try:
        making.rename(folder)
    except OSError:
        if not folder.is_dir():  # otherwise somebody else was faster, and theirs is the same
            raise


async def _run_npm(npm: str, making: Path, home: Path, *, offline: bool) -> None:
    """Run `npm ci`. Raises UsageError that says why it failed."""
    process = await asyncio.create_subprocess_exec(
        npm,
        "ci",
        "--ignore-scripts",
        *(["--offline"] if offline else []),
        cwd=making,
        env={"PATH": f"{Path(npm).parent}{os.pathsep}{os.defpath}", "HOME": str(home)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(INSTALLING_S):
            _, said = await process.communicate()
    except TimeoutError:
        raise UsageError(f"npm took more than {INSTALLING_S:g} s.", "Run the task again.") from None
    finally:
        kill_group(process)
    if process.returncode != 0:
        code = re.search(rb"npm (?:error|ERR!) code ([A-Z0-9_]+)", said)
        named = f" ({code[1].decode()})" if code else ""
        raise UsageError(
            f"npm could not install the bundler's packages{named}.",
            "Check that this machine reaches the npm registry, and run the task again.",
        )


def kill_group(process: asyncio.subprocess.Process) -> None:
    """Kill a process that leads a group of its own, and everything in the group."""
    try:
        os.killpg(process.pid, 9)
    except ProcessLookupError:
        return
