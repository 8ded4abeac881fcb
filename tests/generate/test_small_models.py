"""The rounds of the demo with a small model at home, through the server that most of them run behind."""

from dataclasses import replace

import pytest

from orchestrator.core.record import Record, Round
from orchestrator.core.settings import build_settings
from orchestrator.core.site import Site
from orchestrator.core.task import decode_data_uri
from orchestrator.evaluator.course import Endpoint, plan_rounds
from orchestrator.evaluator.templates import read_template
from orchestrator.generate.draft import Material
from orchestrator.generate.generation import Generation, Kit, begin_generation
from orchestrator.local.demo import SAMPLE
from tests.doubles.clock import FastClock
from tests.doubles.generation import notes_into
from tests.doubles.llama import NAME, Llama, llama

pytestmark = pytest.mark.anyio


def rounds() -> list[Material]:
    first, second = (entry.task for entry in plan_rounds(Endpoint("a@b.example", "", ""), read_template(SAMPLE), "x"))
    attached = [{one.name: decode_data_uri(one.url) for one in task.attachments} for task in (first, second)]
    checks = tuple(check.text for check in first.checks)
    record = Record(task="k", rounds=(Round(round=1, brief=first.brief, checks=checks, attachments=("sales.csv",)),))
    return [Material(first, attached[0], Site({}), None), Material(second, attached[1], Site({}), record)]


async def generation(given: Material, server: Llama, name: str, said: list[str]) -> Generation:
    env = {"TARGET_OWNER": "x", "LLM_MODELS": name, "LLAMA_API_BASE": server.url, "LM_STUDIO_API_BASE": server.url}
    kit = Kit.load(build_settings(env).models)
    return await begin_generation(given, kit, FastClock().deadline(600), lambda _: (), notes_into(said))


@pytest.mark.parametrize("context", [3_072, 4_096, 8_192])
@pytest.mark.parametrize("name", ["llama", "lm-studio"])
async def test_every_round_is_asked_with_a_prompt_that_fits(context: int, name: str) -> None:
    first, second = rounds()
    said: list[str] = []
    async with llama(context) as server:
        one = await (await generation(first, server, name, said)).generate_site()
        given = replace(second, present=one.site)
        two = await (await generation(given, server, name, said)).generate_site()
    assert (one.built_by, two.built_by, server.too_long) == (name, name, 0)
    assert len(server.prompts) == 2
    assert f"{name}: as {NAME}, the only model there" in said
    assert b"Suppliers" in two.site.files["index.html"]


async def test_a_context_that_holds_no_page_ends_in_the_template_with_the_remedy() -> None:
    async with llama(512) as server:
        begun = await generation(rounds()[0], server, "llama", [])
        made = await begun.generate_site()
    assert (made.is_fallback, server.prompts) == (True, [])
    assert begun.attempts[-1].outcome.endswith("in a context of 512: start its server with a larger one")
