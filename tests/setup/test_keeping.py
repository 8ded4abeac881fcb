"""The key that tasks are told apart by."""

import stat
from pathlib import Path

import pytest
from dotenv import dotenv_values

from orchestrator.core.errors import UsageError
from orchestrator.setup.keeping import keep_task_key
from receiver.settings import is_task_key
from tests.doubles.hub import Hub
from tests.doubles.setting_up import Person, configured, set_up

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
