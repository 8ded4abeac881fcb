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

from orchestrator.core.settings import Models, model_settings
from orchestrator.generate.models.endpoints import EndpointReply, endpoint, heard
from orchestrator.generate.models.home import HomeModel, found
from orchestrator.generate.models.presets import NO_KEY, Model, Preset, Price, chain, import_litellm, load

LIMIT_S = 5.0
USABLE = "usable"


@dataclass(frozen=True)
class ListedModel:
    """One line of the list.

    `place`: in LLM_MODELS, from 1; `has_key`: None if none is needed; `usable`: None if nobody can be asked;
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

    Raises UsageError if the settings or `models.yaml` are wrong.
    """
    settings, presets = model_settings(env), load()
    entries = asyncio.run(listing(settings, presets, import_litellm()))
    said = TypeAdapter(list[ListedModel]).dump_json(entries, indent=2).decode() if as_json else table(entries)
    sys.stdout.write(f"{said}\n")
    return 0


async def listing(
    settings: Models, presets: Mapping[str, Preset], litellm: Any, limit_s: float = LIMIT_S
) -> list[ListedModel]:
    """Return an entry for every model of LLM_MODELS, in order, and for every other preset."""
    places = {name: place for place, name in enumerate(dict.fromkeys(settings.chain), 1)}
    names = tuple({**places, **presets})
    models = chain(replace(settings, chain=names), presets, litellm)
    heard = await _all_heard([model for model in models if not model.problem], limit_s)
    return [_entry(model, places.get(model.name), heard.get(model.name)) for model in models]


async def _all_heard(models: Iterable[Model], limit_s: float) -> dict[str, tuple[EndpointReply, HomeModel | None]]:
    """Ask each endpoint once, all at the same time; what it said stands under the name of each of its models."""
    endpoints = {model.name: (model, of) for model in models if (of := endpoint(model.params))}
    asked = list(dict.fromkeys(of for _, of in endpoints.values()))
    # The proxies of the environment are used, as litellm uses them.
    async with httpx.AsyncClient(timeout=limit_s, follow_redirects=False) as http:
        said = await asyncio.gather(*(heard(http, each, limit_s) for each in asked))
        by_endpoint = dict(zip(asked, said, strict=True))
        known = await asyncio.gather(
            *(_served(http, model, by_endpoint[of], limit_s) for model, of in endpoints.values())
        )
    return {name: (by_endpoint[of], served) for (name, (_, of)), served in zip(endpoints.items(), known, strict=True)}


async def _served(http: httpx.AsyncClient, model: Model, said: EndpointReply, limit_s: float) -> HomeModel | None:
    return None if said.problem else await found(http, model, said, limit_s)


def _entry(model: Model, place: int | None, said: tuple[EndpointReply, HomeModel | None] | None) -> ListedModel:
    key = model.params.get("api_key", NO_KEY)
    answered, served = said or (None, None)
    usable, state = _state(model, answered, served)
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


def _state(model: Model, answered: EndpointReply | None, served: HomeModel | None) -> tuple[bool | None, str]:
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


def table(entries: Sequence[ListedModel]) -> str:
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


def _cells(entry: ListedModel) -> tuple[str, ...]:
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
