"""GitHub's API on one machine: the part of it that this project and its tests call, and 404 for the rest."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.local.api import (
    configuration,
    contents,
    graphql,
    packs,
    publishing,
    raw,
    repositories,
    results,
    web,
    workflows,
)
from orchestrator.local.api.respond import Call, Operation, finish_response, json_response, not_found
from orchestrator.local.faults import FaultyApp
from orchestrator.local.github import LocalGitHub


def get_rate_limit(call: Call) -> Response:
    """GET /rate_limit: free of charge."""
    login = call.token.login if call.token else ""
    resources = {name: call.github.limits.count_calls(login, name, 0) for name in ("core", "search", "graphql")}
    return json_response({"resources": resources, "rate": resources["core"]})


OPERATIONS = (
    Operation("GET", "/rate_limit", get_rate_limit),
    *repositories.OPERATIONS,
    *contents.OPERATIONS,
    *configuration.OPERATIONS,
    *workflows.OPERATIONS,
    *results.OPERATIONS,
    *publishing.OPERATIONS,
    *graphql.OPERATIONS,
)


def create_api_app(github: LocalGitHub) -> Starlette:
    """Return the app that answers at `github.api_url`."""

    async def answer_unknown(request: Request, _: Exception) -> Response:
        # A wrong method is not told from a wrong path, and both look like what one may not see.
        refusal = not_found()
        return finish_response(github, request, json_response(refusal.body, refusal.status))

    return Starlette(
        routes=[
            *(operation.make_route(github) for operation in OPERATIONS),
            *packs.routes(github),
            *web.routes(github),
            *raw.routes(github),
        ],
        middleware=[Middleware(FaultyApp, faults=github.faults)],
        exception_handlers={HTTPException: answer_unknown},
    )
