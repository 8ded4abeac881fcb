"""Sends the evaluator the result, or the error, until it is accepted."""

import asyncio
import json
from dataclasses import dataclass

import httpx

from orchestrator.core.address import NotPublic, Unresolved, resolve_destination
from orchestrator.core.deadline import Clock
from orchestrator.core.errors import NotAccepted
from orchestrator.core.http import pinned_request
from orchestrator.core.retry import NO_ANSWER, NOTIFY, Tries, classify_failure
from orchestrator.core.task import Task

TRY_S = 20.0
LONGEST_ERROR = 500


@dataclass(frozen=True)
class Publication:
    """Where the site is: its repository, the commit that is served, and the page."""

    repo_url: str
    commit_sha: str
    pages_url: str


def result_body(task: Task, outcome: Publication | str) -> bytes:
    """Return the body for the evaluator, the same bytes for the same outcome. An outcome that is a text is an error."""
    said: dict[str, object] = {"email": task.email, "task": task.task, "round": task.round, "nonce": task.nonce}
    if isinstance(outcome, Publication):
        said |= {"repo_url": outcome.repo_url, "commit_sha": outcome.commit_sha, "pages_url": outcome.pages_url}
    else:
        said["error"] = " ".join(outcome.split())[:LONGEST_ERROR]
    return json.dumps(said, ensure_ascii=False).encode()


async def notify(url: str, body: bytes, clock: Clock, *, allow_private: bool) -> tuple[int, int]:
    """POST `body` to `url` until it is accepted with 2xx; return the number of tries, and the status of the last.

    Tries again after 1, 2, 4, 8, 16, 32 s, the same bytes; a redirect is a failure and not followed; 410 stops.
    Raises NotAccepted.
    """
    tries = Tries(NOTIFY, clock.now)
    while True:
        status = await _post(url, body, allow_private=allow_private)
        if 200 <= status < 300:
            return tries.failed.total() + 1, status
        wait = tries.next_delay(classify_failure(status, {}))
        if wait is None:
            answered = "did not answer" if status == NO_ANSWER else f"answered {status}"
            raise NotAccepted(
                f"The evaluator {answered} ({tries.failed.total()} tries).",
                "Make sure that evaluation_url is reachable from the internet, then re-run the failed "
                "job. It only notifies again.",
            )
        await clock.sleep(wait)


async def _post(url: str, body: bytes, *, allow_private: bool) -> int:
    """Return the status of one try, NO_ANSWER if none came. The body of the answer is not read."""
    try:
        async with asyncio.timeout(TRY_S):
            to = await resolve_destination(url, allow_private=allow_private)
            headers = {"content-type": "application/json", "user-agent": "pagewright"}
            async with (
                httpx.AsyncClient(timeout=TRY_S, follow_redirects=False, trust_env=False) as http,
                pinned_request(http, "POST", to, headers=headers, content=body) as response,
            ):
                return response.status_code
    except Unresolved:
        return NO_ANSWER  # a name server may be better in a moment
    except NotPublic as error:
        raise NotAccepted(
            f"evaluation_url is not public: {error}.", "Send a URL that is reachable from the internet."
        ) from None
    except (httpx.HTTPError, OSError, TimeoutError):
        return NO_ANSWER
