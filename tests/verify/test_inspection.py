"""Pages of every kind in a real browser. One browser for all of them; each page has a context of its own."""

import asyncio
import struct
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from urllib.parse import urlsplit

import pytest

from orchestrator.core.report import Build, Report
from orchestrator.core.site import Site
from orchestrator.core.task import Check
from orchestrator.verify.browser import Cage, open_cage
from orchestrator.verify.hearing import Target
from orchestrator.verify.inspection import MAX_FINDINGS, inspect_page
from orchestrator.verify.limits import TimeLimits
from orchestrator.verify.server import ServedSite, serve_site
from tests.doubles.server import Asked, answering, response, tripwire

pytestmark = [pytest.mark.anyio, pytest.mark.browser]
HOME = (
    "<!doctype html><html lang=en><meta name=viewport content='width=device-width'><title>Sales</title>"
    "<h1 id=total>42</h1>"
)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Stage:
    """One browser, and one site whose files each test replaces."""

    cage: Cage
    served: ServedSite

    @property
    def url(self) -> str:
        return self.served.url

    async def report(self, page: str, *checks: str | Check, limits: TimeLimits | None = None, **more: str) -> Report:
        named = {name.replace("_", "."): text for name, text in more.items()}
        files = {name: text.encode() for name, text in {"index.html": page, **named}.items()}
        self.served.site = Site(files)
        asked = [(1, check if isinstance(check, Check) else Check(text=check)) for check in checks]
        target = Target(self.url, files.keys())
        return await inspect_page(self.cage, target, asked, limits or TimeLimits(check=1))


@pytest.fixture(scope="module")
def served() -> Iterator[ServedSite]:
    with serve_site(Site({}), "repo") as served:
        yield served


@pytest.fixture(scope="module")
async def stage(served: ServedSite, anyio_backend: str) -> AsyncIterator[Stage]:  # noqa: ARG001
    async with open_cage(None, served.url) as cage:
        yield Stage(cage, served)


def states(report: Report) -> list[str]:
    return [check.state for check in report.checks]


def findings(report: Report) -> list[tuple[str, str]]:
    return [(finding.kind, finding.text) for finding in report.findings]


async def test_a_good_page_passes_and_nothing_is_found(stage: Stage) -> None:
    report = await stage.report(
        HOME, "document.title === 'Sales'", "document.querySelector('#total').textContent === '42'"
    )
    assert states(report) == ["passed", "passed"]
    assert report.findings == ()
    assert (report.count("passed"), report.count("failed")) == (2, 0)


SHOWN = [
    ("document.title", "passed", "Sales"),
    ("1 + 1 === 3", "failed", "false"),
    ("document.querySelector('#none').textContent === '1'", "failed", "TypeError: Cannot read properties of null"),
    ("Promise.resolve('yes')", "passed", "yes"),
    ("Promise.reject(new Error('no'))", "failed", "Error: no"),
    ("Promise.reject()", "failed", ""),
    ("(() => { throw '' })()", "failed", ""),
    ("new Promise(() => {})", "failed", "gave no answer in time"),
    ("await Promise.resolve(7)", "passed", "7"),
    ("(() => 0)()", "failed", "0"),
    ("() => document.title === 'Other'", "failed", "false"),
    ("async () => document.title === 'Sales'", "passed", "true"),
    ("document.title === 'Sales';", "passed", "true"),
    ("document.title === 'Sales' // as asked", "passed", "true"),
    ("({a: [1, null]})", "passed", '{"a":[1,null]}'),
    ("undefined", "failed", "undefined"),
    ("10n", "passed", "10"),
    ("(x => (x.x = x))({})", "passed", "[object Object]"),
    ("'x'.repeat(299) + '\\u{1f600}'", "passed", "x" * 299 + "\U0001f600"),
    ("'\\ud800'", "passed", "?"),
    ("window.nothing", "failed", "undefined"),
    ("window", "passed", ""),
]


async def test_what_checks_show(stage: Stage) -> None:
    report = await stage.report(HOME, *(Check(text=text, js=True) for text, _, _ in SHOWN))
    assert [(check.text, check.state) for check in report.checks] == [(text, state) for text, state, _ in SHOWN]
    for check, (_, _, seen) in zip(report.checks, SHOWN, strict=True):
        assert check.seen.startswith(seen)
        assert check.model_dump_json()


