"""A real browser and pages of every kind. One browser for all of them; each page has a context of its own."""

import os
import shutil
import struct
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import pytest
from playwright.async_api import Browser, async_playwright

from orchestrator.errors import UsageError
from orchestrator.handover import Build
from orchestrator.site import Site
from orchestrator.task import Check
from orchestrator.verify import browser as module
from orchestrator.verify.browser import INSTALLED, MAX_FINDINGS, Limits, Report, find_browser, inspect, opened
from orchestrator.verify.server import serving
from tests.doubles.server import tripwire

pytestmark = [pytest.mark.anyio, pytest.mark.browser]
HOME = "<!doctype html><html lang=en><title>Sales</title><h1 id=total>42</h1>"


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Stage:
    """One browser, and one site whose files each test replaces."""

    browser: Browser
    url: str
    files: dict[str, bytes]

    async def report(self, page: str, *checks: str | Check, limits: Limits | None = None, **more: str) -> Report:
        self.files.clear()
        named = {name.replace("_", "."): text for name, text in more.items()}
        self.files.update({name: text.encode() for name, text in {"index.html": page, **named}.items()})
        asked = [(1, check if isinstance(check, Check) else Check(text=check)) for check in checks]
        return await inspect(self.browser, self.url, asked, limits or Limits(load=3, check=0.4, whole=10))


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, dict[str, bytes]]]:
    files: dict[str, bytes] = {}
    with serving(Site(files), "repo") as url:
        yield url, files


@pytest.fixture(scope="module")
async def stage(served: tuple[str, dict[str, bytes]], anyio_backend: str) -> AsyncIterator[Stage]:  # noqa: ARG001
    url, files = served
    async with opened(None, url) as browser:
        yield Stage(browser, url, files)


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
    ("'x'.repeat(299) + '\\u{1f600}'", "passed", "x" * 299 + "?"),
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
        "Repo has MIT license": "prose",
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
    assert states(report) == ["failed", "failed"]
    assert [check.seen.partition(":")[0] for check in report.checks] == ["ReferenceError", "SyntaxError"]


async def test_a_check_may_become_true_a_little_later(stage: Stage) -> None:
    page = HOME + "<script>setTimeout(() => document.body.append('late'), 300)</script>"
    report = await stage.report(page, "document.body.innerText.includes('late')", limits=Limits(check=3, whole=10))
    assert states(report) == ["passed"]


async def test_a_check_that_becomes_true_too_late_failed(stage: Stage) -> None:
    page = HOME + "<script>setTimeout(() => document.body.append('late'), 3000)</script>"
    assert states(await stage.report(page, "document.body.innerText.includes('late')")) == ["failed"]


async def test_a_check_may_fetch_what_lies_beside_the_page(stage: Stage) -> None:
    page = HOME + "<script>fetch('data.csv').then(a => a.text()).then(t => total.textContent = t.length)</script>"
    check = "document.querySelector('#total').textContent === '9'"
    assert states(await stage.report(page, check, data_csv="a,b\n1,2\n\n")) == ["passed"]


async def test_what_the_page_complains_about_is_found(stage: Stage) -> None:
    page = HOME + "<script>console.error('oh', 1); console.warn('not this')</script><script>nothing.at.all</script>"
    report = await stage.report(page)
    assert findings(report) == [("console", "oh 1"), ("error", "nothing is not defined")]
    assert report.findings[0].where.startswith(stage.url)


async def test_a_missing_file_is_found_with_its_address_and_only_once(stage: Stage) -> None:
    report = await stage.report(HOME + "<img src=none.png><script>fetch('none.png')</script>")
    assert [(finding.kind, finding.text, finding.where) for finding in report.findings] == [
        ("missing", "answered 404", f"{stage.url}none.png")
    ]


async def test_what_cannot_be_had_from_outside_is_found(stage: Stage) -> None:
    """A library that does not load is why most pages fail; over TLS the browser sees no answer at all."""
    async with tripwire() as wire:
        page = f"{HOME}<img src={wire.url}x.png><script src=https://cdn.invalid/x.js></script>"
        report = await stage.report(page)
        assert wire.connections == []
    assert sorted((finding.kind, finding.text, finding.where) for finding in report.findings) == [
        ("external", "answered 403", f"{wire.url}x.png"),
        ("external", "net::ERR_TUNNEL_CONNECTION_FAILED", "https://cdn.invalid/x.js"),
    ]


async def test_a_request_that_the_page_takes_back_is_no_finding(stage: Stage) -> None:
    # Of a page that is there: on a busy machine the answer may be quicker than the taking back.
    page = HOME + (
        "<script>const c = new AbortController(); fetch('', {signal: c.signal}).catch(() => 0); c.abort()</script>"
    )
    assert (await stage.report(page)).findings == ()


@pytest.mark.parametrize("page", ["", "<title>x</title>", "<body><div></div>", "<style>h1{display:none}</style><h1>x"])
async def test_an_empty_page_is_found(stage: Stage, page: str) -> None:
    assert ("empty", "the page shows nothing") in findings(await stage.report(page))


@pytest.mark.parametrize(
    "page", ["<p>x", "<canvas></canvas>", "<svg></svg>", "<img alt='' src='data:image/png;base64,'>"]
)
async def test_a_page_that_shows_something_is_not_empty(stage: Stage, page: str) -> None:
    assert "empty" not in [kind for kind, _ in findings(await stage.report(page))]


