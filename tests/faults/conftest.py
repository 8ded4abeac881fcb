"""What most tests of faults begin with: a system, and what one build hands over."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.faults.world import Ran, World, world


@pytest.fixture
async def system(tmp_path: Path) -> AsyncIterator[World]:
    """Return a system whose evaluator takes everything."""
    async with world(tmp_path) as system:
        yield system


@pytest.fixture(scope="session")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ran, Path]:
    """Return a run without faults for the request that `World.send` makes, and what its build handed over."""

    async def deliver() -> tuple[Ran, Path]:
        async with world(tmp_path_factory.mktemp("built")) as system:
            ran = await system.deliver()
            assert (ran.build, ran.publish) == (0, 0)
            return ran, system.handed_over

    return asyncio.run(deliver())


@pytest.fixture(scope="session")
def built(delivered: tuple[Ran, Path]) -> Path:
    return delivered[1]
