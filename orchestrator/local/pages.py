"""The Pages host: serves the files of the newest finished build, one folder a repository.

Jekyll itself is not played: what it would leave out is left out, and nothing is rendered.
"""

import asyncio
from dataclasses import dataclass
from pathlib import PurePosixPath

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from orchestrator.core.serving import find_served_file, media_type
from orchestrator.local.faults import FaultyApp
from orchestrator.local.github import LocalGitHub
from orchestrator.local.sites import PagesBuild, PagesSite
from orchestrator.local.store import StoredRepository, TreeEntry

# Ten minutes for every file, and nobody can set another time.
_HEADERS = {"cache-control": "max-age=600", "access-control-allow-origin": "*", "server": "GitHub.com"}
_SYMLINK = "120000"
_NOT_FOUND = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Site not found &middot; GitHub Pages</title></head>
<body><h1>404</h1><p><strong>File not found</strong></p>
<p>The site configured at this address does not contain the requested file.</p></body>
</html>
"""


@dataclass(frozen=True, slots=True)
class PublishedFiles:
    """The files that a finished build serves, by their path below the site's address."""

    repository: StoredRepository
    build: PagesBuild
    files: dict[str, TreeEntry]


def create_pages_app(github: LocalGitHub) -> Starlette:
    """Return the app that answers at `github.pages_url`."""

    async def respond(request: Request) -> Response:
        return await asyncio.to_thread(_serve_page, github, request)

    return Starlette(
        routes=[Route("/{path:path}", respond)],
        middleware=[Middleware(FaultyApp, faults=github.faults)],
    )


def _serve_page(github: LocalGitHub, request: Request) -> Response:
    owner, _, rest = request.path_params["path"].partition("/")
    name, slash, path = rest.partition("/")
    published = _find_published(github, owner, name)
    if published is None:
        return Response(_NOT_FOUND, 404, _HEADERS, "text/html")
    if not slash:
        return _redirect_to_folder(request)
    if file := find_served_file(published.files, path):
        return _serve_file(github, request, published, file)
    if f"{path}/index.html" in published.files:
        return _redirect_to_folder(request)
    return _answer_not_found(github, published)


def _find_published(github: LocalGitHub, owner: str, name: str) -> PublishedFiles | None:
    """Return what is live there. A host name has no case, a path has: `/Repo` is not `/repo`."""
    repository = github.store.find_repository(owner, name)
    site = github.sites.refresh_site(repository) if repository and repository.name == name else None
    build = github.sites.find_served_build(site) if site else None
    if repository is None or site is None or build is None:
        return None
    return PublishedFiles(repository, build, _list_published_files(github, repository, site, build))


def _list_published_files(
    github: LocalGitHub, repository: StoredRepository, site: PagesSite, build: PagesBuild
) -> dict[str, TreeEntry]:
    """Return the build's files: no symlinks, and without `.nojekyll` nothing whose name starts with `.` or `_`.

    https://docs.github.com/en/pages/getting-started-with-github-pages/configuring-a-publishing-source-for-your-github-pages-site
    """
    root = site.path.strip("/")
    inside = f"{root}/" if root else ""
    entries = github.store.list_tree(repository, build.commit)
    files = {
        entry.path.removeprefix(inside): entry
        for entry in entries
        if entry.type == "blob" and entry.mode != _SYMLINK and entry.path.startswith(inside)
    }
    if ".nojekyll" in files:
        return files
    return {path: entry for path, entry in files.items() if not any(p[0] in "._" for p in PurePosixPath(path).parts)}


def _serve_file(github: LocalGitHub, request: Request, published: PublishedFiles, path: str) -> Response:
    entry = published.files[path]
    etag = f'"{entry.sha}"'
    headers = {**_HEADERS, "etag": etag, "last-modified": _http_date(published.build)}
    if etag in request.headers.get("if-none-match", "").replace("W/", ""):
        return Response(status_code=304, headers=headers)
    return Response(
        github.store.load_blob(published.repository, entry.sha), 200, {**headers, "content-type": media_type(path)}
    )


def _answer_not_found(github: LocalGitHub, published: PublishedFiles) -> Response:
    own = published.files.get("404.html")
    content = github.store.load_blob(published.repository, own.sha) if own else _NOT_FOUND
    return Response(content, 404, _HEADERS, "text/html")


def _redirect_to_folder(request: Request) -> Response:
    """Send to the folder: the same address with a slash. What follows `?` stays."""
    address = request.url.replace(path=f"{request.url.path}/")
    return RedirectResponse(str(address), 301, _HEADERS)


def _http_date(build: PagesBuild) -> str:
    return build.created_at.strftime("%a, %d %b %Y %H:%M:%S GMT")
