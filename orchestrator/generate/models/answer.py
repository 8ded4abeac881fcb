"""The result of one call: the model's answer and its cost, or why there is no usable answer. Pure."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.core.report import Attempt
from orchestrator.generate.models.offers import is_same_model, printable_line
from orchestrator.generate.models.presets import Model, Price

_MILLION = 1_000_000

_NEARLY = 0.95
"""Of the tokens that were allowed; servers count the last ones differently."""

_PART = 2
"""A model that counts fewer than one in so many of our tokens has not read the whole prompt."""

_BLOCKS = ("<file", "<edit", "```")
"""What the thinking holds if a server takes the whole answer for thinking."""


@dataclass(frozen=True)
class ModelAnswer:
    """What a model answered.

    - `problem`: why the answer cannot be used at all, else empty
    - `partial`: if there is a problem, the text that arrived before it
    - `is_cut`: the answer reached its length limit
    - `is_answered`: the provider accepted the call and answered it
    - `is_empty`: the answer has no text at all
    - `is_too_long`: the prompt is longer than what the model reads
    - `context`: how many tokens the model reads, if the answer shows it
    - `is_late`: it did not arrive in time, and the server may still work on it
    - `is_abandoned`: we ended the call, because the model was silent or repeated itself
    - `read`: tokens of the prompt as the server counts them, None if it does not say
    """

    text: str
    attempt: Attempt
    problem: str = ""
    is_cut: bool = False
    is_answered: bool = True
    is_empty: bool = False
    is_too_long: bool = False
    context: int | None = None
    is_late: bool = False
    read: int | None = None
    partial: str = ""
    is_abandoned: bool = False


@dataclass(frozen=True)
class CallSize:
    """How long a call was: tokens of the prompt, as counted here, and of the answer at most."""

    prompt: int
    answer: int


@dataclass(frozen=True)
class Usage:
    """Tokens in, of those read from a cache and written to it; and tokens out. `is_counted`: by us."""

    tokens_in: int = 0
    tokens_out: int = 0
    cached: int = 0
    written: int = 0
    is_counted: bool = False


@dataclass(frozen=True)
class WholeAnswer:
    """A whole answer, streamed or not. `reason`: why it ended; `model`: which one answered, as its server says."""

    text: str
    reason: str | None
    usage: Usage
    model: str = ""


def parse_response(response: Any) -> WholeAnswer:
    """Read an answer that came in one piece. litellm reports an empty answer and a refusal as success too."""
    choice = response.choices[0] if response.choices else None
    text = _message_text(choice.message) if choice else ""
    named = getattr(response, "model", None)
    usage = parse_usage(getattr(response, "usage", None))
    return WholeAnswer(text, choice.finish_reason if choice else None, usage, named if isinstance(named, str) else "")


def _message_text(message: Any) -> str:
    content = message.content
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, Mapping)]
        content = "".join(part for part in parts if isinstance(part, str))
    thought = getattr(message, "reasoning_content", None) or getattr(message, "reasoning", None)
    return choose_answer_text(content if isinstance(content, str) else "", thought if isinstance(thought, str) else "")


def choose_answer_text(content: str, thought: str) -> str:
    """Return what a model said: its content, or blocks that are in its reasoning and nowhere else."""
    if content.strip():
        return content
    return thought if any(sign in thought for sign in _BLOCKS) else ""


def parse_usage(usage: Any) -> Usage:
    """Read a count of litellm's, which takes cached tokens to be among those that came in."""
    tokens_in, tokens_out = _read_count(usage, "prompt_tokens"), _read_count(usage, "completion_tokens")
    cached = min(_read_count(getattr(usage, "prompt_tokens_details", None), "cached_tokens"), tokens_in)
    written = min(_read_count(usage, "cache_creation_input_tokens"), tokens_in - cached)
    return Usage(tokens_in, tokens_out, cached, written)


def _read_count(counts: Any, name: str) -> int:
    value = getattr(counts, name, None)
    return max(0, int(value)) if isinstance(value, int | float) else 0


