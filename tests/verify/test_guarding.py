"""Pages that replace what checks read through: it is said of them, and not of those that only add to a browser."""

from collections.abc import AsyncIterator

import pytest

from orchestrator.core.report import Report
from orchestrator.core.site import Site
from orchestrator.core.task import Check
from orchestrator.verify.browser import Cage, open_cage
from orchestrator.verify.guarding import NAME
from orchestrator.verify.hearing import Target
from orchestrator.verify.inspection import inspect_page
from orchestrator.verify.limits import TimeLimits
from orchestrator.verify.server import ServedSite, serve_site

pytestmark = [pytest.mark.anyio, pytest.mark.browser]
PAGE = (
    "<!doctype html><html lang=en><meta name=viewport content='width=device-width'><title>Sales</title>"
    "<h1 id=total>1</h1><input id=name aria-label=Name>"
)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def stage(anyio_backend: str) -> AsyncIterator[tuple[Cage, ServedSite]]:  # noqa: ARG001
    with serve_site(Site({}), "repo") as served:
        async with open_cage(None, served.url) as cage:
            yield cage, served


async def report(stage: tuple[Cage, ServedSite], script: str, *checks: str) -> Report:
    cage, served = stage
    files = {"index.html": f"{PAGE}<script>{script}</script>".encode()}
    served.site = Site(files)
    asked = [(1, Check(text=text, js=True)) for text in checks]
    return await inspect_page(cage, Target(served.url, files.keys()), asked, TimeLimits(load=3, check=0.3, whole=15))


def said(seen: Report) -> str:
    return "\n".join(finding.text for finding in seen.findings if "checks read with" in finding.text)


REPLACED = {
    "Boolean": "Boolean = () => true",
    "document.querySelector": "document.querySelector = () => ({textContent: '42'})",
    "Document.prototype.querySelector": "Document.prototype.querySelector = () => ({textContent: '42'})",
    "HTMLDocument.prototype.querySelector": "HTMLDocument.prototype.querySelector = () => ({textContent: '42'})",
    "Node.prototype.textContent": "Object.defineProperty(Node.prototype, 'textContent', {get: () => '42'})",
    "HTMLHeadingElement.prototype.textContent": """
        Object.defineProperty(HTMLHeadingElement.prototype, 'textContent', {get: () => '42'})""",
    "HTMLElement.prototype.innerText": "Object.defineProperty(HTMLElement.prototype, 'innerText', {get: () => '42'})",
    "textContent of single elements": "Object.defineProperty(total, 'textContent', {get: () => '42'})",
    "Array.prototype.includes": "Array.prototype.includes = () => true",
    "a list.iterator": "Array.prototype[Symbol.iterator] = function* () { yield {textContent: '42'}; }",
    "String.prototype.includes": "String.prototype.includes = String.prototype.includes.bind('42')",
    "RegExp.prototype.test": "RegExp.prototype.test = new Proxy(RegExp.prototype.test, {apply: () => true})",
    "parseFloat": "parseFloat = () => 42",
    "Math.abs": "Math.abs = () => 0",
    "JSON.parse": "JSON.parse = () => ({})",
    "Storage.prototype.getItem": "Storage.prototype.getItem = () => '42'",
    "HTMLInputElement.prototype.value": "Object.defineProperty(HTMLInputElement.prototype, 'value', {get: () => '42'})",
    "getComputedStyle": "getComputedStyle = () => ({})",
    "String.prototype.trim": """
        const own = Reflect.ownKeys; Reflect.ownKeys = () => []; Object.keys = () => [];
        Reflect.getOwnPropertyDescriptor = Object.getOwnPropertyDescriptor = () => undefined;
        String.prototype.trim = () => '42'""",
}


@pytest.mark.parametrize("name", REPLACED)
async def test_a_page_that_replaces_what_checks_read_through_is_told_so(
    stage: tuple[Cage, ServedSite], name: str
) -> None:
    assert f"`{name}`" in said(await report(stage, REPLACED[name]))


@pytest.mark.parametrize(
    "script",
    [
        f"{NAME} = () => ''",
        f"Object.defineProperty(window, '{NAME}', {{value: () => ''}})",
        f"delete window.{NAME}",
        f"let {NAME} = () => ''",
        f"window.{NAME}.call = () => ''; Object.setPrototypeOf({NAME}, null)",
        "Object.defineProperty(Object.prototype, '0', {get: () => '', set() {}})",
    ],
)
async def test_a_page_cannot_reach_its_guard(stage: tuple[Cage, ServedSite], script: str) -> None:
    cage, served = stage
    files = {"index.html": f"{PAGE}<script>{script}</script><script>Boolean = () => true</script>".encode()}
    served.site = Site(files)
    seen = await inspect_page(cage, Target(served.url, files.keys()), [], TimeLimits(load=3, check=0.3, whole=15))
    assert "`Boolean`" in said(seen)


