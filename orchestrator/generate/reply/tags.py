"""Files in tags: the form that is asked for, and every other tag that says which file it holds. Pure.

`<file path="…">`, `<edit>` and `<delete/>` are the form of `prompts/edits.md`. Tags of other tools are known by their
shape: the path stands in an attribute, in a child, or in a call of a function in JSON.
"""

import html
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.generate.reply.block import Block, Deletion, Part, UnreadPart, holds_edits, parse_edits
from orchestrator.generate.reply.calls import NAMES, PATHS, is_argument, is_by_line, is_call, is_path, parse_call
from orchestrator.generate.reply.elements import ELEMENTS, END_OF_PAGE, PAGE_ON_A_LINE
from orchestrator.generate.reply.fences import parse_fences
from orchestrator.generate.reply.structured import parse_json_call

_TAG = re.compile(
    r"<(?P<end>/?)(?P<name>[A-Za-z][\w.:-]{0,60})(?:=[\"']?(?P<tool>[\w.:-]{1,60})[\"']?)?"
    r"(?P<attributes>(?:\s(?:[^<>\"']|\"[^\"\n]{0,400}\"|'[^'\n]{0,400}'){0,400}?)?)(?P<void>/?)>"
)
_ATTRIBUTE = re.compile(
    r"([\w:-]{1,40})\s{0,3}=\s{0,3}(?:\"([^\"]*)\"|'([^']*)'|[\u201c\u201d]([^\u201c\u201d]*)[\u201c\u201d]|([^\s\"'>/][^\s\"'>]*))"
)
_OWN = ("file", "edit", "delete")
_OWN_NAMES = ("path", "name", "filename", "file", "src")
_SAYS_PATH = ("path", "file_path", "filepath", "file-path", "filename", "file_name", "target_file")
_PARAMETERS = ("parameter", "param", "arg", "argument", "field")
_TOOL = re.compile(r"\s{0,9}[\w.-]{1,60}\s{0,9}(?=<arg_key>)")
_ESCAPED_PAGE = re.compile(r">\s{0,9}&lt;!doctype html", re.IGNORECASE)
_DATA = re.compile(r"\s*<!\[CDATA\[\n?")
_FENCE = re.compile(r"^[ ]{0,3}(?:`{3,}|~{3,})[ \t]*(\w*)", re.MULTILINE)
_WRAPPING = ("", "xml", "html", "text", "txt", "json", "tool_code", "tool_call", "plaintext")
_BLANK_LINE = re.compile(r"[^\S\n]*+\n")
_CLOSING = re.compile(r"</([A-Za-z][\w.:-]{0,60})>")
_IN_VAIN = 8
"""How often an answer's length may be read as arguments: twice is usual, and reading what is not a call costs time."""

_ENDINGS = 50
"""Closing tags of an argument that are looked at for the one behind which the call goes on."""

_BEGINNINGS = frozenset(tag[:length] for tag in ("<file", "<edit") for length in range(2, 6))


def parse_tags(text: str) -> tuple[list[Part], str]:
    """Return what the tags of an answer hold, in their order, and the text around them."""
    parts, around, end = list[Part](), list[str](), 0
    for block in _Tags(text).parse_blocks():
        parts += block.parts
        around.append(text[end : block.start])
        end = block.end
    return parts, "\n".join([*around, text[end:]])


def ends_in_tag(text: str) -> bool:
    """Whether `text` ends within the tag that begins a block."""
    last = text.rpartition("\n")[2].lstrip()
    return ">" not in last and (last.startswith(("<file ", "<edit ")) or last in _BEGINNINGS)


@dataclass(frozen=True)
class _Tagged:
    """One tag with what it holds: from where to where it stands in the answer, and its parts."""

    start: int
    end: int
    parts: Sequence[Part]


