"""Job `publish` with an evaluator who listens."""

from pathlib import Path
from typing import Any

import pytest

from tests.doubles.evaluator import evaluator
from tests.doubles.hub import Hub
from tests.doubles.publishing import Job


@pytest.fixture
async def job(hub: Hub, tmp_path: Path) -> Any:
    async with evaluator() as told:
        yield Job(hub, tmp_path / "built", told)
