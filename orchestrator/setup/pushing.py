"""The clone that this program runs from, and how it gets to GitHub: by git itself, with the token in no argument."""

import asyncio
import base64
import re
import tempfile
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from orchestrator.core.errors import GitHubFailed, UsageError

PUSH_S = 300
_REFUSALS = {
    "GH013": "A rule of the repository forbids it. Check its Settings → Rules",
    "without `workflow` scope": "Give SETUP_TOKEN Workflows: read and write",
    "(fetch first)": "The repository has commits that this clone does not have. Fetch and merge them first",
    "(non-fast-forward)": "The repository has commits that this clone does not have. Fetch and merge them first",
    "returned error: 403": "Give SETUP_TOKEN Contents: read and write",
    "Authentication failed": "Renew SETUP_TOKEN",
}
"""What git says, and the remedy."""

_OURS_ALONE = (".github/workflows/ci.yml", ".github/dependabot.yml")
"""What is there for the work on the project itself."""

_AUTHOR, _EMAIL = "Pagewright", "pagewright@users.noreply.github.com"
_SUBJECT = "Leave out what only the project's own repository needs"

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


async def inspect_clone(folder: Path, env: Mapping[str, str]) -> Clone:
    """Return what is there to be pushed. Raises UsageError if `folder` is no clone of its own with a commit."""
    _, above = await _run_git(folder, env, "rev-parse", "--show-prefix")
    code, said = await _run_git(folder, env, "log", "-1", "--format=%H%n%s")
    # Unpacked inside another repository, that one's history would be pushed.
    if code != 0 or above.strip():
        raise UsageError("The files to push were not found.", "Run this command from a clone of the project.")
    head, _, subject = said.strip().partition("\n")
    _, changes = await _run_git(folder, env, "status", "--porcelain")
    return Clone(folder, head, subject, bool(changes.strip()))


@dataclass(frozen=True)
class Remote:
    """A branch on GitHub. `head`: its commit, None if there is no such branch yet."""

    address: str
    branch: str
    head: str | None
    token: str = field(repr=False)

    def git_environment(self) -> dict[str, str]:
        """Return what git needs in its environment to get there.

        The token goes in a header that git takes from there: neither its arguments, which every user of the machine
        sees, nor its configuration hold it. https://git-scm.com/docs/git-config#ENVIRONMENT
        """
        basic = base64.b64encode(f"x-access-token:{self.token}".encode()).decode()
        configured = (
            ("credential.helper", ""),
            # Undo settings that send GitHub's addresses elsewhere: the longest match wins, and this is all of it.
            (f"url.{self.address}.insteadOf", self.address),
            (f"url.{self.address}.pushInsteadOf", self.address),
            # An empty one takes back those that were configured.
            (f"http.{self.address}.extraHeader", ""),
            (f"http.{self.address}.extraHeader", f"Authorization: Basic {basic}"),
        )
        given = {"GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_COUNT": str(len(configured))}
        for number, (key, value) in enumerate(configured):
            given |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        return given


@dataclass(frozen=True)
class Parcel:
    """What is to be pushed. `left_out`: the files of the clone that are not in it; `is_there`: it was pushed before."""

    commit: str
    left_out: tuple[str, ...]
    is_there: bool


async def pack_parcel(clone: Clone, remote: Remote, env: Mapping[str, str]) -> Parcel:
    """Return the clone's head, or a commit on top of it without the files that only the project's own repository needs.

    In a pipeline Dependabot would open pull requests that the ruleset forbids to merge, each with a run of the tests.
    Where the branch ends in such a commit of an earlier time, the new one has both for parents: it is never forced.
    """
    tree, left_out = await _write_tree(clone, env)
    if remote.head in (None, clone.head):
        commit = await _commit_tree(clone, env, tree, ()) if left_out else clone.head
        return Parcel(commit, left_out, remote.head == commit)
    code, _ = await _run_git(clone.folder, env, "cat-file", "-e", f"{remote.head}^{{commit}}")
    if code != 0:
        fetch = ("fetch", "--quiet", "--no-tags", remote.address, f"refs/heads/{remote.branch}")
        await _run_git(clone.folder, env, *fetch, own=remote.git_environment())
    code, theirs = await _run_git(clone.folder, env, "log", "--format=%cn: %s", str(remote.head), f"^{clone.head}")
    added = set(theirs.splitlines()) if code == 0 else {""}
    if added == {f"{_AUTHOR}: {_SUBJECT}"}:
        _, there = await _run_git(clone.folder, env, "rev-parse", f"{remote.head}^{{tree}}")
        is_behind, _ = await _run_git(clone.folder, env, "merge-base", "--is-ancestor", clone.head, str(remote.head))
        if there.strip() == tree and is_behind == 0:
            return Parcel(str(remote.head), left_out, is_there=True)
        return Parcel(await _commit_tree(clone, env, tree, (str(remote.head),)), left_out, is_there=False)
    return Parcel(await _commit_tree(clone, env, tree, ()) if left_out else clone.head, left_out, is_there=False)


async def _write_tree(clone: Clone, env: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """Return the tree of the clone's head without what is left out, and what that was."""
    _, listed = await _run_git(clone.folder, env, "ls-tree", "--name-only", clone.head, "--", *_OURS_ALONE)
    left_out = tuple(listed.split())
    with tempfile.TemporaryDirectory() as folder:
        # An index of its own: what is staged in the clone stays as it is.
        own = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        await _run_git_or_fail(clone, env, "read-tree", clone.head, own=own)
        if left_out:
            await _run_git_or_fail(clone, env, "update-index", "--force-remove", "--", *left_out, own=own)
        return await _run_git_or_fail(clone, env, "write-tree", own=own), left_out


async def _commit_tree(clone: Clone, env: Mapping[str, str], tree: str, more: tuple[str, ...]) -> str:
    parents = [argument for parent in (clone.head, *more) for argument in ("-p", parent)]
    roles = [f"GIT_{role}_{part}" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")]
    own = dict(zip(roles, (_AUTHOR, _EMAIL) * 2, strict=True))
    return await _run_git_or_fail(clone, env, "commit-tree", *parents, "-m", _SUBJECT, tree, own=own)


async def _run_git_or_fail(clone: Clone, env: Mapping[str, str], *arguments: str, own: Mapping[str, str]) -> str:
    """Return what git prints. Raises UsageError if it fails: the clone is broken, or the disk is full."""
    code, said = await _run_git(clone.folder, env, *arguments, own=own)
    if code != 0:
        raise UsageError(f"git {arguments[0]} failed in this clone.", "Run `git fsck` there to see why.")
    return said.strip()


async def push_parcel(clone: Clone, parcel: Parcel, remote: Remote, env: Mapping[str, str]) -> None:
    """Push a commit to the branch, never by force. Raises GitHubFailed with the remedy."""
    what = f"{parcel.commit}:refs/heads/{remote.branch}"
    code, said = await _run_git(clone.folder, env, "push", remote.address, what, own=remote.git_environment())
    if code != 0:
        remedy = next((remedy for words, remedy in _REFUSALS.items() if words in said), "Push by hand to see why")
        raise GitHubFailed("The push was refused.", f"{remedy}.")


async def _run_git(
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
