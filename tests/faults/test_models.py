"""11 to 13: models that fail, stop, refuse, or whose price nobody knows."""

import json
from collections.abc import Mapping, Sequence

import pytest

from orchestrator.core.site import RECORD
from tests.doubles.model import ModelServer, Playing, Reply, model_server
from tests.doubles.repairer import PAGE, block
from tests.faults.world import World, settled

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

HALF = '<file path="index.html">\n<!doctype html><h1>Half'
OUTAGES = {
    "limited": [Reply(status=429, headers={"retry-after": "1"})],
    "cut": [Reply(cut=True)],
}
DOWN = [Reply(status=503)]
ANSWERS = {
    "refuses": [Reply("I would rather not.")],
    "empty": [Reply(None)],
    "truncated": [Reply(HALF, finish_reason="length")],
    "filtered": [Reply("", finish_reason="content_filter")],
}
GOOD = [Reply(block("index.html", PAGE) + block("README.md", "# Sales\n\nOpen the page."))]


def configured(system: World, server: ModelServer, names: Sequence[str]) -> None:
    system.settings = {
        "LLM_MODELS": ",".join(f"openai/{name}" for name in names),
        "LLM_API_BASE": server.url,
        "LLM_API_KEY": "key",
        "TASK_DEADLINE_S": "90",
    }


@pytest.mark.parametrize("failing", [OUTAGES, ANSWERS], ids=["11-outages", "12-answers"])
async def test_11_and_12_models_that_give_no_page_are_left_one_after_the_other_for_the_template(
    failing: Mapping[str, Sequence[Reply | Playing]], system: World
) -> None:
    async with model_server(by_model=failing) as server:
        configured(system, server, list(failing))
        ran = await system.deliver()
        asked = {prompt["model"] for prompt in server.prompts}
    assert (ran.build, ran.publish) == (0, 0)
    assert asked == set(failing)
    assert json.loads(system.files()[RECORD])["built_by"] == "fallback"
    assert "so the page was made from the template" in ran.log
    assert b"Half" not in system.files()["index.html"]
    settled(system)


async def test_11_and_13_the_next_model_builds_and_a_price_that_nobody_knows_is_said_to_be_unknown(
    system: World,
) -> None:
    async with model_server(by_model={"down": DOWN, "good": GOOD}) as server:
        configured(system, server, ["down", "good"])
        ran = await system.deliver()
    assert (ran.build, ran.publish) == (0, 0)
    assert json.loads(system.files()[RECORD])["built_by"] == "openai/good"
    report = json.loads((system.folder / "run-1/out/build.json").read_bytes())
    assert report["cost_usd"] is None
    assert "unknown" in (system.folder / "run-1/summary.md").read_text()
    settled(system)
