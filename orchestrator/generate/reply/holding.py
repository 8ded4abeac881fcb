"""What a file holds, judged before it counts, by whichever form of answer it came. Pure.

A file that holds a piece of the answer's own wrapper, marks of a patch, or two documents was misread: it is refused
with a complaint, and never published.
"""

import re

_MARKDOWN = (".md", ".markdown")
_HTML = (".html", ".htm")
# A tag that says which file follows, under whatever name; no element of HTML has these attributes.
_OPENS_BLOCK = re.compile(
    r"<[A-Za-z][\w:-]{0,40}\s[^<>\n]{0,200}?(?<![\w-])(?:path|file_?path|filename)\s{0,3}=\s{0,3}[\"'\u201c\u201d](?![Mm][\s\d.-])",
    re.IGNORECASE,
)
_CLOSES_BLOCK = re.compile(
    r"</(?:file|files|edit|content|contents|parameter|invoke|tool_call|function_calls?|[a-z]{1,20}-write"
    r"|[a-z]{1,20}(?:Action|Artifact)|write_to_file|replace_in_file)\s{0,9}>"
)
_MARKER = re.compile(
    r"^(?:<{7}(?: .*)?|>{7}(?: .*)?|\*\*\* (?:Begin|End|Add|Update|Delete) .*|@@ -\d.*)$", re.MULTILINE
)
_DOCTYPE = re.compile(r"<!doctype html", re.IGNORECASE)
_ASIDE = re.compile(r"<(/?)(script|style|template|textarea|pre)\b[^>]{0,400}>|<!--|-->", re.IGNORECASE)
_END = re.compile(r"</html\s{0,9}>", re.IGNORECASE)


def held_wrongly(path: str, text: str) -> str:
    """Return why `text` cannot be the whole file `path`, as a complaint to the model; an empty text if it can."""
    name = path.lower()
    shown = _without_samples(text) if name.endswith(_MARKDOWN) else text
    own = _without_asides(shown) if name.endswith(_HTML) else shown
    if _MARKER.search(shown):
        return (
            "it holds the markers of an edit or a patch. Send SEARCH/REPLACE pairs in an edit block, or the whole file."
        )
    if name.endswith((".xml", ".svg")):
        return ""
    lines = [own] if name.endswith(_HTML) else [line.strip() for line in own.split("\n") if "<" in line]
    closes = _CLOSES_BLOCK.search if name.endswith(_HTML) else _CLOSES_BLOCK.fullmatch
    opens = _OPENS_BLOCK.search if name.endswith(_HTML) else _OPENS_BLOCK.match
    if any(opens(line) or closes(line) for line in lines):
        return "it holds a tag that begins or ends a block. Put each tag on a line of its own and send the file again."
    if name.endswith(_HTML):
        return _document_problem(own)
    return ""


def without_strays(path: str, text: str) -> str:
    """Return a file without tags of a wrapper at its end: behind the end of a page, else alone on the last line."""
    if path.lower().endswith(_HTML):
        ends = list(_END.finditer(text))
        behind = text[ends[-1].end() :] if ends else ""
        if _CLOSES_BLOCK.search(behind) and not _OPENS_BLOCK.search(behind):
            return f"{text[: ends[-1].end()]}\n"
        return text
    head, _, last = text.rstrip().rpartition("\n")
    return f"{head}\n" if head and _CLOSES_BLOCK.fullmatch(last.strip()) else text


def _document_problem(page: str) -> str:
    documents = len(_DOCTYPE.findall(page))
    if documents > 1:
        return f"it holds {documents} documents. Send each page in a block of its own."
    end = _END.search(page)
    if end is not None and page[end.end() :].strip():
        return "something stands behind its </html>. End the page there, and send what follows in blocks of their own."
    return ""


def _without_samples(text: str) -> str:
    """Return Markdown without what stands between its fences."""
    kept, is_inside = list[str](), False
    for line in text.split("\n"):
        is_fence = line.lstrip().startswith(("```", "~~~"))
        if not (is_inside or is_fence):
            kept.append(line)
        is_inside ^= is_fence
    return "\n".join(kept)


def _without_asides(page: str) -> str:
    """Return a page without comments, scripts and samples: what those show or build is not the page's own."""
    kept, inside, end = list[str](), "", 0
    for tag in _ASIDE.finditer(page):
        name = (tag[2] or tag[0]).lower()
        if not inside and not tag[1] and name != "-->":
            kept.append(page[end : tag.start()])
            inside = "-->" if name == "<!--" else name
        elif inside == name and (tag[1] or name == "-->"):
            inside, end = "", tag.end()
    return "".join([*kept, "" if inside else page[end:]])
