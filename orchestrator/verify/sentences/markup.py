"""What a page holds as it is committed: elements by selector, and where it leads. No script is run. Pure."""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from html import unescape
from urllib.parse import unquote, urlsplit

from orchestrator.core.paths import is_markdown
from orchestrator.verify.sentences.tags import parse_tags

LARGEST = 2_000_000
"""Characters of a page that is read."""

DEEPEST = 50
"""Elements around one that are remembered."""

_EMPTY = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"]
)
_EMPTY |= {"script", "style", "textarea", "title"}  # what they hold is no element
_SIBLINGS = frozenset(["p", "li", "option", "tr", "td", "th", "dt", "dd"])
_BLOCKS = {"address", "article", "aside", "blockquote", "div", "dl", "fieldset", "footer", "form", "header", "hr"}
_BLOCKS |= {"h1", "h2", "h3", "h4", "h5", "h6", "main", "nav", "ol", "p", "pre", "section", "table", "ul"}
_SIMPLE = re.compile(
    r"(?P<tag>[A-Za-z][\w-]*|\*)|\#(?P<id>[\w-]+)|\.(?P<cls>[\w-]+)"
    r"|\[\s*(?P<name>[\w:-]+)\s*(?:(?P<op>[~^$*|]?=)\s*(?P<value>\"[^\"]*\"|'[^']*'|[\w./:#-]+)\s*)?\]"
)
_PARTS = re.compile(r"(?P<comma>\s*,\s*)|(?P<sign>\s*[>+~]\s*|\s+)|(?P<plain>(?:[^\s,>+~\[]|\[[^\]]*\])+)")
_MARKDOWN_LINK = re.compile(
    r"\]\(\s{0,9}<?([^\s()<>]{1,500})|^ {0,3}\[[^\]\n]{1,99}\]:[ \t]{0,9}<?([^\s<>]{1,500})", re.MULTILINE
)


@dataclass(frozen=True)
class Node:
    """An element. `path`: those around it, from the outermost."""

    tag: str
    attributes: Mapping[str, str]
    path: tuple["Node", ...] = field(repr=False, default=())


@dataclass(frozen=True)
class Document:
    """The elements of a page in order, the text of its own scripts, and its title."""

    nodes: Sequence[Node]
    scripts: str
    title: str = ""

    def select_nodes(self, selector: str) -> list[Node]:
        """Return the elements that a selector finds. Raises ValueError for one that is not understood."""
        ways = _parse_selector(selector)
        known: list[dict[tuple[int, int], bool]] = [{} for _ in ways]
        return [node for node in self.nodes if any(_matches_steps(node, *way) for way in zip(ways, known, strict=True))]


@lru_cache(maxsize=8)
def parse_page(text: str) -> Document:
    """Return what a page holds, of any kind."""
    nodes: list[Node] = []
    scripts: list[str] = []
    open_: list[Node] = []
    title = ""
    for tag in parse_tags(text[:LARGEST]):
        if tag.is_end:
            _close_element(open_, tag.name)
            continue
        nodes.append(Node(tag.name, tag.attributes, tuple(open_[-DEEPEST:])))
        if tag.name == "script" and tag.inside.strip():
            scripts.append(tag.inside)
        elif tag.name == "title":
            title = title or unescape(" ".join(tag.inside.split()))
        elif tag.name not in _EMPTY:
            _close_implied(open_, tag.name)
            nodes[-1] = Node(tag.name, tag.attributes, tuple(open_[-DEEPEST:]))
            open_.append(nodes[-1])
    return Document(nodes, "\n".join(scripts), title)


def _close_element(open_: list[Node], name: str) -> None:
    for place in range(len(open_) - 1, max(-1, len(open_) - DEEPEST), -1):
        if open_[place].tag == name:
            del open_[place:]
            return


def _close_implied(open_: list[Node], name: str) -> None:
    """Close a paragraph or an entry of a list before what cannot lie in it."""
    if open_ and ((open_[-1].tag == name and name in _SIBLINGS) or (open_[-1].tag == "p" and name in _BLOCKS)):
        open_.pop()


_Steps = list[tuple[str, list[re.Match[str]]]]


