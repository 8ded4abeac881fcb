"""What both jobs begin with."""

from dataclasses import replace
from datetime import date

import pytest

from orchestrator.core.settings import publish_settings
from orchestrator.jobs.intake import Intake, take_up_task
from tests.doubles.clock import NOON, FastClock
from tests.doubles.orders import env, order

pytestmark = pytest.mark.anyio


async def _taken(received_at: str | None, *, by_hand: bool = False, **settings: str) -> Intake:
    given = order(received_at=received_at) if received_at else order()
    given = replace(given, by_hand=by_hand)
    actions = publish_settings(env("http://127.0.0.1:9", TASK_DEADLINE_S="600", **settings)).actions
    return await take_up_task(actions, given, FastClock().clock())


async def test_a_first_run_has_the_time_that_is_left_since_the_receipt() -> None:
    assert (await _taken("2026-11-20T11:58:20+00:00")).deadline.at == NOON + 500


@pytest.mark.parametrize("changes", [{"by_hand": True}, {"GITHUB_RUN_ATTEMPT": "2"}])
async def test_by_hand_and_run_again_the_clock_starts_anew(changes: dict[str, object]) -> None:
    intake = await _taken("2026-11-20T11:00:00+00:00", **changes)  # type: ignore[arg-type]
    assert intake.deadline.at == NOON + 600


async def test_the_deadline_of_a_job_that_began_long_ago_is_that_of_the_job() -> None:
    """Its packages took ten minutes to install; GitHub ends it after fifteen."""
    assert (await _taken(None, JOB_BEGAN_AT=str(NOON - 600))).deadline.at == NOON + 100
    assert (await _taken(None)).deadline.at == NOON + 600


async def test_the_day_is_that_of_the_receipt() -> None:
    assert (await _taken("2025-12-31T23:59:59+00:00")).day == date(2025, 12, 31)
    assert (await _taken(None)).day.year == 2026


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
async def test_a_moment_at_the_ends_of_the_calendar_is_a_moment_too(moment: str) -> None:
    intake = await _taken(moment)
    assert intake.deadline.at in (NOON + 120, NOON + 600)
    assert intake.day == date(2026, 11, 20)


async def test_the_pipeline_itself_is_never_written_to() -> None:
    assert (await _taken(None, GITHUB_REPOSITORY="Octo/Pipe")).reserved == {"octo/pipe"}
