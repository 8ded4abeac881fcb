"""What GitHub's answers say of users, repositories and commits, field by field as its OpenAPI description has them."""

import base64
import zlib
from datetime import UTC, datetime
from typing import Any

from orchestrator.local.github import LocalGitHub
from orchestrator.local.store import Commit, Person, StoredRepository

Body = dict[str, Any]

_USER_URLS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}
_REPOSITORY_URLS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}
_REPOSITORY_COUNTS = ("forks", "forks_count", "open_issues", "open_issues_count", "stargazers_count", "watchers")
_EPOCH = datetime.fromtimestamp(0, UTC)


def format_time(value: datetime | None) -> str | None:
    """Return a time as GitHub writes it: UTC, whole seconds."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if value else None


def stable_id(text: str) -> int:
    """Return an id for something that is known by its name only: always the same one."""
    return zlib.crc32(text.lower().encode())


def node_id(kind: str, name: object) -> str:
    """Return a GraphQL id: opaque to everyone, unique here."""
    return base64.b64encode(f"{kind}:{name}".encode()).decode()


def api_url(github: LocalGitHub, repository: StoredRepository) -> str:
    """Return the repository's place in the API."""
    return f"{github.api_url}/repos/{repository.full_name}"


def html_url(github: LocalGitHub, repository: StoredRepository) -> str:
    """Return the repository's address, from which it can be cloned."""
    return f"{github.api_url}/{repository.full_name}"


def simple_user(github: LocalGitHub, login: str) -> Body:
    """Return `simple-user`."""
    url = f"{github.api_url}/users/{login}"
    return {
        "login": login,
        "id": stable_id(login),
        "node_id": node_id("User", login),
        "avatar_url": f"{github.api_url}/avatars/{login}",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{github.api_url}/{login}",
        **{name: url + path for name, path in _USER_URLS.items()},
        "type": "Bot" if login.endswith("[bot]") else "User",
        "user_view_type": "public",
        "site_admin": False,
    }


def public_user(github: LocalGitHub, login: str) -> Body:
    """Return `public-user`."""
    unsaid = ("name", "company", "location", "email", "hireable", "bio", "twitter_username")
    public = sum(not repository.private for repository in github.store.list_repositories(login))
    return {
        **simple_user(github, login),
        **dict.fromkeys(unsaid),
        "blog": "",
        "public_repos": public,
        **dict.fromkeys(("public_gists", "followers", "following"), 0),
        "created_at": format_time(_EPOCH),
        "updated_at": format_time(_EPOCH),
    }


def private_user(github: LocalGitHub, login: str) -> Body:
    """Return `private-user`: what someone sees of themselves."""
    private = sum(repository.private for repository in github.store.list_repositories(login))
    return {
        **public_user(github, login),
        "user_view_type": "private",
        "total_private_repos": private,
        "owned_private_repos": private,
        **dict.fromkeys(("private_gists", "disk_usage", "collaborators"), 0),
        "two_factor_authentication": True,
    }


def minimal_repository(github: LocalGitHub, repository: StoredRepository) -> Body:
    """Return `minimal-repository`, as it stands inside of other bodies."""
    url = api_url(github, repository)
    return {
        "id": repository.id,
        "node_id": node_id("Repository", repository.id),
        "name": repository.name,
        "full_name": repository.full_name,
        "private": repository.private,
        "owner": simple_user(github, repository.owner),
        "html_url": html_url(github, repository),
        "description": repository.description,
        "fork": False,
        "url": url,
        **{name: url + path for name, path in _REPOSITORY_URLS.items()},
    }


def full_repository(github: LocalGitHub, repository: StoredRepository) -> Body:
    """Return `full-repository`. `size` is 0: on GitHub it lags, so nobody may rely on it."""
    address = html_url(github, repository)
    return {
        **minimal_repository(github, repository),
        **dict.fromkeys(("git_url", "ssh_url", "clone_url"), f"{address}.git"),
        "svn_url": address,
        **dict.fromkeys(("mirror_url", "language", "license")),
        "homepage": repository.homepage,
        **dict.fromkeys((*_REPOSITORY_COUNTS, "watchers_count", "subscribers_count", "network_count", "size"), 0),
        "default_branch": repository.default_branch,
        **dict.fromkeys(("has_issues", "has_projects", "has_wiki", "is_template", "archived", "disabled"), False),
        **dict.fromkeys(("has_discussions", "has_downloads"), False),
        "has_pages": github.sites.refresh_site(repository) is not None,
        "visibility": "private" if repository.private else "public",
        "pushed_at": format_time(repository.pushed_at),
        "created_at": format_time(repository.created_at),
        "updated_at": format_time(repository.pushed_at),
        "topics": [],
        "permissions": {"admin": True, "maintain": True, "push": True, "triage": True, "pull": True},
    }


def git_user(person: Person, when: datetime) -> Body:
    """Return who wrote or committed, and when."""
    return {"name": person.name, "email": person.email, "date": format_time(when)}


def _tree_and_parents(github: LocalGitHub, repository: StoredRepository, commit: Commit, kind: str) -> Body:
    """Return the part about `tree` and `parents`; `kind` says which API the parents' URLs belong to."""
    url = api_url(github, repository)
    parents = [
        {"sha": sha, "url": f"{url}/{kind}/{sha}", "html_url": f"{html_url(github, repository)}/commit/{sha}"}
        for sha in commit.parents
    ]
    return {"tree": {"sha": commit.tree, "url": f"{url}/git/trees/{commit.tree}"}, "parents": parents}


def git_commit(github: LocalGitHub, repository: StoredRepository, commit: Commit) -> Body:
    """Return `git-commit`: the object itself."""
    return {
        "sha": commit.sha,
        "node_id": node_id("Commit", commit.sha),
        "url": f"{api_url(github, repository)}/git/commits/{commit.sha}",
        "html_url": f"{html_url(github, repository)}/commit/{commit.sha}",
        "author": git_user(commit.author, commit.authored_at),
        "committer": git_user(commit.committer, commit.committed_at),
        "message": commit.message,
        **_tree_and_parents(github, repository, commit, "git/commits"),
        "verification": {
            "verified": False,
            "reason": "unsigned",
            **dict.fromkeys(("signature", "payload", "verified_at")),
        },
    }


def full_commit(github: LocalGitHub, repository: StoredRepository, commit: Commit) -> Body:
    """Return `commit`: the object, and who that is on GitHub."""
    inner = git_commit(github, repository, commit)
    objects = _tree_and_parents(github, repository, commit, "commits")
    url = f"{api_url(github, repository)}/commits/{commit.sha}"
    shown = ("url", "author", "committer", "message", "tree", "verification")
    return {
        "sha": commit.sha,
        "node_id": inner["node_id"],
        "url": url,
        "html_url": inner["html_url"],
        "comments_url": f"{url}/comments",
        "commit": {**{name: inner[name] for name in shown}, "comment_count": 0},
        "author": simple_user(github, repository.owner),
        "committer": simple_user(github, repository.owner),
        "parents": objects["parents"],
    }
