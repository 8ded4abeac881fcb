"""What GitHub keeps out of a repository: known secrets, workflows from the wrong token, and what a ruleset forbids."""

import re
from collections.abc import Iterable

from orchestrator.local.configuration import Configurations
from orchestrator.local.store import StoredRepository
from orchestrator.local.tokens import Token

# A few of the patterns that GitHub blocks for everyone:
# https://docs.github.com/en/code-security/secret-scanning/introduction/supported-secret-scanning-patterns
_SECRETS = {
    "GITHUB_PERSONAL_ACCESS_TOKEN": re.compile(rb"\bgh[pousr]_[A-Za-z0-9]{36}\b"),
    "GITHUB_FINE_GRAINED_PERSONAL_ACCESS_TOKEN": re.compile(rb"\bgithub_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}\b"),
    "ANTHROPIC_API_KEY": re.compile(rb"\bsk-ant-api03-[\w-]{93}AA\b"),
    "OPENAI_API_KEY": re.compile(rb"\bsk-(?:proj-|svcacct-)?[\w-]*T3BlbkFJ[\w-]+"),
    "SLACK_API_TOKEN": re.compile(rb"\bxox[bp]-\d{10,13}-\d{10,13}-[A-Za-z0-9-]{20,}"),
    "STRIPE_API_KEY": re.compile(rb"\b[sr]k_live_[A-Za-z0-9]{24,}"),
}


def find_secret(contents: Iterable[bytes]) -> str | None:
    """Return the kind of the first secret found, or None."""
    found = (kind for content in contents for kind, pattern in _SECRETS.items() if pattern.search(content))
    return next(found, None)


def describe_violation(kind: str) -> str:
    """Return what GitHub says about a blocked secret.

    https://docs.github.com/en/code-security/secret-scanning/working-with-secret-scanning-and-push-protection/working-with-push-protection-from-the-rest-api
    """
    return f"Repository rule violations found\n\nSecret detected in content\n\n{kind}"


def is_bad_path(path: str) -> bool:
    """Say whether git or GitHub refuses the path itself."""
    parts = path.split("/")
    return any(part in {"", ".", ".."} or part.lower() == ".git" for part in parts) or "\0" in path


def lacks_workflow_access(token: Token | None, paths: Iterable[str]) -> bool:
    """Say whether a workflow file is among the paths, and the token may not write those."""
    touched = any(path.startswith(".github/workflows/") for path in paths)
    return touched and not (token and token.may({"workflows": "write"}))


def find_branch_violation(configurations: Configurations, repository: StoredRepository, branch: str) -> str | None:
    """Return what GitHub says of a write to a branch that a ruleset keeps as it is, None if none does."""
    if "update" not in configurations.find_branch_rules(repository, branch):
        return None
    return f"Repository rule violations found\n\nCannot update this protected ref.\n\nrefs/heads/{branch}"
