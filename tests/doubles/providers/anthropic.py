"""Anthropic's messages: https://docs.claude.com/en/api/messages, /errors and /messages-streaming beside it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.providers.form import (
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

MOST_MARKS = 4
LOOKBACK = 20
"""Blocks before a mark in which a beginning that was written earlier is found."""

_STOPPED = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}
_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_THINKING = {"type": "thinking", "thinking": "", "signature": ""}
_OUTAGES = {429: "This request would exceed your organization's rate limit.", 529: "Overloaded"}


@dataclass
class Anthropic(Provider):
    name = "anthropic"
    path = "/v1/messages"
    request_id = "request-id"
    _written: set[tuple[str, tuple[tuple[str, str], ...]]] = field(default_factory=set)

    def key(self, headers: Mapping[str, str]) -> str:
        return headers.get("x-api-key", "")

    def wrong_key(self, key: str) -> Refusal:
        return Refusal(401, "invalid x-api-key" if key else "x-api-key header is required")

    def unknown_model(self, name: str) -> Refusal:
        return Refusal(404, f"model: {name}")

    def problems(self, wanted: Mapping[str, Any], headers: Mapping[str, str], limits: Limits) -> Iterator[Refusal]:
        messages, most = wanted.get("messages"), self.most(wanted)
        if "anthropic-version" not in headers:
            yield Refusal(400, "anthropic-version: header is required")
        if not most:
            yield Refusal(400, "max_tokens: Field required")
        if not messages or not is_chat(messages):
            yield Refusal(400, "messages: at least one message is required")
        if (place := empty(messages or [])) is not None:
            yield Refusal(400, f"messages.{place}: text content blocks must contain non-whitespace text")
        if not alternates(messages or []):
            # Those that came before 2026 took an answer's beginning; consecutive turns of one side were joined.
            yield Refusal(400, "messages: roles must alternate, and the conversation must end with a user message.")
        yield from self._too_much(self.blocks(wanted), most or 0, limits)

    def _too_much(self, blocks: Sequence[Block], most: int, limits: Limits) -> Iterator[Refusal]:
        prompt, marks = sum(block.tokens for block in blocks), sum(block.is_marked for block in blocks)
        if marks > MOST_MARKS:
            yield Refusal(400, f"A maximum of {MOST_MARKS} blocks with cache_control may be provided. Found {marks}.")
        if most > limits.output:
            yield Refusal(400, f"max_tokens: {most} > {limits.output}, which is the maximum allowed for this model")
        if prompt > limits.context:
            yield Refusal(400, f"prompt is too long: {prompt} tokens > {limits.context} maximum")
        if prompt + most > limits.context:
            said = f"input length and `max_tokens` exceed context limit: {prompt} + {most} > {limits.context}"
            yield Refusal(400, said)

    def blocks(self, wanted: Mapping[str, Any]) -> list[Block]:
        messages = [{"role": "system", "content": wanted.get("system")}, *wanted["messages"]]
        return [block for message in messages for block in blocks_of(message["role"], message["content"])]

    def most(self, wanted: Mapping[str, Any]) -> int | None:
        return wanted.get("max_tokens")

    def cached(self, model: str, blocks: Sequence[Block]) -> tuple[int, int]:
        """Only what is marked is cached: https://docs.claude.com/en/docs/build-with-claude/prompt-caching"""

        def tokens(count: int) -> int:
            return sum(block.tokens for block in blocks[:count])

        def beginning(count: int) -> tuple[str, tuple[tuple[str, str], ...]]:
            return model, tuple(block.said for block in blocks[:count])

        marks = [n for n, block in enumerate(blocks, 1) if block.is_marked and tokens(n) >= SHORTEST_CACHED]
        looked_at = {n for mark in marks for n in range(max(1, mark - LOOKBACK), mark + 1)}
        read = max((tokens(n) for n in looked_at if beginning(n) in self._written), default=0)
        self._written.update(map(beginning, marks))
        return read, max(map(tokens, marks), default=0) - read

    def whole(self, said: Said) -> dict[str, Any]:
        content = [{"type": "text", "text": said.text}] if said.text else []
        return _message(said) | {"content": content, "stop_reason": _STOPPED[said.reason]}

    def events(self, said: Said, wanted: Mapping[str, Any]) -> list[Sent]:  # noqa: ARG002 - OpenAI's asks for tokens
        """Tokens come in two parts: those of the prompt first, those of the answer last."""
        begun = _message(said)
        begun["usage"] |= {"output_tokens": 1}
        end = {"stop_reason": _STOPPED[said.reason], "stop_sequence": None}
        blocks = [("thought", _THINKING, "thinking", said.thoughts)] if said.thought else []
        blocks.append(("text", _text("text", ""), "text", said.pieces))
        events = [Sent("head", _event("message_start", message=begun))]
        for index, (kind, block, name, pieces) in enumerate(blocks):
            events.append(Sent("head", _event("content_block_start", index=index, content_block=block)))
            events.append(Sent("head", _event("ping")))
            for piece in pieces:
                delta = {"type": f"{name}_delta", name: piece}
                line = _event("content_block_delta", index=index, delta=delta)
                events.append(Sent("text" if kind == "text" else "thought", line))
            events.append(Sent("head", _event("content_block_stop", index=index)))
        return [
            *events,
            Sent("reason", _event("message_delta", delta=end, usage={"output_tokens": said.usage.tokens_out})),
            Sent("end", _event("message_stop")),
        ]

    def error(self, refusal: Refusal) -> dict[str, Any]:
        kind = refusal.kind or _KINDS.get(refusal.status, "api_error")
        return {"type": "error", "error": {"type": kind, "message": refusal.message}, "request_id": "req_double"}

    def error_event(self, refusal: Refusal) -> bytes:
        return _event("error", error=self.error(refusal)["error"])

    def outage(self, status: int) -> Refusal:
        return Refusal(status, _OUTAGES.get(status, "Internal server error"))

    def listing(self, models: Sequence[str]) -> dict[str, Any]:
        listed = [{"type": "model", "id": n, "display_name": n, "created_at": "2026-01-01T00:00:00Z"} for n in models]
        ends = (models[0], models[-1]) if models else (None, None)
        return {"data": listed, "has_more": False, "first_id": ends[0], "last_id": ends[1]}


def _message(said: Said) -> dict[str, Any]:
    fixed = {"id": "msg_double", "type": "message", "role": "assistant", "model": said.model, "content": []}
    return {**fixed, "stop_reason": None, "stop_sequence": None, "usage": _used(said.usage)}


def _used(usage: Usage) -> dict[str, Any]:
    """Cached tokens are counted beside those of the prompt."""
    return {
        "input_tokens": usage.tokens_in - usage.cached - usage.written,
        "cache_creation_input_tokens": usage.written,
        "cache_read_input_tokens": usage.cached,
        "cache_creation": {"ephemeral_5m_input_tokens": usage.written, "ephemeral_1h_input_tokens": 0},
        "output_tokens": usage.tokens_out,
        "service_tier": "standard",
    }


def _text(kind: str, text: str) -> dict[str, str]:
    return {"type": kind, "text": text}


def _event(kind: str, **said: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **said})}\n\n".encode()
