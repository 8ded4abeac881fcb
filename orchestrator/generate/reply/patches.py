"""Patches in the form of Codex: `*** Begin Patch`, `*** Add File: …`, hunks of lines kept, taken away and added. Pure.

The form is that of OpenAI's `apply_patch`: https://github.com/openai/codex/blob/main/codex-rs/apply-patch
"""

import re
from collections.abc import Iterator, Sequence

from orchestrator.generate.reply.block import Block, Deletion, Edit, Part, UnreadPart

_BEGINS = re.compile(r"^[ \t]*\*\*\* (?:Begin Patch|(?:Add|Update|Delete) File:)", re.MULTILINE)
_FILE = re.compile(r"^[ \t]*\*\*\* (Add|Update|Delete) File:[ \t]*+(\S[^\n]*+)$", re.MULTILINE)
_END = re.compile(r"^[ \t]*\*\*\* End Patch", re.MULTILINE)
_MOVE = re.compile(r"^\*\*\* Move to:", re.MULTILINE)


def begins_patch(text: str) -> bool:
    """Whether a line of `text` begins a patch."""
    return "*** " in text and bool(_BEGINS.search(text))


def parse_patches(text: str) -> Iterator[Part]:
    """Yield what the patches in `text` do to files, in their order. A last one without an end is cut off."""
    files = list(_FILE.finditer(text))
    for place, found in enumerate(files):
        following = files[place + 1].start() if place + 1 < len(files) else len(text)
        body = text[found.end() + 1 : following]
        end = _END.search(body)
        lines = (body if end is None else body[: end.start()]).removesuffix("\n").split("\n")
        is_cut = end is None and place + 1 == len(files)
        yield from _parse_file_patch(found[1], found[2].rstrip(" \t"), lines, is_cut=is_cut)


def without_patches(text: str) -> str:
    """Return the text around the patches: before the first, behind the last, and between one's end and the next."""
    kept, place = list[str](), 0
    while (begun := _BEGINS.search(text, place)) is not None:
        kept.append(text[place : begun.start()])
        end = _END.search(text, begun.end())
        place = len(text) if end is None else end.end()
    return "\n".join([*kept, text[place:]])


def _parse_file_patch(kind: str, path: str, lines: Sequence[str], *, is_cut: bool) -> Iterator[Part]:
    if kind == "Delete":
        yield Deletion(path)
    elif kind == "Add":
        strange = any(line and not line.startswith("+") for line in lines)
        body = "".join(f"{line[1:]}\n" for line in lines if line)
        yield UnreadPart(path, "has lines without `+` in a new file") if strange else Block(path, body, is_cut)
    elif is_cut:
        yield Block(path, "", is_cut=True)
    elif any(map(_MOVE.match, lines)):
        yield UnreadPart(path, "moves the file. Send the whole file under the new name and delete the old one")
    else:
        yield from _parse_hunks(path, lines)


def _parse_hunks(path: str, lines: Sequence[str]) -> Iterator[Part]:
    """Yield one edit for each hunk: what was kept and taken away, and what was kept and added."""
    old, new = list[str](), list[str]()
    for line in [*lines, "@@"]:
        if line.startswith(("@@", "*** End of File")):
            if old != new:
                yield Edit(path, _join_lines(old), _join_lines(new))
            old, new = [], []
        elif line[:1] in ("-", "+", " ", ""):
            old += [line[1:]] if line[:1] != "+" else []
            new += [line[1:]] if line[:1] != "-" else []
        else:
            yield UnreadPart(path, "has lines without a sign (` `, `+` or `-`)")
            return


def _join_lines(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
