"""One browser for all tests of a module that inspects pages."""

from collections.abc import AsyncIterator, Iterator

import pytest

from orchestrator.core.site import Site
from orchestrator.verify.browser import open_cage
from orchestrator.verify.server import ServedSite, serve_site
from tests.doubles.stage import Stage


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def served() -> Iterator[ServedSite]:
    with serve_site(Site({}), "repo") as served:
        yield served


@pytest.fixture(scope="module")
async def stage(served: ServedSite, anyio_backend: str) -> AsyncIterator[Stage]:  # noqa: ARG001
    async with open_cage(None, served.url) as cage:
        yield Stage(cage, served)
