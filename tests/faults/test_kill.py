"""19: a runner that dies between any two steps. Run again, it ends in the same state, and nothing is there twice."""

from pathlib import Path

import pytest

from tests.faults.world import Kill, Ran, settled, world

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

BOUNDARIES = 6
"""Of each job without a model: three groups, each with a beginning and an end."""

EVERY = [
    pytest.param(boundary, marks=() if boundary in (1, BOUNDARIES) else pytest.mark.long)
    for boundary in range(1, BOUNDARIES + 1)
]


async def test_19_every_boundary_is_tried(delivered: tuple[Ran, Path]) -> None:
    log = delivered[0].log
    assert log.count("::group::") + log.count("::endgroup::") == 2 * BOUNDARIES


@pytest.mark.parametrize("boundary", EVERY)
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


@pytest.mark.parametrize("boundary", EVERY)
async def test_19_a_publish_that_is_killed_is_done_again(boundary: int, built: Path, tmp_path: Path) -> None:
    async with world(tmp_path) as system:
        await system.send()
        (payload,) = system.dispatched
        assert (await system.run(payload, built=built, kill=Kill("publish", boundary))).publish in (None, 0)
        assert (await system.run(payload, built=built, attempt=2)).publish == 0
        settled(system)
