"""Checks that may act on the page: each runs on a freshly loaded page, and if it is tried again, on another one."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from playwright.async_api import Error
from playwright.async_api import TimeoutError as PlaywrightTimeoutError

from orchestrator.verify.browser import Cage
from orchestrator.verify.checks import seconds_asked
from orchestrator.verify.evaluating import Outcome
from orchestrator.verify.explaining import explain
from orchestrator.verify.hearing import PageEvents, Target, fail_if_elsewhere, listen_to_page
from orchestrator.verify.limits import TimeLimits
from orchestrator.verify.opening import open_page, visit_page
from orchestrator.verify.runners import RUNS_WITH
from orchestrator.verify.running import NO_ANSWER, is_responsive, try_evaluating
from orchestrator.verify.settling import follow_requests, wait_until_settled

AT_ONCE = 3
"""Pages that are open at the same time."""

Keep = Callable[[str, Outcome, str, PageEvents], None]
"""Receives the result of a check: its label, its value, the values of its parts, and what the page reported meanwhile.
"""


@dataclass(frozen=True)
class Trials:
    """What is needed to try checks that act on the page."""

    cage: Cage
    target: Target
    limits: TimeLimits

    async def run_checks(self, wanted: Mapping[str, str], keep: Keep) -> None:
        """Run each check on a settled page. If it fails, run it once more on a page that had more time."""
        turns = asyncio.Semaphore(AT_ONCE)
        left = dict(wanted)

        async def run_check(label: str, text: str, pause: float) -> None:
            outcome, told, heard = await self._run_on_new_page(text, pause, turns)
            keep(label, outcome, told, heard)
            if outcome.holds or outcome.misformed:
                left.pop(label)

        for pause in (0.0, self.limits.check):
            await asyncio.gather(*(run_check(label, text, pause) for label, text in list(left.items())))

    async def _run_on_new_page(
        self, text: str, pause: float, turns: asyncio.Semaphore
    ) -> tuple[Outcome, str, PageEvents]:
        outcome, told, heard = Outcome(holds=False, seen=NO_ANSWER), "", PageEvents()
        with contextlib.suppress(Error, PlaywrightTimeoutError):
            async with turns, open_page(self.cage, self.target) as page:
                session = await page.context.new_cdp_session(page)
                await session.send("Runtime.enable")
                await session.send("Page.enable")
                heard, traffic = listen_to_page(page, session, self.target), follow_requests(page)
                await visit_page(page, self.target, traffic, self.limits)
                await wait_until_settled(traffic, self.limits.check)
                await asyncio.sleep(pause)
                outcome = await try_evaluating(session, text, self.limits.check + seconds_asked(text)) or outcome
                outcome = fail_if_elsewhere(outcome, heard)
                if not (outcome.holds or heard.elsewhere or text.startswith(RUNS_WITH)):
                    told = await explain(session, text)
                await is_responsive(page, self.limits.check)  # what the page said comes before this answer
        return outcome, told, heard
