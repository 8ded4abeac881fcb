"""Elements of a page as sentences name them: by tag, id, class or selector. Pure."""

import re
from dataclasses import replace

from orchestrator.verify.sentences.claims import Element
from orchestrator.verify.sentences.markup import is_selector, parse_page
from orchestrator.verify.sentences.wording import NO_NAME, Reader

_TAGS = [
    "a",
    "article",
    "aside",
    "audio",
    "button",
    "canvas",
    "div",
    "dialog",
    "details",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "header",
    "iframe",
    "img",
    "input",
    "label",
    "link",
    "main",
    "nav",
    "ol",
    "option",
    "output",
    "p",
    "pre",
    "progress",
    "script",
    "section",
    "select",
    "span",
    "style",
    "svg",
    "table",
    "tbody",
    "td",
    "template",
    "textarea",
    "ul",
    "video",
]
_ATTRIBUTES = ("name", "type", "role", "rel", "method", "lang")
_NOUNS = ("element", "elements", "tag", "tags")


def take_element(reader: Reader) -> Element | None:
    """Take an element; None, and nothing taken, where none is named."""
    return reader.take_first(lambda: _take_described_element(reader), lambda: _take_written_element(reader))


def _take_described_element(reader: Reader) -> Element | None:
    """Take "an element with the id `total`", "a `form` element with class x", "id `total`"."""
    tag = "" if reader.take_phrase(*_NOUNS) else _take_tag(reader)
    reader.take_phrase(*_NOUNS)
    reader.take_phrase("with", "having", "whose", "that has", "which has", "of")
    kind = reader.take_phrase("id", "ids", "class", "id of", "class of", "class name", *_ATTRIBUTES)
    if kind is None:
        return None
    reader.take_phrase("=", "is", ":", "equals", "named")
    name = reader.take("quoted", "selector", "word", "file")
    if name is None or (name.kind == "word" and name.low in NO_NAME):
        return None
    bare = name.text.lstrip("#.")
    if not re.fullmatch(r"[\w-]+", bare):
        return None
    reader.take_phrase("element", "attribute")
    if kind.startswith("id") and reader.take_phrase("and class", "and the class", "and with class"):
        return _take_class(reader, Element(f"{tag}#{bare}", bare, f"#{bare}"))
    if kind in _ATTRIBUTES:
        return Element(f'{tag}[{kind}="{bare}"]', bare) if tag else None
    by_name = f"{'#' if kind.startswith('id') else '.'}{bare}"
    return Element(f"{tag}{by_name}", bare, by_name)


def _take_class(reader: Reader, one: Element) -> Element | None:
    more = reader.take("quoted", "word")
    if more is None or not re.fullmatch(r"[\w-]+", more.text) or more.low in NO_NAME:
        return None
    return replace(one, selector=f"{one.selector}.{more.text}")


def _take_tag(reader: Reader) -> str:
    reader.skip_articles()
    token = reader.peek()
    bare = token.text.strip("<>").strip()
    is_tag = token.kind in ("tag", "quoted") or (token.kind == "word" and bare.lower() in _TAGS)
    if not is_tag or not re.fullmatch(r"[A-Za-z][\w-]*", bare):
        return ""
    reader.at += 1
    return bare.lower()


def _take_written_element(reader: Reader) -> Element | None:
    """Take a selector or a tag as it is written: `#total`, `<form>`, `.card`, `nav > a`."""
    noun = reader.take_phrase(
        "element", "elements", "selector", "css selector", "tag", "element matching", "element for"
    )
    if noun:
        reader.take_phrase(
            "matching", "for", "selector", "css selector", ":", "matching css selector", "matching selector"
        )
    token = reader.take("selector", "tag", "quoted", "word", "file")
    if token is None or (token.kind == "file" and not token.text.startswith(".")):
        return None
    after = noun or reader.take_phrase(*_NOUNS)
    if token.kind == "word" and (noun or after is None or token.low not in _TAGS):
        return None
    selector = _tag_selector(token.text) if token.text.startswith("<") else token.text
    is_sure = after is not None or token.kind in ("selector", "tag") or token.text.startswith(("#", ".", "[", "<"))
    if not (is_sure and selector and is_selector(selector)):
        return None
    names = re.findall(r"[\w-]+", selector)
    return Element(selector, names[0] if "=" in selector or not names[1:] else names[-1]) if names else None


def _tag_selector(tag: str) -> str:
    """Return the selector of a tag as it is written; nothing for one that is not understood."""
    nodes = parse_page(tag).nodes
    if len(nodes) != 1 or any('"' in value for value in nodes[0].attributes.values()):
        return ""
    written = (f'[{name}="{value}"]' if value else f"[{name}]" for name, value in nodes[0].attributes.items())
    return nodes[0].tag + "".join(written)
