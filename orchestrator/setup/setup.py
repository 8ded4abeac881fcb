"""`pagewright setup`: puts a pipeline on GitHub, a line for each thing done. Nothing leaves this machine unasked."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.core.deadline import Clock, Deadline
from orchestrator.core.errors import GitHubFailed, UsageError
from orchestrator.core.settings import SetupSettings, setup_settings
from orchestrator.doctor.finding import Finding, failure, lines, ok, warning
from orchestrator.doctor.names import translated, unfit
from orchestrator.generate.models.presets import load
from orchestrator.github.client import Client, Refused, Unsure
from orchestrator.github.refusals import Reason
from orchestrator.setup import pipeline as pipelines
from orchestrator.setup.keeping import keep_task_key
from orchestrator.setup.pipeline import Pipeline
from orchestrator.setup.pushing import Clone, Remote, clone_at, packed, push
from orchestrator.setup.wanted import WORKFLOW, Wanted, keyless, unused, wanted
from receiver.settings import TASK_KEY_FORM, is_task_key

CHECKOUT = Path(__file__).parents[2]
LIMIT_S = 3600.0
"""Whoever is asked may take their time; the calls between the questions have limits of their own."""

NEEDS = "Actions: read; Administration, Contents, Environments, Secrets, Variables and Workflows: read and write"

Ask = Callable[[str], bool]
"""Puts a question to whoever runs the command; anything but a yes is a no."""


@dataclass(frozen=True)
class Here:
    """What setup works with. `checkout`: the clone; `dotenv`: what the receiver reads; `task_key`: may be empty."""

    checkout: Path
    dotenv: Path
    env: Mapping[str, str] = field(repr=False)
    task_key: str = field(repr=False)


def run_setup(
    env: Mapping[str, str], ask: Ask, clock: Clock, checkout: Path = CHECKOUT, dotenv: Path = Path(".env")
) -> int:
    """Set everything up; return 0 once a task could start. Raises UsageError."""
    known = translated(env)
    settings = setup_settings(known)
    if problem := unfit(settings.api_url):
        raise UsageError(f"{problem.said}.", f"{problem.remedy}.")
    here = Here(checkout, dotenv, env, known.get("TASK_KEY", ""))
    if here.task_key and not is_task_key(here.task_key):
        raise UsageError(f"TASK_KEY {TASK_KEY_FORM}.", "Copy it once more from where it was made.")
    workflow = checkout / WORKFLOW
    if not workflow.is_file():
        raise UsageError("There is no workflow to set up.", "Run this command from a clone of the project.")
    asked = wanted(workflow.read_text(encoding="utf-8"), known)
    notes = [
        *(warning(f"{name} is no secret that {WORKFLOW} asks for", "Add it there") for name in unused(known, asked)),
        *(warning(f"Model {name} has no key among the secrets", "Set it") for name in keyless(asked, load())),
    ]
    client = Client(settings.api_url, settings.token, Deadline(clock.now() + LIMIT_S, clock))
    return asyncio.run(_said(notes, _steps(client, settings, asked, here, ask)))


async def _said(notes: Iterable[Finding], findings: AsyncIterator[Finding]) -> int:
    # Stopped from outside it puts back the ruleset first, as it does after Ctrl-C.
    task = asyncio.current_task()
    assert task  # noqa: S101 - asyncio.run made it
    for name in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(name, task.cancel)
    is_complete = True
    sys.stdout.write(lines(notes))
    async for finding in findings:
        sys.stdout.write(lines([finding]))
        sys.stdout.flush()
        is_complete = is_complete and finding.level != "failure"
    return 0 if is_complete else GitHubFailed.exit_code


async def _steps(
    client: Client, settings: SetupSettings, asked: Wanted, here: Here, ask: Ask
) -> AsyncIterator[Finding]:
    clone = await clone_at(here.checkout, here.env)
    try:
        pipeline = await pipelines.found(client, settings.pipeline)
        if pipeline is None:
            if not ask(f"{settings.pipeline} does not exist, or SETUP_TOKEN does not see it. Make it, public?"):
                yield failure("There is no repository for the pipeline", "Make one, or set PIPELINE_REPOSITORY")
                return
            pipeline = await pipelines.made(client, settings.pipeline)
            yield ok(f"{pipeline.full_name} was made, public")
        yield await _pushed(pipeline, clone, settings, here.env, ask)
        async for finding in _kept(pipeline, asked, ask):
            yield finding
        yield await _protected(pipeline)
    except GitHubFailed as error:
        yield failure(error.cause, f"{_remedy(error)} Then run this again: what was done stays")
        return
    yield ok("TASK_KEY is there already") if here.task_key else keep_task_key(here.dotenv)
    yield ok("Next: start the receiver, and let `pagewright doctor` look at it all. SETUP_TOKEN can be thrown away")


def _remedy(error: GitHubFailed) -> str:
    match error:
        case Refused(status=401):
            return "Renew SETUP_TOKEN."
        case Refused(status=403) if error.reason not in (Reason.PERMISSION, Reason.UNKNOWN):
            return error.reason.remedy.replace("TARGET_TOKEN", "SETUP_TOKEN")
        case Refused(status=403 | 404):
            return f"Give SETUP_TOKEN {NEEDS}."
        case Refused():
            return "See what GitHub says."
        case Unsure():
            return "See https://www.githubstatus.com."
        case _:
            return error.remedy


async def _pushed(
    pipeline: Pipeline, clone: Clone, settings: SetupSettings, env: Mapping[str, str], ask: Ask
) -> Finding:
    branch = pipeline.branch
    remote = Remote(f"{settings.server_url}/{pipeline.full_name}", branch, pipeline.head, settings.token)
    parcel = await packed(clone, remote, env)
    named = f"{clone.head[:12]} “{clone.subject}”"
    if parcel.left_out:
        named += f" without {' and '.join(path.rpartition('/')[2] for path in parcel.left_out)}"
    if parcel.is_there:
        return ok(f"{branch} is {named} there already")
    beside = " What is not committed here stays here." if clone.is_dirty else ""
    if not ask(f"Push {named} to {branch} of {pipeline.full_name}?{beside}"):
        return warning("Nothing was pushed", "Run this again: a ruleset keeps the branch from every other push")
    async with pipeline.lifted():
        await push(clone, parcel, remote, env)
    return ok(f"{branch} is {named} now")


async def _kept(pipeline: Pipeline, asked: Wanted, ask: Ask) -> AsyncIterator[Finding]:
    """Make the environments, and store what the workflow asks for."""
    holders: dict[str, str | None] = {}
    for name in asked.secrets:
        others = await pipeline.restrict(name)
        holders[name] = None if others is None else name
        if others is None:
            yield warning(
                f"This plan has no environments for private repositories: no {name}",
                "Make the repository public; until then every workflow in it sees every secret",
            )
        elif others:
            yield warning(f"The environment {name} is open to {', '.join(others)} too", "Take them out of it")
        else:
            yield ok(f"The environment {name} is for {pipeline.branch} alone")
    secrets = [(holders[holder], name, value) for holder, held in asked.secrets.items() for name, value in held.items()]
    names = ", ".join(dict.fromkeys([name for _, name, _ in secrets] + list(asked.variables)))
    if not ask(f"Store {names} at {pipeline.full_name}?"):
        yield warning("No secret and no variable was stored", "Run this again, or store them by hand")
        return
    for holder, name, value in secrets:
        await pipeline.keep_secret(holder, name, value)
        yield ok(f"The secret {name} is stored {f'in the environment {holder}' if holder else 'in the repository'}")
    for name, value in asked.variables.items():
        await pipeline.keep_variable(name, value)
        yield ok(f"The variable {name} is stored")
    kept = {name for holder, name, _ in secrets if holder} & set(await pipeline.secrets_for_all())
    for name in sorted(kept):
        yield warning(f"{name} is a secret of the whole repository too", "Delete it in Settings → Secrets → Actions")
    if "LLM_MODELS" not in asked.variables:
        if before := await pipeline.variable("LLM_MODELS"):
            yield ok(f"The variable LLM_MODELS stays {before:.200}")
        else:
            yield warning("No model is configured: the template builds every page", "Set LLM_MODELS and a key")


async def _protected(pipeline: Pipeline) -> Finding:
    if await pipeline.protect():
        return ok(f"A ruleset keeps {pipeline.branch} from every push; this command lifts it for its own")
    return warning(
        "This plan has no rulesets for private repositories: DISPATCH_TOKEN could rewrite the pipeline",
        "Make the repository public, or keep that token as safe as the write token",
    )
