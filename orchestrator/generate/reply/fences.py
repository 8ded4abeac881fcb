"""Fenced blocks that carry a name: in the info string, in the line before, or in their own first line. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from orchestrator.generate.reply.block import Block, begins_edit, ends_edit
from orchestrator.paths import is_markdown

_FENCE = re.compile(r"^(?P<indent>[ ]{0,3})(?P<signs>`{3,}|~{3,})[ \t]*(?P<info>[^`\n]*)$")
_BARE_NAME = r"(?:LICEN[SC]E|README|CNAME|NOTICE|CHANGELOG|AUTHORS|(?-i:[A-Z][a-z]{2,15}file)|\.[a-z][a-z-]{2,20})"
"""Names that files have by custom without an extension."""

_PATH = (
    r"(?:\.?/)?(?:\.?[\w@()+-][\w.@()+ -]{0,80}/){0,8}"
    rf"(?:[\w@()+-][\w.@()+-]{{0,80}}\.[A-Za-z0-9]{{1,15}}|(?-i:{_BARE_NAME})(?![\w.]))"
)
_INFO_NAMED = re.compile(r"""(?:path|file|filename|title|name)\s*[=:]\s*["']?([^"'}\s]+)""", re.IGNORECASE)
_INFO_LAST = re.compile(rf"(?:^|[\s:({{])[\"'`]?({_PATH})[\"'`]?[)}}]?\s*$")
_CITED = re.compile(r"\s*(\d{1,6}):\d{1,6}:")
"""Lines of a file that an editor cites: those from the first on may be all of it, others are a part."""

_LANGUAGE = re.compile(r"^\s*[A-Za-z][A-Za-z+#-]{0,20}(?=\s)")
_NAME = rf"(?:\[[*_`]*({_PATH})[*_`]*\]\([^)\n]*\)|[*_`\"']{{0,4}}({_PATH})[*_`\"']{{0,4}})"
_LABEL = re.compile(
    r"^\s*(?:#{1,6}\s+|[-*+]\s+|>\s+|[=-]{2,}\s+)?(?:\d{1,2}[.)]\s+)?(?:[^\w\s`*\"'./\[(<{;=-]{1,4}\s*)?[*_]{0,3}"
    r"(?:(?:the\s+)?(?:new\s+|updated\s+)?(?:create|update)\s+|\w{1,12}(?:\s+\d{1,2})?\s*[:\uff1a]\s*)?"
    rf"{_NAME}\s*[:\uff1a]?\s*(?:\([^)\n]{{0,60}}\)\s*)?[:\uff1a]?[*_]{{0,3}}(?:\s+[=-]{{2,}})?\s*$",
    re.IGNORECASE,
)
_MARKED = re.compile(r"^\s*(?:#{1,6}\s|[*_`\"'\[]|\w{1,12}\s?:|\d{1,2}[.)]\s)")
_OF_A_PART = re.compile(
    r"\b(?:replace|add|change|edit|insert|append|remove|delete|find|lines?|sections?|parts?|functions?|keys?|heart|snippet"
    r"|example|looks?|rows|expected|reads?|loads?|uses?|used|piece|portion|instead|where|if you|later)\b",
    re.IGNORECASE,
)
_MENTIONED = re.compile(rf"`({_PATH})`[^`]{{0,60}}:\s*$")
_IN_TICKS = re.compile(rf"`({_PATH})`")
_PATCHED = re.compile(r"\+\+\+ (?:b/)?(\S{1,200})")
_COMMENT = re.compile(
    rf"^\s*(?://|#|<!--|/\*)\s*(?:(?:file[ _-]?(?:name|path)?|path)\s*:\s*)?({_PATH})\s*(?:-->|\*/)?\s*$", re.IGNORECASE
)
NO_PATH = re.compile(
    r"^(?:[vV]?\d+(?:\.\d+)+|e\.g|i\.e|.*\.(?:min|umd)\.js|[\w-]+\.(?:com|org|io|net)"
    r"|(?:node|next|vue|chart|highlight|three|d3|react|alpine|p5|leaflet|moment|express|jquery|marked|tone)\.js)$",
    re.IGNORECASE,
)
"""What looks like the name of a file and is a version, a library or a host."""

_SHELLS = frozenset({"bash", "sh", "shell", "console", "zsh", "terminal", "powershell", "cmd", "bat"})
_CODE_LANGUAGES = frozenset(
    {"js", "javascript", "ts", "typescript", "jsx", "tsx", "python", "py", "css", "php", "html"}
)
_NO_CODE = re.compile(r"\.(?:csv|tsv|json|geojson|txt|ya?ml|xml|svg|png|jpe?g|gif|webp|ico|pdf|zip)$", re.IGNORECASE)
_NO_PAGE = re.compile(r"\.(?:m?js|css|csv|tsv|json)$", re.IGNORECASE)


@dataclass(frozen=True)
class _Fenced:
    """One fenced block: what its first line says, the line before it, and its lines."""

    info: str
    before: str
    lines: Sequence[str]
    is_cut: bool

    @property
    def language(self) -> str:
        found = re.match(r"[A-Za-z+#]+", self.info)
        return found[0].lower() if found else ""


def fenced(text: str) -> list[Block]:
    """Return the fenced blocks that carry a name, and SEARCH/REPLACE pairs without a fence below a name.

    Where no block has a name, a page among them is `index.html`, and what it alone can mean by its style and script.
    """
    found = _scanned(text.split("\n"))
    named = list(_all_named(found))
    blocks = [block for _, block in named]
    if any(block.path.rpartition("/")[2] == "index.html" for block in blocks):
        return blocks
    taken = {id(one) for one, _ in named}
    return [*blocks, *_guessed([one for one in found if id(one) not in taken and one.info != _BARE])]


def _all_named(found: Sequence[_Fenced]) -> Iterator[tuple[_Fenced, Block]]:
    """Yield the blocks that have a name. Edits without one belong to the name above them, as one label has many."""
    last = ""
    for one in found:
        block = _named(one)
        if block is None and begins_edit(next(filter(str.strip, one.lines), "")):
            mentioned = _IN_TICKS.findall(one.before[-300:])
            block = _named(replace(one, before=(mentioned or [last])[-1]))
        if block is not None:
            last = block.path
            yield one, block


_BARE = "\0"


def _scanned(lines: Sequence[str]) -> list[_Fenced]:
    found: list[_Fenced] = []
    before, place = "", 0
    while place < len(lines):
        line = lines[place]
        if not line:
            place += 1
        elif opening := _FENCE.match(line):
            end = _closing(lines, place + 1, opening["signs"], is_markdown=_is_markdown(opening["info"], before))
            inside = _without_indent(lines[place + 1 : end], len(opening["indent"]))
            found.append(_Fenced(opening["info"].strip(), before, inside, end >= len(lines)))
            before, place = "", end + 1
        elif begins_edit(line) and (found or _labelled(before)):
            end = next((at for at in range(place, len(lines)) if ends_edit(lines[at])), len(lines))
            found.append(_Fenced(_BARE, before, lines[place : end + 1], end >= len(lines)))
            place = end + 1  # further pairs below belong to the same name
        else:
            before = line if line.strip() else before
            place += 1
    return found


def _without_indent(lines: Sequence[str], width: int) -> Sequence[str]:
    """Return the lines without as many spaces as their fence is indented by: https://spec.commonmark.org/0.31.2/#fenced-code-blocks."""
    return [line[min(width, len(line) - len(line.lstrip(" "))) :] for line in lines] if width else lines


def _is_markdown(info: str, before: str) -> bool:
    name = _in_info(info) or _labelled(before) or ""
    return is_markdown(name) or info.strip().lower().split(" ")[0] in ("md", "markdown")


def _closing(lines: Sequence[str], start: int, fence: str, *, is_markdown: bool) -> int:
    """Return the line that closes a fence. In Markdown others of the same length may stand inside."""
    depth = 0
    for place in range(start, len(lines)):
        inner = _FENCE.match(lines[place])
        if inner is None or inner["signs"][0] != fence[0] or len(inner["signs"]) < len(fence):
            continue
        if inner["info"].strip():
            depth += is_markdown
        elif depth:
            depth -= 1
        elif is_markdown and _opens_inside(lines, place, fence):
            depth += 1
        else:
            return place
    return len(lines)


def _opens_inside(lines: Sequence[str], place: int, fence: str) -> bool:
    """Whether a bare fence opens a block within Markdown: then two more follow before anything with a name does."""
    bare = 0
    ahead = lines[place + 1 : place + 400]
    for number, line in enumerate(ahead):
        inner = _FENCE.match(line)
        if inner is not None and len(inner["signs"]) >= len(fence) and inner["signs"][0] == fence[0]:
            if inner["info"].strip():
                break
            bare += 1
        elif _labelled(line) and _is_above_a_block(ahead[: number + 3], number):
            break
    return bare > 0 and bare % 2 == 0


def _is_above_a_block(lines: Sequence[str], place: int) -> bool:
    """Whether the name in a line stands above a fence: one with a language, or any where the name stands by itself.

    A plain name directly above a bare fence may be the last line of a tree of files.
    """
    fences = [found for line in lines[place + 1 : place + 3] if (found := _FENCE.match(line))]
    is_by_itself = bool(_MARKED.match(lines[place])) or (place > 0 and not lines[place - 1].strip())
    return any(found["info"].strip() or is_by_itself for found in fences)


def _named(one: _Fenced) -> Block | None:
    """Return the block under its name, None if it has none."""
    lines = list(one.lines)
    remark = _COMMENT.match(one.before[:300])
    path = _in_info(one.info) or _labelled(one.before) or _patched(one) or (remark[1] if remark else None)
    first = next((line for line in lines if line.strip()), "")
    comment = _COMMENT.match(first)
    label = comment[1] if comment else _labelled(first) if path or begins_edit("".join(lines[1:2])) else None
    if label and path in (None, label, label.removeprefix("./")):
        path = label
        lines = lines[lines.index(first) + 1 :]
    if path is not None and path == _mentioned(one.before) and _is_other_code(one.language, path):
        return None  # a sentence says what the code does with the file
    if path is None or (one.language in _SHELLS and not path.endswith((".sh", ".bat", ".ps1"))):
        return None
    body = "".join(f"{line}\n" for line in lines)
    is_page = body.lstrip()[:9].lower().startswith(("<!doctype", "<html"))
    return None if is_page and _NO_PAGE.search(path) else Block(path, body, one.is_cut)


def _patched(one: _Fenced) -> str | None:
    """Return the file that a diff is about: it is not understood, but named when that is said."""
    if one.language not in ("diff", "patch"):
        return None
    return next((found[1] for line in one.lines if (found := _PATCHED.match(line))), None)


def _in_info(info: str) -> str | None:
    if found := _INFO_NAMED.search(info):
        return found[1]
    if (cited := _CITED.match(info)) and cited[1] != "1":
        return None
    # A path with a folder would take the language before it along as the folder's first word.
    behind = _LANGUAGE.sub("", info, count=1)
    found = _INFO_LAST.search(behind if behind.strip() else info)
    return found[1] if found and not NO_PATH.match(found[1]) else None


def _labelled(line: str) -> str | None:
    label = _LABEL.match(line[:300])
    name = str(label[1] or label[2]) if label else _mentioned(line)
    return None if name is None or NO_PATH.match(name) else name


def _mentioned(line: str) -> str | None:
    """Return the name with which a sentence ends that leads to a block."""
    mention = None if _LABEL.match(line[:300]) else _MENTIONED.search(line[-300:])
    return None if mention is None or _OF_A_PART.search(line) else str(mention[1])


def _is_other_code(language: str, path: str) -> bool:
    """Whether code in this language cannot be the file, which holds data or text."""
    return language in _CODE_LANGUAGES and bool(_NO_CODE.search(path))


def _guessed(found: Sequence[_Fenced]) -> list[Block]:
    """Return a page without a name as `index.html`, and one style and one script under the names that it loads."""
    bodies = {language: one for one in found for language in (_kind(one),) if language}
    if "html" not in bodies:
        return []
    page = "\n".join(bodies["html"].lines) + "\n"
    blocks = [Block("index.html", page, bodies["html"].is_cut)]
    for kind, names in loaded_by(page).items():
        if kind in bodies and len(names) == 1:
            body = "\n".join(bodies[kind].lines) + "\n"
            blocks.append(Block(names.pop(), body, bodies[kind].is_cut))
    return blocks


_LOADED = {
    "css": re.compile(r"""<link\b[^>]{0,200}?href=["']([^"'?#>]+\.css)""", re.IGNORECASE),
    "js": re.compile(r"""<script\b[^>]{0,200}?src=["']([^"'?#>]+\.m?js)""", re.IGNORECASE),
}


def loaded_by(page: str) -> dict[str, set[str]]:
    """Return the styles and scripts of its own that a page loads, as `css` and `js`."""
    return {
        kind: {name for name in pattern.findall(page) if not re.match(r"(?:[a-z]+:)?//", name)}
        for kind, pattern in _LOADED.items()
    }


def _kind(one: _Fenced) -> str:
    body = "\n".join(one.lines).lstrip().lower()
    if body.startswith(("<!doctype html", "<html")):
        return "html"
    return {"css": "css", "js": "js", "javascript": "js"}.get(one.language, "")
