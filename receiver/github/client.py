"""What the receiver asks GitHub to do: take a dispatch, store a large request, say how far a request is."""

import asyncio
import json
import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date
from typing import Any, TypeVar

import httpx

from orchestrator.core.retry import DISPATCH, Policy, Tries
from receiver.github.clock import GitHubClock
from receiver.github.listings import AnsweringCommit, RequestRun, parse_commits, parse_run_count, parse_runs
from receiver.github.looks import NOW, Looks, Terms
from receiver.github.pages import SitePages
from receiver.github.refusals import LATER_S, classify_answer, describe_move, describe_refusal, is_blocked, is_moved
from receiver.settings import Settings

WORKFLOW = "build.yml"
STORE_S = 30
"""Seconds for storing a blob, because many megabytes take longer than a dispatch."""

LOOK_S = 10.0

POOLS, POOL_CONNECTIONS = 20, 5
"""A hundred connections, because GitHub takes a hundred calls at a time.

https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
"""

DISPATCH_TURNS, WAITING_TURNS, LOOK_TURNS = 76, 10, 10
"""Connections for tasks, for those who wait for a result, and for those who need no secret: none waits for another.

Together with those for pages they are no more than POOLS of POOL_CONNECTIONS.
"""

REDIRECTS = 2
"""That a look follows: the repository, or its owner, was renamed."""

RENAMED_S = 60.0

T = TypeVar("T")
_log = logging.getLogger("pagewright.receiver")


class NotTakenError(Exception):
    """GitHub did not take the call. `retry_after`: seconds after which it may. The text names the remedy.

    `detail`: GitHub's own sentence, only for the log.
    """

    def __init__(self, reason: str, retry_after: float = LATER_S, detail: str = "") -> None:
        super().__init__(reason)
        self.detail = detail
        self.retry_after = max(1, round(retry_after))


class BlockedError(Exception):
    """GitHub's push protection, or a rule of the pipeline repository, refuses the content of a request for good."""


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


def create_http_client() -> httpx.AsyncClient:
    """Return a client for GitHub's API: many connections, no redirects, no proxies from the environment."""
    return httpx.AsyncClient(transport=_Pools(), follow_redirects=False, trust_env=False)


