"""The body of a POST: read within limits of size, time and number, and parsed once its sender is known."""

import asyncio
import codecs
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from pydantic_core import from_json
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HTTPRequest

from receiver.answers import RefusedRequest
from receiver.settings import Settings
from receiver.tasks.malformed import LOOKED_AT, describe_malformed
from receiver.tasks.outline import MOST_VALUES, Outline, TooManyValues

SMALL = MOST_VALUES
"""Bytes of a body that is parsed at once: any content takes few megabytes and milliseconds."""

DRAIN_BYTES = 64 * 1024 * 1024
PLACES = 4
"""Large bodies that are held at the same time."""

WAITING = 32
"""Large bodies that wait for a place, with what has come of them."""

GRACE_S = 10.0
PACE = 512 * 1024
"""Bytes a second: a large body that comes more slowly keeps others from its place."""

CLOSING = {"connection": "close"}
"""Else the rest of the body would be taken in and thrown away for as long as it comes."""

P = ParamSpec("P")
T = TypeVar("T")


@dataclass
class Body:
    """A body as it came. `outline`: of a large one, what was found in it without building its values."""

    content: bytearray
    outline: Outline | None

    @property
    def is_large(self) -> bool:
        """Whether it is too large to be parsed before its sender is known."""
        return self.outline is not None

    def parse_sender(self) -> dict[str, Any]:
        """Return `secret` and `email` as the body gives them, and the rest if it is small; raise RefusedRequest."""
        if self.outline is None:
            return parse_body(self.content)
        if self.outline.is_whole and self.outline.root in (b"[", b'"'):
            raise _no_object_error()
        if not self.outline.is_whole or self.outline.root != b"{":
            raise _no_json_error(self.content)
        try:
            return self.outline.parse_credentials(self.content)
        except ValueError:
            raise _no_json_error(self.content) from None

    async def call_off_loop(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call the function, beside the event loop where the body is large."""
        if self.outline is None:
            return function(*args, **kwargs)
        return await asyncio.to_thread(function, *args, **kwargs)


class Bodies:
    """Takes bodies in. Large ones wait for one of PLACES, and their senders with them: nothing more is read."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._places = asyncio.Semaphore(PLACES)
        self._waiting = 0

    @asynccontextmanager
    async def receive_body(self, http: HTTPRequest) -> AsyncIterator[Body]:
        """Read the body of a request, and hold it while the block runs; raise RefusedRequest.

        One that is larger than allowed is 413, after its rest has been taken in, and one with too many values 400;
        408 is for a sender that is too slow, and 503 for a large body where others wait already.
        """
        chunks = http.stream()
        declared = http.headers.get("content-length", "")
        if declared.isdecimal() and int(declared[:12]) > self._settings.max_body_bytes:
            await _drain(chunks, self._settings)  # nothing of it is kept
            raise _too_large_error(self._settings)
        body = Body(bytearray(), None)
        async with AsyncExitStack() as held:
            held.callback(body.content.clear)  # an error's traceback would keep it
            try:
                refused = await self._read_chunks(body, chunks, held)
            except TimeoutError:
                raise _too_slow_error(self._settings) from None
            except ClientDisconnect:
                raise RefusedRequest(400, "The request was not complete. Send it again.") from None
            if refused is not None:
                await held.aclose()
                await _drain(chunks, self._settings)
                raise refused
            yield body

    async def _read_chunks(
        self, body: Body, chunks: AsyncIterator[bytes], held: AsyncExitStack
    ) -> RefusedRequest | None:
        """Read `body`, counting; return why it is refused before its end, if it is. Raises TimeoutError."""
        async with asyncio.timeout(self._settings.read_s) as clock:
            started = asyncio.get_running_loop().time()
            async for chunk in chunks:
                body.content += chunk
                if len(body.content) > self._settings.max_body_bytes:
                    return _too_large_error(self._settings)
                if len(body.content) <= SMALL:
                    continue
                if body.outline is None:
                    clock.reschedule(None)
                    if not await self._wait_for_place(held):
                        return _busy_error()
                    started = asyncio.get_running_loop().time()
                    body.outline = Outline()
                began = asyncio.get_running_loop().time()
                clock.reschedule(None)  # how long looking takes is ours, not the sender's
                try:
                    await _feed_outline(body.outline, body.content)
                except TooManyValues:
                    said = f"The body has more than {MOST_VALUES} values. Send a request with fewer values."
                    return RefusedRequest(400, said, CLOSING)
                started += asyncio.get_running_loop().time() - began
                clock.reschedule(started + min(self._settings.read_s, GRACE_S + len(body.content) / PACE))
        return None

    async def _wait_for_place(self, held: AsyncExitStack) -> bool:
        """Wait for a place, and keep it as long as `held`; return False where none comes free in time."""
        if self._waiting >= WAITING:
            return False
        self._waiting += 1
        try:
            async with asyncio.timeout(self._settings.read_s):
                await held.enter_async_context(self._places)
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1
        return True


async def _feed_outline(outline: Outline, content: bytearray) -> None:
    """Look at what has come, and let others have their turn in between; raise TooManyValues."""
    for _ in outline.feed(content):
        await asyncio.sleep(0)


async def _drain(chunks: AsyncIterator[bytes], settings: Settings) -> None:
    """Take in what is left of a body that is refused, within limits.

    A sender that is cut off while it still writes sees a broken connection instead of the answer.
    """
    taken = 0
    with contextlib.suppress(TimeoutError, ClientDisconnect):
        async with asyncio.timeout(settings.drain_s):
            async for chunk in chunks:
                taken += len(chunk)
                if taken > DRAIN_BYTES:
                    break


def parse_body(content: bytearray) -> dict[str, Any]:
    """Return the JSON object that a body holds; raise RefusedRequest, 400 or 422."""
    if content.startswith(codecs.BOM_UTF8):
        del content[: len(codecs.BOM_UTF8)]  # in place: a copy may take 25 MB
    try:
        raw = from_json(content, allow_inf_nan=False)
    except ValueError:
        raise _no_json_error(content) from None
    if not isinstance(raw, dict):
        raise _no_object_error()
    return raw


def _no_json_error(content: bytearray) -> RefusedRequest:
    return RefusedRequest(400, describe_malformed(bytes(content[:LOOKED_AT])))


def _no_object_error() -> RefusedRequest:
    return RefusedRequest(422, "Send one JSON object.", fields=[{"field": "request", "problem": "must be an object"}])


def _too_large_error(settings: Settings) -> RefusedRequest:
    said = f"Send at most {settings.max_body_bytes} bytes; send larger attachments as http(s) URLs."
    return RefusedRequest(413, said, CLOSING)


def _busy_error() -> RefusedRequest:
    headers = CLOSING | {"retry-after": "5"}
    return RefusedRequest(503, "Many large requests are arriving. Wait a few seconds and send this one again.", headers)


def _too_slow_error(settings: Settings) -> RefusedRequest:
    said = f"Send the whole request within {settings.read_s:g} seconds."
    return RefusedRequest(408, f"{said} A large one must arrive at {PACE // 1024} KB per second or more.", CLOSING)
