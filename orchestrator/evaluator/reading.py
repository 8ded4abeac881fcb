"""What GitHub says about a result: the repository, the files at the commit, and where its page is served."""

import asyncio
import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from github import Github

from orchestrator.core.deadline import Clock, Deadline
from orchestrator.core.errors import GitHubFailed
from orchestrator.core.record import read_record
from orchestrator.core.settings import EvaluatorSettings
from orchestrator.core.site import RECORD
from orchestrator.evaluator.owners import default_pages_url, is_same_address
from orchestrator.evaluator.reach import Reach, parse_ip_address
from orchestrator.github.client import Client, GitHubRefused
from orchestrator.github.repository import download_files

READING_S = 180
LONGEST_HISTORY = 300
"""How many commits are searched for the one that was named."""

_GITHUB = "https://github.com"


class NothingToRead(GitHubFailed):
    """A result names nothing that could be read; the text says why."""


@dataclass(frozen=True)
class CommitFiles:
    """The files at one commit of a repository.

    - `files`: path -> bytes
    - `later`: the record's bytes at the head, if a later commit changed only the record, else None. Pagewright makes
      such a commit because GitHub Pages may lose one, and never builds the same one twice
    - `address`: where the repository's page is served, with a slash at the end; empty if it has none
    - `is_own_domain`: the address is a domain of the owner, who decides what is served there
    - `is_elsewhere`: the address is the homepage that the repository names, at another host than GitHub Pages, and the
      record says that the site went there
    """

    full_name: str
    made: datetime
    files: Mapping[str, bytes]
    later: bytes | None
    address: str
    is_own_domain: bool = False
    is_elsewhere: bool = False


@dataclass(frozen=True)
class _Source:
    """The GitHub that is asked."""

    server: str
    api: str
    token: str


async def fetch_commit(
    result: Mapping[str, object], settings: EvaluatorSettings, reach: Reach, clock: Clock
) -> CommitFiles:
    """Read what a result names; raise NothingToRead or GitHubFailed.

    Three calls; one more for a page whose address is not what GitHub's rule gives, one more where the branch went on.
    """
    url, sha, page = (str(result.get(name)) for name in ("repo_url", "commit_sha", "pages_url"))
    source = _choose_source(settings, reach, url)
    named = re.fullmatch(rf"{re.escape(source.server)}/([\w.-]+/[\w.-]+?)(?:\.git)?/?", url, re.ASCII)
    if named is None:
        raise NothingToRead(f"repo_url is not a repository at {source.server}")
    if not re.fullmatch(r"[0-9a-f]{40}", sha):
        raise NothingToRead("commit_sha is not a commit")
    client = Client(source.api, source.token, Deadline(clock.now() + READING_S, clock))
    try:
        async with asyncio.timeout(READING_S):
            return await _fetch_contents(client, named[1], sha, (source, page))
    except TimeoutError:
        raise NothingToRead(f"GitHub did not answer within {READING_S} s") from None


def _choose_source(settings: EvaluatorSettings, reach: Reach, url: str) -> _Source:
    """Return the GitHub to ask: the one that the settings name; else the one on this machine, where the endpoint is.

    No token of github.com is for that one.
    """
    named = parse_ip_address(url)
    if reach.is_here and not settings.names_a_server and named is not None and named.is_loopback:
        origin = "/".join(url.split("/")[:3])
        return _Source(origin, origin, "")
    return _Source(settings.server_url, settings.api_url, settings.token)


async def _fetch_contents(client: Client, name: str, sha: str, told: tuple[_Source, str]) -> CommitFiles:
    source, page = told
    full_name, made, homepage = await client.read(lambda github: _fetch_repository(github, name))
    head = await client.read(lambda github: _find_head_above(github, full_name, sha))
    if head is None:
        raise NothingToRead("commit_sha is not a commit of the repository's default branch")
    files = await download_files(client, full_name, sha)
    later = None
    if head != sha:
        now = await download_files(client, full_name, head)
        later = now.get(RECORD) if {**now, RECORD: b""} == {**files, RECORD: b""} else None
    record = read_record(files.get(RECORD))
    if record is not None and record.target not in (None, "pages") and homepage and is_same_address(page, homepage):
        address = f"{homepage.rstrip('/')}/"
        return CommitFiles(full_name, made, files, later, address, is_own_domain=True, is_elsewhere=True)
    by_rule = default_pages_url(full_name) if source.server == _GITHUB else ""
    if by_rule and is_same_address(page, by_rule):
        return CommitFiles(full_name, made, files, later, by_rule)
    address, is_own_domain = await _fetch_pages_url(client, full_name)
    return CommitFiles(full_name, made, files, later, address or by_rule, is_own_domain)


def _fetch_repository(github: Github, name: str) -> tuple[str, datetime, str]:
    found = github.get_repo(name)
    return found.full_name, found.created_at, found.homepage or ""


def _find_head_above(github: Github, full_name: str, sha: str) -> str | None:
    """Return the head of the default branch, None if `sha` is not reached from it.

    The API gives out commits of forks too: https://docs.github.com/rest/commits/commits#get-a-commit
    """
    head: str | None = None
    for commit in itertools.islice(github.get_repo(full_name).get_commits(), LONGEST_HISTORY):
        head = head or commit.sha
        if commit.sha == sha:
            return head
    return None


async def _fetch_pages_url(client: Client, full_name: str) -> tuple[str, bool]:
    """Return where GitHub says that the page is, and whether that is the owner's domain; empty if nowhere.

    https://docs.github.com/rest/pages/pages#get-a-github-pages-site
    """
    path = f"/repos/{full_name}/pages"
    try:
        _, found = await client.read(lambda github: github.requester.requestJsonAndCheck("GET", path))
    except GitHubRefused as error:
        if error.status in (401, 403, 404):
            return "", False
        raise
    address = str(found.get("html_url") or "").rstrip("/")
    return f"{address}/" if address else "", bool(found.get("cname"))
