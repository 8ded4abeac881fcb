"""The door: authenticates a task and hands it to GitHub. Stateless: accepted means that GitHub has it."""

import asyncio
import codecs
import contextlib
import hmac
import json
import logging
import math
import time
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any, NoReturn

from pydantic_core import from_json
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HTTPRequest
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from orchestrator.task import InvalidTask, Request, parse, repository_names, request_id, task_key, title_of
from receiver.body import LOOKED_AT, what_is_wrong
from receiver.github import BlockedError, GitHub, NotTakenError
from receiver.settings import Settings
from receiver.suspects import suspects
from receiver.throttle import Throttle

INLINE_BYTES = 60_000
"""Of 65,535 characters that GitHub allows a `client_payload`; what is larger goes through a git blob."""

DRAIN_BYTES = 64 * 1024 * 1024
CLOSING = {"connection": "close"}
"""Else the rest of the body would be taken in and thrown away for as long as it comes."""

ROUNDS_TRIED = 50
"""Where `/result` is asked without a round, ids of this many rounds are looked for."""

MODELS_S = 300.0
"""How long what is said of the models may be old: anyone may ask, and GitHub counts its calls."""

_DESCRIPTION = Path(__file__).with_name("openapi.json")

_log = logging.getLogger("pagewright.receiver")


class Refused(Exception):
    """An answer that is not 200; the text says what to do."""

    def __init__(self, status: int, error: str, headers: Mapping[str, str] | None = None, **more: Any) -> None:
        super().__init__(error)
        self.status = status
        self.headers = headers
        self.body = {"error": error, **more}


def create_app(settings: Settings, github: GitHub, throttle: Throttle | None = None) -> Starlette:
    """Return the receiver as an ASGI application; whoever made `github` closes it."""
    door = Door(settings, github, throttle or Throttle())
    routes = [
        # With a slash at the end as well: a redirect would lose the body of a POST with many clients.
        *(Route(path, door.accept, methods=["POST"]) for path in ("/api-endpoint", "/api-endpoint/")),
        *(Route(path, door.result) for path in ("/result", "/result/")),
        *(Route(path, door.health) for path in ("/health", "/health/")),
        Route("/openapi.json", door.description),
        Route("/", door.status),
    ]
    kinds = (HTTPException, InvalidTask, NotTakenError, Refused)
    return Starlette(routes=routes, exception_handlers=dict.fromkeys(kinds, _as_json))


