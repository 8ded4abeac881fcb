"""Which addresses of the internet something untrusted may name: decided on what it resolves to, at connect time."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

_ALSO_DENIED = (
    ipaddress.ip_network("168.63.129.16/32"),  # Azure's wire server; GitHub's runners are Azure machines
    ipaddress.ip_network("2002::/16"),  # 6to4 reaches any IPv4 address
)

# Outside it lie NAT64, IPv4-mapped, IPv4-compatible and site-local addresses: other ways to the machines next door.
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")


class NotPublic(ValueError):
    """A host has an address that is not public. The text does not repeat the host."""


class Unresolved(NotPublic):
    """A host has no address at all, now."""


def is_public(address: str) -> bool:
    """Whether `address` (IPv4 or IPv6) may be connected to on behalf of a stranger."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if parsed.version == 6 and parsed not in _GLOBAL_UNICAST:
        return False
    # Multicast counts as global for Python; nobody serves a page there.
    return parsed.is_global and not parsed.is_multicast and not any(parsed in denied for denied in _ALSO_DENIED)


Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Gives the addresses of a host that may be connected to; raises NotPublic."""


async def addresses_of(host: str, port: int, pool: Executor | None = None) -> list[str]:
    """Resolve `host` once and return its addresses, whatever they are; raise Unresolved where there are none.

    `pool`: threads to do it in, in place of the loop's own: looking up a name may take half a minute.
    """
    loop, look = asyncio.get_running_loop(), partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    try:
        if pool is None:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        else:
            found = await loop.run_in_executor(pool, look)
    except (OSError, UnicodeError):
        raise Unresolved("the host does not resolve") from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def public_addresses(host: str, port: int) -> list[str]:
    """Resolve `host` once and return its addresses; raise NotPublic unless every one is public.

    Whoever connects must use the addresses returned: a second resolution may answer differently.
    """
    addresses = await addresses_of(host, port)
    if not addresses or not all(map(is_public, addresses)):
        raise NotPublic("the host has an address that is not public")
    return addresses


@dataclass(frozen=True)
class Destination:
    """Where to connect for a URL: `url` names an address, `host` and `sni` the name that was meant."""

    url: str
    host: str
    sni: str


async def destination(url: str, *, allow_private: bool, resolve: Resolve = public_addresses) -> Destination:
    """Resolve the host of `url` once, by `resolve`, and return where to connect; raise NotPublic.

    httpx takes the name for TLS from the `sni_hostname` extension: https://www.python-httpx.org/advanced/extensions/
    """
    parts = urlsplit(url)
    try:
        name = (parts.hostname or "").encode("idna").decode()  # a header takes ASCII only
    except UnicodeError:
        raise NotPublic("the host does not resolve") from None
    host = _netloc(name, parts.port)
    if allow_private:
        return Destination(parts._replace(netloc=host).geturl(), host, name)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = (await resolve(name, port))[0]
    return Destination(parts._replace(netloc=_netloc(address, port)).geturl(), host, name)


def _netloc(host: str, port: int | None) -> str:
    literal = f"[{host}]" if ":" in host else host
    return literal if port is None else f"{literal}:{port}"
