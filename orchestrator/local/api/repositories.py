"""Users, repositories, commits and branches."""

import re

from starlette.responses import Response

from orchestrator.local.api import bodies
from orchestrator.local.api.respond import ApiError, Call, Operation, field_errors, json_response, not_found
from orchestrator.local.store import AlreadyThere, Commit, StoredRepository, is_branch_name

_LONGEST_NAME = 100
_RESERVED = {"", ".", "..", ".git"}
_CREATE = {"administration": "write"}


def repository_slug(name: str) -> str:
    """Return the name that GitHub gives a repository asked for as `name`: other characters become one `-`."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name)


def get_authenticated_user(call: Call) -> Response:
    """GET /user."""
    if call.actor.endswith("[bot]"):
        raise ApiError(403, "Resource not accessible by integration")
    return json_response(bodies.private_user(call.github, call.actor))


def get_user(call: Call) -> Response:
    """GET /users/{login}: there is one account."""
    if call.params["login"].lower() != call.github.owner.lower():
        raise not_found()
    return json_response(bodies.public_user(call.github, call.github.owner))


def list_own_repositories(call: Call) -> Response:
    """GET /user/repos, the one pushed to last first. https://docs.github.com/rest/repos/repos."""
    if call.token is None:
        raise ApiError(401, "Requires authentication")
    covered = [found for found in call.github.store.list_repositories(call.actor) if call.token.covers(found)]
    listed = sorted(covered, key=lambda found: found.pushed_at, reverse=True)
    skip, limit = call.page_window()
    shown = [bodies.full_repository(call.github, found) for found in listed[skip : skip + limit]]
    return json_response(shown, headers=call.link_header(len(listed)))


def create_own_repository(call: Call) -> Response:
    """POST /user/repos."""
    name = repository_slug(call.body_text("name"))
    if name in _RESERVED:
        raise _creation_refusal(f"'{name}' is a reserved name")
    if len(name) > _LONGEST_NAME:
        raise _creation_refusal("name is too long (maximum is 100 characters)")
    description = call.body_text("description", "") or None
    try:
        made = call.github.store.create_repository(
            call.actor, name, description=description, private=call.body.get("private") is True
        )
    except AlreadyThere as error:
        raise _creation_refusal("name already exists on this account") from error
    if call.body.get("auto_init") is True:
        made = _commit_readme(call, made)
    return json_response(
        bodies.full_repository(call.github, made), 201, {"location": bodies.api_url(call.github, made)}
    )


def _commit_readme(call: Call, made: StoredRepository) -> StoredRepository:
    """Make the first commit, a README with name and description, as `auto_init` asks for.

    https://docs.github.com/rest/repos/repos#create-a-repository-for-the-authenticated-user
    """
    readme = f"# {made.name}\n" + (f"{made.description}\n" if made.description else "")
    call.github.store.seed(made.owner, made.name, {"README.md": readme.encode()}, "Initial commit")
    return call.github.store.find_repository(made.owner, made.name) or made


def get_repository(call: Call) -> Response:
    """GET /repos/{owner}/{repo}."""
    return json_response(bodies.full_repository(call.github, call.repository))


def update_repository(call: Call) -> Response:
    """PATCH /repos/{owner}/{repo}: its description and its homepage."""
    known = call.repository
    description = call.body_text("description", known.description or "") or None
    homepage = call.body_text("homepage", known.homepage or "") or None
    described = call.github.store.describe_repository(known, description, homepage)
    return json_response(bodies.full_repository(call.github, described))


def list_commits(call: Call) -> Response:
    """GET …/commits, newest first, from `sha` (a branch or a commit) on."""
    start = resolve_commit(call, call.query.get("sha", call.repository.default_branch))
    skip, limit = call.page_window()
    store = call.github.store
    listed = store.list_commits(call.repository, start, skip=skip, limit=limit)
    body = [bodies.full_commit(call.github, call.repository, commit) for commit in listed]
    return json_response(body, headers=call.link_header(store.count_commits(call.repository, start)))