class Door:
    """The routes. Everything they know beyond the request comes from the settings and from GitHub."""

    def __init__(self, settings: Settings, github: GitHub, throttle: Throttle) -> None:
        self._settings = settings
        self._github = github
        self._throttle = throttle
        self._models: list[str] | None = None
        self._models_until = 0.0

    async def accept(self, http: HTTPRequest) -> Response:
        """Authenticate, validate and dispatch one task."""
        raw = _parsed(await _body(http, self._settings))
        self._authenticate(raw, http.client.host if http.client else "")
        request = parse(Request, raw)
        unknown = len(raw.keys() - Request.model_fields.keys() - {"secret"})
        _log.info("task %s: round %d, %d unknown fields", request.id, request.round, unknown)
        try:
            await self._github.dispatch(await self._payload(request))
        except BlockedError:
            raise _blocked(request) from None
        if request.wait_for_result:
            return JSONResponse(await self._awaited(request))
        return JSONResponse({"status": "accepted", "task": request.task, "round": request.round, "id": request.id})

    async def result(self, http: HTTPRequest) -> Response:
        """Say what came of a request, from GitHub alone."""
        asked = http.query_params
        missing = [name for name in ("email", "task", "nonce") if not asked.get(name)]
        round_ = asked.get("round", "")
        if missing or not (round_ == "" or (round_.isascii() and round_.isdigit() and len(round_) < 10)):
            names = ", ".join(missing) or "round (a whole number)"
            raise Refused(422, f"Give {names} in the query.")
        rounds = [int(round_)] if round_ else range(1, ROUNDS_TRIED + 1)
        found = await self._known(asked["email"], asked["task"], asked["nonce"], rounds)
        if found is None:
            raise Refused(404, "Nothing is known of this request (yet). A run is listed a few seconds after it began.")
        return JSONResponse(found)

    async def health(self, _: HTTPRequest) -> Response:
        """Say how the receiver is set up, and whether GitHub would start the workflow."""
        try:
            workflow, problem = await self._github.workflow_state(), None
        except NotTakenError as error:
            workflow, problem = "unknown", str(error)
        healthy = workflow == "active"
        body = {
            "status": "ok" if healthy else "failing",
            "github": {"token_works": problem is None, "workflow": workflow, "problem": problem},
            "configuration": self._configuration(),
        }
        return JSONResponse(body, 200 if healthy else 503)

    async def description(self, _: HTTPRequest) -> Response:
        """Say what it takes and answers, as OpenAPI."""
        return Response(_DESCRIPTION.read_bytes(), media_type="application/json")

    async def status(self, http: HTTPRequest) -> Response:
        """Say what this is, and which models build the pages, as far as the token may know."""
        models = await self._known_models()
        if "text/html" in http.headers.get("accept", ""):
            named = "" if models is None else f"<p>Pages are built by {escape(', '.join(models) or 'a template')}.</p>"
            return HTMLResponse(_PAGE.replace("<!-- models -->", named))
        said = {"service": "pagewright", "status": "ok", "submit": "POST /api-endpoint", "models": models}
        return JSONResponse(said)

    async def _known_models(self) -> list[str] | None:
        if (now := time.monotonic()) >= self._models_until:
            self._models_until = now + MODELS_S
            with contextlib.suppress(NotTakenError, TimeoutError):
                async with asyncio.timeout(self._settings.look_s):
                    self._models = await self._github.models()
        return self._models

    def _configuration(self) -> dict[str, object]:
        settings = self._settings
        return {
            "pipeline_repository": settings.pipeline_repository,
            "target_owner": settings.target_owner,
            "emails_restricted": bool(settings.allowed_emails),
            "max_body_bytes": settings.max_body_bytes,
        }

    def _authenticate(self, raw: dict[str, Any], address: str) -> None:
        secret, email = raw.get("secret"), raw.get("email")
        if not isinstance(secret, str):
            raise Refused(422, "The secret is missing.", fields=[{"field": "secret", "problem": "must be a string"}])
        # Over bytes: compare_digest raises for text that is not ASCII.
        same = hmac.compare_digest(secret.encode(), self._settings.shared_secret.encode())
        allowed = self._settings.allowed_emails
        if not same or (allowed and isinstance(email, str) and email.strip().lower() not in allowed):
            if (wait := self._throttle.failed(address)) is not None:
                headers = {"retry-after": str(math.ceil(wait))}
                raise Refused(429, "Too many wrong secrets came from this address. Wait a minute.", headers)
            raise Refused(401, "Secret or e-mail is not accepted. Use those that were agreed for this receiver.")

    async def _payload(self, request: Request) -> dict[str, Any]:
        given = request.model_dump(mode="json", exclude={"wait_for_result", "received_at"})
        given["checks"] = [check.wire() for check in request.checks]
        given["received_at"] = datetime.now(UTC).isoformat()
        payload = {
            "id": request.id,
            "key": task_key(self._settings.shared_secret, request.email, request.task),
            "title": title_of(request.task, request.round),
            "request": given,
        }
        if len(json.dumps(payload, ensure_ascii=False).encode()) > INLINE_BYTES:
            # Blobs of a public repository stay readable: nothing personal goes there.
            large = {name: given.pop(name) for name in ("brief", "checks", "attachments")}
            given["blob"] = await self._github.store(json.dumps(large, ensure_ascii=False).encode())
        return payload

    async def _awaited(self, request: Request) -> dict[str, Any]:
        known: dict[str, Any] | None = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.wait_s):
                while known is None or known["status"] not in ("done", "failed"):
                    await asyncio.sleep(self._settings.poll_s)
                    with contextlib.suppress(NotTakenError):  # GitHub has the task; a failed look is no failure
                        known = await self._known(request.email, request.task, request.nonce, [request.round])
        return known or {"status": "queued", "id": request.id, "logs_url": None}

    async def _known(self, email: str, task: str, nonce: str, rounds: range | list[int]) -> dict[str, Any] | None:
        requests = {request_id(email, task, round_, nonce): round_ for round_ in rounds}
        names = repository_names(task, task_key(self._settings.shared_secret, email, task))
        commit, run = await asyncio.gather(self._github.commit_of(requests, names), self._github.run_of(requests))
        logs_url = run.logs_url if run else None
        if commit is None:
            return None if run is None else {"status": run.state, "id": run.request, "logs_url": logs_url}
        pages_url = self._settings.pages_url.format(owner=self._settings.target_owner, repo=commit.repository)
        return {
            "status": "done",
            "id": commit.request,
            "logs_url": logs_url,
            "email": email,
            "task": task,
            "round": requests[commit.request],
            "nonce": nonce,
            "repo_url": commit.repo_url,
            "commit_sha": commit.sha,
            "pages_url": pages_url,
        }


