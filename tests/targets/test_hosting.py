"""Calls to a host's API: what is repeated, and what an error says."""

import json

import httpx
import pytest

from orchestrator.targets.hosting import HostAccount, HostAPI, HostRefused, HostUnsure
from tests.doubles.clock import FastClock

pytestmark = pytest.mark.anyio
ACCOUNT = HostAccount("Somewhere", "SOMEWHERE_TOKEN", "http://host.test/api", "secret-token")


def said(status: int, body: object = None, text: str = "", **headers: str) -> httpx.Response:
    """Return an answer that is still to be read, as from a socket."""
    content = text if body is None else json.dumps(body)
    return httpx.Response(status, headers=headers, stream=httpx.ByteStream(content.encode()))


def api(time: FastClock, *answers: httpx.Response, seconds: float = 600) -> tuple[HostAPI, list[httpx.Request]]:
    left, asked = list(answers), list[httpx.Request]()

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return left.pop(0)

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return HostAPI(http, ACCOUNT, time.deadline(seconds)), asked


async def test_a_read_is_repeated_after_an_outage_and_carries_the_token() -> None:
    time = FastClock()
    host, asked = api(time, said(503), said(200, text="<html>"), said(200, [1]))
    assert await host.read("/things", name="x") == [1]
    assert time.slept == [1, 2]
    assert str(asked[0].url) == "http://host.test/api/things?name=x"
    assert asked[0].headers["authorization"] == "Bearer secret-token"


async def test_a_write_is_not_repeated_after_an_outage() -> None:
    host, asked = api(FastClock(), said(502))
    with pytest.raises(HostUnsure, match="Somewhere failed with 502"):
        await host.write("POST", "/things", json={})
    assert len(asked) == 1


async def test_a_rate_limit_that_ends_behind_the_deadline_is_an_error_at_once() -> None:
    time = FastClock()
    limited = said(429, **{"x-ratelimit-reset": str(round(time.moment) + 900)})
    host, _ = api(time, limited)
    with pytest.raises(HostRefused, match="Wait until the limit resets"):
        await host.write("POST", "/things")
    assert time.slept == []


@pytest.mark.parametrize(
    ("body", "code", "detail"),
    [
        ({"code": 422, "message": "no\nway."}, "422", "no way"),
        ({"error": {"code": "bad", "message": "way"}}, "bad", "way"),
        ({}, "", "no reason given"),
        ([], "", "no reason given"),
    ],
)
async def test_a_refusal_keeps_the_hosts_words_from_the_evaluator(body: object, code: str, detail: str) -> None:
    host, _ = api(FastClock(), said(422, body))
    with pytest.raises(HostRefused) as caught:
        await host.read("/things")
    assert (caught.value.code, caught.value.cause) == (code, f"Somewhere answered 422: {detail}.")
    assert caught.value.told == "Somewhere answered 422: it refuses the request."
    assert "secret-token" not in repr(ACCOUNT) + str(caught.value)


async def test_an_empty_answer_is_an_answer() -> None:
    host, _ = api(FastClock(), said(204))
    assert await host.repeat("PATCH", "/things") == {}
