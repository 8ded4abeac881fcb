"""Opens and loads a page in the cage. It shares nothing with any other page."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import Error, Page, Route
from playwright.async_api import TimeoutError as PlaywrightTimeoutError

from orchestrator.core.report import Finding
from orchestrator.verify.browser import CLOSING_S, Cage
from orchestrator.verify.findings import make_finding
from orchestrator.verify.guarding import install_guard
from orchestrator.verify.hearing import Target
from orchestrator.verify.limits import TimeLimits
from orchestrator.verify.looking import SIZES
from orchestrator.verify.mirror import HOSTS, NoSuchFile, load_mirrored_file
from orchestrator.verify.settling import Traffic

MOST_NAMED = 3
"""Addresses that a finding names."""


@asynccontextmanager
async def open_page(cage: Cage, target: Target) -> AsyncIterator[Page]:
    """Open an empty page that shares nothing with any other, takes no downloads, and opens no other pages."""
    width, height = SIZES["desktop"]
    context = await cage.browser.new_context(
        viewport={"width": width, "height": height}, accept_downloads=False, service_workers="block"
    )
    try:
        if target.cdn_mirror is not None:
            await context.route(_is_on_cdn, partial(_answer_from_mirror, target.cdn_mirror))
        if target.answer is not None:
            await context.route("**", target.answer)  # asked before the mirror: the last one is the first
        page = await context.new_page()
        await install_guard(page)
        context.on("page", _close_popup)
        yield page
    finally:
        # Some pages hold their closing up for as long as they like. The browser ends with the verification.
        with contextlib.suppress(Error, TimeoutError):
            async with asyncio.timeout(CLOSING_S):
                await context.close()


async def visit_page(page: Page, target: Target, traffic: Traffic, limits: TimeLimits) -> list[Finding]:
    """Load a page, whose `traffic` is followed; return what is wrong with one that does not finish loading.

    A page that waits only for this machine gets the same time once more, because it is the machine that is slow.
    """
    try:
        await page.goto(target.url, wait_until="load", timeout=limits.load * 1000)
    except PlaywrightTimeoutError:
        outside = sorted({url for url in traffic.waiting_urls() if not target.is_own(url) and url.startswith("http")})
        if outside or not await _wait_for_load(page, limits.load):
            return [_loading_finding(target, limits, outside)]
    except Error as error:
        if "interrupted by another navigation" not in error.message:
            raise
    return []


async def _wait_for_load(page: Page, seconds: float) -> bool:
    with contextlib.suppress(PlaywrightTimeoutError):
        await page.wait_for_load_state("load", timeout=seconds * 1000)
        return True
    return False


def _loading_finding(target: Target, limits: TimeLimits, outside: Sequence[str]) -> Finding:
    said = f"Expected the page to load within {limits.load:.0f} s; saw it still loading"
    waiting = f" and waiting for {', '.join(outside[:MOST_NAMED])}" if outside else ""
    return make_finding("limit", f"{said}{waiting}.", urlsplit(target.url).path)


def _is_on_cdn(url: str) -> bool:
    return urlsplit(url).hostname in HOSTS


async def _answer_from_mirror(folder: Path, route: Route) -> None:
    headers = {"access-control-allow-origin": "*"}
    try:
        found = load_mirrored_file(folder, route.request.url)
    except NoSuchFile:
        await route.fulfill(status=404, headers=headers)
        return
    if found is None:
        await route.fallback()  # by the proxy, as without a mirror
    else:
        body, kind = found
        await route.fulfill(body=body, content_type=kind, headers=headers)


async def _close_popup(popup: Page) -> None:
    with contextlib.suppress(Error):
        await popup.close()
