"""Guards that every test runs under: a clean environment, no network but loopback, no sleeping. And GitHub."""

import asyncio
import ipaddress
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from orchestrator.frameworks.toolchain import Toolchain
from tests.doubles.bundler import installed
from tests.doubles.hub import Host, Hub, hosting, hub_on

KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "BROWSER", "COVERAGE", "COV_", "PYTEST", "PYTHON", "UV_", "VIRTUAL_ENV")
LONGEST_PAUSE = 1.0

# How long an example takes is the machine's doing; speed is measured by `make bench`.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test sees none of the settings, keys and tokens of whoever runs it."""
    for name in list(os.environ):
        if not name.startswith(KEPT):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to anything but this machine is a failure, not a time-out."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, to: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not ipaddress.ip_address(to[0]).is_loopback:
            raise AssertionError(f"a test tried to connect to {to[0]}")
        connect(self, to)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def no_sleeping(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has to wait is given a clock. Only where another process works may a test wait for it."""
    if request.node.get_closest_marker("act") or request.node.get_closest_marker("browser"):
        return

    def refused(seconds: float) -> None:
        raise AssertionError(f"a test slept for {seconds} s")

    sleep = asyncio.sleep

    async def short(seconds: float, result: Any = None) -> Any:
        if seconds > LONGEST_PAUSE:
            refused(seconds)
        return await sleep(seconds, result)

    monkeypatch.setattr(time, "sleep", refused)
    monkeypatch.setattr(asyncio, "sleep", short)


@pytest.fixture(scope="session")
def toolchain() -> Toolchain:
    return installed()


@pytest.fixture(scope="session")
def host() -> Iterator[Host]:
    with hosting() as host:
        yield host


@pytest.fixture(scope="session")
def other_host() -> Iterator[Host]:
    with hosting() as host:
        yield host


@pytest.fixture
def hub(host: Host, tmp_path: Path) -> Hub:
    """An empty GitHub, with its API and Pages on a real socket."""
    return hub_on(host, tmp_path)
