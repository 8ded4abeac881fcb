"""Trees that a model could write to take over the machine that bundles them: none runs, none sees anything."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.core.scaffold import BUNDLE
from orchestrator.frameworks.bundle import bundle_sources
from orchestrator.frameworks.toolchain import Toolchain
from tests.frameworks.trees import TREES

pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class Bait:
    """What an attack is after: two files that hold `secret`, one of them beside the bundler's folder."""

    secret: str
    outside: Path
    beside: Path
    marker: Path

    def filled(self, tree: dict[str, str]) -> dict[str, bytes]:
        """Return the tree with the real paths in it."""
        return {path: self._with_paths(text).encode() for path, text in tree.items()}

    def _with_paths(self, text: str) -> str:
        beside = f"../{self.beside.name}"
        return text.replace("OUTSIDE", str(self.outside)).replace("BESIDE", beside).replace("MARKER", str(self.marker))


@pytest.fixture
def bait(toolchain: Toolchain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bait]:
    secret = f"secret-{uuid.uuid4().hex}"
    bait = Bait(
        secret, tmp_path / "outside.txt", toolchain.folder.parent / f"bait-{uuid.uuid4().hex}.txt", tmp_path / "ran"
    )
    monkeypatch.setenv("SECRET_OF_OURS", secret)
    monkeypatch.setenv("VITE_SECRET_OF_OURS", secret)
    for place in (bait.outside, bait.beside):
        place.write_text(f'"{secret}"')
    yield bait
    bait.beside.unlink()


@pytest.mark.parametrize("name", TREES)
async def test_no_tree_runs_or_sees_anything(name: str, toolchain: Toolchain, bait: Bait) -> None:
    came, tree = TREES[name]
    bundled = await bundle_sources(toolchain, bait.filled(tree))
    said = "".join(f"{finding.text} {finding.where}" for finding in bundled.findings)
    assert not bait.marker.exists()
    assert bait.secret not in said + "".join(data.decode() for data in bundled.files.values())
    assert str(toolchain.folder) not in said
    assert (set(bundled.files), bool(bundled.findings)) == (
        (set(BUNDLE), False) if came == "built" else (set(), True)
    ), said
    assert {finding.kind for finding in bundled.findings} <= {"build"}


def test_there_are_enough_of_them() -> None:
    assert len(TREES) >= 60
