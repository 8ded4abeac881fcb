"""Presets and ids become models: what is given, what litellm's list adds, and whose key goes where."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from orchestrator.core.errors import UsageError
from orchestrator.core.settings import model_settings
from orchestrator.generate.models.presets import (
    CONTEXT,
    MOST_OUTPUT,
    OUTPUT,
    Model,
    Preset,
    Price,
    import_litellm,
    load_presets,
    resolve_chain,
)

GPT = {
    "litellm_provider": "openai",
    "max_input_tokens": 1_000_000,
    "max_output_tokens": 32_768,
    "input_cost_per_token": 2e-06,
    "output_cost_per_token": 8e-06,
    "cache_read_input_token_cost": 5e-07,
    "supports_vision": True,
}


@dataclass(frozen=True)
class Listing:
    """litellm as far as it matters here: its list, and a question that goes over the network."""

    model_cost: dict[str, dict[str, Any]] = field(default_factory=dict)

    def get_model_info(self, model: str) -> None:
        raise AssertionError(f"a server was asked about {model}")


LISTED = Listing(
    {
        "gpt-4.1": GPT,
        "gpt-thinks": {**GPT, "supports_reasoning": True},
        "gpt-4.1-nano": {**GPT, "max_output_tokens": 16_384},
        "mistral/codestral-latest": {"litellm_provider": "mistral", "max_input_tokens": 128_000},
        "ollama/llama3": {"litellm_provider": "ollama", "max_input_tokens": 8192, "input_cost_per_token": 0.0},
        "openrouter/free": {**GPT, "input_cost_per_token": 0, "output_cost_per_token": 0},
        "anthropic.claude-x": {**GPT, "litellm_provider": "bedrock_converse"},
        "odd/one": {"max_input_tokens": "see the documentation", "max_output_tokens": None},
    }
)


def one(name: str, preset: Preset | None = None, **env: str) -> Model:
    """Return the model that `name` means in an environment."""
    settings = model_settings({"LLM_MODELS": name, **env})
    (model,) = resolve_chain(settings, {name: preset} if preset else {}, LISTED)
    return model


# The file


def written(folder: Path, text: str) -> Path:
    (folder / "models.yaml").write_text(text, encoding="utf-8")
    return folder


@cache
def litellm() -> Any:
    return import_litellm()


def everything_set() -> dict[str, str]:
    names = {name for preset in load_presets().values() for name in (preset.key, preset.api_base_from) if name}
    return {name: f"value-of-{name}" for name in names}


def test_every_preset_of_ours_can_be_asked_and_has_a_price_once_its_variables_are_set() -> None:
    presets = load_presets()
    models = resolve_chain(model_settings({"LLM_MODELS": ",".join(presets), **everything_set()}), presets, litellm())
    assert [model.name for model in models] == list(presets)
    assert [model.name for model in models if model.problem] == []
    assert [model.name for model in models if model.price is None] == []
    assert [model.name for model in models if not 8_000 <= model.output < model.context] == []
    assert {model.name for model in models if model.price and not model.price.output} == {
        "ollama",
        "lm-studio",
        "llama",
    }
    assert {model.name for model in models if model.caches} == {
        "claude-sonnet",
        "claude-haiku",
        "claude-opus",
        "openrouter-claude",
    }


def test_presets_for_every_kind_of_provider_are_there() -> None:
    hosted = "gpt-4.1 gpt-4.1-mini gpt-5 gpt-5-mini claude-sonnet claude-haiku claude-opus gemini-flash gemini-pro"
    others = "openrouter openrouter-claude aipipe azure ollama lm-studio llama"
    assert set(load_presets()) == set(f"{hosted} {others}".split())


def test_the_prices_that_litellm_does_not_know_are_those_of_the_same_model_elsewhere() -> None:
    presets = load_presets()
    given = model_settings({"LLM_MODELS": "openrouter,aipipe,gpt-4.1"})
    assert len({model.price for model in resolve_chain(given, presets, litellm())}) == 1


def test_an_empty_file_has_no_presets(tmp_path: Path) -> None:
    assert load_presets(written(tmp_path, "# nothing yet\n")) == {}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: {model: x, colour: red}", "a.colour: "),
        ("a: {key: OPENAI_API_KEY}", "a.model: "),
        ("a: {model: ''}", "a.model: "),
        ("a: {model: x, key: OPENAI_TOKEN}", "a.key: "),
        ("a: {model: x, api_base_from: HOME}", "a.api_base_from: "),
        ("a: {model: x, api_version_from: VERSION}", "a.api_version_from: "),
        ("a: {model: x, output: 0}", "a.output: "),
        ("a: {model: x, temperature: 3}", "a.temperature: "),
        ("a: {model: x, price: {input: -1, output: 1}}", "a.price.input: "),
        ("a: {model: x, price: {input: .inf, output: 1}}", "a.price.input: "),
        ("a: {model: x, price: {input: 1}}", "a.price.output: "),
        ("a: gpt", "a: "),
        ("- a", "the file: "),
        ("a: [", "it could not be read"),
        ("a: \x00", "it could not be read"),
    ],
)
def test_a_mistake_in_the_file_is_named(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load_presets(written(tmp_path, text))
    assert caught.value.cause.startswith(f"prompts/models.yaml: {says}")


def test_several_mistakes_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"a\.key: .*; b\.model: "):
        load_presets(written(tmp_path, "a: {model: x, key: k}\nb: {}\n"))


def test_a_file_that_is_not_there_or_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="FileNotFoundError"):
        load_presets(tmp_path)
    (tmp_path / "models.yaml").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(UsageError, match="could not be read"):
        load_presets(tmp_path)


# What is known of a model


def test_what_a_preset_leaves_open_comes_from_litellms_list() -> None:
    model = one("good", Preset(model="openai/gpt-4.1"))
    assert (model.context, model.output, model.sees_images) == (1_000_000, MOST_OUTPUT, True)
    assert model.price == Price(input=2, output=8, cached=0.5)


def test_what_a_preset_says_wins_over_litellms_list() -> None:
    price = Price(input=1, output=2)
    preset = Preset(model="openai/gpt-4.1", context=90_000, output=48_000, price=price, vision=False, edits=False)
    model = one("good", preset)
    assert (model.context, model.output, model.price) == (90_000, 48_000, price)
    assert (model.sees_images, model.edits) == (False, False)


@pytest.mark.parametrize("name", ["openai/of-my-own", "odd/one", "ollama/other"])
def test_what_nobody_knows_has_careful_limits_and_no_price(name: str) -> None:
    model = one(name, LLM_API_KEY="k")
    assert (model.context, model.output, model.price) == (CONTEXT, OUTPUT, None)
    assert (model.sees_images, model.edits, model.caches) == (False, True, False)


@pytest.mark.parametrize("name", ["ollama/llama3", "openrouter/free", "mistral/codestral-latest"])
def test_a_price_of_nothing_in_litellms_list_is_a_price_that_is_not_known(name: str) -> None:
    assert one(name, LLM_API_KEY="k").price is None


def test_only_a_preset_may_say_that_a_model_is_free() -> None:
    assert one("home", Preset(model="x/y", price=Price(input=0, output=0))).price == Price(input=0, output=0)


def test_a_smaller_limit_of_litellms_list_is_kept() -> None:
    assert one("openai/gpt-4.1-nano", LLM_API_KEY="k").output == 16_384


def test_an_id_is_not_taken_for_another_providers_model() -> None:
    assert one("groq/gpt-4.1", LLM_API_KEY="k").price is None
    assert one("bedrock/anthropic.claude-x").price is not None


@pytest.mark.parametrize(
    ("name", "caches"),
    [
        ("anthropic/claude-sonnet-5-5", True),
        ("openrouter/anthropic/claude-haiku-4.5", True),
        ("bedrock/anthropic.claude-x", True),
        ("bedrock/us.anthropic.claude-x", True),
        ("bedrock/converse/eu.anthropic.claude-x", True),
        ("vertex_ai/claude-sonnet-4-5", True),
        ("openai/gpt-4.1", False),
        ("openai/anthropic/claude", False),
    ],
)
def test_only_claude_takes_marks_for_what_shall_be_cached(name: str, caches: bool) -> None:  # noqa: FBT001 - a column
    assert one(name, LLM_API_KEY="k").caches is caches


@pytest.mark.parametrize(("name", "context"), [("ollama/llama3", 8192), ("ollama_chat/other", CONTEXT)])
def test_ollama_is_told_how_much_it_shall_read(name: str, context: int) -> None:
    assert one(name).params["num_ctx"] == context


# Whose key goes where


def test_a_preset_gives_its_own_key_its_base_and_nothing_else() -> None:
    preset = Preset(model="openai/x", key="ONE_API_KEY", api_base="https://one.example/v1", temperature=0.5)
    model = one("p", preset, ONE_API_KEY="of-one", LLM_API_KEY="other", LLM_API_BASE="https://other.example")
    assert model.params == {
        "model": "openai/x",
        "api_key": "of-one",
        "api_base": "https://one.example/v1",
        "temperature": 0.5,
    }
    assert model.problem == ""


def test_a_base_and_a_version_may_come_from_the_environment() -> None:
    preset = Preset(model="azure/x", key="A_API_KEY", api_base_from="A_API_BASE", api_version_from="A_API_VERSION")
    model = one("p", preset, A_API_KEY="k", A_API_BASE="https://a.example", A_API_VERSION="2026-01-01")
    assert (model.params["api_base"], model.params["api_version"]) == ("https://a.example", "2026-01-01")
    assert one("p", preset, A_API_KEY="k").problem == "A_API_BASE is not set"
    assert one("p", preset).problem == "A_API_KEY is not set"


def test_a_base_from_the_environment_replaces_the_presets() -> None:
    preset = Preset(model="ollama_chat/x", api_base="http://localhost:11434", api_base_from="OLLAMA_API_BASE")
    assert one("p", preset).params["api_base"] == "http://localhost:11434"
    assert one("p", preset, OLLAMA_API_BASE="http://attic:1").params["api_base"] == "http://attic:1"


def test_a_server_at_home_gets_nobodys_key() -> None:
    preset = Preset(model="openai/x", api_base="http://localhost:8000/v1")
    assert one("p", preset, OPENAI_API_KEY="secret", LLM_API_KEY="secret").params["api_key"] == "none"


@pytest.mark.parametrize(("env", "key"), [({"LLM_API_KEY": "mine"}, "mine"), ({"OPENAI_API_KEY": "secret"}, "none")])
def test_an_endpoint_of_ones_own_gets_its_own_key_or_none(env: dict[str, str], key: str) -> None:
    model = one("openai/gpt-4.1", None, LLM_API_BASE="http://127.0.0.1:1/v1", **env)
    assert model.params == {"model": "openai/gpt-4.1", "api_base": "http://127.0.0.1:1/v1", "api_key": key}
    assert model.price == Price(input=2, output=8, cached=0.5)


def test_an_id_without_a_base_uses_its_providers_key_and_base() -> None:
    model = one("mistral/x", MISTRAL_API_KEY="of-mistral", LLM_API_KEY="other", MISTRAL_API_BASE="https://m.example")
    assert model.params == {"model": "mistral/x", "api_key": "of-mistral", "api_base": "https://m.example"}
    assert one("mistral/x", LLM_API_KEY="other", OPENAI_API_KEY="secret").params["api_key"] == "other"


def test_one_key_is_never_sent_to_two_providers() -> None:
    settings = model_settings({"LLM_MODELS": "openai/gpt-4.1,mistral/x", "LLM_API_KEY": "k", "OPENAI_API_KEY": "o"})
    openai, mistral = resolve_chain(settings, {}, LISTED)
    assert openai.params["api_key"] == "o"
    assert mistral.problem == "no key: set MISTRAL_API_KEY (LLM_API_KEY can only serve one provider)"


def test_an_id_whose_provider_needs_a_key_is_not_asked_without() -> None:
    assert one("openai/gpt-4.1").problem == "no key: set OPENAI_API_KEY or LLM_API_KEY"
    assert one("bedrock/anthropic.claude-x").problem == ""


def test_a_name_that_is_neither_a_preset_nor_an_id_is_a_problem_and_the_chain_goes_on() -> None:
    models = resolve_chain(model_settings({"LLM_MODELS": "gpt-9, openai/gpt-4.1", "OPENAI_API_KEY": "k"}), {}, LISTED)
    assert models[0].problem == "is neither a preset in prompts/models.yaml nor a litellm id such as openai/gpt-4.1"
    assert [(model.name, model.problem) for model in models[1:]] == [("openai/gpt-4.1", "")]


@pytest.mark.parametrize("name", ["/", "a/", "/b", "//", "sample_spec", "ä/ö", "x" * 5000, "a/" + "b" * 5000])
def test_any_text_is_a_model_or_a_problem(name: str) -> None:
    assert one(name).name == name


def test_no_representation_of_a_model_holds_a_key() -> None:
    assert "secret" not in repr(one("openai/gpt-4.1", OPENAI_API_KEY="secret"))


# Streams


@pytest.mark.parametrize(
    ("preset", "seconds"),
    [
        (Preset(model="openai/gpt-4.1", key="OPENAI_API_KEY"), 30),
        (Preset(model="openai/gpt-thinks", key="OPENAI_API_KEY"), 120),
        (Preset(model="openai/gpt-thinks", key="OPENAI_API_KEY", silence_s=20), 20),
        (Preset(model="openai/llama", api_base="http://localhost:8000/v1"), 120),
        (Preset(model="openai/llama", api_base="http://localhost:8000/v1", silence_s=300), 300),
    ],
)
def test_how_long_a_model_may_be_silent(preset: Preset, seconds: float) -> None:
    made = one("m", preset, OPENAI_API_KEY="k")
    assert (made.silence_s, made.streams) == (seconds, True)
    assert made.thinks == ("thinks" in preset.model)


def test_a_preset_may_say_that_its_provider_cannot_stream() -> None:
    assert not one("m", Preset(model="openai/gpt-4.1", key="OPENAI_API_KEY", stream=False), OPENAI_API_KEY="k").streams


def test_models_that_think_may_be_silent_for_longer_than_others() -> None:
    env = {"LLM_MODELS": "gpt-4.1,gpt-5,claude-sonnet,claude-haiku,gemini-pro,ollama,openrouter-claude"}
    silences = [made.silence_s for made in resolve_chain(model_settings(env), load_presets(), litellm())]
    assert silences == [30, 120, 120, 30, 120, 120, 120]
