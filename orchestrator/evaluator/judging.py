"""What came of one round, seen from outside: the repository, its licence, the page, and the checks on the live page."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote

import httpx

from orchestrator.address import Destination, NotPublic, Unresolved, destination
from orchestrator.deadline import Clock, Deadline
from orchestrator.errors import GitHubFailed
from orchestrator.evaluator.inbox import Result
from orchestrator.evaluator.records import Mark, Verdict
from orchestrator.github.client import Client
from orchestrator.github.repository import archive, created_at
from orchestrator.handover import CheckResult
from orchestrator.record import is_same_answer
from orchestrator.retry import LOOK, STALE, Tries
from orchestrator.settings import EvaluatorSettings
from orchestrator.site import LICENCE, RECORD
from orchestrator.task import Task, decode_data_uri, web_url
from orchestrator.verify.browser import opened
from orchestrator.verify.checks import Kind, Shown, result
from orchestrator.verify.files import Repository, decided, is_about_files
from orchestrator.verify.hearing import Target
from orchestrator.verify.inspection import inspect
from orchestrator.verify.report import Limits, Report

READING_S = 180
SKEW_S = 60
"""What two clocks may differ by."""

COUNTER_BYTES = 100
"""More than what the counter of commits adds to a record."""

NO_PAGE = "there is no page to look at"
_PROCESSED = re.compile(r"(^|/)_|\.(md|markdown)$", re.IGNORECASE)
"""What Jekyll keeps to itself or turns into something else, where no `.nojekyll` keeps it away:
https://docs.github.com/pages/setting-up-a-github-pages-site-with-jekyll"""


@dataclass(frozen=True)
class Claim:
    """What an endpoint says it did. `since`: Unix seconds, when the first round of the task was asked.

    `attachments`: of all rounds so far. `is_private`: the endpoint lies at an address that is not public; so may the
    rest.
    """

    task: Task
    result: Result
    since: float
    attachments: Mapping[str, bytes]
    is_private: bool


async def judge(claim: Claim, settings: EvaluatorSettings, clock: Clock) -> Verdict:
    """Look at everything that a result names. Raises UsageError where there is no browser to do it with."""
    found = await _repository(claim, settings, clock)
    page = await _page(claim)
    report = await _opened(claim, settings, page)
    repository = Repository(found.files, claim.attachments)
    return Verdict(
        marks=(
            _mark("repository", "The repository was made after the request", found.made),
            _mark("licence", "MIT licence at the commit", _licensed(repository)),
            _mark("page", "The page is the commit", await _is_the_commit(page, found.files, clock)),
            *(_checked(check, repository) for check in report.checks),
        ),
        findings=report.findings,
        screenshots=report.screenshots,
    )


def attached(tasks: Sequence[Task]) -> dict[str, bytes]:
    """Return name -> bytes of what several rounds sent along; what lies elsewhere is left out."""
    sent = [attachment for task in tasks for attachment in task.attachments]
    return {attachment.name: decode_data_uri(attachment.url) for attachment in sent if not attachment.is_remote}


async def is_private(url: str) -> bool:
    """Whether a host that resolves has an address that is not public."""
    try:
        await destination(url, allow_private=False)
    except Unresolved:
        return False
    except NotPublic:
        return True
    return False


def _mark(kind: Literal["repository", "licence", "page"], text: str, shown: Shown) -> Mark:
    return Mark(kind, text, "passed" if shown[0] else "failed", shown[1])


def _checked(check: CheckResult, repository: Repository) -> Mark:
    if check.kind != "file":
        return Mark(check.kind, check.text, check.state, check.seen)
    found = decided(check.text, repository)
    if found.holds is None:
        return Mark("prose", check.text, "unproved", found.seen)
    return Mark("file", check.text, "passed" if found.holds else "failed", found.seen)


def _licensed(repository: Repository) -> Shown:
    found = decided(f"{LICENCE} is MIT", repository)
    return bool(found.holds), found.seen


@dataclass(frozen=True)
class _Found:
    """What lies at the commit, and whether the repository is new enough."""

    made: Shown
    files: Mapping[str, bytes] = field(default_factory=dict)


