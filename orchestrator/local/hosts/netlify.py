"""Netlify on one machine: the part of its API that deploys by digests, and the sites, at `/live/<name>/`.

Described in the npm package `@netlify/open-api`; what it does not say was seen with Netlify's own client.
"""

import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from orchestrator.local.faults import FaultyApp
from orchestrator.local.hosts.shelf import Handler, HostRefusal, Shelf

ACCOUNT = "local-team"
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_PRODUCTION = "main"


def create_netlify_app(shelf: Shelf) -> Starlette:
    """Return the app: the API at `/api/v1`, the sites at `/live/<name>/`."""

    def wrap_handler(handler: Handler, status: int) -> Callable[[Request], Awaitable[Response]]:
        async def respond(request: Request) -> Response:
            rate = shelf.limits.count_calls("netlify", "core", 1)
            headers = {f"x-ratelimit-{name}": str(value) for name, value in rate.items()}
            try:
                made = await shelf.take_call(handler, request, HostRefusal(401, "Access Denied"))
            except HostRefusal as refusal:
                said = {"code": refusal.status, "message": refusal.message, **refusal.more}
                return JSONResponse(said, refusal.status, headers)
            except ValueError:
                return JSONResponse({"code": 400, "message": "Bad Request"}, 400, headers)
            return JSONResponse(made, status, headers)

        return respond

    async def live(request: Request) -> Response:
        name, path = request.path_params["name"], request.path_params["path"]
        found = _find_published(shelf, name)
        return shelf.serve_file(found["files"] if found else {}, path, "Not Found")

    routes = [
        Route(f"/api/v1{path}", wrap_handler(handler, status), methods=[method])
        for method, path, handler, status in OPERATIONS
    ]
    routes.append(Route("/live/{name}/{path:path}", live))
    return Starlette(routes=routes, middleware=[Middleware(FaultyApp, faults=shelf.faults)])


def _get_user(*_: object) -> Any:
    return {"id": "local", "uid": "local", "full_name": "Local", "email": "local@example.org", "slug": ACCOUNT}


def _list_accounts(*_: object) -> Any:
    return [{"id": ACCOUNT, "name": ACCOUNT, "slug": ACCOUNT, "default": True, "type_name": "Starter"}]


def _create_site(shelf: Shelf, _: Request, body: Mapping[str, Any]) -> Any:
    name = str(body.get("name") or f"site-{secrets.token_hex(4)}")
    if not _NAME.fullmatch(name):
        raise HostRefusal(422, "Validation Failed", errors={"subdomain": ["has an invalid format"]})
    if name in shelf.taken or any(site["name"] == name for site in shelf.list_entries("site")):
        raise HostRefusal(422, "Validation Failed", errors={"subdomain": ["must be unique"]})
    return _site_body(shelf, shelf.keep({"kind": "site", "id": str(uuid4()), "name": name}))


def _list_sites(shelf: Shelf, request: Request, _: Mapping[str, Any]) -> Any:
    wanted = request.query_params.get("name", "")
    return [_site_body(shelf, site) for site in shelf.list_entries("site") if wanted in site["name"]]


def _get_site(shelf: Shelf, request: Request, _: Mapping[str, Any]) -> Any:
    return _site_body(shelf, _find_site(shelf, request))


def _create_deploy(shelf: Shelf, request: Request, body: Mapping[str, Any]) -> Any:
    site = _find_site(shelf, request)
    deploy = {
        "kind": "deploy",
        "site": site["id"],
        "title": request.query_params.get("title"),
        "branch": str(body.get("branch") or request.query_params.get("branch") or _PRODUCTION),
        "draft": body.get("draft") is True,
        "trouble": shelf.troubles.pop(0) if shelf.troubles else None,
    }
    return _take_digests(shelf, deploy, body) if "files" in body else _deploy_body(shelf, shelf.keep(deploy))


def _update_deploy(shelf: Shelf, request: Request, body: Mapping[str, Any]) -> Any:
    deploy = _find_deploy(shelf, request)
    for name in ("draft", "branch"):
        if name in body:
            deploy[name] = body[name]
    return _take_digests(shelf, deploy, body) if "files" in body else _deploy_body(shelf, shelf.keep(deploy))


def _take_digests(shelf: Shelf, deploy: dict[str, Any], body: Mapping[str, Any]) -> Any:
    """Take the list of digests: what is there already need not be uploaded."""
    files = {str(path).lstrip("/"): str(sha) for path, sha in body["files"].items()}
    if any(re.search(r"[#?]", path) for path in files) or not all(
        re.fullmatch("[0-9a-f]{40}", s) for s in files.values()
    ):
        raise HostRefusal(422, "Invalid filename or digest")
    required = sorted({sha for sha in files.values() if not shelf.has(sha)})
    deploy |= {"files": files, "required": required}
    return _deploy_body(shelf, _note_upload(shelf, deploy))


def _note_upload(shelf: Shelf, deploy: dict[str, Any]) -> dict[str, Any]:
    if all(shelf.has(sha) for sha in deploy["required"]):
        deploy.setdefault("uploaded", shelf.clock().timestamp())
    return shelf.keep(deploy)


def _take_file(shelf: Shelf, request: Request, _: Mapping[str, Any]) -> Any:
    deploy, path = _find_deploy(shelf, request), request.path_params["path"]

    def take(content: bytes) -> Any:
        wanted = deploy.get("files", {}).get(path)
        sha = shelf.store(content)
        if sha != wanted:
            raise HostRefusal(422, "The file does not have the digest that was announced for its path")
        _note_upload(shelf, deploy)
        return {"id": f"/{path}", "path": f"/{path}", "sha": sha, "size": len(content)}

    return take


