"""A page in the cage, opened and loaded: it shares nothing with any other."""

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import Error, Page, Route
from playwright.async_api import TimeoutError as PlaywrightTimeoutError

from orchestrator.handover import Finding
from orchestrator.verify.browser import Cage
from orchestrator.verify.guarding import guard
from orchestrator.verify.hearing import Target
from orchestrator.verify.looking import SIZES
from orchestrator.verify.mirror import HOSTS, NoSuchFile, mirrored
from orchestrator.verify.report import Limits, finding


@asynccontextmanager
async def new_page(cage: Cage, target: Target) -> AsyncIterator[Page]:
    """Open an empty page that shares nothing with any other, takes no downloads, and opens no other pages."""
    width, height = SIZES["desktop"]
    context = await cage.browser.new_context(
        viewport={"width": width, "height": height}, accept_downloads=False, service_workers="block"
    )
    try:
        if target.cdn_mirror is not None:
            await context.route(_is_on_cdn, partial(_from_mirror, target.cdn_mirror))
        page = await context.new_page()
        await guard(page)
        context.on("page", _shut)
        yield page
    finally:
        with contextlib.suppress(Error):
            await context.close()


async def arrive(page: Page, url: str, limits: Limits, findings: list[Finding]) -> None:
    """Load a page; one that does not finish loading is looked at all the same."""
    try:
        await page.goto(url, wait_until="load", timeout=limits.load * 1000)
    except PlaywrightTimeoutError:
        text = f"Expected the page to load within {limits.load:.0f} s; saw it still loading."
        findings.append(finding("limit", text, urlsplit(url).path))
    except Error as error:
        if "interrupted by another navigation" not in error.message:
            raise


def _is_on_cdn(url: str) -> bool:
    return urlsplit(url).hostname in HOSTS


async def _from_mirror(folder: Path, route: Route) -> None:
    headers = {"access-control-allow-origin": "*"}
    try:
        found = mirrored(folder, route.request.url)
    except NoSuchFile:
        await route.fulfill(status=404, headers=headers)
        return
    if found is None:
        await route.fallback()  # by the proxy, as without a mirror
    else:
        body, kind = found
        await route.fulfill(body=body, content_type=kind, headers=headers)


async def _shut(popup: Page) -> None:
    with contextlib.suppress(Error):
        await popup.close()