@lru_cache(maxsize=64)
def _parse_selector(selector: str) -> list[_Steps]:
    """Return the alternatives of a selector: parts, each with the sign before it, a blank for anywhere inside."""
    ways: list[_Steps] = [[]]
    sign, end = " ", 0
    for part in _PARTS.finditer(selector.strip()):
        if part.start() != end:
            break
        end = part.end()
        if part["comma"]:
            ways.append([])
        elif part["plain"]:
            ways[-1].append((sign, _parse_compound(part["plain"])))
        sign = (part["sign"] or "").strip() or " "
        if sign in ("+", "~"):
            raise ValueError(f"{sign} is not understood here")
    if end != len(selector.strip()) or not all(ways) or sign != " ":
        raise ValueError(f"{selector} is not understood as a selector")
    return ways


def _parse_compound(text: str) -> list[re.Match[str]]:
    found: list[re.Match[str]] = []
    at = 0
    while at < len(text):
        one = _SIMPLE.match(text, at)
        if one is None or (one["tag"] and at):
            raise ValueError(f"{text} is not understood as a selector")
        found.append(one)
        at = one.end()
    if not found:
        raise ValueError("an empty selector")
    return found


def _matches_steps(node: Node, steps: _Steps, known: dict[tuple[int, int], bool]) -> bool:
    """Whether an element ends the steps. `known`: by element and number of steps, for many lie in the same ones."""
    key = (id(node), len(steps))
    if key not in known:
        known[key] = _matches_steps_uncached(node, steps, known)
    return known[key]


def _matches_steps_uncached(node: Node, steps: _Steps, known: dict[tuple[int, int], bool]) -> bool:
    sign, compound = steps[-1]
    if not all(_matches_simple_selector(node, one) for one in compound):
        return False
    if len(steps) == 1:
        return True
    around = node.path[-1:] if sign == ">" else node.path[::-1]
    if all(earlier == " " for earlier, _ in steps[:-1]):  # the nearest has all that lies around the others
        nearest = next(
            (outer for outer in around if all(_matches_simple_selector(outer, one) for one in steps[-2][1])), None
        )
        return nearest is not None and _matches_steps(nearest, steps[:-1], known)
    return any(_matches_steps(outer, steps[:-1], known) for outer in around)


def _matches_simple_selector(node: Node, one: re.Match[str]) -> bool:
    attributes = node.attributes
    if one["tag"]:
        return one["tag"] == "*" or node.tag == one["tag"].lower()
    if one["id"]:
        return attributes.get("id") == one["id"]
    if one["cls"]:
        return one["cls"] in attributes.get("class", "").split()
    has = attributes.get(one["name"].lower())
    return has is not None and (one["op"] is None or _matches_attribute(one["op"], has, one["value"].strip("\"'")))


def _matches_attribute(sign: str, has: str, wanted: str) -> bool:
    return {
        "=": has == wanted,
        "~=": wanted in has.split(),
        "^=": bool(wanted) and has.startswith(wanted),
        "$=": bool(wanted) and has.endswith(wanted),
        "*=": bool(wanted) and wanted in has,
        "|=": has == wanted or has.startswith(f"{wanted}-"),
    }[sign]


def is_selector(text: str) -> bool:
    """Whether a selector is understood here."""
    try:
        return len(text) <= 200 and all(len(steps) <= 4 for steps in _parse_selector(text))
    except ValueError:
        return False


def find_links(name: str, text: str) -> list[str]:
    """Return where the links of a page or a Markdown file lead, as they are written."""
    written = [first or second for first, second in _MARKDOWN_LINK.findall(text)] if is_markdown(name) else []
    return [*written, *(node.attributes["href"] for node in parse_page(text).select_nodes("a[href], area[href]"))]


def find_sources(text: str) -> Iterator[str]:
    """Yield what a page loads or links to by an attribute."""
    for node in parse_page(text).nodes:
        for attribute in ("href", "src", "data", "action"):
            if written := node.attributes.get(attribute):
                yield written


def resolve_link(page: str, written: str) -> str | None:
    """Return the path in the repository that a link on `page` leads to, None for one that leads elsewhere."""
    try:
        parts = urlsplit(written.strip())
    except ValueError:
        return None
    if parts.scheme or parts.netloc or not parts.path:
        return None
    folder = "" if parts.path.startswith("/") else posixpath.dirname(page)
    path = posixpath.normpath(posixpath.join(folder, unquote(parts.path).lstrip("/") or "."))
    return "index.html" if path == "." else f"{path}/index.html" if parts.path.endswith("/") else path
