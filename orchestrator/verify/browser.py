"""A real browser opens the page: the checks, what the page complained about, and how it looks."""

import asyncio
import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    Playwright,
    Request,
    Response,
    Route,
    async_playwright,
)
from playwright.async_api import TimeoutError as PlaywrightTimeoutError

from orchestrator.errors import UsageError
from orchestrator.handover import CheckResult, Finding
from orchestrator.task import Check
from orchestrator.verify.checks import (
    IS_EXPRESSION,
    Asked,
    evaluation,
    expression,
    is_path,
    is_prose,
    printable,
    result,
)
from orchestrator.verify.mirror import HOSTS, mirrored
from orchestrator.verify.proxy import filtering_proxy

INSTALLED = ("google-chrome", "google-chrome-stable", "chromium", "chromium-browser")
"""Names of browsers that may lie on the PATH. Chrome first: on GitHub's Ubuntu only it may use its sandbox."""

POLL_S = 0.1
LONGEST_TEXT = 500
MAX_FINDINGS = 100
"""A page may complain without end."""

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
class Limits:
    """Seconds. `check`: how long after loading checks may take to become true; `whole`: the limit of everything."""

    load: float = 20.0
    check: float = 5.0
    whole: float = 60.0

    def within(self, seconds: float) -> "Limits":
        """Return limits that leave off after `seconds` at the latest."""
        return replace(self, whole=min(self.whole, seconds))


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
        if os.access(given, os.X_OK):
            return given
        raise UsageError("BROWSER does not name a program.", "Give the path of a Chrome or Chromium, or unset it.")
    on_path = next((path for name in INSTALLED if (path := shutil.which(name))), None)
    own = Path(on_path or playwright.chromium.executable_path)
    if not os.access(own, os.X_OK):
        raise UsageError("No Chrome or Chromium was found.", "Install one, run `make browser`, or set BROWSER.")
    return own


def accepted(_: str) -> None:
    """Take a browser without its sandbox as it is."""


@asynccontextmanager
async def opened(
    given: Path | None, site: str, on_no_sandbox: Callable[[str], None] = accepted
) -> AsyncIterator[Browser]:
    """Start a browser whose only way out is the filtering proxy for `site`: a fresh profile, an empty environment.

    `on_no_sandbox` is called with the reason where the sandbox cannot be used, before the browser runs without it; it
    may raise. Raises UsageError where there is no browser, or none that starts.
    """
    async with filtering_proxy(site) as proxy, async_playwright() as playwright:
        path = find_browser(playwright, given)
        with tempfile.TemporaryDirectory(prefix="pagewright-", ignore_cleanup_errors=True) as home:
            browser = await _launched(playwright, path, (proxy, home), on_no_sandbox)
            try:
                yield browser
            finally:
                await browser.close()


async def _launched(
    playwright: Playwright, path: Path, cage: tuple[str, str], on_no_sandbox: Callable[[str], None]
) -> Browser:
    proxy, home = cage

    async def launch(*, sandbox: bool) -> Browser:
        return await playwright.chromium.launch(
            executable_path=path,
            args=[*FLAGS, f"--proxy-server={proxy}"],
            chromium_sandbox=sandbox,
            env={"HOME": home, "LANG": "C.UTF-8"},
        )

    try:
        if can_sandbox():
            try:
                return await launch(sandbox=True)
            except Error as error:
                # Ubuntu keeps user namespaces from every browser but the installed Google Chrome.
                if "sandbox" not in error.message.lower():
                    raise
                on_no_sandbox("this machine does not let it")
        else:
            on_no_sandbox("it refuses to for root")
        return await launch(sandbox=False)
    except Error:
        raise UsageError("The browser does not start.", "Start it by hand to see why, or set BROWSER.") from None


