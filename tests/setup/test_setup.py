"""A pipeline put on the local GitHub, by the command that puts it on the real one."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import GitHubFailed, UsageError
from orchestrator.local.configuration import Configuration
from orchestrator.local.store import Repository
from orchestrator.local.tokens import Token
from orchestrator.setup.pipeline import RULESET
from orchestrator.setup.setup import run_setup
from orchestrator.setup.wanted import WORKFLOW
from tests.doubles.hub import Hub, fault

NEEDED = ("administration", "contents", "environments", "secrets", "variables", "workflows")
SETUP, DISPATCH, PEN, KEY = "token-that-sets-up", "token-that-dispatches", "the-pen", "key-of-the-model"
NAME = "octo/pipeline"
REAL = Path(__file__).parents[2] / WORKFLOW


class Person:
    """Somebody at a keyboard, who answers yes except to questions that hold one of `doubts`."""

    def __init__(self, *doubts: str) -> None:
        self.doubts = doubts
        self.asked: list[str] = []

    def __call__(self, question: str) -> bool:
        self.asked.append(question)
        return not any(doubt in question for doubt in self.doubts)


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "init.defaultBranch=main")
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout.strip()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    folder = tmp_path / "clone"
    (folder / WORKFLOW).parent.mkdir(parents=True)
    (folder / WORKFLOW).write_bytes(REAL.read_bytes())
    git(folder, "init", "--quiet")
    more(folder, "code.py")
    return folder


def more(clone: Path, name: str) -> str:
    (clone / name).write_text("x")
    git(clone, "add", ".")
    git(clone, "commit", "--quiet", "-m", f"Add {name}")
    return git(clone, "rev-parse", "HEAD")


@pytest.fixture
def env(hub: Hub) -> dict[str, str]:
    hub.github.tokens.add(Token(SETUP, "octo", dict.fromkeys(NEEDED, "write")))
    hub.github.tokens.add(Token(DISPATCH, "octo", {"contents": "write"}, frozenset({NAME})))
    return {
        "PATH": os.environ["PATH"],
        "PIPELINE_REPOSITORY": NAME,
        "GITHUB_API_URL": hub.host.url,
        "SETUP_TOKEN": SETUP,
        "TARGET_TOKEN": PEN,
        "OPENAI_API_KEY": KEY,
        "LLM_MODELS": "gpt-4.1",
    }


def repository(hub: Hub) -> Repository:
    found = hub.github.store.find("octo", "pipeline")
    assert found
    return found


def configured(hub: Hub) -> Configuration:
    return hub.github.configurations.of(repository(hub))


def secrets_in(hub: Hub, environment: str) -> dict[str, str | None]:
    held = configured(hub)
    return {name: held.opened(sealed) for name, sealed in held.environments[environment].secrets.items()}


def test_from_nothing_to_a_pipeline_that_could_run(
    hub: Hub, clone: Path, env: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    person = Person()
    assert run_setup(env, person, clone) == 0
    made = repository(hub)
    assert hub.head("pipeline") == git(clone, "rev-parse", "HEAD")
    assert not made.private
    assert secrets_in(hub, "build") == {"OPENAI_API_KEY": KEY}
    assert secrets_in(hub, "publish") == {"TARGET_TOKEN": PEN}
    held = configured(hub)
    assert {one.branches for one in held.environments.values()} == {("main",)}
    assert held.variables == {"LLM_MODELS": "gpt-4.1"}
    assert held.secrets == {}
    # Asked before anything leaves this machine: the repository, the code, what is stored.
    assert [question.split()[0] for question in person.asked] == ["octo/pipeline", "Push", "Store"]
    said = capsys.readouterr().out + " ".join(person.asked)
    assert "A ruleset keeps main" in said
    assert not any(secret in said for secret in (SETUP, PEN, KEY))


def test_the_dispatch_token_cannot_touch_the_branch_and_this_command_still_can(
    hub: Hub, clone: Path, env: dict[str, str]
) -> None:
    run_setup(env, Person(), clone)
    head = more(clone, "evil.py")
    address = hub.host.url.replace("http://", f"http://x:{DISPATCH}@") + f"/{NAME}"
    with pytest.raises(subprocess.CalledProcessError, match="push"):
        git(clone, "push", address, "HEAD:main")
    git(clone, "push", address, "HEAD:other")
    assert hub.head("pipeline") != head
    assert run_setup(env, Person(), clone) == 0
    assert hub.head("pipeline") == head
    assert [(one.name, one.enforcement) for one in configured(hub).rulesets] == [(RULESET, "active")]


def test_a_second_time_changes_what_is_new_and_asks_for_no_push(
    hub: Hub, clone: Path, env: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    run_setup(env, Person(), clone)
    person = Person()
    assert run_setup({**env, "OPENAI_API_KEY": "other", "LLM_MODELS": "gpt-5"}, person, clone) == 0
    assert [question.split()[0] for question in person.asked] == ["Store"]
    assert secrets_in(hub, "build") == {"OPENAI_API_KEY": "other"}
    assert configured(hub).variables == {"LLM_MODELS": "gpt-5"}
    assert len(configured(hub).rulesets) == 1
    assert "there already" in capsys.readouterr().out


def test_nothing_is_made_pushed_or_stored_against_a_no(
    hub: Hub, clone: Path, env: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_setup(env, Person("does not exist"), clone) == 5
    assert hub.github.store.find("octo", "pipeline") is None
    hub.github.store.create_repository("octo", "pipeline", description=None)
    assert run_setup(env, Person("Push", "Store"), clone) == 0
    assert hub.head("pipeline") is None
    held = configured(hub)
    assert held.variables == held.secrets == {}
    assert not any(one.secrets for one in held.environments.values())
    said = capsys.readouterr().out
    assert f"git push {hub.host.url}/{NAME} HEAD:main" in said
    assert "No secret and no variable was stored" in said


def test_commits_that_are_not_here_are_not_overwritten(hub: Hub, clone: Path, env: dict[str, str]) -> None:
    theirs = hub.seed("pipeline", {"theirs.txt": b"x"})
    with pytest.raises(GitHubFailed, match="fetch and merge them first"):
        run_setup(env, Person(), clone)
    assert hub.head("pipeline") == theirs


def test_a_ruleset_that_was_lifted_is_in_force_again_even_where_the_push_fails(
    hub: Hub, clone: Path, env: dict[str, str]
) -> None:
    run_setup(env, Person(), clone)
    (ruleset,) = configured(hub).rulesets
    hub.github.configurations.change(repository(hub), lambda now: replace(now, rulesets=()))
    hub.seed("pipeline", {"theirs.txt": b"x"})
    hub.github.configurations.change(repository(hub), lambda now: replace(now, rulesets=(ruleset,)))
    more(clone, "mine.py")
    with pytest.raises(GitHubFailed):
        run_setup(env, Person(), clone)
    assert configured(hub).rulesets == (ruleset,)


def test_a_private_repository_of_a_free_account_is_set_up_as_far_as_its_plan_goes(
    hub: Hub, clone: Path, env: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    hub.github.store.create_repository("octo", "pipeline", description=None, private=True)
    hub.fail(fault("/environments/", status=404, times=9))
    assert run_setup({**env, "LLM_MODELS": ""}, Person(), clone) == 0
    held = configured(hub)
    assert {name: held.opened(sealed) for name, sealed in held.secrets.items()} == {
        "OPENAI_API_KEY": KEY,
        "TARGET_TOKEN": PEN,
    }
    said = capsys.readouterr().out
    assert "no environments for private repositories" in said
    assert "DISPATCH_TOKEN could rewrite the pipeline" in said
    assert "No model is configured" in said


@pytest.mark.parametrize("missing", NEEDED)
def test_a_token_that_lacks_something_is_told_what_it_needs(
    missing: str, hub: Hub, clone: Path, env: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    hub.github.store.create_repository("octo", "pipeline", description=None)
    rights = {name: "write" for name in NEEDED if name != missing}
    hub.github.tokens.add(Token(SETUP, "octo", rights))
    if missing == "secrets":  # needed only where there are no environments
        assert run_setup(env, Person(), clone) == 0
        return
    if missing in ("contents", "workflows"):
        with pytest.raises(GitHubFailed, match="Give SETUP_TOKEN"):
            run_setup(env, Person(), clone)
        return
    assert run_setup(env, Person(), clone) == 5
    said = capsys.readouterr().out
    assert "Give SETUP_TOKEN Administration, Contents, Environments" in said
    assert SETUP not in said


def test_what_is_missing_is_named_at_once(clone: Path, tmp_path: Path, env: dict[str, str]) -> None:
    with pytest.raises(UsageError, match=r"PIPELINE_REPOSITORY .* SETUP_TOKEN .* TARGET_TOKEN"):
        run_setup({}, Person(), clone)
    with pytest.raises(UsageError, match="must be owner/name"):
        run_setup({**env, "PIPELINE_REPOSITORY": "pipeline"}, Person(), clone)
    with pytest.raises(UsageError, match="no workflow"):
        run_setup(env, Person(), tmp_path)
    (tmp_path / WORKFLOW).parent.mkdir(parents=True)
    (tmp_path / WORKFLOW).write_bytes(REAL.read_bytes())
    with pytest.raises(UsageError, match="nothing to push"):
        run_setup({**env, "GIT_CEILING_DIRECTORIES": str(tmp_path.parent)}, Person(), tmp_path)


def test_what_is_not_committed_is_said_to_stay(hub: Hub, clone: Path, env: dict[str, str]) -> None:
    (clone / "unfinished.py").write_text("x")
    person = Person()
    run_setup(env, person, clone)
    assert any("What is not committed here stays here" in question for question in person.asked)
    assert "unfinished.py" not in hub.files("pipeline")
