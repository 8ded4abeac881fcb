"""`git clone`, `git fetch` and `git push` at a repository's address: git's smart HTTP protocol.

https://git-scm.com/docs/http-protocol
"""

import asyncio
import base64
import binascii
import gzip
from collections.abc import Mapping
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from orchestrator.local.api.protection import find_branch_violation
from orchestrator.local.git import run_git
from orchestrator.local.github import LocalGitHub
from orchestrator.local.store import StoredRepository
from orchestrator.local.tokens import Token

FETCH, PUSH = "git-upload-pack", "git-receive-pack"
_HOOKS = Path(__file__).parents[1] / "hooks"
_ASK = {"www-authenticate": 'Basic realm="GitHub"'}


class _PushRefused(Exception):
    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status


def routes(github: LocalGitHub) -> list[Route]:
    """Return the routes. A client that pushes, or reads what is private, gives a token as password."""

    async def advertise(request: Request) -> Response:
        service = request.query_params.get("service", "")
        try:
            repository, _ = _authorize_request(github, request, service)
        except _PushRefused as refused:
            return _refusal_response(refused)
        announced = f"# service={service}\n".encode()
        refs = await _run_service_in_thread(github, repository, service, "--advertise-refs")
        body = b"%04x%b0000%b" % (len(announced) + 4, announced, refs)
        return Response(body, media_type=f"application/x-{service}-advertisement")

    async def exchange(request: Request) -> Response:
        service = request.url.path.rpartition("/")[2]
        try:
            repository, token = _authorize_request(github, request, service)
        except _PushRefused as refused:
            return _refusal_response(refused)
        said = await request.body()
        if request.headers.get("content-encoding") == "gzip":
            said = gzip.decompress(said)
        if service == FETCH:
            answer = await _run_service_in_thread(github, repository, service, stdin=said)
        else:
            answer = await asyncio.to_thread(_receive_push, github, repository, token, said)
        return Response(answer, media_type=f"application/x-{service}-result")

    return [
        Route("/{owner}/{repo}/info/refs", advertise),
        *(Route(f"/{{owner}}/{{repo}}/{service}", exchange, methods=["POST"]) for service in (FETCH, PUSH)),
    ]


def _refusal_response(refused: _PushRefused) -> Response:
    return Response(str(refused), refused.status, _ASK if refused.status == 401 else None)


def _authorize_request(github: LocalGitHub, request: Request, service: str) -> tuple[StoredRepository, Token | None]:
    """Return the repository and who asks. Raises _PushRefused."""
    token = _find_token(github, request)
    found = github.store.find_repository(request.path_params["owner"], request.path_params["repo"].removesuffix(".git"))
    is_covered = found is not None and token is not None and token.covers(found)
    if service == PUSH and token is None:
        raise _PushRefused(401, "Authentication failed.")
    if found is None or service not in (FETCH, PUSH) or (found.private and not is_covered):
        raise _PushRefused(404, "Repository not found.")
    if service == PUSH and not (is_covered and token and token.may({"contents": "write"})):
        raise _PushRefused(403, "Write access to repository not granted.")
    return found, token


def _find_token(github: LocalGitHub, request: Request) -> Token | None:
    """Return the token that is given as the password of any user.

    https://docs.github.com/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens
    """
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    try:
        password = base64.b64decode(given, validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return None
    return github.tokens.find_token(f"token {password}") if scheme.lower() == "basic" else None


def _receive_push(github: LocalGitHub, repository: StoredRepository, token: Token | None, said: bytes) -> bytes:
    """Take a push, as far as rulesets and the token let it. The refusals are the hook's: git reports them."""
    protected = [
        f"refs/heads/{branch}"
        for branch in github.store.list_branches(repository)
        if find_branch_violation(github.configurations, repository, branch)
    ]
    may_write_workflows = token is not None and token.may({"workflows": "write"})
    rules = {"PROTECTED": " ".join(protected), "NO_WORKFLOWS": "" if may_write_workflows else "1"}
    with github.store.track_push(repository):
        answer = _run_service(github, repository, PUSH, stdin=said, env=rules)
    github.sites.refresh_site(repository)  # a push to a published branch starts its build
    return answer


async def _run_service_in_thread(
    github: LocalGitHub, repository: StoredRepository, service: str, *options: str, stdin: bytes = b""
) -> bytes:
    return await asyncio.to_thread(_run_service, github, repository, service, *options, stdin=stdin)


def _run_service(
    github: LocalGitHub,
    repository: StoredRepository,
    service: str,
    *options: str,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
) -> bytes:
    directory = github.store.directory(repository)
    command = ("-c", f"core.hooksPath={_HOOKS}", service.removeprefix("git-"), "--stateless-rpc", *options)
    return run_git(directory, *command, str(directory), stdin=stdin, env=env)