class GitHub:
    """GitHub's API as far as the receiver needs it. Keeps connections, and remembers recent answers."""

    def __init__(
        self,
        settings: Settings,
        client: httpx.AsyncClient,
        policy: Policy = DISPATCH,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self.clock = GitHubClock()
        self._api_url = settings.api_url
        self._client.event_hooks["response"].append(self._note_time)
        self._policy = policy
        # Who waits for a connection waits here: httpcore looks through all that wait each time one is done.
        self._turns = asyncio.Semaphore(DISPATCH_TURNS)
        self._waiting_turns = asyncio.Semaphore(WAITING_TURNS)
        self._look_turns = asyncio.Semaphore(LOOK_TURNS)
        self._looks = Looks(self._fetch_answer, clock)
        self.pages = SitePages(client, clock)
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
        """End the looks and close the connections."""
        await self._looks.aclose()
        await self.pages.aclose()
        await self._client.aclose()

    async def _note_time(self, answer: httpx.Response) -> None:
        if str(answer.url).startswith(self._api_url):  # pages come through the same client
            self.clock.note_date(answer)

    async def dispatch(self, payload: Mapping[str, Any]) -> None:
        """Fire `repository_dispatch` with `payload`; return once GitHub answered 204.

        Raises NotTakenError, or BlockedError where the same payload is never taken.
        """
        await self._write("dispatches", {"event_type": "task", "client_payload": payload}, self._policy)

    async def store_blob(self, content: bytes) -> str:
        """Write `content` (UTF-8) as a git blob of the pipeline repository and return its SHA.

        Raises NotTakenError, or BlockedError where the same content is never taken.
        """
        patient = {kind: replace(rule, within=STORE_S) for kind, rule in self._policy.items()}
        with _translate_parse_errors():
            answer = await self._write("git/blobs", {"content": content.decode(), "encoding": "utf-8"}, patient)
            return str(answer["sha"])

    async def fetch_workflow_state(self, terms: Terms = NOW) -> str:
        """Return the workflow's state on the default branch, `active` where a dispatch starts it.

        Raises NotTakenError, also where the repository was renamed: a dispatch would not be taken.
        """
        return await self._look_up(f"{self._pipeline}/actions/workflows/{WORKFLOW}", _parse_state, terms)

    async def fetch_models(self, terms: Terms = NOW) -> list[str]:
        """Return the models that the pipeline asks, in order: LLM_MODELS, a variable of its repository.

        Reading it takes Variables: read. https://docs.github.com/rest/actions/variables#get-a-repository-variable
        """
        try:
            named = await self._look_up(f"{self._pipeline}/actions/variables/LLM_MODELS", _parse_value, terms)
        except _AbsentError:
            return []
        return [name.strip() for name in named.split(",") if name.strip()]

    async def find_run(self, requests: Mapping[str, int], pages: Sequence[Terms] = (NOW, NOW)) -> RequestRun | None:
        """Return the newest run whose title ends in one of `requests`. `pages`: the terms for each page of runs.

        One list answers everybody, for every request.
        """
        url = f"{self._pipeline}/actions/workflows/{WORKFLOW}/runs?event=repository_dispatch&per_page=100"
        for terms in pages:
            try:
                runs = await self._look_up(url, parse_runs, terms)
            except _AbsentError:
                return None
            if (run := runs.find_run(requests)) or not (url := runs.older):
                return run
        return None

    async def fetch_dispatched_runs(self, day: date, read: int) -> tuple[int, list[str]]:
        """Return how many runs were dispatched since a day began, UTC, and the ids of the newest `read` of them."""
        query = f"event=repository_dispatch&created=%3E%3D{day.isoformat()}T00:00:00Z&per_page={read}"
        return await self._look_up(f"{self._pipeline}/actions/workflows/{WORKFLOW}/runs?{query}", parse_run_count, NOW)

    async def find_commit(
        self, requests: Mapping[str, int], names: Sequence[str], terms: Terms = NOW, run: RequestRun | None = None
    ) -> AnsweringCommit | None:
        """Return the commit that answers one of `requests` (their ids) in the first repository that has one.

        Of a long history the newest hundred are looked at, and then those from the time of `run`, or the next hundred:
        not where `run` is under way, for what it commits is new.
        """
        for name in names:
            url = f"{self._target}/{name}/commits?per_page=100"
            with suppress(_AbsentError):  # 404: no such repository; 409: it is empty
                commits = await self._look_up(url, parse_commits, terms)
                if (
                    (commit := commits.find_commit(requests)) is None
                    and commits.older
                    and not (run and run.is_under_way)
                ):
                    at_its_time = f"{url}&since={run.since}&until={run.until}" if run and run.since else ""
                    commits = await self._look_up(at_its_time or commits.older, parse_commits, terms)
                    commit = commits.find_commit(requests)
                if commit:
                    return commit
        return None

    async def fetch_homepage(self, full_name: str, terms: Terms = NOW) -> str:
        """Return the address that a repository names as its homepage, empty if it names none."""
        return await self._look_up(f"{self._api_url}/repos/{full_name}", _parse_homepage, terms)

    async def _look_up(self, url: str, read: Callable[[httpx.Response], T], terms: Terms) -> T:
        def check_and_read(answer: httpx.Response) -> T:
            if answer.status_code in (404, 409):
                raise _AbsentError(*describe_refusal(answer))
            if answer.status_code != 200:
                said, later, detail = describe_refusal(answer)
                _log.warning("GitHub: %s %s", said, " ".join(detail.split()))
                raise NotTakenError(said, later, detail)
            with _translate_parse_errors():
                return read(answer)

        return await self._looks.look_up(url, check_and_read, terms)

    async def _fetch_answer(self, url: str, headers: Mapping[str, str], terms: Terms) -> httpx.Response:
        try:
            async with self._look_turns if terms.purse else self._waiting_turns:
                answer = await self._client.get(url, headers={**self._headers, **headers}, timeout=LOOK_S)
                seen: list[httpx.Response] = []
                while answer.next_request is not None and len(seen) < REDIRECTS:
                    seen.append(answer)
                    answer = await self._client.send(answer.next_request)  # without the token where the host differs
        except httpx.HTTPError:
            _log.warning("GitHub does not answer.")
            raise NotTakenError("GitHub does not answer. Try again.") from None
        answer.history = seen
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
            if (wait := tries.next_delay(classify_answer(answer))) is None:
                if answer is not None and is_moved(answer):
                    raise NotTakenError(describe_move(answer.status_code, await self._fetch_new_name(answer)))
                raise BlockedError if is_blocked(answer) else NotTakenError(*describe_refusal(answer))
            await asyncio.sleep(wait)

    async def _fetch_new_name(self, answer: httpx.Response) -> str:
        """Return what PIPELINE_REPOSITORY is called now, which a redirect does not say; empty if nobody does."""
        if "location" in answer.headers:
            with suppress(NotTakenError):
                return await self._look_up(self._pipeline, _parse_full_name, Terms(RENAMED_S))
        return ""

    async def _post(self, url: str, content: bytes, within: float) -> httpx.Response | None:
        try:
            async with asyncio.timeout(max(0.1, within)), self._turns:
                return await self._client.post(url, content=content, headers=self._headers, timeout=within)
        except (httpx.HTTPError, TimeoutError):
            return None


class _AbsentError(NotTakenError):
    pass


def _parse_state(answer: httpx.Response) -> str:
    said = answer.json()
    state = str(said["state"])
    if answer.history:  # a read follows the new name, a dispatch does not
        place = re.search(r"/repos/([^/]+/[^/]+)/actions/", str(said.get("url")))
        raise NotTakenError(describe_move(answer.history[0].status_code, place[1] if place else ""))
    return state


def _parse_value(answer: httpx.Response) -> str:
    return str(answer.json()["value"])


def _parse_homepage(answer: httpx.Response) -> str:
    said = str(answer.json().get("homepage") or "")
    return f"{said.rstrip('/')}/" if re.match(r"https?://[^\s@?#]+$", said) else ""


def _parse_full_name(answer: httpx.Response) -> str:
    return str(answer.json()["full_name"])


@contextmanager
def _translate_parse_errors() -> Iterator[None]:
    """Raise NotTakenError over an answer that is not of GitHub's form: that of some proxy in between."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError):
        raise NotTakenError("GitHub's answer could not be read. Try again.") from None
