"""Why a provider refused a call, in our own words, and how to ask instead. Pure.

A provider's text may repeat the prompt or the key, so only numbers, and names of parameters that we send, are used from
it. If the text is about tokens, the number below the one that we sent is the limit.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

LONGEST = 4_000
"""Characters of a refusal that are read."""

LEAST_LIMIT = 16
LEAST_CONTEXT = 256
"""Tokens; a smaller number in a text is no limit of an answer, or of a context."""

_CHAIN = 6
_DEPTH = 3
_LIMITS = ("max_completion_tokens", "max_tokens", "max_new_tokens", "max_output_tokens")
_PARAMETERS = (*_LIMITS, "temperature", "image_url", "stream_options")
_STREAM = re.compile(r"\bstream(?:ed|ing)?\b")
_STATUSES = (400, 422, 500)
"""With which a parameter is refused: llama.cpp says 500 where the chat template has no role for the system."""

# A number that stands alone: not `gpt-4-0613`, nor 4.1.
_NUMBER = re.compile(r"(?<![\w.-])\d{1,3}(?:,\d{3}){1,3}(?![\w-]|\.\d)|(?<![\w.-])\d{2,8}(?![\w-]|\.\d)")
_FULL = re.compile(
    r"\bn_ctx\b|context[ _-]?(?:length|window|size|limit)"
    r"|(?:prompt|input|messages?|request)[^.]{0,40}\btoo (?:long|large)"
    r"|(?:input|prompt)[ _]tokens?[^.]{0,60}(?:exceed|limit|maximum)|exceeds?[^.]{0,60}\bcontext\b"
    r"|reduce the length|tokens > \d|`inputs` tokens"
)
# The surest first.
_CONTEXTS = (
    re.compile(r"n_ctx\W{1,6}(\d{3,8})\b"),
    re.compile(r"context[ _-]?(?:length|window|size|limit)[^.\d]{0,40}(\d[\d,]{2,10})"),
    re.compile(r"(\d{3,8}) (?:tokens? )?max(?:imum)? context"),
    re.compile(r"(?:tokens >|<=) ?(\d{3,8})"),
    re.compile(r"(?:allowed|maximum of|at most|limit of|up to)[^.\d]{0,20}(\d[\d,]{2,10})"),
)
_PROMPT = re.compile(
    r"n_prompt_tokens\W{1,6}(\d{3,8})\b|(\d[\d,]{2,10}) (?:tokens )?in the (?:messages|prompt)"
    r"|(\d[\d,]{2,10}) (?:input|prompt) tokens|prompt contains (\d[\d,]{2,10})|(\d{3,8}) tokens >"
)
_OUTPUT = re.compile(r"(?:completion|output|new)[ _]tokens|" + "|".join(_LIMITS))
_SYSTEM = re.compile(
    r"(?:system|developer)\W{1,3}(?:role|message|instruction|prompt)|roles?\W{1,12}(?:system|developer)\b"
    r"|\broles?\b[^.]{0,40}(?:alternate|supported)"
)
_ACCOUNT = re.compile(
    r"insufficient[ _](?:quota|funds|credits?|balance)|billing|quota|payment|credit balance|out of credits"
)
_FOR_A_WHILE = re.compile(r"per[ _-]?(?:minute|second|hour|day)|\b[rt]p[mds]\b|retry in|try again in|rate[ _-]limit")
_LOADING = re.compile(r"loading model|model is loading|currently loading|model[^.]{0,40}(?:still|being) load")
_BLOCKED = re.compile(r"content[ _](?:policy|filter|management)|safety|responsibleai|moderation")
_NO_KEY = re.compile(r"(?:n't|not) provide|no (?:api[ _-]?key|auth)|missing|required")
_EMPTY = re.compile(r"received: '(?:data: \[done\]|\\[nr]|\s)*'")


@dataclass(frozen=True)
class ProviderError:
    """What a provider's client raised. `param`: the parameter that it names by itself; `text`: in small letters."""

    status: int | None
    text: str
    param: str = ""
    has_key: bool = True


