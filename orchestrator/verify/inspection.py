"""One page in the cage: its checks, what it complained about, and how it looks."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import CDPSession, Error, Page
from playwright.async_api import TimeoutError as PlaywrightTimeoutError

from orchestrator.core.report import CheckResult, Finding, Report
from orchestrator.core.task import Check
from orchestrator.verify.acting import Trials
from orchestrator.verify.browser import Cage
from orchestrator.verify.checks import (
    Asked,
    Kind,
    Shown,
    is_path,
    is_prose,
    label_checks,
    make_verdict,
    mark_unreadable,
    seconds_asked,
    trim_expression,
)
from orchestrator.verify.evaluating import COMPILED, Outcome
from orchestrator.verify.explaining import explain
from orchestrator.verify.files import is_about_files
from orchestrator.verify.findings import limit_findings, make_finding
from orchestrator.verify.foreign import find_foreign_name
from orchestrator.verify.guarding import find_replaced_functions
from orchestrator.verify.hearing import (
    Outside,
    PageEvents,
    Target,
    fail_if_elsewhere,
    find_needed_urls,
    find_unreached_urls,
    judge_page,
    listen_to_page,
)
from orchestrator.verify.javascript import parse_javascript, used_names
from orchestrator.verify.limits import TimeLimits
from orchestrator.verify.looking import drop_unsure_layout, inspect_appearance, restore_desktop
from orchestrator.verify.opening import open_page, visit_page
from orchestrator.verify.runners import ALONE, MISSING, NAMES, find_unknown_word, needs_runner, wrap_in_runner
from orchestrator.verify.running import evaluate_checks, is_responsive, try_evaluating
from orchestrator.verify.settling import follow_requests, wait_until_settled

MAX_FINDINGS = 100
ANSWERING_S = 6.0
"""A page that does not answer for so many seconds is busy. An ordinary page answers at once, even on a busy machine."""

STOPPED = "the page does not keep running"
UNSETTLED = "the page goes from document to document by itself"
BEAT_S = 0.2
ONCE_MORE_S = 2.0
RESTING_S = 1.0

_MOVED_ON = ("context was destroyed", "navigat", "frame was detached", "Cannot find context", "Inspected target")
"""What Playwright says if a page goes to another document in the middle of a call."""


@dataclass
class _Inspected:
    """What was seen so far.

    - `has_stopped`: the page does not keep running
    - `is_cut`: the page keeps running, but there was no time to look at all of it
    """

    kinds: Mapping[str, Kind] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    shown: dict[str, Shown] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    heard: PageEvents = field(default_factory=PageEvents)
    findings: list[Finding] = field(default_factory=list)
    shots: dict[str, bytes] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    answered_at: float = -math.inf
    has_stopped: bool = False
    is_cut: bool = False

    @property
    def is_answering(self) -> bool:
        """Whether the page has answered recently."""
        return time.monotonic() - self.answered_at < ANSWERING_S

    def record_outcome(self, label: str, outcome: Outcome, told: str = "") -> None:
        """Keep what evaluating a check gave. `told`: what its parts gave."""
        if outcome.misformed:
            self.unreadable[label] = f"It does not compile as JavaScript: {outcome.misformed}"
        elif (word := find_unknown_word(outcome.seen)) and needs_runner(self.texts.get(label, ""), NAMES):
            self.unreadable[label] = (
                f"It is written for a test runner and uses `{word}`, which Pagewright does not know"
            )
        elif (name := find_foreign_name(outcome.seen)) and name in used_names(
            parse_javascript(self.texts.get(label, ""))
        ):
            self.unreadable[label] = f"It names `{name}`, which no page has"
        self.shown[label] = (outcome.holds, f"{outcome.seen}: {told}" if told else outcome.seen)


async def inspect_page(cage: Cage, target: Target, asked: Asked, limits: TimeLimits) -> Report:
    """Open a page, run its checks, and look at it; ends within `limits` on every page.

    Checks about files and in prose are not decided here: they come back `failed` and `unproved`.
    """
    seen = _Inspected()
    try:
        async with asyncio.timeout(limits.whole):
            await _open_and_inspect(cage, target, asked, limits, seen)
    except (TimeoutError, PlaywrightTimeoutError):
        if not (seen.is_answering or seen.heard.is_restless):
            seen.has_stopped = True
            seen.findings.append(_limit_finding(f"settle within {limits.whole:.0f} s; saw it still busy", target))
        else:  # it answers, so that what took long was looking at it
            seen.is_cut = True
            seen.notes.append(f"The page could not be examined completely within {limits.whole:.0f} s.")
    except Error as error:
        if not cage.watch.has_ended_it:
            seen.findings.append(make_finding("error", f"Expected the page to open; saw: {error.message}", target.url))
    if cage.watch.has_ended_it:
        seen.has_stopped = True
        seen.findings.append(_limit_finding(f"need less than {limits.bytes >> 20} MB; saw it take more", target))
    failed = cage.proxy.failed
    is_online = not failed or await cage.proxy.is_online()
    outside = Outside(failed, is_online)
    findings, notes = judge_page(seen.heard, target, outside)
    kept, more = drop_unsure_layout(seen.findings, find_unreached_urls(seen.heard, outside))
    kinds = seen.kinds or {
        label: _classify_by_text(check) or "prose" for label, (_, check) in _checks_by_label(asked).items()
    }
    verdicts = [
        make_verdict(entry, kinds[label], seen.shown.get(label)) for label, entry in _checks_by_label(asked).items()
    ]
    told = [
        _qualify_verdict(label, one, seen, outside)
        for label, one in zip(_checks_by_label(asked), verdicts, strict=True)
    ]
    return Report(
        tuple(told), tuple(limit_findings([*findings, *kept], MAX_FINDINGS)), seen.shots, (*notes, *more, *seen.notes)
    )


def _qualify_verdict(label: str, verdict: CheckResult, seen: _Inspected, outside: Outside) -> CheckResult:
    """Return the verdict, or that it has no meaning: a check that failed because a host was out of reach says nothing.

    No check holds on a page that stops running, because how far it got depends on the machine. No check holds on a page
    that never settles, because it depends on the moment which of its documents was asked.
    """
    if verdict.kind == "js" and verdict.state == "passed" and (seen.has_stopped or seen.heard.is_restless):
        why = STOPPED if seen.has_stopped else UNSETTLED
        return verdict.model_copy(update={"state": "failed", "seen": f"{why}; it gave {verdict.seen} before"})
    if verdict.kind != "js" or verdict.state != "failed":
        return verdict
    if seen.is_cut and label not in seen.shown:
        return mark_unreadable(verdict, "There was no time left to evaluate it; it says nothing about the page")
    if label in seen.unreadable:
        return mark_unreadable(verdict, seen.unreadable[label])
    hosts = sorted({urlsplit(url).hostname or "" for url in find_needed_urls(seen.heard)})
    if missing := [host for host in hosts if outside.is_unseen(host)]:
        return mark_unreadable(
            verdict, f"{', '.join(missing[:3])} could not be reached from here; it gave {verdict.seen}"
        )
    return verdict


async def _open_and_inspect(cage: Cage, target: Target, asked: Asked, limits: TimeLimits, seen: _Inspected) -> None:
    async with open_page(cage, target) as page:
        seen.kinds = await _classify_checks(page, asked)
        wanted = {
            label: check.text for label, (_, check) in _checks_by_label(asked).items() if seen.kinds[label] == "js"
        }
        seen.texts = wanted  # a page may throw what we throw: it is believed where the check itself says so
        session = await page.context.new_cdp_session(page)
        await session.send("Runtime.enable")
        await session.send("Page.enable")
        seen.heard, traffic = listen_to_page(page, session, target), follow_requests(page)
        seen.findings += await visit_page(page, target, traffic, limits)
        async with _watch_heartbeat(page, seen):
            await wait_until_settled(traffic, limits.check)
            is_there = await _run_checks_and_look(page, session, Trials(cage, target, limits), wanted, seen)
        seen.has_stopped = seen.heard.has_crashed or not (is_there or seen.heard.is_restless)
        if seen.has_stopped and not (seen.heard.has_crashed or cage.watch.has_ended_it):
            seen.findings.append(_limit_finding("keep answering; saw it busy all the time", target))


async def _run_checks_and_look(
    page: Page, session: CDPSession, trials: Trials, wanted: Mapping[str, str], seen: _Inspected
) -> bool:
    """Run the checks on a settled page and look at it; return whether it answered to the end."""
    missing = (
        await _find_missing_names(session)
        if any(needs_runner(text, NAMES) for text in wanted.values())
        else frozenset()
    )
    acting = {label: wrap_in_runner(text) for label, text in wanted.items() if needs_runner(text, missing)}
    plain = {label: wanted[label] for label in wanted if label not in acting}
    outcomes = await evaluate_checks(session, plain, trials.limits.check)
    acting |= {label: plain[label] for label, outcome in outcomes.items() if outcome.acts}
    for label in outcomes.keys() - acting.keys():
        seen.record_outcome(label, fail_if_elsewhere(outcomes[label], seen.heard))
    seen.findings += await find_replaced_functions(session, ANSWERING_S)
    if not await is_responsive(page, ANSWERING_S):
        return False
    seen.answered_at = time.monotonic()
    await _try_acting(trials, acting, seen)
    if not await _try_inspecting_appearance(page, session, trials.target, seen):
        return False
    await _retry_failed_checks(page, session, {label: wanted[label] for label in wanted.keys() - acting.keys()}, seen)
    return True


@asynccontextmanager
async def _watch_heartbeat(page: Page, seen: _Inspected) -> AsyncIterator[None]:
    """Keep asking whether the page still answers: however long looking takes, only that is the page's."""

    async def listen_to_it() -> None:
        while True:
            if await is_responsive(page, ANSWERING_S):
                seen.answered_at = time.monotonic()
            await asyncio.sleep(BEAT_S)

    heart = asyncio.create_task(listen_to_it())
    try:
        yield
    finally:
        heart.cancel()
        await asyncio.gather(heart, return_exceptions=True)


