"""What GraphQL's queries find here: users and repositories, with the fields that `gh` asks for.

https://docs.github.com/graphql/reference/objects#repository
"""

from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.local.api import bodies
from orchestrator.local.api.queries import BadQuery, Thing
from orchestrator.local.api.respond import Call
from orchestrator.local.store import StoredRepository


def query_root(call: Call) -> Thing:
    """Return what every query begins with. Raises 401 for nobody."""
    viewer = _user_thing(call, call.actor)

    def resolve_repository(given: Mapping[str, Any]) -> Thing:
        found = _require_visible_repository(call, f"{given.get('owner')}/{given.get('name')}")
        return _repository_thing(call, found)

    def resolve_owner(given: Mapping[str, Any]) -> Thing | None:
        login = str(given.get("login"))
        return _user_thing(call, call.github.owner) if login.lower() == call.github.owner.lower() else None

    fields = {
        "viewer": viewer,
        "repository": resolve_repository,
        "repositoryOwner": resolve_owner,
        "user": resolve_owner,
    }
    return Thing("Query", fields)


def _require_visible_repository(call: Call, full_name: str) -> StoredRepository:
    """Return a repository. GitHub has no error for a private one but that it cannot be resolved."""
    found = call.github.store.find_repository(*full_name.split("/", 1))
    if found is None or not _is_visible(call, found):
        raise BadQuery(f"Could not resolve to a Repository with the name '{full_name}'.", "NOT_FOUND")
    return found


def _is_visible(call: Call, found: StoredRepository) -> bool:
    return not found.private or (call.token is not None and call.token.covers(found))


def _user_thing(call: Call, login: str) -> Thing:
    def resolve_repositories(given: Mapping[str, Any]) -> Thing:
        seen = [one for one in call.github.store.list_repositories(login) if _is_visible(call, one)]
        if given.get("privacy"):
            seen = [one for one in seen if one.private == (given["privacy"] == "PRIVATE")]
        seen = [] if given.get("isFork") is True else sorted(seen, key=lambda one: one.pushed_at, reverse=True)
        return _paginate_nodes([_repository_thing(call, one) for one in seen], given, "RepositoryConnection")

    user = bodies.simple_user(call.github, login)
    fields = {"id": user["node_id"], "login": login, "name": None, "url": user["html_url"]}
    return Thing("User", {**fields, "databaseId": user["id"], "repositories": resolve_repositories})


def _paginate_nodes(nodes: Sequence[Thing], given: Mapping[str, Any], kind: str = "Connection") -> Thing:
    """Return one page of a list. The cursor is the place of the page's last item."""
    after = str(given.get("after") or "0")
    start = int(after) if after.isascii() and after.isdigit() else 0
    size = str(given.get("first") or len(nodes))
    end = min(len(nodes), start + (int(size) if size.isdigit() else 0))
    page = {"hasNextPage": end < len(nodes), "hasPreviousPage": start > 0, "endCursor": str(end), "startCursor": after}
    fields = {"nodes": list(nodes[start:end]), "totalCount": len(nodes), "pageInfo": Thing("PageInfo", page)}
    return Thing(kind, fields)


def _repository_thing(call: Call, found: StoredRepository) -> Thing:
    head = call.github.store.resolve_head(found)
    target = Thing("Commit", {"oid": head, "id": bodies.node_id("Commit", head)})
    ref = {"name": found.default_branch, "prefix": "refs/heads/", "target": target}
    url = bodies.html_url(call.github, found)
    no = (
        *("isFork", "isArchived", "isTemplate", "isMirror", "isInOrganization", "hasIssuesEnabled", "hasWikiEnabled"),
        *("hasProjectsEnabled", "hasDiscussionsEnabled", "viewerHasStarred", "deleteBranchOnMerge"),
        *("isUserConfigurationRepository", "isSecurityPolicyEnabled", "isBlankIssuesEnabled"),
    )
    nothing = ("parent", "licenseInfo", "primaryLanguage", "latestRelease", "homepageUrl", "mirrorUrl")
    lists = ("pullRequests", "issues", "labels", "milestones", "languages", "watchers", "mentionableUsers")
    return Thing(
        "Repository",
        {
            "id": bodies.node_id("Repository", found.id),
            "databaseId": found.id,
            "name": found.name,
            "nameWithOwner": found.full_name,
            "owner": _user_thing(call, found.owner),
            "description": found.description,
            "url": url,
            "sshUrl": f"{url}.git",
            "isPrivate": found.private,
            "visibility": "PRIVATE" if found.private else "PUBLIC",
            "isEmpty": head is None,
            "defaultBranchRef": Thing("Ref", ref) if head else None,
            "viewerPermission": "ADMIN" if call.token and call.token.covers(found) else "READ",
            "viewerCanAdminister": call.token is not None and call.token.covers(found),
            "createdAt": bodies.format_time(found.created_at),
            "pushedAt": bodies.format_time(found.pushed_at),
            "updatedAt": bodies.format_time(found.pushed_at),
            **dict.fromkeys(no, False),
            **dict.fromkeys(("mergeCommitAllowed", "rebaseMergeAllowed", "squashMergeAllowed"), True),
            **dict.fromkeys(("forkCount", "stargazerCount", "diskUsage"), 0),
            **dict.fromkeys(nothing),
            **{name: lambda given: _paginate_nodes([], given) for name in lists},
        },
    )