@dataclass(frozen=True)
class Refusal:
    """Why a call was refused.

    - `reason`: in our own words, empty if it is not known
    - `is_too_long`: the prompt is too long, or prompt and answer together are
    - `context`: how many tokens the model reads and writes together, if it says so
    - `prompt`: how many tokens the prompt has, as the model counts
    """

    reason: str = ""
    context: int | None = None
    is_too_long: bool = False
    is_loading: bool = False
    prompt: int | None = None


@dataclass(frozen=True)
class Form:
    """How one model is asked.

    - `limit`: the most tokens of an answer, as the model itself said
    - `has_stream`: the answer comes in pieces
    - `has_usage`: the model is asked to count the tokens at the end of a streamed answer
    """

    limit_name: str = "max_tokens"
    limit: int | None = None
    has_temperature: bool = True
    has_system: bool = True
    has_stream: bool = True
    has_usage: bool = True

    def build_request(self, messages: list[dict[str, Any]], tokens: int) -> dict[str, Any]:
        """Return the parameters of a call that asks for at most `tokens` tokens."""
        asked: dict[str, Any] = {
            "messages": messages if self.has_system else _without_system(messages),
            self.limit_name: min(tokens, self.limit or tokens),
        }
        return asked if self.has_temperature else asked | {"temperature": None}

    @property
    def streaming(self) -> dict[str, Any]:
        """The parameters that ask for the answer in pieces, none if it comes in one."""
        if not self.has_stream:
            return {}
        return {"stream": True} | ({"stream_options": {"include_usage": True}} if self.has_usage else {})


def parse_provider_error(error: BaseException, *, has_key: bool = True) -> ProviderError:
    """Read what a client raised. litellm tells the provider's message alone; what it came from has the whole body."""
    bodies = [body for one in _walk_causes(error) if isinstance(body := getattr(one, "body", None), Mapping)]
    params = (body.get("param") for body in bodies)
    text = " ".join(_collect_texts(bodies[0])) if bodies else str(error)
    # litellm knows many more texts for this one; its own words come behind the provider's.
    is_full = type(error).__name__ == "ContextWindowExceededError"
    text = f"{text[:LONGEST].partition('LiteLLM:')[0]}{' n_ctx' if is_full else ''}"
    return ProviderError(
        response_status(error), text.lower(), next((str(param) for param in params if param), "").lower(), has_key
    )