async def _find_missing_names(session: CDPSession) -> frozenset[str]:
    """Return the names of test runners that the page does not have itself, or that are not for a page to have."""
    answer = await session.send("Runtime.evaluate", {"expression": MISSING, "returnByValue": True})
    return ALONE | {str(name) for name in answer["result"].get("value", [])}


async def _try_acting(trials: Trials, acting: Mapping[str, str], seen: _Inspected) -> None:
    """Run the checks that may act on the page, each on a page of its own."""

    def keep(label: str, outcome: Outcome, told: str, heard: PageEvents) -> None:
        seen.record_outcome(label, outcome, told)
        seen.heard.join(heard)

    await trials.run_checks(acting, keep)


async def _retry_failed_checks(page: Page, session: CDPSession, wanted: Mapping[str, str], seen: _Inspected) -> None:
    """Run the failed checks once more, and say what the page has instead."""
    failed = [label for label in wanted if not seen.shown[label][0] and label not in seen.unreadable]
    if failed:
        await restore_desktop(page, session)
    for label in failed:
        last = await try_evaluating(session, wanted[label], ONCE_MORE_S + seconds_asked(wanted[label]), harmless=True)
        outcome = fail_if_elsewhere(last or Outcome(*seen.shown[label]), seen.heard)
        is_told = outcome.holds or bool(seen.heard.elsewhere)
        seen.record_outcome(label, outcome, "" if is_told else await explain(session, wanted[label]))


