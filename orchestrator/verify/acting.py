"""Checks that may act on the page: each runs on a page of its own, and is tried again only on another one."""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass

from playwright.async_api import Error
from playwright.async_api import TimeoutError as PlaywrightTimeoutError

from orchestrator.verify.browser import Cage
from orchestrator.verify.checks import seconds_asked
from orchestrator.verify.evaluating import Outcome
from orchestrator.verify.explaining import explain
from orchestrator.verify.hearing import Heard, Target, listen
from orchestrator.verify.opening import arrive, new_page
from orchestrator.verify.report import Limits
from orchestrator.verify.running import NO_ANSWER, evaluated
from orchestrator.verify.settling import follow, settle

AT_ONCE = 3
"""Pages that are open at the same time."""

Tried = tuple[Outcome, str, Heard]
"""What a check gave, what its parts gave, and what the page said meanwhile."""


@dataclass(frozen=True)
class Trials:
    """Where checks that act are tried."""

    cage: Cage
    target: Target
    limits: Limits

    async def run(self, wanted: Mapping[str, str]) -> dict[str, Tried]:
        """Run each check on a settled page, and what failed once more on one that had time to do what it does later."""
        turns = asyncio.Semaphore(AT_ONCE)

        async def run(label: str, text: str) -> tuple[str, Tried]:
            tried = await self._once(text, 0, turns)
            if not tried[0].holds and not tried[0].misformed:
                tried = await self._once(text, self.limits.check, turns)
            return label, tried

        return dict(await asyncio.gather(*(run(label, text) for label, text in wanted.items())))

    async def _once(self, text: str, pause: float, turns: asyncio.Semaphore) -> Tried:
        outcome, told, heard = Outcome(holds=False, seen=NO_ANSWER), "", Heard()
        with contextlib.suppress(Error, PlaywrightTimeoutError):
            async with turns, new_page(self.cage, self.target) as page:
                session = await page.context.new_cdp_session(page)
                await session.send("Runtime.enable")
                heard, traffic = listen(page, session), follow(page)
                await arrive(page, self.target.url, self.limits, [])
                await settle(traffic, self.limits.check)
                await asyncio.sleep(pause)
                outcome = await evaluated(session, text, self.limits.check + seconds_asked(text)) or outcome
                if not outcome.holds:
                    told = await explain(session, text)
        return outcome, told, heard
