"""Files as they are, at the addresses that GitHub's pages and raw.githubusercontent.com give them."""

import asyncio

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from orchestrator.core.serving import media_type
from orchestrator.local.api.protection import is_bad_path
from orchestrator.local.github import LocalGitHub
from orchestrator.local.store import StoredRepository

_HEADERS = {
    "cache-control": "max-age=300",
    "access-control-allow-origin": "*",
    "x-content-type-options": "nosniff",
    # Nothing that is looked at here runs with this host's rights.
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
}
_PICTURES = ("image/", "font/")


def routes(github: LocalGitHub) -> list[Route]:
    """Return the routes. They come last of all: the second one takes most paths."""

    async def respond(request: Request) -> Response:
        return await asyncio.to_thread(_serve_raw_file, github, request)

    return [
        Route("/{owner}/{repo}/raw/{place:path}", respond),
        Route("/{owner}/{repo}/{place:path}", respond),
    ]


def _serve_raw_file(github: LocalGitHub, request: Request) -> Response:
    """Answer with a file. Where there is no such repository, the path is the API's, and unknown."""
    found = github.store.find_repository(request.path_params["owner"], request.path_params["repo"])
    if found is None:
        raise HTTPException(404)
    content = None
    token = github.tokens.find_token(request.headers.get("authorization", ""))
    if not found.private or (token and token.covers(found)):
        content = _load_file(github, found, request.path_params["place"])
    if content is None:
        return Response("404: Not Found", 404, _HEADERS, "text/plain")
    return Response(content, 200, _HEADERS, _choose_media_type(request.path_params["place"], content))


def _load_file(github: LocalGitHub, repository: StoredRepository, place: str) -> bytes | None:
    """Return the file at `REF/PATH`. A branch's name may hold slashes, so each way to divide the two is tried."""
    parts = place.split("/")
    for at in range(1, len(parts)):
        ref, path = "/".join(parts[:at]), "/".join(parts[at:])
        store, branch = github.store, ref.removeprefix("refs/heads/")
        sha = store.resolve_object(repository, f"refs/heads/{branch}") or store.resolve_object(repository, ref)
        entry = store.find_entry(repository, sha, path) if sha and not is_bad_path(path) else None
        if entry and entry.type == "blob":
            return store.load_blob(repository, entry.sha)
    return None


def _choose_media_type(path: str, content: bytes) -> str:
    """Return the media type: text is always plain text; pictures are pictures."""
    named = media_type(path)
    if named.startswith(_PICTURES) and "svg" not in named:
        return named
    try:
        content.decode()
    except UnicodeDecodeError:
        return "application/octet-stream"
    return "application/octet-stream" if b"\0" in content else "text/plain; charset=utf-8"
