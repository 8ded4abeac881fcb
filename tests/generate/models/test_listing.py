"""Which models can be used now: asked of providers that listen on real sockets, in each provider's own way."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import TypeAdapter

from orchestrator.core.settings import model_settings
from orchestrator.generate.models.endpoints import LONGEST_LIST, find_endpoint
from orchestrator.generate.models.listing import ListedModel, list_models, render_table, run_models
from orchestrator.generate.models.presets import Preset, Price
from tests.doubles.server import Asked, answering, response

LITELLM = SimpleNamespace(model_cost={})
KEY = "key-of-ours"
FREE = Price(input=0, output=0)


@dataclass
class Provider:
    """A provider's list of models: `status` and `body` for whoever brings the key. `silent` never answers."""

    body: bytes = b""
    status: int = 200
    location: str = ""
    silent: bool = False
    url: str = ""
    asked: list[Asked] = field(default_factory=list)

    async def answer(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        self.asked.append(asked)
        if self.silent:
            await asyncio.Event().wait()
        headers = {"location": self.location} if self.location else {}
        writer.write(response(self.status, self.body, **headers))


@asynccontextmanager
async def provider(body: object = b"", **scripted: Any) -> AsyncIterator[Provider]:
    double = Provider(body if isinstance(body, bytes) else json.dumps(body).encode(), **scripted)
    async with answering(double.answer) as url:
        double.url = url
        yield double


async def listed(name: str, limit_s: float = 5, /, **env: str) -> ListedModel:
    (entry,) = await list_models(model_settings({"LLM_MODELS": name, **env}), {}, LITELLM, limit_s)
    return entry


async def at(of: Provider, limit_s: float = 5) -> ListedModel:
    """Return what is found out about `openai/one` at a provider."""
    return await listed("openai/one", limit_s, LLM_API_BASE=f"{of.url}/v1", LLM_API_KEY=KEY)


ONE = {"object": "list", "data": [{"id": "one", "object": "model"}]}


# Each provider's own way


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("name", "base", "body", "target", "headers"),
    [
        ("openai/one", "/v1", ONE, "/v1/models", {"authorization": f"Bearer {KEY}"}),
        ("mistral/one", "/v1/", ONE, "/v1/models", {"authorization": f"Bearer {KEY}"}),
        ("together_ai/a/one", "/v1", [{"id": "a/one"}], "/v1/models", {"authorization": f"Bearer {KEY}"}),
        (
            "anthropic/claude-one",
            "",
            {"data": [{"type": "model", "id": "claude-one-20260101"}], "has_more": False},
            "/v1/models?limit=1000",
            {"x-api-key": KEY, "anthropic-version": "2023-06-01"},
        ),
        (
            "openrouter/maker/one",
            "/api/v1",
            {"data": [{"id": "maker/one"}]},
            "/api/v1/models/user",
            {"authorization": f"Bearer {KEY}"},
        ),
        (
            "gemini/gemini-one",
            "/v1beta",
            {"models": [{"name": "models/gemini-one"}]},
            "/v1beta/models?pageSize=1000",
            {"x-goog-api-key": KEY},
        ),
        ("ollama_chat/one:7b", "", {"models": [{"name": "one:7b"}]}, "/api/tags", {"authorization": f"Bearer {KEY}"}),
        ("ollama/one", "", {"models": [{"name": "one:latest"}]}, "/api/tags", {"authorization": f"Bearer {KEY}"}),
        (
            "azure/deployed-as-one",
            "/",
            {"data": [{"id": "gpt-4.1"}]},
            "/openai/models?api-version=2024-10-21",
            {"api-key": KEY},
        ),
    ],
)
async def test_each_provider_is_asked_in_its_own_way(
    name: str, base: str, body: object, target: str, headers: dict[str, str]
) -> None:
    prefix = name.partition("/")[0].upper()
    async with provider(body) as double:
        env = {f"{prefix}_API_BASE": double.url + base, f"{prefix}_API_KEY": KEY}
        entry = await listed(name, 5, **env)
    assert (entry.usable, entry.state, entry.has_key) == (True, "usable", True)
    assert entry.ms is not None
    asked, *shown = double.asked
    assert (asked.method, asked.target, asked.body) == ("GET", target, b"")
    assert [(other.method, other.target) for other in shown] == [("POST", "/api/show")] * ("ollama" in name)
    assert headers.items() <= asked.headers.items()
    assert sum(KEY in value for value in asked.headers.values()) == 1


@pytest.mark.anyio
async def test_a_server_at_home_is_sent_no_key() -> None:
    async with provider(ONE) as double:
        presets = {"home": Preset(model="openai/one", api_base=f"{double.url}/v1", price=FREE)}
        (entry,) = await list_models(model_settings({"OPENAI_API_KEY": KEY}), presets, LITELLM)
    assert (entry.usable, entry.has_key, entry.price) == (True, None, FREE)
    assert "authorization" not in double.asked[0].headers