async def _repository(claim: Claim, settings: EvaluatorSettings, clock: Clock) -> _Found:
    url, sha = str(claim.result.get("repo_url")), str(claim.result.get("commit_sha"))
    server, api, token = settings.server_url, settings.api_url, settings.token
    if claim.is_private and not settings.names_a_server:
        # On one machine the repository's own host is its GitHub, and no token of github.com is for it.
        server, api, token = *["/".join(url.split("/")[:3])] * 2, ""
    named = re.fullmatch(rf"{re.escape(server)}/([\w.-]+/[\w.-]+?)(?:\.git)?/?", url)
    if named is None:
        return _Found((False, f"repo_url is not a repository at {server}"))
    if not re.fullmatch(r"[0-9a-f]{40}", sha):
        return _Found((False, "commit_sha is not a commit"))
    client = Client(api, token, Deadline(clock.now() + READING_S, clock))
    try:
        made = await created_at(client, named[1])
        files = await archive(client, named[1], sha)
    except GitHubFailed as error:
        return _Found((False, error.cause))
    asked = datetime.fromtimestamp(claim.since, UTC)
    seen = f"made {made:%Y-%m-%d %H:%M:%S}, asked for {asked:%Y-%m-%d %H:%M:%S} UTC"
    return _Found((made.timestamp() >= claim.since - SKEW_S, seen), files)


@dataclass(frozen=True)
class _Page:
    """A page at an address that may be looked at. `url` ends in a slash."""

    url: str
    to: Destination


async def _page(claim: Claim) -> _Page | None:
    try:
        url = web_url(f"{str(claim.result.get('pages_url')).rstrip('/')}/")
        return _Page(url, await destination(url, allow_private=claim.is_private))
    except ValueError:
        return None


async def _opened(claim: Claim, settings: EvaluatorSettings, page: _Page | None) -> Report:
    asked = [(claim.task.round, check) for check in claim.task.checks]
    if page is None:
        kinds: list[Kind] = [
            "js" if check.js else "file" if is_about_files(check.text) else "prose" for _, check in asked
        ]
        unseen = [result(entry, kind, (False, NO_PAGE)) for entry, kind in zip(asked, kinds, strict=True)]
        return Report(tuple(unseen), ())
    async with opened(settings.browser, page.url if claim.is_private else None) as cage:
        return await inspect(cage, Target(page.url, cdn_mirror=settings.cdn_mirror), asked, Limits())


async def _is_the_commit(page: _Page | None, files: Mapping[str, bytes], clock: Clock) -> Shown:
    """Compare every file; what differs is looked at again, for a cache may still hold the old one."""
    if page is None:
        return False, "pages_url is not the address of a page that can be reached"
    if "index.html" not in files:
        return False, "there is no index.html at the commit"
    is_plain = ".nojekyll" in files
    paths = ["", *sorted(path for path in files if not path.startswith(".") and "/." not in path)]
    paths = [path for path in paths if is_plain or not _PROCESSED.search(path)]
    headers = {"host": page.to.host, "accept-encoding": "identity", "user-agent": "pagewright"}
    async with httpx.AsyncClient(timeout=15, trust_env=False, headers=headers) as http:
        for path in paths:
            expected, tries = files[path or "index.html"], Tries(LOOK, clock.now)
            while problem := await _differs(http, page.to, path, expected):
                if (wait := tries.wait(STALE)) is None:
                    return False, f"{path or '/'}: {problem}"
                await clock.sleep(wait)
    return True, f"{len(paths) - 1} files, the same bytes"


async def _differs(http: httpx.AsyncClient, to: Destination, path: str, expected: bytes) -> str:
    """Return what is wrong with what is served at `path`, nothing where it is what is expected.

    The record may be that of a later commit, which changes its counter alone: GitHub Pages may lose a commit.
    """
    body = bytearray()
    try:
        async with http.stream("GET", to.url + quote(path), extensions={"sni_hostname": to.sni}) as response:
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > len(expected) + COUNTER_BYTES:
                    break
    except httpx.HTTPError:
        return "no answer"
    if response.status_code != 200:
        return f"answered {response.status_code}"
    is_same = body == expected or (path == RECORD and is_same_answer(bytes(body), expected))
    return "" if is_same else "not the bytes of the commit"
