"""Which internet addresses untrusted input may name. This is decided by the addresses that a host resolves to."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

_NOT_PUBLIC = tuple(
    ipaddress.ip_network(block)
    for block in (
        # All ranges that IANA's registries reserve. Python has a list too, but it differs from version to version:
        # https://www.iana.org/assignments/iana-ipv4-special-registry
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16"),
        *("192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        "168.63.129.16/32",  # Azure's wire server; GitHub's runners are Azure machines
        # https://www.iana.org/assignments/iana-ipv6-special-registry, of what lies in 2000::/3. Teredo, in 2001::/23,
        # and 6to4, 2002::/16, hold an IPv4 address that they lead to.
        *("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"),
    )
)

# Outside it lie NAT64, IPv4-mapped, IPv4-compatible, site-local and multicast addresses: other ways to the machines
# next door.
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")

_ISATAP = 0x5EFE
"""The second quarter of an interface identifier that ends in an IPv4 address, under any prefix (RFC 5214, 6.1)."""


class NotPublic(ValueError):
    """A host has an address that is not public. The text does not repeat the host."""


class Unresolved(NotPublic):
    """A host has no address at the moment."""


def is_public(address: str) -> bool:
    """Whether it is safe to connect to `address` (IPv4 or IPv6) on behalf of a stranger."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address) and (parsed not in _GLOBAL_UNICAST or _leads_to_ipv4(parsed)):
        return False
    return parsed.is_global and not any(parsed in block for block in _NOT_PUBLIC)


def _leads_to_ipv4(address: ipaddress.IPv6Address) -> bool:
    # The two bits left out say whether the IPv4 address is unique in the world, and whether it names a group.
    return (int(address) >> 32) & 0xFCFF_FFFF == _ISATAP


Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Gives the addresses of a host that may be connected to; raises NotPublic."""


async def resolve_host(host: str, port: int, pool: Executor | None = None) -> list[str]:
    """Resolve `host` once and return all its addresses; raise Unresolved if it has no address.

    `pool`: the threads to use instead of the event loop's own, because looking up a name may take half a minute.
    """
    look = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    try:
        found = await asyncio.get_running_loop().run_in_executor(pool, look)
    except (OSError, UnicodeError):
        raise Unresolved("the host name could not be resolved") from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def resolve_public_addresses(host: str, port: int) -> list[str]:
    """Resolve `host` once and return its addresses; raise NotPublic unless every one is public.

    The caller must connect to the addresses returned: a second resolution may answer differently.
    """
    addresses = await resolve_host(host, port)
    if not addresses or not all(map(is_public, addresses)):
        raise NotPublic("the host has an address that is not public")
    return addresses


@dataclass(frozen=True)
class Destination:
    """Where to connect for a URL: `url` holds the address, `host` and `sni` hold the host's name."""

    url: str
    host: str
    sni: str


async def resolve_destination(
    url: str, *, allow_private: bool, resolve: Resolve = resolve_public_addresses
) -> Destination:
    """Resolve the host of `url` once, by `resolve`, and return where to connect; raise NotPublic.

    httpx takes the name for TLS from the `sni_hostname` extension: https://www.python-httpx.org/advanced/extensions/
    """
    parts = urlsplit(url)
    try:
        name = (parts.hostname or "").encode("idna").decode()  # a header takes ASCII only
    except UnicodeError:
        raise NotPublic("the host name could not be resolved") from None
    host = _netloc(name, parts.port)
    if allow_private:
        return Destination(parts._replace(netloc=host).geturl(), host, name)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = (await resolve(name, port))[0]
    return Destination(parts._replace(netloc=_netloc(address, port)).geturl(), host, name)


def _netloc(host: str, port: int | None) -> str:
    literal = f"[{host}]" if ":" in host else host
    return literal if port is None else f"{literal}:{port}"
