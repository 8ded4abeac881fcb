"""Where providers list their models, and what they answer there: asked with the cheapest thing that needs the key."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx

from orchestrator.core.http import TooLarge, read_body
from orchestrator.generate.models.offers import Offer, parse_offers
from orchestrator.generate.models.presets import NO_KEY

LONGEST_LIST = 1_048_576

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
class ListEndpoint:
    """Where a provider lists its models, and what it is asked with: one header holds the key, if there is one."""

    url: str
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    has_key: bool


@dataclass(frozen=True)
class EndpointReply:
    """What an endpoint said. `problem`: why it cannot be used; `offered`: None if its list was not understood."""

    problem: str = ""
    offered: tuple[Offer, ...] | None = None
    ms: int | None = None


def find_endpoint(params: Mapping[str, Any]) -> ListEndpoint | None:
    """Return where the models of litellm's `params` are listed, None if that is not known."""
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
    return ListEndpoint(f"{base.rstrip('/')}{path}", tuple(headers.items()), key != NO_KEY)


async def fetch_offers(http: httpx.AsyncClient, of: ListEndpoint, limit_s: float) -> EndpointReply:
    """Ask once within `limit_s` seconds. No text of what went wrong goes on: it may hold the key."""
    started = time.monotonic()
    try:
        async with asyncio.timeout(limit_s), http.stream("GET", of.url, headers=dict(of.headers)) as response:
            ms = round(1000 * (time.monotonic() - started))
            body = await read_limited_body(response)
    except (TimeoutError, httpx.TimeoutException):
        return EndpointReply(f"does not answer within {limit_s:g} s")
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, ValueError, ExceptionGroup):
        # The group is anyio's, for a port that there cannot be.
        return EndpointReply("cannot be asked: its address or its key is malformed")
    except (httpx.HTTPError, OSError):
        return EndpointReply("does not answer")
    # Google refuses a key with 400.
    if response.status_code in (401, 403) or (response.status_code == 400 and b"API_KEY_INVALID" in body):
        return EndpointReply("key refused" if of.has_key else "asks for a key", ms=ms)
    if not response.is_success:
        return EndpointReply(f"answers {response.status_code}", ms=ms)
    return EndpointReply(offered=parse_offers(body), ms=ms)


async def read_limited_body(response: httpx.Response) -> bytes:
    """Return the body, as it is, or nothing if it is too long."""
    try:
        return await read_body(response, LONGEST_LIST)
    except TooLarge:
        return b""
