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
    expression,
    is_path,
    is_prose,
    labels,
    result,
    seconds_asked,
    unreadable,
)
from orchestrator.verify.evaluating import COMPILED, Outcome
from orchestrator.verify.explaining import explain
from orchestrator.verify.files import is_about_files
from orchestrator.verify.findings import finding, first_of
from orchestrator.verify.foreign import name_no_page_has
from orchestrator.verify.guarding import replaced
from orchestrator.verify.hearing import Outside, PageEvents, Target, at_home, judged, listen, needed, unreached
from orchestrator.verify.javascript import names_in, tree
from orchestrator.verify.limits import TimeLimits
from orchestrator.verify.looking import as_laid_out, look, restore
from orchestrator.verify.opening import arrive, new_page
from orchestrator.verify.runners import ALONE, MISSING, NAMES, needs_runner, with_runner, word_unknown
from orchestrator.verify.running import answers, evaluated, read_checks
from orchestrator.verify.settling import follow, settle

MAX_FINDINGS = 100
ANSWERING_S = 6.0
"""A page that says nothing for so long is busy. An ordinary one answers at once, on a machine under load too."""

STOPPED = "the page does not go on running"
UNSETTLED = "the page goes from document to document by itself"
BEAT_S = 0.2
ONCE_MORE_S = 2.0
RESTING_S = 1.0

_MOVED_ON = ("context was destroyed", "navigat", "frame was detached", "Cannot find context", "Inspected target")
"""What Playwright says where a page went to another document in the middle of something."""


