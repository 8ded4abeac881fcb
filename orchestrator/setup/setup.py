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
from orchestrator.doctor.finding import Diagnosis, failure, ok, render_findings, warning
from orchestrator.doctor.names import examine_server, translate_old_names
from orchestrator.generate.models.presets import load_presets
from orchestrator.github.client import Client, GitHubRefused, Unsure
from orchestrator.github.refusals import Reason
from orchestrator.setup import pipeline as pipelines
from orchestrator.setup.keeping import keep_task_key
from orchestrator.setup.pipeline import Pipeline
from orchestrator.setup.pushing import Clone, Remote, inspect_clone, pack_parcel, push_parcel
from orchestrator.setup.wanted import WORKFLOW, WantedSettings, find_keyless_models, find_unused_keys, parse_workflow
from receiver.settings import TASK_KEY_FORM, is_task_key

CHECKOUT = Path(__file__).parents[2]
LIMIT_S = 3600.0
"""A person may take their time to answer; the calls between the questions have limits of their own."""

NEEDS = "Actions: read; Administration, Contents, Environments, Secrets, Variables and Workflows: read and write"

Ask = Callable[[str], bool]
"""Puts a question to the person who runs the command; anything but a yes is a no."""


@dataclass(frozen=True)
class SetupContext:
    """What setup works with. `checkout`: the clone; `dotenv`: what the receiver reads; `task_key`: may be empty."""

    checkout: Path
    dotenv: Path
    env: Mapping[str, str] = field(repr=False)
    task_key: str = field(repr=False)


def run_setup(
    env: Mapping[str, str], ask: Ask, clock: Clock, checkout: Path = CHECKOUT, dotenv: Path = Path(".env")
) -> int:
    """Set everything up; return 0 once a task could start. Raises UsageError."""
    known = translate_old_names(env)
    settings = setup_settings(known)
    if problem := examine_server(settings.api_url):
        raise UsageError(f"{problem.said}.", f"{problem.remedy}.")
    here = SetupContext(checkout, dotenv, env, known.get("TASK_KEY", ""))
    if here.task_key and not is_task_key(here.task_key):
        raise UsageError(f"TASK_KEY {TASK_KEY_FORM}.", "Copy it again from where it was created.")
    workflow = checkout / WORKFLOW
    if not workflow.is_file():
        raise UsageError("The workflow to set up was not found.", "Run this command from a clone of the project.")
    asked = parse_workflow(workflow.read_text(encoding="utf-8"), known)
    notes = [
        *(
            warning(f"{WORKFLOW} does not use the secret {name}", "Add it there")
            for name in find_unused_keys(known, asked)
        ),
        *(
            warning(f"Model {name} has no key among the secrets", "Set it")
            for name in find_keyless_models(asked, load_presets())
        ),
    ]
    client = Client(settings.api_url, settings.token, Deadline(clock.now() + LIMIT_S, clock))
    return asyncio.run(_report_findings(notes, _run_steps(client, settings, asked, here, ask)))


async def _report_findings(notes: Iterable[Diagnosis], findings: AsyncIterator[Diagnosis]) -> int:
    # Stopped from outside it puts back the ruleset first, as it does after Ctrl-C.
    task = asyncio.current_task()
    assert task  # noqa: S101 - asyncio.run made it
    for name in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(name, task.cancel)
    is_complete = True
    sys.stdout.write(render_findings(notes))
    async for finding in findings:
        sys.stdout.write(render_findings([finding]))
        sys.stdout.flush()
        is_complete = is_complete and finding.level != "failure"
    return 0 if is_complete else GitHubFailed.exit_code


async def _run_steps(
    client: Client, settings: SetupSettings, asked: WantedSettings, here: SetupContext, ask: Ask
) -> AsyncIterator[Diagnosis]:
    clone = await inspect_clone(here.checkout, here.env)
    try:
        pipeline = await pipelines.find_pipeline(client, settings.pipeline)
        if pipeline is None:
            if not ask(
                f"{settings.pipeline} does not exist, or SETUP_TOKEN cannot see it. Create it as a public repository?"
            ):
                yield failure("The pipeline has no repository", "Create one, or set PIPELINE_REPOSITORY")
                return
            pipeline = await pipelines.create_pipeline(client, settings.pipeline)
            yield ok(f"{pipeline.full_name} was created as a public repository")
        yield await _push_clone(pipeline, clone, settings, here.env, ask)
        async for finding in _store_settings(pipeline, asked, ask):
            yield finding
        yield await _protect_branch(pipeline)
    except GitHubFailed as error:
        yield failure(error.cause, f"{_choose_remedy(error)} Then run this command again. Completed steps stay")
        return
    yield ok("TASK_KEY already exists") if here.task_key else keep_task_key(here.dotenv)
    yield ok("Next: start the receiver, and run `pagewright doctor`. You can delete SETUP_TOKEN now")


