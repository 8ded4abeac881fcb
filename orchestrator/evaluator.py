"""The other side of the counter: receives results."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


@dataclass
class Evaluator:
    """Takes notifications at `POST /notify` and shows them at `GET /notify`, oldest first."""

    received: list[dict[str, Any]] = field(default_factory=list)
    arrival: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def result_for(self, nonce: str) -> dict[str, Any]:
        """Return the newest result that carries `nonce`, waiting until there is one."""
        async with self.arrival:
            await self.arrival.wait_for(lambda: self._newest(nonce) is not None)
        return self._newest(nonce) or {}

    def _newest(self, nonce: str) -> dict[str, Any] | None:
        return next((result for result in reversed(self.received) if result.get("nonce") == nonce), None)

    async def take(self, request: Request) -> Response:
        """Take one result; 400 for anything that is none."""
        try:
            result = json.loads(await request.body())
        except ValueError:
            result = None
        if not isinstance(result, dict) or not {"email", "task", "round", "nonce"} <= result.keys():
            return JSONResponse({"error": "Send a result: email, task, round, nonce and what came of it."}, 400)
        async with self.arrival:
            self.received.append(result)
            self.arrival.notify_all()
        return JSONResponse({"status": "taken"})

    async def show(self, _: Request) -> Response:
        """Show every result."""
        return JSONResponse(self.received)


def create_evaluator(evaluator: Evaluator) -> Starlette:
    """Return the evaluator as an ASGI application."""
    return Starlette(
        routes=[
            Route("/notify", evaluator.take, methods=["POST"]),
            Route("/notify", evaluator.show),
        ]
    )
