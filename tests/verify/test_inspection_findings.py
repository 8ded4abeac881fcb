"""What is found on a page, in a real browser, that no check asked about."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from orchestrator.core.report import Build
from orchestrator.core.site import Site
from orchestrator.core.task import Check
from orchestrator.verify.browser import open_cage
from orchestrator.verify.hearing import Target
from orchestrator.verify.inspection import MAX_FINDINGS, inspect_page
from orchestrator.verify.limits import TimeLimits
from orchestrator.verify.server import ServedSite
from tests.doubles.server import Asked, answering, response, tripwire
from tests.doubles.stage import HOME, Stage, findings

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


async def test_what_the_page_complains_about_is_found(stage: Stage) -> None:
    page = HOME + "<script>console.error('oh', 1); console.warn('not this')</script><script>nothing.at.all</script>"
    report = await stage.report(page)
    assert [(finding.kind, finding.text, finding.where) for finding in report.findings] == [
        ("error", "Expected no uncaught error; saw: nothing is not defined", "index.html:1:192"),
        ("console", "Expected no errors on the console; saw: oh 1", "index.html:1:135"),
    ]


async def test_a_missing_file_is_found_with_its_address_and_only_once(stage: Stage) -> None:
    report = await stage.report(HOME + "<img alt='' src=none.png><script>fetch('none.png')</script>")
    assert [(finding.kind, finding.text, finding.where) for finding in report.findings] == [
        ("missing", "Expected none.png to exist; the site answered 404.", "requested as image: none.png")
    ]


async def test_what_cannot_be_had_from_outside_is_found(stage: Stage) -> None:
    """A library that does not load is why most pages fail; over TLS the browser sees no answer at all."""
    async with tripwire() as wire:
        page = f"{HOME}<img alt='' src={wire.url}x.png><script src=https://localhost:8443/x.js></script>"
        report = await stage.report(page)
        assert wire.connections == []
    refused = "which has no public address, so no visitor can reach it."
    assert sorted((finding.kind, finding.text, finding.where) for finding in report.findings) == [
        ("external", f"Expected a public address; saw {wire.url}x.png, {refused}", "image"),
        ("external", f"Expected the script to load; saw https://localhost:8443/x.js, {refused}", "script"),
    ]


async def test_a_request_that_the_page_takes_back_is_no_finding(stage: Stage) -> None:
    # Of a page that is there: on a busy machine the answer may be quicker than the taking back.
    page = HOME + (
        "<script>const c = new AbortController(); fetch('', {signal: c.signal}).catch(() => 0); c.abort()</script>"
    )
    assert (await stage.report(page)).findings == ()


@pytest.mark.parametrize("page", ["", "<title>x</title>", "<body><div></div>", "<style>h1{display:none}</style><h1>x"])
async def test_an_empty_page_is_found(stage: Stage, page: str) -> None:
    report = await stage.report(page)
    assert ("empty", "Expected the page to show something; saw nothing.") in findings(report)


@pytest.mark.parametrize(
    "page", ["<p>x", "<canvas></canvas>", "<svg></svg>", "<img alt='' src='data:image/png;base64,'>"]
)
async def test_a_page_that_shows_something_is_not_empty(stage: Stage, page: str) -> None:
    assert "empty" not in [kind for kind, _ in findings(await stage.report(page))]


async def test_a_page_that_complains_without_end_fits_the_report(stage: Stage) -> None:
    page = HOME + "<script>for (let i = 0; i < 1000; i++) console.error(i + 'x'.repeat(999))</script>"
    report = await stage.report(page)
    assert 0 < len(report.findings) <= MAX_FINDINGS
    assert len(Build(id="x", findings=report.findings).model_dump_json()) < 100_000


async def test_halves_of_characters_do_not_break_the_report(stage: Stage) -> None:
    page = HOME + "<script>console.error('\\ud800'); setTimeout(() => { throw '\\udc00' })</script>"
    report = await stage.report(page, Check(text="(() => { throw new Error('\\ud83d') })()", js=True))
    assert len(report.findings) == 2
    assert Build(id="x", findings=report.findings, checks=report.checks).model_dump_json()


async def test_a_link_to_a_page_that_is_not_there_is_found(stage: Stage) -> None:
    page = HOME + "<a href=about.html>About</a><a href=about>x</a><a href=none.html?a#b>None</a><a href=#total>T</a>"
    report = await stage.report(page, about_html="<p>x")
    assert [(finding.kind, finding.where) for finding in report.findings] == [("missing", 'a[href="none.html?a#b"]')]


async def test_mixed_content_is_found_though_nothing_answers(stage: Stage) -> None:
    report = await stage.report(
        HOME + "<script src=http://cdn.invalid/x.js></script><script>new WebSocket('ws://a.invalid')</script>"
    )
    assert [finding.text for finding in report.findings if finding.kind == "external"] == [
        f"Expected https (or wss); saw {url}, which browsers block on a page served over https."
        for url in ("ws://a.invalid/", "http://cdn.invalid/x.js")
    ]


async def test_a_page_wider_than_a_phone_names_what_is_too_wide(stage: Stage) -> None:
    report = await stage.report(HOME + "<div><p id=wide style='width: 700px'>x</p></div>")
    assert [(finding.kind, finding.text, finding.where) for finding in report.findings] == [
        ("layout", "Expected no sideways scrolling on a phone 390 px wide; saw a page 708 px wide.", "p#wide (700 px)")
    ]


async def test_where_a_list_is_cut_it_says_of_how_many(stage: Stage) -> None:
    page = HOME + "<input>" * 9 + "<p style='width: 700px'>x</p>" * 4 + "<a href=gone.html>x</a>"
    links = "".join(f"<a href={number}.html>x</a>" for number in range(6))
    report = await stage.report(page + links)
    assert [finding.where.partition("; ")[2] for finding in report.findings if "; " in finding.where] == [
        "5 of 7 like this are listed",
        "5 of 9 like this are listed",
    ]
    (wide,) = (finding for finding in report.findings if finding.kind == "layout")
    assert wide.where.endswith("p (700 px) (3 of 4)")


async def test_a_page_without_a_viewport_is_laid_out_for_a_desktop_on_phones(stage: Stage) -> None:
    report = await stage.report("<!doctype html><html lang=en><title>x</title><h1>x</h1>")
    assert [(finding.kind, finding.where) for finding in report.findings] == [("layout", "head")]


async def test_what_not_everyone_can_use_is_found(stage: Stage) -> None:
    report = await stage.report("<meta name=viewport content='width=device-width'><input id=a><img src='data:,'><p>x")
    assert {finding.text.partition("(")[2].partition(")")[0] for finding in report.findings} == {
        "html-has-lang",
        "document-title",
        "label",
        "image-alt",
    }


async def test_what_an_api_refuses_is_a_note_and_what_a_library_lacks_is_a_fault(
    tmp_path: Path, served: ServedSite
) -> None:
    async def refuse(_: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(response(403, access_control_allow_origin="*"))

    async def here(_: str, __: int) -> list[str]:
        return ["127.0.0.1"]

    package = tmp_path / "marked"
    package.mkdir()
    (package / "package.json").write_text('{"version": "12.0.2"}')
    async with answering(refuse) as api, open_cage(None, served.url, resolve=here) as cage:
        port = urlsplit(api).port
        library = "https://cdn.jsdelivr.net/npm/marked@12.0.2/none.js"
        scripts = "".join(f"<script src={url}></script>" for url in (library, "https://gone.example/x"))
        page = f"{HOME}<script>fetch('http://api.example:{port}/x')</script>{scripts}"
        served.site = Site({"index.html": page.encode()})
        report = await inspect_page(cage, Target(served.url, cdn_mirror=tmp_path), [], TimeLimits(check=1))
    assert report.notes == (f"http://api.example:{port}/x answered 403.",)
    assert [(finding.kind, finding.text.partition(";")[2]) for finding in report.findings] == [
        ("external", " it answered 404. Name a version and a file that exist."),
        ("external", " saw https://gone.example/x, a host that does not answer."),
        ("external", f" saw http://api.example:{port}/x, which browsers block on a page served over https."),
    ]


async def test_a_page_that_loads_itself_again_and_again_is_found(stage: Stage) -> None:
    report = await stage.report(HOME + "<script>setTimeout(() => location.reload(), 20)</script>")
    assert "limit" in [kind for kind, _ in findings(report)]
    assert "documents by itself" in report.findings[0].text
