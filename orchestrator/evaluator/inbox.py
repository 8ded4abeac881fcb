"""Where results arrive."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic_core import from_json
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

MAX_BYTES = 64 * 1024
"""The most bytes of one result, which has seven short fields."""

IDENTITY = ("email", "task", "round", "nonce")

READING_S = 30
"""Seconds in which one result must arrive."""

Result = dict[str, Any]
Taking = Literal["taken", "known", "unknown", "over"]
"""What becomes of a result. `known`: the same one came before, and its answer may have got lost; `unknown`: nobody
asked for it; `over`: what came before it counts."""

_ANSWERS: dict[Taking, tuple[int, dict[str, str]]] = {
    "taken": (200, {"status": "taken"}),
    "known": (200, {"status": "taken"}),
    "unknown": (404, {"error": "This result belongs to no open request. Send email, task, round and nonce unchanged."}),
    "over": (410, {"error": "An earlier result of this request counts. Do not send another one."}),
}


def take_any_result(_: Result) -> Taking:
    """Take every result."""
    return "taken"


@dataclass
class Inbox:
    """Takes results at `POST /notify`, and may show them at `GET /notify`, oldest first.

    `takes`: called with each result, says what becomes of it, and may keep it before it is acknowledged.
    """

    takes: Callable[[Result], Taking] = take_any_result
    received: list[Result] = field(default_factory=list)
    arrival: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def await_result(self, nonce: str) -> Result:
        """Return the newest result that carries `nonce`, waiting until there is one."""
        async with self.arrival:
            await self.arrival.wait_for(lambda: self._newest_result(nonce) is not None)
        return self._newest_result(nonce) or {}

    def _newest_result(self, nonce: str) -> Result | None:
        return next((result for result in reversed(self.received) if result.get("nonce") == nonce), None)

    async def receive_result(self, request: Request) -> Response:
        """Take one result. Answer 400 to anything else, 404 if nobody waits for it, 410 if it is one too many."""
        result = await _read_result(request)
        if result is None:
            return JSONResponse({"error": "Send email, task, round, nonce and the result or error."}, 400)
        taking = self.takes(result)
        if taking == "taken":
            async with self.arrival:
                self.received.append(result)
                self.arrival.notify_all()
        status, said = _ANSWERS[taking]
        return JSONResponse(said, status)

    async def list_results(self, _: Request) -> Response:
        """Show every result."""
        return JSONResponse(self.received)


async def _read_result(request: Request) -> Result | None:
    body = bytearray()
    try:
        async with asyncio.timeout(READING_S):
            async for part in request.stream():
                body += part
                if len(body) > MAX_BYTES:
                    return None
        result = from_json(bytes(body))
    except (ValueError, ClientDisconnect, TimeoutError):
        return None
    return result if isinstance(result, dict) and result.keys() >= set(IDENTITY) else None


def create_inbox_app(inbox: Inbox, *, is_shown: bool) -> Starlette:
    """Return the inbox as an ASGI application. `is_shown`: to everyone who asks, e-mails and nonces too."""
    taking, showing = Route("/notify", inbox.receive_result, methods=["POST"]), Route("/notify", inbox.list_results)
    return Starlette(routes=[taking, showing] if is_shown else [taking])
