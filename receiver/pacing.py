"""Requests that need no secret, a few in each turn of the event loop: a task does not wait for all of them.

In each turn asyncio runs all that is ready. With thousands of requests ready at once a turn takes seconds, and a task,
with its call of GitHub's, needs several turns.
"""

import asyncio
from collections import Counter, deque

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

A_TURN = 8
"""Requests let in in a turn: some milliseconds."""

INSIDE = 32
"""Requests of a line that are being answered. More that wait for one look would all go on in the same turn."""

WAITING = 256
"""Requests of a line that wait to be let in. More get 429 at once: connections are kept for tasks too."""

PATHS = frozenset({"/", "/health", "/result", "/progress"})
"""Each has a line of its own, all others share one: a platform that asks for `/health` is not behind thousands."""


class Paced:
    """An ASGI app in front of another one, that holds back everything but POST."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._lines: dict[str, deque[asyncio.Future[None]]] = {}
        self._inside: Counter[str] = Counter()
        self._let_in = 0
        self._is_turning = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on when it is its turn."""
        if scope["type"] != "http" or scope["method"] == "POST":
            return await self._app(scope, receive, send)
        path = scope["path"].rstrip("/") or "/"
        line = path if path in PATHS else ""
        if len(self._lines.get(line, ())) >= WAITING:
            busy = {"error": "There are too many GET requests at once. Try again after the time in Retry-After."}
            return await JSONResponse(busy, 429, {"retry-after": "1"})(scope, receive, send)
        await self._enter(line)
        try:
            await self._app(scope, receive, send)
        finally:
            self._leave(line)
        return None

    async def _enter(self, line: str) -> None:
        self._begin_turn()
        if line not in self._lines and self._let_in < A_TURN and self._inside[line] < INSIDE:
            self._let_in += 1
            self._inside[line] += 1
            return
        mine = asyncio.get_running_loop().create_future()
        self._lines.setdefault(line, deque()).append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if not mine.cancelled():  # it was let in already
                self._leave(line)
            raise

    def _leave(self, line: str) -> None:
        self._inside[line] -= 1
        self._begin_turn()

    def _begin_turn(self) -> None:
        if not self._is_turning:
            self._is_turning = True
            asyncio.get_running_loop().call_soon(self._run_turn)

    def _run_turn(self) -> None:
        """Let in the next, one of each line after the other."""
        self._is_turning = False
        self._let_in = 0
        ahead = deque(self._lines)
        while ahead and self._let_in < A_TURN:
            name = ahead.popleft()
            if self._inside[name] >= INSIDE:
                continue
            first = self._lines[name].popleft()
            if not first.done():  # else it was given up
                first.set_result(None)
                self._let_in += 1
                self._inside[name] += 1
            if self._lines[name]:
                ahead.append(name)
            else:
                del self._lines[name]
        if self._let_in:
            self._begin_turn()
