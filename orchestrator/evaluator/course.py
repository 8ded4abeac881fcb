"""An evaluation from beginning to end: send every task to every endpoint, wait for its result, and judge it."""

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from orchestrator.core.address import NotPublic, Unresolved
from orchestrator.core.deadline import Clock
from orchestrator.core.errors import GitHubFailed, UsageError
from orchestrator.core.http import TooLarge, pinned_request, read_body
from orchestrator.core.retry import ASK, NO_ANSWER, Failure, Kind, Tries, classify_failure
from orchestrator.core.settings import EvaluatorSettings
from orchestrator.core.task import Task, parse_task
from orchestrator.evaluator.inbox import Inbox
from orchestrator.evaluator.judging import Claim, decode_attachments, judge_claim
from orchestrator.evaluator.ledger import Ledger
from orchestrator.evaluator.live import COMPARING_S
from orchestrator.evaluator.owners import settle_owners
from orchestrator.evaluator.reach import Reach, resolving
from orchestrator.evaluator.records import LedgerEntry, Outcome, Verdict, make_one_line
from orchestrator.evaluator.templates import TaskTemplate, fill_template

AT_ONCE = 4
ANSWER_S = 60
PATIENCE_S = 900
"""Seconds to wait for a result: the ten minutes of a task, and some more for a busy endpoint."""

LONGEST_ANSWER = 200


@dataclass(frozen=True)
class Endpoint:
    """Where tasks are sent to: one student's."""

    email: str
    url: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Tools:
    """What an evaluation works with.

    - `url`: where results are sent to
    - `say`: is called with each line that tells what happened
    - `reach`: which addresses the operator allows
    - `patience`: how many seconds to wait for a result
    - `comparing`: how many seconds all reading of a page may take
    """

    settings: EvaluatorSettings
    inbox: Inbox
    url: str
    http: httpx.AsyncClient
    clock: Clock
    say: Callable[[str], None]
    reach: Reach
    patience: float = PATIENCE_S
    comparing: float = COMPARING_S
    at_once: int = AT_ONCE


def plan_digest(endpoints: Sequence[Endpoint], templates: Sequence[TaskTemplate]) -> str:
    """Return what identifies an evaluation: its endpoints and its templates."""
    said = [f"{endpoint.email} {endpoint.url}" for endpoint in endpoints]
    said += [template.model_dump_json() for template in templates]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()


def plan_rounds(endpoint: Endpoint, template: TaskTemplate, seed: str) -> list[LedgerEntry]:
    """Return the rounds of one task for one endpoint."""
    return [
        LedgerEntry(
            endpoint.url, template.id, _make_task(endpoint.email, f"{template.id}-{seed}", number, vars(wanted))
        )
        for number, wanted in enumerate(fill_template(template, seed), 1)
    ]


def _make_task(email: str, task: str, round_: int, wanted: Mapping[str, object]) -> Task:
    return parse_task(Task, {"email": email, "task": task, "round": round_, "nonce": secrets.token_hex(8), **wanted})


async def carry_out(ledger: Ledger, evaluation: int, endpoints: Sequence[Endpoint], tools: Tools) -> list[LedgerEntry]:
    """Do the open rounds of an evaluation, some tasks at once and the rounds of each in order; return all rounds.

    A round that cannot be judged stays open, and the others continue.
    """
    known = {(endpoint.email, endpoint.url): endpoint for endpoint in endpoints}
    tasks: dict[tuple[str, str, str], list[LedgerEntry]] = {}
    for entry in ledger.load_entries(evaluation):
        tasks.setdefault((entry.endpoint, entry.task.email, entry.task.task), []).append(entry)
    turns = asyncio.Semaphore(tools.at_once)

    async def run_in_turn(rounds: Sequence[LedgerEntry]) -> None:
        async with turns:
            await _run_rounds(rounds, known[rounds[0].task.email, rounds[0].endpoint], ledger, tools)

    await asyncio.gather(*map(run_in_turn, tasks.values()))
    return settle_owners(ledger.load_entries(evaluation))


async def _run_rounds(rounds: Sequence[LedgerEntry], endpoint: Endpoint, ledger: Ledger, tools: Tools) -> None:
    before: LedgerEntry | None = None
    for entry in rounds:
        nonce, now = entry.task.nonce, tools.clock.now
        named = f"{entry.task.email}  {entry.task.task}  round {entry.task.round}"
        if entry.outcome == "open" and before is not None and before.outcome != "live":
            ledger.record_outcome(nonce, "skipped", now(), "the previous round did not go live")
        elif entry.outcome == "open":
            tools.say(f"{named}: sent")
            outcome, answer = await _send_and_wait(entry, endpoint, ledger, tools)
            verdict = None
            if outcome == "live":
                known = [ledger.load_entry(other.task.nonce) for other in rounds]
                verdict, problem = await _try_judging(known, ledger.load_entry(nonce), tools)
                if verdict is None:
                    tools.say(f"{named}: not judged ({problem}); run the same command again to judge it")
                    return
            ledger.record_outcome(nonce, outcome, now(), answer, verdict)
            tools.say(f"{named}: {_describe_entry(ledger.load_entry(nonce))}")
        before = ledger.load_entry(nonce)


