"""Elements and links of a page as it is committed."""

import pytest

from orchestrator.verify.sentences.markup import find_links, find_sources, is_selector, parse_page, resolve_link

PAGE = """<!doctype html><title>A &amp; b</title><main id="m" class="a b"><p lang="en-GB">x</p>
<div><p data-x="one two">y</p><img src="i.png"><br/></div></main></p><a href="x.html">x</a>
<script src="s.js"></script><script>let total = 1;</script>"""


@pytest.mark.parametrize(
    ("selector", "count"),
    [
        ("p", 2),
        ("*", 10),
        ("#m", 1),
        ("main.a.b", 1),
        ("main p", 2),
        ("main > p", 1),
        ("main > div p", 1),
        ("main div > p", 1),
        ("div main p", 0),
        ("p, img", 3),
        ("[data-x]", 1),
        ("[data-x='one two']", 1),
        ("[data-x~=two]", 1),
        ("[data-x^=one]", 1),
        ("[data-x$=two]", 1),
        ("[data-x*='e t']", 1),
        ("[lang|=en]", 1),
        ("[lang=en]", 0),
    ],
)
def test_a_selector_finds_elements(selector: str, count: int) -> None:
    assert is_selector(selector)
    assert len(parse_page(PAGE).select_nodes(selector)) == count


@pytest.mark.parametrize("selector", ["", "p + p", "p:hover", "p..x", "a b c d e f", "[x", "x" * 300])
def test_a_selector_that_is_not_understood_is_none(selector: str) -> None:
    assert not is_selector(selector)


def test_title_and_scripts_are_read() -> None:
    page = parse_page(PAGE)
    assert page.title == "A & b"
    assert page.scripts == "let total = 1;"
    assert list(find_sources(PAGE)) == ["i.png", "x.html", "s.js"]


def test_links_lead_to_paths_of_the_repository() -> None:
    assert find_links("a.md", "[x](b.md 'title') <a href=c>") == ["b.md", "c"]
    assert [resolve_link("docs/a.html", to) for to in ("b.html", "../c.md", "/d.md", "./", "e%20f.md#x", "g/?q=1")] == [
        "docs/b.html",
        "c.md",
        "d.md",
        "docs/index.html",
        "docs/e f.md",
        "docs/g/index.html",
    ]
    assert [
        resolve_link("a.html", to) for to in ("https://x.example/", "#x", "", "mailto:x@y.example", "http://[::1")
    ] == ([None] * 5)
    assert resolve_link("a.html", "./") == "index.html"
