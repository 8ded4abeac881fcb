"""A receiver whose clock is wrong, told so by every answer of GitHub's."""

import logging
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from orchestrator.core.deadline import Clock as JobClock
from orchestrator.core.deadline import deadline_for
from receiver.app import create_app
from receiver.github.client import GitHub
from receiver.github.clock import SKEW_S, GitHubClock
from tests.receiver.test_app import AT_ONCE, SETTINGS, ScriptedGitHub, send

pytestmark = pytest.mark.anyio

GITHUB = datetime(2026, 11, 26, 12, tzinfo=UTC)


def answer(date: str | None) -> httpx.Response:
    return httpx.Response(200, headers={} if date is None else {"date": date})


async def noted(ahead_s: float) -> GitHubClock:
    """Return the clock of a machine that is ahead of GitHub, once GitHub has answered."""
    clock = GitHubClock(lambda: GITHUB.timestamp() + ahead_s)
    clock.note_date(answer(format_datetime(GITHUB, usegmt=True)))
    return clock


@pytest.mark.parametrize("ahead_s", [0, SKEW_S, -SKEW_S])
async def test_a_clock_that_is_nearly_right_is_believed(ahead_s: float) -> None:
    clock = await noted(ahead_s)
    assert clock.now() == GITHUB + timedelta(seconds=ahead_s)
    assert clock.problem is None


@pytest.mark.parametrize(("ahead_s", "said"), [(3_600, "3600 s ahead of"), (-86_400 * 365, "31536000 s behind")])
async def test_a_clock_that_is_wrong_is_said_to_be_and_githubs_is_taken(
    ahead_s: float, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock = await noted(ahead_s)
    assert clock.now() == GITHUB
    assert clock.problem is not None
    assert f"clock is {said} GitHub's" in clock.problem
    clock.note_date(answer(format_datetime(GITHUB, usegmt=True)))
    assert [record.message for record in caplog.records] == [clock.problem]  # once, not with every answer


async def test_a_clock_that_was_set_is_believed_again() -> None:
    clock = await noted(3_600)
    clock.own = GITHUB.timestamp
    clock.note_date(answer(format_datetime(GITHUB, usegmt=True)))
    assert (clock.problem, clock.now()) == (None, GITHUB)


@pytest.mark.parametrize(
    "date", [None, "", "soon", "Thu, 99 Nov 2026 12:00:00 GMT", "Thu, 26 Nov 99999999 12:00:00 GMT"]
)
async def test_an_answer_that_says_no_time_changes_nothing(date: str | None) -> None:
    clock = await noted(3_600)
    clock.note_date(answer(date))
    assert clock.now() == GITHUB


async def test_a_date_without_a_zone_is_in_utc() -> None:
    clock = GitHubClock(lambda: GITHUB.timestamp() + 3_600)
    clock.note_date(answer("Thu, 26 Nov 2026 12:00:00 -0000"))
    assert clock.now() == GITHUB


@pytest.mark.parametrize("ahead_s", [-7_200, -600, 7_200])
async def test_no_clock_of_a_receiver_costs_a_task_its_time(ahead_s: float, caplog: pytest.LogCaptureFixture) -> None:
    """From the check at the start through the dispatch to the deadline that a job with a right clock makes of it."""
    scripted = ScriptedGitHub()

    def dated(request: httpx.Request) -> httpx.Response:
        made = scripted(request)
        made.headers["date"] = format_datetime(GITHUB, usegmt=True)
        return made

    client = httpx.AsyncClient(transport=httpx.MockTransport(dated))
    github = GitHub(SETTINGS, client, AT_ONCE)
    github.clock.own = lambda: GITHUB.timestamp() + ahead_s
    with caplog.at_level(logging.WARNING):
        await github.fetch_workflow_state()
    assert "This machine's clock is" in caplog.text
    transport = httpx.ASGITransport(create_app(SETTINGS, github))
    async with httpx.AsyncClient(transport=transport, base_url="http://door.test") as door:
        assert (await send(door)).status_code == 200
        warned = (await door.get("/health")).json()["warnings"]
    assert github.clock.problem in warned
    received = datetime.fromisoformat(scripted.dispatched[0]["client_payload"]["request"]["received_at"])
    job = JobClock(now=lambda: GITHUB.timestamp() + 60)
    assert deadline_for(received, 600, fresh=False, clock=job).remaining == 540
