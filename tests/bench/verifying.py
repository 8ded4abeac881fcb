"""What verifying finds and costs: the corpus, an independent runner beside it, and the time of one page."""

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from playwright.async_api import Browser, Error, Route, async_playwright

from orchestrator.compare.corpus import MIRROR, Case, load_defect_cases, load_good_cases
from orchestrator.core.site import Site
from orchestrator.core.task import Check
from orchestrator.verify.browser import find_browser, open_cage
from orchestrator.verify.evaluating import evaluate
from orchestrator.verify.hearing import Target
from orchestrator.verify.inspection import inspect_page
from orchestrator.verify.limits import TimeLimits
from orchestrator.verify.server import ServedSite, serve_site
from orchestrator.verify.verification import Subject, verify
from tests.bench.figures import Figure, share
from tests.corpus.cases import is_found, seen_of
from tests.corpus.forms import BODIES, PAGE, TAKEN, independent

PAIRS = 5
PATIENCE_S = 5.0
BARE = frozenset({"", "false", "undefined", "null", "0", "NaN", "not run"})
"""What a failed check may give that says nothing of the page."""


async def measure(_: Path) -> list[Figure]:
    """Look at every site of the corpus, with an independent runner beside us, and time one page."""
    found, false, same, checks, failed, telling = 0, 0, 0, 0, 0, 0
    cases = [*load_good_cases(), *load_defect_cases()]
    with serve_site(Site({}), "repo") as served:
        async with open_cage(None, served.url) as cage, async_playwright() as playwright:
            other = await playwright.chromium.launch(executable_path=find_browser(playwright, None))
            for case in cases:
                report = await seen_of(case, cage, served)
                found += bool(case.kind) and is_found(case, report)
                false += 0 if case.kind else len(report.findings)
                seen = [check.seen for check in report.checks if check.state == "failed"]
                failed += len(seen)
                telling += sum(one not in BARE for one in seen)
                if case.kind == "limit":  # nobody's verdict on a page that never rests is worth anything
                    continue
                verdicts = [check.state == "passed" for check in report.checks]
                checks += len(verdicts)
                same += sum(map(bool.__eq__, verdicts, await _independent(other, case, served)))
            forms, texts = await _forms(cage.browser)
            await other.close()
    warm, cold = await _times()
    return [
        share("defects found, of all", found, len(load_defect_cases()), least=0.98),
        Figure(name="findings on good sites", unit="", ours=[false], limit=0),
        share("verdicts as an independent runner's", same, checks),
        share("verdicts on texts of all forms, as Playwright's", forms, texts),
        share("failures that say what was there", telling, failed, least=0.95),
        Figure(name="ten checks, browser already up", unit="s", ours=warm, limit=2.5),
        Figure(name="ten checks, with a browser of their own", unit="s", ours=cold, limit=4),
    ]


async def loaded(_: Path) -> list[Figure]:
    """Look at every site of the corpus, and again while something else keeps the cores busy: the same is seen."""
    idle = await _all_seen()
    with _busy_cores():
        under_load = await _all_seen()
    others = [str(before[0]) for before, now in zip(idle, under_load, strict=True) if before != now]
    but = f", but for {', '.join(others)}" if others else ""
    return [share(f"sites seen the same with the cores busy{but}", len(idle) - len(others), len(idle))]


@contextlib.contextmanager
def _busy_cores() -> Iterator[None]:
    """Keep all cores busy with something else."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 * (os.cpu_count() or 1))]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


async def _all_seen() -> list[tuple[object, ...]]:
    """Return of each site the states of its checks, and of which kinds its findings are and where."""
    seen: list[tuple[object, ...]] = []
    with serve_site(Site({}), "repo") as served:
        async with open_cage(None, served.url) as cage:
            for case in [*load_good_cases(), *load_defect_cases()]:
                report = await seen_of(case, cage, served)
                findings = sorted((found.kind, found.where) for found in report.findings)
                seen.append((case.name, *(check.state for check in report.checks), *findings))
    return seen


async def _forms(browser: Browser) -> tuple[int, int]:
    """Return on how many texts of all forms our verdict is Playwright's own, and of how many."""
    page = await browser.new_page()
    await page.set_content(PAGE)
    session = await page.context.new_cdp_session(page)
    texts = [*TAKEN, *BODIES]
    same = 0
    for text in texts:
        outcome = await evaluate(session, text, PATIENCE_S)
        same += outcome.holds == await independent(page, text)
    await page.close()
    return same, len(texts)


async def _independent(browser: Browser, case: Case, served: ServedSite) -> list[bool]:
    """Run the checks of a case as anybody would with Playwright alone: each until it holds, five seconds at most."""
    page = await browser.new_page()

    def from_mirror(package: str) -> Path:
        name, _, rest = package.partition("/")
        return MIRROR / name.partition("@")[0] / rest

    async def library(route: Route) -> None:
        path = from_mirror(route.request.url.split("/npm/" if "/npm/" in route.request.url else ".com/", 1)[1])
        await (route.fulfill(path=path) if path.is_file() else route.fulfill(status=404))

    for pattern in ("https://cdn.jsdelivr.net/npm/**", "https://unpkg.com/**"):
        await page.route(pattern, library)
    served.site = case.site
    await page.goto(served.url)
    verdicts = []
    for text in (check.text for check in case.checks if check.js):
        until, holds = time.monotonic() + PATIENCE_S, False
        while not holds and time.monotonic() < until:
            with contextlib.suppress(Error):
                holds = await page.evaluate(f"async () => !!(await ({text}\n))")
            await asyncio.sleep(0 if holds else 0.1)
        verdicts.append(holds)
    await page.close()
    return verdicts


async def _times() -> tuple[list[float], list[float]]:
    """Return the seconds of one verification of ten checks: in a browser that is up, and from nothing."""
    case = load_good_cases()[0]
    checks = [check for check in case.checks if check.js]
    asked = [(1, Check(text=checks[number % len(checks)].text, js=True)) for number in range(10)]
    warm, cold = [], []
    for _ in range(PAIRS):
        started = time.monotonic()
        await verify(Subject(case.site, "repo", asked), TimeLimits(), partial(open_cage, None))
        cold.append(time.monotonic() - started)
    with serve_site(case.site, "repo") as served:
        async with open_cage(None, served.url) as cage:
            for _ in range(PAIRS):
                started = time.monotonic()
                await inspect_page(cage, Target(served.url, case.site.files.keys()), asked, TimeLimits())
                warm.append(time.monotonic() - started)
    return warm, cold
