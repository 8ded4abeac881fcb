"""The page of the template generator: as markup, and in a browser."""

import os
import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from orchestrator.generate.fallback import Ask, fallback_site
from orchestrator.verify.browser import INSTALLED

SALES = b"date,product,units,revenue\n2025-03-01,Tea,2,1.50\n2025-03-02,Mocha,10,12.25\n2025-03-03,Espresso,9,\n"
PNG = b"\x89PNG\r\n\x1a\n"
HOSTILE = "</pre></script></title><script>alert(1)</script><img src=x onerror=alert(2)>\"'"
VOID = {"meta", "link", "img", "br", "hr"}


class Markup(HTMLParser):
    """Collects the elements of a page and checks that each is closed where it should be."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def page_of(attachments: dict[str, bytes], *briefs: str, title: str = "Café sales") -> str:
    asks = [Ask(number, brief) for number, brief in enumerate(briefs or ("Show the sales.",), 1)]
    return fallback_site(title, asks, attachments)["index.html"].decode()


def test_the_page_says_that_it_is_a_placeholder() -> None:
    html = page_of({})
    assert '<html lang="en" data-fallback="true">' in html
    assert '<meta name="generator" content="Pagewright template">' in html
    assert "Placeholder page: made from a template, without a language model</aside>" in html
    assert "<title>Café sales</title>" in html


def test_the_newest_round_stands_first_and_is_marked() -> None:
    html = page_of({}, "first wish", "second wish")
    assert html.index("second wish") < html.index("first wish")
    assert html.count(">newest<") == 1
    assert 'Round 2 <span class="mark">newest</span>' in html
    assert ">newest<" not in page_of({}, "only wish")


def test_a_table_has_buttons_a_row_count_and_exact_totals() -> None:
    html = page_of({"sales.csv": SALES})
    assert '<th scope="col" class="n"><button type="button" disabled>revenue</button></th>' in html
    assert "<caption><span>3 rows</span></caption>" in html
    assert (
        '<tfoot><tr><th scope="row">Total</th><td></td><td class="n">21</td><td class="n">13.75</td></tr></tfoot>'
        in html
    )


def test_a_table_of_numbers_only_marks_its_totals_otherwise() -> None:
    assert '<tfoot class="bare"><tr><td class="n">4</td><td class="n">6</td></tr></tfoot>' in page_of(
        {"n.csv": b"a,b\n1,2\n3,4\n"}
    )


def test_numbers_that_scripts_would_misread_carry_their_value() -> None:
    html = page_of({"n.csv": "Ort;Umsatz\nKöln;1.234,50\nBonn;99\n".encode()})
    assert '<td class="n"><data value="1234.50">1.234,50</data></td>' in html
    assert '<td class="n">99</td>' in html


def test_a_long_table_shows_a_thousand_rows_and_totals_of_all() -> None:
    html = page_of({"n.csv": b"name,n\n" + b"x,1\n" * 1_234})
    assert "The first 1,000 of 1,234 rows; the totals are of all rows" in html
    assert html.count("<tr><td>x</td>") == 1_000
    assert '<td class="n">1234</td>' in html


def test_a_long_text_is_cut_with_a_note() -> None:
    html = page_of({"a.log": b"x" * 200_001})
    assert "The first 200,000 of 200,001 characters." in html
    assert html.count("x" * 200_000) == 1


def test_all_that_is_shown_has_a_limit() -> None:
    wide = ("name,text\n" + f"x,{'&' * 900}\n" * 1_000).encode()
    html = page_of({"a.csv": wide, "b.csv": wide, "c.txt": b"still room"})
    assert html.count("Not shown here: it is too large for this page.") == 1
    assert "still room" in html
    assert "too large" in page_of({"a.csv": b"x" * 10_000_001})


@pytest.mark.parametrize(
    ("name", "data", "problem"),
    [
        ("a.bin", b"\x00" * 2_300, "there is no preview for this type of file"),
        ("a.csv", b"", "it is empty"),
        ("a.csv", bytes(range(256)), "it is not text"),
        ("a.json", b"{no", "it could not be read as JSON"),
        ("a.json", b"[" * 99_999, "it could not be read as JSON"),
        ("a.png", b"GIF89a", "it is not a PNG image"),
        ("a.md", b"x" * 200_001, "it is too large for this page"),
    ],
)
def test_what_cannot_be_shown_is_a_download_with_the_reason(name: str, data: bytes, problem: str) -> None:
    html = page_of({name: data})
    assert f"Not shown here: {problem}." in html
    assert f'<a href="{name}" download aria-label="Download {name}">' in html


def test_names_become_relative_quoted_links() -> None:
    html = page_of({"my data/a:b#c?d %41.png": PNG, "javascript:alert(1).txt": b"x"})
    assert '<img src="my%20data/a%3Ab%23c%3Fd%20%2541.png" alt="my data/a:b#c?d %41.png" loading="lazy">' in html
    assert 'href="javascript%3Aalert%281%29.txt"' in html


def test_markdown_is_rendered_below_the_headings_of_the_page() -> None:
    html = page_of({"n.md": b"# One\n\n#### Four\n\n| a |\n|---|\n| *b* |\n"})
    assert "<h4>One</h4>" in html
    assert "<h6>Four</h6>" in html
    assert "<td><em>b</em></td>" in html


@pytest.mark.parametrize(
    ("text", "href"),
    [
        ("[x](https://example.org/a)", "https://example.org/a"),
        ("[x](mailto:a@example.org)", "mailto:a@example.org"),
        ("[x](b.csv)", "docs/b.csv"),
        ("[x](../a.csv)", "a.csv"),
        ("[x](#part)", "#part"),
        ("[x](javascript:alert(1))", None),
        ("[x](JaVaScRiPt&colon;alert(1))", None),
        ("[x](data:text/html,x)", None),
        ("[x](vbscript:x)", None),
        ("[x](http://[:])", None),
        ("<javascript:alert(1)>", None),
    ],
)
def test_markdown_links_are_safe_and_found_from_the_root(text: str, href: str | None) -> None:
    links = Markup(page_of({"docs/n.md": text.encode()})).all("a")
    found = [link["href"] for link in links if link.get("rel") == "noopener"]
    assert found == ([href] if href else [])


def test_markdown_shows_attached_pictures_and_describes_the_others() -> None:
    text = b"![near](img/a%20b.png) ![far](https://example.org/x.png) ![gone](img/gone.png)"
    html = page_of({"docs/n.md": text, "docs/img/a b.png": PNG})
    assert '<p><img src="docs/img/a%20b.png" alt="near" loading="lazy" /> far gone</p>' in html


def test_nothing_from_outside_becomes_markup() -> None:
    raw = HOSTILE.encode()
    files = {
        HOSTILE + ".csv": b'"' + raw.replace(b'"', b'""') + b'",b\n' + raw + b",1\n",
        "a.json": b'[{"</script>": "<script>"}]',
        "b.json": b'{"</script><script>": ["<!--"]}',
        "c.md": raw + b"\n\n    " + raw + b"\n\n```" + raw + b"\n" + raw,
        "d.html": raw,
        f"e.{HOSTILE}": b"x",
    }
    markup = Markup(page_of(files, HOSTILE, title=HOSTILE))
    assert len(markup.all("script")) == 1
    assert markup.all("img") == []
    assert not [name for _, attributes in markup.elements for name in attributes if name.startswith("on")]
    assert markup.text.count(HOSTILE) >= 9


def test_one_heading_all_landmarks_and_no_outside_resource() -> None:
    markup = Markup(page_of({"a.csv": SALES, "b.md": b"# b", "c.png": PNG, "d.txt": b"d"}))
    for landmark in ("h1", "main", "nav", "aside", "footer"):
        assert len(markup.all(landmark)) == 1
    regions = [attributes for _, attributes in markup.elements if attributes.get("role") == "region"]
    assert [(region["aria-label"], region["tabindex"]) for region in regions] == [
        ("Content of a.csv", "0"),
        ("Content of b.md", "0"),
        ("Content of d.txt", "0"),
    ]
    ids = [attributes["id"] for _, attributes in markup.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    loaded = [
        str(a.get("src") or a.get("href")) for tag, a in markup.elements if tag in ("img", "link", "script") and a
    ]
    assert [url.partition(",")[0] for url in loaded] == ["data:image/svg+xml", "c.png"]


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_meets_the_contrast_of_wcag_aa(scheme: int) -> None:
    blocks = re.findall(r":root \{(.*?)\}", page_of({}), re.DOTALL)
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+);", blocks[scheme])) | {"white": "#ffffff"}
    grounds = ("page", "paper", "shade")
    pairs = [(ink, ground) for ink in ("ink", "soft", "accent") for ground in grounds]
    for front, back in [*pairs, ("on-accent", "accent"), ("white", "banner")]:
        light, dark = sorted((_luminance(colours[front]), _luminance(colours[back])), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (front, back)


# In a browser


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The page below a folder, as Pages serves it below the repository's name, on a phone."""
    folder = tmp_path_factory.mktemp("site")
    files = {
        "sales.csv": SALES,
        "wide.csv": ",".join(f"column {i}" for i in range(30)).encode(),
        "long.txt": b"word " * 500,
        "n.md": b"# Note\n\n" + b"x" * 500 + b"\n\n|" + b"long cell|" * 30 + b"\n|" + b"-|" * 30 + b"\n",
    }
    for name, data in (files | fallback_site("Sales " + "x" * 100, [Ask(1, "y" * 500)], files)).items():
        (folder / name).write_bytes(data)
    yield from _browse(folder)


