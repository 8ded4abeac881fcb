"""Users, repositories, commits and branches."""

import re

from starlette.responses import Response

from orchestrator.local.api import bodies
from orchestrator.local.api.respond import Call, Operation, Refusal, answer, invalid, not_found
from orchestrator.local.store import AlreadyThere, Commit, Repository, is_branch

_LONGEST_NAME = 100
_RESERVED = {"", ".", "..", ".git"}
_CREATE = {"administration": "write"}


def slug(name: str) -> str:
    """Return the name that GitHub gives a repository asked for as `name`: other characters become one `-`."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name)


def authenticated_user(call: Call) -> Response:
    """GET /user."""
    if call.actor.endswith("[bot]"):
        raise Refusal(403, "Resource not accessible by integration")
    return answer(bodies.private_user(call.github, call.actor))


def user(call: Call) -> Response:
    """GET /users/{login}: there is one account."""
    if call.params["login"].lower() != call.github.owner.lower():
        raise not_found()
    return answer(bodies.public_user(call.github, call.github.owner))


def own(call: Call) -> Response:
    """GET /user/repos, the one pushed to last first. https://docs.github.com/rest/repos/repos."""
    if call.token is None:
        raise Refusal(401, "Requires authentication")
    covered = [found for found in call.github.store.owned_by(call.actor) if call.token.covers(found)]
    listed = sorted(covered, key=lambda found: found.pushed_at, reverse=True)
    skip, limit = call.window()
    shown = [bodies.full_repository(call.github, found) for found in listed[skip : skip + limit]]
    return answer(shown, headers=call.links(len(listed)))


def create(call: Call) -> Response:
    """POST /user/repos."""
    name = slug(call.text("name"))
    if name in _RESERVED:
        raise _not_created(f"'{name}' is a reserved name")
    if len(name) > _LONGEST_NAME:
        raise _not_created("name is too long (maximum is 100 characters)")
    description = call.text("description", "") or None
    try:
        made = call.github.store.create_repository(
            call.actor, name, description=description, private=call.body.get("private") is True
        )
    except AlreadyThere as error:
        raise _not_created("name already exists on this account") from error
    if call.body.get("auto_init") is True:
        made = _initialised(call, made)
    return answer(bodies.full_repository(call.github, made), 201, {"location": bodies.api_url(call.github, made)})


def _initialised(call: Call, made: Repository) -> Repository:
    """Make the first commit, a README with name and description, as `auto_init` asks for.

    https://docs.github.com/rest/repos/repos#create-a-repository-for-the-authenticated-user
    """
    readme = f"# {made.name}\n" + (f"{made.description}\n" if made.description else "")
    call.github.store.seed(made.owner, made.name, {"README.md": readme.encode()}, "Initial commit")
    return call.github.store.find(made.owner, made.name) or made


def get(call: Call) -> Response:
    """GET /repos/{owner}/{repo}."""
    return answer(bodies.full_repository(call.github, call.repository))


def update(call: Call) -> Response:
    """PATCH /repos/{owner}/{repo}: its description and its homepage."""
    known = call.repository
    description = call.text("description", known.description or "") or None
    homepage = call.text("homepage", known.homepage or "") or None
    return answer(bodies.full_repository(call.github, call.github.store.describe(known, description, homepage)))


def commits(call: Call) -> Response:
    """GET …/commits, newest first, from `sha` (a branch or a commit) on."""
    start = commit_named(call, call.query.get("sha", call.repository.default_branch))
    skip, limit = call.window()
    store = call.github.store
    listed = store.commits(call.repository, start, skip=skip, limit=limit)
    body = [bodies.full_commit(call.github, call.repository, commit) for commit in listed]
    return answer(body, headers=call.links(store.count(call.repository, start)))


def commit(call: Call) -> Response:
    """GET …/commits/{ref}."""
    ref = call.params["ref"]
    try:
        sha = commit_named(call, ref)
    except Refusal as refusal:
        raise (Refusal(422, f"No commit found for SHA: {ref}") if refusal.status == 404 else refusal) from refusal
    return answer(bodies.full_commit(call.github, call.repository, one(call, sha)))


def git_commit(call: Call) -> Response:
    """GET …/git/commits/{sha}."""
    sha = call.github.store.resolve(call.repository, call.params["sha"])
    if sha is None:
        raise not_empty(call) or not_found()
    return answer(bodies.git_commit(call.github, call.repository, one(call, sha)))


def ref(call: Call) -> Response:
    """GET …/git/ref/heads/{branch}."""
    branch = call.params["branch"]
    sha = call.github.store.head(call.repository, branch)
    if sha is None:
        raise not_empty(call) or not_found()
    url = bodies.api_url(call.github, call.repository)
    return answer(
        {
            "ref": f"refs/heads/{branch}",
            "node_id": bodies.node_id("Ref", f"{call.repository.id}:{branch}"),
            "url": f"{url}/git/refs/heads/{branch}",
            "object": {"sha": sha, "type": "commit", "url": f"{url}/git/commits/{sha}"},
        }
    )


def branch(call: Call) -> Response:
    """GET …/branches/{branch}."""
    name = call.params["branch"]
    sha = call.github.store.head(call.repository, name)
    if sha is None:
        raise Refusal(404, "Branch not found")
    url = f"{bodies.api_url(call.github, call.repository)}/branches/{name}"
    html = f"{bodies.html_url(call.github, call.repository)}/tree/{name}"
    return answer(
        {
            "name": name,
            "commit": bodies.full_commit(call.github, call.repository, one(call, sha)),
            "_links": {"self": url, "html": html},
            "protected": False,
            "protection": {"enabled": False},
            "protection_url": f"{url}/protection",
        }
    )


def commit_named(call: Call, name: str) -> str:
    """Return the commit that a branch (also as a full ref) or an id names. Raises 404; 409 where all is empty."""
    store, branch_name = call.github.store, name.removeprefix("refs/").removeprefix("heads/")
    found = is_branch(branch_name) and store.head(call.repository, branch_name)
    sha = found or store.resolve(call.repository, name)
    if not sha:
        raise not_empty(call) or not_found()
    return sha


def not_empty(call: Call) -> Refusal | None:
    """Return what GitHub says when its git endpoints are asked about an empty repository; None for any other.

    https://docs.github.com/en/rest/guides/using-the-rest-api-to-interact-with-your-git-database
    """
    return None if call.github.store.head(call.repository) else Refusal(409, "Git Repository is empty.")


def one(call: Call, sha: str) -> Commit:
    """Return the commit `sha`, which is known to be there."""
    return call.github.store.commits(call.repository, sha)[0]


def _not_created(message: str) -> Refusal:
    return Refusal(422, "Repository creation failed.", errors=invalid("Repository", "name", message))


_REPO = "/repos/{owner}/{repo}"
OPERATIONS = (
    Operation("GET", "/user", authenticated_user),
    Operation("GET", "/users/{login}", user),
    Operation("GET", "/user/repos", own),
    Operation("POST", "/user/repos", create, _CREATE),
    Operation("GET", _REPO, get),
    Operation("PATCH", _REPO, update, _CREATE),
    Operation("GET", f"{_REPO}/commits", commits),
    Operation("GET", f"{_REPO}/commits/{{ref:path}}", commit),
    Operation("GET", f"{_REPO}/git/commits/{{sha}}", git_commit),
    Operation("GET", f"{_REPO}/git/ref/heads/{{branch:path}}", ref),
    Operation("GET", f"{_REPO}/branches/{{branch:path}}", branch),
)
