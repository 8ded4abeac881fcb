"""How the API takes a call and answers it: authentication, permissions, errors, pages, ETags, rate limit headers."""

import asyncio
import hashlib
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from pydantic_core import from_json
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from orchestrator.local.github import LocalGitHub
from orchestrator.local.store import StoredRepository
from orchestrator.local.tokens import Token

_OLDEST_VERSION = "2022-11-28"  # what GitHub takes a call to mean that names no version
GH_HOST = "api.github.localhost"
"""What `gh` takes for the API of a GitHub on this machine."""

DOCUMENTATION = "https://docs.github.com/rest"


class ApiError(Exception):
    """A call that GitHub does not take; becomes its error body."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers
        self.body = {"message": message, **more, "documentation_url": DOCUMENTATION, "status": str(status)}


def not_found() -> ApiError:
    """Return what GitHub says of everything that is not there, or not for this caller."""
    return ApiError(404, "Not Found")


def json_response(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return `body` as JSON."""
    content = json.dumps(body, ensure_ascii=False).encode()
    return Response(content, status, dict(headers or {}), media_type="application/json; charset=utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call, with all that had to be looked up for it. `params` are the path's, `query` the query's.

    `version` is the API's, a date: https://docs.github.com/en/rest/about-the-rest-api/api-versions
    """

    github: LocalGitHub
    host: str
    path: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    accept: str
    version: str
    body: Mapping[str, Any]
    token: Token | None
    found: StoredRepository | None

    @property
    def repository(self) -> StoredRepository:
        """Return the repository of the path. Raises 404 if it does not exist."""
        if self.found is None:
            raise not_found()
        return self.found

    @property
    def address(self) -> str:
        """Return the API's address as the caller knows it: `gh` gives its token to no other host than it asked."""
        return f"http://{self.host}" if self.host == GH_HOST else self.github.api_url

    @property
    def actor(self) -> str:
        """Return the login of who calls. Raises 401 for nobody."""
        if self.token is None:
            raise ApiError(401, "Requires authentication")
        return self.token.login

    def body_text(self, name: str, default: str | None = None) -> str:
        """Return a string of the body. Raises 422 if it is missing or something else."""
        value = self.body.get(name, default)
        if value is None:
            raise ApiError(422, f'Invalid request.\n\n"{name}" wasn\'t supplied.')
        if not isinstance(value, str):
            raise ApiError(422, f"Invalid request.\n\nFor 'properties/{name}', {json.dumps(value)} is not a string.")
        return value

    def page_window(self) -> tuple[int, int]:
        """Return the page asked for, as (number of items before it, items on it): 30, at most 100."""
        size, page = (_parse_number(self.query.get(name), default) for name, default in (("per_page", 30), ("page", 1)))
        size = min(size, 100)
        return (page - 1) * size, size

    def link_header(self, total: int) -> dict[str, str]:
        """Return the Link header for a list of `total` items; no header if it fits on one page.

        https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api
        """
        before, size = self.page_window()
        page, last = before // size + 1, max(1, -(-total // size))
        wanted = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
        shown = {"prev", "first"} if page > 1 else set()
        shown |= {"next", "last"} if page < last else set()
        links = [f'<{self._page_url(number)}>; rel="{name}"' for name, number in wanted.items() if name in shown]
        return {"link": ", ".join(links)} if links else {}

    def _page_url(self, page: int) -> str:
        return f"{self.github.api_url}{self.path}?{urlencode({**self.query, 'page': page})}"


Handler = Callable[[Call], Response | Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the API, the permissions it needs, and the function that answers it.

    The function runs in a thread, since it starts git; where it is a coroutine, that runs in the event loop.
    """

    method: str
    path: str
    handler: Handler
    needs: Mapping[str, str] = field(default_factory=dict)

    def make_route(self, github: LocalGitHub) -> Route:
        """Return the route that answers this operation."""

        async def respond(request: Request) -> Response:
            try:
                call = await _build_call(github, self, request)
                response = await _run_handler(self.handler, call)
            except ApiError as refusal:
                response = json_response(refusal.body, refusal.status, refusal.headers)
            return finish_response(github, request, response)

        return Route(self.path, respond, methods=[self.method])


def finish_response(github: LocalGitHub, request: Request, response: Response) -> Response:
    """Add the headers that every answer of GitHub has; a body that the client knows already becomes a 304."""
    if request.method == "GET" and response.status_code == 200:
        response = _apply_etag(request, response)
    token = github.tokens.find_token(request.headers.get("authorization", ""))
    resource = "graphql" if request.url.path == "/graphql" else "core"
    # https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api: a 304 costs nothing
    free = response.status_code == 304 or request.url.path == "/rate_limit"
    rate = github.limits.count_calls(token.login if token else "", resource, 0 if free else 1)
    for name, value in rate.items():
        response.headers[f"x-ratelimit-{name}"] = str(value)
    response.headers["x-ratelimit-resource"] = resource
    response.headers["x-github-request-id"] = secrets.token_hex(12).upper()
    response.headers["x-github-media-type"] = "github.v3; format=json"
    if token and token.expires:
        response.headers["github-authentication-token-expiration"] = f"{token.expires:%Y-%m-%d %H:%M:%S} UTC"
    return response


def _apply_etag(request: Request, response: Response) -> Response:
    etag = f'W/"{hashlib.sha256(response.body).hexdigest()}"'
    known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    if etag.removeprefix("W/") in known:
        return Response(status_code=304, headers={"etag": etag})
    response.headers["etag"] = etag
    response.headers["cache-control"] = "private, max-age=60, s-maxage=60"
    return response


async def _build_call(github: LocalGitHub, operation: Operation, request: Request) -> Call:
    """Say who calls and what about. Raises ApiError for what may not be asked, before anything is done."""
    token = _authenticate(github, request)
    params = request.path_params
    found = github.store.find_repository(params["owner"], params["repo"]) if "repo" in params else None
    if "repo" in params:
        _check_access(operation, token, found)
    elif operation.needs and (token is None or token.repositories is not None or not token.may(operation.needs)):
        raise _permission_refusal(token, operation.needs)
    body = _parse_body(await request.body()) if operation.method in {"PATCH", "POST", "PUT"} else {}
    return Call(
        github=github,
        host=request.headers.get("host", ""),
        path=request.url.path,
        params=params,
        query=dict(request.query_params),
        accept=request.headers.get("accept", ""),
        version=request.headers.get("x-github-api-version", _OLDEST_VERSION),
        body=body,
        token=token,
        found=found,
    )


def _authenticate(github: LocalGitHub, request: Request) -> Token | None:
    authorization = request.headers.get("authorization")
    if authorization is None:
        return None
    token = github.tokens.find_token(authorization)
    if token is None:
        raise ApiError(401, "Bad credentials")
    return token


def _check_access(operation: Operation, token: Token | None, found: StoredRepository | None) -> None:
    """Hide what is private (404), refuse what is forbidden (403).

    https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#404-not-found-for-an-existing-resource
    """
    covered = token is not None and found is not None and token.covers(found)
    if found is None or (found.private and not covered):
        raise not_found()
    if operation.needs and not (covered and token is not None and token.may(operation.needs)):
        raise _permission_refusal(token, operation.needs)


def _permission_refusal(token: Token | None, needs: Mapping[str, str]) -> ApiError:
    if token is None:
        return ApiError(401, "Requires authentication")
    accepted = ",".join(f"{name}={level}" for name, level in needs.items())
    return ApiError(403, token.refusal, {"x-accepted-github-permissions": accepted})


def _parse_body(raw: bytes) -> Mapping[str, Any]:
    try:
        body = from_json(raw) if raw.strip() else {}
    except ValueError as error:
        raise ApiError(400, "Problems parsing JSON") from error
    if not isinstance(body, dict):
        raise ApiError(400, "Body should be a JSON object")
    return body


async def _run_handler(handler: Handler, call: Call) -> Response:
    made = await asyncio.to_thread(handler, call)
    return await made if isinstance(made, Awaitable) else made


def _parse_number(text: str | None, default: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and int(text) > 0 else default


def field_errors(resource: str, name: str, message: str) -> Sequence[Mapping[str, str]]:
    """Return the `errors` of a 422 about one field."""
    return [{"resource": resource, "code": "custom", "field": name, "message": message}]