async def test_an_expression_is_told_from_prose(stage: Stage) -> None:
    told = {
        "document.title": "js",
        " window.innerWidth > 0 ": "js",
        "!!document.querySelector('h1')": "js",
        "typeof marked !== 'undefined';": "js",
        "fetch('README.md').then(answer => answer.ok)": "js",
        "README.md": "prose",
        "LICENSE": "prose",
        "README.md, LICENSE": "prose",
        "mobile-friendly": "prose",
        "HTML/CSS": "prose",
        "The page shows the total": "prose",
        "Repo has MIT license": "file",
        "README.md is professional": "prose",
        "Does it work?": "prose",
        "if (x) { y }": "prose",
        "}); alert(1); ({": "prose",
        "": "prose",
    }
    report = await stage.report(HOME, *told)
    assert {check.text: check.kind for check in report.checks} == told
    assert {check.state for check in report.checks if check.kind == "prose"} == {"unproved"}


async def test_what_the_evaluator_calls_javascript_is_run_even_where_it_reads_like_prose(stage: Stage) -> None:
    report = await stage.report(HOME, Check(text="README.md", js=True), Check(text="it is nice", js=True))
    assert states(report) == ["failed", "unreadable"]
    assert [check.seen.partition(":")[0] for check in report.checks] == [
        "ReferenceError",
        "It does not compile as JavaScript",
    ]


async def test_a_check_may_become_true_a_little_later(stage: Stage) -> None:
    page = HOME + "<script>setTimeout(() => document.body.append('late'), 300)</script>"
    report = await stage.report(page, "document.body.innerText.includes('late')", limits=TimeLimits(check=3, whole=10))
    assert states(report) == ["passed"]


async def test_a_check_that_becomes_true_too_late_failed(stage: Stage) -> None:
    page = HOME + "<script>setTimeout(() => document.body.append('late'), 60000)</script>"
    assert states(await stage.report(page, "document.body.innerText.includes('late')")) == ["failed"]


async def test_a_check_may_fetch_what_lies_beside_the_page(stage: Stage) -> None:
    page = HOME + "<script>fetch('data.csv').then(a => a.text()).then(t => total.textContent = t.length)</script>"
    check = "document.querySelector('#total').textContent === '9'"
    assert states(await stage.report(page, check, data_csv="a,b\n1,2\n\n")) == ["passed"]


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


async def test_there_is_a_screenshot_of_both_sizes_in_both_schemes(stage: Stage) -> None:
    report = await stage.report(HOME)
    sizes = {name: struct.unpack(">II", image[16:24]) for name, image in report.screenshots.items()}
    desktop, phone = (1280, 800), (390, 844)
    expected = {"desktop-light": desktop, "desktop-dark": desktop, "phone-light": phone, "phone-dark": phone}
    assert sizes == expected


async def test_a_page_that_never_comes_to_rest_while_loading_ends_within_the_limit(stage: Stage) -> None:
    started = monotonic()
    report = await stage.report(
        "<h1>x</h1><script>for (;;);</script>", "1 === 1", "prose it is", limits=TimeLimits(load=1, check=1, whole=2)
    )
    assert monotonic() - started < 30
    assert "limit" in [kind for kind, _ in findings(report)]
    assert states(report) == ["failed", "unproved"]
    assert report.checks[0].seen == "not run"


async def test_a_check_that_never_ends_ends_within_the_limit(stage: Stage) -> None:
    started = monotonic()
    report = await stage.report(
        HOME, "document.title", "(() => { for (;;); })()", limits=TimeLimits(load=5, check=0.5, whole=6)
    )
    assert monotonic() - started < 30
    assert states(report) == ["passed", "failed"]
    assert report.checks[1].seen == "gave no answer in time"


async def test_a_page_that_begins_an_endless_loop_later_ends_within_the_limit(stage: Stage) -> None:
    started = monotonic()
    page = HOME + "<script>setTimeout(() => { for (;;); }, 50)</script>"
    report = await stage.report(page, *["document.title === 'No'"] * 20, limits=TimeLimits(load=1, check=0.5, whole=10))
    assert monotonic() - started < 30
    assert "limit" in [kind for kind, _ in findings(report)]


async def test_what_there_was_no_time_for_says_nothing_of_a_page_that_answers(stage: Stage) -> None:
    late = "new Promise(done => setTimeout(done, 50000, true)) // within 60 seconds"
    report = await stage.report(HOME, late, "document.title", limits=TimeLimits(check=1, whole=8))
    assert states(report) == ["unreadable", "passed"]
    assert report.checks[0].seen.startswith("There was no time left to evaluate it")
    assert report.findings == ()
    assert report.notes == ("The page could not be examined completely within 8 s.",)


