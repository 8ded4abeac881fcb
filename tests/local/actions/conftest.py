"""A machine that is left as it was found."""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.doubles.engine import Place


@pytest.fixture
async def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    place = Place(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    yield place
    for engine in place.engines:
        await engine.close()
    assert place.processes() == []
    assert not list((tmp_path / "work").glob("attempts/*"))
    assert not list((tmp_path / "tmp").iterdir())
