import os
import subprocess
from pathlib import Path

from orchestrator.local.github import LocalGitHub
from orchestrator.local.store import Repository


def git(*arguments: str) -> int:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0"}
    return subprocess.run(["git", *arguments], check=False, capture_output=True, env=environment).returncode


def test_a_repository_can_be_cloned_from_its_address_but_not_pushed_to(
    listening: LocalGitHub, site: Repository, tmp_path: Path
) -> None:
    clone = str(tmp_path / "clone")
    assert git("clone", f"{listening.api_url}/{site.full_name}", clone) == 0
    assert (tmp_path / "clone/docs/a.txt").read_bytes() == b"a"
    assert git("-C", clone, "push", "origin", "HEAD:other") != 0
    assert git("clone", "--depth=1", f"{listening.api_url}/OCTO/site.git", str(tmp_path / "shallow")) == 0


def test_a_private_or_absent_repository_cannot_be_cloned(listening: LocalGitHub, tmp_path: Path) -> None:
    listening.store.create_repository("octo", "hidden", description=None, private=True)
    for name in ("hidden", "none"):
        assert git("clone", f"{listening.api_url}/octo/{name}", str(tmp_path / name)) != 0
