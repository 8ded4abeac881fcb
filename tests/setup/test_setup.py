"""A pipeline put on the local GitHub, by the command that puts it on the real one."""

import os
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from dotenv import dotenv_values

from orchestrator.core.errors import UsageError
from orchestrator.local.configuration import Configuration, Environment
from orchestrator.local.store import StoredRepository
from orchestrator.local.tokens import Token
from orchestrator.setup.keeping import keep_task_key
from orchestrator.setup.pipeline import RULESET
from orchestrator.setup.setup import Ask, run_setup
from orchestrator.setup.wanted import WORKFLOW
from receiver.settings import is_task_key
from tests.doubles.clock import FastClock
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


def set_up(env: dict[str, str], ask: Ask, clone: Path) -> int:
    """Run the command, with a clock whose pauses take no time, and with a `.env` beside the clone."""
    return run_setup(env, ask, FastClock().clock(), clone, clone.parent / ".env")


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


def repository(hub: Hub) -> StoredRepository:
    found = hub.github.store.find_repository("octo", "pipeline")
    assert found
    return found


def configured(hub: Hub) -> Configuration:
    return hub.github.configurations.load_for(repository(hub))


def secrets_in(hub: Hub, environment: str) -> dict[str, str | None]:
    held = configured(hub)
    return {name: held.decrypt_secret(sealed) for name, sealed in held.environments[environment].secrets.items()}


