"""One page in the cage: its checks, what it complained about, and how it looks."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import CDPSession, Error, Page, Route
from playwright.async_api import TimeoutError as PlaywrightTimeoutError

from orchestrator.handover import Finding
from orchestrator.task import Check
from orchestrator.verify.browser import Cage
from orchestrator.verify.checks import IS_EXPRESSION, Asked, Kind, Shown, expression, is_path, is_prose, labels, result
from orchestrator.verify.files import is_about_files
from orchestrator.verify.hearing import Heard, Outside, Target, judged, listen
from orchestrator.verify.looking import SIZES, look
from orchestrator.verify.mirror import HOSTS, NoSuchFile, mirrored
from orchestrator.verify.report import Limits, Report, finding
from orchestrator.verify.running import answers, run_checks

MAX_FINDINGS = 100
ANSWERING_S = 2.0
LOOKING_S = 10.0
RESTING_S = 1.0

_MOVED_ON = ("context was destroyed", "navigat", "frame was detached", "Cannot find context", "Inspected target")
"""What Playwright says where a page went to another document in the middle of something."""


@dataclass
class _Seen:
    """What was seen so far, whatever comes after."""

    kinds: Mapping[str, Kind] = field(default_factory=dict)
    shown: dict[str, Shown] = field(default_factory=dict)
    heard: Heard = field(default_factory=Heard)
    findings: list[Finding] = field(default_factory=list)
    shots: dict[str, bytes] = field(default_factory=dict)


async def inspect(cage: Cage, target: Target, asked: Asked, limits: Limits) -> Report:
    """Open a page, run its checks, and look at it; ends within `limits` whatever the page does.

    Checks about files, and in prose, are left for others: they come back `failed` and `unproved`.
    """
    seen = _Seen()
    try:
        async with asyncio.timeout(limits.whole):
            await _look_at(cage, target, asked, limits, seen)
    except (TimeoutError, PlaywrightTimeoutError):
        seen.findings.append(_limit(f"come to rest within {limits.whole:.0f} s; saw it still busy", target))
    except Error as error:
        if not cage.watch.has_ended_it:
            seen.findings.append(finding("error", f"Expected the page to open; saw: {error.message}", target.url))
    if cage.watch.has_ended_it:
        seen.findings.append(_limit(f"need less than {limits.bytes >> 20} MB; saw it take more", target))
    failed = cage.proxy.failed
    is_online = not failed or await cage.proxy.is_online()
    findings, notes = judged(seen.heard, target, Outside(failed, is_online))
    kinds = seen.kinds or {label: _kind(check) or "prose" for label, (_, check) in _labelled(asked).items()}
    verdicts = [result(entry, kinds[label], seen.shown.get(label)) for label, entry in _labelled(asked).items()]
    return Report(tuple(verdicts), tuple([*findings, *seen.findings][:MAX_FINDINGS]), seen.shots, tuple(notes))


async def _look_at(cage: Cage, target: Target, asked: Asked, limits: Limits, seen: _Seen) -> None:
    async with new_page(cage, target) as page:
        seen.kinds = await _told_apart(page, asked)
        session = await page.context.new_cdp_session(page)
        await session.send("Runtime.enable")
        seen.heard = listen(page, session)
        await arrive(page, target.url, limits, seen.findings)
        wanted = {label: check.text for label, (_, check) in _labelled(asked).items() if seen.kinds[label] == "js"}
        await run_checks(page, wanted, limits.check, seen.shown)
        is_there = await answers(page, ANSWERING_S) and await _looked(page, session, target, seen)
        if not (is_there or seen.heard.has_crashed or seen.heard.is_restless or cage.watch.has_ended_it):
            seen.findings.append(_limit("go on answering; saw it busy without end", target))


async def _looked(page: Page, session: CDPSession, target: Target, seen: _Seen) -> bool:
    """Look at the page, once more where it moved on meanwhile, and return whether it let itself be looked at."""
    for _ in range(2):
        documents = seen.heard.documents
        try:
            async with asyncio.timeout(LOOKING_S):
                seen.findings += await look(page, session, target, seen.shots)
        except TimeoutError:
            return False
        except Error as error:
            if not any(sign in error.message for sign in _MOVED_ON):
                raise
            await asyncio.sleep(RESTING_S)
        if seen.heard.documents == documents or seen.heard.is_restless:
            break
    return True


def _limit(what: str, target: Target) -> Finding:
    return finding("limit", f"Expected the page to {what}.", target.short(target.url) or "index.html")


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


def _labelled(asked: Asked) -> dict[str, tuple[int, Check]]:
    return dict(zip(labels(asked), asked, strict=True))


async def _told_apart(page: Page, asked: Asked) -> dict[str, Kind]:
    """Return of which kind each check is: what the evaluator says, what is about files, what the browser can parse."""
    told = {label: _kind(check) for label, (_, check) in _labelled(asked).items()}
    open_ = {label: check.text for label, (_, check) in _labelled(asked).items() if told[label] is None}
    parsed = await page.evaluate(IS_EXPRESSION, [[expression(text), is_path(text)] for text in open_.values()])
    kinds: dict[str, Kind] = dict(zip(open_, ("js" if is_js else "prose" for is_js in parsed), strict=True))
    return {label: kind or kinds[label] for label, kind in told.items()}


def _kind(check: Check) -> Kind | None:
    """Return the kind of a check, None where only a browser can tell."""
    if check.js:
        return "js"
    if is_about_files(check.text):
        return "file"
    return "prose" if is_prose(check.text) else None


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
