"""What one build hands over, for the many tests that begin with publishing it."""

import asyncio
from pathlib import Path

import pytest

from tests.faults.world import Ran, world


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
