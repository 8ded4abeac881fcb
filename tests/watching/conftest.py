from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.doubles.hub import Hub
from tests.doubles.pipeline import Pipeline


@pytest.fixture
def pipeline(hub: Hub, tmp_path: Path) -> Pipeline:
    """A pipeline whose runs the test moves on."""
    return Pipeline(hub, tmp_path / "pipeline")


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as http:
        yield http
