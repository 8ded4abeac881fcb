"""`POST /api-endpoint`: one task is authenticated, validated and handed to GitHub."""

import logging
import math
from typing import Any

from starlette.requests import Request as HTTPRequest
from starlette.responses import JSONResponse, Response

from orchestrator.core.task import Request, normal_email, parse_task
from receiver.answers import RefusedRequest
from receiver.github.client import BlockedError, GitHub
from receiver.results import Results
from receiver.settings import Settings
from receiver.tasks.body import Bodies, Body, parse_body
from receiver.tasks.daily import Daily
from receiver.tasks.keys import derive_task_keys, is_secret
from receiver.tasks.payload import build_payload
from receiver.tasks.suspects import find_suspect_fields
from receiver.tasks.throttle import Throttle

_log = logging.getLogger("pagewright.receiver")


class Door:
    """Takes tasks in. It knows the settings and GitHub; what came of a task, it asks `results`."""

    def __init__(self, settings: Settings, github: GitHub, throttle: Throttle, results: Results) -> None:
        self._settings = settings
        self._github = github
        self._throttle = throttle
        self._results = results
        self._daily = Daily(settings.max_tasks_per_day, github)
        self._bodies = Bodies(settings)

    async def accept(self, http: HTTPRequest) -> Response:
        """Authenticate, validate and dispatch one task."""
        async with self._bodies.receive_body(http) as body:
            request = await self._hand_over(body, http.client.host if http.client else "")
        if request.wait_for_result:
            return JSONResponse(await self._results.await_result(request))
        return JSONResponse({"status": "accepted", "task": request.task, "round": request.round, "id": request.id})

    async def _hand_over(self, body: Body, address: str) -> Request:
        raw = body.parse_sender()
        self._authenticate(raw, address)
        if body.is_large:  # what was found in it may refuse it, and lets nobody in
            raw = await body.call_off_loop(parse_body, body.content)
            self._authenticate(raw, address)
        body.content.clear()
        request = await body.call_off_loop(parse_task, Request, raw)
        if request.target not in self._settings.targets:
            raise _unconfigured_error(self._settings)
        unknown = len(raw.keys() - Request.model_fields.keys() - {"secret"})
        _log.info("task %s: round %d, %d unknown fields", request.id, request.round, unknown)
        try:
            async with self._daily.count_request(request.id):
                await self._dispatch(request)
        except BlockedError:
            raise _blocked_error(request) from None
        return request

    def _authenticate(self, raw: dict[str, Any], address: str) -> None:
        secret, email = raw.get("secret"), raw.get("email")
        if not isinstance(secret, str):
            raise RefusedRequest(
                422, "The secret is missing.", fields=[{"field": "secret", "problem": "must be a string"}]
            )
        allowed = self._settings.allowed_emails
        is_stranger = bool(allowed) and isinstance(email, str) and normal_email(email) not in allowed
        if not is_secret(secret, self._settings) or is_stranger:
            if (wait := self._throttle.record_failure(address)) is not None:
                headers = {"retry-after": str(math.ceil(wait))}
                raise RefusedRequest(429, "Too many wrong secrets were sent from this address. Wait a minute.", headers)
            raise RefusedRequest(
                401, "The secret or the e-mail is not accepted. Use those that you got from the receiver's owner."
            )

    async def _dispatch(self, request: Request) -> None:
        keys = derive_task_keys(self._settings, request.email, request.task)
        payload = build_payload(request, keys, self._github.clock.now())
        fields = payload.fields
        if payload.large is not None:
            fields = payload.with_blob(await self._github.store_blob(payload.large))
        await self._github.dispatch(fields)


def _unconfigured_error(settings: Settings) -> RefusedRequest:
    """Return the answer to a request for a target that this receiver's pipeline does not have."""
    named = ", ".join(settings.targets)
    fields = [{"field": "target", "problem": f"must be one that is configured here: {named}"}]
    return RefusedRequest(422, "This target is not configured. Send the task with another one.", fields=fields)


def _blocked_error(request: Request) -> RefusedRequest:
    """Return the answer to a request that GitHub does not keep because it holds a key, or what a rule forbids."""
    error = (
        "GitHub's push protection or a rule of the pipeline refuses the content of these fields. Remove keys from them."
    )
    problem = "may contain a key or a password"
    return RefusedRequest(
        422, error, fields=[{"field": name, "problem": problem} for name in find_suspect_fields(request)]
    )
