"""Judges one round from outside: the repository, its licence, the page, and the checks on the live page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlsplit

from orchestrator.core.address import NotPublic
from orchestrator.core.deadline import Clock
from orchestrator.core.errors import GitHubFailed
from orchestrator.core.report import CheckResult, Report, State
from orchestrator.core.settings import EvaluatorSettings
from orchestrator.core.site import LICENCE
from orchestrator.core.task import Task, decode_data_uri
from orchestrator.evaluator.inbox import Result
from orchestrator.evaluator.live import COMPARING_S, compare_files, open_live_page
from orchestrator.evaluator.owners import BELONGS, is_same_address, matches_request, normalize_repository_url
from orchestrator.evaluator.reach import Reach, resolving
from orchestrator.evaluator.reading import CommitFiles, fetch_commit
from orchestrator.evaluator.records import Mark, Verdict, make_one_line
from orchestrator.github.client import GitHubRefused, Unsure
from orchestrator.github.refusals import Reason
from orchestrator.targets.stamp import public_files
from orchestrator.verify.browser import open_cage
from orchestrator.verify.checks import Asked, Kind, Shown, make_verdict
from orchestrator.verify.files import CheckedFiles, decide_check, is_about_files
from orchestrator.verify.hearing import Target
from orchestrator.verify.inspection import inspect_page
from orchestrator.verify.limits import TimeLimits

SKEW_S = 60
"""How many seconds two clocks may differ."""

NO_PAGE = "there is no page to open"
LONGEST_SEEN = 300


@dataclass(frozen=True)
class Claim:
    """What an endpoint says it did.

    - `since`: when the first round of the task was sent, in Unix seconds
    - `attachments`: those of all rounds so far
    - `earlier`: the repository that an earlier round of the task named, if any
    """

    task: Task
    result: Result
    since: float
    attachments: Mapping[str, bytes]
    reach: Reach
    earlier: str = ""


async def judge_claim(
    claim: Claim, settings: EvaluatorSettings, clock: Clock, comparing: float = COMPARING_S
) -> Verdict:
    """Look at everything that a result names. `comparing`: seconds for all that is read of the page.

    Raises UsageError if there is no browser to do it with, GitHubFailed where GitHub itself is what fails.
    """
    try:
        commit: CommitFiles | None = await fetch_commit(claim.result, settings, claim.reach, clock)
        problem = ""
    except GitHubFailed as error:
        if _is_of_github(error):
            raise
        commit, problem = None, make_one_line(error.cause, LONGEST_SEEN)
    belongs = _judge_ownership(claim, commit, problem)
    files = commit.files if commit else {}
    page = commit.address if commit and belongs[0] != "failed" else ""
    shown, report = await _inspect_page(page, commit, claim, (settings, clock, comparing))
    repository = CheckedFiles(files, claim.attachments)
    return Verdict(
        marks=(
            _make_mark(
                "repository",
                "The repository was created after the request",
                _judge_creation_time(claim, commit, problem),
            ),
            Mark("owner", BELONGS, *belongs),
            _make_mark("licence", "MIT licence at the commit", _judge_licence(repository)),
            _make_mark("page", "The page serves the commit", shown),
            *(_mark_check(check, repository) for check in report.checks),
        ),
        findings=report.findings,
        screenshots=report.screenshots,
    )


def decode_attachments(tasks: Sequence[Task]) -> dict[str, bytes]:
    """Return name -> bytes of what several rounds sent along; what lies elsewhere is left out."""
    sent = [attachment for task in tasks for attachment in task.attachments]
    return {attachment.name: decode_data_uri(attachment.url) for attachment in sent if not attachment.is_remote}


def _make_mark(kind: Literal["repository", "licence", "page"], text: str, shown: Shown) -> Mark:
    return Mark(kind, text, "passed" if shown[0] else "failed", make_one_line(shown[1], LONGEST_SEEN))


def _mark_check(check: CheckResult, repository: CheckedFiles) -> Mark:
    if check.kind != "file":
        return Mark(check.kind, check.text, check.state, check.seen)
    found = decide_check(check.text, repository)
    seen = make_one_line(found.seen, LONGEST_SEEN)  # it may name files, and git takes names that are no text
    if found.holds is None:
        return Mark("prose", check.text, "unproved", seen)
    return Mark("file", check.text, "passed" if found.holds else "failed", seen)


def _judge_licence(repository: CheckedFiles) -> Shown:
    found = decide_check(f"{LICENCE} is MIT", repository)
    return bool(found.holds), found.seen


def _judge_creation_time(claim: Claim, commit: CommitFiles | None, problem: str) -> Shown:
    if commit is None:
        return False, problem
    asked = datetime.fromtimestamp(claim.since, UTC)
    seen = f"created {commit.made:%Y-%m-%d %H:%M:%S}, requested {asked:%Y-%m-%d %H:%M:%S} UTC"
    return commit.made.timestamp() >= claim.since - SKEW_S, seen


def _judge_ownership(claim: Claim, commit: CommitFiles | None, problem: str) -> tuple[State, str]:
    """Return whether repository, commit and page belong together and to the endpoint, as far as it alone tells.

    `unproved`: nobody knows before the others have answered.
    """
    told, page = str(claim.result.get("repo_url")), str(claim.result.get("pages_url"))
    if commit is None:
        return "failed", problem
    if claim.earlier and normalize_repository_url(told) != normalize_repository_url(claim.earlier):
        return "failed", f"an earlier round of the task is in {make_one_line(claim.earlier, LONGEST_SEEN)}"
    if not commit.address:
        return "failed", "the repository has no page"
    if not is_same_address(page, commit.address):
        return "failed", f"pages_url is not the repository's page, {make_one_line(commit.address, LONGEST_SEEN)}"
    if matches_request(claim.task, commit.files):
        return "passed", "the commit names the request"
    # A homepage that a repository names is anyone's page: then nothing else shows whose it is.
    return "failed" if commit.is_elsewhere else "unproved", "nothing in the commit names the request"


def _is_of_github(error: GitHubFailed) -> bool:
    """Whether a failure says nothing about the result, because GitHub does not answer, or not to this evaluator."""
    if isinstance(error, GitHubRefused):
        return error.status == 401 or error.reason is Reason.LIMITED
    return isinstance(error, Unsure)


async def _inspect_page(
    page: str, commit: CommitFiles | None, claim: Claim, means: tuple[EvaluatorSettings, Clock, float]
) -> tuple[Shown, Report]:
    """Return whether the page serves the commit, and what a browser saw of exactly the bytes that were compared."""
    settings, clock, seconds = means
    asked = [(claim.task.round, check) for check in claim.task.checks]
    if commit is None or not page:
        return (False, NO_PAGE), _unseen_report(asked)
    is_private = claim.reach.allow_private and not commit.is_own_domain
    host = urlsplit(page).hostname or ""
    # A page may load only public things from elsewhere, even if the operator allows more. Where the owner's own server
    # answers, nothing of it comes past what was compared.
    with resolving(claim.reach) as names, resolving(Reach(), host if commit.is_own_domain else "") as outside:
        try:
            to = await names.resolve_url(page)
        except NotPublic:
            return (False, "the page has no address that may be opened"), _unseen_report(asked)
        async with open_live_page(page, to) as live:
            files = public_files(commit.files) if commit.is_elsewhere else commit.files
            shown = await compare_files(live, files, commit.later, clock, seconds)
            async with open_cage(
                settings.browser, page if is_private else None, resolve=outside.resolve_addresses
            ) as cage:
                target = Target(page, cdn_mirror=settings.cdn_mirror, answer=live.answer_route)
                return shown, await inspect_page(cage, target, asked, TimeLimits())


def _unseen_report(asked: Asked) -> Report:
    kinds: list[Kind] = ["js" if check.js else "file" if is_about_files(check.text) else "prose" for _, check in asked]
    unseen = [make_verdict(entry, kind, (False, NO_PAGE)) for entry, kind in zip(asked, kinds, strict=True)]
    return Report(tuple(unseen), ())
