"""The git command line, cut off from the configuration of the user who runs it."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

_ENVIRONMENT = {
    "PATH": os.defpath,
    "HOME": os.devnull,
    "LC_ALL": "C.UTF-8",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
}


class GitError(Exception):
    """A git command ended with something else than 0."""


def run_git(directory: Path, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> bytes:
    """Run git in the bare repository `directory`, its hooks with `env`; return what it printed. Raises GitError."""
    # Objects that no ref reaches must stay (a blob that a dispatch names is one): nothing may collect them.
    command = ("git", "-c", "gc.auto=0", "--git-dir", str(directory), *arguments)
    done = subprocess.run(command, input=stdin, capture_output=True, env={**_ENVIRONMENT, **(env or {})}, check=False)  # noqa: S603 - no shell, arguments from checked names
    if done.returncode:
        raise GitError(f"git {arguments[0]}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def quote_path(path: str) -> bytes:
    """Return `path` as fast-import reads it: C-style quotes around it."""
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'.encode()


def data_command(content: bytes) -> bytes:
    """Return a fast-import data command: the length in bytes first, so any content is safe."""
    return b"data %d\n%b\n" % (len(content), content)