def _get_deploy(shelf: Shelf, request: Request, _: Mapping[str, Any]) -> Any:
    return _deploy_body(shelf, _find_deploy(shelf, request))


def _list_deploys(shelf: Shelf, request: Request, _: Mapping[str, Any]) -> Any:
    site = _find_site(shelf, request)
    return [_deploy_body(shelf, deploy) for deploy in shelf.list_entries("deploy") if deploy["site"] == site["id"]]


def _restore_deploy(shelf: Shelf, request: Request, _: Mapping[str, Any]) -> Any:
    deploy = _find_deploy(shelf, request)
    deploy |= {"restored": shelf.clock().timestamp(), "branch": _PRODUCTION, "draft": False}
    return _deploy_body(shelf, shelf.keep(deploy))


def _find_site(shelf: Shelf, request: Request) -> dict[str, Any]:
    wanted = request.path_params["site_id"]
    for site in shelf.list_entries("site"):
        if wanted in (site["id"], site["name"]):
            return site
    raise HostRefusal(404, "Not Found")


def _find_deploy(shelf: Shelf, request: Request) -> dict[str, Any]:
    found = shelf.kept.get(request.path_params["deploy_id"])
    if found is None or found["kind"] != "deploy":
        raise HostRefusal(404, "Not Found")
    return found


def _state(shelf: Shelf, deploy: Mapping[str, Any]) -> str:
    if "files" not in deploy:
        return "new"
    if "uploaded" not in deploy:
        return "uploading"
    if not shelf.is_due(deploy, "uploaded"):
        return "processing" if shelf.is_due(deploy, "uploaded", 0.5) else "uploaded"
    return "error" if deploy.get("trouble") else "ready"


def _find_published(shelf: Shelf, name: str) -> Mapping[str, Any] | None:
    """Return the deployment behind a name: the newest of production, of a branch, or a certain one."""
    of, _, plain = name.rpartition("--")
    sites = [site["id"] for site in shelf.list_entries("site") if site["name"] == plain]
    ready = [one for one in shelf.list_entries("deploy") if one["site"] in sites and _state(shelf, one) == "ready"]
    if of:
        meant = [one for one in ready if of == one["id"] or (of == one["branch"] and not one["draft"])]
    else:
        meant = [one for one in ready if one["branch"] == _PRODUCTION and not one["draft"]]
    return max(meant, key=lambda one: one.get("restored", one["created"]), default=None)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def _site_body(shelf: Shelf, site: Mapping[str, Any]) -> dict[str, Any]:
    url = f"{shelf.url}/live/{site['name']}"
    published = _find_published(shelf, site["name"])
    return {
        "id": site["id"],
        "name": site["name"],
        "state": "current",
        "url": url,
        "ssl_url": url,
        "admin_url": f"{shelf.url}/sites/{site['name']}",
        "account_slug": ACCOUNT,
        "account_id": ACCOUNT,
        "created_at": _moment(site["created"]),
        "published_deploy": _deploy_body(shelf, published) if published else None,
        "build_settings": {},
        "capabilities": {},
        "plan": "starter",
    }


def _deploy_body(shelf: Shelf, deploy: Mapping[str, Any]) -> dict[str, Any]:
    name = shelf.kept[deploy["site"]]["name"]
    is_branch = deploy["branch"] != _PRODUCTION and not deploy["draft"]
    own = f"{shelf.url}/live/{deploy['branch'] if is_branch else deploy['id']}--{name}"
    state = _state(shelf, deploy)
    return {
        "id": deploy["id"],
        "site_id": deploy["site"],
        "name": name,
        "state": state,
        "title": deploy["title"],
        "branch": deploy["branch"],
        "context": "branch-deploy" if is_branch else "deploy-preview" if deploy["draft"] else "production",
        "draft": deploy["draft"],
        "required": list(deploy.get("required", ())),
        "required_functions": [],
        "error_message": deploy["trouble"] if state == "error" else None,
        "url": f"{shelf.url}/live/{name}",
        "ssl_url": f"{shelf.url}/live/{name}",
        "deploy_url": own,
        "deploy_ssl_url": own,
        "admin_url": f"{shelf.url}/sites/{name}",
        "created_at": _moment(deploy["created"]),
        "updated_at": _moment(deploy.get("uploaded", deploy["created"])),
    }


OPERATIONS: tuple[tuple[str, str, Handler, int], ...] = (
    ("GET", "/user", _get_user, 200),
    ("GET", "/accounts", _list_accounts, 200),
    ("GET", "/sites", _list_sites, 200),
    ("POST", "/sites", _create_site, 201),
    ("POST", "/{account_slug}/sites", _create_site, 201),
    ("GET", "/sites/{site_id}", _get_site, 200),
    ("GET", "/sites/{site_id}/deploys", _list_deploys, 200),
    ("POST", "/sites/{site_id}/deploys", _create_deploy, 200),
    ("GET", "/sites/{site_id}/deploys/{deploy_id}", _get_deploy, 200),
    ("PUT", "/sites/{site_id}/deploys/{deploy_id}", _update_deploy, 200),
    ("POST", "/sites/{site_id}/deploys/{deploy_id}/restore", _restore_deploy, 201),
    ("GET", "/deploys/{deploy_id}", _get_deploy, 200),
    ("PUT", "/deploys/{deploy_id}/files/{path:path}", _take_file, 200),
)
