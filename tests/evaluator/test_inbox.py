import asyncio

import httpx
import pytest

from orchestrator.core.loopback import bind, serving
from orchestrator.evaluator.inbox import Inbox, Taking, create_inbox_app

pytestmark = pytest.mark.anyio

RESULT = {"email": "a@b.c", "task": "t", "round": 1, "nonce": "n", "error": "no"}


def _client(inbox: Inbox) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(create_inbox_app(inbox, is_shown=True)), base_url="http://evaluator"
    )


async def test_a_result_wakes_whoever_waits_for_it_and_the_newest_counts() -> None:
    inbox = Inbox()
    waiting = asyncio.create_task(inbox.await_result("n"))
    async with _client(inbox) as http:
        assert (await http.post("/notify", json={**RESULT, "nonce": "other"})).status_code == 200
        assert not waiting.done()
        assert (await http.post("/notify", json=RESULT)).status_code == 200
        assert await waiting == RESULT
        await http.post("/notify", json={**RESULT, "error": "later"})
        assert (await inbox.await_result("n"))["error"] == "later"
        assert [entry["nonce"] for entry in (await http.get("/notify")).json()] == ["other", "n", "n"]


@pytest.mark.parametrize("body", [b"", b"[]", b'{"email": "a"}', b"\xff"])
async def test_what_is_no_result_is_refused(body: bytes) -> None:
    inbox = Inbox()
    async with _client(inbox) as http:
        assert (await http.post("/notify", content=body)).status_code == 400
    assert inbox.received == []


async def test_where_strangers_reach_it_nothing_is_shown() -> None:
    app = create_inbox_app(Inbox(received=[RESULT]), is_shown=False)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://evaluator") as http:
        answer = await http.get("/notify")
        assert answer.status_code == 405
        assert "a@b.c" not in answer.text


async def test_what_comes_too_late_is_told_not_to_come_again() -> None:
    answers: list[Taking] = ["taken", "known", "over", "unknown"]
    inbox = Inbox(lambda _: answers.pop(0))
    async with _client(inbox) as http:
        assert [(await http.post("/notify", json=RESULT)).status_code for _ in range(4)] == [200, 200, 410, 404]
    assert inbox.received == [RESULT]


async def test_a_result_that_never_ends_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.evaluator.inbox.READING_S", 0.05)

    app = create_inbox_app(Inbox(), is_shown=False)
    async with serving(app, listener := bind()):
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.getsockname()[1])
        writer.write(b"POST /notify HTTP/1.1\r\nhost: x\r\ncontent-length: 999\r\n\r\n{")
        assert (await reader.readline()).startswith(b"HTTP/1.1 400")
        writer.close()
