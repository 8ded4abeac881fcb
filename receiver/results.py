"""What came of a request, from GitHub alone: `/result`, and the answer to a sender that waits."""

import asyncio
import contextlib
from typing import Any

from starlette.requests import Request as HTTPRequest
from starlette.responses import JSONResponse, Response

from orchestrator.task import Request, repository_names, request_id
from receiver.answers import Refused
from receiver.github import GitHub, NotTakenError
from receiver.keys import keys_of
from receiver.settings import Settings

ROUNDS_TRIED = 50
"""Where `/result` is asked without a round, ids of this many rounds are looked for."""


class Results:
    """Answers what is known of a request."""

    def __init__(self, settings: Settings, github: GitHub) -> None:
        self._settings = settings
        self._github = github

    async def result(self, http: HTTPRequest) -> Response:
        """Say what came of a request."""
        asked = http.query_params
        missing = [name for name in ("email", "task", "nonce") if not asked.get(name)]
        round_ = asked.get("round", "")
        if missing or not (round_ == "" or (round_.isascii() and round_.isdigit() and len(round_) < 10)):
            names = ", ".join(missing) or "round (a whole number)"
            raise Refused(422, f"Give {names} in the query.")
        rounds = [int(round_)] if round_ else range(1, ROUNDS_TRIED + 1)
        found = await self._known(asked["email"], asked["task"], asked["nonce"], rounds)
        if found is None:
            raise Refused(404, "Nothing is known of this request (yet). A run is listed a few seconds after it began.")
        return JSONResponse(found)

    async def awaited(self, request: Request) -> dict[str, Any]:
        """Return what came of `request`, or after the time for waiting what is known by then."""
        known: dict[str, Any] | None = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.wait_s):
                while known is None or known["status"] not in ("done", "failed"):
                    await asyncio.sleep(self._settings.poll_s)
                    with contextlib.suppress(NotTakenError):  # GitHub has the task; a failed look is no failure
                        known = await self._known(request.email, request.task, request.nonce, [request.round])
        return known or {"status": "queued", "id": request.id, "logs_url": None}

    async def _known(self, email: str, task: str, nonce: str, rounds: range | list[int]) -> dict[str, Any] | None:
        requests = {request_id(email, task, round_, nonce): round_ for round_ in rounds}
        names = repository_names(task, *keys_of(self._settings, email, task))
        commit, run = await asyncio.gather(self._github.commit_of(requests, names), self._github.run_of(requests))
        logs_url = run.logs_url if run else None
        if commit is None:
            return None if run is None else {"status": run.state, "id": run.request, "logs_url": logs_url}
        pages_url = self._settings.pages_url.format(owner=self._settings.target_owner, repo=commit.repository)
        return {
            "status": "done",
            "id": commit.request,
            "logs_url": logs_url,
            "email": email,
            "task": task,
            "round": requests[commit.request],
            "nonce": nonce,
            "repo_url": commit.repo_url,
            "commit_sha": commit.sha,
            "pages_url": pages_url,
        }
