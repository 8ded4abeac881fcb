"""A real browser opens the page: the checks, what the page complained about, and how it looks."""

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    Playwright,
    Response,
    async_playwright,
)
from playwright.async_api import TimeoutError as PlaywrightTimeoutError

from orchestrator.errors import UsageError
from orchestrator.handover import CheckResult, Finding
from orchestrator.task import Check
from orchestrator.verify.checks import IS_EXPRESSION, evaluation, is_member_path, result
from orchestrator.verify.proxy import filtering_proxy

INSTALLED = ("google-chrome", "google-chrome-stable", "chromium", "chromium-browser")
"""Names of browsers that may lie on the PATH. Chrome first: on GitHub's Ubuntu only it may use its sandbox."""

LOAD_S = 20
POLL_S = 0.1
CHECK_S = 5.0
"""How long a check may take to become true after the page has loaded."""

WHOLE_S = 60.0
"""The limit of one inspection, whatever the page does."""

SIZES = {"desktop": (1280, 800), "phone": (390, 844)}

FLAGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    # Loopback is never sent past the proxy, and WebRTC finds no way around it.
    "--proxy-bypass-list=<-loopback>",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
)


@dataclass(frozen=True)
class Report:
    """What was proved about a page. `screenshots`: name without ending -> PNG."""

    checks: tuple[CheckResult, ...]
    findings: tuple[Finding, ...]
    screenshots: dict[str, bytes] = field(default_factory=dict)

    def count(self, state: str) -> int:
        """Return how many checks are in `state`."""
        return sum(check.state == state for check in self.checks)


def can_sandbox() -> bool:
    """Whether Chromium's sandbox can run: it refuses to for root."""
    return os.geteuid() != 0


def find_browser(playwright: Playwright, given: Path | None) -> Path:
    """Return the browser to start: the one given, one on the PATH, or Playwright's own. Raises UsageError."""
    if given is not None:
        if given.is_file():
            return given
        raise UsageError("BROWSER does not name a file.", "Give the path of a Chrome or Chromium, or unset it.")
    on_path = next((path for name in INSTALLED if (path := shutil.which(name))), None)
    own = Path(on_path or playwright.chromium.executable_path)
    if not own.is_file():
        raise UsageError("No Chrome or Chromium was found.", "Install one, run `make browser`, or set BROWSER.")
    return own


@asynccontextmanager
async def opened(given: Path | None, site: str) -> AsyncIterator[Browser]:
    """Start a browser whose only way out is the filtering proxy for `site`: a fresh profile, an empty environment."""
    async with filtering_proxy(site) as proxy, async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=find_browser(playwright, given),
            args=[*FLAGS, f"--proxy-server={proxy}"],
            chromium_sandbox=can_sandbox(),
            env={"HOME": "/nonexistent", "LANG": "C.UTF-8"},
        )
        try:
            yield browser
        finally:
            await browser.close()


async def inspect(browser: Browser, url: str, checks: Sequence[Check], round_: int) -> Report:
    """Open `url`, run `checks` of `round_`, and look at the page; ends within WHOLE_S whatever the page does."""
    findings: list[Finding] = []
    seen: dict[int, tuple[bool, str]] = {}
    is_js = [check.js for check in checks]
    shots: dict[str, bytes] = {}
    width, height = SIZES["desktop"]
    context = await browser.new_context(
        viewport={"width": width, "height": height}, accept_downloads=False, service_workers="block"
    )
    try:
        async with asyncio.timeout(WHOLE_S):
            is_js = await _told_apart(context, checks)
            page = await context.new_page()
            context.on("page", lambda popup: asyncio.ensure_future(popup.close()))
            _listen(page, url, findings)
            await page.goto(url, wait_until="load", timeout=LOAD_S * 1000)
            wanted = {number: check.text for number, check in enumerate(checks) if is_js[number]}
            await _run_checks(page, wanted, seen)
            await _look(page, findings, shots)
    except (TimeoutError, PlaywrightTimeoutError):
        findings.append(Finding(kind="limit", text=f"the page did not settle within {WHOLE_S:.0f} s", where=url))
    except Error as error:
        findings.append(Finding(kind="error", text=f"the page could not be opened: {error.message:.300}", where=url))
    finally:
        await context.close()
    verdicts = [
        result(check, round_, is_js=is_js[number], shown=seen.get(number)) for number, check in enumerate(checks)
    ]
    return Report(tuple(verdicts), tuple(findings), shots)


async def _told_apart(context: BrowserContext, checks: Sequence[Check]) -> list[bool]:
    """Return which checks are JavaScript: the evaluator said so, or the browser can parse it."""
    blank = await context.new_page()
    told = [
        check.js or bool(await blank.evaluate(IS_EXPRESSION, [check.text, is_member_path(check.text)]))
        for check in checks
    ]
    await blank.close()
    return told


def _listen(page: Page, url: str, findings: list[Finding]) -> None:
    origin = urlsplit(url)[:2]

    def console(message: ConsoleMessage) -> None:
        # A file that is missing is reported by its response, with its address.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            where = f"{message.location.get('url', '')}:{message.location.get('lineNumber', '')}"
            findings.append(Finding(kind="console", text=message.text[:500], where=where))

    def response(answer: Response) -> None:
        if answer.status >= 400:
            is_ours = urlsplit(answer.url)[:2] == origin
            text = f"answered {answer.status}"
            findings.append(Finding(kind="missing" if is_ours else "external", text=text, where=answer.url[:500]))

    page.on("console", console)
    page.on("response", response)
    page.on("pageerror", lambda error: findings.append(Finding(kind="error", text=str(error)[:500], where=url)))


async def _run_checks(page: Page, wanted: dict[int, str], seen: dict[int, tuple[bool, str]]) -> None:
    """Evaluate every check until it holds or CHECK_S have passed."""
    started = time.monotonic()
    while True:
        for number, text in wanted.items():
            if not seen.get(number, (False, ""))[0]:
                seen[number] = await _evaluated(page, text)
        if all(seen[number][0] for number in wanted) or time.monotonic() - started > CHECK_S:
            return
        await asyncio.sleep(POLL_S)


async def _evaluated(page: Page, text: str) -> tuple[bool, str]:
    try:
        async with asyncio.timeout(CHECK_S):
            passed, shown = await page.evaluate(evaluation(text))
    except Error as error:
        return False, error.message.splitlines()[0][:300]
    except TimeoutError:
        return False, "gave no answer in time"
    return bool(passed), str(shown)


async def _look(page: Page, findings: list[Finding], shots: dict[str, bytes]) -> None:
    for name, (width, height) in SIZES.items():
        await page.set_viewport_size({"width": width, "height": height})
        shots[name] = await page.screenshot(timeout=LOAD_S * 1000)
    if not await page.evaluate("() => document.body?.innerText.trim() || document.querySelector('img,svg,canvas')"):
        findings.append(Finding(kind="empty", text="the page shows nothing"))
