"""The examination of the other hosts, against their stand-ins."""

from pathlib import Path

import pytest

from orchestrator.core.errors import UsageError
from orchestrator.doctor.finding import Diagnosis
from orchestrator.doctor.hosts import examine_hosts
from tests.doubles.away import HOST_TOKEN, Away, away_on
from tests.doubles.clock import FastClock
from tests.doubles.hub import Host, fault

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["netlify", "vercel"])
def away(request: pytest.FixtureRequest, other_host: Host, tmp_path: Path) -> Away:
    return away_on(request.param, other_host, tmp_path, FastClock())


async def examined(env: dict[str, str]) -> list[Diagnosis]:
    return [found async for found in examine_hosts(env)]


async def test_without_other_targets_there_is_nothing_to_examine() -> None:
    assert await examined({}) == []


async def test_a_token_that_is_taken_is_said_to_reach_a_whole_account(away: Away) -> None:
    (found,) = await examined({**away.settings, "TARGETS": f"pages,{away.kind}"})
    assert found.level == "ok"
    assert "reaches that whole account" in found.said
    assert [call.split()[0] for call in away.calls] == ["GET"]


async def test_a_token_that_is_not_taken_is_a_failure_that_does_not_show_it(away: Away) -> None:
    setting = f"{away.kind.upper()}_TOKEN"
    env = {**away.settings, setting: "another-token-altogether", "TARGETS": away.kind}
    (found,) = await examined(env)
    assert found.level == "failure"
    assert setting in found.remedy
    assert "another-token" not in found.said + found.remedy


async def test_receiver_and_workflow_must_agree(away: Away) -> None:
    (missing,) = await examined({"TARGETS": f"pages,{away.kind}"})
    assert (missing.level, f"TARGETS names {away.kind}" in missing.said) == ("failure", True)
    unnamed, _ = await examined(away.settings)
    assert (unnamed.level, unnamed.remedy) == ("warning", f"Add {away.kind} to TARGETS")


async def test_a_host_that_answers_with_something_else_is_a_failure(away: Away) -> None:
    away.fail(fault("/user$", status=400, body="no", times=9))
    (found,) = await examined({**away.settings, "TARGETS": away.kind})
    assert (found.level, HOST_TOKEN in found.said) == ("failure", False)


async def test_an_address_without_a_place_for_the_domain_is_an_error() -> None:
    with pytest.raises(UsageError, match="VERCEL_SITE_URL"):
        await examined({"VERCEL_SITE_URL": "https://example.com/"})
