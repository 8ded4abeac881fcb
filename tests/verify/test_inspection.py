"""How the checks of a page come out in a real browser. Each page has a context of its own."""

import struct
from pathlib import Path

import pytest

from orchestrator.core.site import Site
from orchestrator.core.task import Check
from orchestrator.verify.hearing import Target
from orchestrator.verify.inspection import inspect_page
from orchestrator.verify.limits import TimeLimits
from tests.doubles.server import tripwire
from tests.doubles.stage import HOME, Stage, findings, states

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


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


async def test_there_is_a_screenshot_of_both_sizes_in_both_schemes(stage: Stage) -> None:
    report = await stage.report(HOME)
    sizes = {name: struct.unpack(">II", image[16:24]) for name, image in report.screenshots.items()}
    desktop, phone = (1280, 800), (390, 844)
    expected = {"desktop-light": desktop, "desktop-dark": desktop, "phone-light": phone, "phone-dark": phone}
    assert sizes == expected


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
        f"{outside}: begin addresses of files without a slash or a host.",
        "Expected js/app.js to exist; the site answered 404. There is app.js.",
    }


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
