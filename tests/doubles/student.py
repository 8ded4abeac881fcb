"""A student's endpoint: takes requests as scripted, publishes on the local GitHub, and tells who asked."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from pydantic_core import from_json

from tests.doubles.server import Asked, answering, response

SECRET = "s3cret"


@dataclass
class Student:
    """What it was asked. `answers`: what it says at once, in order, the last one again and again.

    `results`: by round, what it tells afterwards; nothing for a round that is not there.
    """

    results: Mapping[int, Mapping[str, Any]]
    answers: tuple[bytes, ...] = (response(200, b"{}"),)
    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    telling: list[asyncio.Task[None]] = field(default_factory=list)
    has_been_asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        request = from_json(asked.body)
        answer = self.answers[min(len(self.requests), len(self.answers) - 1)]
        self.requests.append(request)
        self.paths.append(asked.target)
        self.has_been_asked.set()
        if request["secret"] != SECRET:
            answer = response(401, f"wrong: {request['secret']}".encode())
        writer.write(answer)
        if answer.startswith(b"HTTP/1.1 200") and (result := self.results.get(request["round"])) is not None:
            self.telling.append(asyncio.create_task(self._tell(request, result)))

    async def _tell(self, request: Mapping[str, Any], result: Mapping[str, Any]) -> None:
        said = {name: request[name] for name in ("email", "task", "round", "nonce")}
        async with httpx.AsyncClient(trust_env=False) as http:
            await http.post(request["evaluation_url"], json={**said, **result})


@asynccontextmanager
async def student(results: Mapping[int, Mapping[str, Any]], *answers: bytes) -> AsyncIterator[Student]:
    """Run an endpoint on a free port."""
    double = Student(results, *((answers,) if answers else ()))
    async with answering(double.answer) as url:
        double.url = url
        yield double
        await asyncio.gather(*double.telling)
