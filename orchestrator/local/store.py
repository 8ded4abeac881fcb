"""Repositories as GitHub keeps them: bare git repositories that can be cloned, and one JSON file beside each."""

import re
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from orchestrator.local.files import write_atomically
from orchestrator.local.git import GitError, data_command, quote_path, run_git

_SHA = re.compile(r"[0-9a-f]{40}")
_BRANCH = re.compile(r"(?!.*(?:\.\.|//|/\.|\.lock(?:/|$)))[A-Za-z0-9_](?:[\w./-]*[A-Za-z0-9_-])?", re.ASCII)
_FIELDS = ("H", "T", "P", "an", "ae", "aI", "cn", "ce", "cI", "B")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRepository:
    """What is known of a repository beside its git objects."""

    id: int
    owner: str
    name: str
    created_at: datetime
    pushed_at: datetime
    default_branch: str = "main"
    description: str | None = None
    homepage: str | None = None
    private: bool = False

    @property
    def full_name(self) -> str:
        """Return "owner/name"."""
        return f"{self.owner}/{self.name}"


@dataclass(frozen=True, slots=True)
class Person:
    """Who wrote or committed."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit; the dates are ISO 8601 as git prints them."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Person
    authored_at: datetime
    committer: Person
    committed_at: datetime
    message: str


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One entry of a tree; `path` is relative to that tree, `size` in bytes (None for a directory)."""

    path: str
    mode: str
    type: Literal["blob", "tree", "commit"]
    sha: str
    size: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchChange:
    """What one commit does to a branch. `expected_head` None: the branch must not exist yet."""

    branch: str
    message: str
    expected_head: str | None
    author: Person
    committer: Person
    additions: Mapping[str, bytes] = field(default_factory=dict)
    deletions: Sequence[str] = ()


SEEDER = Person("Pagewright", "pagewright@users.noreply.github.com")
_REPOSITORY: TypeAdapter[StoredRepository] = TypeAdapter(StoredRepository)


class AlreadyThere(Exception):
    """The owner has a repository of that name, in upper or lower case."""


class HeadMoved(Exception):
    """The branch does not point where the change expects it to."""


class NothingToDelete(Exception):
    """A path was to be deleted that is no file of the branch."""


