"""The key that tasks are told apart by: made once, and kept where the receiver reads it.

GitHub's secrets cannot be read back, and no job needs it: https://docs.github.com/rest/actions/secrets
"""

import os
import secrets
from pathlib import Path

from orchestrator.doctor.finding import Diagnosis, warning


def keep_task_key(dotenv: Path) -> Diagnosis:
    """Write a new TASK_KEY to a `.env`, for its owner alone, and say what is to be done with it."""
    try:
        _append_line(dotenv, f"TASK_KEY={secrets.token_hex(32)}")
    except OSError as error:
        said = f"TASK_KEY could not be written to {dotenv}: {error.strerror}"
        return warning(said, "Correct that and run this command again")
    remedy = "Copy it to the receiver's host and keep it. Without it, no earlier task can be found again"
    return warning(f"A TASK_KEY was created in {dotenv}, which only you can read", remedy)


def _append_line(path: Path, line: str) -> None:
    """Add a line to a file, which its owner alone may read from now on."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        os.fchmod(descriptor, 0o600)
        before = file.read()
        end = b"" if not before or before.endswith(b"\n") else b"\n"
        file.write(end + line.encode() + b"\n")
