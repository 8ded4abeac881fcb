"""OpenAI's chat completions: https://platform.openai.com/docs/api-reference/chat

What OpenAI itself takes and the models behind compatible servers do not, roles that do not alternate and messages that
say nothing, is refused: their templates raise on it.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.providers.form import (
    CHARS_A_TOKEN,
    SHORTEST_CACHED,
    Block,
    Limits,
    Provider,
    Refusal,
    Said,
    Sent,
    Usage,
    alternates,
    blocks_of,
    empty,
    is_chat,
)

_INVALID = "invalid_request_error"
_CACHE_STEP = 128  # https://platform.openai.com/docs/guides/prompt-caching
_KINDS = {401: _INVALID, 403: _INVALID, 404: _INVALID, 413: _INVALID, 400: _INVALID, 429: "tokens"}
_OUTAGES = {
    401: Refusal(401, "Incorrect API key provided: ke***.", "invalid_api_key"),
    403: Refusal(403, "Country, region, or territory not supported", kind="request_forbidden"),
    404: Refusal(404, "The model does not exist or you do not have access to it.", "model_not_found"),
    429: Refusal(429, "Rate limit reached for this model on tokens per min (TPM).", "rate_limit_exceeded"),
    503: Refusal(503, "The engine is currently overloaded, please try again later"),
}


@dataclass
class OpenAI(Provider):
    name = "openai"
    path = "/v1/chat/completions"
    request_id = "x-request-id"
    _read: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def key(self, headers: Mapping[str, str]) -> str:
        return headers.get("authorization", "").removeprefix("Bearer ")

    def wrong_key(self, key: str) -> Refusal:
        if not key:
            return Refusal(401, "You didn't provide an API key.")
        return Refusal(401, f"Incorrect API key provided: {key[:2]}***.", "invalid_api_key")

    def unknown_model(self, name: str) -> Refusal:
        return Refusal(404, f"The model `{name}` does not exist or you do not have access to it.", "model_not_found")

    def problems(self, wanted: Mapping[str, Any], headers: Mapping[str, str], limits: Limits) -> Iterator[Refusal]:  # noqa: ARG002 - Anthropic's has one to look for
        messages = wanted.get("messages")
        if messages is None:
            yield Refusal(400, "Missing required parameter: 'messages'.", "missing_required_parameter", "messages")
        if not messages or not is_chat(messages):
            yield Refusal(400, "Invalid 'messages': expected an array of messages.", "invalid_type", "messages")
        if (place := empty(messages or [])) is not None:
            yield Refusal(400, f"Invalid value for 'content': message {place} is empty.", None, f"messages.[{place}]")
        if not alternates(messages or []):
            yield Refusal(400, "Conversation roles must alternate user/assistant/user/assistant/...", None, "messages")
        most = self.most(wanted) or 0
        if most > limits.output:
            said = f"max_tokens is too large: {most}. This model supports at most {limits.output} completion tokens."
            yield Refusal(400, said, "invalid_value", "max_tokens")
        prompt = sum(block.tokens for block in self.blocks(wanted))
        if prompt + most > limits.context:
            said = f"This model's maximum context length is {limits.context} tokens. However, you requested "
            said += f"{prompt + most} tokens ({prompt} in the messages, {most} in the completion)."
            yield Refusal(400, said, "context_length_exceeded", "messages")

    def blocks(self, wanted: Mapping[str, Any]) -> list[Block]:
        messages = wanted["messages"]
        return [block for message in messages for block in blocks_of(message["role"], message.get("content"))]

    def most(self, wanted: Mapping[str, Any]) -> int | None:
        return wanted.get("max_completion_tokens") or wanted.get("max_tokens")

    def cached(self, model: str, blocks: Sequence[Block]) -> tuple[int, int]:
        """Caching is automatic: the longest beginning that was read before, in steps, and nobody pays for writing."""
        prompt = "".join("\n".join(block.said) for block in blocks)
        known = max((_shared(prompt, before) for before in self._read[model]), default=0)
        self._read[model].append(prompt)
        tokens = min(known // CHARS_A_TOKEN, sum(block.tokens for block in blocks))
        return (tokens - tokens % _CACHE_STEP if tokens >= SHORTEST_CACHED else 0), 0

    def whole(self, said: Said) -> dict[str, Any]:
        thought = {"reasoning_content": said.thought} if said.thought else {}
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": said.text, "refusal": None, "annotations": [], **thought},
            "logprobs": None,
            "finish_reason": said.reason,
        }
        return {**_head(said, "chat.completion"), "choices": [choice], "usage": _used(said.usage)}

    def events(self, said: Said, wanted: Mapping[str, Any]) -> list[Sent]:
        counts = bool((wanted.get("stream_options") or {}).get("include_usage"))
        # Where the tokens are asked for, every other event says that it has none.
        head = _head(said, "chat.completion.chunk") | ({"usage": None} if counts else {})

        def event(delta: Mapping[str, Any], reason: str | None = None) -> bytes:
            return _event({**head, "choices": [_choice(delta, reason)]})

        events = [
            Sent("head", event({"role": "assistant", "content": "", "refusal": None})),
            # As llama.cpp, vLLM and DeepSeek have it; OpenAI itself shows no thoughts here.
            *(Sent("thought", event({"reasoning_content": piece})) for piece in said.thoughts),
            *(Sent("text", event({"content": piece})) for piece in said.pieces),
            Sent("reason", event({}, said.reason)),
        ]
        if counts:
            events.append(Sent("usage", _event({**head, "choices": [], "usage": _used(said.usage)})))
        return [*events, Sent("end", b"data: [DONE]\n\n")]

    def error(self, refusal: Refusal) -> dict[str, Any]:
        kind = refusal.kind or _KINDS.get(refusal.status, "server_error")
        said = {"message": refusal.message, "type": kind, "param": refusal.param, "code": refusal.code}
        return {"error": said}

    def error_event(self, refusal: Refusal) -> bytes:
        return _event(self.error(refusal))

    def outage(self, status: int) -> Refusal:
        return _OUTAGES.get(status) or Refusal(status, "The server had an error while processing your request.")

    def listing(self, models: Sequence[str]) -> dict[str, Any]:
        listed = [{"id": name, "object": "model", "created": 0, "owned_by": "system"} for name in models]
        return {"object": "list", "data": listed}


def _shared(one: str, other: str) -> int:
    """Return with how many characters both begin."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _head(said: Said, kind: str) -> dict[str, Any]:
    fixed = {"service_tier": "default", "system_fingerprint": "fp_double"}
    return {"id": "chatcmpl-double", "object": kind, "created": 0, "model": said.model, **fixed}


def _choice(delta: Mapping[str, Any], reason: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}


def _event(chunk: Mapping[str, Any]) -> bytes:
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def _used(usage: Usage) -> dict[str, Any]:
    """Cached tokens are among those of the prompt."""
    return {
        "prompt_tokens": usage.tokens_in,
        "completion_tokens": usage.tokens_out,
        "total_tokens": usage.tokens_in + usage.tokens_out,
        "prompt_tokens_details": {"cached_tokens": usage.cached, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }
