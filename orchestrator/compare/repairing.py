"""How well a model repairs: it gets sites with one defect each, and what a browser saw, and answers with edits."""

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from orchestrator.compare.corpus import MIRROR, Case
from orchestrator.core.deadline import Clock, Deadline
from orchestrator.core.site import Site, broken_rules
from orchestrator.core.task import Task
from orchestrator.evaluator.records import SiteRepair
from orchestrator.generate.draft import Material
from orchestrator.generate.generation import GeneratedSite, Generation, Kit, begin_generation
from orchestrator.making.proving import ProvedAttempt, ProvingTools, prove
from orchestrator.verify.browser import open_cage
from orchestrator.verify.limits import TimeLimits
from orchestrator.verify.verification import Subject, verify

AT_ONCE = 2
REPAIRING_S = 240
LIMITS = TimeLimits(load=10, check=2, whole=30)


async def repair_sites(
    cases: Sequence[Case], kit: Kit, browser: Path | None, done: Callable[[SiteRepair], None]
) -> list[SiteRepair]:
    """Have the models of `kit` repair every site, some at once; each is tried once. `done` is told of each."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def repair_in_turn(case: Case) -> SiteRepair:
        async with turns:
            repair = await repair_site(case, kit, browser, most=2)
            done(repair)
            return repair

    return list(await asyncio.gather(*map(repair_in_turn, cases)))


async def repair_site(case: Case, kit: Kit, browser: Path | None, most: int) -> SiteRepair:
    """Have the models of `kit` repair one site, in at most `most` - 1 repairs, and look whether the defect is gone."""
    started = time.monotonic()
    task = Task(task=case.name, round=1, nonce="-", brief=case.brief, checks=case.checks)
    deadline = Deadline(time.time() + REPAIRING_S, Clock())
    generation = await begin_generation(
        Material(task, case.attachments, Site({}), None), kit, deadline, lambda site: broken_rules(site, {})
    )
    first = GeneratedSite(case.site, kit.models.chain[0])
    kept = await prove(first, _ways(generation, case, browser), this=1, most=most)
    attempts = generation.attempts
    return SiteRepair(
        case=case.name,
        kind=case.kind,
        is_repaired=not kept.report.findings and not kept.report.count("failed"),
        tokens_in=sum(attempt.tokens_in for attempt in attempts),
        tokens_out=sum(attempt.tokens_out for attempt in attempts),
        cost_usd=generation.cost_usd,
        seconds=time.monotonic() - started,
    )


def _ways(generation: Generation, case: Case, browser: Path | None) -> ProvingTools:
    async def verify_generated(made: GeneratedSite) -> ProvedAttempt:
        asked = [(1, check) for check in case.checks]
        subject = Subject(made.site, "repo", asked, attachments=case.attachments, proofs=made.proofs)
        report = await verify(subject, LIMITS, partial(open_cage, browser), MIRROR)
        return ProvedAttempt(made, made.site, report)

    return ProvingTools(verify_generated, generation.ask_for_repair, template=generation.template_site)
