"""Files that an answer names beside what was read of it: each is a complaint, so that none is lost in silence. Pure."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from mimetypes import MimeTypes

from orchestrator.core.paths import is_page
from orchestrator.generate.reply.block import Block, Part
from orchestrator.generate.reply.calls import is_path
from orchestrator.generate.reply.fences import NO_PATH, parse_fences
from orchestrator.generate.reply.heredocs import parse_heredocs
from orchestrator.generate.reply.patches import begins_patch, parse_patches
from orchestrator.generate.reply.structured import parse_json_files

_PATH = r"[\w@./+-]{1,120}\.[A-Za-z]\w{0,14}"
_ALONE = re.compile(
    r"(?![ \t]*(?:(?:[-*+\u2022]|\d{1,2}[.)])\s|[|+`\\]-|[\u2500-\u257f]))"  # a list or a tree
    r"[^\w\n.]{0,14}(?:[\w%]{1,16}[^\w\n.(%]{1,8}){0,2}?"
    rf"({_PATH})[^\w;]{{0,14}}(?:(?<=/)\w{{1,20}}>)?"
)
"""A line that holds only a name and a frame around it: `=== style.css ===`, `[FILE: style.css]`."""

_KEYED = re.compile(
    rf"\b(?:path|file_?path|file_?name|file|title|source|open|Path|Set-Content)\b[\"']?\s{{0,3}}[:=(>]?\s{{0,3}}[\"'\u201c]({_PATH})[\"'\u201d]"
    rf"|\bpath:[ \t]{{1,3}}({_PATH})[ \t]*$|^[ \t]*({_PATH}):[ \t]*[|>][-+]?[ \t]*$|\bSet-Content (?:-Path )?({_PATH})"
    rf"|^[^\n]{{0,80}}>({_PATH})</[^<>\n]{{1,40}}>$",
    re.MULTILINE,
)
"""A name that a key, an argument or a command gives."""

_OWN = re.compile(r"<(?:file|edit)\s{1,9}path\s{0,3}=\s{0,3}[\"']([^\"'<>\n]{1,255})[\"']\s{0,3}>")
_TYPES = MimeTypes()
_SOURCES = (".md", ".markdown", ".yml", ".yaml", ".toml", ".ts", ".tsx", ".jsx", ".vue", ".svelte", ".scss", ".geojson")
"""Extensions of texts that are no types of media."""

_LONGEST = 120
_MISSES = 20
"""Bodies that may be missing before the search stops: each search walks through the whole answer."""


def find_left_out(around: str) -> dict[str, str]:
    """Return the files that stand in another form beside those that were read: path -> where it stands."""
    if not around.strip():
        return {}
    found: dict[str, str] = {}
    forms: Sequence[tuple[str, Sequence[Part]]] = (
        ("in a code fence", parse_fences(around)),
        ("in a patch", list(parse_patches(around)) if begins_patch(around) else ()),
        ("in a command", parse_heredocs(around)[0]),
        ("in JSON", parse_json_files(around)),
        ("in the middle of a line", [Block(name[1], "") for name in _OWN.finditer(_without_code(around))]),
    )
    for where, parts in forms:
        for part in parts:
            found.setdefault(part.path, where)
    return found


def find_file_names(text: str) -> Iterator[str]:
    """Yield the names of files under which something may stand that was not understood."""
    lines = [line for line in text.split("\n") if line.strip()]
    alone = [_ALONE.fullmatch(line) if len(line) <= _LONGEST else None for line in lines]
    for line, below in pairwise(alone):  # below the last line stands nothing
        if line is not None and below is None:  # names one below another are a list
            yield line[1]
    for keyed in _KEYED.finditer(_without_code(text)):
        yield next(filter(None, keyed.groups()))


def unread_names(text: str, parts: Sequence[Part]) -> list[str]:
    """Return the names in an answer of which only a page was guessed, or nothing read, but for that page's own."""
    rest = _without_bodies(text, [part.body.strip() for part in parts if isinstance(part, Block)])
    known = {part.path for part in parts}
    has_page = bool(known)
    return [
        name
        for name in dict.fromkeys(find_file_names(rest))
        if _has_kind(name)
        and is_path(name)
        and not NO_PATH.match(name)
        and name not in known
        and not (has_page and is_page(name))
    ]


def _without_bodies(text: str, bodies: Sequence[str]) -> str:
    """Return an answer without what was read of it: each body where it stands first behind the one before."""
    kept, place, misses = list[str](), 0, 0
    for body in filter(None, bodies):
        start = text.find(body, place) if misses < _MISSES else -1
        if start < 0:  # its indentation was taken away, or it stands before the others
            misses += 1
            continue
        kept.append(text[place:start])
        place = start + len(body)
    rest = "\n".join([*kept, text[place:]])
    for body in bodies[:_MISSES] if misses else ():
        rest = rest.replace(body, "\n", 1) if body else rest
    return rest


def _has_kind(name: str) -> bool:
    """Whether the extension is one that files of a site have: `http.server` is the name of none."""
    return bool(_TYPES.guess_type(name)[0]) or name.lower().endswith(_SOURCES)


def _without_code(text: str) -> str:
    """Return prose without what it shows in backticks."""
    return re.sub(r"`[^`\n]{1,300}`", "", text)
