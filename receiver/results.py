"""What came of a request, from GitHub alone: `/result`, and the answer to a sender that waits.

Anyone may ask, and GitHub counts its calls. So one list of runs answers everybody; the commits of a repository are
looked at where the list leaves something open; and all of it stays within the budget for those who need no secret.
"""

import asyncio
import contextlib
import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request as HTTPRequest
from starlette.responses import JSONResponse, Response

from orchestrator.core.task import Request, repository_names, request_id
from receiver.answers import RefusedRequest
from receiver.github.budget import CallBudget, Purse, SpentError
from receiver.github.client import GitHub, NotTakenError
from receiver.github.listings import AnsweringCommit, RequestRun
from receiver.github.looks import Terms
from receiver.github.memory import Memory, UnderWay
from receiver.settings import Settings
from receiver.tasks.keys import derive_task_keys

ROUNDS_TRIED = 50
"""Where `/result` is asked without a round, ids of this many rounds are looked for."""

LONGEST = {"email": 320, "task": 200, "nonce": 200}
"""Characters that a request may have there: of what is longer nothing can be known."""

ANSWERS, ANSWER_S, LIVE_S = 2_000, 5.0, 300.0
"""Answers that are remembered, and for how long: a page that was seen live stays so."""

RUNS_S, OLDER_RUNS_S, COMMITS_S = 15.0, 60.0, 15.0
"""How old a page of runs, the page after it, and a list of commits may be: five calls a minute for all the runs."""

OPEN, UNLISTED, EARLY = 4.0, 8.0, 12.0
"""Calls of the budget that a look leaves to others: for a run that has ended, for a request without a run, which anyone
can make up, and for a run under way, whose commit may be there some seconds before it ends."""

EARLY_FROM = 3
"""The look of one who waits from which on a commit is looked for before the run has ended: no site is built sooner."""


@dataclass(frozen=True)
class ResultQuery:
    """What is asked for. `requests`: the ids that it may have, and the round of each."""

    email: str
    task: str
    nonce: str
    requests: Mapping[str, int]


@dataclass(frozen=True)
class KnownResult:
    """What was found; a body of None: nothing is known."""

    body: dict[str, Any] | None
    at: datetime

    @property
    def is_final(self) -> bool:
        """Whether nothing is left to come."""
        return self.body is not None and self.body.get("live") is True


