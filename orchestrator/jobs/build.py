"""Job `build`: Task -> Site + Report. Has the model's key and no write token."""

import asyncio
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from orchestrator.core.deadline import PUBLISHING_SHARE, Clock, Deadline
from orchestrator.core.errors import GitHubFailed, PagewrightError, UsageError
from orchestrator.core.events import BuiltEvent, Emit, NoteEvent, ReadEvent, emit_group
from orchestrator.core.order import Order
from orchestrator.core.report import Build
from orchestrator.core.scaffold import is_ours, select_sources
from orchestrator.core.sentences import describe_outcome
from orchestrator.core.settings import BuildSettings, JobConfig
from orchestrator.core.site import Site
from orchestrator.core.task import Task
from orchestrator.frameworks.choice import choose_framework
from orchestrator.generate.attachments import sources
from orchestrator.generate.draft import Material
from orchestrator.generate.generation import Kit
from orchestrator.generate.models.presets import import_litellm
from orchestrator.github import repository
from orchestrator.github.client import Client
from orchestrator.github.repository import Repository
from orchestrator.jobs import annotations, handover, summary
from orchestrator.jobs.intake import take_up_task
from orchestrator.jobs.runner import Runner
from orchestrator.jobs.telling import Teller, create_teller
from orchestrator.making.make import Assignment, MakingResult, MakingTools, make_site


@dataclass(frozen=True)
class BuildStart:
    """What a build begins with.

    - `deadline`: when publishing must begin
    - `notes`: what a person should know
    """

    task: Task
    found: Repository
    present: Site
    deadline: Deadline
    day: date
    notes: tuple[str, ...] = ()


async def build(config: JobConfig[BuildSettings], order: Order, out: Path, runner: Runner, clock: Clock) -> Build:
    """Build the site and write it, or the error, to `out`. Raises PagewrightError after that."""
    tells = create_teller(config, order, runner, "build", out)
    built = Build(id=order.id, error="Job build failed. Its log in Actions says why.")
    made: MakingResult | None = None
    failure: PagewrightError | None = None
    try:
        built, made = await _build_site(config.settings(), order, tells, clock)
    except PagewrightError as error:
        built, failure = built.model_copy(update={"error": str(error)[:1000], "told": error.told[:1000]}), error
    finally:
        # Also on the way out with a defect of ours: job `publish` and the reader of the run need to know.
        site, shots = (made.kept.site, made.kept.report.screenshots) if made else (None, {})
        handover.write_build_output(out, built, site, shots)
        tells.emit(BuiltEvent(built_by=built.built_by, digest=built.site, cost_usd=built.cost_usd, error=built.error))
        runner.add_summary(summary.render_build_summary(order, built))
    if failure is not None:
        tells.fail(failure, "build")
        raise failure
    return built


async def _build_site(
    settings: BuildSettings, order: Order, tells: Teller, clock: Clock
) -> tuple[Build, MakingResult | None]:
    tells.hide(*_secrets(settings))
    kit = Kit.load(settings.models)
    # Importing litellm takes seconds; everything up to the first request runs meanwhile.
    warming = asyncio.create_task(asyncio.to_thread(import_litellm)) if settings.models.chain else None
    with emit_group(tells.emit, "Read the task and the present site"):
        start = await _prepare_build(settings, order, clock)
        tells.emit(NoteEvent(text=order.title))
        tells.emit(_make_read_event(start))
    if sha := start.found.answering_commit(order.id):
        where = f"{sha} in {start.found.full_name}"
        tells.emit(
            NoteEvent(text=f"This request was already answered by {where}, so nothing is built.", level="notice")
        )
        return Build(id=order.id, published=sha), None
    assignment = await _prepare_assignment(settings, start)
    made = await make_site(assignment, _assemble_means(settings, kit, tells), start.deadline, tells.emit)
    if warming is not None:
        await warming
    _annotate(tells.emit, made)
    for note in start.notes:
        tells.emit(NoteEvent(text=note, level="warning"))
    return _assemble_build(order.id, start, made), made


def _secrets(settings: BuildSettings) -> tuple[str, ...]:
    return *settings.models.keys.values(), settings.actions.token


def _make_read_event(start: BuildStart) -> ReadEvent:
    task = start.task
    return ReadEvent(
        checks=len(task.checks),
        attachments=len(task.attachments),
        files=len(start.present.files),
        base=start.found.head,
    )