def test_from_nothing_to_a_pipeline_that_could_run(
    hub: Hub, clone: Path, env: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    person = Person()
    assert set_up(env, person, clone) == 0
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
    assert "A ruleset blocks every push to main" in said
    assert not any(secret in said for secret in (SETUP, PEN, KEY))


def test_the_dispatch_token_cannot_touch_the_branch_and_this_command_still_can(
    hub: Hub, clone: Path, env: dict[str, str]
) -> None:
    set_up(env, Person(), clone)
    head = more(clone, "evil.py")
    address = hub.host.url.replace("http://", f"http://x:{DISPATCH}@") + f"/{NAME}"
    with pytest.raises(subprocess.CalledProcessError, match="push"):
        git(clone, "push", address, "HEAD:main")
    git(clone, "push", address, "HEAD:other")
    assert hub.head("pipeline") != head
    assert set_up(env, Person(), clone) == 0
    assert hub.head("pipeline") == head
    assert [(one.name, one.enforcement) for one in configured(hub).rulesets] == [(RULESET, "active")]


def test_a_second_time_changes_what_is_new_and_asks_for_no_push(
    hub: Hub, clone: Path, env: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    set_up(env, Person(), clone)
    person = Person()
    assert set_up({**env, "OPENAI_API_KEY": "other", "LLM_MODELS": "gpt-5"}, person, clone) == 0
    assert [question.split()[0] for question in person.asked] == ["Store"]
    assert secrets_in(hub, "build") == {"OPENAI_API_KEY": "other"}
    assert configured(hub).variables == {"LLM_MODELS": "gpt-5"}
    assert len(configured(hub).rulesets) == 1
    assert "is already at" in capsys.readouterr().out


OURS = {".github/workflows/ci.yml": "on: push\n", ".github/dependabot.yml": "version: 2\n"}


def with_ours(clone: Path) -> str:
    """Give the clone what only the project's own repository needs; return its head."""
    for name, text in OURS.items():
        (clone / name).write_text(text)
    return more(clone, "tests.py")


def test_what_only_the_projects_own_repository_needs_is_not_pushed(
    hub: Hub, clone: Path, env: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    head = with_ours(clone)
    (clone / "staged.py").write_text("x")
    git(clone, "add", "staged.py")
    person = Person()
    assert set_up(env, person, clone) == 0
    assert hub.files("pipeline").keys() == {WORKFLOW, "code.py", "tests.py"}
    assert any(f"{head[:12]} “Add tests.py” without dependabot.yml and ci.yml" in said for said in person.asked)
    # The clone itself is as it was.
    assert git(clone, "rev-parse", "HEAD") == head
    assert git(clone, "status", "--porcelain") == "A  staged.py"
    capsys.readouterr()
    again = Person()
    assert set_up(env, again, clone) == 0
    assert [question.split()[0] for question in again.asked] == ["Store"]
    assert "is already at" in capsys.readouterr().out


@pytest.mark.parametrize("place", ["here", "elsewhere"])
def test_later_versions_follow_without_force_from_any_clone(
    place: str, hub: Hub, clone: Path, env: dict[str, str], tmp_path: Path
) -> None:
    with_ours(clone)
    assert set_up(env, Person(), clone) == 0
    first = hub.head("pipeline")
    if place == "elsewhere":
        git(tmp_path, "clone", "--quiet", str(clone), str(tmp_path / "other"))
        clone = tmp_path / "other"
    head = more(clone, "later.py")
    assert set_up(env, Person(), clone) == 0
    assert hub.files("pipeline").keys() == {WORKFLOW, "code.py", "tests.py", "later.py"}
    found = hub.github.store.find_repository("octo", "pipeline")
    assert found
    (made,) = hub.github.store.list_commits(found, hub.head("pipeline") or "")
    assert made.parents == (head, first)
    assert set_up(env, Person("Push"), clone) == 0


def test_what_was_pushed_whole_before_is_taken_out(hub: Hub, clone: Path, env: dict[str, str]) -> None:
    head = with_ours(clone)
    hub.github.store.create_repository("octo", "pipeline", description=None)
    address = hub.host.url.replace("http://", f"http://x:{SETUP}@") + f"/{NAME}"
    git(clone, "push", "--quiet", address, f"{head}:refs/heads/main")
    assert OURS.keys() < hub.files("pipeline").keys()
    assert set_up(env, Person(), clone) == 0
    assert not OURS.keys() & hub.files("pipeline").keys()


def test_commits_of_others_on_top_are_not_overwritten_either(
    hub: Hub, clone: Path, env: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with_ours(clone)
    assert set_up(env, Person(), clone) == 0
    hub.github.configurations.change(repository(hub), lambda now: replace(now, rulesets=()))
    theirs = hub.seed("pipeline", {"theirs.txt": b"x"})
    assert set_up(env, Person(), clone) == 5
    assert "Fetch and merge them first" in capsys.readouterr().out
    assert hub.head("pipeline") == theirs


def test_nothing_is_made_pushed_or_stored_against_a_no(
    hub: Hub, clone: Path, env: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert set_up(env, Person("does not exist"), clone) == 5
    assert hub.github.store.find_repository("octo", "pipeline") is None
    hub.github.store.create_repository("octo", "pipeline", description=None)
    assert set_up(env, Person("Push", "Store"), clone) == 0
    assert hub.head("pipeline") is None
    held = configured(hub)
    assert held.variables == held.secrets == {}
    assert not any(one.secrets for one in held.environments.values())
    said = capsys.readouterr().out
    assert "Nothing was pushed" in said
    assert "No secret and no variable was stored" in said


def test_commits_that_are_not_here_are_not_overwritten(
    hub: Hub, clone: Path, env: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = hub.seed("pipeline", {"theirs.txt": b"x"})
    assert set_up(env, Person(), clone) == 5
    assert "Fetch and merge them first" in capsys.readouterr().out
    assert hub.head("pipeline") == theirs


def test_a_ruleset_that_was_lifted_is_in_force_again_even_where_the_push_fails(
    hub: Hub, clone: Path, env: dict[str, str]
) -> None:
    set_up(env, Person(), clone)
    (ruleset,) = configured(hub).rulesets
    hub.github.configurations.change(repository(hub), lambda now: replace(now, rulesets=()))
    hub.seed("pipeline", {"theirs.txt": b"x"})
    hub.github.configurations.change(repository(hub), lambda now: replace(now, rulesets=(ruleset,)))
    more(clone, "mine.py")
    assert set_up(env, Person(), clone) == 5
    assert configured(hub).rulesets == (ruleset,)


@pytest.mark.parametrize("status", [403, 502])
def test_a_ruleset_that_cannot_be_put_back_is_said_to_be_lifted(
    status: int, hub: Hub, clone: Path, env: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    set_up(env, Person(), clone)
    more(clone, "more.py")
    hub.fail(fault("/rulesets/1$", method="PUT", status=status, after=1, times=1 if status == 403 else 9))
    assert set_up(env, Person(), clone) == 5
    assert "was disabled and could not be enabled again" in capsys.readouterr().out
    hub.fail()
    assert set_up(env, Person(), clone) == 0
    assert [one.enforcement for one in configured(hub).rulesets] == ["active"]


def test_a_lifting_whose_answer_is_lost_is_taken_back_too(hub: Hub, clone: Path, env: dict[str, str]) -> None:
    set_up(env, Person(), clone)
    more(clone, "more.py")
    hub.fail(fault("/rulesets/1$", method="PUT", drop=True, times=5))
    assert set_up(env, Person(), clone) == 5
    assert [one.enforcement for one in configured(hub).rulesets] == ["active"]


def test_a_private_repository_of_a_free_account_is_set_up_as_far_as_its_plan_goes(
    hub: Hub, clone: Path, env: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    hub.github.store.create_repository("octo", "pipeline", description=None, private=True)
    assert set_up({**env, "LLM_MODELS": ""}, Person(), clone) == 0
    held = configured(hub)
    assert {name: held.decrypt_secret(sealed) for name, sealed in held.secrets.items()} == {
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
    assert set_up(env, Person(), clone) == 5
    said = capsys.readouterr().out
    expected = {"contents": "Contents: read and write", "workflows": "Workflows: read and write"}
    assert f"Give SETUP_TOKEN {expected.get(missing, 'Actions: read; Administration, Contents')}" in said
    assert SETUP not in said


def test_what_is_missing_is_named_at_once(clone: Path, tmp_path: Path, env: dict[str, str]) -> None:
    with pytest.raises(UsageError, match=r"PIPELINE_REPOSITORY .* SETUP_TOKEN .* TARGET_TOKEN"):
        set_up({}, Person(), clone)
    with pytest.raises(UsageError, match="must have the form owner/name"):
        set_up({**env, "PIPELINE_REPOSITORY": "pipeline"}, Person(), clone)
    with pytest.raises(UsageError, match="workflow to set up was not found"):
        set_up(env, Person(), tmp_path)
    (tmp_path / WORKFLOW).parent.mkdir(parents=True)
    (tmp_path / WORKFLOW).write_bytes(REAL.read_bytes())
    with pytest.raises(UsageError, match="files to push were not found"):
        set_up({**env, "GIT_CEILING_DIRECTORIES": str(tmp_path.parent)}, Person(), tmp_path)


def test_an_enterprise_server_is_refused_before_anything_is_asked(clone: Path, env: dict[str, str]) -> None:
    person = Person()
    with pytest.raises(UsageError, match="Enterprise Server"):
        set_up({**env, "GITHUB_API_URL": "https://github.example.com/api/v3"}, person, clone)
    assert person.asked == []


def test_a_token_that_is_not_valid_is_to_be_renewed(
    hub: Hub, clone: Path, env: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert set_up({**env, "SETUP_TOKEN": "expired"}, Person(), clone) == 5
    assert "Renew SETUP_TOKEN" in capsys.readouterr().out
    hub.fail(fault("/repos/octo/pipeline$", status=502, times=9))
    assert set_up(env, Person(), clone) == 5
    assert "Then run this command again" in capsys.readouterr().out


def test_what_lies_inside_another_repository_is_not_taken_for_a_clone(
    clone: Path, hub: Hub, env: dict[str, str]
) -> None:
    inside = clone / "unpacked"
    (inside / WORKFLOW).parent.mkdir(parents=True)
    (inside / WORKFLOW).write_bytes(REAL.read_bytes())
    with pytest.raises(UsageError, match="files to push were not found"):
        set_up(env, Person(), inside)
    assert hub.github.store.find_repository("octo", "pipeline") is None


def test_git_that_sends_addresses_elsewhere_or_adds_headers_is_not_obeyed(
    hub: Hub, clone: Path, env: dict[str, str], tmp_path: Path
) -> None:
    lines = [
        '[url "http://127.0.0.1:9/"]',
        f"insteadOf = {hub.host.url}/",
        f"pushInsteadOf = {hub.host.url}/",
        f'[http "{hub.host.url}/"]',
        "extraHeader = Authorization: Basic eDp3cm9uZw==",
    ]
    (tmp_path / ".gitconfig").write_text("\n".join(lines))
    assert set_up({**env, "HOME": str(tmp_path), "GIT_DIR": "/none/such"}, Person(), clone) == 0
    assert hub.head("pipeline") == git(clone, "rev-parse", "HEAD")


def test_what_would_not_work_all_the_same_is_said(
    hub: Hub, clone: Path, env: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    hub.github.store.create_repository("octo", "pipeline", description=None)
    found = repository(hub)
    open_to_all = Environment("custom", ("main", "*"))
    hub.github.configurations.change(
        found, lambda now: replace(now, environments={"build": open_to_all}, variables={"LLM_MODELS": "gpt-5"})
    )
    more_env = {"GROQ_API_KEY": "x", "LLM_MODELS": "groq/llama,claude-sonnet,ollama"}
    assert set_up({**env, **more_env}, Person(), clone) == 0
    said = capsys.readouterr().out
    assert ".github/workflows/build.yml does not use the secret GROQ_API_KEY" in said
    assert "Model groq/llama has no key among the secrets" in said
    assert "Model claude-sonnet has no key" in said
    assert "Model ollama" not in said
    assert "The environment build is also open to *" in said
    assert set_up({**env, "LLM_MODELS": ""}, Person(), clone) == 0
    assert "The variable LLM_MODELS stays groq/llama" in capsys.readouterr().out


def test_a_secret_that_every_workflow_sees_as_well_is_named(
    hub: Hub, clone: Path, env: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    set_up(env, Person(), clone)
    hub.github.configurations.change(repository(hub), lambda now: replace(now, secrets={"TARGET_TOKEN": "x"}))
    capsys.readouterr()
    assert set_up(env, Person(), clone) == 0
    assert "TARGET_TOKEN is also a secret of the whole repository" in capsys.readouterr().out


def test_what_is_not_committed_is_said_to_stay(hub: Hub, clone: Path, env: dict[str, str]) -> None:
    (clone / "unfinished.py").write_text("x")
    person = Person()
    set_up(env, person, clone)
    assert any("Uncommitted changes are not pushed" in question for question in person.asked)
    assert "unfinished.py" not in hub.files("pipeline")


# The key that tasks are told apart by


def key_in(dotenv: Path) -> str:
    return dotenv_values(dotenv).get("TASK_KEY") or ""


def test_a_task_key_is_drawn_once_and_written_for_the_owner_alone(
    hub: Hub, clone: Path, env: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    dotenv = clone.parent / ".env"
    assert set_up(env, Person(), clone) == 0
    key = key_in(dotenv)
    assert is_task_key(key)
    assert stat.S_IMODE(dotenv.stat().st_mode) == 0o600
    said = capsys.readouterr().out
    assert f"A TASK_KEY was created in {dotenv}" in said
    assert "Copy it to the receiver's host" in said
    # It is the receiver's alone: nothing of it goes to GitHub, nor to the terminal.
    held = configured(hub)
    everything = [
        said,
        repr(held.variables),
        *held.secrets,
        *(name for one in held.environments.values() for name in one.secrets),
    ]
    assert not any(key in text for text in everything)
    assert "TASK_KEY" not in " ".join(everything[1:])
    assert set_up({**env, "TASK_KEY": key}, Person(), clone) == 0
    assert dotenv.read_text().count("TASK_KEY") == 1
    assert "TASK_KEY already exists" in capsys.readouterr().out


@pytest.mark.parametrize(
    "before", ["", "LLM_MODELS=gpt-4.1", "LLM_MODELS=gpt-4.1\n", "LLM_MODELS=gpt-4.1\nTASK_KEY=\n"]
)
def test_what_stood_in_the_file_before_stays(before: str, tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text(before)
    dotenv.chmod(0o644)
    assert keep_task_key(dotenv).level == "warning"
    assert dotenv.read_text().startswith(before)
    assert is_task_key(key_in(dotenv))
    assert dotenv_values(dotenv).get("LLM_MODELS") == ("gpt-4.1" if before else None)
    assert stat.S_IMODE(dotenv.stat().st_mode) == 0o600


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    finding = keep_task_key(tmp_path / "none" / ".env")
    assert "could not be written" in finding.said
    assert finding.remedy


def test_no_two_keys_are_the_same(tmp_path: Path) -> None:
    for name in ("a", "b"):
        keep_task_key(tmp_path / name)
    assert key_in(tmp_path / "a") != key_in(tmp_path / "b")


def test_a_task_key_of_another_form_is_refused_before_anything_is_asked(clone: Path, env: dict[str, str]) -> None:
    person = Person()
    with pytest.raises(UsageError, match="TASK_KEY must be 64 hexadecimal digits"):
        set_up({**env, "TASK_KEY": "agreed"}, person, clone)
    assert person.asked == []
