"""Fenced blocks that carry a name: in the info string, in the line before, or in their own first line. Pure."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from orchestrator.core.paths import is_markdown
from orchestrator.generate.reply.block import Block, begins_edit, ends_edit

_FENCE = re.compile(r"^(?P<indent>[ ]{0,3})(?P<signs>`{3,}+|~{3,}+)[ \t]*+(?P<info>[^`\n]*+)$")
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
_NAME = rf"(?:\[[*_`]{{0,6}}({_PATH})[*_`]{{0,6}}\]\([^)\n]*\)|[*_`\"']{{0,4}}({_PATH})[*_`\"']{{0,4}})"
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

_LONGEST = 300
_LONGEST_INFO = 1_000
"""Characters of a line that can be a label, and of the end of an info string, in which a name is looked for."""

_WIDE = re.compile(r"\s{3,}")
_LINES_AHEAD = 399
_WIDTHS = 8
"""Widths of fences, of one answer, within which others may open in Markdown: nobody nests as many."""

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


def parse_fences(text: str) -> list[Block]:
    """Return the fenced blocks that carry a name, and SEARCH/REPLACE pairs without a fence below a name.

    Where no block has a name, a page among them is `index.html`, and what it alone can mean by its style and script.
    """
    found = _Lines(text.split("\n")).scan_blocks()
    named = list(_name_blocks(found))
    blocks = [block for _, block in named]
    if any(block.path.rpartition("/")[2] == "index.html" for block in blocks):
        return blocks
    taken = {id(one) for one, _ in named}
    return [*blocks, *_guess_blocks([one for one in found if id(one) not in taken and one.info != _BARE])]


def _name_blocks(found: Sequence[_Fenced]) -> Iterator[tuple[_Fenced, Block]]:
    """Yield the blocks that have a name. Edits without one belong to the name above them, as one label has many."""
    last = ""
    for one in found:
        block = _name_block(one)
        if block is None and begins_edit(next(filter(str.strip, one.lines), "")):
            mentioned = _IN_TICKS.findall(one.before[-300:])
            block = _name_block(replace(one, before=(mentioned or [last])[-1]))
        if block is not None:
            last = block.path
            yield one, block


_BARE = "\0"


class _Lines:
    """The lines of an answer, and which of its fences open and close a block."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._fences = [_FENCE.match(line) if line else None for line in lines]
        self._ahead: dict[str, _Ahead] = {}
        self._labels: list[int] | None = None

    def scan_blocks(self) -> list[_Fenced]:
        """Return the fenced blocks, and the SEARCH/REPLACE pairs without a fence."""
        lines, found = self._lines, list[_Fenced]()
        before, place = "", 0
        while place < len(lines):
            line = lines[place]
            if not line:
                place += 1
            elif opening := self._fences[place]:
                end = self._find_closing(place, opening, is_markdown=_is_markdown(opening["info"], before))
                inside = _without_indent(lines[place + 1 : end], len(opening["indent"]))
                found.append(_Fenced(opening["info"].strip(), before, inside, end >= len(lines)))
                before, place = "", end + 1
            elif begins_edit(line) and (found or _find_label(before)):
                end = next((at for at in range(place, len(lines)) if ends_edit(lines[at])), len(lines))
                found.append(_Fenced(_BARE, before, lines[place : end + 1], end >= len(lines)))
                place = end + 1  # further pairs below belong to the same name
            else:
                before = line if line.strip() else before
                place += 1
        return found

    def _find_closing(self, opens: int, opening: re.Match[str], *, is_markdown: bool) -> int:
        """Return the line that closes a fence. In Markdown others of the same length may stand inside."""
        depth, fence = 0, opening["signs"]
        for place in range(opens + 1, len(self._lines)):
            inner = self._fences[place]
            if inner is None or not inner["signs"].startswith(fence):
                continue
            if inner["info"].strip():
                depth += is_markdown
            elif depth:
                depth -= 1
            elif is_markdown and self._opens_inside(place, fence):
                depth += 1
            else:
                return place
        return len(self._lines)

    def _opens_inside(self, place: int, fence: str) -> bool:
        """Whether a bare fence opens a block within Markdown: then two more follow before anything with a name does."""
        if fence not in self._ahead:
            if len(self._ahead) == _WIDTHS:
                return False
            self._ahead[fence] = self._scan_ahead(fence)
        bare = self._ahead[fence].count_bare(place)
        return bare > 0 and bare % 2 == 0

    def _scan_ahead(self, fence: str) -> "_Ahead":
        if self._labels is None:
            self._labels = [place for place in range(len(self._lines)) if self._is_label(place)]
        of_width = [
            (at, one) for at, one in enumerate(self._fences) if one is not None and one["signs"].startswith(fence)
        ]
        named = [at for at, one in of_width if one["info"].strip()]
        bare = [at for at, one in of_width if not one["info"].strip()]
        return _Ahead(bare, sorted({*named, *self._labels}))

    def _is_label(self, place: int) -> bool:
        is_name = self._fences[place] is None and _find_label(self._lines[place]) is not None
        return is_name and _is_above_a_block(self._lines, place)


@dataclass(frozen=True)
class _Ahead:
    """The lines that are bare fences of one width, and those that end the search for them."""

    bare: Sequence[int]
    ends: Sequence[int]

    def count_bare(self, place: int) -> int:
        """Return how many bare fences stand behind `place`, and before what ends the search."""
        following = bisect_right(self.ends, place)
        last = min([place + _LINES_AHEAD + 1, *self.ends[following : following + 1]])
        return bisect_left(self.bare, last) - bisect_right(self.bare, place)