@dataclass
class _Inspected:
    """What was seen so far.

    `has_stopped`: the page does not go on running; `is_cut`: it does, and there was no time left to look at all of it.
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
        """Whether the page answered lately."""
        return time.monotonic() - self.answered_at < ANSWERING_S

    def take(self, label: str, outcome: Outcome, told: str = "") -> None:
        """Keep what evaluating a check gave. `told`: what its parts gave."""
        if outcome.misformed:
            self.unreadable[label] = f"It does not compile as JavaScript: {outcome.misformed}"
        elif (word := word_unknown(outcome.seen)) and needs_runner(self.texts.get(label, ""), NAMES):
            self.unreadable[label] = (
                f"It is in the language of a test runner and uses `{word}`, which is not known here"
            )
        elif (name := name_no_page_has(outcome.seen)) and name in names_in(tree(self.texts.get(label, ""))):
            self.unreadable[label] = f"It names `{name}`, which no page has"
        self.shown[label] = (outcome.holds, f"{outcome.seen}: {told}" if told else outcome.seen)


async def inspect(cage: Cage, target: Target, asked: Asked, limits: TimeLimits) -> Report:
    """Open a page, run its checks, and look at it; ends within `limits` on every page.

    Checks about files, and in prose, are left for others: they come back `failed` and `unproved`.
    """
    seen = _Inspected()
    try:
        async with asyncio.timeout(limits.whole):
            await _look_at(cage, target, asked, limits, seen)
    except (TimeoutError, PlaywrightTimeoutError):
        if not (seen.is_answering or seen.heard.is_restless):
            seen.has_stopped = True
            seen.findings.append(_limit(f"come to rest within {limits.whole:.0f} s; saw it still busy", target))
        else:  # it answers, so that what took long was looking at it
            seen.is_cut = True
            seen.notes.append(f"Not all of the page was looked at within {limits.whole:.0f} s.")
    except Error as error:
        if not cage.watch.has_ended_it:
            seen.findings.append(finding("error", f"Expected the page to open; saw: {error.message}", target.url))
    if cage.watch.has_ended_it:
        seen.has_stopped = True
        seen.findings.append(_limit(f"need less than {limits.bytes >> 20} MB; saw it take more", target))
    failed = cage.proxy.failed
    is_online = not failed or await cage.proxy.is_online()
    outside = Outside(failed, is_online)
    findings, notes = judged(seen.heard, target, outside)
    kept, more = as_laid_out(seen.findings, unreached(seen.heard, outside))
    kinds = seen.kinds or {label: _kind(check) or "prose" for label, (_, check) in _labelled(asked).items()}
    verdicts = [result(entry, kinds[label], seen.shown.get(label)) for label, entry in _labelled(asked).items()]
    told = [_readable(label, one, seen, outside) for label, one in zip(_labelled(asked), verdicts, strict=True)]
    return Report(
        tuple(told), tuple(first_of([*findings, *kept], MAX_FINDINGS)), seen.shots, (*notes, *more, *seen.notes)
    )


def _readable(label: str, verdict: CheckResult, seen: _Inspected, outside: Outside) -> CheckResult:
    """Return the verdict, or that it cannot be given: a check that failed for want of another host says nothing.

    On a page that stops running no check holds: how far it came before that depends on the machine. Nor does one hold
    on a page that never comes to rest: which of its documents was asked depends on the moment.
    """
    if verdict.kind == "js" and verdict.state == "passed" and (seen.has_stopped or seen.heard.is_restless):
        why = STOPPED if seen.has_stopped else UNSETTLED
        return verdict.model_copy(update={"state": "failed", "seen": f"{why}; it gave {verdict.seen} before"})
    if verdict.kind != "js" or verdict.state != "failed":
        return verdict
    if seen.is_cut and label not in seen.shown:
        return unreadable(verdict, "There was no time left to evaluate it; it says nothing of the page")
    if label in seen.unreadable:
        return unreadable(verdict, seen.unreadable[label])
    hosts = sorted({urlsplit(url).hostname or "" for url in needed(seen.heard)})
    if missing := [host for host in hosts if outside.is_unseen(host)]:
        return unreadable(verdict, f"{', '.join(missing[:3])} could not be reached from here; it gave {verdict.seen}")
    return verdict


async def _look_at(cage: Cage, target: Target, asked: Asked, limits: TimeLimits, seen: _Inspected) -> None:
    async with new_page(cage, target) as page:
        seen.kinds = await _told_apart(page, asked)
        wanted = {label: check.text for label, (_, check) in _labelled(asked).items() if seen.kinds[label] == "js"}
        seen.texts = wanted  # a page may throw what we throw: it is believed where the check itself says so
        session = await page.context.new_cdp_session(page)
        await session.send("Runtime.enable")
        await session.send("Page.enable")
        seen.heard, traffic = listen(page, session, target), follow(page)
        seen.findings += await arrive(page, target, traffic, limits)
        async with _heartbeat(page, seen):
            await settle(traffic, limits.check)
            is_there = await _checked(page, session, Trials(cage, target, limits), wanted, seen)
        seen.has_stopped = seen.heard.has_crashed or not (is_there or seen.heard.is_restless)
        if seen.has_stopped and not (seen.heard.has_crashed or cage.watch.has_ended_it):
            seen.findings.append(_limit("go on answering; saw it busy without end", target))


async def _checked(
    page: Page, session: CDPSession, trials: Trials, wanted: Mapping[str, str], seen: _Inspected
) -> bool:
    """Run the checks on a settled page and look at it; return whether it answered to the end."""
    missing = await _missing(session) if any(needs_runner(text, NAMES) for text in wanted.values()) else frozenset()
    acting = {label: with_runner(text) for label, text in wanted.items() if needs_runner(text, missing)}
    plain = {label: wanted[label] for label in wanted if label not in acting}
    outcomes = await read_checks(session, plain, trials.limits.check)
    acting |= {label: plain[label] for label, outcome in outcomes.items() if outcome.acts}
    for label in outcomes.keys() - acting.keys():
        seen.take(label, at_home(outcomes[label], seen.heard))
    seen.findings += await replaced(session, ANSWERING_S)
    if not await answers(page, ANSWERING_S):
        return False
    seen.answered_at = time.monotonic()
    await _try_acting(trials, acting, seen)
    if not await _looked(page, session, trials.target, seen):
        return False
    await _look_again(page, session, {label: wanted[label] for label in wanted.keys() - acting.keys()}, seen)
    return True


@asynccontextmanager
async def _heartbeat(page: Page, seen: _Inspected) -> AsyncIterator[None]:
    """Keep asking whether the page still answers: however long looking takes, only that is the page's."""

    async def listen_to_it() -> None:
        while True:
            if await answers(page, ANSWERING_S):
                seen.answered_at = time.monotonic()
            await asyncio.sleep(BEAT_S)

    heart = asyncio.create_task(listen_to_it())
    try:
        yield
    finally:
        heart.cancel()
        await asyncio.gather(heart, return_exceptions=True)


