"""What the doubles of both providers share: a prompt as blocks, an answer with its tokens, a refusal."""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

CHARS_A_TOKEN = 4
IMAGE_TOKENS = 1_500
"""What an image of a million pixels counts: https://docs.claude.com/en/docs/build-with-claude/vision"""

SHORTEST_CACHED = 1_024
"""Tokens; shorter prompts are not cached by either provider."""

PIECE = 64
"""Characters in one event of a stream."""


def tokens_of(text: str) -> int:
    return -(-len(text) // CHARS_A_TOKEN)


@dataclass(frozen=True)
class Limits:
    """What a model takes: tokens read and written at once, tokens of an answer, bytes of a request."""

    context: int = 200_000
    output: int = 64_000
    body: int = 32 * 1024 * 1024


@dataclass(frozen=True)
class Block:
    """A stretch of a prompt. `is_marked`: what comes up to here shall be cached."""

    role: str
    text: str
    tokens: int
    is_marked: bool = False

    @property
    def said(self) -> tuple[str, str]:
        """What makes two blocks the same to a cache."""
        return self.role, self.text


@dataclass(frozen=True)
class Usage:
    """Tokens in, of those read from a cache and written to it; and tokens out."""

    tokens_in: int
    tokens_out: int
    cached: int = 0
    written: int = 0


@dataclass(frozen=True)
class Said:
    """One answer. `reason`: why it ended, in OpenAI's words; `thought`: what was thought before it.

    `piece`: characters in one event of a stream.
    """

    model: str
    text: str | None
    reason: str
    usage: Usage
    thought: str = ""
    piece: int = PIECE

    @property
    def pieces(self) -> list[str]:
        """The text as a stream brings it."""
        return self._in_pieces(self.text or "")

    @property
    def thoughts(self) -> list[str]:
        """The thinking as a stream brings it."""
        return self._in_pieces(self.thought)

    def _in_pieces(self, text: str) -> list[str]:
        return [text[start : start + self.piece] for start in range(0, len(text), self.piece)]


@dataclass(frozen=True)
class Sent:
    """One event of a stream, and what it brings."""

    kind: Literal["head", "thought", "text", "reason", "usage", "end"]
    line: bytes


@dataclass(frozen=True)
class Refusal:
    """Why there is no answer. `code` and `param` are OpenAI's; `kind`: where the status does not say it."""

    status: int
    message: str
    code: str | None = None
    param: str | None = None
    kind: str = ""


class Provider(ABC):
    """How one provider reads a request, answers and refuses. It remembers the prompts that it has read."""

    name: str
    path: str
    request_id: str

    @abstractmethod
    def key(self, headers: Mapping[str, str]) -> str:
        """Return the key that came along, empty where none did."""

    @abstractmethod
    def wrong_key(self, key: str) -> Refusal: ...

    @abstractmethod
    def unknown_model(self, name: str) -> Refusal: ...

    @abstractmethod
    def problems(self, wanted: Mapping[str, Any], headers: Mapping[str, str], limits: Limits) -> Iterator[Refusal]:
        """Yield what is wrong with a request, worst first. Only the first is told: the others may not make sense."""

    @abstractmethod
    def blocks(self, wanted: Mapping[str, Any]) -> list[Block]: ...

    @abstractmethod
    def most(self, wanted: Mapping[str, Any]) -> int | None:
        """Return how many tokens of answer are asked for at most."""

    @abstractmethod
    def cached(self, model: str, blocks: Sequence[Block]) -> tuple[int, int]:
        """Return how many tokens are read from the cache and written to it; what was written is known from now on."""

    @abstractmethod
    def whole(self, said: Said) -> dict[str, Any]: ...

    @abstractmethod
    def events(self, said: Said, wanted: Mapping[str, Any]) -> list[Sent]:
        """Return the answer as a stream of server-sent events."""

    @abstractmethod
    def error(self, refusal: Refusal) -> dict[str, Any]: ...

    @abstractmethod
    def error_event(self, refusal: Refusal) -> bytes: ...

    @abstractmethod
    def outage(self, status: int) -> Refusal:
        """Return what is said with a status that has nothing to do with the request."""

    @abstractmethod
    def listing(self, models: Sequence[str]) -> dict[str, Any]: ...


def blocks_of(role: str, content: Any) -> list[Block]:
    """Return the blocks of one message, in either provider's form."""
    if isinstance(content, str):
        return [Block(role, content, tokens_of(content))]
    return [_block(role, part) for part in content or ()]


def _block(role: str, part: Mapping[str, Any]) -> Block:
    is_marked = "cache_control" in part
    if part.get("type") == "text":
        return Block(role, part["text"], tokens_of(part["text"]), is_marked)
    digest = hashlib.sha256(json.dumps(part.get("source") or part.get("image_url")).encode()).hexdigest()
    return Block(role, digest, IMAGE_TOKENS, is_marked)


def is_chat(messages: Any) -> bool:
    """Whether these are messages at all."""
    return isinstance(messages, list) and all(isinstance(message, dict) and "role" in message for message in messages)


def alternates(messages: Sequence[Mapping[str, Any]]) -> bool:
    """Whether user and assistant take turns, the user first and last."""
    roles = [message["role"] for message in messages if message["role"] not in ("system", "developer")]
    turns = ["user", "assistant"] * (len(roles) // 2)
    return roles == [*turns, "user"]


def empty(messages: Sequence[Mapping[str, Any]]) -> int | None:
    """Return the place of the first message that says nothing."""
    for place, message in enumerate(messages):
        blocks = blocks_of(message["role"], message.get("content"))
        if not blocks or not all(block.text.strip() for block in blocks):
            return place
    return None
