"""What an evaluation may connect to: said once, on the command line, for every address."""

import asyncio
import contextlib
import ipaddress
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from orchestrator.core.address import Destination, NotPublic, Unresolved, is_public, resolve_destination, resolve_host

RESOLVING_S = 10.0
AT_ONCE = 4
MOST_NAMES = 500
"""How many host names one page may use. An ordinary page uses a handful."""


@dataclass(frozen=True)
class Reach:
    """What the operator allows. What a student's host resolves to, or says, never changes it.

    `allow_private`: endpoints, pages and what they load may lie at addresses that are not public. `is_here`: the
    endpoint lies on this very machine, and so may its GitHub.
    """

    allow_private: bool = False
    is_here: bool = False


def reach_of(receiver: str, *, private: bool) -> Reach:
    """Return what the command line allows: `--private`, or a `--receiver` whose URL itself holds such an address.

    A name counts for nothing, for its owner says what it resolves to; `localhost` has none:
    https://www.rfc-editor.org/rfc/rfc6761#section-6.3
    """
    named = parse_ip_address(receiver)
    return Reach(
        allow_private=private or (named is not None and not is_public(str(named))),
        is_here=named is not None and named.is_loopback,
    )


def parse_ip_address(url: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address that a URL itself holds, None if it holds a name."""
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
        return ipaddress.ip_address("127.0.0.1" if host == "localhost" or host.endswith(".localhost") else host)
    except ValueError:
        return None


@dataclass
class Names:
    """Looks up the names that one endpoint or page brings up, each once, in threads of its own.

    Names that nobody answers for hold a thread each: of another page, or of what the evaluation does itself, they
    hold none.
    """

    reach: Reach
    pool: ThreadPoolExecutor
    refused: str = ""
    known: dict[str, asyncio.Task[list[str]]] = field(default_factory=dict)

    async def resolve_addresses(self, host: str, port: int) -> list[str]:
        """Return the addresses of `host`; raise NotPublic if it may not be connected to."""
        if host.lower() == self.refused:
            raise NotPublic("the host's address is taken from memory")
        if host not in self.known and len(self.known) >= MOST_NAMES:
            raise Unresolved("too many host names were looked up")
        if host not in self.known:
            self.known[host] = asyncio.create_task(self._look_up_host(host, port))
        found = await asyncio.shield(self.known[host])
        if not found:
            raise Unresolved("the host name could not be resolved")
        if not self.reach.allow_private and not all(map(is_public, found)):
            raise NotPublic("the host has an address that is not public")
        return found

    async def _look_up_host(self, host: str, port: int) -> list[str]:
        with contextlib.suppress(TimeoutError, Unresolved):
            async with asyncio.timeout(RESOLVING_S):
                return await resolve_host(host, port, self.pool)
        return []

    async def resolve_url(self, url: str) -> Destination:
        """Return where to connect for `url`; raise NotPublic."""
        return await resolve_destination(url, allow_private=False, resolve=self.resolve_addresses)


@contextmanager
def resolving(reach: Reach, refused: str = "") -> Iterator[Names]:
    """Look names up for as long as the block runs; what still waits for an answer then is left behind.

    `refused`: a host that is not connected to at all.
    """
    pool = ThreadPoolExecutor(AT_ONCE, "resolve")
    names = Names(reach, pool, refused)
    try:
        yield names
    finally:
        for look in names.known.values():
            look.cancel()
        pool.shutdown(wait=False, cancel_futures=True)
