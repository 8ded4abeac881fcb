"""The only way out of the browser: what it lets through, what it refuses, and that nothing is connected to before."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from orchestrator.verify.proxy import HEAD_BYTES, run_filtering_proxy
from tests.doubles.server import Asked, answering, response, tripwire

pytestmark = pytest.mark.anyio


async def said(proxy: str, sent: bytes, more: bytes = b"") -> bytes:
    """Send bytes to the proxy, `more` once it has answered, and return everything it says."""
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(proxy).port)
    writer.write(sent)
    got = b""
    if more:
        got = await reader.readuntil(b"\r\n\r\n")
        writer.write(more)
    try:
        async with asyncio.timeout(5):
            got += await reader.read()
    finally:
        writer.close()
    return got


class Origin:
    """A site that says what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []

    async def answer(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        self.asked.append(asked)
        writer.write(response(200, b"from the origin: " + asked.body))


@pytest.fixture
def origin() -> Origin:
    return Origin()


@pytest.fixture
async def site(origin: Origin) -> AsyncIterator[str]:
    async with answering(origin.answer) as url:
        yield url


@pytest.fixture
async def proxy(site: str) -> AsyncIterator[str]:
    async with run_filtering_proxy(f"{site}/repo/") as proxy:
        yield proxy.url


async def test_the_sites_own_host_and_port_are_let_through(proxy: str, site: str, origin: Origin) -> None:
    host = site.removeprefix("http://")
    got = await said(proxy, f"GET {site}/repo/?a=b%20c HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert got.startswith(b"HTTP/1.1 200")
    assert got.endswith(b"from the origin: ")
    assert (origin.asked[0].target, origin.asked[0].headers["host"]) == ("/repo/?a=b%20c", host)


async def test_a_body_goes_along_and_hop_by_hop_headers_do_not(proxy: str, site: str, origin: Origin) -> None:
    head = (
        f"POST {site}/x HTTP/1.1\r\nContent-Length: 4\r\nProxy-Authorization: Basic x\r\nConnection: keep-alive\r\n\r\n"
    )
    assert (await said(proxy, head.encode() + b"body")).endswith(b"from the origin: body")
    assert origin.asked[0].headers == {"content-length": "4", "connection": "close"}


async def test_an_upgrade_is_passed_on_as_one(proxy: str, site: str, origin: Origin) -> None:
    await said(proxy, f"GET {site}/ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n".encode())
    assert origin.asked[0].headers == {"upgrade": "websocket", "connection": "Upgrade"}


async def test_a_tunnel_to_the_site_is_let_through(proxy: str, site: str, origin: Origin) -> None:
    host = site.removeprefix("http://")
    got = await said(proxy, f"CONNECT {host} HTTP/1.1\r\n\r\n".encode(), b"GET /inside HTTP/1.1\r\n\r\n")
    assert got.startswith(b"HTTP/1.1 200 Connection established")
    assert got.endswith(b"from the origin: ")
    assert origin.asked[0].target == "/inside"


PRIVATE = [
    *(
        "127.0.0.1",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "127.1",
        "127.0.0.2",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
    ),
    *("0.0.0.0", "0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[::127.0.0.1]"),  # noqa: S104
]


@pytest.mark.parametrize("form", ["CONNECT {host}:{port}", "GET http://{host}:{port}/", "GET ws://{host}:{port}/"])
@pytest.mark.parametrize("host", PRIVATE)
async def test_this_machine_is_refused_and_never_connected_to(proxy: str, host: str, form: str) -> None:
    async with tripwire() as wire:
        request = form.format(host=host, port=wire.port)
        got = await said(proxy, f"{request} HTTP/1.1\r\nHost: example.com\r\n\r\n".encode())
        assert got.startswith((b"HTTP/1.1 403", b"HTTP/1.1 502"))
        assert wire.connections == []


@pytest.mark.parametrize(
    "host",
    [
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "169.254.169.254",
        "168.63.129.16",
        "100.64.0.1",
        "[fe80::1]",
        "[fd00::1]",
    ],
)
async def test_private_networks_and_metadata_are_refused(proxy: str, host: str) -> None:
    assert (await said(proxy, f"CONNECT {host}:80 HTTP/1.1\r\n\r\n".encode())).startswith(b"HTTP/1.1 403")


async def test_the_sites_host_at_another_port_is_refused(proxy: str) -> None:
    async with tripwire() as wire:
        assert (await said(proxy, f"CONNECT 127.0.0.1:{wire.port} HTTP/1.1\r\n\r\n".encode())).startswith(
            b"HTTP/1.1 403"
        )
        assert wire.connections == []


async def test_another_name_of_the_sites_host_is_refused(proxy: str, site: str, origin: Origin) -> None:
    port = urlsplit(site).port
    got = await said(proxy, f"GET http://localhost:{port}/ HTTP/1.1\r\n\r\n".encode())
    assert got.startswith(b"HTTP/1.1 403")
    assert origin.asked == []


async def test_a_second_request_on_one_connection_reaches_no_other_host(proxy: str, site: str, origin: Origin) -> None:
    async with tripwire() as wire:
        first = f"GET {site}/one HTTP/1.1\r\n\r\n"
        second = f"GET http://127.0.0.1:{wire.port}/two HTTP/1.1\r\n\r\n"
        got = await said(proxy, (first + second).encode())
        assert got.count(b"HTTP/1.1 200") == 1
        assert wire.connections == []
    assert [asked.target for asked in origin.asked] == ["/one"]


@pytest.mark.parametrize(
    "sent",
    [
        b"GET http://[::1 HTTP/1.1\r\n\r\n",
        b"CONNECT [::1:80 HTTP/1.1\r\n\r\n",
        b"CONNECT a:99999 HTTP/1.1\r\n\r\n",
        b"CONNECT a:b HTTP/1.1\r\n\r\n",
        b"GET /path HTTP/1.1\r\n\r\n",
        b"GET * HTTP/1.1\r\n\r\n",
        b"\r\n\r\n",
        b"\xff\xfe\r\n\r\n",
        b"GET http://" + b"a" * 300 + b"/ HTTP/1.1\r\n\r\n",
        b"GET http://a..b/ HTTP/1.1\r\n\r\n",
        b"GET http://\xfc.example/ HTTP/1.1\r\n\r\n",
    ],
)
async def test_what_makes_no_sense_is_refused_and_the_connection_closed(proxy: str, sent: bytes) -> None:
    assert (await said(proxy, sent)).startswith((b"HTTP/1.1 403", b"HTTP/1.1 502"))


async def test_a_head_without_end_is_cut_off(proxy: str) -> None:
    with contextlib.suppress(ConnectionResetError):
        assert await said(proxy, b"GET http://x/ HTTP/1.1\r\n" + b"a: b\r\n" * HEAD_BYTES) == b""


async def test_an_origin_that_is_gone_is_a_bad_gateway() -> None:
    async with answering(Origin().answer) as gone:
        pass
    async with run_filtering_proxy(f"{gone}/repo/") as proxy:
        assert (await said(proxy.url, f"GET {gone}/ HTTP/1.1\r\n\r\n".encode())).startswith(b"HTTP/1.1 502")


async def test_much_goes_through_both_ways(site: str, proxy: str) -> None:
    body = bytes(range(256)) * 8192
    head = f"POST {site}/ HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    assert (await said(proxy, head + body)).endswith(b"from the origin: " + body)


async def test_it_ends_with_connections_still_open() -> None:
    async def silent(_: Asked, __: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with answering(silent) as site:
        async with run_filtering_proxy(f"{site}/") as proxy:
            waiting, writer = await asyncio.open_connection("127.0.0.1", urlsplit(proxy.url).port)
            writer.write(f"GET {site}/ HTTP/1.1\r\n\r\n".encode())
            idle, other = await asyncio.open_connection("127.0.0.1", urlsplit(proxy.url).port)
            await asyncio.sleep(0.02)
        async with asyncio.timeout(2):
            assert await waiting.read() == b""
            assert await idle.read() == b""
        writer.close()
        other.close()
