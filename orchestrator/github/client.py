"""GitHub's API through PyGithub: in threads, with our own retries, and errors that say what to do."""

import asyncio
import functools
import logging
from collections.abc import Callable
from typing import TypeVar

import requests
from github import Auth, Github, GithubException

from orchestrator.core.deadline import Deadline
from orchestrator.core.errors import GitHubFailed
from orchestrator.core.retry import NO_ANSWER, READ, WRITE, Failure, Kind, Policy, Tries, classify_failure
from orchestrator.github.refusals import refusal_reason

T = TypeVar("T")
TIMEOUT_S = 20

# PyGithub logs request bodies and headers at DEBUG, and every retry at WARNING.
logging.getLogger("github").setLevel(logging.ERROR)


class GitHubRefused(GitHubFailed):
    """GitHub answered with `status`, and nothing took effect.

    `detail` is GitHub's sentence, and `reason` what it means.
    """

    def __init__(self, status: int, detail: str) -> None:
        reason = refusal_reason(status, detail)
        told = f"GitHub answered {status}: {reason.public_wording}."
        super().__init__(f"GitHub answered {status}: {detail:.300}.", reason.remedy, told)
        self.status = status
        self.detail = detail
        self.reason = reason


class Unsure(GitHubFailed):
    """GitHub did not answer, or failed. A write may have taken effect or not, so look before you write again."""


class Client:
    """GitHub as one token sees it.

    PyGithub's own retrying is off: it repeats POSTs, 403s and 5xx ten times, so that a mutation was sent twice
    after a dropped connection. Its pauses between calls are off too: a job makes four writes, not hundreds.
    """

    def __init__(self, api_url: str, token: str, deadline: Deadline) -> None:
        self.deadline = deadline
        self._github = Github(
            base_url=api_url,
            auth=Auth.Token(token) if token else None,
            retry=None,
            timeout=TIMEOUT_S,
            per_page=100,
            lazy=True,  # a repository is named, not read, before something is asked of it
            user_agent="pagewright",
            seconds_between_requests=None,
            seconds_between_writes=None,
        )

    async def read(self, call: Callable[[Github], T]) -> T:
        """Run `call` in a thread; repeat it while GitHub has an outage. Raises GitHubRefused or Unsure."""
        return await self._call_with_retries(call, READ)

    async def write(self, call: Callable[[Github], T]) -> T:
        """Run `call` in a thread; repeat it only where a rate limit kept it from taking effect."""
        return await self._call_with_retries(call, WRITE)

    async def _call_with_retries(self, call: Callable[[Github], T], policy: Policy) -> T:
        tries = Tries(policy, self.deadline.clock.now)
        while True:
            try:
                return await asyncio.to_thread(functools.partial(call, self._github))
            except (GithubException, requests.RequestException) as error:
                failed, failure = _classify_error(error)
            except (AssertionError, AttributeError, KeyError, TypeError, ValueError):
                # What PyGithub raises over a 200 that is not GitHub's: the page of some proxy in between.
                failed, failure = Unsure("GitHub's answer could not be read.", "Re-run the job."), Failure(Kind.OUTAGE)
            wait = tries.next_delay(failure)
            if wait is None or wait >= self.deadline.remaining:
                raise failed from None
            await self.deadline.clock.sleep(wait)


def _classify_error(error: GithubException | requests.RequestException) -> tuple[GitHubRefused | Unsure, Failure]:
    """Return what `error` means to the caller, and to the retry policy."""
    see = "See https://www.githubstatus.com and re-run the job."
    if isinstance(error, requests.RequestException):
        return Unsure("GitHub does not answer.", see), Failure(Kind.OUTAGE)
    data = error.data if isinstance(error.data, dict) else {}
    listed = data.get("errors")
    entries = listed if isinstance(listed, list) else []
    errors = [entry for entry in entries if isinstance(entry, dict)]
    details = [str(entry.get("message", "")) if isinstance(entry, dict) else str(entry or "") for entry in entries]
    text = " ".join(filter(None, [str(data.get("message") or ""), *details])).strip().rstrip(".")
    status = next((_GRAPHQL[entry["type"]] for entry in errors if entry.get("type") in _GRAPHQL), error.status)
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    failure = classify_failure(status or NO_ANSWER, headers, text)
    if failure.kind is Kind.OUTAGE:
        return Unsure(f"GitHub failed with {status}.", see), failure
    return GitHubRefused(status, text or "no reason given"), failure


_GRAPHQL = {"FORBIDDEN": 403, "RATE_LIMITED": 429}
"""Types of GraphQL errors, which come with status 200, and what REST answers in their place."""
