"""Files that are either whole or not there: what survives a kill at any moment."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def load_or_write(path: Path, draw: Callable[[], str]) -> str:
    """Return the text of a file, drawn and written if it does not exist: readable for this user alone."""
    if not path.exists():
        write_atomically(path, draw().encode())
    return path.read_text(encoding="utf-8")


def write_atomically(path: Path, content: bytes) -> None:
    """Replace `path` by `content`; a reader sees the old bytes or the new ones, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
