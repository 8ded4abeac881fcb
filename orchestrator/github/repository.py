"""The repository of one task: which task it belongs to, what is in it, and the one commit of each round."""

import base64
import io
import tarfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import requests
from github import Github

from orchestrator.core.errors import GitHubFailed
from orchestrator.core.record import Record, find_answering_commit, parse_task_key, read_record
from orchestrator.core.site import MAX_BYTES, MAX_FILES, RECORD, Site
from orchestrator.core.task import repository_names
from orchestrator.github.client import Client, GitHubRefused

BRANCH = "main"
ARCHIVE_S = 60


@dataclass(frozen=True)
class Repository:
    """A repository that belongs to the task, or may become its repository.

    - `commits`: (sha, message), newest first; empty if the repository is empty or `exists` is False
    - `record`: what `pagewright.json` at the head says
    - `stamp`: the bytes of `pagewright.json` at the head
    - `described`: the key in the description of an empty repository
    """

    owner: str
    name: str
    exists: bool
    commits: tuple[tuple[str, str], ...] = ()
    record: Record | None = None
    stamp: bytes = b""
    described: str | None = None

    @property
    def target(self) -> str:
        """Where the site went live last."""
        return (self.record.target if self.record else None) or "pages"

    @property
    def task(self) -> str | None:
        """The key of the task that it belongs to, as it says itself."""
        return self.described if self.record is None else self.record.task

    @property
    def full_name(self) -> str:
        """`owner/name`."""
        return f"{self.owner}/{self.name}"

    @property
    def head(self) -> str | None:
        """The newest commit."""
        return self.commits[0][0] if self.commits else None

    @property
    def is_started(self) -> bool:
        """Whether a round was committed. A repository that was only claimed for a task has none."""
        return self.record is not None and bool(self.record.rounds)

    def answering_commit(self, request: str) -> str | None:
        """Return the commit that answers `request`."""
        return find_answering_commit(self.commits, request)


async def find_repository(
    client: Client, owner: str, task: str, keys: Sequence[str], reserved: frozenset[str]
) -> Repository:
    """Return the task's repository, or a free name for it.

    One read for each name that is absent, two for one that is there. `keys`: the keys that the task's repository may
    have, the current one first. A name that is made from a former key is looked up, but no new repository gets it.
    `reserved`: repositories that are never written to, as `owner/name` in lower case. Raises GitHubFailed if both names
    are taken by others.
    """
    free: Repository | None = None
    is_empty = False
    fresh = repository_names(task, keys[0])
    for name in repository_names(task, *keys):
        if _is_special_name(owner, name) or f"{owner}/{name}".lower() in reserved:
            continue
        found = await fetch_repository(client, owner, name)
        if found.task in keys:
            return found
        if not found.exists and free is None and name in fresh:
            free = found
        is_empty = is_empty or (found.exists and not found.commits)
    if free is None:
        raise _names_taken_error(is_empty=is_empty)
    return free


def _is_special_name(owner: str, name: str) -> bool:
    """Whether a name has a special meaning on GitHub: the owner's defaults, site or profile."""
    return name.lower() in (".github", f"{owner}.github.io".lower(), owner.lower())


def _names_taken_error(*, is_empty: bool) -> GitHubFailed:
    said = "Both repository names for this task are taken by repositories that do not belong to it."
    # Somebody has made an empty one for something: that nothing lies in it yet gives it to nobody.
    if is_empty:
        said = f"{said} One of them is empty, and its description does not name this task."
    return GitHubFailed(said, "Rename or delete one of them, or send the task under another name.")


