"""The answers that are not 200, as JSON with one sentence that says what to do."""

import logging
import math
from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request as HTTPRequest
from starlette.responses import JSONResponse, Response

from orchestrator.core.task import InvalidTask
from receiver.github.budget import SpentError
from receiver.github.client import NotTakenError

_log = logging.getLogger("pagewright.receiver")

_REMEDIES = {
    404: "Nothing was found at this address. Send tasks to POST /api-endpoint.",
    405: "Send tasks to POST /api-endpoint.",
}


class RefusedRequest(Exception):
    """An answer that is not 200; the text says what to do."""

    def __init__(self, status: int, error: str, headers: Mapping[str, str] | None = None, **more: Any) -> None:
        super().__init__(error)
        self.status = status
        self.headers = headers
        self.body = {"error": error, **more}


REFUSALS = (HTTPException, InvalidTask, NotTakenError, RefusedRequest, SpentError)
"""What a route may raise; `answer_error` answers each."""


async def answer_error(http: HTTPRequest, error: Exception) -> Response:
    """Answer one of REFUSALS."""
    if isinstance(error, RefusedRequest):
        return JSONResponse(error.body, error.status, error.headers)
    if isinstance(error, NotTakenError):
        if http.method == "POST":  # a look that failed is logged once, however many asked for it
            _log.warning("GitHub: %s %s", error, " ".join(error.detail.split()))
        return JSONResponse({"error": str(error)}, 503, {"retry-after": str(error.retry_after)})
    if isinstance(error, SpentError):
        busy = {"error": "There were too many GET requests this minute. Try again after the time in Retry-After."}
        return JSONResponse(busy, 429, {"retry-after": str(math.ceil(error.retry_after))})
    if isinstance(error, InvalidTask):
        said = {"error": "Correct these fields and send the task again.", "fields": error.fields}
        return JSONResponse(said, 422)
    assert isinstance(error, HTTPException)  # noqa: S101 - the only other kind that is registered
    said = {"error": _REMEDIES.get(error.status_code, error.detail)}
    return JSONResponse(said, error.status_code, error.headers)