ORDINARY = {
    "nothing": "",
    "additions": "Array.prototype.last = function () { return this[0]; }; String.prototype.shout = () => 1",
    "polyfills": """if (!Array.prototype.includes) Array.prototype.includes = () => true;
        Array.prototype.newerThanThis ??= () => true""",
    "what acts": """const fetched = fetch; window.fetch = (...all) => fetched(...all);
        const later = setTimeout; window.setTimeout = (...all) => later(...all);
        window.Promise = class extends Promise {};
        const listen = EventTarget.prototype.addEventListener;
        EventTarget.prototype.addEventListener = function (...all) { return listen.apply(this, all); };
        history.pushState = () => {}; const send = XMLHttpRequest.prototype.send;
        XMLHttpRequest.prototype.send = function (...all) { return send.apply(this, all); };
        Object.defineProperty(HTMLElement.prototype, 'onclick', {get() {}, set() {}});
        const put = Node.prototype.insertBefore;
        Node.prototype.insertBefore = function (...all) { return put.apply(this, all); }""",
    "React's inputs": """const one = document.getElementById('name');
        const kept = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value');
        Object.defineProperty(one, 'value', {get() { return kept.get.call(this); },
          set(v) { kept.set.call(this, v); }})""",
    "elements of its own": """customElements.define('a-b', class extends HTMLElement {
          get value() { return 1; } get title() { return 'x'; } });
        document.body.append(document.createElement('a-b'))""",
    "names of its own": "var items = [], total = 3, Chart = class {}; function find() { return 1; }",
}


@pytest.mark.parametrize("name", ORDINARY)
async def test_an_ordinary_page_is_told_nothing(stage: tuple[Cage, ServedSite], name: str) -> None:
    seen = await report(stage, ORDINARY[name])
    assert said(seen) == ""


async def test_a_page_cannot_make_a_failed_check_one_that_cannot_be_read(stage: tuple[Cage, ServedSite]) -> None:
    script = """function total() { throw new Error('NotUnderstood: toBeBlue'); }
        function rate() { throw new ReferenceError('cy is not defined'); }
        function sum() { throw 'SyntaxError: x'; }"""
    seen = await report(stage, script, "total() === 3", "rate() === 3", "sum() === 3")
    assert [check.state for check in seen.checks] == ["failed"] * 3


async def test_a_page_cannot_speak_for_a_test_runner(stage: tuple[Cage, ServedSite]) -> None:
    script = """var page = {locator: () => page}, screen = page, browser = page, it = () => true, test = it,
          describe = it;
        var expect = () => ({toHaveText: () => true, toBe: () => true}), cy = {get: () => true}, assert = it;
        var By = {}, driver = {}, fireEvent = {}, userEvent = {}, $ = it, jQuery = it"""
    checks = ("await expect(page.locator('#total')).toHaveText('42')", "cy.get('#none')", "expect(1).toBe(2)")
    seen = await report(stage, script, *checks)
    assert [check.state for check in seen.checks] == ["failed"] * 3


async def test_a_page_cannot_hide_how_it_looks(stage: tuple[Cage, ServedSite]) -> None:
    script = """document.body.insertAdjacentHTML('beforeend', '<img src=a.png><a href=none.html>x</a>' +
          '<div style="width:900px">x');
        Element.prototype.checkVisibility = () => true; Element.prototype.getBoundingClientRect = () => ({});
        document.querySelectorAll = Document.prototype.querySelectorAll = () => [];
        Object.defineProperty(Element.prototype, 'scrollWidth', {get: () => 1});
        Array.prototype.filter = () => []; Array.prototype.map = () => []; JSON.stringify = () => '[]';
        window.axe = {run: async () => ({violations: []})}; Object.freeze(window.axe)"""
    seen = await report(stage, script.replace("a.png", "data:,"))
    kinds = {finding.kind for finding in seen.findings}
    assert {"layout", "missing", "accessibility"} <= kinds


async def test_a_page_cannot_pretend_to_show_something(stage: tuple[Cage, ServedSite]) -> None:
    script = "document.body.textContent = ''; Array.prototype.some = () => true; Boolean.prototype.x = 1"
    assert "empty" in {finding.kind for finding in (await report(stage, script)).findings}
