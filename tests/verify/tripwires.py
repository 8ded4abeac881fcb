"""Tripwires behind every channel, and what comes to them from a caged page and from an ordinary browser."""

import asyncio
import contextlib
import ipaddress
import resource
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from time import monotonic

from playwright.async_api import Browser, Error, async_playwright

from orchestrator.core.address import Unresolved, resolve_public_addresses
from orchestrator.verify.browser import find_browser, open_cage
from tests.doubles.server import Asked, answering, response
from tests.verify.channels import CHANNELS, NAMES, Channel

AT_ONCE = 8
PATIENCE_S = 2.0
POLL_S = 0.02
ADDRESSES = ("127.0.0.1", "::1")

KINDS = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml", "xml": "text/xml"}
NO_NETWORK = "--host-resolver-rules=MAP rebound.test 127.0.0.1, MAP * ~NOTFOUND, " + ", ".join(
    f"EXCLUDE {host}"
    for host in ("127.0.0.1", "0.0.0.0", "localhost", "*.localhost", "[::1]", "[::]", "[::ffff:7f00:1]")  # noqa: S104
)


@dataclass
class Wire(asyncio.DatagramProtocol):
    """A port of every loopback address that nobody may touch, and what came there."""

    port: int = 0
    touched: list[str] = field(default_factory=list)

    def datagram_received(self, data: bytes, _: object) -> None:
        self.touched.append(f"a datagram of {len(data)} bytes")

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        index = len(self.touched)
        self.touched.append("a connection")
        with contextlib.suppress(OSError, TimeoutError, ValueError):
            async with asyncio.timeout(0.5):
                self.touched[index] = repr((await reader.readline())[:80])
        writer.close()


def is_address(host: str) -> bool:
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(host)
        return True
    return False


def bound(address: str, kind: socket.SocketKind, port: int) -> socket.socket:
    found = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
    try:
        found.bind((address, port))
    except OSError:
        found.close()
        raise
    return found


def is_there(address: str) -> bool:
    with contextlib.suppress(OSError):
        bound(address, socket.SOCK_DGRAM, 0).close()
        return True
    return False


def same_port(addresses: list[str]) -> tuple[list[socket.socket], list[socket.socket]]:
    """Return sockets for connections and for datagrams, all of one port."""
    found = []
    try:
        found.append(bound(addresses[0], socket.SOCK_STREAM, 0))
        port = found[0].getsockname()[1]
        found += [bound(address, socket.SOCK_STREAM, port) for address in addresses[1:]]
        streams = len(found)
        found += [bound(address, socket.SOCK_DGRAM, port) for address in addresses]
    except OSError:
        for one in found:
            one.close()
        return same_port(addresses)  # somebody has the port at another address
    return found[:streams], found[streams:]


@asynccontextmanager
async def wires(count: int) -> AsyncIterator[list[Wire]]:
    loop = asyncio.get_running_loop()
    addresses = [address for address in ADDRESSES if is_there(address)]
    async with AsyncExitStack() as stack:
        made = []
        for _ in range(count):
            wire = Wire()
            streams, datagrams = same_port(addresses)
            wire.port = streams[0].getsockname()[1]
            for stream in streams:
                server = await asyncio.start_server(wire.connected, sock=stream)
                stack.callback(server.close)
            for datagram in datagrams:
                transport, _protocol = await loop.create_datagram_endpoint(giving(wire), sock=datagram)
                stack.callback(transport.close)
            made.append(wire)
        yield made


def giving(wire: Wire) -> Callable[[], Wire]:
    """Return what makes the protocol of a datagram endpoint: the wire itself."""
    return lambda: wire


def page_site(made: list[Wire]) -> Callable[[Asked, asyncio.StreamWriter], Awaitable[None]]:
    """Return the handler of a site with one folder for each channel."""

    async def answer(asked: Asked, writer: asyncio.StreamWriter) -> None:
        index, _, path = asked.target.removeprefix("/").partition("/")
        if not index.isdecimal():
            writer.write(response(404))
            return
        base = f"http://{asked.headers['host']}/{index}"
        writer.write(answered(CHANNELS[int(index)], made[int(index)].port, path, base))

    return answer


def answered(channel: Channel, port: int, path: str, base: str) -> bytes:
    wire = f"127.0.0.1:{port}"
    if path.startswith("redirect/"):
        return response(int(path[-3:]), location=f"http://{wire}/", access_control_allow_origin="*")
    text = channel.page if path == "" else channel.files.get(path)
    if text is None:
        return response(404)

    def filled(text: str) -> str:
        return text.replace("WIRE", wire).replace("PORT", str(port)).replace("SITE", base)

    headers = {name.replace("-", "_"): filled(value) for name, value in channel.headers.items()} if path == "" else {}
    kind = KINDS.get(path.rpartition(".")[2], "text/html")
    return response(200, filled(text).encode(), content_type=f"{kind}; charset=utf-8", **headers)


async def tried(browser: Browser, site: str, is_over: Callable[[int], bool]) -> None:
    """Open the page of every channel, a few at a time, until the channel is over or patience ends."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(index: int) -> None:
        async with turns:
            context = await browser.new_context()
            page = await context.new_page()
            with contextlib.suppress(Error):  # many leave the page before it has loaded
                await page.goto(f"{site}/{index}/", wait_until="commit")
            end = monotonic() + PATIENCE_S
            while not is_over(index) and monotonic() < end:  # noqa: ASYNC110 - other processes do the work
                await asyncio.sleep(POLL_S)
            await context.close()

    await asyncio.gather(*map(one, range(len(CHANNELS))))


@dataclass(frozen=True)
class Tried:
    """What came to the tripwires, and which of them the proxy was asked for, by the names of the channels."""

    touched: dict[str, list[str]]
    asked: set[str] = field(default_factory=set)

    @property
    def reached(self) -> dict[str, list[str]]:
        """What came through the channels that something came through."""
        return {name: came for name, came in self.touched.items() if came}


def by_name(made: list[Wire]) -> dict[str, list[str]]:
    return {channel.name: wire.touched for channel, wire in zip(CHANNELS, made, strict=True)}


@contextmanager
def many_files() -> Iterator[None]:
    """The tripwires hold four sockets each; macOS lets a process open 256 files."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before[0], min(4096, before[1])), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def caged() -> Tried:
    """Open every page in the cage."""
    ports: set[int] = set()

    async def resolve(host: str, port: int) -> list[str]:
        ports.add(port)
        if host in NAMES or is_address(host):
            return await resolve_public_addresses(NAMES.get(host, host), port)
        raise Unresolved("a test has no network")

    with many_files():
        async with wires(len(CHANNELS)) as made, answering(page_site(made)) as site:
            async with open_cage(None, f"{site}/", resolve=resolve) as cage:
                await tried(cage.browser, site, lambda index: made[index].port in ports)
            names = {channel.name for channel, wire in zip(CHANNELS, made, strict=True) if wire.port in ports}
            return Tried(by_name(made), names)


async def ordinary() -> Tried:
    """Open every page in a browser as everybody has it."""
    with many_files():
        async with wires(len(CHANNELS)) as made, answering(page_site(made)) as site, async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=find_browser(playwright, None), chromium_sandbox=False, args=[NO_NETWORK]
            )
            try:
                await tried(browser, site, lambda index: bool(made[index].touched))
            finally:
                await browser.close()
            return Tried(by_name(made))
