"""Turns the output of job `build` into the one commit that answers the request."""

from dataclasses import dataclass, replace

from orchestrator.core.errors import GitHubFailed, NoSite, OutOfTime, RuleBroken
from orchestrator.core.order import Order
from orchestrator.core.paths import path_problem
from orchestrator.core.record import Record, Round, commit_message, description_of, republish_message
from orchestrator.core.report import Build
from orchestrator.core.scaffold import find_unsound_parts, select_served
from orchestrator.core.site import RECORD, Site, add_standard_files, blob_id, broken_rules, unfit_for
from orchestrator.core.task import Task
from orchestrator.github import repository
from orchestrator.github.client import Client, GitHubRefused, Unsure
from orchestrator.github.refusals import Reason
from orchestrator.github.repository import Change, Repository

LONGEST_PAUSE_S = 8.0
TURNS = 6


@dataclass(frozen=True)
class CommitOrder:
    """What to commit, and for whom.

    - `secrets`: values that no published file may hold
    - `was_built`: job `build` ended well; if `build` is missing all the same, its files were lost on the way
    """

    order: Order
    task: Task
    build: Build | None
    site: Site | None
    year: int
    secrets: tuple[str, ...]
    reserved: frozenset[str]
    allow_workflows: bool = False
    was_built: bool = False


@dataclass(frozen=True)
class Committed:
    """The commit `sha` that answers the request.

    - `expected`: what Pages serves once `head` is live, path -> blob id
    - `is_replay`: an earlier run made the head
    """

    repository: Repository
    sha: str
    head: str
    expected: dict[str, str]
    is_new: bool
    is_replay: bool = False


async def ensure_commit(client: Client, owner: str, wanted: CommitOrder) -> Committed:
    """Return the commit that answers the request. If it does not exist yet, make it.

    Every try looks first and continues from what it finds. So if the answer to a write is lost, the write is not
    repeated blindly. Raises PagewrightError.
    """
    is_new = False
    failure: GitHubFailed | None = None
    for turn in range(TURNS):
        if not await _wait_for_turn(client, turn):
            break
        found = await repository.find_repository(client, owner, wanted.task.task, wanted.order.keys, wanted.reserved)
        present = await repository.fetch_blob_ids(client, found) if found.is_started else {}
        if sha := found.answering_commit(wanted.order.id):
            return _existing_commit(found, sha, present)
        change, expected = plan_change(wanted, found, present)
        try:
            if not found.exists:
                await repository.create_public_repository(
                    client, found.owner, found.name, description_of(wanted.order.key)
                )
                found, is_new = replace(found, exists=True), True
            if found.head is None:
                found = replace(
                    found, commits=((await repository.claim_repository(client, found, wanted.order.key), ""),)
                )
            sha = await repository.commit(client, found, change)
        except (Unsure, GitHubRefused) as error:
            failure = _raise_unless_retryable(error, found)
        else:
            return Committed(found, sha, sha, expected, is_new)
    raise failure or OutOfTime("The task ran out of time while committing.", "Re-run the failed job.")


async def _wait_for_turn(client: Client, turn: int) -> bool:
    """Pause before every turn but the first, and return whether there is time for it."""
    if turn:
        await client.deadline.clock.sleep(min(2.0**turn, LONGEST_PAUSE_S, client.deadline.remaining))
    return client.deadline.remaining > 0


def _raise_unless_retryable(error: Unsure | GitHubRefused, found: Repository) -> GitHubFailed:
    """Return `error` if another try may succeed. Otherwise raise it, or an error that says what it means."""
    if isinstance(error, Unsure):
        return error
    words = error.detail.lower()
    if "secret" in words:
        said = "GitHub's push protection found a secret in a file."
        remedy = "Remove it from the brief and the attachments, and send the task again."
        raise RuleBroken(said, remedy) from None
    if "rule violation" in words:
        said, remedy = "A rule of the repository forbids the commit.", "Change it in the repository's Settings → Rules."
        raise RuleBroken(said, remedy) from None
    # What was just made may stay unseen for a moment: a 404 means nothing then. Before that it is final, and so is any
    # refusal of a new repository but for a name that came to exist meanwhile.
    is_of_creation = not found.exists and error.status in (404, 422) and error.reason is not Reason.EXISTS
    if error.reason.is_lasting or error.status in (401, 403) or is_of_creation:
        raise error
    return error


def _existing_commit(found: Repository, sha: str, present: dict[str, str]) -> Committed:
    """Return a commit that an earlier run made. What must go live is the current head."""
    expected = {RECORD: blob_id(found.stamp)}
    if "index.html" in present:
        expected["index.html"] = present["index.html"]
    return Committed(found, sha, found.head or sha, expected, is_new=False, is_replay=True)