async def fetch_repository(client: Client, owner: str, name: str) -> Repository:
    """Return the repository as it is now: one read where it is absent, two otherwise."""

    def fetch_commits(github: Github) -> tuple[tuple[str, str], ...]:
        listed = github.get_repo(f"{owner}/{name}").get_commits()
        return tuple((commit.sha, commit.commit.message) for commit in listed)

    try:
        history = await client.read(fetch_commits)
    except GitHubRefused as error:
        # 409 is the one sign of an empty repository: its `size` lags behind.
        if error.status == 404:
            return Repository(owner, name, exists=False)
        if error.status == 409:
            return await _fetch_empty_repository(client, owner, name)
        raise
    stamp = await _fetch_record(client, f"{owner}/{name}", history[0][0])
    return Repository(owner, name, exists=True, commits=history, record=read_record(stamp), stamp=stamp or b"")


async def _fetch_empty_repository(client: Client, owner: str, name: str) -> Repository:
    """Return a repository without a commit. Only its description says which task it belongs to."""
    try:
        described = await client.read(lambda github: github.get_repo(f"{owner}/{name}").description)
    except GitHubRefused as error:
        if error.status == 404:  # gone meanwhile, or too new for every server to know it
            return Repository(owner, name, exists=False)
        raise
    return Repository(owner, name, exists=True, described=parse_task_key(described or ""))


async def has_path(client: Client, full_name: str, path: str) -> bool:
    """Whether something lies at `path` of the default branch: one read. Also False if there is no repository."""

    def look_up_path(github: Github) -> bool:
        github.get_repo(full_name).get_contents(path)
        return True

    try:
        return await client.read(look_up_path)
    except GitHubRefused as error:
        if error.status in (404, 409):
            return False
        raise


async def _fetch_record(client: Client, full_name: str, ref: str) -> bytes | None:
    def fetch_content(github: Github) -> bytes | None:
        repo = github.get_repo(full_name)
        found = repo.get_contents(RECORD, ref=ref)
        if isinstance(found, list) or found.type != "file":
            return None
        if found.encoding == "base64":
            return found.decoded_content
        # Beyond 1 MB the content is left out: https://docs.github.com/rest/repos/contents#get-repository-content
        return base64.b64decode(repo.get_git_blob(found.sha).content)

    try:
        return await client.read(fetch_content)
    except GitHubRefused as error:
        if error.status == 404:
            return None
        raise


async def create_public_repository(client: Client, owner: str, name: str, description: str = "") -> None:
    """Create a repository, public and empty, described from the first moment on.

    Raises GitHubRefused with 422 where the name exists.
    """

    def fetch_login(github: Github) -> str:
        return github.get_user().login

    try:
        is_own = (await client.read(fetch_login)).lower() == owner.lower()
    except GitHubRefused as error:
        if error.status != 403:
            raise
        is_own = False  # an App's token is nobody's account: it may create in an organization only
    path = "/user/repos" if is_own else f"/orgs/{owner}/repos"
    body = {"name": name, "description": description, "has_wiki": False, "has_projects": False, "auto_init": False}
    await client.write(lambda github: github.requester.requestJsonAndCheck("POST", path, input=body))


async def keep_homepage(client: Client, full_name: str, url: str) -> None:
    """Have the repository name `url` as its homepage: one read, and one write where it names something else.

    https://docs.github.com/rest/repos/repos#update-a-repository
    """
    if await client.read(lambda github: github.get_repo(full_name).raw_data.get("homepage")) == url:
        return
    path = f"/repos/{full_name}"
    # The same value again is no other one.
    await client.read(lambda github: github.requester.requestJsonAndCheck("PATCH", path, input={"homepage": url}))


async def claim_repository(client: Client, repository: Repository, key: str) -> str:
    """Write the record to an empty repository, which claims it for the task, and return the head.

    `PUT contents` is the one write that works on an empty repository; its branch becomes the default one:
    https://docs.github.com/rest/guides/using-the-rest-api-to-interact-with-your-git-database
    """
    content = Record(task=key).render_file()

    def put_record(github: Github) -> str:
        lazily = github.get_repo(repository.full_name)
        made = lazily.create_file(RECORD, "Reserve the repository for its task", content, branch=BRANCH)
        return str(made["commit"].sha)

    return await client.write(put_record)


