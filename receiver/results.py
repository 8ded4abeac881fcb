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
from receiver.answers import Refused
from receiver.budget import Budget, Purse, SpentError
from receiver.github import GitHub, NotTakenError
from receiver.keys import keys_of
from receiver.listings import Commit, Run
from receiver.looks import Terms
from receiver.memory import Memory, UnderWay
from receiver.settings import Settings

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
class Asked:
    """What is asked for. `requests`: the ids that it may have, and the round of each."""

    email: str
    task: str
    nonce: str
    requests: Mapping[str, int]


@dataclass(frozen=True)
class Answer:
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
        self, settings: Settings, github: GitHub, budget: Budget, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._github = github
        self._budget = budget
        self._answers: Memory[Answer] = Memory(ANSWERS, clock)
        self._under_way: UnderWay[Answer] = UnderWay()

    async def result(self, http: HTTPRequest) -> Response:
        """Say what came of a request; the last that was known of it, with its time, where the budget is spent."""
        query = http.query_params
        round_ = _round_in(query)
        texts = [query[name] for name in LONGEST]
        if round_ == 0 or any(len(text) > most for text, most in zip(texts, LONGEST.values(), strict=True)):
            raise _unknown()
        email, task, nonce = texts
        # Who knows neither e-mail nor nonce cannot name it: what is remembered is for those who could ask anyway.
        name = request_id(email, task, round_ or 0, nonce)
        last = self._answers.found(name)
        answer = self._answers.fresh(name, LIVE_S if last and last.is_final else ANSWER_S)
        if answer is None:
            requests = {request_id(email, task, one, nonce): one for one in _rounds(round_)}
            asked = Asked(email, task, nonce, requests)
            try:
                answer = await self._under_way.join(name, lambda: self._answer(name, asked))
            except SpentError:
                if last is None or last.body is None:
                    raise
                return JSONResponse(last.body | {"as_of": last.at.isoformat(timespec="seconds")})
        if answer.body is None:
            raise _unknown()
        return JSONResponse(answer.body)

    async def awaited(self, request: Request) -> dict[str, Any]:
        """Return what came of `request`, or after the time for waiting what is known by then.

        Looks become rarer the longer it takes, and what others who wait saw meanwhile is taken.
        """
        asked = Asked(request.email, request.task, request.nonce, {request.id: request.round})
        known: dict[str, Any] | None = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.wait_s):
                for number in itertools.count(1):
                    pause = number * self._settings.poll_s
                    await asyncio.sleep(pause)
                    with contextlib.suppress(NotTakenError):  # GitHub has the task; a failed look is no failure
                        known = await self._known(asked, [Terms(pause)], _for_one_who_waits(number, pause))
                    if known is not None and known["status"] in ("done", "failed"):
                        break
        return known or {"status": "queued", "id": request.id, "logs_url": None}

    async def _answer(self, name: str, asked: Asked) -> Answer:
        answer = Answer(await self._known(asked, self._listed(), self._for_anyone), datetime.now(UTC))
        self._answers.keep(name, answer)
        return answer

    def _listed(self) -> list[Terms]:
        shared = Purse(self._budget, is_refunded=True)
        return [Terms(RUNS_S, shared), Terms(OLDER_RUNS_S, shared)]

    def _for_anyone(self, run: Run | None) -> Terms:
        keep = UNLISTED if run is None else EARLY if run.is_under_way else OPEN
        return Terms(COMMITS_S, Purse(self._budget, keep))

    async def _known(
        self, asked: Asked, pages: Sequence[Terms], terms_for: Callable[[Run | None], Terms | None]
    ) -> dict[str, Any] | None:
        """Return what is known. `terms_for`: how to look for the commit of a request with this run, None not to."""
        run = await self._github.run_of(asked.requests, pages)
        terms = terms_for(run)
        commit = await self._commit(asked, run, terms) if terms else None
        if commit is not None:
            return await self._done(asked, commit, run, terms)
        return None if run is None else {"status": run.state, "id": run.request, "logs_url": run.logs_url}

    async def _commit(self, asked: Asked, run: Run | None, terms: Terms) -> Commit | None:
        names: Sequence[str] = repository_names(asked.task, *keys_of(self._settings, asked.email, asked.task))
        is_early = run is not None and run.is_under_way
        if is_early:
            names = names[:1]  # nearly every site has it, and the list of runs has an answer already
        try:
            with terms.purse.holding(len(names)) if terms.purse else contextlib.nullcontext():
                return await self._github.commit_of(asked.requests, names, terms, run)
        except SpentError:
            if is_early:
                return None
            raise

    async def _done(self, asked: Asked, commit: Commit, run: Run | None, terms: Terms | None) -> dict[str, Any]:
        pages_url = self._settings.pages_url.format(owner=commit.owner, repo=commit.repository)
        round_ = asked.requests[commit.request]
        elsewhere = await self._elsewhere(commit, round_, terms)
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

    async def _elsewhere(self, commit: Commit, round_: int, terms: Terms | None) -> str:
        """Return the homepage of a commit's repository where that is seen to serve it; empty if it is on GitHub Pages.

        What an owner has written there stands for nothing.
        """
        if set(self._settings.targets) == {"pages"}:
            return ""
        with contextlib.suppress(NotTakenError, SpentError):
            url = await self._github.homepage_of(f"{commit.owner}/{commit.repository}", terms or Terms(COMMITS_S))
            if url and await self._github.pages.is_live(url, commit.request, round_, ANSWER_S):
                return url
        return ""


def _for_one_who_waits(number: int, pause: float) -> Callable[[Run | None], Terms | None]:
    def terms_for(run: Run | None) -> Terms | None:
        is_sooner = run is not None and not run.is_under_way
        return Terms(pause) if is_sooner or number >= EARLY_FROM else None

    return terms_for


def _round_in(query: QueryParams) -> int | None:
    """Return the round that is asked for, None for any; raise Refused(422) where the query lacks something."""
    missing = [name for name in LONGEST if not query.get(name)]
    round_ = query.get("round", "")
    if missing or not (round_ == "" or (round_.isascii() and round_.isdigit() and len(round_) < 10)):
        names = ", ".join(missing) or "round (a whole number)"
        raise Refused(422, f"Add {names} to the query.")
    return int(round_) if round_ else None


def _rounds(round_: int | None) -> Sequence[int]:
    return [round_] if round_ else range(1, ROUNDS_TRIED + 1)


def _unknown() -> Refused:
    return Refused(404, "This request is not known (yet). A run is listed a few seconds after it starts.")