def _browse(folder: Path) -> Iterator[Page]:
    installed = os.environ.get("BROWSER") or next((path for name in INSTALLED if (path := shutil.which(name))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=installed, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 390, "height": 844})
        page.goto((folder / "index.html").as_uri())
        yield page
        browser.close()


def cells(page: Page, column: int) -> list[str]:
    return page.locator(f"#file-1 tbody td:nth-child({column})").all_inner_texts()


@pytest.mark.browser
def test_a_phone_never_scrolls_the_page_sideways(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.locator("#file-2 .scroll").evaluate("region => region.scrollWidth > region.clientWidth")


@pytest.mark.browser
def test_a_click_sorts_numbers_as_numbers_and_a_second_one_turns_the_order(page: Page) -> None:
    header = page.locator("#file-1 th").nth(2)
    header.get_by_role("button").click()
    assert cells(page, 3) == ["2", "9", "10"]
    assert header.get_attribute("aria-sort") == "ascending"
    header.get_by_role("button").click()
    assert cells(page, 3) == ["10", "9", "2"]
    assert header.get_attribute("aria-sort") == "descending"


@pytest.mark.browser
def test_the_keyboard_sorts_too_and_only_one_header_says_so(page: Page) -> None:
    page.locator("#file-1 th button").nth(1).focus()
    page.keyboard.press("Enter")
    assert cells(page, 2) == ["Espresso", "Mocha", "Tea"]
    assert page.locator("th[aria-sort]").count() == 1


@pytest.mark.browser
def test_empty_cells_come_last_in_either_order(page: Page) -> None:
    button = page.locator("#file-1 th button").nth(3)
    button.click()
    assert cells(page, 4) == ["1.50", "12.25", ""]
    button.click()
    assert cells(page, 4) == ["12.25", "1.50", ""]


@pytest.mark.browser
def test_the_total_is_what_a_script_reads_as_a_number(page: Page) -> None:
    assert page.evaluate("parseFloat(document.querySelector('#file-1 tfoot td:last-child').textContent)") == 13.75
