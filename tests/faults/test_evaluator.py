"""Attacks on the evaluator: what a student's endpoint, repository or page tries, and that nothing comes of it."""

import asyncio
import json
import socket
from asyncio import run_coroutine_threadsafe
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from orchestrator.core.loopback import bind, listener_url, serving
from orchestrator.core.record import Record
from orchestrator.core.settings import evaluator_settings
from orchestrator.core.site import RECORD, Site, add_standard_files
from orchestrator.evaluator.course import Endpoint, Tools, carry_out, plan_rounds
from orchestrator.evaluator.evaluate import EvaluateOptions, run_evaluate
from orchestrator.evaluator.inbox import Inbox, create_inbox_app
from orchestrator.evaluator.ledger import Ledger
from orchestrator.evaluator.reach import Reach
from orchestrator.evaluator.records import LedgerEntry
from orchestrator.evaluator.templates import TaskTemplate
from orchestrator.targets.pages import enable_pages
from tests.doubles.hub import Hub, fault
from tests.doubles.names import Resolver, resolver
from tests.doubles.server import Asked, answering, response
from tests.doubles.student import SECRET, student

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

HEAD = "<!doctype html><html lang=en><meta name=viewport content='width=device-width'><title>Own</title>"
GOOD = f"{HEAD}<h1 id=total>42</h1>"
BAD = f"{HEAD}<h1 id=total>0</h1>"
CHECK = "document.querySelector('#total').textContent === '42'"
TEMPLATE = TaskTemplate.model_validate({"id": "sales", "brief": "Sum", "checks": [{"js": CHECK}]})


async def published(hub: Hub, name: str, page: str, **files: bytes) -> dict[str, str]:
    """Publish a page as octo/<name>, and return what an endpoint tells of it."""
    site = add_standard_files(Site({"index.html": page.encode()}), "octo", 2026).files
    sha = hub.seed(name, {**site, **files})
    url = await enable_pages(hub.client(), f"octo/{name}", is_new=True)
    hub.time.moment += 1_000
    return {"repo_url": f"{hub.host.url}/octo/{name}", "commit_sha": sha, "pages_url": url}


@dataclass
class Class:
    """An evaluator on this machine that some endpoints are asked by."""

    ledger: Ledger
    tools: Tools
    said: list[str]

    def begin(self, *endpoints: Endpoint) -> int:
        entries = [entry for each in endpoints for entry in plan_rounds(each, TEMPLATE, each.email[0])]
        return self.ledger.begin_evaluation("plan", entries, 0)

    async def run(self, *endpoints: Endpoint, number: int = 0) -> list[LedgerEntry]:
        return await carry_out(self.ledger, number or self.begin(*endpoints), endpoints, self.tools)


@pytest.fixture
async def school(hub: Hub, tmp_path: Path) -> AsyncIterator[Class]:
    async with opened_class(hub, tmp_path) as school:
        yield school


@asynccontextmanager
async def opened_class(hub: Hub, folder: Path) -> AsyncIterator[Class]:
    ledger, said = Ledger(folder / "ledger.sqlite"), list[str]()
    inbox = Inbox(lambda result: ledger.take_result(result, 1))
    listener, reach = bind(), Reach(allow_private=True)
    settings = evaluator_settings({"GITHUB_API_URL": hub.host.url})
    async with serving(create_inbox_app(inbox, is_shown=False), listener), httpx.AsyncClient(trust_env=False) as http:
        url = f"{listener_url(listener)}/notify"
        yield Class(ledger, Tools(settings, inbox, url, http, hub.time.clock(), said.append, reach), said)
    ledger.close()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def options(folder: Path, **changes: Any) -> EvaluateOptions:
    template = folder / "sales.yaml"
    template.write_text(
        json.dumps({"id": "sales", "brief": "Sum", "checks": [{"js": CHECK}, {"js": "document.title"}]})
    )
    said: dict[str, Any] = {
        "files": [template],
        "receiver": "",
        "secret": SECRET,
        "email": "a@b.c",
        "endpoints": None,
        "listen": "127.0.0.1:0",
        "public_url": "",
        "data": folder / "data",
        "csv": None,
        "as_json": True,
    }
    return EvaluateOptions(**{**said, **changes})


