"""What a page in HTML is made of, as far as that tells it from what stands around it: elements, beginning and end."""

import re

PAGE = re.compile(r"<!doctype html|<html[\s>]", re.IGNORECASE)
PAGE_ON_A_LINE = re.compile(r"^[ \t]*(?:<!doctype html|<html[\s>])", re.IGNORECASE | re.MULTILINE)
END_OF_PAGE = re.compile(r"</html\s{0,9}>", re.IGNORECASE)

# https://html.spec.whatwg.org/multipage/indices.html#elements-3, with those of earlier days.
_BY_NAME = """
    a abbr acronym address applet area article aside audio b base basefont bdi bdo big blink blockquote body br button
    canvas caption center cite code col colgroup data datalist dd del details dfn dialog dir div dl dt em embed
    fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe
    img input ins kbd label legend li link main map mark marquee math menu meta meter nav noframes noscript object ol
    optgroup option output p param picture pre progress q rp rt ruby s samp script search section select slot small
    source span strike strong style sub summary sup svg table tbody td template textarea tfoot th thead time title tr
    track tt u ul var video wbr
"""
ELEMENTS = frozenset(_BY_NAME.split())
"""Any other tag in an answer may be a wrapper around files."""


def without_comments(page: str) -> str:
    """Return a page without its comments. A comment that does not end stays."""
    kept, place = list[str](), 0
    while (begun := page.find("<!--", place)) >= 0 and (end := page.find("-->", begun + 4)) >= 0:
        kept.append(page[place:begun])
        place = end + 3
    return "".join([*kept, page[place:]])
