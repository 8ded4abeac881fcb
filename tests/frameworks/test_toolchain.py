import json
from pathlib import Path

import pytest

from orchestrator.core.errors import UsageError
from orchestrator.core.scaffold import load_scaffold
from orchestrator.frameworks.toolchain import Toolchain, find_node, install_toolchain, npm_home

pytestmark = pytest.mark.anyio


def npm(folder: Path, script: str) -> str:
    program = folder / "npm"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return str(program)


async def test_npm_runs_once_beside_our_files_alone_with_an_empty_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "key-of-the-model")
    said, cache = tmp_path / "said", tmp_path / "cache"
    program = npm(tmp_path, f'(echo "$@"; pwd; ls; echo --; env) >> {said}')
    first = await install_toolchain(cache, npm=program)
    assert await install_toolchain(cache, npm=program) == first
    arguments, where, *listed = said.read_text().splitlines()
    files, variables = listed[: listed.index("--")], listed[listed.index("--") + 1 :]
    assert arguments == "ci --ignore-scripts"
    assert not where.startswith(str(first.folder))
    assert files == sorted(load_scaffold())
    # The shell adds the last three.
    assert {entry.partition("=")[0] for entry in variables} <= {"PATH", "HOME", "PWD", "OLDPWD", "SHLVL", "_"}
    assert f"HOME={npm_home(cache)}" in variables
    assert "ignore-scripts=true" in (npm_home(cache) / ".npmrc").read_text()
    assert {path.name for path in cache.iterdir()} == {"npm", first.folder.name}


async def test_another_scaffold_would_be_another_folder(toolchain: Toolchain) -> None:
    assert json.loads((toolchain.folder / "package.json").read_bytes()) == json.loads(load_scaffold()["package.json"])
    assert toolchain.node == find_node()
    assert (toolchain.folder / "node_modules" / "esbuild").is_dir()


async def test_a_tree_that_another_has_made_meanwhile_is_taken(tmp_path: Path) -> None:
    """Told by an npm that makes the other's folder while it works."""
    reference = await install_toolchain(tmp_path / "reference", npm=npm(tmp_path, "true"))
    there = tmp_path / "cache" / reference.folder.name
    made = await install_toolchain(tmp_path / "cache", npm=npm(tmp_path, f"mkdir -p {there}; touch {there}/theirs"))
    assert (made.folder / "theirs").exists()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 'npm error code ENOTCACHED' >&2; exit 1", "could not install the bundler's packages (ENOTCACHED)"),
        ("echo 'secret of a registry' >&2; exit 1", "could not install the bundler's packages."),
    ],
)
async def test_an_npm_that_fails_leaves_nothing_and_says_why(tmp_path: Path, script: str, said: str) -> None:
    with pytest.raises(UsageError) as failed:
        await install_toolchain(tmp_path / "cache", npm=npm(tmp_path, script))
    assert said in str(failed.value)
    assert "secret" not in str(failed.value)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["npm"]


async def test_without_npm_the_error_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match=r"npm was not found.*Install Node\.js with npm"):
        await install_toolchain(tmp_path / "cache")
