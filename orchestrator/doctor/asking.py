"""Asks GitHub what one token may do, without writing anything.

It makes calls with an empty body: GitHub checks permissions first (403, with `X-Accepted-GitHub-Permissions`) and the
body afterwards (422). If a reading call needs the same permission as the writing one, the reading call is made instead.
https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from orchestrator.core.retry import DISPATCH, Failure, Kind, Tries, classify_failure
from orchestrator.doctor.finding import Diagnosis, failure, ok, warning

SKEW_S = 60.0
FEW_CALLS = 200
SOON_DAYS, LATER_DAYS = 7, 30
_RENEWING = (
    "“Regenerate token” in Settings → Developer settings keeps its permissions. Store the new one where it is used"
)
_SHORTER = "Create a fine-grained token with only the permissions that the README lists"


class NoAnswer(Exception):
    """GitHub did not answer a call, so the result is unknown, and nothing after it is examined."""


@dataclass(frozen=True)
class TokenApi:
    """The API, asked with a token. Any answer is a status and a body; no answer raises NoAnswer."""

    http: httpx.AsyncClient
    api_url: str
    token: str = field(repr=False)

    async def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        """Make one call, and repeat it after an outage, because an outage says nothing about the token."""
        headers = {"authorization": f"Bearer {self.token}", "accept": "application/vnd.github+json"}
        tries = Tries(DISPATCH, time.monotonic)
        while True:
            try:
                answer = await self.http.request(method, f"{self.api_url}{path}", json=body, headers=headers)
                failure, said = (
                    classify_failure(answer.status_code, answer.headers, answer.text),
                    f"({answer.status_code})",
                )
            except (httpx.HTTPError, httpx.InvalidURL):
                failure, said = Failure(Kind.OUTAGE), ""
            if failure.kind not in (Kind.OUTAGE, Kind.LIMITED):
                return answer
            if (wait := tries.next_delay(failure)) is None:
                reached = "'s rate limit is reached" if failure.kind is Kind.LIMITED else f" does not answer {said}"
                raise NoAnswer(f"{self.api_url}{reached.rstrip()}")
            await asyncio.sleep(wait)

    async def fetch_json(self, path: str) -> Any:
        """Return the content at a path, None if nothing is there or the token cannot see it."""
        return parse_answer(await self.ask("GET", path))

    async def find_missing_permission(self, probe: "Probe") -> str | None:
        """Return the permission that the token lacks for a call, None if it may make the call."""
        answer = await self.ask(probe.method, probe.path, None if probe.method == "GET" else {})
        if answer.status_code in (200, 202, 400, 409, 422):
            return None
        return answer.headers.get("x-accepted-github-permissions", "").replace("=", ": ") or probe.permission


def parse_answer(answer: httpx.Response) -> Any:
    """Return the JSON in a 200; None for other statuses, and for a body that is not JSON, such as a proxy's page."""
    try:
        return answer.json() if answer.status_code == 200 else None
    except ValueError:
        return None


@dataclass(frozen=True)
class Probe:
    """A call that takes a permission and changes nothing: a POST fails for its empty body. `what`: it would do."""

    permission: str
    path: str
    what: str
    method: str = "POST"


async def examine_token(github: TokenApi, name: str) -> AsyncIterator[Diagnosis]:
    """Say whether a token is valid, what it covers, and how many calls it has left; and what time it is at GitHub."""
    answer = await github.ask("GET", "/rate_limit")
    if answer.status_code not in (200, 404):  # 404: GitHub Enterprise, where nothing is limited
        yield failure(f"{name} is not valid ({answer.status_code})", "Renew it")
        return
    left = (parse_answer(answer) or {}).get("resources", {}).get("core", {}).get("remaining", FEW_CALLS)
    if left < FEW_CALLS:
        yield warning(f"{name} has {left} calls left in this hour", "Wait, or use another account")
    else:
        yield ok(f"{name} is valid" + (f", {left} calls are left" if answer.status_code == 200 else ""))
    # Only classic tokens have scopes: https://docs.github.com/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps
    if scopes := answer.headers.get("x-oauth-scopes"):
        yield warning(f"{name} is a classic token with the scopes {scopes}: more than it needs", _SHORTER)
    if ends := answer.headers.get("github-authentication-token-expiration"):
        yield examine_expiry(name, ends, time.time())
    if (date := answer.headers.get("date")) and (finding := examine_clock(date, time.time())):
        yield finding


async def examine_permissions(github: TokenApi, name: str, probes: Sequence[Probe]) -> AsyncIterator[Diagnosis]:
    """Say for each thing that a token must be able to do whether it is."""
    for probe in probes:
        if lacking := await github.find_missing_permission(probe):
            yield failure(f"{name} is not allowed to {probe.what}", f"Give it {lacking}")
        else:
            yield ok(f"{name} may {probe.what}")


async def examine_extra_permissions(github: TokenApi, name: str, probes: Sequence[Probe]) -> AsyncIterator[Diagnosis]:
    """Say what a token may do although it does not need to."""
    for probe in probes:
        if await github.find_missing_permission(probe) is None:
            yield warning(f"{name} is allowed to {probe.what}, but does not need {probe.permission}", _SHORTER)


def examine_expiry(name: str, said: str, now: float) -> Diagnosis:
    """Return when a token ends, as GitHub says with every answer; `now` in Unix seconds.

    Two forms have been seen, "2026-12-08 11:00:00 UTC" and "2026-12-08 11:00:00 +0000".
    https://docs.github.com/authentication/keeping-your-account-and-data-secure/token-expiration-and-revocation
    """
    try:
        moment = datetime.strptime(said.strip().replace("UTC", "+0000"), "%Y-%m-%d %H:%M:%S %z").astimezone(UTC)
    except (ValueError, OverflowError):
        return warning(f"{name} expires at a time that could not be read", "Look it up in GitHub's Settings")
    days = int((moment.timestamp() - now) // 86400)
    left = "today" if days < 1 else "in a day" if days == 1 else f"in {days} days"
    text = f"{name} expires {left}, on {moment:%Y-%m-%d}"
    if days < SOON_DAYS:
        return warning(text, f"Renew it now: {_RENEWING}")
    if days < LATER_DAYS:
        return warning(text, f"Renew it before then: {_RENEWING}")
    return ok(text)


def examine_clock(date: str, now: float) -> Diagnosis | None:
    """Return what is wrong with this machine's clock, `now` in Unix seconds, where GitHub answered at `date`."""
    skew = now - parsedate_to_datetime(date).timestamp()
    if abs(skew) <= SKEW_S:
        return None
    return warning(
        f"This machine's clock differs from GitHub's by {skew:.0f} s", "Set the clock: deadlines depend on it"
    )