async def _try_judging(rounds: Sequence[LedgerEntry], entry: LedgerEntry, tools: Tools) -> tuple[Verdict | None, str]:
    """Return the verdict, or None and the reason. An error in one judgement must not end the others."""
    try:
        return await judge_round(rounds, entry, tools), ""
    except UsageError:
        raise
    except GitHubFailed as error:
        return None, make_one_line(error.cause, LONGEST_ANSWER)
    except Exception as error:  # noqa: BLE001 - a defect of ours, or of the browser, which a page brought out
        return None, f"an internal error: {type(error).__name__}"


async def _send_and_wait(entry: LedgerEntry, endpoint: Endpoint, ledger: Ledger, tools: Tools) -> tuple[Outcome, str]:
    """Send one round and wait for its result.

    If the evaluation was stopped after the request was sent, the same request is sent again.
    """
    nonce = entry.task.nonce
    if entry.result is None:
        ledger.record_sending(nonce, tools.clock.now())
        if refusal := await send_task(entry.task, endpoint, tools):
            return "refused", refusal
        try:
            async with asyncio.timeout(tools.patience):
                await tools.inbox.await_result(nonce)
        except TimeoutError:
            return "silent", f"no result within {tools.patience / 60:.0f} minutes"
    result = ledger.choose_result(nonce).result or {}
    return ("error", make_one_line(result["error"], LONGEST_ANSWER)) if result.get("error") else ("live", "")


def request_body(task: Task) -> dict[str, Any]:
    """Return what a request says, without the secret and without where its result goes."""
    said = task.model_dump(mode="json", exclude={"received_at", "checks", "evaluation_url", "target"})
    if task.framework == "auto":
        del said["framework"]
    return {**said, "checks": [check.wire_form() for check in task.checks]}


async def send_task(task: Task, endpoint: Endpoint, tools: Tools) -> str:
    """POST a request until it is taken; return why it was not, nothing if it was.

    A path is added where the URL has none: `/api-endpoint`. What the endpoint says never repeats the secret.
    """
    body = {**request_body(task), "secret": endpoint.secret, "evaluation_url": tools.url}
    tries = Tries(ASK, tools.clock.now)
    while True:
        try:
            status, text, failure = await _post(endpoint.url, body, tools)
        except Unresolved:
            status, text, failure = NO_ANSWER, "", Failure(Kind.OUTAGE)
        except NotPublic:
            return "its address is not public. Pass --private to allow private addresses"
        if status == 200:
            return ""
        if (wait := tries.next_delay(failure)) is None:
            cut = make_one_line(text.replace(endpoint.secret, "…"), LONGEST_ANSWER)
            return f"answered {status}: {cut}" if status != NO_ANSWER else "does not answer"
        await tools.clock.sleep(wait)


async def _post(url: str, body: dict[str, Any], tools: Tools) -> tuple[int, str, Failure]:
    """Return the status, the beginning of the answer, and what it means where it is no success. Raises NotPublic."""
    parts = urlsplit(url)
    with resolving(tools.reach) as names:
        to = await names.resolve_url(parts._replace(path="/api-endpoint").geturl() if parts.path in ("", "/") else url)
    try:
        async with (
            asyncio.timeout(ANSWER_S),
            pinned_request(tools.http, "POST", to, json=body, headers={"accept-encoding": "identity"}) as response,
        ):
            text = await read_body(response, 10 * LONGEST_ANSWER)
    except TooLarge as large:
        text = large.begun
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError):
        return NO_ANSWER, "", Failure(Kind.OUTAGE)
    failure = classify_failure(response.status_code, response.headers)
    after = response.headers.get("retry-after", "")
    if response.status_code == 503 and after.isdecimal():  # what a receiver of ours says
        failure = Failure(Kind.OUTAGE, float(after))
    return response.status_code, text.decode(errors="replace"), failure


async def judge_round(rounds: Sequence[LedgerEntry], entry: LedgerEntry, tools: Tools) -> Verdict:
    """Judge the result of `entry`, one of the `rounds` of a task."""
    so_far = [other.task for other in rounds if other.task.round <= entry.task.round]
    before = [other for other in rounds if other.task.round < entry.task.round]
    claim = Claim(
        task=entry.task,
        result=dict(entry.result or {}),
        since=rounds[0].sent_at or 0,
        attachments=decode_attachments(so_far),
        reach=tools.reach,
        earlier=next(filter(None, ((other.result or {}).get("repo_url") for other in before)), ""),
    )
    return await judge_claim(claim, tools.settings, tools.clock, tools.comparing)


def _describe_entry(entry: LedgerEntry) -> str:
    if entry.outcome != "live":
        return f"{entry.outcome}, {entry.answer}"
    passed, failed = entry.count("passed"), entry.count("failed")
    return f"live, {passed} of {passed + failed} checks passed"
