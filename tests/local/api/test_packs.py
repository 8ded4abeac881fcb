import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.local.configuration import Ruleset
from orchestrator.local.github import LocalGitHub
from orchestrator.local.store import StoredRepository
from orchestrator.local.tokens import Token


def git(*arguments: str) -> int:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0"}
    return subprocess.run(["git", *arguments], check=False, capture_output=True, env=environment).returncode


def test_a_repository_can_be_cloned_from_its_address_and_nobody_pushes_to_it(
    listening: LocalGitHub, site: StoredRepository, tmp_path: Path
) -> None:
    clone = str(tmp_path / "clone")
    assert git("clone", f"{listening.api_url}/{site.full_name}", clone) == 0
    assert (tmp_path / "clone/docs/a.txt").read_bytes() == b"a"
    assert git("-C", clone, "push", "origin", "HEAD:other") != 0  # as nobody
    assert git("clone", "--depth=1", f"{listening.api_url}/OCTO/site.git", str(tmp_path / "shallow")) == 0


def test_a_private_or_absent_repository_cannot_be_cloned(listening: LocalGitHub, tmp_path: Path) -> None:
    listening.store.create_repository("octo", "hidden", description=None, private=True)
    for name in ("hidden", "none"):
        assert git("clone", f"{listening.api_url}/octo/{name}", str(tmp_path / name)) != 0


def as_user(listening: LocalGitHub, token: str) -> str:
    """Return the address with a token as password: the tests' own, on this machine."""
    return listening.api_url.replace("http://", f"http://x:{token}@")


@pytest.fixture
def clone(listening: LocalGitHub, site: StoredRepository, tmp_path: Path) -> str:
    """Return a clone of octo/site with one more commit."""
    path = str(tmp_path / "clone")
    assert git("clone", f"{listening.api_url}/{site.full_name}", path) == 0
    (tmp_path / "clone/new.txt").write_text("new")
    committed(path)
    return path


def committed(clone: str) -> None:
    author = ("-c", "user.name=x", "-c", "user.email=x@example.com")
    assert git("-C", clone, "add", ".") == git("-C", clone, *author, "commit", "-m", "More") == 0


def test_who_may_write_pushes_and_nobody_else(clone: str, listening: LocalGitHub, site: StoredRepository) -> None:
    for token in ("token-that-reads", "wrong"):
        assert git("-C", clone, "push", f"{as_user(listening, token)}/octo/site", "HEAD:main") != 0
    assert git("-C", clone, "push", f"{as_user(listening, 'token-of-octo')}/octo/site", "HEAD:main") == 0
    head = listening.store.resolve_head(site)
    assert head
    assert listening.store.list_commits(site, head)[0].message == "More"


def test_the_first_push_to_an_empty_repository_makes_its_default_branch(clone: str, listening: LocalGitHub) -> None:
    made = listening.store.create_repository("octo", "empty", description=None)
    assert git("-C", clone, "push", f"{as_user(listening, 'token-of-octo')}/octo/empty", "HEAD:trunk") == 0
    found = listening.store.find_repository("octo", "empty")
    assert found
    assert found.default_branch == "trunk"
    assert listening.store.resolve_head(found)
    assert found.pushed_at > made.pushed_at


def test_workflows_are_pushed_only_by_who_may_write_those(
    clone: str, listening: LocalGitHub, site: StoredRepository
) -> None:
    before = listening.store.resolve_head(site)
    workflow = Path(clone, ".github/workflows/x.yml")
    workflow.parent.mkdir(parents=True)
    workflow.write_text("on: push")
    committed(clone)
    listening.store.create_repository("octo", "empty", description=None)
    for name in ("site", "empty"):
        assert git("-C", clone, "push", f"{as_user(listening, 'token-of-octo')}/octo/{name}", "HEAD:main") != 0
    assert listening.store.resolve_head(site) == before
    listening.tokens.add(Token("more", "octo", {"contents": "write", "workflows": "write"}))
    assert git("-C", clone, "push", f"{as_user(listening, 'more')}/octo/site", "HEAD:main") == 0


def test_a_branch_that_a_ruleset_keeps_takes_no_push(
    clone: str, listening: LocalGitHub, site: StoredRepository
) -> None:
    keep = Ruleset(1, "keep", "active", include=("~DEFAULT_BRANCH",), rules=("update",))
    listening.configurations.change(site, lambda now: replace(now, rulesets=(keep,)))
    address = f"{as_user(listening, 'token-of-octo')}/octo/site"
    assert git("-C", clone, "push", address, "HEAD:main") != 0
    assert git("-C", clone, "push", address, "HEAD:other") == 0