def get_commit(call: Call) -> Response:
    """GET …/commits/{ref}."""
    ref = call.params["ref"]
    try:
        sha = resolve_commit(call, ref)
    except ApiError as refusal:
        raise (ApiError(422, f"No commit found for SHA: {ref}") if refusal.status == 404 else refusal) from refusal
    return json_response(bodies.full_commit(call.github, call.repository, load_commit(call, sha)))


def get_git_commit(call: Call) -> Response:
    """GET …/git/commits/{sha}."""
    sha = call.github.store.resolve_object(call.repository, call.params["sha"])
    if sha is None:
        raise refusal_if_empty(call) or not_found()
    return json_response(bodies.git_commit(call.github, call.repository, load_commit(call, sha)))


def get_ref(call: Call) -> Response:
    """GET …/git/ref/heads/{branch}."""
    branch = call.params["branch"]
    sha = call.github.store.resolve_head(call.repository, branch)
    if sha is None:
        raise refusal_if_empty(call) or not_found()
    url = bodies.api_url(call.github, call.repository)
    return json_response(
        {
            "ref": f"refs/heads/{branch}",
            "node_id": bodies.node_id("Ref", f"{call.repository.id}:{branch}"),
            "url": f"{url}/git/refs/heads/{branch}",
            "object": {"sha": sha, "type": "commit", "url": f"{url}/git/commits/{sha}"},
        }
    )


def get_branch(call: Call) -> Response:
    """GET …/branches/{branch}."""
    name = call.params["branch"]
    sha = call.github.store.resolve_head(call.repository, name)
    if sha is None:
        raise ApiError(404, "Branch not found")
    url = f"{bodies.api_url(call.github, call.repository)}/branches/{name}"
    html = f"{bodies.html_url(call.github, call.repository)}/tree/{name}"
    return json_response(
        {
            "name": name,
            "commit": bodies.full_commit(call.github, call.repository, load_commit(call, sha)),
            "_links": {"self": url, "html": html},
            "protected": False,
            "protection": {"enabled": False},
            "protection_url": f"{url}/protection",
        }
    )


def resolve_commit(call: Call, name: str) -> str:
    """Return the commit that a branch (also as a full ref) or an id names. Raises 404; 409 where all is empty."""
    store, branch_name = call.github.store, name.removeprefix("refs/").removeprefix("heads/")
    found = is_branch_name(branch_name) and store.resolve_head(call.repository, branch_name)
    sha = found or store.resolve_object(call.repository, name)
    if not sha:
        raise refusal_if_empty(call) or not_found()
    return sha


def refusal_if_empty(call: Call) -> ApiError | None:
    """Return what GitHub says when its git endpoints are asked about an empty repository; None for any other.

    https://docs.github.com/en/rest/guides/using-the-rest-api-to-interact-with-your-git-database
    """
    return None if call.github.store.resolve_head(call.repository) else ApiError(409, "Git Repository is empty.")


def load_commit(call: Call, sha: str) -> Commit:
    """Return the commit `sha`, which is known to be there."""
    return call.github.store.list_commits(call.repository, sha)[0]


def _creation_refusal(message: str) -> ApiError:
    return ApiError(422, "Repository creation failed.", errors=field_errors("Repository", "name", message))


_REPO = "/repos/{owner}/{repo}"
OPERATIONS = (
    Operation("GET", "/user", get_authenticated_user),
    Operation("GET", "/users/{login}", get_user),
    Operation("GET", "/user/repos", list_own_repositories),
    Operation("POST", "/user/repos", create_own_repository, _CREATE),
    Operation("GET", _REPO, get_repository),
    Operation("PATCH", _REPO, update_repository, _CREATE),
    Operation("GET", f"{_REPO}/commits", list_commits),
    Operation("GET", f"{_REPO}/commits/{{ref:path}}", get_commit),
    Operation("GET", f"{_REPO}/git/commits/{{sha}}", get_git_commit),
    Operation("GET", f"{_REPO}/git/ref/heads/{{branch:path}}", get_ref),
    Operation("GET", f"{_REPO}/branches/{{branch:path}}", get_branch),
)
