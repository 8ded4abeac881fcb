"""Two models in a row, through the real litellm and real sockets, and the site that they make.

The model `first` fails; where it stays so, `second` answers well; where neither does, the template builds.
"""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from orchestrator.core.record import Record, Round
from orchestrator.core.settings import build_settings
from orchestrator.core.site import Site
from orchestrator.core.task import Task
from orchestrator.generate.draft import Material
from orchestrator.generate.generation import Kit
from orchestrator.generate.models.presets import Preset
from tests.doubles.blocks import PAGE, README
from tests.doubles.clock import FastClock
from tests.doubles.generation import Made, generate
from tests.doubles.model import ModelServer, Reply, model_server

GOOD = PAGE + README

MADE = {"index.html": b"<!doctype html>\n<html><title>T</title></html>\n", "README.md": b"# T\n"}

PRESENT = {"index.html": b"<!doctype html>\n<title>One</title>\n", "README.md": b"# One\n"}

PRICED = {"openai": ("gpt-4.1", "gpt-4.1-mini"), "anthropic": ("claude-sonnet-4-5", "claude-haiku-4-5")}

SECOND_USD = {"openai": (100 * 0.4 + 200 * 1.6) / 1e6, "anthropic": (100 * 1 + 200 * 5) / 1e6}

BOTH = pytest.mark.parametrize("provider", ["openai", "anthropic"])


async def made(
    *replies: Reply | str,
    provider: str = "openai",
    names: tuple[str, ...] = ("first", "second"),
    present: Mapping[str, bytes] | None = None,
    seconds: float = 600,
    key: str = "",
    streams: bool = True,
    **settings: str,
) -> tuple[Made, ModelServer]:
    """Make a site with the models `names` of `provider`, who answer with `replies` in turn."""
    task = Task(task="t", round=2 if present else 1, nonce="n", brief="b")
    record = Record(task="k", built_by="m", rounds=(Round(round=1, brief="One"),)) if present else None
    async with model_server(*replies, key=key) as server:
        chain = ",".join(f"{provider}/{name}" for name in names)
        env = {"TARGET_OWNER": "x", "LLM_MODELS": chain, "LLM_API_BASE": server.base(provider), **settings}
        kit = Kit.load(build_settings(env).models)
        if not streams:
            ids = [f"{provider}/{name}" for name in names]
            presets = {id_: Preset(model=id_, api_base=server.base(provider), stream=False) for id_ in ids}
            kit = replace(kit, presets=presets)
        given = Material(task, {}, Site(present or {}), record)
        return await generate(given, kit, FastClock().deadline(seconds), lambda _: ()), server


def outcomes(generated: Made) -> list[str]:
    return [attempt.outcome for attempt in generated.attempts]


def models(server: ModelServer) -> list[str]:
    return [prompt["model"] for prompt in server.prompts]
