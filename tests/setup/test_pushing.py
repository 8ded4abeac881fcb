"""Which commits reach the pipeline, and which are never overwritten."""

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.setup.wanted import WORKFLOW
from tests.doubles.hub import Hub, fault
from tests.doubles.setting_up import NAME, SETUP, Person, configured, git, more, repository, set_up

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
