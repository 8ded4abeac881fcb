"""Where something untrusted may not lead: decided on addresses. Names here resolve without a network."""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Any

import pytest

from orchestrator.core.address import Destination, NotPublic, is_public, resolve_destination, resolve_public_addresses

pytestmark = pytest.mark.anyio


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Return what the resolver knows: name -> addresses."""
    known: dict[str, list[str]] = {}

    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        if host not in known:
            raise socket.gaierror
        return [(0, 0, 0, "", (address, port)) for address in known[host]]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return known


@pytest.mark.parametrize("address", ["1.1.1.1", "140.82.112.3", "2606:50c0:8000::153", "2001:4860:4860::8888"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.255.255.255", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1"),  # noqa: S104
        *("169.254.169.254", "168.63.129.16", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "ff0e::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "::127.0.0.1", "2001:db8::1"),
        *("64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "2001::1"),
    ],
)
def test_an_address_of_this_machine_its_network_or_its_cloud_is_not(address: str) -> None:
    assert not is_public(address)


SPECIAL = [
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"),
    *("192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24"),
    *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    *("::/8", "100::/64", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
    *("2620:4f:8000::/48", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"),
]


@pytest.mark.parametrize("block", SPECIAL)
def test_no_block_of_ianas_special_registries_is_public_whatever_pythons_version_says(
    block: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = ip_network(block)
    middle = network.network_address + network.num_addresses // 2
    for address in (network.network_address, network.network_address + 9, middle, network.broadcast_address):
        assert not is_public(str(address))
    # An older Python, or a newer one, may take any of them for global.
    for kind in (IPv4Address, IPv6Address):
        monkeypatch.setattr(kind, "is_global", True)
    assert not is_public(str(middle))


@pytest.mark.parametrize("inside", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1"])
def test_no_ipv6_address_that_leads_to_a_private_ipv4_address_is_public(inside: str) -> None:
    four = int(IPv4Address(inside))
    forms = {
        "mapped": (0xFFFF << 32) | four,
        "compatible": four,
        "translated": (0xFFFF << 48) | four,
        "NAT64": (0x64FF9B << 96) | four,
        "6to4": (0x2002 << 112) | (four << 80) | 1,
        "Teredo": (0x20010000 << 96) | (0x01010101 << 64) | (four ^ 0xFFFF_FFFF),
        "ISATAP": (0x2606_50C0 << 96) | (0x5EFE << 32) | four,
        "ISATAP, unique": (0x2606_50C0 << 96) | (0x0200_5EFE << 32) | four,
    }
    assert [name for name, form in forms.items() if is_public(str(IPv6Address(form)))] == []


def test_the_neighbours_of_special_blocks_are_public() -> None:
    for address in ("192.0.1.1", "192.88.98.255", "192.88.100.0", "3fff:1000::1", "3ffe::1", "2001:200::1", "2003::1"):
        assert is_public(address)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "017700000001",
        "0",
        "::1",
        "::ffff:127.0.0.1",
        "localhost",
    ],
)
async def test_no_spelling_of_loopback_gets_through(host: str) -> None:
    with pytest.raises(NotPublic, match=r"not public|not resolve"):
        await resolve_public_addresses(host, 80)


async def test_every_address_of_a_name_must_be_public(names: dict[str, list[str]]) -> None:
    names |= {"good.test": ["1.1.1.1", "1.0.0.1", "1.1.1.1"], "mixed.test": ["1.1.1.1", "127.0.0.1"], "none.test": []}
    assert await resolve_public_addresses("good.test", 443) == ["1.1.1.1", "1.0.0.1"]
    for host in ("mixed.test", "none.test"):
        with pytest.raises(NotPublic, match="not public") as caught:
            await resolve_public_addresses(host, 443)
        assert host not in str(caught.value)


@pytest.mark.parametrize("host", ["unknown.test", "a..b", "x" * 64 + ".test", "\ud800.test"])
async def test_a_host_that_does_not_resolve_is_not_public(host: str, names: dict[str, list[str]]) -> None:
    assert host not in names
    with pytest.raises(NotPublic, match="could not be resolved"):
        await resolve_destination(f"http://{host}/", allow_private=False)


async def test_the_address_that_was_looked_at_is_the_one_to_connect_to(names: dict[str, list[str]]) -> None:
    names["site.test"] = ["1.1.1.1", "1.0.0.1"]
    assert await resolve_destination("https://Site.test/a?b=c", allow_private=False) == Destination(
        "https://1.1.1.1:443/a?b=c", "site.test", "site.test"
    )
    assert await resolve_destination("http://site.test:8080/", allow_private=False) == Destination(
        "http://1.1.1.1:8080/", "site.test:8080", "site.test"
    )


async def test_an_ipv6_address_stands_in_brackets(names: dict[str, list[str]]) -> None:
    names |= {"six.test": ["2606:50c0::1"], "2606:50c0::2": ["2606:50c0::2"]}
    assert (await resolve_destination("http://six.test/", allow_private=False)).url == "http://[2606:50c0::1]:80/"
    assert await resolve_destination("http://[2606:50c0::2]:81/x", allow_private=False) == Destination(
        "http://[2606:50c0::2]:81/x", "[2606:50c0::2]:81", "2606:50c0::2"
    )


async def test_a_host_that_is_not_ascii_is_named_as_headers_and_certificates_name_it(
    names: dict[str, list[str]],
) -> None:
    names["xn--bcher-kva.test"] = ["1.1.1.1"]
    assert await resolve_destination("https://bücher.test:8443/ä", allow_private=False) == Destination(
        "https://1.1.1.1:8443/ä", "xn--bcher-kva.test:8443", "xn--bcher-kva.test"
    )


async def test_where_private_addresses_are_allowed_nothing_is_resolved(names: dict[str, list[str]]) -> None:
    assert not names
    assert await resolve_destination("http://127.0.0.1:99/x", allow_private=True) == Destination(
        "http://127.0.0.1:99/x", "127.0.0.1:99", "127.0.0.1"
    )
    assert await resolve_destination("http://[::1]:99/", allow_private=True) == Destination(
        "http://[::1]:99/", "[::1]:99", "::1"
    )
