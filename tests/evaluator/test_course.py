"""Whole evaluations: a student's endpoint on a real socket, the inbox, the ledger; pages on the local GitHub."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from orchestrator.core.errors import UsageError
from orchestrator.core.loopback import bind, listener_url, serving
from orchestrator.core.settings import EvaluatorSettings, evaluator_settings
from orchestrator.core.site import Site, add_standard_files
from orchestrator.core.task import decode_data_uri
from orchestrator.evaluator.course import Endpoint, Tools, carry_out, plan_digest, plan_rounds
from orchestrator.evaluator.inbox import Inbox, create_inbox_app
from orchestrator.evaluator.ledger import Ledger
from orchestrator.evaluator.reach import Reach
from orchestrator.evaluator.records import LedgerEntry
from orchestrator.evaluator.templates import TaskTemplate
from orchestrator.targets.pages import enable_pages
from tests.doubles.clock import FastClock
from tests.doubles.hub import Hub
from tests.doubles.server import response
from tests.doubles.student import SECRET, student

pytestmark = pytest.mark.anyio

TEMPLATE = TaskTemplate.model_validate(
    {
        "id": "sales",
        "brief": "Sum ${seed}",
        "attachments": [{"name": "a.csv", "content": "x"}],
        "checks": ["Repo has MIT license", "a.csv is committed unchanged"],
        "round2": {"brief": "More", "checks": ["a.csv exists"]},
    }
)
ERROR = {"error": "no model answered"}
HERE = Reach(allow_private=True, is_here=True)


@dataclass
class Course:
    """An evaluation of one endpoint, with everything that it needs."""

    ledger: Ledger
    tools: Tools
    time: FastClock
    said: list[str] = field(default_factory=list)

    async def run(self, url: str, evaluation: int | None = None, secret: str = SECRET) -> list[LedgerEntry]:
        endpoint = Endpoint("a@b.c", url, secret)
        plan = plan_digest([endpoint], [TEMPLATE])
        number = evaluation or self.ledger.begin_evaluation(plan, plan_rounds(endpoint, TEMPLATE, "x1"), 0)
        return await carry_out(self.ledger, number, [endpoint], self.tools)


@asynccontextmanager
async def course(folder: Path, patience: float = 20) -> AsyncIterator[Course]:
    ledger, time, said = Ledger(folder / "ledger.sqlite"), FastClock(), list[str]()
    inbox = Inbox(lambda result: ledger.take_result(result, time.moment))
    listener = bind()
    async with serving(create_inbox_app(inbox, is_shown=False), listener), httpx.AsyncClient(trust_env=False) as http:
        url = f"{listener_url(listener)}/notify"
        tools = Tools(evaluator_settings({}), inbox, url, http, time.clock(), said.append, HERE, patience)
        yield Course(ledger, tools, time, said)
    ledger.close()


def outcomes(entries: list[LedgerEntry]) -> list[tuple[str, str]]:
    return [(entry.outcome, entry.answer) for entry in entries]


async def published(hub: Hub) -> dict[str, Any]:
    files = add_standard_files(
        Site({"index.html": b"<!doctype html><title>x</title><h1>x", "a.csv": b"x"}), "octo", 2026
    ).files
    sha = hub.seed("sales", dict(files))
    url = await enable_pages(hub.client(), "octo/sales", is_new=True)
    hub.time.moment += 10
    return {"repo_url": f"{hub.host.url}/octo/sales", "commit_sha": sha, "pages_url": url}


@pytest.mark.browser
async def test_the_rounds_of_a_task_are_asked_in_order_and_judged(hub: Hub, tmp_path: Path) -> None:
    live = await published(hub)
    async with course(tmp_path) as asked, student({1: live, 2: live}) as endpoint:
        entries = await asked.run(endpoint.url)
        first, second = endpoint.requests
        assert endpoint.paths == ["/api-endpoint", "/api-endpoint"]
        assert first.keys() == {
            "email",
            "secret",
            "task",
            "round",
            "nonce",
            "brief",
            "checks",
            "evaluation_url",
            "attachments",
        }
        assert (first["task"], first["brief"], first["round"], second["round"]) == ("sales-x1", "Sum x1", 1, 2)
        assert first["nonce"] != second["nonce"]
        assert decode_data_uri(first["attachments"][0]["url"]) == b"x"
    assert outcomes(entries) == [("live", ""), ("live", "")]
    # The file of round 1 is known in round 2, and the repository may be as old as round 1.
    assert [[mark.state for mark in entry.marks] for entry in entries] == [["passed"] * 6, ["passed"] * 5]
    assert asked.said == [
        "a@b.c  sales-x1  round 1: sent",
        "a@b.c  sales-x1  round 1: live, 2 of 2 checks passed",
        "a@b.c  sales-x1  round 2: sent",
        "a@b.c  sales-x1  round 2: live, 1 of 1 checks passed",
    ]


async def test_an_error_is_written_down_and_the_next_round_is_not_asked(tmp_path: Path) -> None:
    async with course(tmp_path) as asked, student({1: ERROR}) as endpoint:
        entries = await asked.run(f"{endpoint.url}/own/path?x=1")
        assert endpoint.paths == ["/own/path?x=1"]
    assert outcomes(entries) == [("error", "no model answered"), ("skipped", "the previous round did not go live")]


async def test_an_endpoint_that_stays_silent_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    async with course(tmp_path, patience=0.2) as asked, student({}) as endpoint:
        entries = await asked.run(endpoint.url)
    assert outcomes(entries)[0] == ("silent", "no result within 0 minutes")


async def test_a_refusal_is_shown_without_the_secret_it_repeats(tmp_path: Path) -> None:
    async with course(tmp_path) as asked, student({}) as endpoint:
        entries = await asked.run(endpoint.url, secret="hunter22")
    assert outcomes(entries)[0] == ("refused", "answered 401: wrong: …")
    assert b"hunter22" not in (tmp_path / "ledger.sqlite").read_bytes()


async def test_an_endpoint_that_asks_for_a_moment_gets_it(tmp_path: Path) -> None:
    answers = response(503, retry_after="7"), response(500), response(429, retry_after="3"), response(200)
    async with course(tmp_path) as asked, student({1: ERROR}, *answers) as endpoint:
        entries = await asked.run(endpoint.url)
        assert len({request["nonce"] for request in endpoint.requests}) == 1
    assert asked.time.slept == [7, 2, 3]
    assert entries[0].outcome == "error"


async def test_an_endpoint_that_does_not_answer_is_given_up(tmp_path: Path) -> None:
    async with course(tmp_path) as asked:
        entries = await asked.run("http://127.0.0.1:9")
    assert outcomes(entries)[0] == ("refused", "does not answer")
    assert asked.time.slept == [1, 2, 4, 8, 16]


async def test_an_endless_answer_is_cut(tmp_path: Path) -> None:
    async with course(tmp_path) as asked, student({}, response(400, b"x" * 1_000_000)) as endpoint:
        entries = await asked.run(endpoint.url)
    assert outcomes(entries)[0] == ("refused", f"answered 400: {'x' * 200}")


async def test_what_was_stopped_goes_on_with_the_same_nonces_and_asks_nothing_twice(tmp_path: Path) -> None:
    async with course(tmp_path) as asked, student({}) as endpoint:
        running = asyncio.create_task(asked.run(endpoint.url))
        await endpoint.has_been_asked.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        nonce = endpoint.requests[0]["nonce"]
        url = endpoint.url
    async with course(tmp_path) as again:
        plan = plan_digest([Endpoint("a@b.c", url, "other")], [TEMPLATE])
        number = again.ledger.find_unfinished(plan)
        first_sent = again.ledger.load_entry(nonce).sent_at
        assert number
        # Its endpoint has moved, as far as this test is concerned: a free port does not come back.
        again.ledger.take_result({"email": "a@b.c", "task": "sales-x1", "round": 1, "nonce": nonce, **ERROR}, 5)
        entries = await again.run(url, number)
    assert outcomes(entries)[0] == ("error", "no model answered")
    assert entries[0].sent_at == first_sent
    assert again.said == ["a@b.c  sales-x1  round 1: sent", "a@b.c  sales-x1  round 1: error, no model answered"]


async def test_many_endpoints_are_asked_some_at_once(tmp_path: Path) -> None:
    async with course(tmp_path) as asked, student({1: ERROR}) as endpoint:
        endpoints = [Endpoint(f"{number}@b.c", endpoint.url, "s3cret") for number in range(10)]
        entries = [entry for each in endpoints for entry in plan_rounds(each, TEMPLATE, each.email)]
        number = asked.ledger.begin_evaluation("plan", entries, 0)
        ended = await carry_out(asked.ledger, number, endpoints, asked.tools)
    assert [entry.outcome for entry in ended] == ["error", "skipped"] * 10


def test_a_plan_is_who_is_asked_for_what() -> None:
    one, other = Endpoint("a", "http://x", "1"), Endpoint("a", "http://x", "2")
    assert plan_digest([one], [TEMPLATE]) == plan_digest([other], [TEMPLATE])
    assert plan_digest([one], [TEMPLATE]) != plan_digest([one, one], [TEMPLATE])
    assert plan_digest([one], [TEMPLATE]) != plan_digest([one], [TEMPLATE.model_copy(update={"brief": "x"})])


@pytest.mark.parametrize("secret", ["s3cret", "other"])
async def test_an_address_that_is_not_public_is_the_operators_to_allow(secret: str, tmp_path: Path) -> None:
    async with course(tmp_path) as asked, student({1: ERROR}) as endpoint:
        asked.tools = replace(asked.tools, reach=Reach())
        entries = await asked.run(endpoint.url, secret=secret)
        assert endpoint.requests == []
    assert outcomes(entries)[0] == ("refused", "its address is not public. Pass --private to allow private addresses")


async def test_a_host_that_does_not_resolve_may_do_so_in_a_moment(tmp_path: Path) -> None:
    async with course(tmp_path) as asked:
        entries = await asked.run("http://none.invalid:9/")
    assert outcomes(entries)[0] == ("refused", "does not answer")
    assert asked.time.slept == [1, 2, 4, 8, 16]


async def test_a_defect_that_one_result_brings_out_leaves_its_round_open_and_the_others_go_on(tmp_path: Path) -> None:
    async with course(tmp_path) as asked, student({1: {"repo_url": "x"}}) as one, student({1: ERROR}) as other:
        asked.tools = replace(asked.tools, settings=cast("EvaluatorSettings", None))
        endpoints = [Endpoint("a@b.c", one.url, SECRET), Endpoint("d@e.f", other.url, SECRET)]
        entries = [entry for each in endpoints for entry in plan_rounds(each, TEMPLATE, each.email)]
        ended = await carry_out(asked.ledger, asked.ledger.begin_evaluation("plan", entries, 0), endpoints, asked.tools)
    assert [entry.outcome for entry in ended] == ["open", "open", "error", "skipped"]
    assert any(
        line.endswith("not judged (an internal error: AttributeError); run the same command again to judge it")
        for line in asked.said
    )


async def test_a_browser_that_is_not_there_is_everybodys_and_ends_the_evaluation(hub: Hub, tmp_path: Path) -> None:
    live = await published(hub)
    async with course(tmp_path) as asked, student({1: live}) as endpoint:
        asked.tools = replace(asked.tools, settings=evaluator_settings({"BROWSER": "/none"}))
        with pytest.raises(UsageError, match="BROWSER"):
            await asked.run(endpoint.url)
