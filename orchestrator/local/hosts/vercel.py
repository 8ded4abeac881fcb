"""Vercel on one machine: the part of its API that deploys files, and the sites, at `/live/<domain>/`.

As there, a deployment's own address asks for a login; the project's production domain does so where the project's
protection is for all: https://vercel.com/docs/deployment-protection.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from orchestrator.local.faults import FaultyApp
from orchestrator.local.hosts.shelf import Handler, HostRefusal, Shelf

OWNER = "local"
STANDARD, EVERYTHING = "all_except_custom_domains", "all"
"""What a new project protects, and what an account can be set to."""

_STATIC = ".vercel/output/static/"
_CONFIGURATION = ".vercel/output/config.json"
_LOGIN = "<!doctype html><title>Authentication Required</title><h1>Authentication Required</h1>"
_STATES = ("QUEUED", "BUILDING", "READY")


def create_vercel_app(shelf: Shelf, protection: str = STANDARD) -> Starlette:
    """Return the app. `protection`: of new projects."""

    def wrap_handler(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def respond(request: Request) -> Response:
            rate = shelf.limits.count_calls("vercel", "core", 1)
            headers = {f"x-ratelimit-{name}": str(value) for name, value in rate.items()}
            request.state.protection = protection
            try:
                made = await shelf.take_call(
                    handler, request, HostRefusal(403, "Not authorized", "forbidden", invalidToken=True)
                )
            except HostRefusal as refusal:
                said = {"code": refusal.code, "message": refusal.message, **refusal.more}
                return JSONResponse({"error": said}, refusal.status, headers)
            except ValueError:
                return JSONResponse({"error": {"code": "bad_request", "message": "Invalid JSON"}}, 400, headers)
            return JSONResponse(made, 200, headers)

        return respond

    async def live(request: Request) -> Response:
        domain, path = request.path_params["domain"], request.path_params["path"]
        found, is_protected = _find_published(shelf, domain)
        if found is None:
            return HTMLResponse("The deployment could not be found on Vercel.", 404)
        if is_protected:
            return HTMLResponse(_LOGIN, 401)
        return shelf.serve_file(_static(found), path, "The page could not be found")

    routes = [Route(path, wrap_handler(handler), methods=[method]) for method, path, handler in OPERATIONS]
    routes.append(Route("/live/{domain}/{path:path}", live))
    return Starlette(routes=routes, middleware=[Middleware(FaultyApp, faults=shelf.faults)])


def _get_user(*_: object) -> Any:
    return {"user": {"id": OWNER, "uid": OWNER, "username": OWNER, "email": "local@example.org", "limited": False}}


def _list_teams(*_: object) -> Any:
    return {"teams": [], "pagination": {"count": 0, "next": None, "prev": None}}


def _get_project(shelf: Shelf, request: Request, _: Mapping[str, Any]) -> Any:
    return _project_body(_find_project(shelf, request.path_params["project"]))


def _create_project(shelf: Shelf, request: Request, body: Mapping[str, Any]) -> Any:
    name = str(body.get("name") or "")
    if not name or name != name.lower() or len(name) > 100 or "---" in name:
        raise HostRefusal(400, "Invalid request: `name` is not a valid project name", "bad_request")
    if any(project["name"] == name for project in shelf.list_entries("project")):
        raise HostRefusal(409, "A project with this name already exists", "conflict")
    return _project_body(_add_project(shelf, request, name))


def _add_project(shelf: Shelf, request: Request, name: str) -> dict[str, Any]:
    protection = {"deploymentType": request.state.protection}
    return shelf.keep({"kind": "project", "name": name, "ssoProtection": protection})


def _update_project(shelf: Shelf, request: Request, body: Mapping[str, Any]) -> Any:
    project = _find_project(shelf, request.path_params["project"])
    if "ssoProtection" in body:
        project["ssoProtection"] = body["ssoProtection"]
    return _project_body(shelf.keep(project))


def _take_file(shelf: Shelf, request: Request, _: Mapping[str, Any]) -> Any:
    announced = request.headers.get("x-vercel-digest") or request.headers.get("x-now-digest")

    def take(content: bytes) -> Any:
        if announced != hashlib.sha1(content, usedforsecurity=False).hexdigest():
            raise HostRefusal(400, "The digest does not match the content", "bad_request")
        shelf.store(content)
        return {"urls": []}

    return take


def _create_deployment(shelf: Shelf, request: Request, body: Mapping[str, Any]) -> Any:
    files = {str(entry["file"]): str(entry.get("sha")) for entry in body.get("files") or ()}
    if request.query_params.get("prebuilt") == "1" and _CONFIGURATION not in files:
        raise HostRefusal(400, f"The prebuilt output lacks {_CONFIGURATION}", "bad_request")
    if missing := sorted({sha for sha in files.values() if not shelf.has(sha)}):
        raise HostRefusal(400, "Missing files", "missing_files", missing=missing)
    wanted = str(body.get("project") or body.get("name") or "")
    try:
        project = _find_project(shelf, wanted)
    except HostRefusal:
        project = _add_project(shelf, request, str(body.get("name")))
    deployment = {
        "kind": "deployment",
        "project": project["id"],
        "target": body.get("target"),
        "meta": dict(body.get("meta") or {}),
        "files": files,
        "trouble": shelf.troubles.pop(0) if shelf.troubles else None,
    }
    return _deployment_body(shelf, shelf.keep(deployment))


def _get_deployment(shelf: Shelf, request: Request, _: Mapping[str, Any]) -> Any:
    wanted = request.path_params["deployment"]
    for deployment in shelf.list_entries("deployment"):
        if wanted in (deployment["id"], _own_domain(shelf, deployment)):
            return _deployment_body(shelf, deployment)
    raise HostRefusal(404, "The deployment could not be found", "not_found")


def _list_deployments(shelf: Shelf, request: Request, _: Mapping[str, Any]) -> Any:
    project = request.query_params.get("projectId")
    found = [one for one in shelf.list_entries("deployment") if project in (None, one["project"])]
    shown = [_deployment_body(shelf, one) for one in found[: int(request.query_params.get("limit", "20"))]]
    return {
        "deployments": [{**one, "uid": one["id"], "state": one["readyState"]} for one in shown],
        "pagination": {"count": len(shown), "next": None, "prev": None},
    }


def _find_project(shelf: Shelf, wanted: str) -> dict[str, Any]:
    for project in shelf.list_entries("project"):
        if wanted in (project["id"], project["name"]):
            return project
    raise HostRefusal(404, "Project not found", "not_found")


def _state(shelf: Shelf, deployment: Mapping[str, Any]) -> str:
    passed = sum(shelf.is_due(deployment, "created", part) for part in (0.4, 0.8))
    return "ERROR" if passed == 2 and deployment.get("trouble") else _STATES[passed]


def _is_assigned(shelf: Shelf, deployment: Mapping[str, Any]) -> bool:
    return shelf.is_due(deployment, "created") and _state(shelf, deployment) == "READY"


def _static(deployment: Mapping[str, Any]) -> dict[str, str]:
    files: Mapping[str, str] = deployment["files"]
    root = _STATIC if _CONFIGURATION in files else ""
    return {path.removeprefix(root): sha for path, sha in files.items() if path.startswith(root)}


def _own_domain(shelf: Shelf, deployment: Mapping[str, Any]) -> str:
    return f"{shelf.kept[deployment['project']]['name']}-{deployment['id'][:9]}-{OWNER}.vercel.app"


def _domains(shelf: Shelf, deployment: Mapping[str, Any]) -> list[str]:
    name = shelf.kept[deployment["project"]]["name"]
    return [f"{name}-{OWNER}.vercel.app", f"{name}.vercel.app"] if deployment["target"] == "production" else []


def _find_published(shelf: Shelf, domain: str) -> tuple[Mapping[str, Any] | None, bool]:
    """Return the deployment behind a domain, and whether it asks for a login."""
    for deployment in shelf.list_entries("deployment"):
        protection = (shelf.kept[deployment["project"]]["ssoProtection"] or {}).get("deploymentType")
        if domain == _own_domain(shelf, deployment) and _state(shelf, deployment) == "READY":
            return deployment, protection is not None
        if domain in _domains(shelf, deployment) and _is_assigned(shelf, deployment):
            return deployment, protection == EVERYTHING
    return None, False


def _project_body(project: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": project["id"],
        "name": project["name"],
        "accountId": OWNER,
        "framework": None,
        "createdAt": round(project["created"] * 1000),
        "ssoProtection": project["ssoProtection"],
    }


def _deployment_body(shelf: Shelf, deployment: Mapping[str, Any]) -> dict[str, Any]:
    project, state = shelf.kept[deployment["project"]], _state(shelf, deployment)
    created = round(deployment["created"] * 1000)
    return {
        "id": deployment["id"],
        "name": project["name"],
        "projectId": project["id"],
        "url": _own_domain(shelf, deployment),
        "target": deployment["target"],
        "meta": deployment["meta"],
        "readyState": state,
        "status": state,
        "errorMessage": deployment["trouble"] if state == "ERROR" else None,
        "alias": _domains(shelf, deployment),
        "aliasAssigned": _is_assigned(shelf, deployment),
        "aliasError": None,
        "created": created,
        "createdAt": created,
        "inspectorUrl": f"{shelf.url}/{OWNER}/{project['name']}/{deployment['id']}",
        "creator": {"uid": OWNER, "username": OWNER},
        "type": "LAMBDAS",
        "version": 2,
        "regions": [],
        "routes": None,
        "public": False,
        "ownerId": OWNER,
    }


OPERATIONS: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/v2/user", _get_user),
    ("GET", "/v1/teams", _list_teams),
    ("GET", "/v9/projects/{project}", _get_project),
    ("PATCH", "/v9/projects/{project}", _update_project),
    ("POST", "/v11/projects", _create_project),
    ("POST", "/v1/projects", _create_project),
    ("POST", "/v2/files", _take_file),
    ("GET", "/v7/deployments", _list_deployments),
    ("GET", "/v6/deployments", _list_deployments),
    ("POST", "/v13/deployments", _create_deployment),
    ("GET", "/v13/deployments/{deployment}", _get_deployment),
)