async def _prepare_build(settings: BuildSettings, order: Order, clock: Clock) -> BuildStart:
    intake = await take_up_task(settings.actions, order, clock)
    task, client, whole = intake.task, intake.reader, intake.deadline
    found = await repository.find_repository(client, settings.actions.owner, task.task, order.keys, intake.reserved)
    if task.round > 1 and not found.is_started:
        # Waiting for round 1 inside the group that round 1 queues behind would never end.
        raise UsageError(
            f"This is round {task.round} of a task that has no repository.", "Send round 1 of the same task first."
        )
    is_replay = found.answering_commit(order.id) is not None
    present = await repository.download_site(client, found) if found.is_started and not is_replay else Site({})
    notes = () if found.exists else await _check_shadowing(client, found)
    return BuildStart(task, found, present, whole.earlier_by(PUBLISHING_SHARE * whole.remaining), intake.day, notes)


async def _check_shadowing(client: Client, new: Repository) -> tuple[str, ...]:
    """Warn if the owner's own site has a file or folder with the name of the new repository: one read."""
    user_site = f"{new.owner}/{new.owner}.github.io"
    try:
        is_there = await repository.has_path(client, user_site, new.name)
    except GitHubFailed:  # a note is worth no failure
        return ()
    hides = f"{user_site} also has a `{new.name}`, which will probably hide this page."
    return (f"{hides} Rename one of the two.",) if is_there else ()


async def _prepare_assignment(settings: BuildSettings, start: BuildStart) -> Assignment:
    private = settings.actions.allow_private_urls
    files = await sources.fetch_contents(start.task.attachments, start.deadline, allow_private=private)
    record, present = start.found.record, start.present
    framework = choose_framework(start.task, record)
    if taken := [name for name in files if is_ours(name, framework)]:
        raise UsageError(
            f"The attachment {taken[0]} has the name of a file that a {framework} app is built with.",
            "Give it another name, or ask for the framework vanilla.",
        )
    # What is made from sources is neither shown to a model nor changed by one.
    sources_alone = Site(select_sources(present.files, (record and record.framework) or "vanilla"))
    given = Material(start.task, files, sources_alone, record, settings.actions.allow_workflows, day=start.day)
    given = replace(given, framework=framework)
    return Assignment(given, start.found.name, settings.actions.owner, start.day.year, present)


def _assemble_means(settings: BuildSettings, kit: Kit, tells: Teller) -> MakingTools:
    def on_no_sandbox(reason: str) -> None:
        if settings.actions.is_github_hosted:  # there it works, so something on the runner is wrong
            raise UsageError(
                f"The browser cannot use its sandbox: {reason}.",
                "Use GitHub's runner without changes to its sandbox settings.",
            )

    return MakingTools(
        kit=kit,
        max_attempts=settings.max_attempts,
        browser=settings.browser,
        cdn_mirror=settings.cdn_mirror,
        secrets=_secrets(settings),
        on_no_sandbox=on_no_sandbox,
        keep=tells.keep,
        cache=settings.cache,
    )


def _annotate(emit: Emit, made: MakingResult) -> None:
    """Annotate the run once, from the attempt that is kept, because GitHub shows only the first few annotations."""
    first, kept, generation = made.first, made.kept, made.generation
    warnings = [f"A change was refused: {refused.sentence}." for refused in generation.refused_changes(kept.site)]
    if first.is_fallback and generation.attempts:
        last = generation.attempts[-1]
        why = f"The last attempt ({last.model}): {describe_outcome(last)}"
        warnings.insert(0, f"No model gave a usable answer, so the page was made from the template. {why}")
    elif first.is_fallback:
        text = "No model is configured, so the page was made from the template. Set LLM_MODELS to use one."
        emit(NoteEvent(text=text, level="notice"))
    elif kept.generated.is_fallback:
        why = "was cut off and shows less than the template's page" if first.is_cut_off else "could not be bundled"
        warnings.insert(0, f"The answer {why}, so the template's page is used.")
    for line in annotations.limit_lines(
        [*warnings, *annotations.describe_worst_first(kept.report.checks, kept.report.findings)]
    ):
        emit(NoteEvent(text=line, level="warning"))
    for note in annotations.limit_lines(kept.report.notes):
        emit(NoteEvent(text=note, level="notice"))


def _assemble_build(id_: str, start: BuildStart, made: MakingResult) -> Build:
    kept, generation = made.kept, made.generation
    return Build(
        id=id_,
        base=start.found.head,
        built_by=kept.generated.built_by,
        fallback=kept.generated.is_fallback,
        framework=kept.framework,
        site=kept.site.digest(),
        cost_usd=generation.cost_usd,
        checks=kept.report.checks,
        findings=kept.report.findings,
        notes=(*start.notes, *kept.report.notes),
        attempts=generation.attempts,
        attachments_changed=kept.generated.attachments_changed,
        attachments_refused=generation.refused_changes(kept.generated.site),
    )
