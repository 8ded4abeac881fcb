"""Calls that fail as told: a stand-in that never refuses proves nothing."""

import asyncio
import json
import re
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orchestrator.core.errors import UsageError


class Fault(BaseModel):
    """How `times` calls go wrong, once `after` calls of their kind have gone through.

    Without `status` and `drop` the call is only late, by `delay` seconds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: re.Pattern[str]
    method: str | None = None
    status: int | None = Field(None, ge=200, le=599)
    headers: Mapping[str, str] = {}
    body: Any = None
    delay: float = Field(0, ge=0)
    drop: Literal[True, False, "before"] = False
    times: int = Field(1, ge=1)
    after: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _check_has_effect(self) -> "Fault":
        if self.status is None and not self.drop and not self.delay:
            raise ValueError("needs one of status, drop and delay")
        return self

    def matches_call(self, method: str, path: str) -> bool:
        """Say whether a call is of this fault's kind; `path` comes without its query."""
        return self.method in (None, "*", method) and bool(self.path.search(path))

    def make_response(self) -> Response:
        """Return the answer that is given instead of the real one."""
        status = self.status or 500
        if isinstance(self.body, str):
            kind = "text/html" if self.body.lstrip().startswith("<") else "text/plain"
            return Response(self.body, status, dict(self.headers), media_type=kind)
        body = {"message": HTTPStatus(status).phrase, "status": str(status)} if self.body is None else self.body
        return Response(json.dumps(body), status, dict(self.headers), media_type="application/json")


_FAULTS = TypeAdapter(list[Fault])


class Faults:
    """The faults still to come. Counting is all the state there is."""

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        self._faults = tuple(faults)
        self._seen: Counter[int] = Counter()
        self._lock = threading.Lock()

    def replace(self, faults: Sequence[Fault]) -> None:
        """From now on these, counted from the beginning."""
        with self._lock:
            self._faults, self._seen = tuple(faults), Counter()

    @classmethod
    def load_file(cls, path: Path) -> "Faults":
        """Read a faults file. Raises UsageError that names the entry and the field."""
        try:
            return cls(_FAULTS.validate_json(path.read_bytes()))
        except OSError as error:
            raise UsageError(f"The faults file {path} could not be read: {error.strerror}.") from error
        except ValidationError as error:
            raise UsageError(
                f"The faults file {path} is wrong: {_describe_problem(error)}.", "Correct it and start again."
            ) from error

    def take_fault(self, method: str, path: str) -> Fault | None:
        """Return what happens to this call, and count it; None: it goes through."""
        with self._lock:
            for index, fault in enumerate(self._faults):
                if not fault.matches_call(method, path):
                    continue
                self._seen[index] += 1
                if fault.after < self._seen[index] <= fault.after + fault.times:
                    return fault
        return None


class FaultyApp:
    """An ASGI app in front of another one, that lets calls fail as `faults` says."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call, or drop it, or pass it on."""
        fault = self._faults.take_fault(scope["method"], scope["path"]) if scope["type"] == "http" else None
        if fault is None:
            await self._app(scope, receive, send)
            return
        await asyncio.sleep(fault.delay)
        if fault.drop:
            await (_drain_request(receive) if fault.drop == "before" else self._app(scope, receive, _discard_message))
            await hang_up(scope)
        elif fault.status is not None:
            await _drain_request(receive)
            await fault.make_response()(scope, receive, send)
        else:
            await self._app(scope, receive, send)


async def hang_up(scope: Scope) -> None:
    """Close the client's connection without a byte of an answer.

    ASGI has no word for that: `serve.py` puts the transport into the scope's state.
    """
    transport = scope.get("state", {}).get("transport")
    if transport is None:
        raise ConnectionResetError("the connection is dropped by a simulated fault")
    transport.abort()
    # The server learns of it in the next turn of the loop; until then it would answer 500 in our place.
    await asyncio.sleep(0)


async def _discard_message(_: Message) -> None:
    """Send nothing."""


async def _drain_request(receive: Receive) -> None:
    """Take in the whole request: a client that is still sending would see a reset, not what it is to see."""
    while (await receive()).get("more_body"):
        pass


def _describe_problem(error: ValidationError) -> str:
    """Say what is wrong with the first wrong entry, without its values."""
    first = error.errors(include_input=False, include_url=False)[0]
    match first["loc"]:
        case (int(index), *fields):
            names = ".".join(str(name) for name in fields)
            return f"entry {index + 1}{f', field {names}' if names else ''}: {first['msg']}"
        case _:
            return first["msg"]