async def fetch_blob_ids(client: Client, repository: Repository) -> dict[str, str]:
    """Return path -> blob id of the regular files at the head: one read."""

    def fetch_tree(github: Github) -> dict[str, str]:
        head = repository.head or BRANCH
        found = github.get_repo(repository.full_name).get_git_tree(head, recursive=True)
        if found.raw_data.get("truncated"):
            raise GitHubFailed("The repository has more files than GitHub lists.", "Send the task under another name.")
        return {entry.path: entry.sha for entry in found.tree if entry.mode in ("100644", "100755")}

    return await client.read(fetch_tree)


@dataclass(frozen=True)
class Change:
    """What one commit does: files to write, paths to delete, and its message as subject and body."""

    additions: Mapping[str, bytes]
    deletions: Sequence[str]
    message: tuple[str, str]


async def commit(client: Client, repository: Repository, change: Change) -> str:
    """Commit `change` on exactly the head that `repository` knows, and return the SHA: one write.

    GraphQL `createCommitOnBranch`: binary files, deletions, an optimistic lock, a signature.
    https://docs.github.com/graphql/reference/mutations#createcommitonbranch
    Raises GitHubRefused if the head has moved, Unsure if the answer is missing.
    """
    additions = [
        {"path": path, "contents": base64.b64encode(data).decode()} for path, data in sorted(change.additions.items())
    ]
    wanted: dict[str, Any] = {
        "branch": {"repositoryNameWithOwner": repository.full_name, "branchName": BRANCH},
        "message": {"headline": change.message[0], "body": change.message[1]},
        "expectedHeadOid": repository.head,
        "fileChanges": {"additions": additions, "deletions": [{"path": path} for path in sorted(change.deletions)]},
    }

    def mutate(github: Github) -> str:
        _, data = github.requester.graphql_named_mutation("createCommitOnBranch", wanted, "commit { oid }")
        return str(data["commit"]["oid"])

    return await client.write(mutate)


async def download_site(client: Client, repository: Repository) -> Site:
    """Return the files at the head, without the record and without links: one read."""
    files = await download_files(client, repository.full_name, repository.head or BRANCH)
    return Site({path: data for path, data in files.items() if path != RECORD})


async def download_files(client: Client, full_name: str, ref: str) -> dict[str, bytes]:
    """Return path -> bytes of the regular files at `ref`, as one tarball: one read."""

    def fetch_tarball(github: Github) -> bytes:
        link = github.get_repo(full_name).get_archive_link("tarball", ref)
        packed = bytearray()
        with requests.get(link, stream=True, timeout=ARCHIVE_S) as response:
            response.raise_for_status()
            for chunk in response.iter_content(64 * 1024):
                packed += chunk
                if len(packed) > 2 * MAX_BYTES:
                    raise _too_large_error()
        return bytes(packed)

    return _unpack_archive(await client.read(fetch_tarball))


def _too_large_error() -> GitHubFailed:
    return GitHubFailed(
        "The files of the repository are too large.", "Remove files that are not needed from the repository."
    )


def _unpack_archive(packed: bytes) -> dict[str, bytes]:
    try:
        with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as archive:
            return _regular_files(archive)
    except (tarfile.TarError, OSError, EOFError, zlib.error):
        raise GitHubFailed("GitHub sent an archive that could not be read.", "Re-run the job.") from None


def _regular_files(archive: tarfile.TarFile) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    left = 2 * MAX_BYTES
    for member in archive:
        # The first part is GitHub's own folder, `owner-name-sha/`.
        path = member.name.partition("/")[2]
        if not member.isreg() or not path:
            continue
        left -= member.size
        if left < 0 or len(files) >= 2 * MAX_FILES:
            raise _too_large_error()
        extracted = archive.extractfile(member)
        files[path] = b"" if extracted is None else extracted.read()
    return files