def judge_answer(model: Model, got: WholeAnswer, started: float, sent: CallSize) -> ModelAnswer:
    """Tell a usable answer from an empty answer or a refusal, which litellm reports as success too."""
    text, problem, is_empty = got.text, "", False
    if got.reason == "content_filter":
        problem = "stopped by the provider's content filter"
    elif is_empty := not text.strip():
        # A model that thinks may use up its whole limit before the first word.
        problem = "an empty answer, cut off at the length limit" if got.reason == "length" else "an empty answer"
    attempt = _build_attempt(
        model, problem or "answered", started, _usage_fields(model, got.usage, is_priced=not got.usage.is_counted)
    )
    attempt = attempt.model_copy(update={"note": _describe_server(model, got, sent)})
    # Providers count what a model thinks in many ways; servers whose context nobody knows mostly do not.
    is_own = (model.is_home or model.context_is_guessed) and not got.usage.is_counted
    is_cut = got.reason == "length"
    context = _exhausted_context(attempt, sent) if is_cut and is_own else None
    if problem:
        return ModelAnswer("", attempt, problem, is_cut=is_cut, is_empty=is_empty, context=context)
    read = None if got.usage.is_counted else attempt.tokens_in
    return ModelAnswer(text, attempt, is_cut=is_cut, context=context, read=read)


def _exhausted_context(attempt: Attempt, sent: CallSize) -> int | None:
    """Return how many tokens the model reads and writes at once, where that ended an answer before its own limit.

    What says that it read a part of the prompt only cannot be a count of the context.
    """
    is_early = 0 < attempt.tokens_out < sent.answer * _NEARLY
    is_whole = attempt.tokens_in * _PART > sent.prompt
    return attempt.tokens_in + attempt.tokens_out if is_early and is_whole else None


def _describe_server(model: Model, got: WholeAnswer, sent: CallSize) -> str:
    """Return what the answer shows of its server that a person should know."""
    read = 0 if got.usage.is_counted else got.usage.tokens_in
    notes = []
    if model.is_home and 0 < read * _PART < sent.prompt:
        notes.append(
            f"its server read only {read} of about {sent.prompt} tokens of the prompt: its context is too small, or "
            "its chat template is wrong"
        )
    if got.model and not is_same_model(model.params["model"], got.model):
        notes.append(f"answered by {printable_line(got.model)}")
    return "; ".join(notes)


def _usage_fields(model: Model, usage: Usage, *, is_priced: bool) -> dict[str, Any]:
    """Return tokens and price as an Attempt records them. If nobody counted the tokens, the price is unknown."""
    is_free = model.price is not None and model.price.is_free
    is_known = is_free or (is_priced and usage.tokens_in + usage.tokens_out > 0)
    return {
        "tokens_in": usage.tokens_in,
        "tokens_out": usage.tokens_out,
        "tokens_cached": usage.cached,
        "cost_usd": _call_cost(model.price, usage) if model.price and is_known else None,
    }


def _call_cost(price: Price, usage: Usage) -> float:
    """Return dollars. Anthropic charges a quarter more for tokens that are written to its cache."""
    fresh = usage.tokens_in - usage.cached + usage.written / 4
    read = price.input if price.cached is None else price.cached
    return (price.input * fresh + read * usage.cached + price.output * usage.tokens_out) / _MILLION


def failed_answer(model: Model, outcome: str, started: float, cost_usd: float | None) -> ModelAnswer:
    """Return an answer that has only a problem. `cost_usd`: None if nobody knows what that took."""
    is_free = model.price is not None and model.price.is_free
    attempt = _build_attempt(model, outcome, started, {"cost_usd": 0.0 if is_free else cost_usd})
    return ModelAnswer("", attempt, outcome, is_answered=False)


def unfinished_answer(model: Model, outcome: str, started: float, came: WholeAnswer, *, is_priced: bool) -> ModelAnswer:
    """Return the part of an unfinished answer that arrived, with its cost.

    `is_priced`: only the part that arrived has to be paid for.
    """
    attempt = _build_attempt(model, outcome, started, _usage_fields(model, came.usage, is_priced=is_priced))
    return ModelAnswer("", attempt, outcome, is_answered=False, partial=came.text)


def _build_attempt(model: Model, outcome: str, started: float, spent: Mapping[str, Any]) -> Attempt:
    seconds = round(time.monotonic() - started, 2)
    called = {"model": model.name, "outcome": outcome, "was_called": True, "seconds": seconds}
    return Attempt.model_validate({**called, **spent})
