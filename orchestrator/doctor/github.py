"""The two tokens, the pipeline and its environments, as GitHub sees them. Nothing is written.

What a token may do is asked by calls that lack what they would need: GitHub looks at permissions first (403, with
`X-Accepted-GitHub-Permissions`) and at the body afterwards (422).
https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api
"""

import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from orchestrator.doctor.finding import Finding, failure, ok, warning

SKEW_S = 60.0
FEW_CALLS = 200
LIMIT_S = 20.0
ENVIRONMENTS = ("build", "publish")
WORKFLOW = "build.yml"
_SHORTER = "Make a fine-grained token with just what the README says"


@dataclass(frozen=True)
class GitHub:
    """The API, asked with a token. Any answer is a status and a body; no answer raises httpx.HTTPError."""

    http: httpx.AsyncClient
    api_url: str
    token: str = field(repr=False)

    async def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        """Make one call."""
        headers = {"authorization": f"Bearer {self.token}", "accept": "application/vnd.github+json"}
        return await self.http.request(method, f"{self.api_url}{path}", json=body, headers=headers)

    async def may(self, path: str) -> bool:
        """Whether a POST that lacks what it needs fails for that alone."""
        return (await self.ask("POST", path, {})).status_code in (409, 422)


def _parsed(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return {}


async def examined(env: Mapping[str, str], api_url: str) -> AsyncIterator[Finding]:
    """Look at everything on GitHub that a task needs."""
    pipeline = env.get("PIPELINE_REPOSITORY", "")
    owner = env.get("TARGET_OWNER", pipeline.partition("/")[0])
    async with httpx.AsyncClient(timeout=LIMIT_S, trust_env=False, headers={"user-agent": "pagewright"}) as http:
        try:
            if token := env.get("DISPATCH_TOKEN"):
                async for finding in _dispatching(GitHub(http, api_url, token), pipeline):
                    yield finding
            if token := env.get("TARGET_TOKEN"):
                async for finding in _publishing(GitHub(http, api_url, token), pipeline, owner):
                    yield finding
        except httpx.HTTPError:
            yield failure(f"{api_url} does not answer", "See https://www.githubstatus.com, and this machine's network")


async def _valid(github: GitHub, name: str) -> AsyncIterator[Finding]:
    """Say whether a token is valid, how far it reaches, how much it has left; and what time it is at GitHub."""
    answer = await github.ask("GET", "/rate_limit")
    if answer.status_code != 200:
        yield failure(f"{name} is not valid ({answer.status_code})", "Renew it")
        return
    left = _parsed(answer).get("resources", {}).get("core", {}).get("remaining", 0)
    if left < FEW_CALLS:
        yield warning(f"{name} has {left} calls left in this hour", "Wait, or use another identity")
    else:
        yield ok(f"{name} is valid, {left} calls are left")
    if scopes := answer.headers.get("x-oauth-scopes"):
        yield warning(f"{name} is a classic token with the scopes {scopes}: more than it needs", _SHORTER)
    if (date := answer.headers.get("date")) and (finding := clock(date, time.time())):
        yield finding


def clock(date: str, now: float) -> Finding | None:
    """Return what is wrong with this machine's clock, `now` in Unix seconds, where GitHub answered at `date`."""
    skew = now - parsedate_to_datetime(date).timestamp()
    if abs(skew) <= SKEW_S:
        return None
    return warning(f"This machine's clock is {skew:.0f} s off GitHub's", "Set it: deadlines are counted with it")


async def _dispatching(github: GitHub, pipeline: str) -> AsyncIterator[Finding]:
    """Look at what the receiver needs: its token, the pipeline, the workflow and its environments."""
    async for finding in _valid(github, "DISPATCH_TOKEN"):
        yield finding
        if finding.level == "failure":
            return
    if not pipeline:
        return
    found = await github.ask("GET", f"/repos/{pipeline}")
    if found.status_code != 200:
        yield failure(
            f"DISPATCH_TOKEN does not see {pipeline}", "Check PIPELINE_REPOSITORY, and which repositories it covers"
        )
        return
    if await github.may(f"/repos/{pipeline}/dispatches"):
        yield ok(f"DISPATCH_TOKEN may dispatch to {pipeline}")
    else:
        yield failure(f"DISPATCH_TOKEN may not dispatch to {pipeline}", "Give it Contents: read and write there")
    if await github.may("/user/repos"):
        yield warning("DISPATCH_TOKEN may create repositories", _SHORTER)
    yield await _workflow(github, pipeline)
    is_private = bool(_parsed(found).get("private"))
    async for finding in _environments(github, pipeline, is_private=is_private):
        yield finding


async def _workflow(github: GitHub, pipeline: str) -> Finding:
    answer = await github.ask("GET", f"/repos/{pipeline}/actions/workflows/{WORKFLOW}")
    state = _parsed(answer).get("state") if answer.status_code == 200 else None
    if state == "active":
        return ok(f"The workflow {WORKFLOW} is active on the default branch")
    if answer.status_code == 200:
        return failure(f"The workflow is {state}", "Enable it in the repository's Actions tab")
    if answer.status_code == 403:
        return failure("DISPATCH_TOKEN does not see workflows", "Give it Actions: read; private repositories need it")
    return failure(f"There is no {WORKFLOW} on the default branch", "Push the project there, with Actions enabled")


async def _environments(github: GitHub, pipeline: str, *, is_private: bool) -> AsyncIterator[Finding]:
    answer = await github.ask("GET", f"/repos/{pipeline}/environments")
    if answer.status_code != 200:
        where = "Private repositories of free accounts have none: keep the secrets in the repository's"
        yield warning(
            "The environments cannot be seen", where if is_private else "Make `build` and `publish`, see the README"
        )
        return
    found = {entry["name"]: entry.get("deployment_branch_policy") for entry in _parsed(answer).get("environments", [])}
    for name in ENVIRONMENTS:
        if name not in found:
            yield warning(
                f"There is no environment {name}", "Make it, restrict it to the default branch, keep secrets there"
            )
        elif not found[name]:
            yield warning(f"The environment {name} is open to every branch", "Restrict it to the default branch")
        else:
            yield ok(f"The environment {name} is restricted to some branches")


async def _publishing(github: GitHub, pipeline: str, owner: str) -> AsyncIterator[Finding]:
    """Look at what job publish needs: whose token it is, and what it may do."""
    async for finding in _valid(github, "TARGET_TOKEN"):
        yield finding
        if finding.level == "failure":
            return
    login = str(_parsed(await github.ask("GET", "/user")).get("login", ""))
    is_own = login.lower() == owner.lower()
    path = "/user/repos" if is_own else f"/orgs/{owner}/repos"
    if await github.may(path):
        yield ok(f"TARGET_TOKEN may create repositories of {owner}")
    else:
        yield failure(
            f"TARGET_TOKEN may not create repositories of {owner}",
            "Give it Administration: read and write, for all repositories of that account",
        )
    async for finding in _writing(github, pipeline, owner):
        yield finding
    if pipeline and await github.may(f"/repos/{pipeline}/git/blobs"):
        yield warning(
            f"TARGET_TOKEN could rewrite {pipeline}", "Publish to another account (TARGET_OWNER), or protect the branch"
        )


async def _writing(github: GitHub, pipeline: str, owner: str) -> AsyncIterator[Finding]:
    """Try contents and Pages on some repository of the owner's."""
    listed = _parsed(await github.ask("GET", "/user/repos?per_page=20&sort=pushed"))
    names = [entry["full_name"] for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    mine = [name for name in names if name.lower().startswith(f"{owner.lower()}/") and name.lower() != pipeline.lower()]
    if not mine:
        yield warning(
            "Contents and Pages could not be tried: there is no repository yet", "Look again after the first task"
        )
        return
    tries = {"Contents": f"/repos/{mine[0]}/git/blobs", "Pages": f"/repos/{mine[0]}/pages"}
    for permission, path in tries.items():
        if await github.may(path):
            yield ok(f"TARGET_TOKEN may write {permission}")
        else:
            yield failure(f"TARGET_TOKEN may not write {permission}", f"Give it {permission}: read and write")
