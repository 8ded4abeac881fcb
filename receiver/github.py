"""What the receiver asks of GitHub: take a dispatch, keep a large request, say what came of one."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import httpx

from orchestrator.retry import DISPATCH, Policy, Tries
from orchestrator.task import request_of
from receiver.clock import Clock
from receiver.refusals import LATER_S, explained, failure, is_blocked
from receiver.settings import Settings

WORKFLOW = "build.yml"
STORE_S = 30
"""For a blob: many megabytes take longer than the few seconds of a dispatch."""

PAGES_READ = 10
"""Pages of a hundred commits or runs that a look-up reads at most."""

POOLS, POOL_CONNECTIONS = 20, 5
"""A hundred connections: as many calls as GitHub takes at a time.

https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
"""

_RUN_STATES = {"in_progress": "running", "completed": "failed"}


class NotTakenError(Exception):
    """GitHub did not take the call. `retry_after`: seconds after which it may. The text names the remedy.

    `detail`: GitHub's own sentence, for the log alone.
    """

    def __init__(self, reason: str, retry_after: float = LATER_S, detail: str = "") -> None:
        super().__init__(reason)
        self.detail = detail
        self.retry_after = max(1, round(retry_after))


class BlockedError(Exception):
    """GitHub's push protection, or a rule of the pipeline repository, does not take what a request holds: for good."""


@dataclass(frozen=True)
class Commit:
    """The commit that answers a request, with the URL of its repository."""

    sha: str
    repository: str
    repo_url: str
    request: str


@dataclass(frozen=True)
class Run:
    """The newest run of a request. `state`: queued, running, or failed (ended without a commit)."""

    request: str
    state: str
    logs_url: str


class _Pools(httpx.AsyncBaseTransport):
    """Many small connection pools in place of a large one.

    httpcore compares, for every request, each connection of a pool with all others: with 32 in one pool the receiver
    spends two thirds of its time on that.
    """

    def __init__(self) -> None:
        context = httpx.create_ssl_context(trust_env=False)  # one for all: each takes memory and time to make
        limits = httpx.Limits(max_connections=POOL_CONNECTIONS, max_keepalive_connections=POOL_CONNECTIONS)
        self._pools = [httpx.AsyncHTTPTransport(verify=context, limits=limits, trust_env=False) for _ in range(POOLS)]
        self._busy = [0] * POOLS

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        # The first of the least busy: a quiet receiver comes back to a connection that is open already.
        place = min(range(POOLS), key=self._busy.__getitem__)
        self._busy[place] += 1
        try:
            return await self._pools[place].handle_async_request(request)
        finally:
            self._busy[place] -= 1

    async def aclose(self) -> None:
        for pool in self._pools:
            await pool.aclose()


def http_client() -> httpx.AsyncClient:
    """Return a client for GitHub's API: many connections, no redirects, no proxies from the environment."""
    return httpx.AsyncClient(transport=_Pools(), follow_redirects=False, trust_env=False)