def _blocked(request: Request) -> Refused:
    """Return the answer to a request that GitHub does not keep because it holds a key, or what a rule forbids."""
    error = "GitHub's push protection or a rule of the pipeline refuses what these fields hold. Take keys out of them."
    problem = "may hold a key or a password"
    return Refused(422, error, fields=[{"field": name, "problem": problem} for name in suspects(request)])


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Pagewright</title>
<h1>Pagewright</h1>
<p>The receiver is up. Tasks go to <code>POST /api-endpoint</code>; <a href="/health">health</a> says whether GitHub
takes them.</p>
<!-- models -->
</html>
"""


async def _body(http: HTTPRequest, settings: Settings) -> bytearray:
    """Read the body, counting; raise Refused(413) once it is larger than allowed, after taking in the rest."""
    body = bytearray()
    chunks = http.stream()
    declared = http.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:12]) > settings.max_body_bytes:
        await _drained(chunks, settings)  # nothing of it is kept
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
    return await _drained(chunks, settings)


async def _drained(chunks: AsyncIterator[bytes], settings: Settings) -> NoReturn:
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


def _parsed(body: bytearray) -> dict[str, Any]:
    try:
        raw = from_json(body.removeprefix(codecs.BOM_UTF8), allow_inf_nan=False)
    except ValueError:
        raise Refused(400, what_is_wrong(bytes(body[:LOOKED_AT]))) from None
    if not isinstance(raw, dict):
        raise Refused(422, "Send one JSON object.", fields=[{"field": "request", "problem": "must be an object"}])
    return raw


async def _as_json(_: HTTPRequest, error: Exception) -> Response:
    if isinstance(error, Refused):
        return JSONResponse(error.body, error.status, error.headers)
    if isinstance(error, NotTakenError):
        _log.warning("GitHub: %s %s", error, " ".join(error.detail.split()))
        return JSONResponse({"error": str(error)}, 503, {"retry-after": str(error.retry_after)})
    if isinstance(error, InvalidTask):
        said = {"error": "Correct the fields named and send the task again.", "fields": error.fields}
        return JSONResponse(said, 422)
    assert isinstance(error, HTTPException)  # noqa: S101 - the only other kind that is registered
    remedy = {404: "There is nothing here. Tasks go to POST /api-endpoint.", 405: "Tasks go to POST /api-endpoint."}
    return JSONResponse({"error": remedy.get(error.status_code, error.detail)}, error.status_code, error.headers)