async def _missing(session: CDPSession) -> frozenset[str]:
    """Return the names of test runners that the page does not have itself, or that are not for a page to have."""
    answer = await session.send("Runtime.evaluate", {"expression": MISSING, "returnByValue": True})
    return ALONE | {str(name) for name in answer["result"].get("value", [])}


async def _try_acting(trials: Trials, acting: Mapping[str, str], seen: _Inspected) -> None:
    """Run the checks that may act on the page, each on a page of its own."""

    def keep(label: str, outcome: Outcome, told: str, heard: PageEvents) -> None:
        seen.take(label, outcome, told)
        seen.heard.join(heard)

    await trials.run(acting, keep)


async def _look_again(page: Page, session: CDPSession, wanted: Mapping[str, str], seen: _Inspected) -> None:
    """Look at what failed once more, and say what was there."""
    failed = [label for label in wanted if not seen.shown[label][0] and label not in seen.unreadable]
    if failed:
        await restore(page, session)
    for label in failed:
        last = await evaluated(session, wanted[label], ONCE_MORE_S + seconds_asked(wanted[label]), harmless=True)
        outcome = at_home(last or Outcome(*seen.shown[label]), seen.heard)
        is_told = outcome.holds or bool(seen.heard.elsewhere)
        seen.take(label, outcome, "" if is_told else await explain(session, wanted[label]))


async def _looked(page: Page, session: CDPSession, target: Target, seen: _Inspected) -> bool:
    """Look at the page, once more where it moved on meanwhile, and return whether it let itself be looked at.

    However long looking takes, it goes on as long as the page answers.
    """
    for _ in range(2):
        documents = seen.heard.documents
        try:
            if not await _while_answering(look(page, session, target, seen.shots), seen):
                return False
        except Error as error:
            if not any(sign in error.message for sign in _MOVED_ON):
                raise
            await asyncio.sleep(RESTING_S)
        if seen.heard.documents == documents or seen.heard.is_restless:
            break
    return True


async def _while_answering(looking: Coroutine[Any, Any, list[Finding]], seen: _Inspected) -> bool:
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


def _limit(what: str, target: Target) -> Finding:
    return finding("limit", f"Expected the page to {what}.", target.short(target.url) or "index.html")


def _labelled(asked: Asked) -> dict[str, tuple[int, Check]]:
    return dict(zip(labels(asked), asked, strict=True))


async def _told_apart(page: Page, asked: Asked) -> dict[str, Kind]:
    """Return of which kind each check is: what the evaluator says, what is about files, what the browser can parse."""
    told = {label: _kind(check) for label, (_, check) in _labelled(asked).items()}
    open_ = {label: check.text for label, (_, check) in _labelled(asked).items() if told[label] is None}
    parsed = await page.evaluate(COMPILED, [[expression(text), is_path(text)] for text in open_.values()])
    kinds: dict[str, Kind] = dict(zip(open_, ("js" if is_js else "prose" for is_js in parsed), strict=True))
    return {label: kind or kinds[label] for label, kind in told.items()}


def _kind(check: Check) -> Kind | None:
    """Return the kind of a check, None if only a browser can tell."""
    if check.js:
        return "js"
    if is_about_files(check.text):
        return "file"
    return "prose" if is_prose(check.text) else None
