"""`pagewright rebuild`: what a repository's sources become here, beside what it has. Nothing in the repository runs."""

import asyncio
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from orchestrator.core.errors import UsageError
from orchestrator.core.record import read_record
from orchestrator.core.scaffold import BUNDLE, is_bundled, load_scaffold
from orchestrator.core.settings import cache_folder, evaluator_settings
from orchestrator.core.site import RECORD
from orchestrator.frameworks.bundle import bundle_sources
from orchestrator.frameworks.toolchain import Toolchain, install_toolchain

GIT = ("-c", "core.symlinks=false", "-c", "http.lowSpeedLimit=1000", "-c", "http.lowSpeedTime=60")
"""A link is written as a file, and a server that says nothing for a minute is given up."""


def run_rebuild(repository: str, env: Mapping[str, str]) -> int:
    """Print what is the same and what differs; return 0 only if all is the same."""
    if not re.fullmatch(r"[A-Za-z0-9-]+/[A-Za-z0-9._-]+", repository):
        raise UsageError("The repository must be named as OWNER/REPO.", "Give both names, with a slash between them.")
    server = evaluator_settings(env).server_url
    files = clone_files(f"{server}/{repository}")
    lines = asyncio.run(_rebuild(files, cache_folder(env)))
    for name, verdict in lines.items():
        sys.stdout.write(f"{name:<18} {verdict}\n")
    return 0 if set(lines.values()) == {SAME} else 1


SAME = "the same bytes"


async def _rebuild(files: Mapping[str, bytes], cache: Path) -> dict[str, str]:
    record = read_record(files.get(RECORD))
    if record is None or not is_bundled(record.framework or "vanilla"):
        raise UsageError(
            "The repository holds no app that was made from sources.", "Name the repository of a React or Vue app."
        )
    return await compare_with_rebuilt(files, await install_toolchain(cache))


async def compare_with_rebuilt(files: Mapping[str, bytes], toolchain: Toolchain) -> dict[str, str]:
    """Return for each file that we write whether `files` hold just that one. Raises UsageError."""
    bundled = await bundle_sources(toolchain, files)
    if bundled.findings:
        first = bundled.findings[0]
        raise UsageError(f"The sources could not be bundled: {first.text} {first.where}", "Correct the sources.")
    ours = {**load_scaffold(), **bundled.files}
    return {
        name: SAME if files.get(name) == ours[name] else "other bytes" if name in files else "missing"
        for name in (*BUNDLE, *sorted(load_scaffold()))
    }


def clone_files(url: str) -> dict[str, bytes]:
    """Return the files of a repository's newest commit; a link counts as the text of where it leads."""
    with tempfile.TemporaryDirectory(prefix="pagewright-") as folder:
        clone = Path(folder, "clone")
        command = ["git", *GIT, "clone", "--quiet", "--depth=1", url, str(clone)]
        try:
            subprocess.run(command, check=True, capture_output=True)  # noqa: S603
        except (subprocess.SubprocessError, OSError):
            raise UsageError(
                "The repository could not be cloned.", "Check its name, that it is public, and that git is installed."
            ) from None
        return {
            path.relative_to(clone).as_posix(): path.read_bytes()
            for path in clone.rglob("*")
            if path.is_file() and not path.is_symlink() and ".git" not in path.relative_to(clone).parts
        }
