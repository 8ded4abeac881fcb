"""`pagewright models`: which models there are, what they cost, and which can be used now.

Each endpoint is asked once, for the cheapest thing that needs the key: the list of its models.
"""

import asyncio
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import httpx
from pydantic import TypeAdapter

from orchestrator.core.settings import Models
from orchestrator.generate.models.endpoints import EndpointReply, fetch_offers, find_endpoint
from orchestrator.generate.models.home import HomeModel, find_home_model
from orchestrator.generate.models.presets import (
    NO_KEY,
    Model,
    Preset,
    Price,
    import_litellm,
    load_presets,
    resolve_chain,
)

LIMIT_S = 5.0
USABLE = "usable"


@dataclass(frozen=True)
class ListedModel:
    """One line of the list.

    - `place`: the place in LLM_MODELS, from 1
    - `has_key`: None if the model needs no key
    - `usable`: None if nobody can be asked
    - `ms`: milliseconds until the endpoint answered
    - `context`: tokens
    - `output`: tokens
    - `price`: dollars for a million tokens, None if unknown
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


def run_models(settings: Models, *, as_json: bool) -> int:
    """Run `pagewright models`. It answers a question, so that nothing is usable is no failure.

    Raises UsageError if `models.yaml` is wrong.
    """
    entries = asyncio.run(list_models(settings, load_presets(), import_litellm()))
    said = TypeAdapter(list[ListedModel]).dump_json(entries, indent=2).decode() if as_json else render_table(entries)
    sys.stdout.write(f"{said}\n")
    return 0


async def list_models(
    settings: Models, presets: Mapping[str, Preset], litellm: Any, limit_s: float = LIMIT_S
) -> list[ListedModel]:
    """Return an entry for every model of LLM_MODELS, in order, and for every other preset."""
    places = {name: place for place, name in enumerate(dict.fromkeys(settings.chain), 1)}
    names = tuple({**places, **presets})
    models = resolve_chain(replace(settings, chain=names), presets, litellm)
    heard = await _fetch_all_offers([model for model in models if not model.problem], limit_s)
    return [_build_entry(model, places.get(model.name), heard.get(model.name)) for model in models]


async def _fetch_all_offers(
    models: Iterable[Model], limit_s: float
) -> dict[str, tuple[EndpointReply, HomeModel | None]]:
    """Ask each endpoint once, all at the same time; what it said stands under the name of each of its models."""
    endpoints = {model.name: (model, of) for model in models if (of := find_endpoint(model.params))}
    asked = list(dict.fromkeys(of for _, of in endpoints.values()))
    # The proxies of the environment are used, as litellm uses them.
    async with httpx.AsyncClient(timeout=limit_s, follow_redirects=False) as http:
        said = await asyncio.gather(*(fetch_offers(http, each, limit_s) for each in asked))
        by_endpoint = dict(zip(asked, said, strict=True))
        known = await asyncio.gather(
            *(_find_if_reachable(http, model, by_endpoint[of], limit_s) for model, of in endpoints.values())
        )
    return {name: (by_endpoint[of], served) for (name, (_, of)), served in zip(endpoints.items(), known, strict=True)}


async def _find_if_reachable(
    http: httpx.AsyncClient, model: Model, said: EndpointReply, limit_s: float
) -> HomeModel | None:
    return None if said.problem else await find_home_model(http, model, said, limit_s)


def _build_entry(model: Model, place: int | None, said: tuple[EndpointReply, HomeModel | None] | None) -> ListedModel:
    key = model.params.get("api_key", NO_KEY)
    answered, served = said or (None, None)
    usable, state = _describe_state(model, answered, served)
    context = served.context if served else None
    shown = context if context and (model.context_is_guessed or context < model.context) else model.context
    return ListedModel(
        name=model.name,
        model=served.id if served else model.params["model"],
        place=place,
        has_key=True if key != NO_KEY else False if "_API_KEY" in model.problem else None,
        usable=usable,
        state=state,
        ms=answered.ms if answered else None,
        price=model.price,
        context=shown,
        output=min(model.output, shown),
        vision=model.sees_images,
        edits=model.edits,
    )


def _describe_state(model: Model, answered: EndpointReply | None, served: HomeModel | None) -> tuple[bool | None, str]:
    """Return whether `model` can be used now, and that or why not in words."""
    if model.problem:
        return False, model.problem
    if answered is None:
        return None, "unknown: this provider does not list its models"
    if served is None:
        return False, answered.problem
    if not served.is_there:
        return False, served.says
    # Azure is asked for a deployment, by a name of one's own, and lists the models that could be deployed.
    if answered.offered is None and not model.params["model"].startswith("azure/"):
        return True, "answers, but its list of models could not be read"
    said = f"{USABLE} {served.says}".strip()
    context = served.context
    if context and context < model.context and not model.context_is_guessed:
        said += f"; its context is {context} tokens, not {model.context}"
    return True, said


_HEAD = ("#", "NAME", "MODEL", "KEY", "$ IN", "$ OUT", "CONTEXT", "OUTPUT", "VISION", "EDITS", "MS", "NOW")
_NUMBERS = {"#", "$ IN", "$ OUT", "CONTEXT", "OUTPUT", "MS"}


def render_table(entries: Sequence[ListedModel]) -> str:
    """Return the list as text for people; prices are for a million tokens."""
    rows = [_HEAD, *map(_render_cells, entries)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if name in _NUMBERS else cell.ljust(width)
            for name, cell, width in zip(_HEAD, row, widths, strict=True)
        ).rstrip()
        for row in rows
    )


def _render_cells(entry: ListedModel) -> tuple[str, ...]:
    prices = (f"{entry.price.input:g}", f"{entry.price.output:g}") if entry.price else ("?", "?")
    return (
        "" if entry.place is None else str(entry.place),
        entry.name,
        entry.model,
        _format_flag(entry.has_key),
        *prices,
        f"{entry.context // 1000}k",
        f"{entry.output // 1000}k",
        _format_flag(entry.vision),
        _format_flag(entry.edits),
        "" if entry.ms is None else str(entry.ms),
        entry.state,
    )


def _format_flag(is_so: bool | None) -> str:  # noqa: FBT001 - the value of a cell
    return "-" if is_so is None else "yes" if is_so else "no"
