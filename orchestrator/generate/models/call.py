"""One call of one model, through litellm's Router: it retries what may be retried, and knows the providers.

litellm's own fallbacks can send one provider's key to another, and count truncated and empty answers as success: the
chain of models is ours (`generation.py`), and what an answer is worth is decided here and in `conversation.py`.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.generate.models.budget import Allowance
from orchestrator.generate.models.presets import Model, Price
from orchestrator.generate.models.refusals import adapted_to, reason_of
from orchestrator.generate.prompt import Messages
from orchestrator.handover import Attempt

_MILLION = 1_000_000
_LATER_S = 5.0
_BLOCKS = ("<file", "<edit", "```")
"""What thinking holds where a server takes the whole answer for it."""


@dataclass(frozen=True)
class Answer:
    """What a model said. `problem`: why that cannot be used at all, else empty. `is_cut`: it met its length limit.

    `is_answered`: the provider took the call and answered it; `is_empty`: with nothing at all.
    """

    text: str
    attempt: Attempt
    problem: str = ""
    is_cut: bool = False
    is_answered: bool = True
    is_empty: bool = False


async def ask(litellm: Any, model: Model, messages: Messages, allowance: Allowance) -> Answer:
    """Ask once within `allowance`. Whatever goes wrong is an Answer with a problem."""
    started = time.monotonic()
    try:
        # litellm's timeout is idle time: only this one ends an answer that trickles in. Its own comes later: after it
        # litellm would try again.
        async with asyncio.timeout(allowance.seconds):
            router = litellm.Router(
                model_list=[{"model_name": "asked", "litellm_params": {**model.params, "max_retries": 0}}],
                num_retries=2,
                timeout=allowance.seconds + _LATER_S,
                stream_timeout=allowance.seconds + _LATER_S,
                disable_cooldowns=True,
                fallbacks=[],
            )
            response = await _adapting(router, {"messages": messages, "max_tokens": allowance.tokens})
    except TimeoutError:
        return _failed(model, f"no answer within {allowance.seconds:.0f} s", started, None)
    except Exception as error:  # noqa: BLE001 - whatever a provider's client raises, the next model is asked
        # Only the kind: the text may repeat the prompt, the key or the provider's HTML.
        kind = "RateLimitError" if (status := _status(error)) == 429 else type(error).__name__
        is_refusal = status is not None and (400 <= status < 500 or status in (503, 529))
        # What was refused costs nothing; what a call costs that was lost, nobody says.
        why = reason_of(status, str(error))
        return _failed(model, f"failed: {kind}{f' ({why})' if why else ''}", started, 0.0 if is_refusal else None)
    return _judged(model, response, started)


async def _adapting(router: Any, asked: Mapping[str, Any]) -> Any:
    """Ask, and once more where the provider says which parameter it does not take, and what it takes instead."""
    try:
        return await router.acompletion(model="asked", **asked)
    except Exception as error:
        if _status(error) != 400 or (adapted := adapted_to(str(error), asked)) is None:
            raise
    return await router.acompletion(model="asked", **adapted)


def _status(error: Exception) -> int | None:
    status = getattr(error, "status_code", None)
    # litellm gives a timeout and a broken connection a status of its own making.
    is_made_up = type(error).__name__ in ("Timeout", "APIConnectionError")
    return status if isinstance(status, int) and not is_made_up else None


def _judged(model: Model, response: Any, started: float) -> Answer:
    """Tell a usable answer from what litellm also calls success: nothing, or a refusal."""
    choice = response.choices[0] if response.choices else None
    text = _text_of(choice.message) if choice else ""
    reason = choice.finish_reason if choice else None
    problem, is_empty = "", False
    if reason == "content_filter":
        problem = "stopped by the provider's content filter"
    elif is_empty := not text.strip():
        # A model that thinks may use up its whole limit before the first word.
        problem = "an empty answer, cut off at the length limit" if reason == "length" else "an empty answer"
    attempt = _attempt(model, problem or "answered", started, _spent(model, getattr(response, "usage", None)))
    if problem:
        return Answer("", attempt, problem, is_empty=is_empty)
    return Answer(text, attempt, is_cut=reason == "length")


def _text_of(message: Any) -> str:
    """Return what a model said: its content, parts of it, or blocks that stand in its reasoning and nowhere else."""
    content = message.content
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, Mapping)]
        content = "".join(part for part in parts if isinstance(part, str))
    if isinstance(content, str) and content.strip():
        return content
    thought = getattr(message, "reasoning_content", None) or getattr(message, "reasoning", None)
    return thought if isinstance(thought, str) and any(sign in thought for sign in _BLOCKS) else ""


def _spent(model: Model, usage: Any) -> dict[str, Any]:
    """Return tokens and price as an Attempt records them. litellm counts cached tokens among those that came in."""
    tokens_in, tokens_out = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
    cached = min(_count(getattr(usage, "prompt_tokens_details", None), "cached_tokens"), tokens_in)
    written = min(_count(usage, "cache_creation_input_tokens"), tokens_in - cached)
    is_known = model.price is not None and (tokens_in + tokens_out > 0 or model.price.is_free)
    cost = _cost(model.price, (tokens_in, tokens_out), cached, written) if model.price and is_known else None
    return {"tokens_in": tokens_in, "tokens_out": tokens_out, "tokens_cached": cached, "cost_usd": cost}


def _count(counts: Any, name: str) -> int:
    value = getattr(counts, name, None)
    return max(0, int(value)) if isinstance(value, int | float) else 0


def _cost(price: Price, tokens: tuple[int, int], cached: int, written: int) -> float:
    """Return dollars for tokens in and out. Anthropic charges a quarter more for those written to its cache."""
    fresh = tokens[0] - cached + written / 4
    read = price.input if price.cached is None else price.cached
    return (price.input * fresh + read * cached + price.output * tokens[1]) / _MILLION


def _failed(model: Model, outcome: str, started: float, cost_usd: float | None) -> Answer:
    is_free = model.price is not None and model.price.is_free
    attempt = _attempt(model, outcome, started, {"cost_usd": 0.0 if is_free else cost_usd})
    return Answer("", attempt, outcome, is_answered=False)


def _attempt(model: Model, outcome: str, started: float, spent: Mapping[str, Any]) -> Attempt:
    seconds = max(0.01, round(time.monotonic() - started, 2))
    return Attempt.model_validate({"model": model.name, "outcome": outcome, "seconds": seconds, **spent})
