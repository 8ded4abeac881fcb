"""The tags of a page one after the other, in one walk: a page may hold anything, and `html.parser` goes back too often.

https://html.spec.whatwg.org/multipage/parsing.html, without what only matters for showing a page.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape

_NAME = re.compile(r"[A-Za-z][^\s/>]{0,100}")
_BLANK = re.compile(r"[\s/]*")
_ATTRIBUTE = re.compile(r"[^\s/>=][^\s/>=]{0,200}")
_EQUALS = re.compile(r"\s*=\s*")
_BARE = re.compile(r"[^\s>]*")
_CLOSINGS = {tag: re.compile(f"</{tag}", re.IGNORECASE) for tag in ("script", "style", "textarea", "title")}


@dataclass(frozen=True)
class Tag:
    """One tag. `inside`: the text of an element that holds nothing else, a script say."""

    name: str
    is_end: bool = False
    attributes: Mapping[str, str] = field(default_factory=dict)
    inside: str = ""


def parse_tags(text: str) -> Iterator[Tag]:
    """Yield the tags of a page, without those in comments and scripts; what holds only text has no end of its own."""
    at = text.find("<")
    while at >= 0:
        if text.startswith("<!--", at):
            end = text.find("-->", at + 4)
        elif name := _NAME.match(text, at + 1):
            attributes, end = _parse_attributes(text, name.end())
            tag = name[0].lower()
            if end >= 0:
                inside = ""
                if tag in _CLOSINGS:
                    inside, end = _scan_raw_text(text, tag, end)
                yield Tag(tag, attributes=attributes, inside=inside)
        elif name := _NAME.match(text, at + 2) if text.startswith("</", at) else None:
            end = text.find(">", name.end())
            if end >= 0:
                yield Tag(name[0].lower(), is_end=True)
        else:
            end = text.find(">", at) if text[at + 1 : at + 2] in ("!", "?", "/") else at
        if end < 0:  # nothing that begins here ends, so that the rest of the page is no tag
            return
        at = text.find("<", end + 1)


def _scan_raw_text(text: str, tag: str, start: int) -> tuple[str, int]:
    """Return the text up to the end of the element, and where that end is."""
    closing = _CLOSINGS[tag].search(text, start)
    if closing is None:
        return text[start + 1 :], len(text)
    return text[start + 1 : closing.start()], closing.end() - 1


def _parse_attributes(text: str, at: int) -> tuple[dict[str, str], int]:
    """Return the attributes of a tag, and where its `>` is: below 0 where it has none."""
    found: dict[str, str] = {}
    while True:
        at = _match_end(_BLANK.match(text, at), at)
        if text.startswith(">", at):
            return found, at
        name = _ATTRIBUTE.match(text, at)
        if name is None and not text.startswith("=", at):
            return found, -1
        at = at + 1 if name is None else name.end()
        value = ""
        if equals := _EQUALS.match(text, at):
            value, at = _parse_value(text, equals.end())
            if at < 0:
                return found, -1
        if name is not None:
            found.setdefault(name[0].lower(), unescape(value))


def _parse_value(text: str, at: int) -> tuple[str, int]:
    quote = text[at : at + 1]
    if quote in ('"', "'"):
        end = text.find(quote, at + 1)
        return (text[at + 1 : end], end + 1) if end >= 0 else ("", -1)
    bare = _BARE.match(text, at)
    return (bare[0], bare.end()) if bare else ("", at)


def _match_end(found: re.Match[str] | None, otherwise: int) -> int:
    return otherwise if found is None else found.end()
