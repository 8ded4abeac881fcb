"""Job `build`: Task -> Site + Report. Has the model's key and no write token."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.core.deadline import PUBLISHING_SHARE, Clock, Deadline
from orchestrator.core.errors import GitHubFailed, PagewrightError, UsageError
from orchestrator.core.report import Attempt, Build, Finding
from orchestrator.core.settings import BuildSettings, build_settings
from orchestrator.core.site import Site, blob_id, broken_rules, finished
from orchestrator.core.task import Order, Task
from orchestrator.generate.attachments import sources
from orchestrator.generate.draft import Given
from orchestrator.generate.generation import Generated, Generation, Kit, begin
from orchestrator.generate.models.presets import import_litellm
from orchestrator.generate.tried import Tried
from orchestrator.github import repository
from orchestrator.github.client import Client
from orchestrator.github.repository import Repository
from orchestrator.jobs import annotations, handover, summary
from orchestrator.jobs.intake import taken_up
from orchestrator.jobs.runner import Runner
from orchestrator.making.proving import Attempted, Ways, prove

if TYPE_CHECKING:
    from orchestrator.core.report import Report
    from orchestrator.verify.verification import Subject

VERIFYING_SHARE = 0.1
VERIFYING_S = 10.0
MOST_FOR_VERIFYING = 0.25
"""Kept for the browser: this share of the time for building, so many seconds at least, and this share at most."""

STANDING_S = 30.0
STANDING_SHARE = 1 / 3
"""Seconds that must be left to look at the published site, and the share of them that it may take."""


@dataclass(frozen=True)
class Start:
    """What a build begins with. `deadline`: when publishing must begin; `notes`: what a person should know."""

    task: Task
    found: Repository
    present: Site
    deadline: Deadline
    day: date
    notes: tuple[str, ...] = ()


async def build(env: Mapping[str, str], order: Order, out: Path, runner: Runner, clock: Clock) -> Build:
    """Build the site and hand it over in `out`, the error too. Raises PagewrightError, after it was written down."""
    for personal in ("email", "nonce", "evaluation_url"):
        runner.mask(str(order.request.get(personal) or ""))
    built = Build(id=order.id, error="Job build failed. Its log in Actions says why.")
    site: Site | None = None
    shots: Mapping[str, bytes] = {}
    failure: PagewrightError | None = None
    try:
        built, site, shots = await _built(build_settings(env), order, runner, clock)
    except PagewrightError as error:
        built, failure = built.model_copy(update={"error": str(error)[:1000], "told": error.told[:1000]}), error
    finally:
        # Also on the way out with a defect of ours: job `publish` and the reader of the run need to know.
        handover.write(out, built, site, shots)
        runner.add_summary(summary.built(order, built))
    if failure is not None:
        raise failure
    return built


async def _built(
    settings: BuildSettings, order: Order, runner: Runner, clock: Clock
) -> tuple[Build, Site | None, Mapping[str, bytes]]:
    kit = Kit.load(settings.models)
    # Importing litellm takes seconds; everything up to the first request runs meanwhile.
    warming = asyncio.create_task(asyncio.to_thread(import_litellm)) if settings.models.chain else None
    with runner.group("Read the task and the present site"):
        start = await _start(settings, order, clock)
        runner.say(f"{order.title}: {len(start.task.checks)} checks, {len(start.task.attachments)} attachments")
    if sha := start.found.answered(order.id):
        runner.notice(f"This request was already answered by {sha} in {start.found.full_name}, so nothing is built.")
        return Build(id=order.id, published=sha), None, {}
    with runner.group("Generate the site"):
        generation = await _begun(settings, kit, start, runner)
        first = await generation.site()
        _say_how(runner, generation.attempts, first)
    if warming is not None:
        await warming
    kept = await prove(first, _ways(settings, start, generation, runner), start.task.round, settings.max_attempts)
    _annotate(runner, generation, first, kept)
    for note in start.notes:
        runner.warning(note)
    return _handed_over(order.id, start, generation, kept), kept.site, kept.report.screenshots


async def _start(settings: BuildSettings, order: Order, clock: Clock) -> Start:
    intake = await taken_up(settings.actions, order, clock)
    task, client, whole = intake.task, intake.reader, intake.deadline
    found = await repository.find(client, settings.actions.owner, task.task, order.keys, intake.reserved)
    if task.round > 1 and not found.is_started:
        # Waiting for round 1 inside the group that round 1 queues behind would never end.
        raise UsageError(
            f"This is round {task.round} of a task that has no repository.", "Send round 1 of the same task first."
        )
    is_replay = found.answered(order.id) is not None
    present = await repository.download(client, found) if found.is_started and not is_replay else Site({})
    notes = () if found.exists else await _shadows(client, found)
    return Start(task, found, present, whole.earlier(PUBLISHING_SHARE * whole.remaining), intake.day, notes)


async def _shadows(client: Client, new: Repository) -> tuple[str, ...]:
    """Say where the owner's own site has something of a new repository's name: one read."""
    user_site = f"{new.owner}/{new.owner}.github.io"
    try:
        is_there = await repository.has_path(client, user_site, new.name)
    except GitHubFailed:  # a note is worth no failure
        return ()
    hides = f"{user_site} also has a `{new.name}`, which will probably hide this page."
    return (f"{hides} Rename one of the two.",) if is_there else ()


async def _begun(settings: BuildSettings, kit: Kit, start: Start, runner: Runner) -> Generation:
    private = settings.actions.allow_private_urls
    files = await sources.contents(start.task.attachments, start.deadline, allow_private=private)
    given = Given(start.task, files, start.present, start.found.record, settings.actions.allow_workflows, day=start.day)
    left = start.deadline.remaining
    thinking = start.deadline.earlier(min(max(VERIFYING_S, VERIFYING_SHARE * left), MOST_FOR_VERIFYING * left))
    return await begin(given, kit, thinking, partial(_broken, settings, start), runner.say)


def _ways(settings: BuildSettings, start: Start, generation: Generation, runner: Runner) -> Ways:
    """Return how an attempt is verified and repaired, each in a group of the log."""
    seen: dict[str, Report] = {}

    async def verify(generated: Generated) -> Attempted:
        site = finished(generated.site, settings.actions.owner, start.day.year)
        made = f"{site.digest()} {sorted(generated.proofs.items())}"
        with runner.group("Verify it in a browser"):
            if made in seen:
                runner.say("Exactly this site was opened before, so its results are used again.")
            else:
                seen[made] = await _verified(
                    settings, _subject(start, site, generated), start.deadline.remaining, runner
                )
                _say_what_was_seen(runner, seen[made])
        report = seen[made]
        if not generated.is_fallback:
            generation.note(passed=report.count("passed"), failed=report.count("failed"), findings=report.findings)
        return Attempted(generated, site, report)

    async def repair(
        made: Generated, wrong: Sequence[str], passing_over: int, tried: Sequence[Tried]
    ) -> Generated | None:
        with runner.group("Repair it"):
            before = len(generation.attempts)
            repaired = await generation.repaired(made, wrong, passing_over, tried)
            _say_how(runner, generation.attempts[before:], repaired or made)
        return repaired

    async def standing() -> Sequence[Finding]:
        with runner.group("Look at the published site"):
            return await _standing(settings, start, runner)

    return Ways(verify, repair, standing if start.present.files else None, generation.template)


async def _standing(settings: BuildSettings, start: Start, runner: Runner) -> Sequence[Finding]:
    """Return what a browser finds of the published site, opened as the new one is. Nothing where time is short."""
    left = start.deadline.remaining
    if left < STANDING_S:
        runner.say("There is no time to open the published site, so every finding counts as new.")
        return ()
    try:
        findings = (await _verified(settings, _subject(start, start.present), left * STANDING_SHARE, runner)).findings
    except PagewrightError as error:  # the new site is good without it
        runner.say(f"The published site could not be opened, so every finding counts as new: {error}")
        return ()
    runner.say(f"The published site has {len(findings)} findings. The same findings do not cause a repair.")
    return findings


def _broken(settings: BuildSettings, start: Start, site: Site) -> list[str]:
    """Return the rules that `site` would break once it is finished."""
    present = {path: blob_id(data) for path, data in start.present.files.items()}
    secrets = (*settings.models.keys.values(), settings.actions.token)
    whole = finished(site, settings.actions.owner, start.day.year)
    return broken_rules(whole, present, secrets, allow_workflows=settings.actions.allow_workflows)


def _say_how(runner: Runner, attempts: Sequence[Attempt], generated: Generated) -> None:
    for attempt in attempts:
        runner.say(f"{attempt.model}: {summary.outcome(attempt)} ({summary.spent(attempt)})")
    for refused in generated.attachments_refused:
        runner.say(f"A change was refused: {refused.sentence}.")


def _annotate(runner: Runner, generation: Generation, first: Generated, kept: Attempted) -> None:
    """Annotate the run once, from the attempt that is kept: GitHub shows few annotations, and the first ones."""
    warnings = [f"A change was refused: {refused.sentence}." for refused in generation.refused(kept.site)]
    if first.is_fallback and generation.attempts:
        last = generation.attempts[-1]
        why = f"The last attempt ({last.model}): {summary.outcome(last)}"
        warnings.insert(0, f"No model gave a usable answer, so the page was made from the template. {why}")
    elif first.is_fallback:
        runner.notice("No model is configured, so the page was made from the template. Set LLM_MODELS to use one.")
    elif kept.generated.is_fallback:
        warnings.insert(
            0, "The answer was cut off and shows less than the template's page, so the template's page is used."
        )
    for line in annotations.shortened([*warnings, *annotations.worst(kept.report.checks, kept.report.findings)]):
        runner.warning(line)
    for note in annotations.shortened(kept.report.notes):
        runner.notice(note)


def _subject(start: Start, site: Site, generated: Generated | None = None) -> "Subject":
    """Return what is opened: a new site with the checks of all rounds, or the published one with those before.

    The checks are run on both: what they do to a page may be what makes it complain.
    """
    from orchestrator.verify.verification import Subject, asked_so_far  # noqa: PLC0415

    this, asked = start.task.round, asked_so_far(start.task, start.found.record)
    if generated is None:
        return Subject(site, start.found.name, [entry for entry in asked if entry[0] < this])
    return Subject(
        site,
        start.found.name,
        asked,
        this=this,
        before=start.present,
        attachments=generated.attached,
        proofs=generated.proofs,
    )


async def _verified(settings: BuildSettings, subject: "Subject", seconds: float, runner: Runner) -> "Report":
    # Imported here: a run that has nothing to verify needs no browser.
    from orchestrator.verify.browser import opened  # noqa: PLC0415
    from orchestrator.verify.limits import Limits  # noqa: PLC0415
    from orchestrator.verify.verification import verify  # noqa: PLC0415

    def on_no_sandbox(reason: str) -> None:
        if settings.actions.is_github_hosted:  # there it works, so something on the runner is wrong
            raise UsageError(
                f"The browser cannot use its sandbox: {reason}.",
                "Use GitHub's runner without changes to its sandbox settings.",
            )
        runner.say(f"The browser runs without its sandbox: {reason}.")

    limits = Limits().within(seconds)
    opening = partial(opened, settings.browser, on_no_sandbox=on_no_sandbox)
    return await verify(subject, limits, opening, settings.cdn_mirror)


def _say_what_was_seen(runner: Runner, report: "Report") -> None:
    for line in (*map(annotations.check_line, report.checks), *map(annotations.finding_line, report.findings)):
        runner.say(line)
    for note in report.notes:
        runner.say(note)


def _handed_over(id_: str, start: Start, generation: Generation, kept: Attempted) -> Build:
    return Build(
        id=id_,
        base=start.found.head,
        built_by=kept.generated.built_by,
        fallback=kept.generated.is_fallback,
        site=kept.site.digest(),
        cost_usd=generation.cost_usd,
        checks=kept.report.checks,
        findings=kept.report.findings,
        notes=(*start.notes, *kept.report.notes),
        attempts=generation.attempts,
        attachments_changed=kept.generated.attachments_changed,
        attachments_refused=generation.refused(kept.generated.site),
    )
