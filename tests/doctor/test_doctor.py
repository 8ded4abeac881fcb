"""The examination against the local GitHub: what is as it should be, and each thing that may be wrong with it."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestrator.doctor import asking
from orchestrator.doctor.doctor import examine_github, run_doctor
from orchestrator.doctor.finding import Diagnosis, render_findings
from orchestrator.doctor.names import examine_settings, translate_old_names
from orchestrator.local.configuration import Environment, Ruleset
from orchestrator.local.tokens import Token
from tests.doubles.model import Reply, model_server
from tests.doubles.settings import ENV
from tests.faults.world import DISPATCH_TOKEN, OWNER, PIPELINE, TARGET_TOKEN, World, world

pytestmark = pytest.mark.anyio


KEEP = Ruleset(1, "keep", "active", include=("~DEFAULT_BRANCH",), rules=("update",))


def changed(system: World, **fields: Any) -> None:
    """Have the pipeline's repository be set up otherwise."""
    found = system.github.store.find_repository(*PIPELINE.split("/"))
    assert found
    system.github.configurations.change(found, lambda now: replace(now, **fields))


@pytest.fixture
async def system(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as system:
        system.github.store.seed(OWNER, "older-site", {"index.html": b"x"}, "First")
        older = system.github.store.find_repository(OWNER, "older-site")
        assert older
        system.github.sites.enable(older, "main", "/")
        restricted = Environment("custom", ("main",))
        changed(
            system,
            environments={"build": restricted, "publish": restricted},
            variables={"LLM_MODELS": "gpt-4.1"},
            rulesets=(KEEP,),
        )
        rights = {"contents": "write", "actions": "read", "variables": "read"}
        system.github.tokens.add(Token(DISPATCH_TOKEN, OWNER, rights, frozenset({PIPELINE})))
        yield system


async def examined(system: World, *faults: Mapping[str, Any], **env: str) -> list[Diagnosis]:
    system.fail(*faults)
    return [finding async for finding in examine_github({**ENV, **env}, system.github.api_url)]


def wrong(findings: list[Diagnosis]) -> list[tuple[str, str]]:
    return [(finding.level, finding.said) for finding in findings if finding.level != "ok"]


async def test_what_is_as_it_should_be_is_said_and_nothing_is_written(system: World) -> None:
    findings = await examined(system, TARGET_OWNER=OWNER)
    # The target's token is one of the pipeline's own account, and so could rewrite it.
    assert wrong(findings) == [("warning", f"TARGET_TOKEN could rewrite {PIPELINE}")]
    said = render_findings(findings)
    for expected in (
        "DISPATCH_TOKEN may dispatch to octo/pipeline",
        "The workflow build.yml is active on the default branch",
        "The environment publish is restricted",
        "A ruleset protects main from DISPATCH_TOKEN",
        "TARGET_TOKEN may create repositories of octo",
        "TARGET_TOKEN may write Contents",
        "TARGET_TOKEN may enable Pages",
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
        ({"path": f"^/repos/{PIPELINE}$", "status": 404}, f"DISPATCH_TOKEN cannot see {PIPELINE}"),
        ({"path": "/dispatches$", "status": 403}, f"DISPATCH_TOKEN is not allowed to dispatch to {PIPELINE}"),
        ({"method": "GET", "path": "/workflows/", "status": 404}, "There is no build.yml on the default branch"),
        ({"method": "GET", "path": "/workflows/", "status": 403}, "DISPATCH_TOKEN cannot see workflows"),
        (
            {"path": "/workflows/build.yml$", "status": 200, "body": {"state": "disabled_manually"}, "times": 9},
            "The workflow is disabled_manually",
        ),
        ({"method": "GET", "path": "/workflows/", "status": 200, "body": "<html>"}, "There is no build.yml"),
        ({"path": "/environments$", "status": 404}, "The environments could not be read"),
        ({"path": "/variables/", "status": 403}, "so the receiver cannot show which models are used"),
        ({"path": "/git/blobs$", "status": 403}, "TARGET_TOKEN is not allowed to write Contents"),
        ({"path": "/pages/health$", "status": 403}, "TARGET_TOKEN is not allowed to enable Pages"),
        ({"path": "", "drop": "before", "times": 99}, "does not answer"),
    ],
)
async def test_what_is_wrong_is_named(fault: dict[str, Any], says: str, system: World) -> None:
    found = wrong(await examined(system, fault))
    assert any(says in said for _, said in found), found


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"environments": {}}, "There is no environment build"),
        ({"environments": {"build": Environment()}}, "The environment build is open to every branch"),
        (
            {"environments": {"build": Environment("custom", ("main", "x"))}},
            "The environment build is also open to x",
        ),
        (
            {"environments": {"build": Environment("protected")}},
            "The environment build is restricted to protected branches",
        ),
        ({"rulesets": ()}, "DISPATCH_TOKEN could rewrite main"),
        ({"rulesets": (replace(KEEP, enforcement="disabled"),)}, "DISPATCH_TOKEN could rewrite main"),
        ({"variables": {}}, "so the receiver cannot show which models are used"),
    ],
)
async def test_a_pipeline_that_is_not_set_up_is_a_warning(fields: dict[str, Any], says: str, system: World) -> None:
    changed(system, **fields)
    found = wrong(await examined(system))
    assert any(level == "warning" and says in said for level, said in found), found


