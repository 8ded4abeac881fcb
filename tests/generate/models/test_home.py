"""What a server at home says before its model is asked, in the way of each kind of server."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator.core.settings import model_settings
from orchestrator.generate.models.home import learn_from_server
from orchestrator.generate.models.learnt import Knowledge, Learnt
from orchestrator.generate.models.listing import list_models
from orchestrator.generate.models.presets import Model, Preset, Price, resolve_chain
from tests.doubles.server import Asked, answering, response

pytestmark = pytest.mark.anyio

LITELLM = SimpleNamespace(model_cost={})
FREE = Price(input=0, output=0)


@asynccontextmanager
async def home(answers: Mapping[str, Any]) -> AsyncIterator[str]:
    """Run a server that answers each path as listed; None: it never does."""

    async def answer(asked: Asked, writer: asyncio.StreamWriter) -> None:
        if (said := answers.get(asked.target, 404)) is None:
            await asyncio.Event().wait()
        is_status = isinstance(said, int)
        writer.write(response(said if is_status else 200, b"" if is_status else json.dumps(said).encode()))

    async with answering(answer) as url:
        yield url


def at_home(provider: str, url: str, context: int | None = 32_000, **env: str) -> Model:
    preset = Preset(
        model=f"{provider}/wanted",
        api_base=url,
        api_base_from="HOME_API_BASE",
        context=context,
        output=8_000,
        price=FREE,
    )
    settings = model_settings({"LLM_MODELS": "home", **env})
    return resolve_chain(settings, {"home": preset}, LITELLM)[0]


async def learnt_of(provider: str, answers: Mapping[str, Any], path: str = "", **other: Any) -> tuple[Model, str]:
    learnt = Learnt()
    async with home(answers) as url:
        model = at_home(provider, url + path, **other)
        said = await learn_from_server(model, learnt, 0.5)
        assert await learn_from_server(model, learnt, 0.5) == ""
    return learnt.adjust_model(model), said


@pytest.mark.parametrize(
    ("provider", "path", "answers", "context"),
    [
        ("openai", "/v1", {"/v1/models": {"data": [{"id": "wanted", "meta": {"n_ctx": 4096}}]}}, 4_096),
        ("openai", "/v1", {"/v1/models": {"data": [{"id": "wanted", "max_model_len": 2048}]}}, 2_048),
        ("openai", "/v1", {"/v1/models": {"data": [{"id": "wanted", "max_model_len": 131072}]}}, 32_000),
        (
            "lm_studio",
            "/v1",
            {
                "/v1/models": {"data": [{"id": "wanted"}, {"id": "other"}]},
                "/api/v0/models": {
                    "data": [{"id": "wanted", "loaded_context_length": 4096, "max_context_length": 9999}]
                },
            },
            4_096,
        ),
        (
            "ollama_chat",
            "",
            {
                "/api/tags": {"models": [{"name": "wanted:latest"}]},
                "/api/show": {"model_info": {"llama.context_length": 8192}},
            },
            8_192,
        ),
        ("ollama_chat", "", {"/api/tags": {"models": [{"name": "wanted:latest"}]}, "/api/show": 500}, 32_000),
        ("lm_studio", "/v1", {"/v1/models": {"data": [{"id": "wanted"}]}, "/api/v0/models": None}, 32_000),
    ],
)
async def test_the_context_is_learnt_where_the_server_tells_it(
    provider: str, path: str, answers: Mapping[str, Any], context: int
) -> None:
    model, said = await learnt_of(provider, answers, path)
    assert (model.context, said, model.params["model"]) == (context, "", f"{provider}/wanted")
    assert model.output == min(8_000, context)
    assert model.params.get("num_ctx", context) == context


async def test_a_context_that_was_guessed_is_replaced_by_a_larger_one() -> None:
    answers = {"/models": {"data": [{"id": "wanted", "max_model_len": 131072}]}}
    assert (await learnt_of("openai", answers, context=None))[0].context == 131_072


async def test_the_only_model_that_a_server_has_is_used() -> None:
    model, said = await learnt_of("openai", {"/models": {"data": [{"id": "smollm2", "meta": {"n_ctx": 4096}}]}})
    assert (model.params["model"], model.context) == ("openai/smollm2", 4_096)
    assert said == "as smollm2, the only model there"


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"/models": {"data": [{"id": "a"}, {"id": "b\x1b[2J"}]}}, "not available at its server, which has a, b?[2J"),
        ({"/models": {"data": []}}, "not available at its server, which has no model at all"),
        ({"/models": None}, "its server does not answer within 0.5 s"),
        ({"/models": 404}, ""),
        ({"/models": "odd"}, ""),
    ],
)
async def test_what_a_server_does_not_have_is_said_and_its_model_still_asked(
    answers: Mapping[str, Any], said: str
) -> None:
    model, told = await learnt_of("openai", answers)
    assert (told, model.params["model"], model.context) == (said, "openai/wanted", 32_000)


async def test_a_provider_that_gets_a_key_is_not_asked_what_it_has() -> None:
    preset = Preset(model="openai/one", key="FAR_API_KEY", context=9_000)
    settings = model_settings({"LLM_MODELS": "far", "FAR_API_KEY": "k"})
    (model,) = resolve_chain(settings, {"far": preset}, LITELLM)
    assert (model.is_home, await learn_from_server(model, Learnt())) == (False, "")


async def test_name_context_and_output_limit_come_from_variables() -> None:
    model = at_home("openai", "http://x", HOME_MODEL="mine/7b", HOME_CONTEXT="4096", HOME_OUTPUT="1000")
    assert (model.params["model"], model.context, model.output, model.problem) == ("openai/mine/7b", 4_096, 1_000, "")
    assert at_home("openai", "http://x", HOME_MODEL="openai/mine").params["model"] == "openai/mine"
    by_id = model_settings({"LLM_MODELS": "openai/a", "LLM_API_BASE": "http://x", "LLM_CONTEXT": "5000"})
    assert resolve_chain(by_id, {}, LITELLM)[0].context == 5_000


async def test_no_variable_renames_a_model_that_llm_models_names_by_its_id() -> None:
    env = {"LLM_MODEL": "other", "OPENAI_MODEL": "other", "OPENAI_API_KEY": "k"}
    for more in ({}, {"LLM_API_BASE": "http://x"}):
        (model,) = resolve_chain(model_settings({"LLM_MODELS": "openai/a", **env, **more}), {}, LITELLM)
        assert model.params["model"] == "openai/a"


@pytest.mark.parametrize("wrong", ["0", "-1", "4k", "4.5", "1" * 10])
async def test_a_variable_that_is_no_number_is_named_and_its_value_is_not(wrong: str) -> None:
    assert at_home("openai", "http://x", HOME_CONTEXT=wrong).problem == (
        "HOME_CONTEXT must be a whole number of tokens above 0"
    )


async def test_the_list_of_models_shows_what_the_server_says() -> None:
    async with home({"/models": {"data": [{"id": "smollm2", "meta": {"n_ctx": 4096}}]}}) as url:
        presets = {"home": Preset(model="openai/wanted", api_base=url, context=32_000, output=8_000, price=FREE)}
        (entry,) = await list_models(model_settings({}), presets, LITELLM)
    assert (entry.model, entry.context, entry.output, entry.usable) == ("openai/smollm2", 4_096, 4_096, True)
    assert entry.state == "usable as smollm2, the only model there; its context is 4096 tokens, not 32000"


async def test_what_is_learnt_never_makes_a_context_larger() -> None:
    model, knowledge = at_home("openai", "http://x"), Knowledge()
    learnt = knowledge.learnt_about(model)
    assert knowledge.learnt_about(model) is learnt
    assert learnt.learn_context(4_096, model)
    assert not learnt.learn_context(8_192, model)
    assert learnt.adjust_model(model).context == 4_096