async def test_no_check_holds_on_a_page_that_goes_from_document_to_document(stage: Stage) -> None:
    page = HOME + "<script>setTimeout(() => location.reload(), 40)</script>"
    report = await stage.report(page, "document.title === 'Sales'")
    assert states(report) == ["failed"]
    assert report.checks[0].seen.startswith("the page goes from document to document by itself")
    assert [finding.kind for finding in report.findings] == ["limit"]


async def test_no_check_holds_on_a_page_that_stops_running_however_far_it_came(stage: Stage) -> None:
    page = HOME + "<script>setTimeout(() => { for (;;); }, 400)</script>"
    report = await stage.report(page, "document.title === 'Sales'")
    assert states(report) == ["failed"]
    assert [finding.kind for finding in report.findings] == ["limit"]


async def test_a_page_that_waits_for_another_host_is_told_which(served: ServedSite) -> None:
    async def hang(_: Asked, __: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    async def here(_: str, __: int) -> list[str]:
        return ["127.0.0.1"]

    async with answering(hang) as slow, open_cage(None, served.url, resolve=here) as cage:
        image = f"http://slow.example:{urlsplit(slow).port}/x.png"
        served.site = Site({"index.html": f"{HOME}<img alt=x src={image}>".encode()})
        report = await inspect_page(
            cage, Target(served.url), [(1, Check(text="document.title === 'Sales'"))], TimeLimits(load=2)
        )
    assert states(report) == ["passed"]
    told = [finding.text for finding in report.findings if finding.kind == "limit"]
    assert told == [f"Expected the page to load within 2 s; saw it still loading and waiting for {image}."]


async def test_the_next_page_is_none_the_worse(stage: Stage) -> None:
    await stage.report("<script>for (;;);</script>", limits=TimeLimits(load=0.3, check=0.3, whole=1))
    assert states(await stage.report(HOME, "document.title === 'Sales'")) == ["passed"]


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


async def test_dialogs_and_popups_do_not_hold_it_up(stage: Stage) -> None:
    page = HOME + "<script>alert(1); confirm(2); for (let i = 0; i < 9; i++) window.open('about:blank')</script>"
    report = await stage.report(page, "document.title === 'Sales'")
    assert states(report) == ["passed"]


async def test_a_page_that_leaves_for_elsewhere_is_judged_where_it_is(stage: Stage) -> None:
    report = await stage.report("<script>location.replace('other.html')</script>", "document.title", other_html=HOME)
    assert states(report) == ["passed"]


async def test_a_page_that_closes_or_crashes_itself_is_an_error_and_no_defect(stage: Stage) -> None:
    report = await stage.report("<script>location.href = 'chrome://crash'; window.close()</script>", "1 === 1")
    assert states(report) in (["passed"], ["failed"])


async def test_a_page_is_told_nothing_of_this_machine(stage: Stage) -> None:
    async with tripwire() as wire:
        page = f"""{HOME}<script>
          const wires = ["127.0.0.1", "localhost", "127.1", "[::1]", "0.0.0.0"].map(host => host + ":{wire.port}");
          for (const wire of wires) {{
            fetch("http://" + wire + "/", {{mode: "no-cors"}}).catch(() => 0);
            new Image().src = "http://" + wire + "/x.png";
            try {{ new WebSocket("ws://" + wire + "/") }} catch {{}}
            new EventSource("http://" + wire + "/");
            navigator.sendBeacon("http://" + wire + "/", "x");
            document.body.append(Object.assign(document.createElement("iframe"), {{src: "http://" + wire + "/"}}));
            const source = "fetch('http://" + wire + "/', {{mode: 'no-cors'}}); new WebSocket('ws://" + wire + "/')";
            new Worker(URL.createObjectURL(new Blob([source])));
            new RTCPeerConnection({{iceServers: [{{urls: "stun:" + wire}}]}}).createDataChannel("x");
          }}
          fetch("file:///proc/self/environ").then(a => a.text()).then(t => total.textContent = t).catch(() => 0);
        </script><iframe src="file:///etc/passwd"></iframe>"""
        report = await stage.report(page, "document.querySelector('#total').textContent === '42'")
        assert wire.connections == []
    assert states(report) == ["passed"]


async def test_libraries_come_from_the_mirror_and_the_rest_from_where_it_lies(stage: Stage, tmp_path: Path) -> None:
    package = tmp_path / "marked"
    package.mkdir()
    (package / "marked.min.js").write_text("window.marked = 'from the mirror'")
    (package / "package.json").write_text('{"version": "12.0.2"}')
    cdn = "https://cdn.jsdelivr.net/npm"
    page = f"{HOME}<script src={cdn}/marked@12.0.2/marked.min.js></script><script src={cdn}/none@1/x.js></script>"
    stage.served.site = Site({"index.html": page.encode()})
    asked = [(1, Check(text="marked === 'from the mirror'"))]
    target = Target(stage.url, cdn_mirror=tmp_path)
    report = await inspect_page(stage.cage, target, asked, TimeLimits(check=1))
    assert report.checks[0].state == "passed"
    assert report.findings == ()
    assert report.notes == ("There is no network here, so these hosts could not be reached: cdn.jsdelivr.net.",)


async def test_a_check_that_names_its_own_time_gets_it(stage: Stage) -> None:
    page = HOME + "<script>setTimeout(() => document.body.append('late'), 1500)</script>"
    late = "document.body.innerText.includes('late')"
    report = await stage.report(
        page, f"{late} /* within 3 seconds */", f"new Promise(d => setTimeout(() => d({late}), 2000))"
    )
    assert states(report) == ["passed", "passed"]


async def test_a_rejected_promise_is_told_from_an_error_and_both_say_where(stage: Stage) -> None:
    script = "const wait = 1;\nPromise.reject(new Error('no answer'));\nsetTimeout(() => { nothing() }, 10);\n"
    report = await stage.report(HOME + "<script src=app.js></script>", app_js=script)
    assert [(finding.kind, finding.text, finding.where) for finding in report.findings] == [
        ("error", "Expected no uncaught rejected promise; saw: no answer", "app.js:2:16"),
        ("error", "Expected no uncaught error; saw: nothing is not defined", "app.js:3:20"),
    ]


async def test_a_script_that_cannot_be_parsed_says_where(stage: Stage) -> None:
    report = await stage.report(HOME + "<script src=app.js></script>", app_js="const a = 1;\nconst b = ;\n")
    assert [(finding.text, finding.where) for finding in report.findings] == [
        ("Expected no uncaught error; saw: Unexpected token ';'", "app.js:2:11")
    ]


async def test_a_name_that_differs_in_case_or_place_is_said(stage: Stage) -> None:
    page = HOME + "<script src=App.js></script><script src=/app.js></script><script src=js/app.js></script>"
    report = await stage.report(page, app_js="1")
    texts = {finding.text for finding in report.findings}
    outside = "Expected /app.js to exist; the site answered 404, because this address is outside the site"
    assert texts == {
        "Expected App.js to exist; the site answered 404. There is app.js: upper and lower case matter.",
        f"{outside}: address files without a slash or a host in front.",
        "Expected js/app.js to exist; the site answered 404. There is app.js.",
    }


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


async def test_a_page_that_takes_too_much_memory_is_ended(served: ServedSite) -> None:
    greedy = b"<script>const all = []; setInterval(() => all.push(new Uint8Array(3e7).fill(1)), 9)</script>"
    served.site = Site({"index.html": b"<h1>x</h1>" + greedy})
    limits = TimeLimits(load=5, check=20, whole=30, bytes=700_000_000)
    async with open_cage(None, served.url, most_bytes=limits.bytes) as cage:
        report = await inspect_page(cage, Target(served.url), [(1, Check(text="false", js=True))], limits)
        assert cage.watch.has_ended_it
    assert [(finding.kind, finding.text) for finding in report.findings] == [
        ("limit", "Expected the page to need less than 667 MB; saw it take more.")
    ]
    assert states(report) == ["failed"]


async def test_a_page_that_loads_itself_again_and_again_is_found(stage: Stage) -> None:
    report = await stage.report(HOME + "<script>setTimeout(() => location.reload(), 20)</script>")
    assert "limit" in [kind for kind, _ in findings(report)]
    assert "documents by itself" in report.findings[0].text


async def test_a_check_that_clicks_has_a_page_of_its_own_and_spoils_no_other(stage: Stage) -> None:
    page = HOME + (
        "<button id=add>Add</button><ul id=l></ul><script>"
        "const add = t => { const i = document.createElement('li'); i.textContent = t; l.append(i) };"
        "document.querySelector('#add').onclick = () => add('new');"
        "setTimeout(() => { add('a'); add('b') }, 700);</script>"
    )
    clicks = (
        "(async () => { document.querySelector('#add').click(); await new Promise(r => setTimeout(r, 200));"
        " return document.querySelectorAll('#l li').length === 3; })()"
    )
    untouched = "document.querySelectorAll('#l li').length === 2"
    report = await stage.report(page, clicks, clicks, untouched, limits=TimeLimits(load=3, check=2, whole=30))
    assert states(report) == ["passed", "passed", "passed"]


async def test_what_a_click_breaks_is_found_although_it_happened_on_a_page_of_its_own(stage: Stage) -> None:
    page = HOME + "<button id=go onclick='gone()'>Go</button>"
    report = await stage.report(page, "document.querySelector('#go').click(); document.title === 'Sales'")
    assert states(report) == ["passed"]
    assert [kind for kind, _ in findings(report)] == ["error"]


@pytest.mark.parametrize(
    "text",
    [
        "page.locator('#total').innerText() == '42'",
        "await expect(page.locator('#total')).toHaveText('42')",
        "cy.get('#total').should('have.text', '42')",
        "$('#total').text() === '42'",
    ],
)
async def test_a_check_in_the_language_of_a_test_runner_is_understood(stage: Stage, text: str) -> None:
    right = await stage.report(HOME, Check(text=text, js=True), text)
    wrong = await stage.report(HOME, text.replace("42", "43"))
    assert (states(right), states(wrong)) == (["passed", "passed"], ["failed"])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("await page.route('**/*', () => {})", "It is written for a test runner and uses `page.route`"),
        ("len(document.querySelectorAll('li')) == 3", "It names `len`, which no page has"),
    ],
)
async def test_a_check_with_words_that_nothing_here_has_is_never_a_failed_page(
    stage: Stage, text: str, why: str
) -> None:
    report = await stage.report(HOME, Check(text=text, js=True))
    assert states(report) == ["unreadable"]
    assert report.checks[0].seen.startswith(why)


