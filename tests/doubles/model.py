"""A model behind two real APIs on a real socket, answering as scripted and refusing as the real ones do.

OpenAI's chat completions and Anthropic's messages, whichever path is asked for:
https://platform.openai.com/docs/api-reference/chat/create and https://docs.claude.com/en/api/messages
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.server import Asked, answering, response

_STOPPED = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}
_KINDS = {401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error", 529: "overloaded_error"}


@dataclass(frozen=True)
class Reply:
    """One answer. `tokens`: in, of those read from a cache and written to it, and out, as `tokens_out`.

    `status`, `body` and `retry_after` answer with those; `cut` ends the connection midway; `silent` never answers;
    `trickle` begins and never ends.
    """

    content: str | None = ""
    finish_reason: str = "stop"
    tokens: tuple[int, int] = (100, 200)
    cached: int = 0
    written: int = 0
    status: int = 200
    retry_after: str = ""
    body: bytes | None = None
    cut: bool = False
    silent: bool = False
    trickle: bool = False

    def openai(self, model: str) -> dict[str, Any]:
        """Return a chat completion. Cached tokens are among those of the prompt."""
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": self.content},
            "finish_reason": self.finish_reason,
        }
        used: dict[str, Any] = dict(zip(("prompt_tokens", "completion_tokens"), self.tokens, strict=True))
        return {
            "id": "answer",
            "object": "chat.completion",
            "created": 0,
            "model": model,
            "choices": [choice],
            "usage": {
                **used,
                "total_tokens": sum(self.tokens),
                "prompt_tokens_details": {"cached_tokens": self.cached},
            },
        }

    def anthropic(self, model: str) -> dict[str, Any]:
        """Return a message. Cached tokens are counted beside those of the prompt."""
        return {
            "id": "answer",
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": [{"type": "text", "text": self.content}] if self.content else [],
            "stop_reason": _STOPPED[self.finish_reason],
            "stop_sequence": None,
            "usage": {
                "input_tokens": self.tokens[0] - self.cached - self.written,
                "cache_read_input_tokens": self.cached,
                "cache_creation_input_tokens": self.written,
                "output_tokens": self.tokens[1],
            },
        }


@dataclass
class ModelServer:
    """Replies are given in order, the last one again and again. `asked`: every request; `key`: the valid one."""

    replies: tuple[Reply, ...]
    key: str = ""
    url: str = ""
    asked: list[Asked] = field(default_factory=list)

    @property
    def prompts(self) -> list[dict[str, Any]]:
        """What was asked, parsed."""
        return [json.loads(asked.body) for asked in self.asked]

    async def answer(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        reply = self.replies[min(len(self.asked), len(self.replies) - 1)]
        self.asked.append(asked)
        if reply.silent:
            await asyncio.Event().wait()
        whole = self._answer(asked, reply)
        if reply.trickle:
            await _dribble(writer, whole)
        writer.write(whole[: len(whole) - 20] if reply.cut else whole)

    def _answer(self, asked: Asked, reply: Reply) -> bytes:
        is_anthropic = asked.target.endswith("/messages")
        wanted = json.loads(asked.body)
        refusal = self._refused(asked, wanted, is_anthropic=is_anthropic)
        if refusal or (reply.status != 200 and reply.body is None):
            return _error(refusal or reply.status, reply.retry_after, is_anthropic=is_anthropic)
        made = reply.anthropic(wanted["model"]) if is_anthropic else reply.openai(wanted["model"])
        body = json.dumps(made).encode() if reply.body is None else reply.body
        return response(reply.status, body, content_type="application/json")

    def _refused(self, asked: Asked, wanted: dict[str, Any], *, is_anthropic: bool) -> int:
        """Return the status that the real one refuses such a request with, 0 where it does not."""
        given = asked.headers.get("x-api-key") or asked.headers.get("authorization", "").removeprefix("Bearer ")
        if self.key and given != self.key:
            return 401
        roles = [message["role"] for message in wanted["messages"] if message["role"] != "system"]
        alternates = roles[::2] == ["user"] * len(roles[::2]) and roles[1::2] == ["assistant"] * len(roles[1::2])
        if not roles or not alternates or any(not message["content"] for message in wanted["messages"]):
            return 400
        return 400 if is_anthropic and not wanted.get("max_tokens") else 0


def _error(status: int, retry_after: str, *, is_anthropic: bool) -> bytes:
    kind = _KINDS.get(status, "api_error")
    said: dict[str, Any] = {"error": {"type": kind, "message": "no"}}
    body = json.dumps({"type": "error", **said} if is_anthropic else said).encode()
    more = {"retry_after": retry_after} if retry_after else {}
    return response(status, body, content_type="application/json", **more)


async def _dribble(writer: asyncio.StreamWriter, whole: bytes) -> None:
    """Send the head of an answer, and then a space now and then for as long as somebody listens."""
    writer.write(whole.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
    while not writer.is_closing():
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


@asynccontextmanager
async def model_server(*replies: Reply | str, key: str = "") -> AsyncIterator[ModelServer]:
    """Run a model; a text is a reply of that text. With `key`, every other key is refused."""
    double = ModelServer(tuple(Reply(reply) if isinstance(reply, str) else reply for reply in replies), key)
    async with answering(double.answer) as url:
        double.url = f"{url}/v1"
        yield double
