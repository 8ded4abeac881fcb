"""Which names a file of a site may have. Pure, so that the receiver can use it too."""

import re
import unicodedata
from collections.abc import Iterable

MAX_PATH = 255
"""The most bytes of a path. With this limit no part of a path is too long for a file system."""

RESERVED = frozenset({"cname", "license", "pagewright.json"})
"""Names in the root that only Pagewright or the owner uses: the domain, the licence, the record."""

STEERING = frozenset({"_redirects", "_headers", "netlify.toml", "vercel.json", "_worker.js", "_routes.json"})
"""Names that steer a host of sites: they would begin to work when somebody moves a site there."""

_ENCODED_STEERING = re.compile(r"%(2e|2f|5c|0[0-9a-f])", re.IGNORECASE)
_DRIVE = re.compile(r"^[A-Za-z]:")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})  # control, bidi and joiners, surrogates, separators


def path_problem(path: str) -> str | None:
    """Return why `path` is not allowed as a file name, or None if it is."""
    return form_problem(path) or reserved_problem(path)


def form_problem(path: str) -> str | None:
    """Return why `path` is not a portable relative path (the same on every disk), or None if it is."""
    if not path or len(path) > MAX_PATH or len(path.encode(errors="replace")) > MAX_PATH:
        return f"must have 1 to {MAX_PATH} bytes"
    if any(unicodedata.category(character) in _INVISIBLE for character in path):
        return "must not contain control, bidirectional or other invisible characters"
    if "\\" in path or path.startswith("/") or _DRIVE.match(path) or _ENCODED_STEERING.search(path):
        return "must be a relative path with `/` between its parts"
    for part in path.split("/"):
        if part in ("", ".", "..") or part != part.strip() or part.endswith("."):
            return "must not have empty parts, `.`, `..`, or parts that end in a dot or a space"
    return None


def is_page(path: str) -> bool:
    """Whether a file of this name is a page in HTML."""
    return path.lower().endswith((".html", ".htm"))


def is_markdown(path: str) -> bool:
    """Whether a file of this name is Markdown."""
    return path.lower().endswith((".md", ".markdown"))


def reserved_problem(path: str) -> str | None:
    """Return why the well-formed `path` is reserved for the pipeline or the owner, or None if it is not."""
    folded = fold_path(path)
    # git refuses `.git` in any part; `git~1` is its short name on Windows disks.
    parts = folded.split("/")
    if any(part.startswith(".git") or part == "git~1" for part in parts):
        return "must not begin with `.git`"
    if STEERING & set(parts):
        return "steers a host instead of being served"
    if parts[0] in RESERVED:  # as a folder it would block the file
        return "is reserved for the pipeline"
    return None


def fold_path(path: str) -> str:
    """Return a form that is the same for two names if some file system treats them as the same."""
    return unicodedata.normalize("NFC", path).casefold()


def find_clash(paths: Iterable[str]) -> str | None:
    """Return the first path that collides with an earlier one: equal but for case, or file against folder."""
    files: set[str] = set()
    folders: set[str] = set()
    for path in paths:
        folded = fold_path(path)
        parents = {folded[:i] for i, character in enumerate(folded) if character == "/"}
        if folded in files or folded in folders or parents & files:
            return path
        files.add(folded)
        folders |= parents
    return None