def _choose_remedy(error: GitHubFailed) -> str:
    match error:
        case GitHubRefused(status=401):
            return "Renew SETUP_TOKEN."
        case GitHubRefused(status=403) if error.reason not in (Reason.PERMISSION, Reason.UNKNOWN):
            return error.reason.remedy.replace("TARGET_TOKEN", "SETUP_TOKEN")
        case GitHubRefused(status=403 | 404):
            return f"Give SETUP_TOKEN {NEEDS}."
        case GitHubRefused():
            return "Read GitHub's message."
        case Unsure():
            return "See https://www.githubstatus.com."
        case _:
            return error.remedy


async def _push_clone(
    pipeline: Pipeline, clone: Clone, settings: SetupSettings, env: Mapping[str, str], ask: Ask
) -> Diagnosis:
    branch = pipeline.branch
    remote = Remote(f"{settings.server_url}/{pipeline.full_name}", branch, pipeline.head, settings.token)
    parcel = await pack_parcel(clone, remote, env)
    named = f"{clone.head[:12]} “{clone.subject}”"
    if parcel.left_out:
        named += f" without {' and '.join(path.rpartition('/')[2] for path in parcel.left_out)}"
    if parcel.is_there:
        return ok(f"{branch} is already at {named}")
    beside = " Uncommitted changes are not pushed." if clone.is_dirty else ""
    if not ask(f"Push {named} to {branch} of {pipeline.full_name}?{beside}"):
        return warning("Nothing was pushed", "Run this command again: a ruleset blocks every other push to the branch")
    async with pipeline.lift_ruleset():
        await push_parcel(clone, parcel, remote, env)
    return ok(f"{branch} is now at {named}")


async def _store_settings(pipeline: Pipeline, asked: WantedSettings, ask: Ask) -> AsyncIterator[Diagnosis]:
    """Make the environments, and store what the workflow asks for."""
    holders: dict[str, str | None] = {}
    for name in asked.secrets:
        others = await pipeline.restrict_environment(name)
        holders[name] = None if others is None else name
        if others is None:
            yield warning(
                f"This plan has no environments for private repositories, so {name} was not created",
                "Make the repository public. Until then, every workflow in it can read every secret",
            )
        elif others:
            yield warning(f"The environment {name} is also open to {', '.join(others)}", "Remove them from it")
        else:
            yield ok(f"The environment {name} is restricted to {pipeline.branch}")
    secrets = [(holders[holder], name, value) for holder, held in asked.secrets.items() for name, value in held.items()]
    names = ", ".join(dict.fromkeys([name for _, name, _ in secrets] + list(asked.variables)))
    if not ask(f"Store {names} at {pipeline.full_name}?"):
        yield warning("No secret and no variable was stored", "Run this command again, or store them by hand")
        return
    for holder, name, value in secrets:
        await pipeline.keep_secret(holder, name, value)
        yield ok(f"The secret {name} is stored {f'in the environment {holder}' if holder else 'in the repository'}")
    for name, value in asked.variables.items():
        await pipeline.keep_variable(name, value)
        yield ok(f"The variable {name} is stored")
    kept = {name for holder, name, _ in secrets if holder} & set(await pipeline.list_repository_secrets())
    for name in sorted(kept):
        yield warning(f"{name} is also a secret of the whole repository", "Delete it in Settings → Secrets → Actions")
    if "LLM_MODELS" not in asked.variables:
        if before := await pipeline.fetch_variable("LLM_MODELS"):
            yield ok(f"The variable LLM_MODELS stays {before:.200}")
        else:
            yield warning("No model is configured, so every page is made from the template", "Set LLM_MODELS and a key")


async def _protect_branch(pipeline: Pipeline) -> Diagnosis:
    if await pipeline.protect_branch():
        return ok(f"A ruleset blocks every push to {pipeline.branch}. This command disables it for its own pushes")
    return warning(
        "This plan has no rulesets for private repositories: DISPATCH_TOKEN could rewrite the pipeline",
        "Make the repository public, or protect that token like the write token",
    )