class _Tags:
    """The tags of an answer, each read once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._is_escaped = bool(_ESCAPED_PAGE.search(text))
        self._begun: list[re.Match[str]] = []
        self._ends: dict[str, list[tuple[int, int]]] = {}
        self._named: dict[str, list[int]] = {}
        self._children = _Children(text)
        for tag in _TAG.finditer(text):
            self._keep_tag(tag)

    def _keep_tag(self, tag: re.Match[str]) -> None:
        """Keep a tag that may begin or end a block. The elements of a page do not, unless they name a file."""
        kind = _tag_kind(tag)
        if tag["end"]:
            if kind in self._ends and self._stands_apart(tag):
                self._ends[kind].append(tag.span())
            return
        is_named = _tag_path(tag) is not None
        if (is_named or kind not in ELEMENTS) and self._stands_apart(tag):
            self._begun.append(tag)
            self._ends.setdefault(kind, [])
            if is_named:
                self._named.setdefault(_block_family(tag), []).append(tag.start())

    def parse_blocks(self) -> Iterator[_Tagged]:
        """Yield the tags that hold files or calls, in their order."""
        position = 0
        for tag in self._begun:
            if tag.start() < position:
                continue
            block = self._parse_block(tag)
            if block is None:
                continue
            if _tag_kind(tag) not in _OWN and (end := self._end_of_sample(position, tag.start())):
                position = end
                continue
            yield block
            position = block.end

    def _parse_block(self, tag: re.Match[str]) -> _Tagged | None:
        path = _tag_path(tag)
        if path is not None:
            return self._parse_with_path(tag, path)
        start = _body_start(self._text, tag)
        named = _TOOL.match(self._text, start)  # GLM writes the name of the tool before its arguments
        given, end = self._children.parse_arguments(start if named is None else named.end())
        if given and (is_call(_tool_name(tag), given) or _tag_kind(tag) in _OWN):
            return self._parse_with_children(tag, given, end)
        if self._text[start : start + 40].lstrip()[:1] in ("{", "[") and self._children.left > 0:
            body, end, is_cut = self._find_body(tag, start)
            self._children.left -= len(body)
            parts = parse_json_call(body, is_cut=is_cut)
            return _Tagged(tag.start(), end, parts) if parts else None
        return None

    def _parse_with_path(self, tag: re.Match[str], path: str) -> _Tagged:
        kind = _tag_kind(tag)
        if "delete" in kind or "remove" in kind:
            return _Tagged(tag.start(), tag.end(), [Deletion(path)])
        if kind not in _OWN and ("rename" in kind or is_by_line(_parse_attributes(tag))):
            _, end, _ = self._find_body(tag, tag.end())
            return _Tagged(
                tag.start(),
                end,
                [UnreadPart(path, "moves the file, or edits lines by number. Send the whole file, or edits")],
            )
        if tag["void"] and kind not in _OWN:
            return _Tagged(
                tag.start(), tag.end(), [UnreadPart(path, "is a tag without content. Send the file in a block")]
            )
        start = _body_start(self._text, tag)
        given, inner = self._children.parse_arguments(_skip_wrapper(self._text, start))
        if given and is_call(kind, {"path": path} | given):
            _, end, _ = self._find_body(tag, inner)
            return _Tagged(tag.start(), end, list(parse_call(kind, {"path": path} | given)))
        body, end, is_cut = self._find_body(tag, start)
        return _Tagged(tag.start(), end, [self._whole_block(path, body, is_cut, kind)])

    def _parse_with_children(self, tag: re.Match[str], given: Mapping[str, str], inner: int) -> _Tagged | None:
        parts = list(parse_call(_tool_name(tag), given))
        _, end, is_cut = self._find_body(tag, inner)
        if parts and inner >= len(self._text) and is_cut:
            return _Tagged(tag.start(), end, [Block(parts[0].path, "", is_cut=True)])
        path = given.get("path") or given.get("name") or given.get("filename")
        if not parts and path:
            # `<file><path>…</path>` and then the file itself.
            body, end, is_cut = self._find_body(tag, inner)
            parts = [self._whole_block(path, body.removeprefix("\n"), is_cut, _tag_kind(tag))]
        return _Tagged(tag.start(), end, parts) if parts else None

    def _whole_block(self, path: str, body: str, is_cut: bool, kind: str) -> Block:  # noqa: FBT001 - handed on as it came
        # Who escapes a page escapes every file of the answer.
        text = html.unescape(body) if self._is_escaped and "<" not in body else body
        return _build_block(path, text, is_cut=is_cut, is_edit=kind == "edit")

    def _find_body(self, tag: re.Match[str], start: int) -> tuple[str, int, bool]:
        """Return what a tag holds, where to go on, and whether its end is missing: another block begins before it."""
        named = self._named.get(_block_family(tag), [])
        place = bisect_left(named, start)
        following = named[place] if place < len(named) else len(self._text)
        ends = self._ends.get(_tag_kind(tag), [])
        place = bisect_left(ends, (start, 0))
        if place < len(ends) and ends[place][0] <= following:
            return _without_indentation(self._text[start : ends[place][0]]), ends[place][1], False
        return self._text[start:following], following, True

    def _stands_apart(self, tag: re.Match[str]) -> bool:
        """Whether a tag begins a line or follows another one; one that ends a block may also end a line."""
        before = self._text[max(0, tag.start() - 80) : tag.start()].rstrip(" \t")
        if not before or before[-1] == "\n":
            return True
        if not tag["end"]:
            return before[-1] == ">"
        behind = self._text[tag.end() : tag.end() + 80].lstrip(" \t")
        return not behind or behind[0] == "\n" or behind.startswith(("</", "]]")) or bool(_OPENS.match(behind))

    def _is_named(self, place: int) -> bool:
        """Whether the fence at `place` has the name of a file, so that it holds this file and no wrapper."""
        opened = self._text[place : self._text.find("\n", place) + 1 or len(self._text)]
        above = self._text[max(0, place - 400) : place]
        return any(not block.body.strip() for block in parse_fences(f"{above}{opened.rstrip()}\n\n"))

    def _end_of_sample(self, start: int, end: int) -> int:
        """Return the end of the page or of the fenced code in which `end` stands, counted from `start`; else 0."""
        between = self._text[start:end]
        if pages := list(PAGE_ON_A_LINE.finditer(between)):
            closed = END_OF_PAGE.search(between, pages[-1].start())
            if closed is None:
                over = END_OF_PAGE.search(self._text, end)
                return len(self._text) if over is None else over.end()
        fences = list(_FENCE.finditer(between))
        if len(fences) % 2 and (fences[-1][1].lower() not in _WRAPPING or self._is_named(start + fences[-1].start())):
            over = _FENCE.search(self._text, end)
            return len(self._text) if over is None else over.end()
        return 0


_OPENS = re.compile(
    r"<(?:[\w:-]+\s[^<>\n]{0,200}?(?:path|file_?name)\s*=|(?:file|edit|delete|change|proof)\b)", re.IGNORECASE
)


def _tag_kind(tag: re.Match[str]) -> str:
    return tag["name"].lower().rpartition(":")[2]


def _tool_name(tag: re.Match[str]) -> str:
    return tag["tool"] or _parse_attributes(tag).get("name") or _tag_kind(tag)


def _block_family(tag: re.Match[str]) -> str:
    """Return what begins a block of the same sort: within `<file>` a `<edit>` is one as well."""
    return "file" if _tag_kind(tag) in _OWN else _tag_kind(tag)


def _parse_attributes(tag: re.Match[str]) -> dict[str, str]:
    return {name.lower(): max(values, key=len) for name, *values in _ATTRIBUTE.findall(tag["attributes"])}


def _tag_path(tag: re.Match[str]) -> str | None:
    """Return the file that an opening tag names; a foreign tag does only where it can be nothing else."""
    if "=" not in tag["attributes"]:
        return None
    given = _parse_attributes(tag)
    if _tag_kind(tag) in _OWN:
        return next((given[key] for key in _OWN_NAMES if key in given), None)
    keys = ("from", *_SAYS_PATH) if "rename" in _tag_kind(tag) else _SAYS_PATH
    return next((given[key] for key in keys if is_path(given.get(key, ""))), None)


def _body_start(text: str, tag: re.Match[str]) -> int:
    blank = _BLANK_LINE.match(text, tag.end())
    return tag.end() if blank is None else blank.end()


def _skip_wrapper(text: str, start: int) -> int:
    """Return where the arguments begin: behind `<edits>`, which only holds them."""
    held = _TAG.match(text, _skip_blanks(text, start))
    return held.end() if held is not None and not held["end"] and _tag_kind(held) in ("edits", "args") else start


class _Children:
    """Reads arguments that stand in tags of their own. `left`: characters that may still be read so."""

    def __init__(self, text: str) -> None:
        self.left = _IN_VAIN * len(text)
        self._text = text
        self._closings: dict[str, list[int]] = {}
        for closing in _CLOSING.finditer(text):
            self._closings.setdefault(closing[1], []).append(closing.start())

    def parse_arguments(self, start: int) -> tuple[dict[str, str], int]:
        """Return the arguments that stand from `start` on, and where the last of them ends."""
        given: dict[str, str] = {}
        key_to_come, text = "", self._text
        while (
            self.left > 0
            and (child := _TAG.match(text, _skip_blanks(text, start))) is not None
            and (name := _argument_name(child) or (given and _unknown_name(child)))
        ):
            value, end = self._parse_value(child)
            self.left -= end - start
            start = end
            if name == "arg_key":
                key_to_come = value.strip()
            else:
                name = key_to_come if name == "arg_value" else name
                given[name] = value.strip() if name in NAMES and "\n" not in value.strip() and "path" in name else value
        return given, start

    def _parse_value(self, child: re.Match[str]) -> tuple[str, int]:
        """Return what an argument holds and where it ends: before another argument or the end of the call."""
        text, length = self._text, len(f"</{child['name']}>")
        closings = self._closings.get(child["name"], [])
        first = bisect_left(closings, child.end())
        end = -1
        for end in closings[first : first + _ENDINGS]:
            if _tag_kind(child) in (*PATHS, "name"):
                break  # behind its name the file itself may follow
            behind = _skip_blanks(text, end + length)
            following = _TAG.match(text, behind)
            if behind >= len(text) or (
                following is not None and (following["end"] or _argument_name(following) or _unknown_name(following))
            ):
                break
        else:
            end = closings[first + _ENDINGS] if first + _ENDINGS < len(closings) else -1
        if end < 0:
            return text[child.end() :], len(text)
        return _without_indentation(_unpack_body(text[child.end() : end].removeprefix("\n"))), end + length


def _argument_name(child: re.Match[str]) -> str:
    """Return which argument a tag holds: `<path>`, `<parameter name="path">` or `<parameter=path>`."""
    kind = _tag_kind(child)
    if child["end"] or child["void"]:
        return ""
    if kind in _PARAMETERS:
        return child["tool"] or _parse_attributes(child).get("name", "")
    is_plain = not child["attributes"].strip() and child["tool"] is None
    return kind if is_plain and (is_argument(kind) or kind in ("arg_key", "arg_value")) else ""


def _unknown_name(child: re.Match[str]) -> str:
    """Return the name of an argument that says nothing of a file, as `<line_count>`: no element has an underscore."""
    is_plain = not (child["end"] or child["void"] or child["attributes"].strip() or child["tool"])
    return _tag_kind(child) if is_plain and "_" in child["name"] and not child["name"].startswith("_") else ""


def _without_indentation(body: str) -> str:
    """Return what a tag holds without the white space that stands before its closing tag."""
    last = body.rpartition("\n")[2]
    return body if last.strip() else body.removesuffix(last)


_SOLID = re.compile(r"\s*")


def _skip_blanks(text: str, start: int) -> int:
    found = _SOLID.match(text, start)
    return start if found is None else found.end()


def _build_block(path: str, text: str, *, is_cut: bool, is_edit: bool) -> Block:
    body = _unpack_body(text)
    if is_cut and (is_edit or holds_edits(body)):
        # The pairs have ends of their own.
        pairs = parse_edits(path, body)
        is_cut = pairs.is_open or not (pairs.edits or pairs.unclear)
    return Block(path, body, is_cut, is_edit)


def _unpack_body(body: str) -> str:
    """Return the body out of CDATA, which XML puts around it, and out of entities where it is nothing but those."""
    if data := _DATA.match(body):
        return body[data.end() :].rstrip().removesuffix("]]>")
    return html.unescape(body) if "<" not in body and body.lstrip().startswith("&lt;") else body