async def test_there_is_a_screenshot_of_both_sizes(stage: Stage) -> None:
    report = await stage.report(HOME)
    sizes = {name: struct.unpack(">II", image[16:24]) for name, image in report.screenshots.items()}
    assert sizes == {"desktop": (1280, 800), "phone": (390, 844)}


async def test_a_page_that_never_comes_to_rest_while_loading_ends_within_the_limit(stage: Stage) -> None:
    started = monotonic()
    report = await stage.report(
        "<h1>x</h1><script>for (;;);</script>", "1 === 1", "prose it is", limits=Limits(load=1, check=1, whole=2)
    )
    assert monotonic() - started < 5
    assert "limit" in [kind for kind, _ in findings(report)]
    assert states(report) == ["failed", "unproved"]
    assert report.checks[0].seen == "not run"


async def test_a_check_that_never_ends_ends_within_the_limit(stage: Stage) -> None:
    started = monotonic()
    report = await stage.report(
        HOME, "document.title", "(() => { for (;;); })()", limits=Limits(load=1, check=0.5, whole=2)
    )
    assert monotonic() - started < 5
    assert states(report) == ["passed", "failed"]
    assert report.checks[1].seen == "gave no answer in time"


async def test_a_page_that_begins_an_endless_loop_later_ends_within_the_limit(stage: Stage) -> None:
    started = monotonic()
    page = HOME + "<script>setTimeout(() => { for (;;); }, 50)</script>"
    report = await stage.report(page, *["document.title === 'No'"] * 20, limits=Limits(load=1, check=0.5, whole=2))
    assert monotonic() - started < 5
    assert ("limit", "the page did not settle in time") in findings(report)


async def test_the_next_page_is_none_the_worse(stage: Stage) -> None:
    await stage.report("<script>for (;;);</script>", limits=Limits(load=0.3, check=0.3, whole=1))
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


async def test_the_browser_is_gone_afterwards() -> None:
    before = processes()
    async with opened(None, "http://127.0.0.1:1/") as browser:
        await (await browser.new_page()).goto("about:blank")
        during = processes() - before
        assert during
    assert not [process for process in during if is_alive(process)]


def processes() -> set[int]:
    """Return every process below this one."""
    parents = {int(entry.name): parent_of(entry) for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    below = {os.getpid()}
    while more := {child for child, parent in parents.items() if parent in below} - below:
        below |= more
    return below


def parent_of(entry: Path) -> int:
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return 0


def is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def test_a_browser_that_is_given_must_be_there(tmp_path: Path) -> None:
    async with async_playwright() as playwright:
        given = tmp_path / "chrome"
        with pytest.raises(UsageError, match="BROWSER"):
            find_browser(playwright, given)
        given.touch(mode=0o755)
        assert find_browser(playwright, given) == given


async def test_a_machine_without_a_browser_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", "/nonexistent")
    async with async_playwright() as playwright:
        monkeypatch.setenv("PATH", "/nonexistent")
        with pytest.raises(UsageError, match="Install one"):
            find_browser(playwright, None)


def _picky(folder: Path, refusal: str) -> Path:
    """Return a browser that starts only without its sandbox, and says `refusal` otherwise."""
    real = next(path for name in INSTALLED if (path := shutil.which(name)))
    script = folder / "chrome"
    script.write_text(
        f'#!/bin/sh\ncase "$*" in *--no-sandbox*) exec {real} "$@" ;; esac\necho "{refusal}" >&2\nexit 1\n'
    )
    script.chmod(0o755)
    return script


async def test_where_the_sandbox_cannot_be_used_it_is_said_and_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "can_sandbox", lambda: True)
    said: list[str] = []
    given = _picky(tmp_path, "FATAL: No usable sandbox!")
    async with opened(given, "http://127.0.0.1:1/", said.append) as browser:
        assert browser.is_connected()
    assert said == ["this machine does not let it"]


async def test_whoever_insists_on_the_sandbox_gets_no_browser_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def insist(_: str) -> None:
        raise UsageError("No sandbox.")

    for can in (True, False):
        monkeypatch.setattr(module, "can_sandbox", lambda can=can: can)
        with pytest.raises(UsageError, match="No sandbox"):
            async with opened(_picky(tmp_path, "FATAL: No usable sandbox!"), "http://127.0.0.1:1/", insist):
                pass


async def test_a_browser_that_does_not_start_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    broken = tmp_path / "chrome"
    broken.write_text("#!/bin/sh\necho 'error while loading shared libraries' >&2\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(UsageError, match="does not start"):
        async with opened(broken, "http://127.0.0.1:1/"):
            pass


async def test_libraries_come_from_the_mirror_and_the_rest_from_where_it_lies(stage: Stage, tmp_path: Path) -> None:
    package = tmp_path / "marked"
    package.mkdir()
    (package / "marked.min.js").write_text("window.marked = 'from the mirror'")
    cdn = "https://cdn.jsdelivr.net/npm"
    stage.files.clear()
    stage.files["index.html"] = (
        f"{HOME}<script src={cdn}/marked@12.0.2/marked.min.js></script><script src={cdn}/none@1/x.js></script>"
    ).encode()
    asked = [(1, Check(text="marked === 'from the mirror'"))]
    report = await inspect(stage.browser, stage.url, asked, Limits(load=3, check=0.4, whole=10), tmp_path)
    assert report.checks[0].state == "passed"
    assert [(finding.kind, finding.where) for finding in report.findings] == [("external", f"{cdn}/none@1/x.js")]