async def republish_record(client: Client, made: Committed) -> Committed:
    """Commit only the record, with its counter one higher, and return what to follow now. The answer stays `made.sha`.

    This is for a head whose build GitHub Pages lost. If there is another head by now, that one is followed. Every try
    looks first, as in `ensure_commit`. Raises PagewrightError.
    """
    failure: GitHubFailed | None = None
    for turn in range(TURNS):
        if not await _wait_for_turn(client, turn):
            break
        found = await repository.fetch_repository(client, made.repository.owner, made.repository.name)
        if found.record is None or made.head not in (sha for sha, _ in found.commits):
            failure = GitHubFailed("GitHub does not show the last commit yet.", "Re-run the failed job.")
            continue
        if found.head != made.head:
            return _existing_commit(found, made.sha, await repository.fetch_blob_ids(client, found))
        record = found.record.with_republish().render_file()
        try:
            head = await repository.commit(client, found, Change({RECORD: record}, (), republish_message(found.name)))
        except (Unsure, GitHubRefused) as error:
            failure = _raise_unless_retryable(error, found)
        else:
            return Committed(found, made.sha, head, {**made.expected, RECORD: blob_id(record)}, is_new=False)
    raise failure or OutOfTime("The task ran out of time before another commit.", "Re-run the failed job.")


def plan_change(wanted: CommitOrder, found: Repository, present: dict[str, str]) -> tuple[Change, dict[str, str]]:
    """Return the change that turns `present` (path -> blob id) into the site, and what Pages serves then. Pure.

    Raises NoSite if nothing was built, RuleBroken if the site is not the verified one or may not be published,
    GitHubFailed if the head is not the one that it was built on.
    """
    build, site = _require_built_site(wanted)
    if build.base != found.head and (build.base is not None or found.is_started):
        raise GitHubFailed(
            "The repository has changed since the site was built, so the result would not be the verified site.",
            "Run the workflow again: it starts from the current state.",
        )
    final = add_standard_files(site, found.owner, wanted.year, build.framework)
    broken = broken_rules(final, present, wanted.secrets, allow_workflows=wanted.allow_workflows)
    unsound = find_unsound_parts(final.files, build.framework)
    if problems := [*broken, *unsound, *unfit_for(wanted.task.target, final.files)]:
        raise RuleBroken.from_problems(problems)
    files = {**final.files, RECORD: _next_record(wanted, build, found, final).render_file()}
    additions = {path: data for path, data in files.items() if present.get(path) != blob_id(data)}
    # What we never write belongs to the owner, so we do not delete it either.
    deletions = [path for path in present if path not in files and path_problem(path) is None]
    change = Change(additions, deletions, commit_message(found.name, wanted.order.id, wanted.task.round))
    shown = {path: blob_id(data) for path, data in select_served(additions, build.framework).items()}
    return change, {**shown, "index.html": blob_id(files["index.html"])}


def _require_built_site(wanted: CommitOrder) -> tuple[Build, Site]:
    build, site = wanted.build, wanted.site
    if build is None and wanted.was_built:
        raise NoSite("The output of job build could not be downloaded.", "Re-run the failed job: it tries again.")
    if build is None:
        raise NoSite("Job build ended without a report.", "Its log says why. Re-run it.")
    if build.error is not None or site is None:
        error = build.error or "Job build produced no site."
        raise NoSite(error, "The log of job build says why.", build.told or "")
    if build.id != wanted.order.id or build.site != site.digest() or RECORD in site.files:
        raise RuleBroken(
            "The site that job build handed over is not the one that it verified.", "Run the workflow again."
        )
    return build, site


def _next_record(wanted: CommitOrder, build: Build, found: Repository, site: Site) -> Record:
    task = wanted.task
    this = Round(
        round=task.round,
        brief=task.brief,
        checks=tuple(check.text for check in task.checks),
        attachments=tuple(attachment.name for attachment in task.attachments) or None,
        passed=build.count("passed", task.round),
        failed=build.count("failed", task.round),
        own=build.count("own", task.round),
        unproved=build.count("unproved", task.round),
        unreadable=build.count("unreadable", task.round),
    )
    # One that was found by a former key has the present one from now on.
    known = {"task": wanted.order.key, "framework": build.framework}
    before = (found.record or Record(task="")).model_copy(update=known)
    after = before.with_round(wanted.order.id, site.digest(), build.built_by, this)
    return after.model_copy(update={"target": task.target})
