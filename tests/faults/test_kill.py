"""19: a runner that dies between any two steps. Run again, it ends in the same state, and nothing is there twice."""

import asyncio
from pathlib import Path

import pytest

from tests.faults.test_rows import settled
from tests.faults.world import Kill, world

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

BOUNDARIES = 6
"""Of each job without a model: three groups, each with a beginning and an end."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    async def build() -> Path:
        async with world(tmp_path_factory.mktemp("built")) as system:
            ran = await system.deliver()
            assert ran.log.count("::group::") + ran.log.count("::endgroup::") == 2 * BOUNDARIES
            return system.handed_over

    return asyncio.run(build())


@pytest.mark.parametrize("boundary", range(1, BOUNDARIES + 1))
async def test_19_a_build_that_is_killed_is_done_again(boundary: int, tmp_path: Path) -> None:
    async with world(tmp_path) as system:
        await system.send()
        (payload,) = system.dispatched
        killed = await system.run(payload, kill=Kill("build", boundary))
        assert (killed.build, killed.publish) == (None, None)
        assert system.messages() == []
        ran = await system.run(payload, attempt=2)
        assert (ran.build, ran.publish) == (0, 0)
        settled(system)


@pytest.mark.parametrize("boundary", range(1, BOUNDARIES + 1))
async def test_19_a_publish_that_is_killed_is_done_again(boundary: int, built: Path, tmp_path: Path) -> None:
    async with world(tmp_path) as system:
        await system.send()
        (payload,) = system.dispatched
        assert (await system.run(payload, built=built, kill=Kill("publish", boundary))).publish in (None, 0)
        assert (await system.run(payload, built=built, attempt=2)).publish == 0
        settled(system)
