"""The only way out of the browser: an HTTP proxy that lets through the site's own host and port, and public addresses.

Each name is resolved once, all its addresses must be public, and the connection goes to an address that was checked.
Request interception inside the browser is not enough: redirects, workers, WebSockets and rebinding pass it.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from orchestrator.core.address import NotPublic, Unresolved, resolve_public_addresses

CONNECT_S = 10
PROBE_S = 3
HEAD_BYTES = 64 * 1024

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Resolve = Callable[[str, int], Awaitable[list[str]]]
Failure = Literal["refused", "unresolved", "unreachable"]

WELL_KNOWN = ("cdn.jsdelivr.net", 443)
"""If nothing else was reached, this host is tried, to learn whether there is a network at all."""


@dataclass
class Proxy:
    """The proxy at `url`, and which hosts it reached or not, without the site's own."""

    url: str
    resolve: Resolve
    reached: set[str] = field(default_factory=set)
    failed: dict[str, Failure] = field(default_factory=dict)
    _is_online: bool | None = None

    async def is_online(self) -> bool:
        """Whether there is a network: something public was reached, or a well-known host can be."""
        if self._is_online is None or self.reached:
            self._is_online = bool(self.reached) or await self._can_reach(*WELL_KNOWN)
        return self._is_online

    async def _can_reach(self, host: str, port: int) -> bool:
        try:
            async with asyncio.timeout(PROBE_S):
                _, writer = await asyncio.open_connection((await self.resolve(host, port))[0], port)
        except (NotPublic, OSError, TimeoutError):
            return False
        writer.close()
        return True

    async def dial(self, host: str, port: int) -> Stream:
        """Connect to a public host, at the address that was looked at. Raises NotPublic, OSError, TimeoutError."""
        try:
            addresses = await self.resolve(host, port)
            async with asyncio.timeout(CONNECT_S):
                stream = await asyncio.open_connection(addresses[0], port)
        except NotPublic as error:
            self.failed[host] = "unresolved" if isinstance(error, Unresolved) else "refused"
            raise
        except (OSError, TimeoutError):
            self.failed[host] = "unreachable"
            raise
        self.reached.add(host)
        return stream


@asynccontextmanager
async def run_filtering_proxy(site: str | None, resolve: Resolve = resolve_public_addresses) -> AsyncIterator[Proxy]:
    """Run the proxy on a free loopback port. `site`: the one private URL let through; `resolve`: raises NotPublic."""
    proxy = Proxy("", resolve)
    own = None if site is None else (urlsplit(site).hostname or "", urlsplit(site).port or 80)
    open_connections: set[asyncio.Task[None]] = set()

    async def serve_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            open_connections.add(task)
            task.add_done_callback(open_connections.discard)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
                await _relay_request((reader, writer), own, proxy)
        finally:
            writer.close()

    server = await asyncio.start_server(serve_connection, "127.0.0.1", 0, limit=HEAD_BYTES)
    try:
        proxy.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield proxy
    finally:
        server.close()
        for task in list(open_connections):
            task.cancel()
        await asyncio.gather(*open_connections, return_exceptions=True)


async def _relay_request(client: Stream, own: tuple[str, int] | None, proxy: Proxy) -> None:
    head = await client[0].readuntil(b"\r\n\r\n")
    request, _, headers = head.partition(b"\r\n")
    method, target, _version = ([*request.decode("latin-1").split(" "), "", ""])[:3]
    host, port = _parse_destination(method, target)
    try:
        is_own = (host, port) == own
        upstream = await (asyncio.open_connection(host, port) if is_own else proxy.dial(host, port))
    except (NotPublic, OSError, TimeoutError, ValueError) as error:
        status = b"403 Forbidden" if isinstance(error, NotPublic) else b"502 Bad Gateway"
        client[1].write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await client[1].drain()
        return
    try:
        if method == "CONNECT":
            client[1].write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            upstream[1].write(_origin_form(method, target, headers))
        await _pipe_streams(client, upstream)
    finally:
        upstream[1].close()


def _parse_destination(method: str, target: str) -> tuple[str, int]:
    is_tunnel = method == "CONNECT"
    with contextlib.suppress(ValueError):
        parts = urlsplit(f"//{target}" if is_tunnel else target)
        return parts.hostname or "", parts.port or (443 if is_tunnel else 80)
    return "", 0


def _origin_form(method: str, target: str, headers: bytes) -> bytes:
    """Return the request as the origin expects it, one for each connection: the next one may be for another host."""
    parts = urlsplit(target)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    kept = [
        line
        for line in headers.split(b"\r\n")
        if line and not line.lower().startswith((b"proxy-", b"connection:", b"keep-alive:"))
    ]
    upgrades = any(line.lower().startswith(b"upgrade:") for line in kept)
    kept.append(b"Connection: Upgrade" if upgrades else b"Connection: close")
    return f"{method} {path} HTTP/1.1\r\n".encode("latin-1") + b"\r\n".join(kept) + b"\r\n\r\n"


async def _pipe_streams(one: Stream, other: Stream) -> None:
    """Copy both ways until either side ends."""
    ways = [asyncio.create_task(_copy_stream(one[0], other[1])), asyncio.create_task(_copy_stream(other[0], one[1]))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        # What the origin still has to say is delivered; what the browser may still want is not.
        if ways[0].done():
            await asyncio.wait([ways[1]], timeout=CONNECT_S)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


async def _copy_stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(64 * 1024):
            writer.write(chunk)
            await writer.drain()
