"""A pipeline put on the local GitHub, by the command that puts it on the real one."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.core.errors import UsageError
from orchestrator.local.configuration import Environment
from orchestrator.local.tokens import Token
from orchestrator.setup.pipeline import RULESET
from orchestrator.setup.wanted import WORKFLOW
from tests.doubles.hub import Hub, fault
from tests.doubles.setting_up import (
    DISPATCH,
    KEY,
    NAME,
    NEEDED,
    PEN,
    REAL,
    SETUP,
    Person,
    configured,
    git,
    more,
    repository,
    secrets_in,
    set_up,
)


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