async def test_an_environment_that_the_branch_may_not_use_is_a_failure(system: World) -> None:
    changed(system, environments={"build": Environment("custom", ("master",))})
    assert ("failure", "The environment build is not open to main, so no job can start") in wrong(
        await examined(system)
    )
    found = wrong(await examined(system, {"path": "/deployment-branch-policies$", "status": 403}))
    assert any("could not be read" in said for _, said in found)


async def test_a_private_pipeline_is_told_what_its_plan_lacks(system: World) -> None:
    body = {"full_name": PIPELINE, "private": True, "default_branch": "main"}
    faults = [{"path": f"^/repos/{PIPELINE}$", "status": 200, "body": body}, {"path": "/environments$", "status": 404}]
    said = render_findings(await examined(system, *faults))
    assert "The environments could not be read  → Private repositories of free accounts have no environments" in said


@pytest.mark.parametrize(
    ("permission", "says"),
    [
        ("administration", "disable the ruleset that protects the pipeline"),
        ("actions", "start workflows on any branch"),
        ("secrets", "list secrets"),
        ("environments", "list the environments' secrets"),
    ],
)
async def test_a_dispatch_token_that_may_do_more_than_it_needs_is_a_warning(
    permission: str, says: str, system: World
) -> None:
    rights = {"contents": "write", "actions": "read", permission: "write"}
    system.github.tokens.add(Token(DISPATCH_TOKEN, OWNER, rights, frozenset({PIPELINE})))
    found = wrong(await examined(system))
    assert any(level == "warning" and f"DISPATCH_TOKEN is allowed to {says}" in said for level, said in found), found


@pytest.mark.parametrize("rights", [{"secrets": "read"}, {"secrets": "write", "actions": "read"}])
async def test_a_write_token_that_may_do_more_than_it_needs_is_a_warning(rights: dict[str, str], system: World) -> None:
    rights_of_it = {"administration": "write", "contents": "write", "pages": "write", **rights}
    system.github.tokens.add(Token(TARGET_TOKEN, OWNER, rights_of_it))
    found = wrong(await examined(system))
    assert ("warning", "TARGET_TOKEN is allowed to list secrets, but does not need Secrets") in found


async def test_an_organization_that_keeps_its_members_from_pages_is_a_warning(system: World) -> None:
    faults = [
        {"path": "^/orgs/guild/repos$", "status": 422},
        {"path": "^/orgs/guild$", "status": 200, "body": {"members_can_create_public_pages": False}},
    ]
    found = wrong(await examined(system, *faults, TARGET_OWNER="guild"))
    assert ("warning", "guild does not let its members enable public Pages") in found
    faults[1]["body"] = {"members_can_create_public_pages": True}
    found = wrong(await examined(system, *faults, TARGET_OWNER="guild"))
    assert not [said for _, said in found if "enable public Pages" in said]


async def test_the_pen_is_looked_for_among_the_secrets_by_who_may_see_their_names(system: World) -> None:
    system.github.tokens.add(Token("sets-up", OWNER, {"environments": "read", "secrets": "read"}))
    found = wrong(await examined(system, SETUP_TOKEN="sets-up"))
    assert ("failure", "There is no secret TARGET_TOKEN") in found
    kept = Environment("custom", ("main",), {"TARGET_TOKEN": "sealed"})
    changed(system, environments={"build": kept, "publish": kept})
    assert "The secret TARGET_TOKEN is stored" in render_findings(await examined(system, SETUP_TOKEN="sets-up"))


