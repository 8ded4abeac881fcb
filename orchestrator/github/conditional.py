"""GitHub's API, looked at again and again: each look is conditional, so what has not changed costs nothing.

https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, BinaryIO, TypeVar

import httpx

from orchestrator.core.deadline import Clock
from orchestrator.core.errors import GitHubFailed, PagewrightError
from orchestrator.core.retry import NO_ANSWER, WATCH, Failure, Kind, Tries, classify_failure

LOOK_S = 20.0
LONGEST_MESSAGE = 300
_ABSENT = (404, 410)
_AGAIN = "It starts from the beginning and tells everything."

T = TypeVar("T")


class TooMuch(ValueError):
    """A download is larger than it may be."""


class _FailedLook(Exception):
    """One try that failed: what that means to the retry policy, and to a person."""

    def __init__(self, failure: Failure, error: PagewrightError) -> None:
        super().__init__(str(error))
        self.failure = failure
        self.error = error


@dataclass(frozen=True)
class _Seen:
    etag: str
    body: Any


@dataclass
class ConditionalApi:
    """One token's view of what lies below `url`, without a slash at its end. Remembers what it saw at each path."""

    http: httpx.AsyncClient
    url: str
    clock: Clock
    token: str = field(repr=False)
    _seen: dict[str, _Seen] = field(default_factory=dict, repr=False)

    async def fetch_json(self, path: str) -> Any:
        """Return what lies at `path`, None if nothing does, or nothing that the token sees. Raises GitHubFailed."""
        return await self._try_again(lambda: self._look(path))

    async def download(self, path: str, to: BinaryIO, limit: int) -> bool:
        """Write what lies at `path` to a file; return False if nothing does.

        Raises TooMuch beyond `limit` bytes, and GitHubFailed. GitHub redirects to another host, which does not get
        the token: httpx leaves it out there.
        """

        async def fetch() -> bool:
            to.seek(0)
            to.truncate()
            headers = self._headers() | {"accept-encoding": "identity"}
            async with self.http.stream(
                "GET", self.url + path, headers=headers, timeout=LOOK_S, follow_redirects=True
            ) as answer:
                if answer.status_code != 200:
                    await answer.aread()
                    self._check_absence(answer)
                    return False
                async for piece in answer.aiter_raw():
                    if to.tell() + len(piece) > limit:
                        raise TooMuch
                    to.write(piece)
            return True

        return await self._try_again(fetch)

    async def _look(self, path: str) -> Any:
        known = self._seen.get(path)
        headers = self._headers() | ({"if-none-match": known.etag} if known else {})
        answer = await self.http.get(self.url + path, headers=headers, timeout=LOOK_S, follow_redirects=True)
        if answer.status_code == 304 and known:
            return known.body
        if answer.status_code != 200:
            self._check_absence(answer)
            return None
        body = answer.json()
        if etag := answer.headers.get("etag"):
            self._seen[path] = _Seen(etag, body)
        return body

    def _headers(self) -> dict[str, str]:
        return {
            "authorization": f"Bearer {self.token}",
            "accept": "application/vnd.github+json",
            "x-github-api-version": "2022-11-28",
        }

    def _check_absence(self, answer: httpx.Response) -> None:
        """Raise _FailedLook for everything that is no success, but for what is not there."""
        if answer.status_code in _ABSENT:
            return
        message = _parse_message(answer)
        failure = classify_failure(answer.status_code, answer.headers, message, self.clock.now())
        raise _FailedLook(failure, _describe_refusal(answer.status_code, message, failure, self.clock.now()))

    async def _try_again(self, call: Callable[[], Awaitable[T]]) -> T:
        tries = Tries(WATCH, self.clock.now)
        while True:
            try:
                return await call()
            except _FailedLook as failed:
                failure, error = failed.failure, failed.error
            except httpx.HTTPError:
                failure, error = classify_failure(NO_ANSWER, {}), _describe_outage("GitHub does not answer.")
            except TooMuch:
                raise
            except ValueError:  # a 200 that is not JSON: the page of some proxy in between
                failure = Failure(Kind.OUTAGE)
                error = _describe_outage("GitHub's answer could not be read.")
            if (wait := tries.next_delay(failure)) is None:
                raise error from None
            await self.clock.sleep(wait)


def _describe_outage(what: str) -> PagewrightError:
    return GitHubFailed(what, f"See https://www.githubstatus.com, and run the command again later. {_AGAIN}")


def _describe_refusal(status: int, message: str, failure: Failure, now: float) -> PagewrightError:
    if failure.kind is Kind.LIMITED:
        until = datetime.fromtimestamp(now + (failure.asked or 0), UTC)
        over = "" if failure.asked is None else f" until {until:%H:%M} UTC"
        return GitHubFailed(f"GitHub's rate limit is reached{over}.", f"Run the command again then. {_AGAIN}")
    if failure.kind is Kind.OUTAGE:
        return _describe_outage(f"GitHub failed with {status}.")
    if status == 401:
        return GitHubFailed("GitHub does not accept GITHUB_TOKEN.", "It is wrong or has expired: set another one.")
    if status == 403:
        return GitHubFailed(
            f"GitHub answered 403: {message or 'no reason given'}.", "GITHUB_TOKEN needs Actions: read on the pipeline."
        )
    return GitHubFailed(f"GitHub answered {status}: {message or 'no reason given'}.", "Check --pipeline and the id.")


def _parse_message(answer: httpx.Response) -> str:
    try:
        said = answer.json()
    except ValueError:
        return ""
    message = str(said.get("message") or "") if isinstance(said, dict) else ""
    return "".join(sign if sign.isprintable() else " " for sign in message)[:LONGEST_MESSAGE].rstrip(".")
