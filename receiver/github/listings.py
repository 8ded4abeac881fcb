"""What GitHub and the pages say, as far as the receiver wants to know it: read from their answers. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpx

from orchestrator.core.task import parse_request_id

_RUN_STATES = {"in_progress": "running", "completed": "failed"}
_ID_LENGTH = 16


@dataclass(frozen=True)
class AnsweringCommit:
    """The commit that answers a request. `repository`, `repo_url`: as they are called now."""

    sha: str
    repository: str
    repo_url: str
    request: str

    @property
    def owner(self) -> str:
        """Whose repository it is now."""
        return self.repo_url.rpartition("/")[0].rpartition("/")[2]


@dataclass(frozen=True)
class RequestRun:
    """The newest run of a request.

    - `state`: queued, running, or failed (ended, with or without a commit)
    - `has_succeeded`: this run or an earlier one ended well; job `publish` does so once the page is live and the
      evaluator was told
    - `since`: when the earliest listed run was created, ISO 8601 in UTC
    - `until`: when the newest run last changed, ISO 8601 in UTC
    """

    request: str
    state: str
    logs_url: str
    has_succeeded: bool = False
    since: str = ""
    until: str = ""

    @property
    def has_ended(self) -> bool:
        """Whether it does nothing any more."""
        return self.state == "failed"

    @property
    def is_under_way(self) -> bool:
        """Whether a commit of its request, if there is one, was made lately: no run has made it before."""
        return not self.has_ended and not self.has_succeeded


@dataclass(frozen=True)
class RunPage:
    """One page of runs, by the requests that their titles end in, newest first. `older`: the next page, or empty."""

    by_request: Mapping[str, RequestRun]
    older: str

    def find_run(self, requests: Mapping[str, int]) -> RequestRun | None:
        """Return the newest run of one of `requests`."""
        return next((run for request, run in self.by_request.items() if request in requests), None)


@dataclass(frozen=True)
class CommitPage:
    """One page of commits, newest first: those that answer a request. `older`: the next page, or empty."""

    found: tuple[AnsweringCommit, ...]
    older: str

    def find_commit(self, requests: Mapping[str, int]) -> AnsweringCommit | None:
        """Return the newest commit that answers one of `requests`."""
        return next((commit for commit in self.found if commit.request in requests), None)


def parse_runs(answer: httpx.Response) -> RunPage:
    """Read a list of runs.

    https://docs.github.com/rest/actions/workflow-runs#list-workflow-runs-for-a-workflow
    """
    found: dict[str, RequestRun] = {}
    for said in answer.json()["workflow_runs"]:
        run = _parse_run(said)
        newer = found.get(run.request)
        found[run.request] = run if newer is None else _merge_earlier(newer, run)
    return RunPage(found, _next_page_url(answer))


def parse_run_count(answer: httpx.Response) -> tuple[int, list[str]]:
    """Read how many runs there are, and which requests those of this page are for, newest first."""
    said = answer.json()
    return int(said["total_count"]), [_title_request_id(run) for run in said["workflow_runs"]]


def parse_commits(answer: httpx.Response) -> CommitPage:
    """Read a list of commits.

    https://docs.github.com/rest/commits/commits#list-commits
    """
    return CommitPage(
        tuple(commit for said in answer.json() if (commit := _parse_commit(said))), _next_page_url(answer)
    )


def is_serving(record: Any, request: str, round_: int) -> bool:
    """Whether a page whose `pagewright.json` this is serves the commit of `request`, or one of a later round."""
    if not isinstance(record, dict):
        return False
    rounds = record.get("rounds")
    later = [entry.get("round") for entry in rounds if isinstance(entry, dict)] if isinstance(rounds, list) else []
    return record.get("request") == request or any(isinstance(number, int) and number > round_ for number in later)


def _title_request_id(said: Any) -> str:
    return str(said["display_title"])[-_ID_LENGTH:]


def _parse_run(said: Any) -> RequestRun:
    return RequestRun(
        request=_title_request_id(said),
        state=_RUN_STATES.get(str(said["status"]), "queued"),
        logs_url=str(said["html_url"]),
        has_succeeded=said.get("conclusion") == "success",
        since=str(said.get("created_at") or ""),
        until=str(said.get("updated_at") or ""),
    )


def _merge_earlier(run: RequestRun, earlier: RequestRun) -> RequestRun:
    return replace(run, has_succeeded=run.has_succeeded or earlier.has_succeeded, since=earlier.since)


def _parse_commit(said: Any) -> AnsweringCommit | None:
    request = parse_request_id(str(said["commit"]["message"]))
    if request is None:
        return None
    repo_url = str(said["html_url"]).rpartition("/commit/")[0]
    # The address of a renamed repository redirects; its page lies at its new name alone.
    return AnsweringCommit(str(said["sha"]), repo_url.rpartition("/")[2], repo_url, request)


def _next_page_url(answer: httpx.Response) -> str:
    return answer.links.get("next", {}).get("url", "")