@pytest.mark.parametrize("fault", [{"status": 502}, {"status": 429}, {"drop": "before"}], ids=str)
@pytest.mark.parametrize("path", ["/rate_limit", "/dispatches$", "/environments$", "/git/blobs$"])
async def test_an_outage_is_not_taken_for_what_a_token_lacks(path: str, fault: dict[str, Any], system: World) -> None:
    found = wrong(await examined(system, {"path": path, "times": 99, **fault}))
    assert found[-1][0] == "failure"
    assert "does not answer" in found[-1][1] or "rate limit is reached" in found[-1][1]
    assert not [said for _, said in found if "not allowed" in said or "not valid" in said]


async def test_an_outage_that_passes_is_not_noticed(system: World) -> None:
    found = await examined(system, {"path": "/dispatches$", "status": 503})
    assert not [finding for finding in found if finding.level == "failure"]


@pytest.mark.parametrize("body", [[], "text", 1, [1], {"resources": 1}])
async def test_answers_of_another_form_are_said_to_be_such(body: Any, system: World) -> None:
    for path in ("/rate_limit", "/environments$", "/user/repos$", f"^/repos/{PIPELINE}$"):
        found = await examined(system, {"method": "GET", "path": path, "status": 200, "body": body, "times": 9})
        assert {finding.level for finding in found} <= {"ok", "warning", "failure"}


async def test_a_server_that_limits_nothing_has_valid_tokens(system: World) -> None:
    said = render_findings(await examined(system, {"path": "/rate_limit", "status": 404, "times": 9}))
    assert "DISPATCH_TOKEN is valid\n" in said


@pytest.mark.parametrize("env", [{"DISPATCH_TOKEN": "…"}, {"PIPELINE_REPOSITORY": "octo/pipe\nline"}], ids=str)
async def test_settings_that_are_none_are_no_defect_of_ours(env: dict[str, str], system: World) -> None:
    assert "failure" in {finding.level for finding in await examined(system, **env)}


def test_a_token_with_signs_that_no_token_has_is_named() -> None:
    assert "DISPATCH_TOKEN contains characters that no token has" in render_findings(
        examine_settings({**ENV, "DISPATCH_TOKEN": "…"})
    )
    assert translate_old_names({"DISPATCH_TOKEN": " t \n"})["DISPATCH_TOKEN"] == "t"


async def test_a_rule_that_the_tokens_owner_may_bypass_keeps_nothing(system: World) -> None:
    body = {"id": 1, "name": "keep", "current_user_can_bypass": "always"}
    found = wrong(await examined(system, {"path": "/rulesets/1$", "status": 200, "body": body}))
    assert any("could rewrite main" in said for _, said in found)


async def test_what_is_missing_is_named_as_github_names_it(system: World) -> None:
    system.github.tokens.add(Token(DISPATCH_TOKEN, OWNER, {"contents": "read"}, frozenset({PIPELINE})))
    said = render_findings(await examined(system))
    assert f"DISPATCH_TOKEN is not allowed to dispatch to {PIPELINE}  → Give it contents: write" in said


async def test_a_token_of_another_account_that_may_do_too_little_or_too_much(system: World) -> None:
    system.github.tokens.add(Token("reads", "octo", {"contents": "read"}))
    found = wrong(await examined(system, TARGET_TOKEN="reads", DISPATCH_TOKEN=TARGET_TOKEN))
    assert ("failure", "TARGET_TOKEN is not allowed to create repositories of octo") in found
    assert ("failure", "TARGET_TOKEN is not allowed to write Contents") in found
    assert ("warning", "DISPATCH_TOKEN is allowed to create repositories, but does not need Administration") in found


async def test_pages_are_tried_by_reading_alone_and_only_where_there_is_a_site(system: World) -> None:
    for status in (200, 202, 400, 422):
        said = render_findings(await examined(system, {"path": "/pages/health$", "status": status, "body": {}}))
        assert "TARGET_TOKEN may enable Pages" in said
    lacking = {"administration": "read", "contents": "write", "pages": "write"}
    system.github.tokens.add(Token(TARGET_TOKEN, OWNER, lacking))
    said = render_findings(await examined(system))
    assert "TARGET_TOKEN is not allowed to enable Pages  → Give it pages: write,administration: write" in said
    entry = {"full_name": f"{OWNER}/new", "private": False, "has_pages": False}
    said = render_findings(
        await examined(system, {"method": "GET", "path": "^/user/repos$", "status": 200, "body": [entry]})
    )
    assert "Pages could not be checked: no public repository has a site yet" in said


