"""Checks in the language of a test runner, run on a real page with the words of the table."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import CDPSession, Page

from orchestrator.verify.browser import open_cage
from orchestrator.verify.evaluating import Outcome, evaluate
from orchestrator.verify.runners import MISSING, NAMES, find_unknown_word, needs_runner, wrap_in_runner

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

PAGE = """<!doctype html><html lang="en"><head><title>Shop</title></head><body>
<h1 class="big">Shop</h1> <p id="total">450.00</p> <p id="hidden" hidden>secret</p>
<label>Name <input id="name" placeholder="Your name"></label> <input id="agree" type="checkbox">
<select id="size"><option>Small</option><option value="l">Large</option></select>
<form id="form"><input id="query" name="q"><button id="add" data-testid="add">Add</button></form>
<ul id="list"><li>one</li><li>two</li></ul> <a href="#more">More</a> <img alt="Logo" src="data:,">
<script>
document.querySelector("#form").onsubmit = (event) => {
  event.preventDefault();
  setTimeout(() => {
    const item = document.createElement("li");
    item.textContent = document.querySelector("#query").value || "three";
    document.querySelector("#list").append(item);
  }, 200);
};
</script></body></html>"""

HOLD = [
    "page.locator('#total').innerText() == '450.00'",
    "await expect(page.locator('h1')).toHaveText('Shop')",
    "(await page.locator('#total').textContent()) === '450.00'",
    "expect(await page.title()).toBe('Shop')",
    "await page.title() === 'Shop'",
    "await expect(page).toHaveTitle(/Shop/)",
    "await expect(page.getByRole('heading', { name: 'Shop' })).toBeVisible()",
    "await expect(page.getByRole('button', { name: /add/i })).toBeEnabled();",
    "await expect(page.locator('li')).toHaveCount(2)",
    "await page.fill('#query', 'x'); await page.click('#add'); await expect(page.locator('ul')).toContainText('x')",
    "await page.getByTestId('add').click();\nawait expect(page.locator('#list li')).toHaveCount(3);",
    "const total = await page.$eval('#total', el => el.textContent);\nexpect(parseFloat(total)).toBeCloseTo(450, 1);",
    "await expect(page.locator('#hidden')).not.toBeVisible()",
    "await page.locator('#agree').check(); await expect(page.locator('#agree')).toBeChecked()",
    "await page.selectOption('#size', 'Large'); (await page.inputValue('#size')) === 'l'",
    "await page.getByLabel('Name').fill('Ada'); await expect(page.getByPlaceholder('Your name')).toHaveValue('Ada')",
    "await page.isVisible('#total')",
    "page.locator('li').count() > 1",
    "await expect(page.locator('ul')).toHaveText(['one two'])",
    "test('a', async ({ page }) => { await page.click('#add'); await expect(page.locator('li')).toHaveCount(3); });",
    "async ({ page }) => { await page.click('#add'); return (await page.locator('li').count()) >= 2; }",
    "await page.goto('/'); await expect(page.locator('h1')).toBeVisible()",
    "cy.get('h1').should('contain', 'Shop')",
    "cy.get('#query').type('five{enter}'); cy.get('#list').should('contain.text', 'five')",
    "cy.contains('Add').click(); cy.get('#list li').should('have.length', 3)",
    "cy.title().should('eq', 'Shop')",
    "cy.get('#total').invoke('text').should('match', /^450/)",
    "cy.get('#hidden').should('not.be.visible')",
    "(await driver.findElement(By.id('total')).getText()) === '450.00'",
    "driver.find_element(By.ID, 'total').getText() === '450.00'",
    "await driver.findElement(By.css('#add')).click(); expect(screen.getByText('three')).toBeInTheDocument()",
    "driver.title === 'Shop'",
    "$('#total').text() === '450.00'",
    "$('li').length === 2",
    "$('h1').hasClass('big') && $('#total').is(':visible')",
    "$('#name').val('Ada'), true",
    "expect(document.querySelector('h1').textContent).toEqual('Shop')",
    "expect(document.title).to.equal('Shop')",
    "expect(document.querySelectorAll('li')).to.have.length(2)",
    "assert(document.title === 'Shop')",
    "assert.equal(document.querySelector('h1').textContent, 'Shop')",
    "expect(screen.queryByText('nowhere')).toBeNull()",
    "expect(screen.getByAltText('Logo')).toBeInTheDocument()",
]

FAIL = [
    ("page.locator('#total').innerText() == '451.00'", "false"),
    ("await expect(page.locator('h1')).toHaveText('Store')", 'h1 is "Shop"'),
    ("await expect(page.locator('#nothing')).toBeVisible()", "#nothing is"),
    ("await page.click('#nothing')", "no element matches #nothing"),
    ("await expect(page.locator('li')).toHaveCount(5)", "li is 2"),
    ("await expect(page).toHaveTitle('Store')", 'document.title is "Shop"'),
    ("expect(await page.title()).toBe('Store')", 'the value is "Shop"'),
    ("await expect(page.locator('#total')).not.toBeVisible()", '#total is "hidden"'),
    ("cy.get('h1').should('contain', 'Store')", 'h1 is "Shop"'),
    ("cy.get('#list li').should('have.length', 9)", "#list li is 2"),
    ("cy.title().should('eq', 'Store')", 'the value is "Shop"'),
    ("$('#total').text() === '1'", "false"),
    ("$('#nothing').length", "0"),
    ("assert(document.title === 'Store', 'wrong title')", "wrong title"),
    ("test('it', async ({ page }) => { await expect(page.locator('li')).toHaveCount(9); });", "li is 2"),
    ("expect(document.title).to.equal('Store')", 'the value is "Shop"'),
]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def page(anyio_backend: str) -> AsyncIterator[Page]:  # noqa: ARG001
    async with open_cage(None, "http://127.0.0.1:9/") as cage:
        page = await cage.browser.new_page()
        await page.route("**/*", lambda route: route.fulfill(body=PAGE, content_type="text/html"))
        yield page


@pytest.fixture
async def session(page: Page) -> CDPSession:
    await page.goto("http://127.0.0.1:9/")
    return await page.context.new_cdp_session(page)


async def ran(session: CDPSession, text: str, wait_ms: int = 2000) -> Outcome:
    missing = (await session.send("Runtime.evaluate", {"expression": MISSING, "returnByValue": True}))["result"]
    assert needs_runner(text, missing["value"])
    # What is waited for here comes after 0.2 s, or never.
    return await evaluate(session, wrap_in_runner(text).replace("WAIT = 2000", f"WAIT = {wait_ms}"), 10)


@pytest.mark.parametrize("text", HOLD)
async def test_what_holds_in_a_runner_holds_here(session: CDPSession, text: str) -> None:
    outcome = await ran(session, text)
    assert outcome.holds, outcome.seen


@pytest.mark.parametrize(("text", "says"), FAIL)
async def test_what_fails_says_what_was_there(session: CDPSession, text: str, says: str) -> None:
    outcome = await ran(session, text, wait_ms=100)
    assert not outcome.holds
    assert says in outcome.seen


@pytest.mark.parametrize(
    "text",
    [
        "await page.route('**/*', (route) => route.abort())",
        "cy.intercept('GET', '/x')",
        "await page.goto('/about.html')",
        "expect(1).toSparkle()",
        "await page.screenshot()",
        "cy.get('h1').should('sparkle')",
    ],
)
async def test_a_word_that_the_table_does_not_have_is_named(session: CDPSession, text: str) -> None:
    outcome = await ran(session, text)
    assert find_unknown_word(outcome.seen)


@pytest.mark.parametrize(
    "text",
    [
        "document.title === 'Store'",
        "addToCart()",
        "const page = 1; page.locator",
        "[...document.querySelectorAll('li')].some(it => it.textContent === 'one')",
        "document.page.test",
    ],
)
def test_what_names_no_runner_needs_none(text: str) -> None:
    assert not needs_runner(text, NAMES)


async def test_a_name_that_the_page_has_itself_is_the_page_s(session: CDPSession) -> None:
    await evaluate(session, "globalThis.$ = (id) => document.getElementById(id)", 10)
    missing = (await session.send("Runtime.evaluate", {"expression": MISSING, "returnByValue": True}))["result"]
    assert set(missing["value"]) == NAMES - {"$"}


async def test_the_table_defines_the_names_that_a_check_may_use(session: CDPSession) -> None:
    outcome = await evaluate(
        session, wrap_in_runner(f"[{', '.join(sorted(NAMES))}].every((one) => one !== undefined)"), 10
    )
    assert outcome.holds
