"""What an answer is made of: blocks, each a name and a body, and the changes that they stand for. Pure."""

import re
from dataclasses import dataclass

# The words behind the markers are those of the editors that models know; HEAD and branches are git's, of a conflict.
_SEARCH = re.compile(r"^[ \t]*(<{5,9}) ?(?:SEARCH|ORIGINAL|OLD|BEFORE|FIND|CURRENT)\b.*$")
_DIVIDER = re.compile(r"^[ \t]*={5,9}[ \t]*$")
_REPLACE = re.compile(r"^[ \t]*>{5,9} ?(?:REPLACE|UPDATED|NEW|AFTER|MODIFIED)\b.*$")


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
class UnreadPart:
    """A part of an answer that names a file and is not understood. `why`: what it does, and what to send instead."""

    path: str
    why: str


@dataclass(frozen=True)
class Block:
    """A named part of an answer. `is_cut`: its end is missing; `is_edit`: it was said to hold edits."""

    path: str
    body: str
    is_cut: bool = False
    is_edit: bool = False


Part = Block | Deletion | Edit | UnreadPart
"""What a form of answer is read into."""


def holds_edits(body: str) -> bool:
    """Whether the body is SEARCH/REPLACE pairs and no file."""
    first = next((line for line in body.split("\n") if line.strip()), "")
    return bool(_SEARCH.match(first)) or (
        "<<<<<" in body and any(map(_SEARCH.match, body.split("\n"))) and any(map(_REPLACE.match, body.split("\n")))
    )


@dataclass(frozen=True)
class Pairs:
    """The SEARCH/REPLACE pairs of a body. `unclear`: how many have no clear divider; `is_open`: the last has no end."""

    edits: list[Edit]
    unclear: int
    is_open: bool


def parse_edits(path: str, body: str) -> Pairs:
    """Return the SEARCH/REPLACE pairs in `body`."""
    edits: list[Edit] = []
    unclear = 0
    lines: list[str] | None = None
    width = 0
    for line in body.split("\n"):
        if opening := _SEARCH.match(line):
            lines, width = [], len(opening[1])
        elif lines is not None and _REPLACE.match(line):
            if (place := _find_divider(lines, width)) is None:
                unclear += 1
            else:
                edits.append(Edit(path, _join_lines(lines[:place]), _join_lines(lines[place + 1 :])))
            lines = None
        elif lines is not None:
            lines.append(line)
    return Pairs(edits, unclear, lines is not None)


def _find_divider(lines: list[str], width: int) -> int | None:
    """Return the line that parts a pair: as wide as its markers if there is one. None if there is not just one."""
    # In a README a title may be underlined with such a line: what is guessed wrong would be published.
    places = [place for place, line in enumerate(lines) if line.strip() == "=" * width]
    places = places or [place for place, line in enumerate(lines) if _DIVIDER.match(line)]
    return places[0] if len(places) == 1 else None


def begins_edit(line: str) -> bool:
    """Whether the line opens a SEARCH/REPLACE pair."""
    return bool(_SEARCH.match(line))


def ends_edit(line: str) -> bool:
    """Whether the line closes a SEARCH/REPLACE pair."""
    return bool(_REPLACE.match(line))


def _join_lines(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
