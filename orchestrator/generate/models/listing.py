"""`pagewright models`: which models there are, what they cost, and which can be used now.

Each endpoint is asked once, for the cheapest thing that needs the key: the list of its models.
"""

import asyncio
import re
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter
from pydantic_core import from_json

from orchestrator.generate.models.presets import NO_KEY, Model, Preset, Price, chain, import_litellm, load
from orchestrator.settings import Models, model_settings

LIMIT_S = 5.0
LONGEST_LIST = 1_048_576
USABLE = "usable"

_BASES = {
    "anthropic": "https://api.anthropic.com",
    "deepseek": "https://api.deepseek.com/v1",
    "gemini": "https://generativelanguage.googleapis.com/v1beta",
    "groq": "https://api.groq.com/openai/v1",
    "mistral": "https://api.mistral.ai/v1",
    "ollama": "http://localhost:11434",
    "ollama_chat": "http://localhost:11434",
    "openai": "https://api.openai.com/v1",
    "openrouter": "https://openrouter.ai/api/v1",
    "together_ai": "https://api.together.xyz/v1",
    "xai": "https://api.x.ai/v1",
}
"""Where litellm finds the providers that it knows by themselves."""

# Everybody else's list lies where OpenAI's does: https://platform.openai.com/docs/api-reference/models/list
_PATHS = {
    "anthropic": "/v1/models?limit=1000",  # https://docs.claude.com/en/api/models-list
    "azure": "/openai/models",  # https://learn.microsoft.com/rest/api/azureopenai/models/list
    "gemini": "/models?pageSize=1000",  # https://ai.google.dev/api/models
    "ollama": "/api/tags",  # https://docs.ollama.com/api/tags
    "ollama_chat": "/api/tags",
    "openrouter": "/models/user",  # its plain list asks for no key: https://openrouter.ai/docs/api/api-reference/models
}
_KEY_HEADERS = {"anthropic": "x-api-key", "azure": "api-key", "gemini": "x-goog-api-key"}
_ANTHROPIC_VERSION = "2023-06-01"
_AZURE_VERSION = "2024-10-21"


@dataclass(frozen=True)
class Endpoint:
    """Where a provider lists its models, and what it is asked with: one header holds the key, if there is one."""

    url: str
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    has_key: bool


@dataclass(frozen=True)
class Heard:
    """What an endpoint said. `problem`: why it cannot be used; `offered`: None where its list was not understood."""

    problem: str = ""
    offered: frozenset[str] | None = None
    ms: int | None = None


@dataclass(frozen=True)
class Entry:
    """One line of the list.

    `place`: in LLM_MODELS, from 1; `has_key`: None where none is needed; `usable`: None where nobody can be asked;
    `ms`: until the endpoint answered; `context` and `output`: tokens; `price`: dollars for a million, None: unknown.
    """

    name: str
    model: str
    place: int | None
    has_key: bool | None
    usable: bool | None
    state: str
    ms: int | None
    price: Price | None
    context: int
    output: int
    vision: bool
    edits: bool


def run_models(env: Mapping[str, str], *, as_json: bool) -> int:
    """Run `pagewright models`. It answers a question, so that nothing is usable is no failure.

    Raises UsageError where the settings or `models.yaml` are wrong.
    """
    settings, presets = model_settings(env), load()
    entries = asyncio.run(listing(settings, presets, import_litellm()))
    said = TypeAdapter(list[Entry]).dump_json(entries, indent=2).decode() if as_json else table(entries)
    sys.stdout.write(f"{said}\n")
    return 0


async def listing(
    settings: Models, presets: Mapping[str, Preset], litellm: Any, limit_s: float = LIMIT_S
) -> list[Entry]:
    """Return an entry for every model of LLM_MODELS, in order, and for every other preset."""
    places = {name: place for place, name in enumerate(dict.fromkeys(settings.chain), 1)}
    names = tuple({**places, **presets})
    models = chain(replace(settings, chain=names), presets, litellm)
    heard = await _all_heard([model for model in models if not model.problem], limit_s)
    return [_entry(model, places.get(model.name), heard.get(model.name)) for model in models]


def endpoint(params: Mapping[str, Any]) -> Endpoint | None:
    """Return where the models of litellm's `params` are listed, None where that is not known."""
    provider = params["model"].partition("/")[0]
    base = params.get("api_base") or _BASES.get(provider)
    if not base:
        return None
    path = _PATHS.get(provider, "/models")
    headers = {"accept-encoding": "identity", "user-agent": "pagewright"}
    key = params.get("api_key", NO_KEY)
    if key != NO_KEY:
        name = _KEY_HEADERS.get(provider)
        headers |= {name: key} if name else {"authorization": f"Bearer {key}"}
    if provider == "anthropic":
        headers["anthropic-version"] = _ANTHROPIC_VERSION
    elif provider == "azure":
        path += f"?api-version={quote(params.get('api_version', _AZURE_VERSION))}"
    return Endpoint(f"{base.rstrip('/')}{path}", tuple(headers.items()), key != NO_KEY)