def _without_indent(lines: Sequence[str], width: int) -> Sequence[str]:
    """Return the lines without as many spaces as their fence is indented by: https://spec.commonmark.org/0.31.2/#fenced-code-blocks."""
    return [line[min(width, len(line) - len(line.lstrip(" "))) :] for line in lines] if width else lines


def _is_markdown(info: str, before: str) -> bool:
    name = _path_in_info(info) or _find_label(before) or ""
    return is_markdown(name) or info.strip().lower().split(" ")[0] in ("md", "markdown")


def _is_above_a_block(lines: Sequence[str], place: int) -> bool:
    """Whether the name in a line stands above a fence: one with a language, or any where the name stands by itself.

    A plain name directly above a bare fence may be the last line of a tree of files.
    """
    fences = [found for line in lines[place + 1 : place + 3] if (found := _FENCE.match(line))]
    is_by_itself = bool(_MARKED.match(lines[place])) or (place > 0 and not lines[place - 1].strip())
    return any(found["info"].strip() or is_by_itself for found in fences)


def _name_block(one: _Fenced) -> Block | None:
    """Return the block under its name, None if it has none."""
    lines = list(one.lines)
    remark = _COMMENT.match(_squeeze_blanks(one.before))
    path = _path_in_info(one.info) or _find_label(one.before) or _find_diff_path(one) or (remark[1] if remark else None)
    first = next((line for line in lines if line.strip()), "")
    comment = _COMMENT.match(_squeeze_blanks(first)) if len(first) <= _LONGEST else None
    label = comment[1] if comment else _find_label(first) if path or begins_edit("".join(lines[1:2])) else None
    if label and path in (None, label, label.removeprefix("./")):
        path = label
        lines = lines[lines.index(first) + 1 :]
    if path is not None and path == _find_mention(one.before) and _is_other_code(one.language, path):
        return None  # a sentence says what the code does with the file
    if path is None or (one.language in _SHELLS and not path.endswith((".sh", ".bat", ".ps1"))):
        return None
    body = "".join(f"{line}\n" for line in lines)
    is_page = body.lstrip()[:9].lower().startswith(("<!doctype", "<html"))
    return None if is_page and _NO_PAGE.search(path) else Block(path, body, one.is_cut)


def _find_diff_path(one: _Fenced) -> str | None:
    """Return the file that a diff is about: it is not understood, but named when that is said."""
    if one.language not in ("diff", "patch"):
        return None
    return next((found[1] for line in one.lines if (found := _PATCHED.match(line))), None)


def _path_in_info(info: str) -> str | None:
    if found := _INFO_NAMED.search(info):
        return found[1]
    if (cited := _CITED.match(info)) and cited[1] != "1":
        return None
    # A path with a folder would take the language before it along as the folder's first word.
    behind = _LANGUAGE.sub("", info, count=1)
    found = _INFO_LAST.search(
        _squeeze_blanks((behind if behind.strip() else info).rstrip()[-_LONGEST_INFO:], _LONGEST_INFO)
    )
    return found[1] if found and not NO_PATH.match(found[1]) else None


def _squeeze_blanks(line: str, longest: int = _LONGEST) -> str:
    """Return the beginning of a line with two blanks for each wide run: several parts of a pattern may take each."""
    return _WIDE.sub("  ", line[:longest])


def _find_label(line: str) -> str | None:
    label = _LABEL.match(_squeeze_blanks(line))
    name = str(label[1] or label[2]) if label else _find_mention(line)
    return None if name is None or NO_PATH.match(name) else name


def _find_mention(line: str) -> str | None:
    """Return the name with which a sentence ends that leads to a block."""
    mention = None if _LABEL.match(_squeeze_blanks(line)) else _MENTIONED.search(line[-300:])
    return None if mention is None or _OF_A_PART.search(line) else str(mention[1])


def _is_other_code(language: str, path: str) -> bool:
    """Whether code in this language cannot be the file, which holds data or text."""
    return language in _CODE_LANGUAGES and bool(_NO_CODE.search(path))


def _guess_blocks(found: Sequence[_Fenced]) -> list[Block]:
    """Return a page without a name as `index.html`, and one style and one script under the names that it loads."""
    bodies = {language: one for one in found for language in (_block_kind(one),) if language}
    if "html" not in bodies:
        return []
    page = "\n".join(bodies["html"].lines) + "\n"
    blocks = [Block("index.html", page, bodies["html"].is_cut)]
    for kind, names in find_loaded_files(page).items():
        if kind in bodies and len(names) == 1:
            body = "\n".join(bodies[kind].lines) + "\n"
            blocks.append(Block(names.pop(), body, bodies[kind].is_cut))
    return blocks


_LOADED = {
    "css": re.compile(r"""<link\b[^>]{0,200}?href=["']([^"'?#>]{1,500}\.css)""", re.IGNORECASE),
    "js": re.compile(r"""<script\b[^>]{0,200}?src=["']([^"'?#>]{1,500}\.m?js)""", re.IGNORECASE),
}


def find_loaded_files(page: str) -> dict[str, set[str]]:
    """Return the styles and scripts of its own that a page loads, as `css` and `js`."""
    return {
        kind: {name for name in pattern.findall(page) if not re.match(r"(?:[a-z]+:)?//", name)}
        for kind, pattern in _LOADED.items()
    }


def _block_kind(one: _Fenced) -> str:
    body = "\n".join(one.lines).lstrip().lower()
    if body.startswith(("<!doctype html", "<html")):
        return "html"
    return {"css": "css", "js": "js", "javascript": "js"}.get(one.language, "")
