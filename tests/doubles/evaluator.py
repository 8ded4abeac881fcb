"""An evaluator that answers as scripted."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json

from tests.doubles.server import Asked, answering, response

Play = Callable[[asyncio.StreamWriter], Awaitable[None]]
Answer = int | bytes | Play
"""A status, a whole answer as bytes, or something that writes one."""


@dataclass
class Evaluator:
    """What it was told. `answers` are given in order, the last one again and again."""

    answers: tuple[Answer, ...]
    url: str = ""
    asked: list[Asked] = field(default_factory=list)

    @property
    def bodies(self) -> list[bytes]:
        return [asked.body for asked in self.asked]

    @property
    def results(self) -> list[dict[str, Any]]:
        return [from_json(body) for body in self.bodies]

    async def answer(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        answer = self.answers[min(len(self.asked), len(self.answers) - 1)]
        self.asked.append(asked)
        if callable(answer):
            await answer(writer)
        else:
            writer.write(response(answer) if isinstance(answer, int) else answer)


@asynccontextmanager
async def evaluator(*answers: Answer) -> AsyncIterator[Evaluator]:
    """Run an evaluator on a free port; 200 is what it answers unless told otherwise."""
    double = Evaluator(answers or (200,))
    async with answering(double.answer) as url:
        double.url = f"{url}/notify"
        yield double


async def silence(_: asyncio.StreamWriter) -> None:
    """Take the request and say nothing."""
    await asyncio.Event().wait()


async def trickle(writer: asyncio.StreamWriter) -> None:
    """Begin a good answer and never end it."""
    writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"1\r\nx\r\n")
        await writer.drain()
        await asyncio.sleep(0.005)


async def flood(writer: asyncio.StreamWriter) -> None:
    """Answer with a terabyte, as fast as it is taken."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"x" * 65536)
        await writer.drain()


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """End the connection without a byte."""
    writer.transport.abort()
