"""One call of one model, through litellm's Router: it retries what may be retried, and knows the providers.

litellm's own fallbacks can send one provider's key to another, and count truncated and empty answers as success: the
chain of models is ours (`generation.py`), and what an answer is worth is decided here and in `conversation.py`.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from orchestrator.core.report import Attempt
from orchestrator.generate.models.budget import Allowance
from orchestrator.generate.models.learnt import Learnt
from orchestrator.generate.models.offers import is_same_model, printable
from orchestrator.generate.models.presets import NO_KEY, Model, Price
from orchestrator.generate.models.refusals import adapted_to, refusal_of, said_by
from orchestrator.generate.prompt import Messages, counted_in

_MILLION = 1_000_000
_LATER_S = 5.0

LOADING_S = 2.0
"""Seconds between two looks at a server that is loading its model."""

ADAPTATIONS = 3
"""How often one call is made in another form: name of the limit, temperature and system may all be refused."""

_NEARLY = 0.95
"""Of the tokens that were allowed; servers count the last ones differently."""

_PART = 2
"""A model that counts fewer than one in so many of our tokens has not read the whole prompt."""

_BLOCKS = ("<file", "<edit", "```")
"""What thinking holds where a server takes the whole answer for it."""


@dataclass(frozen=True)
class Answer:
    """What a model said. `problem`: why that cannot be used at all, else empty. `is_cut`: it met its length limit.

    `is_answered`: the provider took the call and answered it; `is_empty`: with nothing at all; `is_too_long`: the
    prompt is longer than what the model reads; `context`: how many tokens that is, where the answer shows it;
    `is_late`: it did not come in time, and its server may still work on it; `read`: tokens of the
    prompt in the server's count, None if it does not say.
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


async def ask(
    litellm: Any, model: Model, messages: Messages, allowance: Allowance, learnt: Learnt | None = None
) -> Answer:
    """Ask once within `allowance`, in the form that was `learnt`. Every failure is an Answer with a problem."""
    started, learnt = time.monotonic(), learnt or Learnt()
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
            until = started + allowance.seconds
            call = _Call(router, messages, allowance.tokens, learnt, until, has_key=_has_key(model))
            response = await call.made()
    except TimeoutError:
        return _late(model, allowance, started, call)
    except Exception as error:  # noqa: BLE001 - the next model is asked after any error of a provider's client
        return _refused(model, error, messages, started)
    return _judged(model, response, started, _Sent(counted_in(messages), allowance.tokens))


def _has_key(model: Model) -> bool:
    return bool(model.params.get("api_key", NO_KEY) != NO_KEY)


@dataclass
class _Call:
    """One call, made again where the provider says what it takes instead, or that it will soon be ready.

    `until`: when it must be over, on the monotonic clock.
    """

    router: Any
    messages: Messages
    tokens: int
    learnt: Learnt
    until: float
    has_key: bool
    is_loading: bool = False

    async def made(self) -> Any:
        adapted = 0
        while True:
            asked = self.learnt.form.request(self.messages, self.tokens)
            try:
                return await self.router.acompletion(model="asked", **asked)
            except Exception as error:
                said = said_by(error, has_key=self.has_key)
                self.is_loading = refusal_of(said).is_loading
                form = adapted_to(said, self.learnt.form, asked) if adapted < ADAPTATIONS else None
                if form is None and not self.is_loading:
                    raise
            if form is not None:
                self.learnt.form, adapted = form, adapted + 1
            elif time.monotonic() + LOADING_S > self.until:
                raise TimeoutError  # the next look would come too late
            else:
                await asyncio.sleep(LOADING_S)


def _late(model: Model, allowance: Allowance, started: float, call: _Call) -> Answer:
    if call.is_loading:
        outcome = f"the model was still loading after {time.monotonic() - started:.0f} s"
        return _failed(model, outcome, started, 0.0)
    return replace(_failed(model, f"no answer within {allowance.seconds:.0f} s", started, None), is_late=True)


def _refused(model: Model, error: Exception, messages: Messages, started: float) -> Answer:
    """Return what the log says about a call that raised: only the kind, and why in words of ours.

    The text may repeat the prompt, the key or the provider's HTML.
    """
    said = said_by(error, has_key=_has_key(model))
    status, refusal = said.status, refusal_of(said, counted_in(messages))
    kind = "RateLimitError" if status == 429 else type(error).__name__
    is_refusal = status is not None and (400 <= status < 500 or status in (503, 529))
    # What was refused costs nothing; what a call costs that was lost, nobody says.
    outcome = f"failed: {kind}{f' ({refusal.reason})' if refusal.reason else ''}"
    failed = _failed(model, outcome, started, 0.0 if is_refusal else None)
    return replace(failed, is_too_long=refusal.is_too_long, context=refusal.context, read=refusal.prompt)


@dataclass(frozen=True)
class _Sent:
    """How long a call was: tokens of the prompt, as counted here, and of the answer at most."""

    prompt: int
    answer: int


def _judged(model: Model, response: Any, started: float, sent: _Sent) -> Answer:
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
    spent = _spent(model, getattr(response, "usage", None)) | {"note": _note(model, response, sent)}
    attempt = _attempt(model, problem or "answered", started, spent)
    # Providers count what a model thinks in many ways; servers whose context nobody knows mostly do not.
    is_own = model.is_home or model.context_is_guessed
    context = _full_at(attempt, sent) if reason == "length" and is_own else None
    if problem:
        return Answer("", attempt, problem, is_cut=reason == "length", is_empty=is_empty, context=context)
    return Answer(text, attempt, is_cut=reason == "length", context=context, read=attempt.tokens_in)


def _full_at(attempt: Attempt, sent: _Sent) -> int | None:
    """Return how many tokens the model reads and writes at once, where that ended an answer before its own limit.

    What says that it read a part of the prompt only cannot be a count of the context.
    """
    is_early = 0 < attempt.tokens_out < sent.answer * _NEARLY
    is_whole = attempt.tokens_in * _PART > sent.prompt
    return attempt.tokens_in + attempt.tokens_out if is_early and is_whole else None


def _note(model: Model, response: Any, sent: _Sent) -> str:
    """Return what the answer shows of a server at home that a person should know."""
    read = _count(getattr(response, "usage", None), "prompt_tokens")
    notes = []
    if model.is_home and 0 < read * _PART < sent.prompt:
        notes.append(
            f"its server read only {read} of about {sent.prompt} tokens of the prompt: its context is too small, or "
            "its chat template is wrong"
        )
    asked, answered = model.params["model"], getattr(response, "model", None)
    if isinstance(answered, str) and answered and not is_same_model(asked, answered):
        notes.append(f"answered by {printable(answered)}")
    return "; ".join(notes)


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
