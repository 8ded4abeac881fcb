"""Who owns a repository and a page: one endpoint and task has one repository, which has its own address. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from orchestrator.core.record import read_record
from orchestrator.core.site import RECORD
from orchestrator.core.task import Task
from orchestrator.evaluator.records import LedgerEntry, Mark

BELONGS = "Repository and page belong together and to this endpoint"
LISTED = 3


def normalize_repository_url(url: str) -> str:
    """Return what two URLs of one repository have in common: GitHub's names have no case, and `.git` may follow."""
    return url.strip().rstrip("/").removesuffix(".git").lower()


def default_pages_url(full_name: str) -> str:
    """Return where GitHub Pages serves a repository of github.com that has no domain of its own.

    https://docs.github.com/pages/getting-started-with-github-pages/what-is-github-pages#types-of-github-pages-sites
    """
    owner, _, name = full_name.partition("/")
    host = f"{owner.lower()}.github.io"
    return f"https://{host}/" if name.lower() == host else f"https://{host}/{name}/"


def is_same_address(told: str, address: str) -> bool:
    """Whether `told` is the page's `address`: host names have no case, paths have, and a slash at the end may lack."""
    try:
        one, other = urlsplit(told), urlsplit(address)
    except ValueError:
        return False
    is_path = one.path.rstrip("/") == other.path.rstrip("/") and not (one.query or one.fragment)
    return is_path and (one.scheme.lower(), one.netloc.lower()) == (other.scheme.lower(), other.netloc.lower())


def matches_request(task: Task, files: Mapping[str, bytes]) -> bool:
    """Whether the record in a commit names the request. Only the endpoint that got the request knows its nonce."""
    record = read_record(files.get(RECORD))
    return record is not None and record.request == task.id


def settle_owners(entries: Sequence[LedgerEntry]) -> list[LedgerEntry]:
    """Return the rounds of an evaluation with the last word on whose each repository is.

    That waits until all have answered: who names somebody else's repository may be the first to do so. If two name the
    same repository, it belongs to the one whose request the commit answers. If it answers neither, it belongs to
    nobody.
    """
    named: defaultdict[str, list[LedgerEntry]] = defaultdict(list)
    for entry in entries:
        if url := _named_repository(entry):
            named[url].append(entry)
    return [_settle_owner(entry, named[_named_repository(entry)]) for entry in entries]


def _named_repository(entry: LedgerEntry) -> str:
    return normalize_repository_url((entry.result or {}).get("repo_url", ""))


def _settle_owner(entry: LedgerEntry, sharing: Sequence[LedgerEntry]) -> LedgerEntry:
    others = [other for other in sharing if _owner_key(other) != _owner_key(entry)]
    who = ", ".join(list(dict.fromkeys(f"{other.task.email} for {other.task.task}" for other in others))[:LISTED])
    marks = tuple(_decide_mark(mark, who) if mark.kind == "owner" else mark for mark in entry.marks)
    return replace(entry, marks=marks)


def _owner_key(entry: LedgerEntry) -> tuple[str, str, str]:
    return entry.endpoint, entry.task.email, entry.task.task


def _decide_mark(mark: Mark, who: str) -> Mark:
    if mark.state == "failed":
        return mark
    if not who:
        return replace(mark, state="passed")
    seen = f"{mark.seen}; {who} named this repository too"
    return replace(mark, state="passed" if mark.state == "passed" else "failed", seen=seen)
