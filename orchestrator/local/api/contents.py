"""Trees, blobs, files and archives."""

import base64
import binascii

from starlette.responses import RedirectResponse, Response

from orchestrator.local.api import bodies
from orchestrator.local.api.bodies import Body
from orchestrator.local.api.protection import (
    describe_violation,
    find_branch_violation,
    find_secret,
    is_bad_path,
    lacks_workflow_access,
)
from orchestrator.local.api.repositories import refusal_if_empty, resolve_commit
from orchestrator.local.api.respond import ApiError, Call, Operation, json_response, not_found
from orchestrator.local.store import BranchChange, HeadMoved, Person, TreeEntry, is_branch_name

_INLINE = 1_000_000  # bytes; larger files come without their content


def get_tree(call: Call) -> Response:
    """GET …/git/trees/{sha}: a tree, a commit or a branch; `recursive` counts with any value."""
    store, sha = call.github.store, call.params["sha"]
    found = store.resolve_object(call.repository, sha, "tree")
    found = found or store.resolve_object(call.repository, resolve_commit(call, sha), "tree")
    if found is None:
        raise not_found()
    entries = store.list_tree(call.repository, found, recursive="recursive" in call.query)
    url = f"{bodies.api_url(call.github, call.repository)}/git"
    listed = [_tree_entry_body(url, entry) for entry in entries]
    return json_response({"sha": found, "url": f"{url}/trees/{found}", "tree": listed, "truncated": False})


def create_blob(call: Call) -> Response:
    """POST …/git/blobs."""
    refusal = refusal_if_empty(call)
    if refusal:
        raise refusal
    content = call.body_text("content")
    raw = _decode_base64(content) if call.body_text("encoding", "utf-8") == "base64" else content.encode()
    _check_secrets(raw)
    sha = call.github.store.add_blob(call.repository, raw)
    url = f"{bodies.api_url(call.github, call.repository)}/git/blobs/{sha}"
    return json_response({"sha": sha, "url": url}, 201, {"location": url})


def get_blob(call: Call) -> Response:
    """GET …/git/blobs/{sha}, whether a tree names it or not."""
    sha = call.github.store.resolve_object(call.repository, call.params["sha"], "blob")
    if sha is None:
        raise refusal_if_empty(call) or not_found()
    raw = call.github.store.load_blob(call.repository, sha)
    if "raw" in call.accept:
        return Response(raw, media_type="application/vnd.github.raw+json")
    return json_response(
        {
            "sha": sha,
            "node_id": bodies.node_id("Blob", sha),
            "size": len(raw),
            "url": f"{bodies.api_url(call.github, call.repository)}/git/blobs/{sha}",
            "content": base64.encodebytes(raw).decode(),
            "encoding": "base64",
        }
    )


def get_content(call: Call) -> Response:
    """GET …/contents/{path}: a file, or what is in a folder."""
    if refusal_if_empty(call):
        raise ApiError(404, "This repository is empty.")
    ref, path = call.query.get("ref", call.repository.default_branch), call.params["path"].strip("/")
    commit = resolve_commit(call, ref)
    entry = call.github.store.find_entry(call.repository, commit, path) if path and not is_bad_path(path) else None
    if path and entry is None:
        raise not_found()
    if entry is None or entry.type == "tree":
        return json_response(_folder_body(call, entry.sha if entry else commit, path, ref))
    raw = call.github.store.load_blob(call.repository, entry.sha)
    if "raw" in call.accept:
        return Response(raw, media_type="application/vnd.github.raw+json")
    inline = len(raw) <= _INLINE
    content = base64.encodebytes(raw).decode() if inline else ""
    return json_response(
        {**_content_body(call, entry, path, ref), "content": content, "encoding": "base64" if inline else "none"}
    )


def put_content(call: Call) -> Response:
    """PUT …/contents/{path}: one file, one commit; the only write that an empty repository takes."""
    path, store = call.params["path"], call.github.store
    raw, branch = _decode_base64(call.body_text("content")), call.body_text("branch", call.repository.default_branch)
    _check_path(call, path, branch)
    _check_secrets(raw)
    with store.lock_repository(call.repository):
        head = store.resolve_head(call.repository, branch)
        if head is None and store.resolve_head(call.repository):
            raise ApiError(404, f"Branch {branch} not found")
        present = store.find_entry(call.repository, head, path) if head else None
        _check_sha(call, path, present)
        person = Person(call.actor, f"{bodies.stable_id(call.actor)}+{call.actor}@users.noreply.github.com")
        change = BranchChange(
            branch=branch,
            message=call.body_text("message"),
            expected_head=head,
            author=person,
            committer=person,
            additions={path: raw},
        )
        try:
            commit = store.commit(call.repository, change)
        except HeadMoved as error:  # a `git push` does not wait for our lock
            raise ApiError(409, f"{branch} was updated meanwhile") from error
    call.github.sites.refresh_site(call.repository)  # a commit to a published branch starts its build
    made = store.find_entry(call.repository, commit.sha, path)
    body = {
        "content": _content_body(call, made, path, branch) if made else None,
        "commit": bodies.git_commit(call.github, call.repository, commit),
    }
    return json_response(body, 200 if present else 201)