def _collect_texts(body: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    """Yield the texts and numbers of a body, the status that it repeats aside."""
    for name, value in body.items():
        if isinstance(value, Mapping) and depth < _DEPTH:
            yield from _collect_texts(value, depth + 1)
        elif isinstance(value, str):
            yield value
        elif isinstance(value, int) and name not in ("code", "status", "param"):
            yield f"{name} {value}"


def response_status(error: BaseException) -> int | None:
    """Return the status that a provider answered with; litellm makes one up for a broken connection."""
    status = getattr(error, "status_code", None)
    is_made_up = type(error).__name__ in ("Timeout", "APIConnectionError")
    return status if isinstance(status, int) and not is_made_up else None


def _walk_causes(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(_CHAIN):
        if error is None:
            return
        yield error
        error = error.__cause__ or error.__context__


def classify_refusal(said: ProviderError, sent: int = 0) -> Refusal:
    """Return why a call was refused. Never a word of the provider's. `sent`: about how many tokens the prompt has."""
    if said.status in (400, 413, 422, 500) and _is_about_length(said):
        return _too_long_refusal(said.text, sent)
    if said.status in (500, 503, None) and _LOADING.search(said.text):
        return Refusal("the model is still loading", is_loading=True)
    if _EMPTY.search(said.text):
        why = "the server answered 200 with nothing: usually because the prompt is longer than its context"
        return Refusal(why, is_too_long=True)
    return Refusal(_describe_other_reason(said), is_too_long=said.status == 413)


def _describe_other_reason(said: ProviderError) -> str:
    if said.status in (400, 422) and (name := _find_parameter(said)):
        return f"it does not accept the parameter {name} as it was sent"
    if said.status in (400, 402, 403, 429) and _ACCOUNT.search(said.text) and not _FOR_A_WHILE.search(said.text):
        return "no account, or no credit left"
    if said.status in (400, 403, 451) and _BLOCKED.search(said.text):
        return "stopped by the provider's filter"
    return _describe_status(said)


def _describe_status(said: ProviderError) -> str:
    if said.status == 401:
        is_missing = not said.has_key or _NO_KEY.search(said.text)
        return "it needs a key, and none was sent" if is_missing else "the key was refused"
    if said.status == 404:
        return (
            "it has no such model" if "model" in said.text else "there is no API at this address: the API base is wrong"
        )
    known = {
        402: "no account, or no credit left",
        403: "the key is not allowed to do this",
        413: "the prompt is too long",
        429: "busy",
        503: "busy",
        529: "busy",
    }
    return known.get(said.status or 0, "")


def _is_about_length(said: ProviderError) -> bool:
    """Whether a refusal is about prompt and context. What is about the answer's limit alone is not."""
    if not _FULL.search(said.text):
        return False
    is_whole = any(sign in said.text for sign in ("context", "n_ctx", "`inputs`"))
    return is_whole or not _OUTPUT.search(said.text)


def _too_long_refusal(text: str, sent: int) -> Refusal:
    """Return the refusal with the context that it names, and by how much the prompt is longer."""
    numbers = [number for number in _find_numbers(text) if number >= LEAST_CONTEXT]
    context = _parse_context(text) or (min(numbers) if len(numbers) > 1 else next(iter(numbers), None))
    if context is None:
        return Refusal("the prompt is too long", is_too_long=True)
    needed = max((number for number in numbers if number <= 4 * max(sent, context)), default=0)
    by = f" by {needed - context} tokens" if needed > context else ""
    found = _PROMPT.search(text)
    read = int(next(filter(None, found.groups())).replace(",", "")) if found else None
    reason = f"the prompt is too long{by}: its context is {context} tokens"
    return Refusal(reason, context, is_too_long=True, prompt=read)


def _parse_context(text: str) -> int | None:
    found = next((found for pattern in _CONTEXTS if (found := pattern.search(text))), None)
    number = int(found[1].replace(",", "")) if found else 0
    return number if number >= LEAST_CONTEXT else None


def _find_numbers(text: str) -> list[int]:
    return [int(found.replace(",", "")) for found in _NUMBER.findall(text[: 2 * LONGEST])]


def _find_parameter(said: ProviderError) -> str:
    """Return the parameter that was refused: the one that the error names by itself, else the first in its text."""
    if said.param in _PARAMETERS:
        return said.param
    if said.param == "stream":
        return "stream"
    if said.param.startswith("messages") and "role" in said.param:
        return "system"
    named = next((name for name in _PARAMETERS if name in said.text), "")
    return named or ("system" if _SYSTEM.search(said.text) else "stream" if _STREAM.search(said.text) else "")


def adapt_form(said: ProviderError, form: Form, asked: Mapping[str, Any]) -> Form | None:
    """Return how to ask after a refusal of `asked` that names a parameter; None if it names nothing to do."""
    if said.status not in _STATUSES or _is_about_length(said):
        return None
    name = _find_parameter(said)
    if name in _LIMITS:
        return _adapt_limit(said.text, form, asked[form.limit_name])
    if name == "temperature" and form.has_temperature:
        return replace(form, has_temperature=False)
    if name.startswith("stream") and said.status != 500 and form.has_stream:
        return _adapt_stream(name, form)
    return replace(form, has_system=False) if name == "system" and form.has_system else None


def _adapt_stream(name: str, form: Form) -> Form:
    """Return the form without the count at a stream's end, or where that is not it, without the stream."""
    is_count = name == "stream_options" and form.has_usage
    return replace(form, has_usage=False) if is_count else replace(form, has_stream=False)


def _adapt_limit(text: str, form: Form, sent: int) -> Form | None:
    """Return the form with the limit that a text names: the largest number below what was sent, or its other name."""
    limit = max((number for number in _find_numbers(text) if LEAST_LIMIT <= number < sent), default=None)
    if limit is not None:
        return replace(form, limit=limit)
    other = "max_completion_tokens" if form.limit_name == "max_tokens" else "max_tokens"
    return replace(form, limit_name=other) if other in text and form.limit_name in text else None


def _without_system(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the messages with what the system says at the beginning of what the user says."""
    first, *others = messages
    if (
        first["role"] != "system"
        or not others
        or not all(isinstance(one["content"], str) for one in (first, others[0]))
    ):
        return messages
    return [{**others[0], "content": f"{first['content']}\n\n{others[0]['content']}"}, *others[1:]]
