"""A receiver in front of a GitHub that behaves as GitHub does towards it."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.doubles.door import ScriptedGitHub, to


@pytest.fixture
def github() -> ScriptedGitHub:
    """Return a GitHub that takes everything."""
    return ScriptedGitHub()


@pytest.fixture
async def door(github: ScriptedGitHub) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of the receiver."""
    async with to(github) as client:
        yield client