@pytest.mark.parametrize(
    ("days", "level", "says", "remedy"),
    [
        (365, "ok", "expires in 365 days", ""),
        (30, "ok", "expires in 30 days", ""),
        (29, "warning", "expires in 29 days", "Renew it before then"),
        (12, "warning", "expires in 12 days", "Renew it before then"),
        (6, "warning", "expires in 6 days", "Renew it now"),
        (1, "warning", "expires in a day", "Renew it now"),
        (0, "warning", "expires today", "Renew it now"),
    ],
)
async def test_when_a_token_ends_is_said_in_time(days: int, level: str, says: str, remedy: str, system: World) -> None:
    rights = {"contents": "write", "actions": "read", "variables": "read"}
    ends = datetime.now(UTC) + timedelta(days=days, minutes=10)
    system.github.tokens.add(Token(DISPATCH_TOKEN, OWNER, rights, frozenset({PIPELINE}), ends))
    findings = [finding for finding in await examined(system) if "_TOKEN expires" in finding.said]
    # The other token never ends: GitHub says nothing of it, and neither does this.
    (found,) = findings
    assert found.said == f"DISPATCH_TOKEN {says}, on {ends:%Y-%m-%d}"
    assert (found.level, found.remedy.partition(":")[0]) == (level, remedy)


async def test_a_token_that_has_ended_is_not_valid(system: World) -> None:
    ended = datetime.now(UTC) - timedelta(seconds=1)
    system.github.tokens.add(Token(DISPATCH_TOKEN, OWNER, {"contents": "write"}, None, ended))
    assert ("failure", "DISPATCH_TOKEN is not valid (401)") in wrong(await examined(system))


def test_when_a_token_ends_is_read_in_the_forms_that_github_writes() -> None:
    now = datetime(2026, 11, 26, 12, tzinfo=UTC).timestamp()
    for said in ("2026-12-08 13:00:00 UTC", "2026-12-08 13:00:00 +0000", "2026-12-08 15:00:00 +0200"):
        assert asking.examine_expiry("T", said, now).said == "T expires in 12 days, on 2026-12-08"
    for said in ("soon", "", "9999-99-99 00:00:00 UTC"):
        assert "could not be read" in asking.examine_expiry("T", said, now).said


@pytest.mark.parametrize("url", ["https://github.example.com/api/v3", "https://10.0.0.1:8443/API/v3/"])
async def test_an_enterprise_server_is_refused_with_the_reason_and_not_asked(url: str) -> None:
    (finding,) = [finding async for finding in examine_github(ENV, url)]
    assert finding.level == "failure"
    assert "Enterprise Server" in finding.said
    assert "queue: max" in finding.said
    assert "Enterprise Cloud" in finding.remedy


def test_a_clock_that_is_off_is_said() -> None:
    date, moment = "Tue, 24 Nov 2026 10:00:00 GMT", datetime(2026, 11, 24, 10, tzinfo=UTC).timestamp()
    assert asking.examine_clock(date, moment + 59) is None
    off = asking.examine_clock(date, moment - 90)
    assert off
    assert "by -90 s" in off.said


@pytest.mark.browser
async def test_the_command_says_everything_and_ends_with_what_it_found(capsys: pytest.CaptureFixture[str]) -> None:
    """Two models that answer one token each, one that refuses the key, one without a key."""
    async with model_server(Reply("Yes"), Reply(None, "length"), Reply(status=401)) as server:
        env = {
            "LLM_MODELS": "openai/a,openai/b,openai/c,gpt-4.1",
            "LLM_API_BASE": server.url,
            "LLM_API_KEY": "k",
            "SHARED_SECRET": "x",
        }
        assert await asyncio.to_thread(run_doctor, env, as_json=True) == 2
        asked = [json.loads(call.asked.body) for call in server.calls]
    said = json.loads(capsys.readouterr().out)
    models = [(entry["said"], entry["level"]) for entry in said if entry["said"].startswith("Model ")]
    assert sorted(level for _, level in models) == ["ok", "ok", "warning", "warning"]
    assert "Model gpt-4.1: OPENAI_API_KEY is not set" in dict(models)
    assert {body["max_tokens"] for body in asked} == {1}
    assert any(entry["said"].startswith("The browser ") for entry in said)


@pytest.mark.browser
def test_where_no_model_can_be_used_that_is_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_doctor({"LLM_MODELS": "gpt-4.1"}, as_json=False) == 2
    assert "FAILURE  Model gpt-4.1: OPENAI_API_KEY is not set" in capsys.readouterr().out
    assert run_doctor({"BROWSER": "/none/such"}, as_json=False) == 2
    text = capsys.readouterr().out
    assert "FAILURE  BROWSER does not name a program." in text
    assert "warning  No model is configured" in text
