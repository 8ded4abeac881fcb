"""`pagewright doctor`: would a task work? A line for each thing that it needs, with the remedy where there is one."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict

from orchestrator.doctor import github
from orchestrator.doctor.finding import Finding, failure, lines, ok, warning
from orchestrator.doctor.names import named, translated
from orchestrator.errors import UsageError
from orchestrator.settings import evaluator_settings, model_settings


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
    async for finding in github.examined(known, evaluator_settings(known).api_url):
        yield finding
    async for finding in _models(known):
        yield finding
    async for finding in _browser(known):
        yield finding


async def _models(env: Mapping[str, str]) -> AsyncIterator[Finding]:
    """Ask each model's endpoint for its list: that takes the key and costs nothing."""
    from orchestrator.generate.models.listing import listing  # noqa: PLC0415 - litellm is slow to import
    from orchestrator.generate.models.presets import import_litellm, load  # noqa: PLC0415

    settings = model_settings(env)
    if not settings.chain:
        yield warning("No model is configured: the template builds every page", "Set LLM_MODELS and a provider's key")
        return
    entries = [entry for entry in await listing(settings, load(), import_litellm()) if entry.place]
    remedy = "See `pagewright models`"
    # One that cannot be used is passed over; only where none can be, every page comes from the template.
    worst = warning if any(entry.usable is not False for entry in entries) else failure
    for entry in entries:
        said = f"Model {entry.name}: {entry.state}"
        yield ok(said) if entry.usable is not False else worst(said, remedy)


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
