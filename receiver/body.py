"""The body of a POST: read within limits of size and time, and parsed."""

import asyncio
import codecs
import contextlib
from collections.abc import AsyncIterator
from typing import Any, NoReturn

from pydantic_core import from_json
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HTTPRequest

from receiver.answers import Refused
from receiver.malformed import LOOKED_AT, what_is_wrong
from receiver.settings import Settings

DRAIN_BYTES = 64 * 1024 * 1024
CLOSING = {"connection": "close"}
"""Else the rest of the body would be taken in and thrown away for as long as it comes."""


async def read_body(http: HTTPRequest, settings: Settings) -> bytearray:
    """Read the body, counting; raise Refused(413) once it is larger than allowed, after taking in the rest."""
    body = bytearray()
    chunks = http.stream()
    declared = http.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:12]) > settings.max_body_bytes:
        await _drain(chunks, settings)  # nothing of it is kept
    try:
        async with asyncio.timeout(settings.read_s):
            async for chunk in chunks:
                body += chunk
                if len(body) > settings.max_body_bytes:
                    break
            else:
                return body
    except TimeoutError:
        raise Refused(408, f"Send the whole request within {settings.read_s:g} seconds.", CLOSING) from None
    except ClientDisconnect:
        raise Refused(400, "The request broke off. Send it again.") from None
    body.clear()
    return await _drain(chunks, settings)


async def _drain(chunks: AsyncIterator[bytes], settings: Settings) -> NoReturn:
    """Take in what is left of a body that is too large, within limits, and raise Refused(413).

    A sender that is cut off while it still writes sees a broken connection instead of the answer.
    """
    taken = 0
    with contextlib.suppress(TimeoutError, ClientDisconnect):
        async with asyncio.timeout(settings.drain_s):
            async for chunk in chunks:
                taken += len(chunk)
                if taken > DRAIN_BYTES:
                    break
    said = f"Send at most {settings.max_body_bytes} bytes; larger attachments go in as http(s) URLs."
    raise Refused(413, said, CLOSING)


def parsed(body: bytearray) -> dict[str, Any]:
    """Return the JSON object that `body` holds; raise Refused, 400 or 422."""
    try:
        raw = from_json(body.removeprefix(codecs.BOM_UTF8), allow_inf_nan=False)
    except ValueError:
        raise Refused(400, what_is_wrong(bytes(body[:LOOKED_AT]))) from None
    if not isinstance(raw, dict):
        raise Refused(422, "Send one JSON object.", fields=[{"field": "request", "problem": "must be an object"}])
    return raw