async def test_s23_a_private_address_of_a_students_host_opens_nothing(
    hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With it came a GitHub of the student's own, which says whatever is to be seen."""
    told = await published(hub, "sales", GOOD)
    port = free_port()
    async with student({1: told}) as endpoint:
        asked = options(
            tmp_path,
            receiver=endpoint.url.replace("127.0.0.1", "student.test"),
            listen=f"127.0.0.1:{port}",
            public_url=f"http://127.0.0.1:{port}",
        )
        known = {"student.test": ["127.0.0.1", "93.184.215.14"]}
        with resolver(monkeypatch, Resolver(known)):
            hub.calls.clear()
            await asyncio.to_thread(run_evaluate, asked, evaluator_settings({}))
        (entry,) = json.loads(capsys.readouterr().out)
        assert endpoint.requests == []
    assert hub.calls == []
    assert (entry["outcome"], entry["marks"]) == ("refused", [])
    assert "not public" in entry["problem"]


async def test_s23_an_endpoint_on_the_internet_cannot_name_a_github_of_its_own(hub: Hub, school: Class) -> None:
    """Nor one on a private network: the operator alone names a GitHub."""
    told = await published(hub, "sales", GOOD)
    school.tools = replace(school.tools, settings=evaluator_settings({}))
    hub.calls.clear()
    async with student({1: told}) as endpoint:
        (entry,) = await school.run(Endpoint("a@b.c", endpoint.url, SECRET))
    assert hub.calls == []
    assert {mark.state for mark in entry.marks} == {"failed"}


def speculating(action: str) -> str:
    rules = json.dumps({action: [{"urls": ["URL"], "eagerness": "immediate"}]})
    return (
        f"<script type=speculationrules>{rules}</script><script>setTimeout(() => location.replace('URL'), 500)</script>"
    )


LEAVING = {
    "replaced": "<script>location.replace('URL')</script>",
    "refreshed": "<meta http-equiv=refresh content='0;url=URL'>",
    "prefetched": speculating("prefetch"),  # what was fetched ahead comes past whoever watches the browser
    "prerendered": speculating("prerender"),
}


@pytest.mark.parametrize("way", LEAVING)
async def test_s24_a_page_that_goes_to_another_students_is_not_taken_for_it(way: str, hub: Hub, school: Class) -> None:
    other = await published(hub, "other", GOOD)
    told = await published(hub, "sales", BAD + LEAVING[way].replace("URL", other["pages_url"]))
    async with student({1: told}) as endpoint:
        (entry,) = await school.run(Endpoint("a@b.c", endpoint.url, SECRET))
    check = entry.marks[-1]
    assert (entry.mark_state("page"), check.state) == ("passed", "failed")
    assert check.seen == f"the page went to {other['pages_url']}"
    assert any("stay at its address" in found.text for found in entry.findings)


async def test_s24_another_students_page_or_repository_is_not_ones_own(hub: Hub, school: Class) -> None:
    async with student({}) as victim, student({}) as thief, student({}) as patch:
        endpoints = [
            Endpoint("thief@b.c", thief.url, SECRET),
            Endpoint("victim@b.c", victim.url, SECRET),
            Endpoint("patch@b.c", patch.url, SECRET),
        ]
        number = school.begin(*endpoints)
        request = next(
            entry.task.id for entry in school.ledger.load_entries(number) if entry.task.email == "victim@b.c"
        )
        record = Record(task="k", request=request, site="s", built_by="m").render_file()
        theirs = await published(hub, "sales", GOOD, **{RECORD: record})
        mine = await published(hub, "mine", BAD)
        thief.results = victim.results = {1: theirs}
        patch.results = {1: {**mine, "pages_url": theirs["pages_url"]}}
        robbed, owner, patched = await school.run(*endpoints, number=number)
    assert [entry.mark_state("owner") for entry in (robbed, owner, patched)] == ["failed", "passed", "failed"]
    assert "victim@b.c for sales-v named this repository too" in robbed.marks[1].seen
    assert [mark.state for mark in owner.marks] == ["passed"] * 5
    assert [mark.state for mark in patched.marks] == ["passed", "failed", "passed", "failed", "failed"]


async def test_s24_a_host_of_the_students_own_shows_the_browser_nothing_else(hub: Hub, school: Class) -> None:
    """A domain of one's own may lead to a server that tells a browser from the evaluator."""
    told = await published(hub, "sales", BAD)
    files = hub.files("sales")
    shown: list[str] = []

    async def cloaked(asked: Asked, writer: asyncio.StreamWriter) -> None:
        if "Mozilla" in asked.headers.get("user-agent", ""):
            shown.append(asked.target)
            writer.write(response(200, GOOD.encode(), content_type="text/html"))
        else:
            writer.write(response(200, files[asked.target.removeprefix("/") or "index.html"], content_type="text/html"))

    async with answering(cloaked) as url:
        body = {"html_url": f"{url}/", "cname": "own.example"}
        hub.fail(fault("/pages$", method="GET", status=200, body=body, times=99))
        async with student({1: {**told, "pages_url": f"{url}/"}}) as endpoint:
            (entry,) = await school.run(Endpoint("a@b.c", endpoint.url, SECRET))
    assert (entry.mark_state("owner"), entry.mark_state("page"), entry.marks[-1].state) == (
        "passed",
        "passed",
        "failed",
    )
    assert shown == []


async def test_s24_the_result_that_was_judged_is_the_one_that_is_kept(hub: Hub, school: Class) -> None:
    told = await published(hub, "sales", GOOD)
    other = {**told, "repo_url": f"{hub.host.url}/octo/other"}
    answers: list[int] = []

    async def tell(request: Mapping[str, Any], result: Mapping[str, Any]) -> None:
        said = {name: request[name] for name in ("email", "task", "round", "nonce")}
        async with httpx.AsyncClient(trust_env=False) as http:
            answers.append((await http.post(school.tools.url, json={**said, **result})).status_code)

    async with student({1: told}) as endpoint:
        number = school.begin(Endpoint("a@b.c", endpoint.url, SECRET))
        (planned_one,) = school.ledger.load_entries(number)
        request = {"email": "a@b.c", "task": planned_one.task.task, "round": 1, "nonce": planned_one.task.nonce}
        loop, meanwhile = asyncio.get_running_loop(), list[Future[None]]()
        hub.before("GET", "legacy", lambda: meanwhile.append(run_coroutine_threadsafe(tell(request, other), loop)))
        await school.run(Endpoint("a@b.c", endpoint.url, SECRET), number=number)
        await asyncio.wrap_future(meanwhile[0])
        await tell(request, other)
        await tell(request, told)
    kept = school.ledger.load_entry(planned_one.task.nonce)
    assert answers == [410, 410, 200]
    assert (kept.result, kept.outcome) == (told, "live")


async def test_s25_a_page_that_comes_byte_by_byte_or_breaks_us_stops_nobody_else(hub: Hub, school: Class) -> None:
    async def drip(_: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 -\r\ncontent-length: 99999\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    honest, slow, odd = [await published(hub, name, GOOD) for name in ("honest", "slow", "odd")]
    school.tools = replace(school.tools, comparing=1.0)
    async with answering(drip) as url:
        told = {"html_url": f"{url}/", "cname": "own.example"}
        hub.fail(
            fault("/slow/pages$", method="GET", status=200, body=told, times=99),
            fault("/odd/tarball", method="GET", status=500, times=99),
        )
        async with (
            student({1: {**slow, "pages_url": f"{url}/"}}) as one,
            student({1: odd}) as other,
            student({1: honest}) as third,
        ):
            asked = [
                Endpoint(f"{name}@b.c", each.url, SECRET) for name, each in zip("sot", (one, other, third), strict=True)
            ]
            dripped, broken, fine = await school.run(*asked)
    assert dripped.marks[3].seen == "only 0 of 3 files arrived within 1 s"
    assert (broken.outcome, broken.marks) == ("open", ())
    assert any("not judged (GitHub failed with 500" in line for line in school.said)
    assert [mark.state for mark in fine.marks] == ["passed"] * 5


async def test_s25_what_a_page_says_reaches_no_terminal_as_it_is(
    hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = "\x9b2J\x1b]0;mine\x07\u202e\x7f"
    page = GOOD.replace("Own", f"{hostile}&#155;2J") + "<script>console.error('\x9b31m' + document.title)</script>"
    told = await published(hub, "sales", page)
    async with student({1: told}) as endpoint:
        asked = options(tmp_path, receiver=endpoint.url)
        await asyncio.to_thread(run_evaluate, asked, evaluator_settings({}))
        out, err = capsys.readouterr()
        await asyncio.to_thread(run_evaluate, replace(asked, as_json=False), evaluator_settings({}))
        table, more = capsys.readouterr()
    (entry,) = json.loads(out)
    assert [mark["state"] for mark in entry["marks"]] == ["passed"] * 6
    assert entry["findings"]
    assert out.isascii()
    assert out.rstrip("\n").isprintable()
    for said in (err, table, more):
        assert all(sign.isprintable() or sign == "\n" for sign in said)
