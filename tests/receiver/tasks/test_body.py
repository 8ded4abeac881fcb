"""Bodies of POSTs: how they are read, and who is let in with large ones. Over real sockets where those matter."""

import asyncio
import json
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from orchestrator.core.loopback import bind, serving
from receiver.tasks.body import DRAIN_BYTES, PLACES, SMALL
from receiver.tasks.outline import MOST_VALUES
from tests.doubles.door import MB, SETTINGS, TASK, ScriptedGitHub, app, fields, to

pytestmark = pytest.mark.anyio


# Reading


@asynccontextmanager
async def socket_to(
    github: ScriptedGitHub, **changes: Any
) -> AsyncIterator[tuple[str, asyncio.StreamReader, asyncio.StreamWriter]]:
    async with serving(app(github, replace(SETTINGS, **changes)), bind()) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        try:
            yield url, reader, writer
        finally:
            writer.close()


async def zeros(megabytes: int) -> AsyncIterator[bytes]:
    for _ in range(megabytes * 16):
        yield bytes(65_536)


@pytest.mark.parametrize("headers", [{"content-length": str(30 * MB)}, {}], ids=["with a length", "chunked"])
async def test_a_body_that_is_too_large_is_413_in_flat_memory(headers: dict[str, str], github: ScriptedGitHub) -> None:
    async with socket_to(github, max_body_bytes=MB) as (url, _, _), httpx.AsyncClient() as client:
        tracemalloc.start()
        answer = await client.post(f"{url}/api-endpoint", content=zeros(30), headers=headers)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert answer.status_code == 413
        assert answer.json() == {"error": f"Send at most {MB} bytes; send larger attachments as http(s) URLs."}
        assert peak < 8 * MB
        assert (await client.post(f"{url}/api-endpoint", json=TASK)).status_code == 200


async def test_a_body_of_just_the_limit_is_read(github: ScriptedGitHub) -> None:
    body = json.dumps(TASK).encode()
    for limit, status in ((len(body), 200), (len(body) - 1, 413)):
        async with to(github, max_body_bytes=limit) as door:
            assert (await door.post("/api-endpoint", content=body)).status_code == status


async def head(reader: asyncio.StreamReader) -> bytes:
    return (await reader.readuntil(b"\r\n")).split(b" ")[1]


def opening(length: int) -> bytes:
    return b"POST /api-endpoint HTTP/1.1\r\nHost: door\r\nContent-Length: %d\r\n\r\n" % length


