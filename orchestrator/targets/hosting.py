"""The API of a host that is not GitHub: one token's view of it, with our own retries, and errors with remedies."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from orchestrator.core.deadline import Deadline
from orchestrator.core.errors import HostFailed
from orchestrator.core.http import TooLarge, read_body
from orchestrator.core.retry import LOOKED, NO_ANSWER, READ, WRITE, Failure, Kind, Policy, Tries, classify_failure

TIMEOUT_S = 60.0
"""For one call: a file of many megabytes may be on its way."""

AT_ONCE = 5
"""Uploads under way, as many as Netlify's own client has."""

LONGEST_ANSWER = 16 * 1024 * 1024
LONGEST_DETAIL = 300


@dataclass(frozen=True)
class HostAccount:
    """Where a host's API is, and who asks. `title`: what people call the host; `setting`: the name of its token."""

    title: str
    setting: str
    api_url: str
    token: str = field(repr=False)


class HostRefused(HostFailed):
    """The host answered with `status`, and nothing took effect. `code`: its word for why; `answer`: all of it."""

    def __init__(self, account: HostAccount, status: int, answer: Mapping[str, Any]) -> None:
        inner = answer.get("error")
        said = inner if isinstance(inner, dict) else answer
        self.status, self.answer = status, answer
        self.code = str(said.get("code") or "")
        # Of the owner's account, so nothing for an evaluator: it may name what lies there.
        detail = shorten_detail(said.get("message"))
        meaning, remedy = _meaning(account, status)
        super().__init__(
            f"{account.title} answered {status}: {detail}.", remedy, f"{account.title} answered {status}: {meaning}."
        )


class HostUnsure(HostFailed):
    """The host did not answer, or failed: a write may have taken effect or not. Look before writing again."""


def _meaning(account: HostAccount, status: int) -> tuple[str, str]:
    """Return what a refusal means, for anyone, and what its owner can do."""
    if status == 401:
        return "the pipeline is not allowed in", f"Renew {account.setting}: a secret of the environment `publish`."
    if status == 402:
        return "the plan of the account does not allow it", f"Sign in to {account.title} and look at its billing."
    if status == 403:
        return "the pipeline is not allowed to do this", f"Check what {account.setting} may do in its account."
    if status == 429:
        return "its rate limit is reached", "Wait until the limit resets, then re-run the failed job."
    return "it refuses the request", f"Read the message of {account.title}, then re-run the failed job."


@dataclass(frozen=True)
class HostAPI:
    """Calls to a host's API."""

    http: httpx.AsyncClient
    account: HostAccount
    deadline: Deadline

    async def read(self, path: str, **query: Any) -> Any:
        """Return the JSON at `path`, asked for again while the host has an outage. Raises HostRefused or HostUnsure."""
        return await self._call("GET", path, READ, params=query)

    async def repeat(self, method: str, path: str, **sent: Any) -> Any:
        """Make a call that has the same effect however often it is made; like `read` otherwise."""
        return await self._call(method, path, READ, **sent)

    async def write(self, method: str, path: str, **sent: Any) -> Any:
        """Make a call that is repeated only where a rate limit kept it from taking effect; like `read` otherwise."""
        return await self._call(method, path, WRITE, **sent)

    def begin_tries(self) -> Tries:
        """Return the tries of a write that is looked for after each answer that was lost."""
        return Tries(LOOKED, self.deadline.clock.now)

    async def pause(self, tries: Tries, error: HostFailed) -> None:
        """Wait before the next try; raise `error` if there is no other one, or no time for it."""
        await self._wait_or_raise(tries, Failure(Kind.OUTAGE), error)

    async def _call(self, method: str, path: str, policy: Policy, **sent: Any) -> Any:
        tries = Tries(policy, self.deadline.clock.now)
        while True:
            failed, failure, answer = await self._try_once(method, path, **sent)
            if failed is None:
                return answer
            await self._wait_or_raise(tries, failure, failed)

    async def _wait_or_raise(self, tries: Tries, failure: Failure, error: HostFailed) -> None:
        wait = tries.next_delay(failure)
        if wait is None or wait >= self.deadline.remaining:
            raise error
        await self.deadline.clock.sleep(wait)

    async def _try_once(
        self, method: str, path: str, **sent: Any
    ) -> tuple[HostRefused | HostUnsure | None, Failure, Any]:
        """Return why the call failed and what that means for the next try, or None and the answer."""
        account, outage = self.account, Failure(Kind.OUTAGE)
        headers = {
            "authorization": f"Bearer {account.token}",
            "accept-encoding": "identity",
            "user-agent": "pagewright",
            **sent.pop("headers", {}),
        }
        url = f"{account.api_url}{path}"
        try:
            async with self.http.stream(method, url, headers=headers, timeout=TIMEOUT_S, **sent) as response:
                body = await read_body(response, LONGEST_ANSWER)
        except (httpx.HTTPError, TooLarge):
            return HostUnsure(f"{account.title} does not answer.", "Re-run the failed job."), outage, None
        answer = _parse_json(body)
        if response.is_success:
            if answer is not None:
                return None, outage, answer
            return HostUnsure(f"The answer of {account.title} could not be read.", "Re-run the job."), outage, None
        known = answer if isinstance(answer, dict) else {}
        failure = classify_failure(response.status_code or NO_ANSWER, response.headers, now=self.deadline.clock.now())
        if failure.kind is Kind.OUTAGE:
            said = f"{account.title} failed with {response.status_code}."
            return HostUnsure(said, "Re-run the failed job."), failure, None
        return HostRefused(account, response.status_code, known), failure, None


async def upload_all(uploads: Sequence[Callable[[], Awaitable[None]]]) -> None:
    """Make all uploads, some at a time; raise the first error, once nothing is under way any more."""
    for at in range(0, len(uploads), AT_ONCE):
        made = await asyncio.gather(*(upload() for upload in uploads[at : at + AT_ONCE]), return_exceptions=True)
        if problems := [one for one in made if isinstance(one, BaseException)]:
            raise problems[0]


def file_digest(content: bytes) -> str:
    """Return the SHA-1 by which both hosts name a file."""
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


def shorten_detail(words: object) -> str:
    """Return a host's own words on one line, without a full stop."""
    return " ".join(str(words or "no reason given").split())[:LONGEST_DETAIL].rstrip(".")


def _parse_json(body: bytes) -> Any:
    """Return JSON, an empty object for an empty body, None for anything else."""
    try:
        return json.loads(body) if body.strip() else {}
    except (ValueError, RecursionError):
        return None