class Results:
    """Answers what is known of a request."""

    def __init__(
        self, settings: Settings, github: GitHub, budget: CallBudget, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._github = github
        self._budget = budget
        self._answers: Memory[KnownResult] = Memory(ANSWERS, clock)
        self._under_way: UnderWay[KnownResult] = UnderWay()

    async def answer_result(self, http: HTTPRequest) -> Response:
        """Say what came of a request; the last that was known of it, with its time, where the budget is spent."""
        query = http.query_params
        round_ = _parse_round(query)
        texts = [query[name] for name in LONGEST]
        if round_ == 0 or any(len(text) > most for text, most in zip(texts, LONGEST.values(), strict=True)):
            raise _unknown_error()
        email, task, nonce = texts
        # Who knows neither e-mail nor nonce cannot name it: what is remembered is for those who could ask anyway.
        name = request_id(email, task, round_ or 0, nonce)
        last = self._answers.find_value(name)
        answer = self._answers.find_fresh(name, LIVE_S if last and last.is_final else ANSWER_S)
        if answer is None:
            requests = {request_id(email, task, one, nonce): one for one in _candidate_rounds(round_)}
            asked = ResultQuery(email, task, nonce, requests)
            try:
                answer = await self._under_way.join(name, lambda: self._refresh_answer(name, asked))
            except SpentError:
                if last is None or last.body is None:
                    raise
                return JSONResponse(last.body | {"as_of": last.at.isoformat(timespec="seconds")})
        if answer.body is None:
            raise _unknown_error()
        return JSONResponse(answer.body)

    async def await_result(self, request: Request) -> dict[str, Any]:
        """Return what came of `request`, or after the time for waiting what is known by then.

        Looks become rarer the longer it takes, and what others who wait saw meanwhile is taken.
        """
        asked = ResultQuery(request.email, request.task, request.nonce, {request.id: request.round})
        known: dict[str, Any] | None = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.wait_s):
                for number in itertools.count(1):
                    pause = number * self._settings.poll_s
                    await asyncio.sleep(pause)
                    with contextlib.suppress(NotTakenError):  # GitHub has the task; a failed look is no failure
                        known = await self._find_outcome(asked, [Terms(pause)], _terms_for_waiting(number, pause))
                    if known is not None and known["status"] in ("done", "failed"):
                        break
        return known or {"status": "queued", "id": request.id, "logs_url": None}

    async def _refresh_answer(self, name: str, asked: ResultQuery) -> KnownResult:
        answer = KnownResult(
            await self._find_outcome(asked, self._listing_terms(), self._terms_for_anyone), datetime.now(UTC)
        )
        self._answers.keep(name, answer)
        return answer

    def _listing_terms(self) -> list[Terms]:
        shared = Purse(self._budget, is_refunded=True)
        return [Terms(RUNS_S, shared), Terms(OLDER_RUNS_S, shared)]

    def _terms_for_anyone(self, run: RequestRun | None) -> Terms:
        keep = UNLISTED if run is None else EARLY if run.is_under_way else OPEN
        return Terms(COMMITS_S, Purse(self._budget, keep))

    async def _find_outcome(
        self, asked: ResultQuery, pages: Sequence[Terms], terms_for: Callable[[RequestRun | None], Terms | None]
    ) -> dict[str, Any] | None:
        """Return what is known. `terms_for`: how to look for the commit of a request with this run, None not to."""
        run = await self._github.find_run(asked.requests, pages)
        terms = terms_for(run)
        commit = await self._find_commit(asked, run, terms) if terms else None
        if commit is not None:
            return await self._build_done_body(asked, commit, run, terms)
        return None if run is None else {"status": run.state, "id": run.request, "logs_url": run.logs_url}

    async def _find_commit(self, asked: ResultQuery, run: RequestRun | None, terms: Terms) -> AnsweringCommit | None:
        names: Sequence[str] = repository_names(asked.task, *derive_task_keys(self._settings, asked.email, asked.task))
        is_early = run is not None and run.is_under_way
        if is_early:
            names = names[:1]  # nearly every site has it, and the list of runs has an answer already
        try:
            with terms.purse.hold_calls(len(names)) if terms.purse else contextlib.nullcontext():
                return await self._github.find_commit(asked.requests, names, terms, run)
        except SpentError:
            if is_early:
                return None
            raise

    async def _build_done_body(
        self, asked: ResultQuery, commit: AnsweringCommit, run: RequestRun | None, terms: Terms | None
    ) -> dict[str, Any]:
        pages_url = self._settings.pages_url.format(owner=commit.owner, repo=commit.repository)
        round_ = asked.requests[commit.request]
        elsewhere = await self._find_elsewhere(commit, round_, terms)
        # A run ends well only once the page is live; one whose evaluator did not answer may be live as well.
        live = bool(elsewhere or (run is not None and run.has_succeeded)) or await self._github.pages.is_live(
            pages_url, commit.request, round_, ANSWER_S
        )
        return {
            "status": "done",
            "live": live,
            "id": commit.request,
            "logs_url": run.logs_url if run else None,
            "email": asked.email,
            "task": asked.task,
            "round": round_,
            "nonce": asked.nonce,
            "repo_url": commit.repo_url,
            "commit_sha": commit.sha,
            "pages_url": elsewhere or pages_url,
        }

    async def _find_elsewhere(self, commit: AnsweringCommit, round_: int, terms: Terms | None) -> str:
        """Return the homepage of a commit's repository where that is seen to serve it; empty if it is on GitHub Pages.

        What an owner has written there stands for nothing.
        """
        if set(self._settings.targets) == {"pages"}:
            return ""
        with contextlib.suppress(NotTakenError, SpentError):
            url = await self._github.fetch_homepage(f"{commit.owner}/{commit.repository}", terms or Terms(COMMITS_S))
            if url and await self._github.pages.is_live(url, commit.request, round_, ANSWER_S):
                return url
        return ""


def _terms_for_waiting(number: int, pause: float) -> Callable[[RequestRun | None], Terms | None]:
    def terms_for(run: RequestRun | None) -> Terms | None:
        is_sooner = run is not None and not run.is_under_way
        return Terms(pause) if is_sooner or number >= EARLY_FROM else None

    return terms_for


def _parse_round(query: QueryParams) -> int | None:
    """Return the round that is asked for, None for any; raise RefusedRequest(422) where the query lacks something."""
    missing = [name for name in LONGEST if not query.get(name)]
    round_ = query.get("round", "")
    if missing or not (round_ == "" or (round_.isascii() and round_.isdigit() and len(round_) < 10)):
        names = ", ".join(missing) or "round (a whole number)"
        raise RefusedRequest(422, f"Add {names} to the query.")
    return int(round_) if round_ else None


def _candidate_rounds(round_: int | None) -> Sequence[int]:
    return [round_] if round_ else range(1, ROUNDS_TRIED + 1)


def _unknown_error() -> RefusedRequest:
    return RefusedRequest(
        404,
        "This request is unknown. If you have just sent it, ask again in a few seconds: GitHub may not list it yet.",
    )
