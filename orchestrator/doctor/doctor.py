"""`pagewright doctor`: would a task work? It prints a line for each thing that a task needs, and how to fix it."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

import httpx

from orchestrator.core.errors import UsageError
from orchestrator.core.settings import evaluator_settings, model_settings
from orchestrator.doctor import pipeline, target
from orchestrator.doctor.asking import NoAnswer, TokenApi
from orchestrator.doctor.finding import Diagnosis, failure, ok, render_findings, warning
from orchestrator.doctor.hosts import examine_hosts
from orchestrator.doctor.names import examine_server, examine_settings, translate_old_names

if TYPE_CHECKING:
    from orchestrator.generate.prompt import Messages

LIMIT_S = 20.0


def run_doctor(env: Mapping[str, str], *, as_json: bool) -> int:
    """Examine everything; return 0 only if a task would work."""
    findings = asyncio.run(_report_findings(env, as_json=as_json))
    if as_json:
        sys.stdout.write(json.dumps([asdict(finding) for finding in findings]) + "\n")
    return 2 if any(finding.level == "failure" for finding in findings) else 0


async def _report_findings(env: Mapping[str, str], *, as_json: bool) -> list[Diagnosis]:
    findings: list[Diagnosis] = []
    async for finding in _examine_everything(env):
        findings.append(finding)
        if not as_json:
            sys.stdout.write(render_findings([finding]))
            sys.stdout.flush()
    return findings


async def _examine_everything(env: Mapping[str, str]) -> AsyncIterator[Diagnosis]:
    known = translate_old_names(env)
    for finding in examine_settings(env):
        yield finding
    async for finding in examine_github(known, evaluator_settings(known).api_url):
        yield finding
    async for finding in examine_hosts(known):
        yield finding
    async for finding in _examine_models(known):
        yield finding
    async for finding in _examine_browser(known):
        yield finding


async def examine_github(env: Mapping[str, str], api_url: str) -> AsyncIterator[Diagnosis]:
    """Look at everything on GitHub that a task needs. Nothing is written."""
    if finding := examine_server(api_url):
        yield finding
        return
    name = env.get("PIPELINE_REPOSITORY", "")
    owner = env.get("TARGET_OWNER", name.partition("/")[0])
    async with httpx.AsyncClient(timeout=LIMIT_S, trust_env=False, headers={"user-agent": "pagewright"}) as http:
        try:
            if token := env.get("DISPATCH_TOKEN"):
                setup = env.get("SETUP_TOKEN")
                sees_secrets = TokenApi(http, api_url, setup) if setup else None
                async for finding in pipeline.examine_pipeline(TokenApi(http, api_url, token), name, sees_secrets):
                    yield finding
            if token := env.get("TARGET_TOKEN"):
                async for finding in target.examine_target(TokenApi(http, api_url, token), name, owner):
                    yield finding
        except NoAnswer as error:
            yield failure(
                str(error), "Check https://www.githubstatus.com and the network of this machine, then run this again"
            )
        except (AttributeError, KeyError, TypeError, UnicodeError):
            # A 200 that is not GitHub's, the page of some proxy in between; or a token that is not valid.
            yield failure(
                f"The answer of {api_url} could not be read",
                "Check that it is GitHub's API, and that the tokens are valid",
            )


async def _examine_models(env: Mapping[str, str]) -> AsyncIterator[Diagnosis]:
    """Ask each model for one token, all at the same time. Nothing less shows that a model works."""
    from orchestrator.generate.models.budget import Allowance  # noqa: PLC0415 - litellm is slow to import
    from orchestrator.generate.models.call import ask  # noqa: PLC0415
    from orchestrator.generate.models.presets import import_litellm, load_presets, resolve_chain  # noqa: PLC0415

    settings = model_settings(env)
    if not settings.chain:
        yield warning(
            "No model is configured, so every page is made from the template", "Set LLM_MODELS and a provider's key"
        )
        return
    litellm = import_litellm()
    models = resolve_chain(settings, load_presets(), litellm)
    words: Messages = [{"role": "user", "content": "Say yes."}]
    able = [model for model in models if not model.problem]
    said = await asyncio.gather(*(ask(litellm, model, words, Allowance(LIMIT_S, 1)) for model in able))
    # An answer of one token is cut, or empty where a model thinks first: it came all the same.
    problems = {model.name: "" if one.is_answered else one.problem for model, one in zip(able, said, strict=True)}
    problems |= {model.name: model.problem for model in models if model.problem}
    # One that cannot be used is passed over; only where none can be, every page comes from the template.
    worst = failure if all(problems.values()) else warning
    for model in models:
        if problem := problems[model.name]:
            yield worst(f"Model {model.name}: {problem}", "See `pagewright models`")
        else:
            yield ok(f"Model {model.name} answers")


async def _examine_browser(env: Mapping[str, str]) -> AsyncIterator[Diagnosis]:
    """Start the browser and open an empty page."""
    from orchestrator.verify.browser import open_cage  # noqa: PLC0415 - needed here alone

    without: list[str] = []
    try:
        async with open_cage(evaluator_settings(env).browser, None, without.append) as cage:
            page = await cage.browser.new_page()
            version = cage.browser.version
            await page.close()
    except UsageError as error:
        yield failure(error.cause, error.remedy)
        return
    if without:
        yield warning(f"The browser {version} runs without its sandbox: {without[0]}", "Run it as an ordinary user")
    else:
        yield ok(f"The browser {version} starts, with its sandbox")
