"""What an answer is made of: blocks, each a name and a body, and the changes that they stand for. Pure."""

import re
from dataclasses import dataclass

_SEARCH = re.compile(r"^[ \t]*(<{5,9}) ?SEARCH\b.*$")
_REPLACE = re.compile(r"^[ \t]*>{5,9} ?REPLACE\b.*$")


@dataclass(frozen=True)
class File:
    """A whole file."""

    path: str
    text: str


@dataclass(frozen=True)
class Edit:
    """A change within a file: the lines that stand there, and those that replace them."""

    path: str
    search: str
    replace: str


@dataclass(frozen=True)
class Deletion:
    """A file that is no longer needed."""

    path: str


Change = File | Edit | Deletion


@dataclass(frozen=True)
class Block:
    """A named part of an answer. `is_cut`: its end is missing; `is_edit`: it was said to hold edits."""

    path: str
    body: str
    is_cut: bool = False
    is_edit: bool = False


def holds_edits(body: str) -> bool:
    """Whether the body is SEARCH/REPLACE pairs and no file."""
    first = next((line for line in body.split("\n") if line.strip()), "")
    return bool(_SEARCH.match(first)) or (
        "SEARCH" in body and any(map(_SEARCH.match, body.split("\n"))) and any(map(_REPLACE.match, body.split("\n")))
    )


def edits_of(path: str, body: str) -> tuple[list[Edit], bool]:
    """Return the SEARCH/REPLACE pairs in `body`, and whether the last one is cut off."""
    found: list[Edit] = []
    search: list[str] = []
    replace: list[str] = []
    into: list[str] | None = None
    divider = ""
    for line in body.split("\n"):
        if opening := _SEARCH.match(line):
            search, replace = [], []
            # As long as the marker above: a line of `=` under a title of a README is none.
            into, divider = search, "=" * len(opening[1])
        elif into is search and line.strip() == divider:
            into = replace
        elif into is replace and _REPLACE.match(line):
            found.append(Edit(path, _text(search), _text(replace)))
            into = None
        elif into is not None:
            into.append(line)
    return found, into is not None


def begins_edit(line: str) -> bool:
    """Whether the line opens a SEARCH/REPLACE pair."""
    return bool(_SEARCH.match(line))


def ends_edit(line: str) -> bool:
    """Whether the line closes a SEARCH/REPLACE pair."""
    return bool(_REPLACE.match(line))


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
