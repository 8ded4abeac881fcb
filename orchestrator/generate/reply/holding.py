"""What a file holds, judged before it counts, by whichever form of answer it came. Pure.

A file that holds a piece of the answer's own wrapper, marks of a patch, or two documents was misread: it is refused
with a complaint, and never published.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator

from orchestrator.core.paths import is_markdown, is_page
from orchestrator.generate.reply.calls import is_path
from orchestrator.generate.reply.elements import ELEMENTS, END_OF_PAGE

_XML = (".xml", ".svg")
_PATCHES = (".diff", ".patch")
_TAG = re.compile(r"<(?P<end>/?)(?P<name>[A-Za-z][\w:.-]{0,60})(?P<attributes>\s[^<>\n]{0,300}?)?(?P<void>/?)>")
_BEGUN = re.compile(r"<([A-Za-z][\w:.-]{0,60})")
_SAYS_PATH = re.compile(
    r"(?<![\w-])(?:path|file_?path|file_?name|target_file)\s{0,3}=\s{0,3}[\"'\u201c\u201d]([^\"'\u201c\u201d]{1,255})",
    re.IGNORECASE,
)
_MARKER = re.compile(
    r"^[ \t]*(?:<{7}(?: .*)?|>{7}(?: .*)?|\*\*\* (?:Begin|End|Add|Update|Delete) .*|@@(?:[ \t].*)?)$", re.MULTILINE
)
_WRAPPER = "it contains a tag that begins or ends a block. Put each tag on its own line and send the file again."
_DOCTYPE = re.compile(r"<!doctype html", re.IGNORECASE)
_ASIDE = re.compile(r"<(/?)(script|style|template|textarea|pre)\b[^>]{0,400}>|<!--|-->", re.IGNORECASE)
_HIDES = re.compile(r"<!--|<(script|style|template|textarea|pre)\b", re.IGNORECASE)
_END_OF_HIDDEN = {
    "": re.compile("-->"),
    **{
        name: re.compile(rf"</{name}\s{{0,9}}>", re.IGNORECASE)
        for name in ("script", "style", "template", "textarea", "pre")
    },
}
_INDENTED = 200
"""White space beside a tag, up to which it stands alone in its line."""

_SAMPLE = re.compile(r"<(pre|textarea)\b[^>]{0,400}>(?:(?!<pre|<textarea).)*?</\1\s{0,9}>", re.IGNORECASE | re.DOTALL)
_FENCE = re.compile(r"[ ]{0,3}(`{3,}+|~{3,}+)([^\n]*+)")


def content_problem(path: str, text: str, *, is_part: bool = False) -> str:
    """Return why `text` cannot be the file `path`, as a complaint to the model; an empty text if it can.

    `is_part`: it is what an edit puts into the file.
    """
    name = path.lower()
    shown = _without_samples(text) if is_markdown(path) else text
    own = _without_asides(shown) if is_page(path) else shown
    if not name.endswith(_PATCHES) and _holds_markers(name, shown):
        return (
            "it contains the markers of an edit or a patch. Send SEARCH/REPLACE pairs in an edit block, or "
            "the whole file."
        )
    is_markup = is_page(path) or name.endswith(_XML)
    is_code = not (is_markup or is_markdown(path) or name.endswith((".txt", ".css")))
    if not is_part and _ends_wrapper(own, is_markup=is_markup, is_code=is_code):
        return _WRAPPER
    if _begins_wrapper(own, is_markup=is_markup):
        return _WRAPPER
    return _document_problem(own) if is_page(path) and not is_part else ""


def _find_foreign_tags(text: str) -> list[re.Match[str]]:
    """Return the tags in a file that are no elements of HTML."""
    return [tag for tag in _TAG.finditer(text) if tag["name"].lower() not in ELEMENTS]


def _ends_wrapper(text: str, *, is_markup: bool, is_code: bool) -> bool:
    """Whether a tag ends in a file that never began in it, where no string of the code can hold it."""
    begun: dict[str, int] = {}
    for beginning in _BEGUN.finditer(text):
        begun.setdefault(beginning[1].lower(), beginning.start())
    texts = _Texts(text if is_code else "")
    for tag in _find_foreign_tags(text):
        is_begun = begun.get(tag["name"].lower(), len(text)) < tag.start()
        if not tag["end"] or is_begun or (is_code and texts.has_place(tag.start())):
            continue
        is_alone = _begins_line(text, tag.start()) and _ends_line(text, tag.end())
        if is_markup or is_alone or text[tag.end() : tag.end() + 1] == "<":
            return True
    return False


def _begins_wrapper(text: str, *, is_markup: bool) -> bool:
    """Whether a tag stands in a file that names another file: one that never ends, or in code one at the left edge."""
    tags = _find_foreign_tags(text)
    closed = {tag["name"].lower() for tag in tags if tag["end"]}
    texts = _Texts("" if is_markup else text)
    for tag in tags:
        named = None if tag["end"] or tag["void"] else _SAYS_PATH.search(tag["attributes"] or "")
        if named is None or not is_path(named[1]) or texts.has_place(tag.start()):
            continue
        is_at_edge = tag.start() == 0 or text[tag.start() - 1] in "\n>"
        is_closed = tag["name"].lower() in closed
        is_component = is_closed and tag["name"][0].isupper()  # as those of JSX are
        if (is_at_edge and not is_component) if not is_markup else not is_closed:
            return True
    return False


class _Texts:
    """The texts of several lines in code: between backticks or three quotes."""

    def __init__(self, code: str) -> None:
        self._places = [[found.start() for found in re.finditer(quotes, code)] for quotes in ("`", '"""', "'''")]

    def has_place(self, place: int) -> bool:
        """Whether a place in the code lies within such a text."""
        return any(bisect_left(places, place) % 2 for places in self._places)