def test_the_providers_that_litellm_knows_are_found_without_a_base() -> None:
    bases = {
        "openai": "https://api.openai.com/v1/models",
        "anthropic": "https://api.anthropic.com/v1/models?limit=1000",
        "gemini": "https://generativelanguage.googleapis.com/v1beta/models?pageSize=1000",
        "openrouter": "https://openrouter.ai/api/v1/models/user",
        "ollama_chat": "http://localhost:11434/api/tags",
    }
    found = {name: find_endpoint({"model": f"{name}/one"}) for name in bases}
    assert {name: of.url for name, of in found.items() if of} == bases


def test_a_version_of_azures_interface_that_is_given_is_used_and_escaped() -> None:
    found = find_endpoint({"model": "azure/x", "api_base": "https://a.example", "api_version": "2026-01-01&a b"})
    assert found
    assert found.url == "https://a.example/openai/models?api-version=2026-01-01%26a%20b"


def test_no_representation_of_an_endpoint_holds_the_key() -> None:
    assert KEY not in repr(find_endpoint({"model": "openai/x", "api_key": KEY}))


# What can go wrong


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("scripted", "state"),
    [
        ({"status": 401}, "key refused"),
        ({"status": 403}, "key refused"),
        ({"status": 400, "body": b'{"error": {"details": [{"reason": "API_KEY_INVALID"}]}}'}, "key refused"),
        ({"status": 400}, "answers 400"),
        ({"status": 404}, "answers 404"),
        ({"status": 500}, "answers 500"),
        ({"body": b"<!doctype html>"}, "answers, but its list of models could not be read"),
        ({"body": b""}, "answers, but its list of models could not be read"),
        ({"body": b'{"data": [' + b" " * LONGEST_LIST + b"]}"}, "answers, but its list of models could not be read"),
        ({"body": b'{"data": [{"id": "other"}]}'}, "not available at its server, which has other"),
        (
            {"body": b'{"data": [{"id": "one-more"}, {"id": "another-one"}]}'},
            "not available at its server, which has one-more, another-one",
        ),
        ({"body": b'{"data": []}'}, "not available at its server, which has no model at all"),
    ],
)
async def test_what_a_provider_answers_says_whether_its_model_can_be_used(scripted: dict[str, Any], state: str) -> None:
    async with provider(**scripted) as double:
        entry = await at(double)
    assert (entry.usable, entry.state) == (state.startswith("answers, "), state)
    assert entry.ms is not None


@pytest.mark.anyio
async def test_who_wants_a_key_and_gets_none_says_so() -> None:
    async with provider(status=401) as double:
        entry = await listed("openai/one", LLM_API_BASE=double.url)
    assert (entry.state, entry.has_key) == ("asks for a key", None)


@pytest.mark.anyio
async def test_a_redirect_is_not_followed() -> None:
    async with provider(ONE) as other, provider(status=302, location=f"{other.url}/v1/models") as double:
        entry = await at(double)
    assert (entry.usable, entry.state, other.asked) == (False, "answers 302", [])


@pytest.mark.anyio
async def test_a_provider_that_says_nothing_is_given_up_at_the_limit() -> None:
    async with provider(silent=True) as double:
        entry = await at(double, limit_s=0.2)
    assert (entry.usable, entry.state, entry.ms) == (False, "does not answer within 0.2 s", None)