class Store:
    """All repositories, under `root`. Synchronous and safe to call from several threads."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._locks: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)
        saved = (_REPOSITORY.validate_json(path.read_bytes()) for path in root.glob("*/*.json"))
        self._repositories = {repository.full_name.lower(): repository for repository in saved}

    def create_repository(
        self, owner: str, name: str, *, description: str | None, private: bool = False
    ) -> StoredRepository:
        """Make an empty repository. Raises AlreadyThere."""
        moment = datetime.now(UTC)
        with self._lock:
            if self.find_repository(owner, name):
                raise AlreadyThere(name)
            repository = StoredRepository(
                id=1 + max((r.id for r in self._repositories.values()), default=0),
                owner=owner,
                name=name,
                description=description,
                private=private,
                created_at=moment,
                pushed_at=moment,
            )
            directory = self.directory(repository)
            run_git(directory, "init", "--bare", "--quiet", "--initial-branch=main", "--template=", str(directory))
            self._save(repository)
        return repository

    def describe_repository(
        self, repository: StoredRepository, description: str | None, homepage: str | None
    ) -> StoredRepository:
        """Change what a repository says of itself."""
        with self._lock:
            known = self._repositories[repository.full_name.lower()]
            changed = replace(known, description=description, homepage=homepage)
            self._save(changed)
            return changed

    def seed(self, owner: str, name: str, files: Mapping[str, bytes], message: str) -> Commit:
        """Make the repository where it is missing, and one commit whose tree is exactly `files`."""
        repository = self.find_repository(owner, name) or self.create_repository(owner, name, description=None)
        with self.lock_repository(repository):
            head = self.resolve_head(repository)
            present = self.list_tree(repository, head) if head else ()
            gone = [entry.path for entry in present if entry.type != "tree" and entry.path not in files]
            return self.commit(
                repository,
                BranchChange(
                    branch=repository.default_branch,
                    message=message,
                    expected_head=head,
                    author=SEEDER,
                    committer=SEEDER,
                    additions=files,
                    deletions=gone,
                ),
            )

    def find_repository(self, owner: str, name: str) -> StoredRepository | None:
        """Return the repository, found in any case of letters, as the API does."""
        return self._repositories.get(f"{owner}/{name}".lower())

    def list_repositories(self, owner: str) -> tuple[StoredRepository, ...]:
        """Return the repositories of `owner`."""
        return tuple(r for r in self._repositories.values() if r.owner.lower() == owner.lower())

    def directory(self, repository: StoredRepository) -> Path:
        """Return the bare repository: what `git clone` takes."""
        return self._root / repository.owner / f"{repository.name}.git"

    @contextmanager
    def lock_repository(self, repository: StoredRepository) -> Iterator[None]:
        """Hold everyone else's writes to `repository` off."""
        with self._lock:
            lock = self._locks[repository.full_name]
        with lock:
            yield

    def resolve_head(self, repository: StoredRepository, branch: str | None = None) -> str | None:
        """Return the commit that `branch` (the default one) points to; None if there is no such branch."""
        return self.resolve_object(repository, f"refs/heads/{branch or repository.default_branch}")

    def list_branches(self, repository: StoredRepository) -> tuple[str, ...]:
        """Return the names of the branches."""
        listed = run_git(self.directory(repository), "for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads")
        return tuple(listed.decode().split())

    def resolve_object(self, repository: StoredRepository, name: str, kind: str = "commit") -> str | None:
        """Return the id of the object of `kind` (commit, tree, blob) that a full ref or an id names, or None."""
        # What git would make of other spellings (`main~3`, `:/text`) is no business of a caller.
        if not (_SHA.fullmatch(name) or (name.startswith("refs/heads/") and is_branch_name(name[11:]))):
            return None
        try:
            return (
                run_git(self.directory(repository), "rev-parse", "--verify", "--quiet", f"{name}^{{{kind}}}")
                .decode()
                .strip()
            )
        except GitError:
            return None

    def list_commits(
        self, repository: StoredRepository, start: str, *, skip: int = 0, limit: int = 1
    ) -> tuple[Commit, ...]:
        """Return `limit` commits from `start` (an id) on backwards, after `skip` of them."""
        form = "--format=" + "%x00".join(f"%{name}" for name in _FIELDS)
        printed = run_git(
            self.directory(repository), "log", "-z", form, f"--skip={skip}", f"--max-count={limit}", start
        )
        values = printed.decode(errors="replace").split("\0")
        width = len(_FIELDS)
        return tuple(_parse_commit(values[at : at + width]) for at in range(0, len(values) - width + 1, width))

    def count_commits(self, repository: StoredRepository, start: str) -> int:
        """Return how many commits there are from `start` on backwards."""
        return int(run_git(self.directory(repository), "rev-list", "--count", start))

    def list_tree(self, repository: StoredRepository, sha: str, *, recursive: bool = True) -> tuple[TreeEntry, ...]:
        """Return the entries of the tree of `sha` (a tree or a commit), directories included."""
        depth = ("-r", "-t") if recursive else ()
        listed = run_git(self.directory(repository), "ls-tree", *depth, "-z", "-l", sha).decode(errors="replace")
        return tuple(_parse_entry(line) for line in listed.split("\0") if line)

    def find_entry(self, repository: StoredRepository, sha: str, path: str) -> TreeEntry | None:
        """Return what lies at `path` of the tree of `sha`, or None."""
        # Literal pathspecs: a file may be called `*.html`.
        found = run_git(self.directory(repository), "--literal-pathspecs", "ls-tree", "-z", "-l", sha, "--", path)
        return _parse_entry(found.decode(errors="replace").rstrip("\0")) if found else None

    def load_blob(self, repository: StoredRepository, sha: str) -> bytes:
        """Return a blob's bytes."""
        return run_git(self.directory(repository), "cat-file", "blob", sha)

    def add_blob(self, repository: StoredRepository, content: bytes) -> str:
        """Write a blob that no tree names yet; return its id."""
        return run_git(self.directory(repository), "hash-object", "-w", "--stdin", stdin=content).decode().strip()

    def create_archive(self, repository: StoredRepository, sha: str) -> bytes:
        """Return the commit's tree as tar.gz, in a folder named as GitHub names it."""
        prefix = f"{repository.owner}-{repository.name}-{sha[:7]}/"
        return run_git(self.directory(repository), "archive", "--format=tar.gz", f"--prefix={prefix}", sha)

    def commit(self, repository: StoredRepository, change: BranchChange) -> Commit:
        """Make one commit on the branch's expected head. Raises HeadMoved, NothingToDelete."""
        with self.lock_repository(repository):
            head = self.resolve_head(repository, change.branch)
            if head != change.expected_head:
                raise HeadMoved(change.expected_head)
            self._check_deletions(repository, change)
            run_git(self.directory(repository), "fast-import", "--quiet", "--done", stdin=_render_import(change))
            made = self.list_commits(repository, self.resolve_head(repository, change.branch) or "")[0]
            self._record_push(repository, change.branch, first=head is None)
        return made

    @contextmanager
    def track_push(self, repository: StoredRepository) -> Iterator[None]:
        """Let git itself write to `repository` while the block runs, and note what came of it."""
        with self.lock_repository(repository):
            is_first = not self.list_branches(repository)
            yield
            branches = self.list_branches(repository)
            self._record_push(repository, *branches[:1] or ("main",), first=is_first and bool(branches))

    def _check_deletions(self, repository: StoredRepository, change: BranchChange) -> None:
        if not change.deletions:
            return
        entries = self.list_tree(repository, change.expected_head) if change.expected_head else ()
        missing = set(change.deletions) - {entry.path for entry in entries if entry.type != "tree"}
        if missing:
            raise NothingToDelete(min(missing))

    def _record_push(self, repository: StoredRepository, branch: str, *, first: bool) -> None:
        """Note the push. The first branch of an empty repository becomes the default one."""
        repository = replace(self._repositories[repository.full_name.lower()], pushed_at=datetime.now(UTC))
        if first and not self.resolve_head(repository):
            repository = replace(repository, default_branch=branch)
            run_git(self.directory(repository), "symbolic-ref", "HEAD", f"refs/heads/{branch}")
        self._save(repository)

    def _save(self, repository: StoredRepository) -> None:
        path = self._root / repository.owner / f"{repository.name}.json"
        write_atomically(path, _REPOSITORY.dump_json(repository))
        self._repositories[repository.full_name.lower()] = repository