async def inspect(browser: Browser, url: str, asked: Asked, limits: Limits, cdn_mirror: Path | None = None) -> Report:
    """Open `url`, run the checks, and look at the page; ends within `limits` whatever the page does.

    `cdn_mirror`: a folder of npm packages that answers in place of the CDNs; what it does not have, they are asked for.
    """
    checks = [check for _, check in asked]
    findings: list[Finding] = []
    seen: dict[int, tuple[bool, str]] = {}
    is_js = [check.js for check in checks]
    shots: dict[str, bytes] = {}
    width, height = SIZES["desktop"]
    context = await browser.new_context(
        viewport={"width": width, "height": height}, accept_downloads=False, service_workers="block"
    )
    try:
        async with asyncio.timeout(limits.whole):
            is_js = await _told_apart(context, checks)
            if cdn_mirror is not None:
                await context.route(_is_on_cdn, partial(_from_mirror, cdn_mirror))
            page = await context.new_page()
            context.on("page", _shut)
            _listen(page, url, findings)
            await page.goto(url, wait_until="load", timeout=limits.load * 1000)
            wanted = {number: check.text for number, check in enumerate(checks) if is_js[number]}
            await _run_checks(page, wanted, seen, limits)
            await _look(page, findings, shots)
    except (TimeoutError, PlaywrightTimeoutError):
        findings.append(_finding("limit", "the page did not settle in time", url))
    except Error as error:
        findings.append(_finding("error", f"the page could not be opened: {error.message}", url))
    finally:
        await context.close()
    verdicts = [
        result(check, round_, is_js=is_js[number], shown=seen.get(number))
        for number, (round_, check) in enumerate(asked)
    ]
    return Report(tuple(verdicts), tuple(findings), shots)


async def _told_apart(context: BrowserContext, checks: Sequence[Check]) -> list[bool]:
    """Return which checks are JavaScript: the evaluator said so, or the browser can parse it."""
    blank = await context.new_page()
    told = [
        check.js
        or (
            not is_prose(check.text)
            and bool(await blank.evaluate(IS_EXPRESSION, [expression(check.text), is_path(check.text)]))
        )
        for check in checks
    ]
    await blank.close()
    return told


def _is_on_cdn(url: str) -> bool:
    return urlsplit(url).hostname in HOSTS


async def _from_mirror(folder: Path, route: Route) -> None:
    if (found := mirrored(folder, route.request.url)) is None:
        await route.fallback()  # by the proxy, as without a mirror
    else:
        body, kind = found
        await route.fulfill(body=body, content_type=kind, headers={"access-control-allow-origin": "*"})


async def _shut(popup: Page) -> None:
    with contextlib.suppress(Error):
        await popup.close()


def _finding(kind: str, text: str, where: str = "") -> Finding:
    texts = {"text": printable(text, LONGEST_TEXT), "where": printable(where, LONGEST_TEXT)}
    return Finding.model_validate({"kind": kind, **texts})


def _listen(page: Page, url: str, findings: list[Finding]) -> None:
    origin = url.split("/")[:3]

    def note(kind: str, text: str, where: str) -> None:
        if len(findings) < MAX_FINDINGS and (found := _finding(kind, text, where)) not in findings:
            findings.append(found)

    def kind_of(address: str) -> str:
        return "missing" if address.split("/")[:3] == origin else "external"

    def console(message: ConsoleMessage) -> None:
        # A file that is missing is reported by its response, with its address.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            note("console", message.text, f"{message.location.get('url', '')}:{message.location.get('lineNumber', '')}")

    def response(answer: Response) -> None:
        if answer.status >= 400:
            note(kind_of(answer.url), f"answered {answer.status}", answer.url)

    def failed(request: Request) -> None:
        # What the page itself gave up on is no fault: it moved on, or a newer request took its place.
        if request.failure and request.failure != "net::ERR_ABORTED":
            note(kind_of(request.url), request.failure, request.url)

    page.on("console", console)
    page.on("response", response)
    page.on("requestfailed", failed)
    page.on("pageerror", lambda error: note("error", str(error), url))


async def _run_checks(page: Page, wanted: dict[int, str], seen: dict[int, tuple[bool, str]], limits: Limits) -> None:
    """Evaluate every check until it holds or its time has passed."""
    started = time.monotonic()
    while True:
        for number, text in wanted.items():
            if not seen.get(number, (False, ""))[0]:
                seen[number] = await _evaluated(page, text, limits.check)
        if all(seen[number][0] for number in wanted) or time.monotonic() - started > limits.check:
            return
        await asyncio.sleep(POLL_S)


async def _evaluated(page: Page, text: str, limit: float) -> tuple[bool, str]:
    try:
        async with asyncio.timeout(limit):
            passed, shown = await page.evaluate(evaluation(text))
    except Error as error:
        return False, error.message.removeprefix("Page.evaluate: ").partition("\n")[0]
    except TimeoutError:
        return False, "gave no answer in time"
    return bool(passed), str(shown)


async def _look(page: Page, findings: list[Finding], shots: dict[str, bytes]) -> None:
    for name, (width, height) in SIZES.items():
        await page.set_viewport_size({"width": width, "height": height})
        shots[name] = await page.screenshot()
    if not await page.evaluate("() => document.body?.innerText.trim() || document.querySelector('img,svg,canvas')"):
        findings.append(_finding("empty", "the page shows nothing"))
