"""The clone that this program runs from, and how it gets to GitHub: by git itself, with the token in no argument."""

import asyncio
import base64
import re
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from orchestrator.errors import GitHubFailed, UsageError

PUSH_S = 300
_REFUSALS = {
    "GH013": "A rule of the repository forbids it: see its Settings → Rules",
    "without `workflow` scope": "Give SETUP_TOKEN Workflows: read and write",
    "(fetch first)": "There are commits that this clone does not have: fetch and merge them first",
    "(non-fast-forward)": "There are commits that this clone does not have: fetch and merge them first",
    "returned error: 403": "Give SETUP_TOKEN Contents: read and write",
    "Authentication failed": "Renew SETUP_TOKEN",
}
"""What git says, and the remedy."""

_KEPT = re.compile(
    r"PATH|HOME|LANG|XDG_CONFIG_HOME|SSL_CERT_\w+|GIT_SSL_\w+|GIT_CEILING_DIRECTORIES|\w+_(?:proxy|PROXY)"
)
"""What git is told of the environment: where it is, and how it gets out. Nothing that names another repository."""


@dataclass(frozen=True)
class Clone:
    """A clone at `folder`. `head`: its commit; `subject`: of that; `is_dirty`: there is more than was committed."""

    folder: Path
    head: str
    subject: str
    is_dirty: bool


async def clone_at(folder: Path, env: Mapping[str, str]) -> Clone:
    """Return what is there to be pushed. Raises UsageError where `folder` is no clone of its own with a commit."""
    _, above = await _git(folder, env, "rev-parse", "--show-prefix")
    code, said = await _git(folder, env, "log", "-1", "--format=%H%n%s")
    # Unpacked inside another repository, that one's history would be pushed.
    if code != 0 or above.strip():
        raise UsageError("There is nothing to push.", "Run this command from a clone of the project.")
    head, _, subject = said.strip().partition("\n")
    _, changes = await _git(folder, env, "status", "--porcelain")
    return Clone(folder, head, subject, bool(changes.strip()))


async def push(clone: Clone, address: str, branch: str, token: str, env: Mapping[str, str]) -> None:
    """Push the clone's head to `branch`, never by force. Raises GitHubFailed with the remedy.

    The token goes in a header that git takes from its environment: neither its arguments, which every user of the
    machine sees, nor its configuration hold it. https://git-scm.com/docs/git-config#ENVIRONMENT
    """
    basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    configured = (
        ("credential.helper", ""),
        # Whatever sends GitHub's addresses elsewhere: the longest that matches wins, and this is the whole of ours.
        (f"url.{address}.insteadOf", address),
        (f"url.{address}.pushInsteadOf", address),
        # An empty one takes back those that were configured.
        (f"http.{address}.extraHeader", ""),
        (f"http.{address}.extraHeader", f"Authorization: Basic {basic}"),
    )
    own = {"GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_COUNT": str(len(configured))}
    for number, (key, value) in enumerate(configured):
        own |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    code, said = await _git(clone.folder, env, "push", address, f"{clone.head}:refs/heads/{branch}", own=own)
    if code != 0:
        remedy = next((remedy for words, remedy in _REFUSALS.items() if words in said), "Push it by hand to see why")
        raise GitHubFailed("The push was refused.", f"{remedy}.")


async def _git(
    folder: Path, env: Mapping[str, str], *arguments: str, own: Mapping[str, str] = MappingProxyType({})
) -> tuple[int, str]:
    kept = {name: value for name, value in env.items() if _KEPT.fullmatch(name)}
    process = await asyncio.create_subprocess_exec(
        "git", *arguments, cwd=folder, env={**kept, **own, "LC_ALL": "C"}, stdin=DEVNULL, stdout=PIPE, stderr=PIPE
    )
    try:
        async with asyncio.timeout(PUSH_S):
            out, err = await process.communicate()
    except (TimeoutError, asyncio.CancelledError) as error:
        process.kill()
        await process.wait()
        if isinstance(error, asyncio.CancelledError):
            raise
        return 1, ""
    return process.returncode or 0, (out + err).decode(errors="replace")