def download_tarball(call: Call) -> Response:
    """GET …/tarball/{ref}: where the archive is."""
    sha = resolve_commit(call, call.params["ref"])
    return RedirectResponse(f"{call.github.api_url}/codeload/{call.repository.full_name}/legacy.tar.gz/{sha}", 302)


def serve_archive(call: Call) -> Response:
    """GET /codeload/…: the archive itself, as GitHub's second host gives it out."""
    sha = resolve_commit(call, call.params["sha"])
    name = f"{call.repository.owner}-{call.repository.name}-{sha[:7]}.tar.gz"
    packed = call.github.store.create_archive(call.repository, sha)
    return Response(
        packed, media_type="application/x-gzip", headers={"content-disposition": f"attachment; filename={name}"}
    )


def _decode_base64(content: str) -> bytes:
    try:
        return base64.b64decode("".join(content.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ApiError(422, "content is not valid Base64") from error


def _check_secrets(raw: bytes) -> None:
    kind = find_secret([raw])
    if kind:
        placeholders = {"bypass_placeholders": [{"placeholder_id": kind.lower(), "token_type": kind}]}
        raise ApiError(409, describe_violation(kind), metadata={"secret_scanning": placeholders})


def _check_path(call: Call, path: str, branch: str) -> None:
    if is_bad_path(path):
        raise ApiError(422, "path contains a malformed path component")
    if not is_branch_name(branch):
        raise ApiError(422, "Invalid branch name")
    if said := find_branch_violation(call.github.configurations, call.repository, branch):
        raise ApiError(409, said)
    if lacks_workflow_access(call.token, [path]):
        raise ApiError(
            403, call.token.refusal if call.token else "", {"x-accepted-github-permissions": "workflows=write"}
        )


def _check_sha(call: Call, path: str, present: TreeEntry | None) -> None:
    """Take an update only from someone who knows what is there."""
    given = call.body.get("sha")
    if present and given is None:
        raise ApiError(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
    if given is not None and (present is None or given != present.sha):
        raise ApiError(409, f"{path} does not match {given}")


def _tree_entry_body(url: str, entry: TreeEntry) -> Body:
    kind = "trees" if entry.type == "tree" else "blobs"
    size = {} if entry.size is None else {"size": entry.size}
    about = {"path": entry.path, "mode": entry.mode, "type": entry.type, "sha": entry.sha}
    return {**about, **size, "url": f"{url}/{kind}/{entry.sha}"}


def _folder_body(call: Call, sha: str, path: str, ref: str) -> list[Body]:
    entries = call.github.store.list_tree(call.repository, sha, recursive=False)
    return [_content_body(call, entry, f"{path}/{entry.path}".lstrip("/"), ref) for entry in entries]


def _content_body(call: Call, entry: TreeEntry, path: str, ref: str) -> Body:
    """Return what is said of a file or folder at `path`, without its content."""
    folder = entry.type == "tree"
    api, html = bodies.api_url(call.github, call.repository), bodies.html_url(call.github, call.repository)
    url = f"{api}/contents/{path}?ref={ref}"
    git_url = f"{api}/git/{'trees' if folder else 'blobs'}/{entry.sha}"
    page = f"{html}/{'tree' if folder else 'blob'}/{ref}/{path}"
    return {
        "type": "dir" if folder else "file",
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": entry.sha,
        "size": entry.size or 0,
        "url": url,
        "html_url": page,
        "git_url": git_url,
        "download_url": None if folder else f"{html}/raw/{ref}/{path}",
        "_links": {"self": url, "git": git_url, "html": page},
    }


_REPO = "/repos/{owner}/{repo}"
_WRITE = {"contents": "write"}
OPERATIONS = (
    Operation("GET", f"{_REPO}/git/trees/{{sha:path}}", get_tree),
    Operation("POST", f"{_REPO}/git/blobs", create_blob, _WRITE),
    Operation("GET", f"{_REPO}/git/blobs/{{sha}}", get_blob),
    Operation("GET", f"{_REPO}/contents/{{path:path}}", get_content),
    Operation("PUT", f"{_REPO}/contents/{{path:path}}", put_content, _WRITE),
    Operation("GET", f"{_REPO}/tarball/{{ref:path}}", download_tarball),
    Operation("GET", "/codeload/{owner}/{repo}/legacy.tar.gz/{sha}", serve_archive),
)
