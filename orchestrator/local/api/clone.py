"""`git clone` of a repository's address: the two calls of git's smart HTTP protocol that reading takes.

https://git-scm.com/docs/http-protocol
"""

import asyncio
import gzip

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from orchestrator.local.git import git
from orchestrator.local.github import LocalGitHub
from orchestrator.local.store import Repository

_ADVERTISED = b"001e# service=git-upload-pack\n0000"


def routes(github: LocalGitHub) -> list[Route]:
    """Return the routes; public repositories only, and nothing can be pushed."""

    def found(request: Request) -> Repository | None:
        name = request.path_params["repo"].removesuffix(".git")
        repository = github.store.find(request.path_params["owner"], name)
        return None if repository is None or repository.private else repository

    async def advertise(request: Request) -> Response:
        repository = found(request)
        if repository is None or request.query_params.get("service") != "git-upload-pack":
            return Response("Repository not found.", 404)
        refs = await _upload_pack(github, repository, "--advertise-refs")
        return Response(_ADVERTISED + refs, media_type="application/x-git-upload-pack-advertisement")

    async def upload_pack(request: Request) -> Response:
        repository = found(request)
        if repository is None:
            return Response("Repository not found.", 404)
        wants = await request.body()
        if request.headers.get("content-encoding") == "gzip":
            wants = gzip.decompress(wants)
        pack = await _upload_pack(github, repository, stdin=wants)
        return Response(pack, media_type="application/x-git-upload-pack-result")

    return [
        Route("/{owner}/{repo}/info/refs", advertise),
        Route("/{owner}/{repo}/git-upload-pack", upload_pack, methods=["POST"]),
    ]


async def _upload_pack(github: LocalGitHub, repository: Repository, *options: str, stdin: bytes = b"") -> bytes:
    directory = github.store.directory(repository)
    return await asyncio.to_thread(
        git, directory, "upload-pack", "--stateless-rpc", *options, str(directory), stdin=stdin
    )