def is_branch_name(name: str) -> bool:
    """Say whether a branch may have this name (git's rule, without its odder characters)."""
    return bool(_BRANCH.fullmatch(name))


def _render_import(change: BranchChange) -> bytes:
    """Return the stream that makes git fast-import write this one commit."""
    moment = f"{int(datetime.now(UTC).timestamp())} +0000"
    lines = [f"commit refs/heads/{change.branch}\n".encode()]
    for role, person in (("author", change.author), ("committer", change.committer)):
        lines.append(f"{role} {person.name} <{person.email}> {moment}\n".encode())
    lines.append(data_command(change.message.encode()))
    if change.expected_head:
        lines.append(f"from {change.expected_head}\n".encode())
    lines.extend(b"D %b\n" % quote_path(path) for path in change.deletions)
    lines.extend(
        b"M 100644 inline %b\n%b" % (quote_path(path), data_command(blob)) for path, blob in change.additions.items()
    )
    return b"".join((*lines, b"\ndone\n"))


def _parse_commit(values: Sequence[str]) -> Commit:
    sha, tree, parents, author, author_email, authored, committer, committer_email, committed, message = values
    return Commit(
        sha=sha,
        tree=tree,
        parents=tuple(parents.split()),
        author=Person(author, author_email),
        authored_at=datetime.fromisoformat(authored),
        committer=Person(committer, committer_email),
        committed_at=datetime.fromisoformat(committed),
        message=message.rstrip("\n"),
    )


def _parse_entry(line: str) -> TreeEntry:
    about, path = line.split("\t", 1)
    mode, kind, sha, size = about.split()
    return TreeEntry(path, mode, _TYPES[kind], sha, None if size == "-" else int(size))


_TYPES: Mapping[str, Literal["blob", "tree", "commit"]] = {"blob": "blob", "tree": "tree", "commit": "commit"}
