"""One model's turns over a real socket."""

import json
from collections.abc import Sequence

from orchestrator.core.site import Site
from orchestrator.core.task import Task
from orchestrator.generate.conversation import SharedState, converse
from orchestrator.generate.draft import Draft, Material
from orchestrator.generate.models.budget import TaskBudget
from orchestrator.generate.models.presets import Model, Price
from orchestrator.generate.prompt import load_prompts
from tests.doubles.calls import litellm
from tests.doubles.clock import FastClock
from tests.doubles.model import ModelServer, Reply, model_server

PRESENT = {
    "index.html": b"<!doctype html>\n<html><title>One</title></html>\n",
    "README.md": b"# One\n",
    "a.js": b"a()\n",
}


def fine(_: Site) -> Sequence[str]:
    return ()


def shared(*, new: bool = True, dollars: float = 1.0) -> SharedState:
    task = Task(task="t", round=1 if new else 2, nonce="n", brief="b")
    given = Material(task, {}, Site({} if new else PRESENT), None)
    return SharedState(litellm(), load_prompts(), given, TaskBudget(dollars, FastClock().deadline(300)), fine)


def model_at(server: ModelServer) -> Model:
    """Return a model that this server answers for."""
    return Model(
        name="one",
        params={"model": "openai/one", "api_base": server.url, "api_key": "k"},
        context=100_000,
        output=16_000,
        price=Price(input=1, output=2),
        sees_images=False,
        edits=True,
        caches=False,
    )


async def conversed(at: SharedState, *replies: Reply | str) -> tuple[Draft | None, ModelServer]:
    async with model_server(*replies) as server:
        return await converse(at, model_at(server), at.budget.deadline), server


def outcomes(at: SharedState) -> list[str]:
    return [attempt.outcome for attempt in at.budget.attempts]


def last_prompt(server: ModelServer) -> str:
    return str(json.loads(server.asked[-1].body)["messages"][-1]["content"])