def _holds_markers(name: str, text: str) -> bool:
    """Whether marks of an edit or a patch stand in a file where they are no sample that it shows."""
    if is_page(name):
        return bool(_MARKER.search(_SAMPLE.sub("", text)))
    texts = _Texts(text)
    return any(not texts.has_place(found.start()) for found in _MARKER.finditer(text))


def _begins_line(text: str, start: int) -> bool:
    before = text[max(0, start - _INDENTED) : start]
    return not before.rpartition("\n")[2].strip() and ("\n" in before or start < _INDENTED)


def _ends_line(text: str, end: int) -> bool:
    behind = text[end : end + _INDENTED]
    return not behind.partition("\n")[0].strip() and ("\n" in behind or end + _INDENTED > len(text))


def without_strays(path: str, text: str) -> str:
    """Return a file without tags of a wrapper at its end: behind the end of a page, else alone on the last line."""
    if is_page(path):
        ends = list(END_OF_PAGE.finditer(text))
        behind = text[ends[-1].end() :] if ends else ""
        is_stray = any(tag["end"] and tag["name"].lower() not in ELEMENTS for tag in _TAG.finditer(behind))
        if is_stray and not _SAYS_PATH.search(behind):
            return f"{text[: ends[-1].end()]}\n"
        return text
    head, _, last = text.rstrip().rpartition("\n")
    tag = _TAG.fullmatch(last.strip())
    if tag is None or not tag["end"] or tag["name"].lower() in ELEMENTS or f"<{tag['name']}" in head:
        return text
    return f"{head}\n" if head else text


def end_of_document(page: str) -> int | None:
    """Return where the last `</html>` ends that stands in no script, comment or sample; None if there is no such."""
    asides = list(_find_hidden_parts(page))
    starts = [start for start, _ in asides]
    last = None
    for found in END_OF_PAGE.finditer(page):
        around = bisect_left(starts, found.start()) - 1
        if around < 0 or asides[around][1] <= found.start():
            last = found.end()
    return last


def _find_hidden_parts(page: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each part that a page does not show. A part that does not end does not count."""
    place, endless = 0, set[str]()
    while (begun := _HIDES.search(page, place)) is not None:
        name = (begun[1] or "").lower()
        end = None if name in endless else _END_OF_HIDDEN[name].search(page, begun.end())
        if end is None:
            endless.add(name)  # nor does any behind it
            place = begun.end()
        else:
            yield begun.start(), end.end()
            place = end.end()


def _document_problem(page: str) -> str:
    documents = sum(not _is_in_attribute(page, found.start()) for found in _DOCTYPE.finditer(page))
    if documents > 1:
        return f"it contains {documents} documents. Send each page in its own block."
    end = next(
        (found for found in END_OF_PAGE.finditer(page) if page[found.end() : found.end() + 1] not in _QUOTES), None
    )
    if end is not None and page[end.end() :].strip():
        return "it continues after </html>. End the page there, and send each other file in its own block."
    return ""


_QUOTES = ("'", '"')


def _is_in_attribute(page: str, place: int) -> bool:
    """Whether a document begins in an attribute, as that of a frame does: `srcdoc="<!doctype html>…"`."""
    return page[max(0, place - 80) : place].rstrip().endswith(_QUOTES)


def _without_samples(text: str) -> str:
    """Return Markdown without what stands between its fences; a fence ends with as many of the same signs."""
    kept, fence = list[str](), ""
    for line in text.split("\n"):
        found = _FENCE.match(line)
        if not fence and found is None:
            kept.append(line)
        elif not fence and found is not None:
            fence = found[1]
        elif found is not None and found[1].startswith(fence) and not found[2].strip():
            fence = ""
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