async def _try_inspecting_appearance(page: Page, session: CDPSession, target: Target, seen: _Inspected) -> bool:
    """Look at the page, once more if it went to another document meanwhile; return whether that was possible.

    This continues as long as the page answers.
    """
    for _ in range(2):
        documents = seen.heard.documents
        try:
            if not await _collect_while_answering(inspect_appearance(page, session, target, seen.shots), seen):
                return False
        except Error as error:
            if not any(sign in error.message for sign in _MOVED_ON):
                raise
            await asyncio.sleep(RESTING_S)
        if seen.heard.documents == documents or seen.heard.is_restless:
            break
    return True


async def _collect_while_answering(looking: Coroutine[Any, Any, list[Finding]], seen: _Inspected) -> bool:
    """Keep what `looking` finds; give up and return False if the page stops answering."""
    task = asyncio.create_task(looking)
    try:
        while not task.done():
            if not seen.is_answering:
                return False
            await asyncio.wait([task], timeout=BEAT_S)
        seen.findings += task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return True


def _limit_finding(what: str, target: Target) -> Finding:
    return make_finding("limit", f"Expected the page to {what}.", target.shorten_urls(target.url) or "index.html")


def _checks_by_label(asked: Asked) -> dict[str, tuple[int, Check]]:
    return dict(zip(label_checks(asked), asked, strict=True))


async def _classify_checks(page: Page, asked: Asked) -> dict[str, Kind]:
    """Return of which kind each check is: what the evaluator says, what is about files, what the browser can parse."""
    told = {label: _classify_by_text(check) for label, (_, check) in _checks_by_label(asked).items()}
    open_ = {label: check.text for label, (_, check) in _checks_by_label(asked).items() if told[label] is None}
    parsed = await page.evaluate(COMPILED, [[trim_expression(text), is_path(text)] for text in open_.values()])
    kinds: dict[str, Kind] = dict(zip(open_, ("js" if is_js else "prose" for is_js in parsed), strict=True))
    return {label: kind or kinds[label] for label, kind in told.items()}


def _classify_by_text(check: Check) -> Kind | None:
    """Return the kind of a check, None if only a browser can tell."""
    if check.js:
        return "js"
    if is_about_files(check.text):
        return "file"
    return "prose" if is_prose(check.text) else None
