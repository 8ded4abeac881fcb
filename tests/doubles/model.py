"""An OpenAI-compatible server that answers as scripted, over a real socket."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.server import Asked, answering, response


@dataclass(frozen=True)
class Reply:
    """One answer. `status` and `body` answer with those; `cut` ends the connection midway; `silent` never answers."""

    content: str | None = ""
    finish_reason: str = "stop"
    tokens: tuple[int, int] = (100, 200)
    status: int = 200
    body: bytes | None = None
    cut: bool = False
    silent: bool = False

    def answer(self, model: str) -> bytes:
        if self.body is not None or self.status != 200:
            return response(self.status, self.body or b'{"error": {"message": "no"}}', content_type="application/json")
        return response(200, json.dumps(self._completion(model)).encode(), content_type="application/json")

    def _completion(self, model: str) -> dict[str, Any]:
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": self.content},
            "finish_reason": self.finish_reason,
        }
        used = dict(zip(("prompt_tokens", "completion_tokens"), self.tokens, strict=True))
        return {
            "id": "answer",
            "object": "chat.completion",
            "created": 0,
            "model": model,
            "choices": [choice],
            "usage": {**used, "total_tokens": sum(self.tokens)},
        }


@dataclass
class ModelServer:
    """Replies are given in order, the last one again and again. `asked`: every request."""

    replies: tuple[Reply, ...]
    url: str = ""
    asked: list[Asked] = field(default_factory=list)

    async def answer(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        reply = self.replies[min(len(self.asked), len(self.replies) - 1)]
        self.asked.append(asked)
        if reply.silent:
            await asyncio.Event().wait()
        whole = reply.answer(json.loads(asked.body)["model"])
        writer.write(whole[: len(whole) - 20] if reply.cut else whole)


@asynccontextmanager
async def model_server(*replies: Reply | str) -> AsyncIterator[ModelServer]:
    """Run a model; a text is a reply of that text."""
    double = ModelServer(tuple(Reply(reply) if isinstance(reply, str) else reply for reply in replies))
    async with answering(double.answer) as url:
        double.url = f"{url}/v1"
        yield double