async def _all_heard(models: Iterable[Model], limit_s: float) -> dict[str, Heard]:
    """Ask each endpoint once, all at the same time; what it said stands under the name of each of its models."""
    endpoints = {model.name: found for model in models if (found := endpoint(model.params))}
    asked = list(dict.fromkeys(endpoints.values()))
    # The proxies of the environment are used, as litellm uses them.
    async with httpx.AsyncClient(timeout=limit_s, follow_redirects=False) as http:
        said = await asyncio.gather(*(_heard(http, each, limit_s) for each in asked))
    by_endpoint = dict(zip(asked, said, strict=True))
    return {name: by_endpoint[of] for name, of in endpoints.items()}


async def _heard(http: httpx.AsyncClient, of: Endpoint, limit_s: float) -> Heard:
    """Ask once. No text of what went wrong goes on: it may hold the key."""
    started = time.monotonic()
    try:
        async with asyncio.timeout(limit_s), http.stream("GET", of.url, headers=dict(of.headers)) as response:
            ms = round(1000 * (time.monotonic() - started))
            body = await _body(response)
    except (TimeoutError, httpx.TimeoutException):
        return Heard(f"does not answer within {limit_s:g} s")
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, ValueError, ExceptionGroup):
        # The group is anyio's, for a port that there cannot be.
        return Heard("cannot be asked: its address or its key is malformed")
    except (httpx.HTTPError, OSError):
        return Heard("does not answer")
    # Google refuses a key with 400.
    if response.status_code in (401, 403) or (response.status_code == 400 and b"API_KEY_INVALID" in body):
        return Heard("key refused" if of.has_key else "asks for a key", ms=ms)
    if not response.is_success:
        return Heard(f"answers {response.status_code}", ms=ms)
    return Heard(offered=offered(body), ms=ms)


async def _body(response: httpx.Response) -> bytes:
    """Return the body, as it is, or nothing where it is too long."""
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > LONGEST_LIST:
            return b""
    return bytes(body)


def offered(body: bytes) -> frozenset[str] | None:
    """Return the names in a provider's list of models, None where `body` is no such list."""
    try:
        said = from_json(body)
    except ValueError:
        return None
    listed = said.get("data", said.get("models")) if isinstance(said, dict) else said
    if not isinstance(listed, list):
        return None
    named = [one.get("id") or one.get("name") for one in listed if isinstance(one, dict)]
    names = frozenset(name.removeprefix("models/") for name in named if isinstance(name, str))
    return names if names or not listed else None


def _entry(model: Model, place: int | None, heard: Heard | None) -> Entry:
    key = model.params.get("api_key", NO_KEY)
    usable, state = _state(model, heard)
    return Entry(
        name=model.name,
        model=model.params["model"],
        place=place,
        has_key=True if key != NO_KEY else False if "_API_KEY" in model.problem else None,
        usable=usable,
        state=state,
        ms=heard.ms if heard else None,
        price=model.price,
        context=model.context,
        output=model.output,
        vision=model.sees_images,
        edits=model.edits,
    )


def _state(model: Model, heard: Heard | None) -> tuple[bool | None, str]:
    """Return whether `model` can be used now, and that or why not in words."""
    if model.problem:
        return False, model.problem
    if heard is None:
        return None, "not known: nobody lists this provider's models"
    if heard.problem:
        return False, heard.problem
    provider, _, wanted = model.params["model"].partition("/")
    # Azure is asked for a deployment, by a name of one's own, and lists the models that could be deployed.
    if provider == "azure":
        return True, USABLE
    if heard.offered is None:
        return True, "answers, with a list that is not understood"
    # Anthropic lists names with their day, Ollama with a tag; both may be left out.
    is_offered = any(re.fullmatch(rf"{re.escape(wanted)}(-\d{{8}}|:latest)?", name) for name in heard.offered)
    return (True, USABLE) if is_offered else (False, "not offered")


_HEAD = ("#", "NAME", "MODEL", "KEY", "$ IN", "$ OUT", "CONTEXT", "OUTPUT", "VISION", "EDITS", "MS", "NOW")
_NUMBERS = {"#", "$ IN", "$ OUT", "CONTEXT", "OUTPUT", "MS"}


def table(entries: Sequence[Entry]) -> str:
    """Return the list as text for people; prices are for a million tokens."""
    rows = [_HEAD, *map(_cells, entries)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if name in _NUMBERS else cell.ljust(width)
            for name, cell, width in zip(_HEAD, row, widths, strict=True)
        ).rstrip()
        for row in rows
    )


def _cells(entry: Entry) -> tuple[str, ...]:
    prices = (f"{entry.price.input:g}", f"{entry.price.output:g}") if entry.price else ("?", "?")
    return (
        "" if entry.place is None else str(entry.place),
        entry.name,
        entry.model,
        _yes(entry.has_key),
        *prices,
        f"{entry.context // 1000}k",
        f"{entry.output // 1000}k",
        _yes(entry.vision),
        _yes(entry.edits),
        "" if entry.ms is None else str(entry.ms),
        entry.state,
    )


def _yes(is_so: bool | None) -> str:  # noqa: FBT001 - the value of a cell
    return "-" if is_so is None else "yes" if is_so else "no"
