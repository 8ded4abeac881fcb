"""`pagewright doctor`: would a task work? A line for each thing that it needs, with the remedy where there is one."""

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
from orchestrator.doctor.asking import GitHub, NoAnswer
from orchestrator.doctor.finding import Finding, failure, lines, ok, warning
from orchestrator.doctor.hosts import on_hosts
from orchestrator.doctor.names import named, translated, unfit

if TYPE_CHECKING:
    from orchestrator.generate.prompt import Messages

LIMIT_S = 20.0


def run_doctor(env: Mapping[str, str], *, as_json: bool) -> int:
    """Examine everything; return 0 only if a task would work."""
    findings = asyncio.run(_examined(env, as_json=as_json))
    if as_json:
        sys.stdout.write(json.dumps([asdict(finding) for finding in findings]) + "\n")
    return 2 if any(finding.level == "failure" for finding in findings) else 0


async def _examined(env: Mapping[str, str], *, as_json: bool) -> list[Finding]:
    findings: list[Finding] = []
    async for finding in _everything(env):
        findings.append(finding)
        if not as_json:
            sys.stdout.write(lines([finding]))
            sys.stdout.flush()
    return findings


async def _everything(env: Mapping[str, str]) -> AsyncIterator[Finding]:
    known = translated(env)
    for finding in named(env):
        yield finding
    async for finding in on_github(known, evaluator_settings(known).api_url):
        yield finding
    async for finding in on_hosts(known):
        yield finding
    async for finding in _models(known):
        yield finding
    async for finding in _browser(known):
        yield finding


async def on_github(env: Mapping[str, str], api_url: str) -> AsyncIterator[Finding]:
    """Look at everything on GitHub that a task needs. Nothing is written."""
    if finding := unfit(api_url):
        yield finding
        return
    name = env.get("PIPELINE_REPOSITORY", "")
    owner = env.get("TARGET_OWNER", name.partition("/")[0])
    async with httpx.AsyncClient(timeout=LIMIT_S, trust_env=False, headers={"user-agent": "pagewright"}) as http:
        try:
            if token := env.get("DISPATCH_TOKEN"):
                setup = env.get("SETUP_TOKEN")
                sees_secrets = GitHub(http, api_url, setup) if setup else None
                async for finding in pipeline.examined(GitHub(http, api_url, token), name, sees_secrets):
                    yield finding
            if token := env.get("TARGET_TOKEN"):
                async for finding in target.examined(GitHub(http, api_url, token), name, owner):
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


async def _models(env: Mapping[str, str]) -> AsyncIterator[Finding]:
    """Ask each model for one token, all at the same time: nothing less shows that it would build."""
    from orchestrator.generate.models.budget import Allowance  # noqa: PLC0415 - litellm is slow to import
    from orchestrator.generate.models.call import ask  # noqa: PLC0415
    from orchestrator.generate.models.presets import chain, import_litellm, load  # noqa: PLC0415

    settings = model_settings(env)
    if not settings.chain:
        yield warning(
            "No model is configured, so every page is made from the template", "Set LLM_MODELS and a provider's key"
        )
        return
    litellm = import_litellm()
    models = chain(settings, load(), litellm)
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


async def _browser(env: Mapping[str, str]) -> AsyncIterator[Finding]:
    """Start the browser and open an empty page."""
    from orchestrator.verify.browser import opened  # noqa: PLC0415 - needed here alone

    without: list[str] = []
    try:
        async with opened(evaluator_settings(env).browser, None, without.append) as cage:
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