class GitHub:
    """GitHub's API as far as the receiver needs it. Keeps connections, and no state."""

    def __init__(self, settings: Settings, client: httpx.AsyncClient, policy: Policy = DISPATCH) -> None:
        self._client = client
        self.clock = Clock()
        self._client.event_hooks["response"].append(self.clock.note)
        self._policy = policy
        # Who waits for a connection waits here: httpcore looks through all that wait each time one is done.
        self._turns = asyncio.Semaphore(POOLS * POOL_CONNECTIONS)
        self._pipeline = f"{settings.api_url}/repos/{settings.pipeline_repository}"
        self._target = f"{settings.api_url}/repos/{settings.target_owner}"
        self._headers = {
            "authorization": f"Bearer {settings.dispatch_token}",
            "accept": "application/vnd.github+json",
            "content-type": "application/json",
            "x-github-api-version": "2022-11-28",
            "user-agent": "pagewright-receiver",
        }

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def dispatch(self, payload: Mapping[str, Any]) -> None:
        """Fire `repository_dispatch` with `payload`; return once GitHub answered 204.

        Raises NotTakenError, or BlockedError where the same payload is never taken.
        """
        await self._write("dispatches", {"event_type": "task", "client_payload": payload}, self._policy)

    async def store(self, content: bytes) -> str:
        """Write `content` (UTF-8) as a git blob of the pipeline repository and return its SHA.

        Raises NotTakenError, or BlockedError where the same content is never taken.
        """
        patient = {kind: replace(rule, within=STORE_S) for kind, rule in self._policy.items()}
        with _understood():
            answer = await self._write("git/blobs", {"content": content.decode(), "encoding": "utf-8"}, patient)
            return str(answer["sha"])

    async def workflow_state(self) -> str:
        """Return the workflow's state on the default branch, `active` where a dispatch starts it."""
        with _understood():
            answer = await self._read(f"{self._pipeline}/actions/workflows/{WORKFLOW}")
            return str(answer.json()["state"])

    async def models(self) -> list[str]:
        """Return the models that the pipeline asks, in order: LLM_MODELS, a variable of its repository.

        Reading it takes Variables: read. https://docs.github.com/rest/actions/variables#get-a-repository-variable
        """
        try:
            with _understood():
                answer = await self._read(f"{self._pipeline}/actions/variables/LLM_MODELS")
                named = str(answer.json()["value"])
        except _AbsentError:
            return []
        return [name.strip() for name in named.split(",") if name.strip()]

    async def commit_of(self, requests: Mapping[str, int], names: tuple[str, ...]) -> Commit | None:
        """Return the commit that answers one of `requests` (their ids) in the first repository that has one."""
        for name in names:
            with _understood():
                async for commit in self._listed(f"{self._target}/{name}/commits?per_page=100"):
                    request = request_of(str(commit["commit"]["message"]))
                    if request is not None and request in requests:
                        repo_url = str(commit["html_url"]).rpartition("/commit/")[0]
                        return Commit(str(commit["sha"]), name, repo_url, request)
        return None

    async def run_of(self, requests: Mapping[str, int]) -> Run | None:
        """Return the newest run whose title ends in one of `requests`."""
        query = "event=repository_dispatch&per_page=100"
        url = f"{self._pipeline}/actions/workflows/{WORKFLOW}/runs?{query}"
        with _understood():
            async for run in self._listed(url, "workflow_runs"):
                request = str(run["display_title"])[-16:]
                if request in requests:
                    state = _RUN_STATES.get(str(run["status"]), "queued")
                    return Run(request, state, str(run["html_url"]))
        return None

    async def dispatched_runs(self, day: date, read: int) -> tuple[int, list[str]]:
        """Return how many runs were dispatched since a day began, UTC, and the ids of the newest `read` of them.

        https://docs.github.com/rest/actions/workflow-runs#list-workflow-runs-for-a-workflow
        """
        query = f"event=repository_dispatch&created=%3E%3D{day.isoformat()}T00:00:00Z&per_page={read}"
        with _understood():
            answer = await self._read(f"{self._pipeline}/actions/workflows/{WORKFLOW}/runs?{query}")
            listed = answer.json()
            return int(listed["total_count"]), [str(run["display_title"])[-16:] for run in listed["workflow_runs"]]

    async def _listed(self, url: str, key: str | None = None) -> AsyncIterator[Any]:
        for _ in range(PAGES_READ):
            try:
                answer = await self._read(url)
            except _AbsentError:  # 404: no such repository; 409: it is empty
                return
            listed = answer.json()
            for entry in listed if key is None else listed[key]:
                yield entry
            if not (url := answer.links.get("next", {}).get("url", "")):
                return

    async def _read(self, url: str) -> httpx.Response:
        try:
            async with self._turns:
                # The repository of a task may have been renamed by its owner; GitHub says where it is now.
                is_target = url.startswith(f"{self._target}/")
                answer = await self._client.get(url, headers=self._headers, timeout=10, follow_redirects=is_target)
        except httpx.HTTPError:
            raise NotTakenError("GitHub does not answer. Try again.") from None
        if answer.status_code in (404, 409):
            raise _AbsentError(*explained(answer))
        if answer.status_code != 200:
            raise NotTakenError(*explained(answer))
        return answer

    async def _write(self, path: str, body: Mapping[str, Any], policy: Policy) -> Any:
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        started, tries = time.monotonic(), Tries(policy, time.monotonic)
        within = max(rule.within for rule in policy.values())
        while True:
            answer = await self._post(f"{self._pipeline}/{path}", content, within - time.monotonic() + started)
            if answer is not None and answer.status_code in (201, 204):
                return answer.json() if answer.status_code == 201 else None
            # A dispatch that took effect and was not answered is sent again: the second run finds the first's commit.
            if (wait := tries.wait(failure(answer))) is None:
                raise BlockedError if is_blocked(answer) else NotTakenError(*explained(answer))
            await asyncio.sleep(wait)

    async def _post(self, url: str, content: bytes, within: float) -> httpx.Response | None:
        try:
            async with asyncio.timeout(max(0.1, within)), self._turns:
                return await self._client.post(url, content=content, headers=self._headers, timeout=within)
        except (httpx.HTTPError, TimeoutError):
            return None


class _AbsentError(NotTakenError):
    pass


@contextmanager
def _understood() -> Iterator[None]:
    """Raise NotTakenError over an answer that is not of GitHub's form: that of some proxy in between."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError):
        raise NotTakenError("GitHub's answer cannot be read. Try again.") from None
