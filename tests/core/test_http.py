"""A request to a hostile place: it goes where it was judged to go, and brings no more than allowed."""

import asyncio

import httpx
import pytest

from orchestrator.core.address import Destination, resolve_destination
from orchestrator.core.http import TooLarge, pinned_request, read_body
from tests.doubles.server import Asked, answering, response

pytestmark = pytest.mark.anyio


async def answer(asked: Asked, writer: asyncio.StreamWriter) -> None:
    said = f"{asked.method} {asked.target} for {asked.headers['host']}".encode()
    writer.write(response(200, said if asked.target != "/large" else b"x" * 100_000))


async def test_it_goes_to_the_address_under_the_name_that_was_asked_for() -> None:
    async with answering(answer) as site, httpx.AsyncClient(trust_env=False) as http:
        port = int(site.rpartition(":")[2])
        to = await resolve_destination(f"http://localhost:{port}/a", allow_private=True)
        assert isinstance(to, Destination)
        async with pinned_request(http, "GET", to, path="/b") as answered:
            assert await read_body(answered, 1000) == f"GET /a/b for localhost:{port}".encode()
        async with pinned_request(http, "POST", to, json={}, headers={"accept-encoding": "identity"}) as answered:
            assert (await read_body(answered, 1000)).startswith(b"POST /a ")


async def test_a_body_is_read_no_further_than_allowed() -> None:
    async with answering(answer) as site, httpx.AsyncClient(trust_env=False) as http:
        async with http.stream("GET", f"{site}/large") as answered:
            assert len(await read_body(answered, 100_000)) == 100_000
        async with http.stream("GET", f"{site}/large") as answered:
            with pytest.raises(TooLarge) as refused:
                await read_body(answered, 99_999)
    assert refused.value.begun == b"x" * 99_999
