"""A resolver of one's own: which addresses a name has, and names that nobody answers for."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest


@dataclass
class Resolver:
    """`known`: name -> addresses; `silent`: names whose server never answers. `asked`: every name, as it was asked."""

    known: Mapping[str, list[str]] = field(default_factory=dict)
    silent: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def look(self, name: str | bytes, port: int, *rest: Any, **named: Any) -> list[Any]:
        host = name if isinstance(name, str) else name.decode()
        self.asked.append(host)
        if host in self.silent:
            self.over.wait()
        if host in self.known:
            kind = named.get("type", socket.SOCK_STREAM)
            return [(socket.AF_INET, kind, 6, "", (address, port)) for address in self.known[host]]
        if host.replace(".", "").isdecimal() or host == "localhost":
            return _ORDINARY(host, port, *rest, **named)
        raise socket.gaierror


_ORDINARY = socket.getaddrinfo


@contextmanager
def resolver(monkeypatch: pytest.MonkeyPatch, resolver: Resolver) -> Iterator[Resolver]:
    """Have all names of this process looked up there."""
    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", resolver.look)
        try:
            yield resolver
        finally:
            resolver.over.set()
