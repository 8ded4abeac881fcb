"""What a server at home says before its model is asked: which models it has, and how large their contexts are."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from orchestrator.generate.models.endpoints import EndpointReply, fetch_offers, find_endpoint, read_limited_body
from orchestrator.generate.models.learnt import Learnt
from orchestrator.generate.models.offers import (
    Offer,
    choose_offer,
    describe_offers,
    is_named,
    parse_offers,
    parse_ollama_context,
    printable_line,
)
from orchestrator.generate.models.presets import Model

LIMIT_S = 2.0
"""Seconds that a server may take to say what it has; one that works on another call may not answer at all."""

_OLLAMA = ("ollama", "ollama_chat")


@dataclass(frozen=True)
class HomeModel:
    """What was found out about one model.

    - `id`: litellm's id of the model that will answer
    - `says`: a remark of one clause, or empty
    - `context`: tokens, None if the server does not say
    - `is_there`: the model can be asked, as far as is known
    """

    id: str
    context: int | None = None
    says: str = ""
    is_there: bool = True


async def learn_from_server(model: Model, learnt: Learnt, limit_s: float = LIMIT_S) -> str:
    """Ask the server of `model` once a task, take note of what it says, and return what a person should know of it."""
    if learnt.was_heard or not (model.is_home or model.context_is_guessed):
        return ""
    learnt.was_heard = True
    of = find_endpoint(model.params)
    if of is None:
        return ""
    async with httpx.AsyncClient(timeout=limit_s, follow_redirects=False) as http:
        said = await fetch_offers(http, of, limit_s)
        if said.problem:
            return f"its server {said.problem}" if said.ms is None else ""
        served = await find_home_model(http, model, said, limit_s)
    if served.id != model.params["model"]:
        learnt.id = served.id
    if served.context is not None and (model.context_is_guessed or served.context < model.context):
        learnt.context = served.context
    return served.says


async def find_home_model(http: httpx.AsyncClient, model: Model, said: EndpointReply, limit_s: float) -> HomeModel:
    """Return which of the models that a server listed answers for `model`, and how much it reads."""
    provider, _, wanted = model.params["model"].partition("/")
    offer = choose_offer(wanted, said.offered or (), only=model.is_home)
    if offer is None:
        there = said.offered is None or provider == "azure"
        says = "" if there else f"not available at its server, which has {describe_offers(said.offered or ())}"
        return HomeModel(model.params["model"], None, says, is_there=there)
    is_other = not is_named(wanted, offer.name)
    says = f"as {printable_line(offer.name)}, the only model there" if is_other else ""
    context = offer.context or await _fetch_context(http, model.params, provider, offer, limit_s)
    return HomeModel(f"{provider}/{offer.name}" if is_other else model.params["model"], context, says)


async def _fetch_context(
    http: httpx.AsyncClient, params: Mapping[str, Any], provider: str, offer: Offer, limit_s: float
) -> int | None:
    """Ask LM Studio or Ollama in its own way; None if it does not say, or is neither."""
    base = str(params.get("api_base") or "http://localhost:11434").rstrip("/")
    try:
        async with asyncio.timeout(limit_s):
            if provider in _OLLAMA:
                # https://docs.ollama.com/api-reference/show-model-details
                return parse_ollama_context(await _fetch_body(http, "POST", f"{base}/api/show", {"model": offer.name}))
            if provider == "lm_studio":
                # https://lmstudio.ai/docs/developer/rest/endpoints
                listed = parse_offers(await _fetch_body(http, "GET", f"{base.removesuffix('/v1')}/api/v0/models"))
                return next((one.context for one in listed or () if one.name == offer.name), None)
    except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, OSError, ValueError):
        return None
    return None


async def _fetch_body(http: httpx.AsyncClient, method: str, url: str, asked: Mapping[str, Any] | None = None) -> bytes:
    async with http.stream(method, url, json=asked, headers={"accept-encoding": "identity"}) as response:
        return await read_limited_body(response) if response.is_success else b""
