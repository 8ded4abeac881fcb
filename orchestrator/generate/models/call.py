"""Asking the models, in order, until one gives a usable answer. litellm's Router retries one call; the chain is ours.

litellm's own fallbacks can send one provider's key to another, and count truncated and empty answers as success.
Importing it costs seconds: it is imported in a thread, while other work waits.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from orchestrator.deadline import Deadline
from orchestrator.errors import UsageError
from orchestrator.generate.prompt import FOLDER, Messages
from orchestrator.handover import Attempt
from orchestrator.settings import Models, quiet_litellm

T = TypeVar("T")

CALL_S = 180.0
SHORTEST_CALL_S = 5.0
"""With less time than this no call is made."""


class Preset(BaseModel):
    """One entry of `models.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    key: str | None = None
    api_base: str | None = None


@dataclass(frozen=True)
class Model:
    """One model of the chain: the name it was chosen by, and litellm's parameters for it."""

    name: str
    params: Mapping[str, str]
    problem: str = ""


@dataclass(frozen=True)
class Answer:
    """A model's text, and what it cost. `text` is None where there was none to use."""

    text: str | None
    attempt: Attempt


def chain(models: Models, folder: Path = FOLDER) -> list[Model]:
    """Return the models to ask, in order. Raises UsageError where `models.yaml` is not of its form."""
    if not models.chain:
        return []
    presets = _presets(folder / "models.yaml")
    return [_resolved(name, presets.get(name), models) for name in models.chain]


def _presets(path: Path) -> dict[str, Preset]:
    try:
        return TypeAdapter(dict[str, Preset]).validate_python(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except (OSError, yaml.YAMLError, ValidationError) as error:
        where = error.errors()[0]["loc"] if isinstance(error, ValidationError) else type(error).__name__
        raise UsageError(f"prompts/models.yaml cannot be used ({where}).", "Correct the entry.") from None


def _resolved(name: str, preset: Preset | None, models: Models) -> Model:
    if preset is None:
        given = {"model": name, "api_base": models.api_base, "api_key": models.keys.get("LLM_API_KEY", "")}
        if models.api_base and not given["api_key"]:
            given["api_key"] = "none"  # else litellm sends OPENAI_API_KEY to whatever host the base names
        return Model(name, {key: value for key, value in given.items() if value})
    params = {"model": preset.model}
    if preset.api_base:
        params["api_base"] = preset.api_base
    if preset.key:
        if not (key := models.keys.get(preset.key)):
            return Model(name, params, problem=f"{preset.key} is not set")
        params["api_key"] = key
    return Model(name, params)


def import_litellm() -> Any:
    """Import litellm with everything switched off that prints, phones home or reads a `.env`."""
    quiet_litellm()
    import litellm  # noqa: PLC0415

    litellm.suppress_debug_info = True
    litellm.drop_params = True
    for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return litellm


async def ask_each(
    models: Models, messages: Messages, usable: Callable[[str], tuple[T | None, str]], deadline: Deadline
) -> tuple[T | None, str, list[Attempt]]:
    """Ask the chain until `usable` takes an answer: it returns what was made of the text, or None and why not.

    Returns what was made, the name of the model that made it, and every attempt.
    """
    attempts: list[Attempt] = []
    litellm = await asyncio.to_thread(import_litellm)
    asked = chain(models)
    for place, model in enumerate(asked):
        if model.problem:
            attempts.append(Attempt(model=model.name, outcome=model.problem))
            continue
        spent = sum(attempt.cost_usd or 0 for attempt in attempts)
        # One that hangs must not use up the time of those behind it.
        left = 1 + sum(not other.problem for other in asked[place + 1 :])
        limit = min(CALL_S, deadline.remaining / left)
        if spent >= models.max_cost_usd or limit < SHORTEST_CALL_S:
            outcome = "not asked: the money was spent" if spent >= models.max_cost_usd else "not asked: no time left"
            attempts.append(Attempt(model=model.name, outcome=outcome))
            continue
        answer = await _asked(litellm, model, messages, limit)
        made, complaint = (None, "") if answer.text is None else usable(answer.text)
        if made is not None:
            attempts.append(answer.attempt)
            return made, model.name, attempts
        attempts.append(answer.attempt.model_copy(update={"outcome": complaint} if complaint else {}))
    return None, "", attempts


async def _asked(litellm: Any, model: Model, messages: Messages, limit: float) -> Answer:
    started = time.monotonic()
    try:
        # litellm's timeout is idle time: only this one ends an answer that trickles in.
        async with asyncio.timeout(limit):
            router = litellm.Router(
                model_list=[{"model_name": "asked", "litellm_params": {**model.params, "max_retries": 0}}],
                num_retries=2,
                timeout=limit,
                stream_timeout=limit,
                disable_cooldowns=True,
                fallbacks=[],
            )
            response = await router.acompletion(model="asked", messages=messages)
    except TimeoutError:
        return Answer(None, _attempt(model, f"no answer within {limit:.0f} s", started))
    except Exception as error:  # noqa: BLE001 - whatever a provider's client raises, the next model is asked
        # Only the kind: the text may repeat the prompt, the key or the provider's HTML.
        return Answer(None, _attempt(model, f"failed: {type(error).__name__}", started))
    return _judged(litellm, model, response, started)


def _judged(litellm: Any, model: Model, response: Any, started: float) -> Answer:
    """Tell a usable answer from what litellm also calls success: nothing, or the half of one."""
    choice = response.choices[0] if response.choices else None
    text = (choice.message.content or "") if choice else ""
    usage = getattr(response, "usage", None)
    spent = {
        "tokens_in": int(getattr(usage, "prompt_tokens", 0) or 0),
        "tokens_out": int(getattr(usage, "completion_tokens", 0) or 0),
        "cost_usd": _cost(litellm, model, response),
    }
    if choice is not None and choice.finish_reason in _CUT_OFF:
        outcome = _CUT_OFF[choice.finish_reason]
    elif not text.strip():
        outcome = "an empty answer"
    else:
        return Answer(text, _attempt(model, "answered", started, spent))
    return Answer(None, _attempt(model, outcome, started, spent))


_CUT_OFF = {"length": "cut off at the length limit", "content_filter": "cut off by the provider's content filter"}


def _cost(litellm: Any, model: Model, response: Any) -> float | None:
    """Return the price in dollars, or None where it is unknown: litellm's Router takes those for free."""
    try:
        info = litellm.get_model_info(model.params["model"])
        if not (info["input_cost_per_token"] or info["output_cost_per_token"]):
            return None
        return float(litellm.completion_cost(completion_response=response, model=model.params["model"]))
    except Exception:  # noqa: BLE001 - it raises plain Exception for a model that it does not know
        return None


def _attempt(model: Model, outcome: str, started: float, spent: Mapping[str, Any] | None = None) -> Attempt:
    seconds = max(0.01, round(time.monotonic() - started, 2))
    return Attempt.model_validate({"model": model.name, "outcome": outcome, "seconds": seconds, **(spent or {})})
