"""The Pages part of the API: switch it on, ask what is being built."""

from starlette.responses import Response

from orchestrator.local.api import bodies
from orchestrator.local.api.bodies import Body, format_time
from orchestrator.local.api.respond import ApiError, Call, Operation, json_response, not_found
from orchestrator.local.sites import PagesBuild, PagesSite


def enable_pages(call: Call) -> Response:
    """POST …/pages. https://docs.github.com/en/rest/pages/pages#create-a-github-pages-site."""
    branch, path = _parse_source(call)
    if call.github.sites.refresh_site(call.repository):
        raise ApiError(409, "GitHub Pages is already enabled.")
    if call.repository.private:
        raise ApiError(422, "Your current plan does not support GitHub Pages for this repository.")
    if call.github.store.resolve_head(call.repository, branch) is None:
        raise ApiError(422, f"The {branch} branch must exist before GitHub Pages can be built.")
    return json_response(_site_body(call, call.github.sites.enable(call.repository, branch, path)), 201)


def get_site(call: Call) -> Response:
    """GET …/pages."""
    return json_response(_site_body(call, _require_site(call)))


def get_health(call: Call) -> Response:
    """GET …/pages/health: about a domain of one's own, which no site has here.

    https://docs.github.com/rest/pages/pages#get-a-dns-health-check-for-github-pages
    """
    _require_site(call)
    raise ApiError(422, "There isn't a CNAME for this page")


def list_builds(call: Call) -> Response:
    """GET …/pages/builds, newest first."""
    registered = call.github.sites.registered_builds(_require_site(call))
    skip, limit = call.page_window()
    listed = [_page_build_body(call, build) for build in registered[skip : skip + limit]]
    return json_response(listed, headers=call.link_header(len(registered)))


def get_latest_build(call: Call) -> Response:
    """GET …/pages/builds/latest: for a while after a push still the build of the commit before."""
    registered = call.github.sites.registered_builds(_require_site(call))
    if not registered:
        raise not_found()
    return json_response(_page_build_body(call, registered[0]))


def get_deployment(call: Call) -> Response:
    """GET …/pages/deployments/{id}, where the id may be a commit: how far its best deployment is.

    https://docs.github.com/rest/pages/pages#get-the-status-of-a-github-pages-deployment
    """
    commit, sites = call.params["deployment"], call.github.sites
    states = {sites.build_status(build) for build in _require_site(call).builds if build.commit == commit}
    if not states:
        raise not_found()
    named = {"built": "succeed", "building": "deployment_in_progress", "errored": "deployment_failed"}
    return json_response({"status": next(said for state, said in named.items() if state in states)})


def rebuild(call: Call) -> Response:
    """POST …/pages/builds."""
    if call.github.sites.rebuild(call.repository) is None:
        raise not_found()
    return json_response(
        {"url": f"{bodies.api_url(call.github, call.repository)}/pages/builds/latest", "status": "queued"}, 201
    )


def _parse_source(call: Call) -> tuple[str, str]:
    """Return branch and path of the body's `source`. Publishing by a workflow of one's own is not played here."""
    source = call.body.get("source")
    if not isinstance(source, dict) or not isinstance(source.get("branch"), str):
        raise ApiError(422, 'Invalid request.\n\n"source" wasn\'t supplied.')
    path = source.get("path", "/")
    if path not in {"/", "/docs"}:
        raise ApiError(422, f'Invalid request.\n\n{path} is not a member of ["/", "/docs"].')
    return source["branch"], path


def _require_site(call: Call) -> PagesSite:
    site = call.github.sites.refresh_site(call.repository)
    if site is None:
        raise not_found()
    return site


def _site_body(call: Call, site: PagesSite) -> Body:
    """Return `page`. Its status is that of the newest build, and names no commit."""
    registered = call.github.sites.registered_builds(site)
    return {
        "url": f"{bodies.api_url(call.github, call.repository)}/pages",
        "status": call.github.sites.build_status(registered[0]) if registered else None,
        "cname": None,
        "custom_404": False,
        "html_url": f"{call.github.pages_url}/{call.repository.full_name}/",
        "build_type": "legacy",
        "source": {"branch": site.branch, "path": site.path},
        "public": True,
        "protected_domain_state": None,
        "pending_domain_unverified_at": None,
        "https_enforced": False,
    }


def _page_build_body(call: Call, build: PagesBuild) -> Body:
    """Return `page-build`; its duration is in milliseconds."""
    sites = call.github.sites
    status = sites.build_status(build)
    ended = build.created_at if status == "building" else build.created_at + sites.duration
    return {
        "url": f"{bodies.api_url(call.github, call.repository)}/pages/builds/{build.number}",
        "status": status,
        "error": {"message": build.error if status == "errored" else None},
        "pusher": bodies.simple_user(call.github, call.repository.owner),
        "commit": build.commit,
        "duration": round((ended - build.created_at).total_seconds() * 1000),
        "created_at": format_time(build.created_at),
        "updated_at": format_time(ended),
    }


_OWNERS = {"pages": "write", "administration": "write"}
_PAGES = "/repos/{owner}/{repo}/pages"
OPERATIONS = (
    # Pages: write alone is not enough:
    # https://docs.github.com/en/rest/authentication/permissions-required-for-fine-grained-personal-access-tokens
    Operation("POST", _PAGES, enable_pages, _OWNERS),
    Operation("GET", f"{_PAGES}/health", get_health, _OWNERS),
    Operation("GET", _PAGES, get_site),
    Operation("GET", f"{_PAGES}/builds", list_builds),
    Operation("POST", f"{_PAGES}/builds", rebuild, {"pages": "write"}),
    Operation("GET", f"{_PAGES}/builds/latest", get_latest_build),
    Operation("GET", f"{_PAGES}/deployments/{{deployment}}", get_deployment),
)
