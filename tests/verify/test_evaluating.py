"""Verdicts on checks of every form, beside an independent runner's: tests/corpus/forms.py."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import CDPSession, Page

from orchestrator.verify.browser import open_cage
from orchestrator.verify.evaluating import Outcome, evaluate, rewrite_id_lookups
from orchestrator.verify.explaining import explain
from tests.corpus.forms import BODIES, MISFORMED, PAGE, TAKEN, VALUES, independent

pytestmark = [pytest.mark.anyio, pytest.mark.browser]
SECONDS = 20.0


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def page(anyio_backend: str) -> AsyncIterator[Page]:  # noqa: ARG001
    async with open_cage(None, "http://127.0.0.1:9/") as cage:
        page = await cage.browser.new_page()
        await page.set_content(PAGE)
        yield page


@pytest.fixture(scope="module")
async def session(page: Page) -> CDPSession:
    return await page.context.new_cdp_session(page)


async def verdict(session: CDPSession, text: str) -> Outcome:
    outcome = await evaluate(session, text, SECONDS, harmless=True)
    return await evaluate(session, text, SECONDS) if outcome.acts else outcome


async def test_verdicts_on_every_form_are_those_of_playwright(page: Page, session: CDPSession) -> None:
    texts = [*TAKEN, *BODIES]
    assert len(texts) >= 80
    ours = {text: (await verdict(session, text)).holds for text in texts}
    assert ours == {text: await independent(page, text) for text in texts}


async def test_the_last_value_counts_where_playwright_takes_no_such_form(session: CDPSession) -> None:
    assert [(text, (await verdict(session, text)).holds) for text, _ in VALUES] == list(VALUES)


async def test_only_what_compiles_in_no_form_is_misformed(session: CDPSession) -> None:
    for text in MISFORMED:
        assert (await verdict(session, text)).misformed.startswith("SyntaxError: ")
    for text in ("JSON.parse('{')", "missing()", *BODIES):
        assert not (await verdict(session, text)).misformed


@pytest.mark.parametrize(
    "text",
    [
        "document.querySelector('#h').click()",
        "document.querySelector('#name').value = 'Bob'",
        "seen = 4",
        "document.body.append('x')",
        "() => { document.title = 'Other'; return true }",
        "await new Promise(done => setTimeout(done, 1))",
        "fetch('data.csv').then(answer => answer.ok)",
    ],
)
async def test_a_check_that_may_act_is_told_before_it_acts(session: CDPSession, text: str) -> None:
    assert (await evaluate(session, text, SECONDS, harmless=True)).acts
    kept = "seen === 3 && document.title === 'Shop' && document.querySelector('#name').value === 'Ada'"
    assert (await verdict(session, kept)).holds


async def test_looking_up_an_id_is_known_to_change_nothing(session: CDPSession) -> None:
    outcome = await evaluate(session, "document.getElementById('sum').textContent === '450.00'", SECONDS, harmless=True)
    assert (outcome.holds, outcome.acts) == (True, False)
    assert rewrite_id_lookups("getElementById(name)") == "getElementById(name)"


async def test_a_page_cannot_bend_the_verdict(session: CDPSession) -> None:
    await session.send("Runtime.evaluate", {"expression": "var kept = Boolean; Boolean = () => true"})
    assert not (await verdict(session, "document.title === 'Other'")).holds
    await session.send("Runtime.evaluate", {"expression": "Boolean = kept"})


WHY = [
    ("Math.abs(parseFloat(document.querySelector('#total').textContent) - 1044.98) < 1", "`#total` holds `$1044.98`"),
    ("parseFloat(document.querySelector('#total').textContent) === 1", "parseFloat gives NaN"),
    ("const t = document.querySelector('#total'); Number(t.textContent) > 1", "Number gives NaN"),
    ("!!document.querySelector('#totl')", "no element matches `#totl`; there is `#total`"),
    ("document.getElementById('lst') !== null", "no element matches `#lst`; there is `#list`"),
    ("document.title.includes('Sale')", "`document.title` is `Shop`"),
    ("document.querySelector('h1').textContent === 'Sale'", "`h1` holds `Shop`"),
    ("document.querySelectorAll('li').length === 3", "2 elements match `li`: `apple, pear`"),
    ("[...document.querySelectorAll('li')].every(li => li.textContent === 'x')", "`apple, pear`"),
    ("document.querySelector('#name').value === 'Bob'", "`#name` holds `Ada`"),
    ("() => { const el = document.querySelector('#sum'); return el.innerText === '1' }", "`#sum` holds `450.00`"),
    ("return add(1, 2) === 4", "`add(1, 2)` is `3`"),
    ("typeof marked !== 'undefined'", "`typeof marked` is `undefined`"),
    ("rate === 8", "`rate` is `7`"),
    ("window.missing === 1", "`window.missing` is undefined"),
    ("add(0, 0)", "`add(0, 0)` is `0`"),
]


@pytest.mark.parametrize(("text", "says"), WHY)
async def test_a_failure_says_what_was_there(session: CDPSession, text: str, says: str) -> None:
    assert says in await explain(session, text)


@pytest.mark.parametrize("text", ["", "((((", "document.title = 'x'", "x => x", "'a'.b.c.d", "1"])
async def test_what_has_no_part_that_tells_is_explained_by_nothing_wrong(session: CDPSession, text: str) -> None:
    assert isinstance(await explain(session, text), str)
    assert (await verdict(session, "document.title === 'Shop'")).holds


BENT = {
    "Boolean": "Boolean = () => true",
    "Promise": "Promise.prototype.then = function (ok) { ok(true); }; Promise.prototype.catch = Promise.prototype.then",
    "Promise's constructor": """Object.defineProperty(Promise.prototype, 'constructor', {get() { return class {}; }});
        Promise.prototype.then = function (ok) { ok(true); }""",
    "thenables": "Object.prototype.then = function (ok) { delete Object.prototype.then; ok({'.repl_result': true}); }",
    "the browser's wrapper": "Object.defineProperty(Object.prototype, '.repl_result', {get: () => true, set() {}})",
    "conversions": """for (const kind of [Object, Boolean, Number, String])
        for (const key of ['valueOf', 'toString', 'toJSON', Symbol.toPrimitive])
          Object.defineProperty(kind.prototype, key, {value: () => true, configurable: true});
        JSON.stringify = () => 'true'""",
    "functions": """Function = () => () => true; eval = () => true;
        Function.prototype.call = Function.prototype.apply = () => true; Function.prototype.bind = () => () => true;
        Object.getPrototypeOf(async () => {}).constructor = () => () => true""",
    "the environment": """console.log = setTimeout = fetch = performance.now = () => true;
        MutationObserver = class {}; globalThis.Proxy = class {}; globalThis.Symbol = () => true""",
}
FALSE = [
    *("1 === 2", "const a = 1; a === 2", "() => false", "async () => false", "(async () => false)()", "await 0 === 1"),
    *(
        "return false",
        "async () => { await 1; return false }",
        "0",
        "''",
        "null",
        "undefined",
        "NaN",
        "0n",
        "missing()",
    ),
]


@pytest.mark.parametrize("how", BENT)
async def test_a_page_that_replaces_what_values_are_judged_by_passes_nothing(page: Page, how: str) -> None:
    assert page.context.browser
    other = await page.context.browser.new_page()
    await other.set_content(f"<title>Shop</title><script>{BENT[how]}</script>")
    session = await other.context.new_cdp_session(other)
    seen = {text: await verdict(session, text) for text in FALSE}
    assert [text for text, outcome in seen.items() if outcome.holds or outcome.misformed] == []
    assert (await verdict(session, "document.title === 'Shop'")).holds
    assert isinstance(await explain(session, "document.querySelector('title').textContent === 'x'"), str)
    await other.close()


@pytest.mark.parametrize(
    "thrown",
    [
        *("'SyntaxError: x'", "Object.create(SyntaxError.prototype)", "structuredClone(new SyntaxError('x'))"),
        *("new SyntaxError('x')", "new DOMException('x', 'SyntaxError')", "{className: 'SyntaxError'}"),
    ],
)
@pytest.mark.parametrize("form", ["boom()", "await later()", "return boom()", "() => boom()"])
async def test_a_page_cannot_pretend_that_a_check_does_not_compile(page: Page, thrown: str, form: str) -> None:
    session = await page.context.new_cdp_session(page)
    await session.send("Runtime.enable")
    defined = f"Error.stackTraceLimit = 0; boom = () => {{ throw {thrown} }}; later = async () => boom(); 0"
    await session.send("Runtime.evaluate", {"expression": defined})
    outcome = await evaluate(session, form, SECONDS)
    assert (outcome.holds, outcome.misformed) == (False, "")
    await session.send("Runtime.evaluate", {"expression": "Error.stackTraceLimit = 10"})
    await session.detach()


@pytest.mark.parametrize(
    "said", ["{}", '{"is": "element"}', '{"is": {}}', '{"is": "list", "count": 1}', "[1]", "((", "1"]
)
async def test_what_a_page_makes_of_an_explanation_breaks_nothing(page: Page, said: str) -> None:
    assert page.context.browser
    other = await page.context.browser.new_page()
    await other.set_content(f"<script>JSON.stringify = () => {said!r}</script>")
    session = await other.context.new_cdp_session(other)
    assert isinstance(await explain(session, "document.querySelector('#x').textContent === 'x'"), str)
    await other.close()
