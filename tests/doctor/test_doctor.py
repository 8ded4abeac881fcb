"""The examination against the local GitHub: what is as it should be, and each thing that may be wrong with it."""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from orchestrator.doctor import github
from orchestrator.doctor.doctor import run_doctor
from orchestrator.doctor.finding import Finding, lines
from orchestrator.doctor.names import named, translated
from orchestrator.local.tokens import Token
from tests.faults.world import DISPATCH_TOKEN, OWNER, PIPELINE, TARGET_TOKEN, World, world

pytestmark = pytest.mark.anyio

ENV = {
    "SHARED_SECRET": "agreed",
    "PIPELINE_REPOSITORY": PIPELINE,
    "DISPATCH_TOKEN": DISPATCH_TOKEN,
    "TARGET_TOKEN": TARGET_TOKEN,
}
RESTRICTED = {"protected_branches": True}
ENVIRONMENTS = {
    "environments": [{"name": name, "deployment_branch_policy": RESTRICTED} for name in ("build", "publish")]
}
SEEN = {"method": "GET", "path": "/environments$", "status": 200, "body": ENVIRONMENTS, "times": 9}


@pytest.fixture
async def system(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as system:
        system.github.store.seed(OWNER, "older-site", {"index.html": b"x"}, "First")
        yield system


async def examined(system: World, *faults: Mapping[str, Any], **env: str) -> list[Finding]:
    system.fail(*faults, SEEN)
    return [finding async for finding in github.examined({**ENV, **env}, system.github.api_url)]


def wrong(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.level, finding.said) for finding in findings if finding.level != "ok"]


async def test_what_is_as_it_should_be_is_said_and_nothing_is_written(system: World) -> None:
    findings = await examined(system, TARGET_OWNER=OWNER)
    # The target's token is one of the pipeline's own account, and so could rewrite it.
    assert wrong(findings) == [("warning", f"TARGET_TOKEN could rewrite {PIPELINE}")]
    said = lines(findings)
    for expected in (
        "DISPATCH_TOKEN may dispatch to octo/pipeline",
        "The workflow build.yml is active on the default branch",
        "The environment publish is restricted",
        "TARGET_TOKEN may create repositories of octo",
        "TARGET_TOKEN may write Contents",
        "TARGET_TOKEN may write Pages",
    ):
        assert expected in said
    assert system.dispatched == []
    assert len(system.messages("older-site")) == 1
    assert DISPATCH_TOKEN not in said
    assert TARGET_TOKEN not in said


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ({"path": "/rate_limit", "status": 401, "times": 9}, "DISPATCH_TOKEN is not valid (401)"),
        (
            {"path": "/rate_limit", "status": 200, "body": {"resources": {"core": {"remaining": 3}}}, "times": 9},
            "DISPATCH_TOKEN has 3 calls left",
        ),
        (
            {"path": "/rate_limit", "status": 200, "headers": {"x-oauth-scopes": "repo, workflow"}, "times": 1},
            "DISPATCH_TOKEN is a classic token with the scopes repo, workflow",
        ),
        ({"path": f"^/repos/{PIPELINE}$", "status": 404}, f"DISPATCH_TOKEN does not see {PIPELINE}"),
        ({"path": "/dispatches$", "status": 403}, f"DISPATCH_TOKEN may not dispatch to {PIPELINE}"),
        ({"path": "/workflows/", "status": 404}, "There is no build.yml on the default branch"),
        ({"path": "/workflows/", "status": 403}, "DISPATCH_TOKEN does not see workflows"),
        ({"path": "/workflows/", "status": 200, "body": {"state": "disabled_manually"}}, "disabled_manually"),
        ({"path": "/environments$", "status": 404}, "The environments cannot be seen"),
        ({"path": "/environments$", "status": 200, "body": {"environments": []}}, "There is no environment build"),
        (
            {"path": "/environments$", "status": 200, "body": {"environments": [{"name": "build"}]}},
            "The environment build is open to every branch",
        ),
        ({"path": "/git/blobs$", "status": 403}, "TARGET_TOKEN may not write Contents"),
        ({"path": "/pages$", "status": 403}, "TARGET_TOKEN may not write Pages"),
        ({"path": "", "drop": "before", "times": 99}, "does not answer"),
    ],
)
async def test_what_is_wrong_is_named(fault: dict[str, Any], says: str, system: World) -> None:
    found = wrong(await examined(system, fault))
    assert any(says in said for _, said in found), found


async def test_a_token_of_another_account_that_may_do_too_little_or_too_much(system: World) -> None:
    system.github.tokens.add(Token("reads", "octo", {"contents": "read"}))
    found = wrong(await examined(system, TARGET_TOKEN="reads", DISPATCH_TOKEN=TARGET_TOKEN))
    assert ("failure", "TARGET_TOKEN may not create repositories of octo") in found
    assert ("failure", "TARGET_TOKEN may not write Contents") in found
    assert ("warning", "DISPATCH_TOKEN may create repositories") in found


def test_names_of_similar_systems_are_recognised_and_used() -> None:
    env = {"STUDENT_SECRET": "s", "GITHUB_PAT": "t", "GITHUB_USERNAME": "octo", "TARGET_TOKEN": "own"}
    known = translated(env)
    assert (known["SHARED_SECRET"], known["DISPATCH_TOKEN"], known["TARGET_OWNER"]) == ("s", "t", "octo")
    assert known["TARGET_TOKEN"] == "own"
    said = lines(named(env))
    assert "GITHUB_PAT is not a name of ours  → Call it DISPATCH_TOKEN" in said
    assert "PIPELINE_REPOSITORY is missing" in said
    assert "SHARED_SECRET is missing" not in said


def test_a_clock_that_is_off_is_said() -> None:
    date, moment = "Tue, 24 Nov 2026 10:00:00 GMT", datetime(2026, 11, 24, 10, tzinfo=UTC).timestamp()
    assert github.clock(date, moment + 59) is None
    off = github.clock(date, moment - 90)
    assert off
    assert "-90 s off" in off.said


def test_nothing_missing_is_said_too() -> None:
    assert [finding.level for finding in named(ENV)] == ["ok"]


@pytest.mark.browser
def test_the_command_says_everything_and_ends_with_what_it_found(capsys: pytest.CaptureFixture[str]) -> None:
    env = {"LLM_MODELS": "gpt-4.1,ollama", "OLLAMA_API_BASE": "http://127.0.0.1:9", "SHARED_SECRET": "x"}
    assert run_doctor(env, as_json=True) == 2
    said = json.loads(capsys.readouterr().out)
    levels = {entry["said"].split(":")[0]: entry["level"] for entry in said}
    assert levels["Model gpt-4.1"] == levels["Model ollama"] == "failure"
    assert any(entry["said"].startswith("The browser ") for entry in said)
    assert run_doctor({"BROWSER": "/none/such"}, as_json=False) == 2
    text = capsys.readouterr().out
    assert "FAILURE  BROWSER does not name a program." in text
    assert "warning  No model is configured" in text
