"""The blocks of the form that is asked for, and its cousins in XML: `<file path="…">`, `<edit>`, `<delete/>`. Pure."""

import re
from bisect import bisect_left
from collections.abc import Sequence

from orchestrator.generate.reply.block import Block, Deletion, edits_of, holds_edits

_OPEN = re.compile(
    r"^[ \t]*(?:<files>[ \t]*)?<(?P<tag>file|edit|delete)\b(?P<attributes>(?:[^>\n\"']|\"[^\"\n]*\"|'[^'\n]*'){0,400}?)"
    r"/?>(?P<rest>[^\n]*)$",
    re.MULTILINE | re.IGNORECASE,
)
_CLOSE = re.compile(
    r"^[ \t]*</(file|edit)[ \t]*>|</(file|edit)[ \t]*>[ \t]*(?:</files>[ \t]*)?$", re.MULTILINE | re.IGNORECASE
)
_NAMED = re.compile(r"""\b(?:path|name|filename|file|src)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>/][^\s"'>]*))""")
_INNER_NAME = re.compile(r"\s*<(path|name|filename)>\s*([^<\n]{1,300}?)\s*</\1>[ \t]*\n?", re.IGNORECASE)
_INNER_BODY = re.compile(r"\s*<(content|contents|code|body)>\n?", re.IGNORECASE)
_DATA = re.compile(r"\s*<!\[CDATA\[\n?")

_BEGINNINGS = frozenset(tag[:length] for tag in ("<file", "<edit") for length in range(2, 6))


def tagged(text: str) -> list[Block | Deletion]:
    """Return the blocks in tags, and the files to delete, in their order."""
    openings = [(found, _name(text, found)) for found in _OPEN.finditer(text)]
    named = [(found, *name) for found, name in openings if name is not None]
    starts = [found.start() for found, _, _ in named]
    closings = {
        tag: [found for found in _CLOSE.finditer(text) if (found[1] or found[2]).lower() == tag]
        for tag in ("file", "edit")
    }
    blocks: list[Block | Deletion] = []
    position = 0
    for place, (opening, path, start) in enumerate(named):
        tag = opening["tag"].lower()
        if opening.start() < position:  # within the block before
            continue
        if tag == "delete":
            blocks.append(Deletion(path))
            continue
        following = starts[place + 1] if place + 1 < len(starts) else len(text)
        end, position, is_cut = _end(closings[tag], start, following)
        blocks.append(_block(path, text[start:end], is_cut=is_cut, is_edit=tag == "edit"))
    return blocks


def ends_in_tag(text: str) -> bool:
    """Whether `text` ends within the tag that begins a block."""
    last = text.rpartition("\n")[2].lstrip()
    return ">" not in last and (last.startswith(("<file ", "<edit ")) or last in _BEGINNINGS)


def _name(text: str, opening: re.Match[str]) -> tuple[str, int] | None:
    """Return the path that a block is about and where its body begins; None where no path is given."""
    start = opening.start("rest") if opening["rest"].strip() else min(len(text), opening.end() + 1)
    attribute = _NAMED.search(opening["attributes"])
    if attribute is not None:
        return next(value for value in attribute.groups() if value is not None), start
    inner = _INNER_NAME.match(text, start)
    return None if inner is None else (inner[2], inner.end())


def _end(closings: Sequence[re.Match[str]], start: int, following: int) -> tuple[int, int, bool]:
    """Return where a body ends, where to go on, and whether its end is missing: another block begins before it."""
    place = bisect_left(closings, start, key=lambda found: found.start())
    if place < len(closings) and closings[place].start() <= following:
        return closings[place].start(), closings[place].end(), False
    return following, following, True


def _block(path: str, text: str, *, is_cut: bool, is_edit: bool) -> Block:
    body = _unpacked(text)
    if is_cut and (is_edit or holds_edits(body)):
        # The pairs have ends of their own.
        pairs = edits_of(path, body)
        is_cut = pairs.is_open or not (pairs.edits or pairs.unclear)
    return Block(path, body, is_cut, is_edit)


def _unpacked(body: str) -> str:
    """Return the body out of `<content>` and CDATA, which XML puts around it."""
    if inner := _INNER_BODY.match(body):
        body = body[inner.end() :].rstrip().removesuffix(f"</{inner[1]}>").rstrip(" \t")
    if data := _DATA.match(body):
        body = body[data.end() :].rstrip().removesuffix("]]>")
    return body