async def test_what_comes_after_64_mb_is_not_even_thrown_away(github: ScriptedGitHub) -> None:
    async with socket_to(github, max_body_bytes=MB, drain_s=60) as (_, reader, writer), asyncio.timeout(20):
        writer.write(opening(10 * DRAIN_BYTES))
        async for chunk in zeros(DRAIN_BYTES // MB):
            writer.write(chunk)
            await writer.drain()
        writer.write(b"x")
        assert await head(reader) == b"413"
        assert b"connection: close" in await reader.read()


async def test_a_sender_that_stops_after_too_much_is_answered_after_a_while(github: ScriptedGitHub) -> None:
    async with socket_to(github, max_body_bytes=10, drain_s=0.02) as (_, reader, writer):
        writer.write(opening(1000) + b"x" * 11)
        assert await head(reader) == b"413"
        assert b"Send at most 10 bytes" in await reader.read()


async def test_a_sender_that_is_too_slow_is_told_so(github: ScriptedGitHub) -> None:
    async with socket_to(github, read_s=0.02) as (_, reader, writer):
        writer.write(opening(1000) + b'{"task":')
        assert await head(reader) == b"408"
        assert b"Send the whole request within 0.02 seconds." in await reader.read()


@pytest.mark.parametrize("limit", [10, MB], ids=["while thrown away", "while read"])
async def test_a_sender_that_breaks_off_does_no_harm(
    limit: int, github: ScriptedGitHub, caplog: pytest.LogCaptureFixture
) -> None:
    ended = asyncio.Event()
    door = app(github, replace(SETTINGS, max_body_bytes=limit))

    async def watched(scope: Scope, receive: Receive, send_: Send) -> None:
        try:
            await door(scope, receive, send_)
        finally:
            ended.set()

    async with serving(watched, bind()) as url:
        _, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(opening(1000) + b'{"task": "Sum of')
        await writer.drain()
        writer.close()
        await asyncio.wait_for(ended.wait(), 5)
    assert github.calls == []
    assert "Traceback" not in caplog.text


# Large ones


def large(text: str | None = None, filled: str = "x" * SMALL, **changes: Any) -> bytes:
    """Return a request over SMALL, or `text` with a field in front that makes it so."""
    text = json.dumps(TASK | changes, ensure_ascii=False) if text is None else text
    return f'{{"filled": "{filled}", {text[1:]}'.encode()


async def test_a_large_request_is_taken_as_a_small_one_is(door: httpx.AsyncClient, github: ScriptedGitHub) -> None:
    bom = b"\xef\xbb\xbf"
    for body in (large(), bom + large(), json.dumps(TASK | {"brief": "é" * 60_000}).encode("utf-8"), large() + b" \n"):
        answer = await door.post("/api-endpoint", content=body)
        assert answer.status_code == 200
    assert len(github.dispatched) == 4


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"secret": "guess"}, 401),
        ({"secret": "x" * 70_000}, 401),
        ({"secret": "s3cret-é" + "x" * 70_000}, 401),
        ({"secret": ["s3cret-é"]}, 422),
        ({"secret": {"secret": "s3cret-é"}}, 422),
        ({"secret": None}, 422),
        ({"email": "eve@example.com"}, 401),
        ({"email": "x" * 70_000}, 401),
        ({"email": 5}, 422),
        ({"task": ""}, 422),
    ],
    ids=lambda value: repr(value)[:40],
)
async def test_a_large_request_is_refused_as_a_small_one_is(
    sent: dict[str, Any], status: int, github: ScriptedGitHub
) -> None:
    async with to(github, allowed_emails=frozenset({"ann@example.com"})) as door:
        answer = await door.post("/api-endpoint", content=large(**sent))
    assert answer.status_code == status
    assert github.calls == []


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ('{"secret": "guess", "secret": "s3cret-é", %s', 200),
        ('{"secret": "guess", %s, "sec\\u0072et": "s3cret-\\u00e9"}', 200),
        ('{"secret": "s3cret-é", %s, "secret": "guess"}', 401),
        ('{"secret": "s3cret-é", %s, "secret": 5}', 422),
        ('{"more": {"secret": "s3cret-é"}, %s}', 422),
    ],
)
async def test_of_several_secrets_the_last_one_counts(text: str, status: int, door: httpx.AsyncClient) -> None:
    rest = json.dumps({name: value for name, value in TASK.items() if name != "secret"})
    sent = text.replace("%s", rest[1:-1]) if text.endswith("}") else text.replace("%s", rest[1:])
    assert (await door.post("/api-endpoint", content=large(sent))).status_code == status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[" + large() + b"]", 422),
        (b'"' + b"x" * SMALL + b'"', 422),
        (b"9" * SMALL * 2, 400),
        (b" " * SMALL * 2, 400),
        (b"task=" + b"x" * SMALL, 400),
        (large()[:-1], 400),
        (large()[:-3], 400),
        (large(filled="\\ud800" * SMALL), 400),
        (large('{"secret": "\\ud800"}'), 400),
        (large(json.dumps(TASK)[:-1] + ",}"), 400),
        (large(json.dumps(TASK)[:-1] + ', "a": "') + b'\xff"}', 400),
        (large(json.dumps(TASK)[:-1] + ', "a": ' + "[" * 1_000 + "]" * 1_000 + "}"), 400),
        (b'{"a":' * 100_000, 400),
        (b"[" * 100_000 + b"]" * 100_000, 400),
        (b'{"a":[' + b"0," * MOST_VALUES + large() + b"]}", 400),
        (b'{"a":["",' + b'""' * 2 * MOST_VALUES + b"]}", 400),
    ],
    ids=lambda value: repr(value[:9] + value[-9:]) if isinstance(value, bytes) else str(value),
)
async def test_what_is_no_object_is_refused_at_any_size(
    body: bytes, status: int, door: httpx.AsyncClient, github: ScriptedGitHub
) -> None:
    answer = await door.post("/api-endpoint", content=body)
    assert answer.status_code == status
    assert status == 400 or fields(answer) == ["request"]
    assert github.calls == []


async def test_just_so_many_values_are_taken(door: httpx.AsyncClient) -> None:
    task = json.dumps(TASK | {"attachments": []})
    spared = sum(map(task.count, ",[{")) + 2
    for more, status in ((0, 200), (1, 400)):
        values = ",".join("0" * (MOST_VALUES - spared + more))
        sent = f'{task[:-1]}, "a": [{values}]}}'
        assert (await door.post("/api-endpoint", content=sent.encode())).status_code == status


async def test_large_bodies_wait_for_a_place_and_small_ones_never(github: ScriptedGitHub) -> None:
    async with serving(app(github), bind()) as url, httpx.AsyncClient(base_url=url) as client:
        port = int(url.rpartition(":")[2])
        held = [(await asyncio.open_connection("127.0.0.1", port))[1] for _ in range(PLACES)]
        for writer in held:
            writer.write(opening(10 * MB) + b" " * 10 * SMALL)
            await writer.drain()
        waits = asyncio.create_task(client.post("/api-endpoint", content=large()))
        for _ in range(3):
            assert (await client.post("/api-endpoint", json=TASK)).status_code == 200
        assert not waits.done()
        held[0].close()
        assert (await waits).status_code == 200
        for writer in held[1:]:
            writer.close()


@pytest.mark.parametrize("limits", [{"PLACES": 0}, {"WAITING": 0}], ids=str)
async def test_where_many_wait_already_a_large_body_is_to_come_again(
    limits: dict[str, int], github: ScriptedGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, limit in limits.items():
        monkeypatch.setattr(f"receiver.tasks.body.{name}", limit)
    async with to(github, read_s=0.02) as door:
        answer = await door.post("/api-endpoint", content=large())
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "5"
        assert (await door.post("/api-endpoint", json=TASK)).status_code == 200


async def test_a_large_body_that_stands_still_gives_its_place_away(
    github: ScriptedGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("receiver.tasks.body.GRACE_S", 0.02)
    monkeypatch.setattr("receiver.tasks.body.PACE", 1000 * MB)
    async with socket_to(github, read_s=60) as (_, reader, writer), asyncio.timeout(20):
        writer.write(opening(10 * MB) + b" " * 2 * SMALL)
        assert await head(reader) == b"408"
        assert b"A large one must arrive at" in await reader.read()
