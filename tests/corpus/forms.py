"""Checks in every form that evaluators send, over one page, and an independent runner: Playwright's own `evaluate`."""

from playwright.async_api import Error, Page

PAGE = """<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Shop</title>
<main><h1 id="h">Shop</h1><p id="total">$1044.98</p><p id="sum">450.00</p><input id="name" value="Ada">
<ul id="list"><li>apple</li><li>pear</li></ul></main>
<script>const rate = 7; var seen = 3; let open = false; function add(a, b) { return a + b }
async function load() { return {ok: true, rows: 2} } class Cart { size() { return 2 } }</script></html>"""

EXPRESSIONS = (
    "document.title === 'Shop'",
    "document.title === 'Other'",
    "document.title",
    "document.querySelector('#none')",
    "document.querySelector('#none').textContent === '1'",
    "!!document.getElementById('total')",
    "parseFloat(document.querySelector('#sum').textContent) === 450",
    "parseFloat(document.querySelector('#total').textContent) === 1044.98",
    "Math.abs(parseFloat(document.querySelector('#sum').textContent) - 450) < 0.01",
    "document.querySelectorAll('#list li').length === 2",
    "[...document.querySelectorAll('li')].some(li => li.textContent === 'pear')",
    "Array.from(document.querySelectorAll('li'), li => li.textContent).join() === 'apple,pear'",
    "document.querySelector('#name').value === 'Ada'",
    "document.body.innerText.includes('apple')",
    "/app(le)?/.test(document.body.textContent)",
    "add(1, 2) === 3",
    "rate === 7 && seen === 3 && open === false",
    "new Cart().size() === 2",
    "typeof add === 'function'",
    "typeof missing",
    "missing",
    "missing()",
    "window.missing",
    "window.add",
    "add",
    "null",
    "undefined",
    "0",
    "-0",
    "NaN",
    "''",
    "'x'",
    "10n",
    "0n",
    "({a: 1})",
    "{a: 0}",
    "[]",
    "Symbol('x')",
    "!document.querySelector('#none')",
    "document.querySelector('#total')?.textContent?.startsWith('$') ?? false",
    "1, 0",
    "document.title === 'Shop' // as asked",
    "/* the title */ document.title === 'Shop'",
    "document.title === 'Shop';",
    "  document.title === 'Shop'  ;  ",
)
STATEMENTS = (
    "const t = document.querySelector('#sum'); t && parseFloat(t.textContent) === 450",
    "const t = document.querySelector('#sum'); t && parseFloat(t.textContent) === 451",
    "let n = 0; for (const li of document.querySelectorAll('li')) n += 1; n === 2",
    "let n = 0; for (const li of document.querySelectorAll('li')) n += 1; n === 3",
    "var x = 1; x === 1",
    "const rate = 8; rate === 8",
    "const a = 1\nconst b = 2\na + b === 3",
    "if (document.title === 'Shop') { true } else { false }",
    "if (document.title === 'Other') { true } else { false }",
    "try { missing() } catch { true }",
    "try { missing(); true } catch { false }",
    "const {length} = document.querySelectorAll('li'); length === 2",
    "const f = () => 0; f()",
    "const f = () => 1; f()",
    "'use strict'; document.title === 'Shop'",
    "document.title; false",
    "throw new Error('no')",
    "JSON.parse('{')",
    "const s = new Set(['a', 'a']); s.size === 1",
    "switch (document.title) { case 'Shop': true; break; default: false }",
)
FUNCTIONS = (
    "() => document.title === 'Shop'",
    "() => document.title === 'Other'",
    "() => { const t = document.title; return t === 'Shop' }",
    "() => { document.title === 'Shop' }",
    "function () { return document.title === 'Shop' }",
    "function check() { return document.title === 'Other' }",
    "async () => (await load()).ok",
    "async () => { const r = await load(); return r.rows === 3 }",
    "async function () { return (await load()).rows === 2 }",
    "() => () => true",
    "() => load()",
    "(() => document.title === 'Shop')()",
    "(function () { return false })()",
)
PROMISES = (
    "load().then(r => r.ok)",
    "load().then(r => r.rows === 3)",
    "Promise.resolve(0)",
    "Promise.resolve('yes')",
    "Promise.reject(new Error('no'))",
    "(async () => (await load()).rows === 2)()",
    "new Promise(done => setTimeout(() => done(document.title === 'Shop'), 20))",
)
BODIES = (
    "return document.title === 'Shop'",
    "return document.title === 'Other'",
    "const t = document.title; return t === 'Shop'",
    "if (document.title === 'Shop') return true; return false",
    "const r = await load(); return r.rows === 2",
    "return (await load()).rows === 3",
    "for (const li of document.querySelectorAll('li')) if (li.textContent === 'pear') return true",
    "function twice(n) { return n * 2 } return twice(2) === 4",
)
"""What Playwright refuses for its form alone: it is the body of an async function."""
VALUES = (
    ("await load()", True),
    ("(await load()).rows === 3", False),
    ("const r = await load(); r.rows === 2", True),
    ("function twice(n) { return n * 2 } twice(2) === 4", True),
    ("async function get() { return (await load()).rows } (await get()) === 3", False),
)
"""What Playwright refuses too, and has a last value: that counts."""
MISFORMED = ("document.title ===", "foo bar", "it's nice", "if (", "const", "a => => b", "document.querySelector('#a'")

TAKEN = (*EXPRESSIONS, *STATEMENTS, *FUNCTIONS, *PROMISES)


async def independent(page: Page, text: str) -> bool:
    """Return what Playwright makes of a check; what it refuses for its form, as the body of an async function."""
    asked = f"async () => {{\n{text}\n}}" if text in BODIES else text.strip().rstrip("; ")
    try:
        value = await page.evaluate(asked)
    except Error:
        return False
    return isinstance(value, dict | list) or (bool(value) and value == value)  # noqa: PLR0124 - NaN is not itself