async def test_a_failure_says_what_was_there(stage: Stage) -> None:
    report = await stage.report(
        HOME, "document.querySelector('#total').textContent === '41'", "!!document.querySelector('#totals')"
    )
    assert [check.seen for check in report.checks] == [
        "false: `#total` holds `42`",
        "false: no element matches `#totals`; there is `#total`",
    ]


async def test_checks_begin_when_the_page_has_its_answers(stage: Stage) -> None:
    page = (
        HOME + "<p id=out></p><script>fetch('data.csv').then(r => r.text()).then(t => { out.textContent = t })</script>"
    )
    report = await stage.report(page, "return document.querySelector('#out').textContent === '7'", data_csv="7")
    assert states(report) == ["passed"]


async def test_a_check_that_needs_what_could_not_be_reached_is_no_fault_of_the_page(stage: Stage) -> None:
    page = (
        HOME
        + "<p id=out></p><script>fetch('https://api.github.com/users/a').then(r => r.json()).catch(() => {})</script>"
    )
    report = await stage.report(page, "document.querySelector('#out').textContent !== ''")
    assert states(report) == ["unreadable"]
    assert report.checks[0].seen.startswith("api.github.com could not be reached from here; it gave false")


async def test_checks_count_only_while_the_pages_own_document_is_there(stage: Stage) -> None:
    """A page may lead to another one that has everything which was asked for."""
    other = f"{stage.url.rpartition('/repo/')[0]}/elsewhere"
    asked = "document.body.innerText.includes('404')", "fetch('x').then(() => document.body.innerText.includes('404'))"
    report = await stage.report(f"<h1>own</h1><script>location.replace('{other}')</script>", *asked)
    assert [check.seen for check in report.checks] == [f"the page went to {other}"] * 2
    assert ("error", f"Expected the page to stay at its address; saw it go to {other}") in findings(report)


async def test_a_page_that_shows_another_address_or_document_of_its_own_has_not_left(stage: Stage) -> None:
    pushed = "<h1>own</h1><script>history.pushState(0, '', '/elsewhere')</script>"
    assert states(await stage.report(pushed, "document.querySelector('h1').innerText === 'own'")) == ["passed"]
    moved = "<h1>first</h1><script>location.replace('second.html')</script>"
    second = "<h1>second</h1>"
    report = await stage.report(moved, "document.querySelector('h1').innerText === 'second'", second_html=second)
    assert states(report) == ["passed"]
    assert not [text for _, text in findings(report) if "stay at its address" in text]


async def test_a_check_that_follows_a_link_out_of_the_site_is_judged_where_it_began(stage: Stage) -> None:
    check = "document.querySelector('a').click(), document.querySelector('h1').innerText === 'own'"
    report = await stage.report("<h1>own</h1><a href='/elsewhere'>out</a>", check)
    assert states(report) == ["passed"]
    assert not [text for _, text in findings(report) if "stay at its address" in text]