@pytest.mark.anyio
async def test_a_provider_that_trickles_is_given_up_at_the_limit() -> None:
    async def trickle(_: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 -\r\n\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with answering(trickle) as url:
        entry = await listed("openai/one", 0.2, LLM_API_BASE=url)
    assert entry.state == "does not answer within 0.2 s"


@pytest.mark.anyio
async def test_an_endless_answer_is_not_read_to_its_end() -> None:
    async def endless(_: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 -\r\n\r\n")
        while True:
            writer.write(b" " * 65_536)
            await writer.drain()

    async with answering(endless) as url:
        entry = await listed("openai/one", LLM_API_BASE=url)
    assert entry.state == "answers, but its list of models could not be read"


@pytest.mark.anyio
async def test_what_is_no_http_does_not_answer() -> None:
    async def babble(_: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-nothing\r\n\r\n")

    async with answering(babble) as url:
        assert (await listed("openai/one", LLM_API_BASE=url)).state == "does not answer"
    # Nobody listens there any more.
    assert (await listed("openai/one", LLM_API_BASE=url)).state == "does not answer"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "env",
    [
        {"LLM_API_BASE": "no-url"},
        {"LLM_API_BASE": "ftp://127.0.0.1"},
        {"LLM_API_BASE": "http://[::1"},
        {"LLM_API_BASE": "http://127.0.0.1:99999"},
        {"LLM_API_BASE": "http://127.0.0.1:1", "LLM_API_KEY": "ключ"},
        {"LLM_API_BASE": "http://127.0.0.1:1", "LLM_API_KEY": "two\nlines"},
    ],
)
async def test_an_address_or_a_key_that_is_none_is_said_to_be_malformed(env: dict[str, str]) -> None:
    entry = (await list_models(model_settings({"LLM_MODELS": "openai/one", **env}), {}, LITELLM))[0]
    assert entry.usable is False
    assert entry.state in ("cannot be asked: its address or its key is malformed", "does not answer")


@pytest.mark.anyio
async def test_who_lists_no_models_is_not_asked_and_nobody_knows() -> None:
    entry = await listed("bedrock/anthropic.claude-x")
    assert (entry.usable, entry.has_key, entry.ms) == (None, None, None)
    assert entry.state == "unknown: this provider does not list its models"


@pytest.mark.anyio
async def test_what_cannot_be_asked_for_another_reason_is_not() -> None:
    async with provider(ONE) as double:
        presets = {"far": Preset(model="openai/one", key="FAR_API_KEY", api_base=double.url)}
        named, far = await list_models(model_settings({"LLM_MODELS": "gpt-9"}), presets, LITELLM)
    assert (named.usable, named.has_key) == (False, None)
    assert named.state.startswith("is neither a preset in prompts/models.yaml")
    assert (far.usable, far.has_key, far.state) == (False, False, "FAR_API_KEY is not set")
    assert double.asked == []


# All of them


@pytest.mark.anyio
async def test_the_chain_comes_first_in_its_order_and_every_other_preset_after_it() -> None:
    async with provider(ONE) as double:
        presets = {name: Preset(model="openai/one", api_base=double.url) for name in ("a", "b", "c")}
        settings = model_settings({"LLM_MODELS": "c,x/y,b,c", "X_API_BASE": double.url})
        entries = await list_models(settings, presets, LITELLM)
    assert [(entry.name, entry.place) for entry in entries] == [("c", 1), ("x/y", 2), ("b", 3), ("a", None)]


@pytest.mark.anyio
async def test_an_endpoint_is_asked_once_for_all_its_models_and_all_endpoints_at_once() -> None:
    async with provider(ONE) as double, provider(silent=True) as hanging:
        presets = {
            "a": Preset(model="openai/one", api_base=double.url),
            "b": Preset(model="openai/two", api_base=double.url),
            "c": Preset(model="openai/one", api_base=hanging.url),
            "d": Preset(model="ollama/one", api_base=hanging.url),
        }
        entries = await list_models(model_settings({}), presets, LITELLM, 0.3)
    assert [entry.state for entry in entries[:2]] == ["usable", "usable as one, the only model there"]
    assert {entry.state for entry in entries[2:]} == {"does not answer within 0.3 s"}
    assert (len(double.asked), len(hanging.asked)) == (1, 2)


# What is printed


def entry(**other: Any) -> ListedModel:
    usual: dict[str, Any] = {
        "name": "good",
        "model": "openai/one",
        "place": 1,
        "has_key": True,
        "usable": True,
        "state": "usable",
        "ms": 42,
        "price": Price(input=0.4, output=1.6),
        "context": 1_047_576,
        "output": 16_000,
        "vision": True,
        "edits": False,
    }
    return ListedModel(**usual | other)


def test_the_table_stands_in_columns() -> None:
    unknown = entry(name="a-longer-name", place=None, has_key=None, ms=None, price=None, state="does not answer")
    lines = render_table([entry(), unknown]).splitlines()
    assert [re.split(r" {2,}", line.strip()) for line in lines] == [
        ["#", "NAME", "MODEL", "KEY", "$ IN", "$ OUT", "CONTEXT", "OUTPUT", "VISION", "EDITS", "MS", "NOW"],
        ["1", "good", "openai/one", "yes", "0.4", "1.6", "1047k", "16k", "yes", "no", "42", "usable"],
        ["a-longer-name", "openai/one", "-", "?", "?", "1047k", "16k", "yes", "no", "does not answer"],
    ]
    assert len({line.index(state) for line, state in zip(lines, ("NOW", "usable", "does not"), strict=True)}) == 1
    assert lines == [line.rstrip() for line in lines]


def test_the_command_prints_every_preset_and_never_a_key(capsys: pytest.CaptureFixture[str]) -> None:
    closed = "http://127.0.0.1:9"
    env = {
        "LLM_MODELS": "ollama,nobody",
        "AZURE_API_KEY": KEY,
        "AZURE_API_BASE": closed,
        **dict.fromkeys(("OLLAMA_API_BASE", "LM_STUDIO_API_BASE", "LLAMA_API_BASE"), closed),
    }
    assert run_models(model_settings(env), as_json=True) == 0
    said = capsys.readouterr().out
    entries = TypeAdapter(list[ListedModel]).validate_json(said)
    assert [(each.name, each.place, each.state) for each in entries[:2]] == [
        ("ollama", 1, "does not answer"),
        ("nobody", 2, "is neither a preset in prompts/models.yaml nor a litellm id such as openai/gpt-4.1"),
    ]
    by_name = {each.name: each for each in entries}
    assert (by_name["azure"].has_key, by_name["gpt-4.1"].has_key, by_name["llama"].has_key) == (True, False, None)
    assert by_name["gpt-4.1"].price == Price(input=2, output=8, cached=0.5)
    assert run_models(model_settings(env), as_json=False) == 0
    as_text = capsys.readouterr().out
    assert [line.split()[0] for line in as_text.splitlines()][:3] == ["#", "1", "2"]
    assert KEY not in said + as_text
