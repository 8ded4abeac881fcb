from datetime import UTC, datetime, timedelta, timezone

import pytest

from orchestrator.core.deadline import JOB_ENDS_S, Clock, Deadline, deadline_for
from orchestrator.core.errors import OutOfTime
from orchestrator.core.retry import NOTIFY, Kind
from orchestrator.jobs.notify import TRY_S

NOW = 1_000_000.0
CLOCK = Clock(now=lambda: NOW)


def received(seconds_ago: float) -> datetime:
    return datetime.fromtimestamp(NOW - seconds_ago, UTC)


def test_the_clock_starts_when_the_task_was_received() -> None:
    assert deadline_for(received(100), 600, fresh=False, clock=CLOCK).remaining == 500


def test_a_late_start_still_gets_two_minutes() -> None:
    assert deadline_for(received(500), 600, fresh=False, clock=CLOCK).remaining == 120
    assert deadline_for(received(5000), 600, fresh=False, clock=CLOCK).remaining == 120


def test_a_late_start_gets_no_more_than_the_whole_limit() -> None:
    assert deadline_for(received(5000), 60, fresh=False, clock=CLOCK).remaining == 60


def test_a_re_run_or_a_run_by_hand_starts_its_own() -> None:
    assert deadline_for(received(5000), 600, fresh=True, clock=CLOCK).remaining == 600
    assert deadline_for(None, 600, fresh=False, clock=CLOCK).remaining == 600


@pytest.mark.parametrize("seconds_ahead", [1, 3_600, 10**9])
def test_no_receiver_whose_clock_is_wrong_gives_a_task_more_than_its_limit(seconds_ahead: float) -> None:
    assert deadline_for(received(-seconds_ahead), 600, fresh=False, clock=CLOCK).remaining == 600


@pytest.mark.parametrize("fresh", [True, False])
@pytest.mark.parametrize(("minutes_ago", "left"), [(0, 700), (5, 400), (11, 40), (12, 0), (-60, 700), (None, 700)])
def test_github_ends_no_job_before_the_evaluator_is_told(
    *, fresh: bool, minutes_ago: float | None, left: float
) -> None:
    began = None if minutes_ago is None else NOW - 60 * minutes_ago
    assert deadline_for(received(0), 7_200, fresh=fresh, clock=CLOCK, job_began=began).remaining == left


def test_what_is_kept_for_telling_is_enough_for_every_try() -> None:
    rule = NOTIFY[Kind.OUTAGE]
    assert rule.within + TRY_S <= JOB_ENDS_S


def test_a_moment_without_a_zone_is_in_utc_and_any_zone_is_understood() -> None:
    utc = received(100)
    naive, elsewhere = utc.replace(tzinfo=None), utc.astimezone(timezone(timedelta(hours=9)))
    for moment in (naive, elsewhere):
        assert deadline_for(moment, 600, fresh=False, clock=CLOCK).remaining == 500


def test_an_earlier_deadline_leaves_time_for_what_comes_after() -> None:
    assert Deadline(NOW + 100, CLOCK).earlier_by(30).remaining == 70


def test_nothing_begins_when_no_time_is_left() -> None:
    Deadline(NOW + 1, CLOCK).ensure_time_left("committing")
    over = Deadline(NOW - 1, CLOCK)
    assert over.remaining == 0
    with pytest.raises(OutOfTime, match="while committing") as caught:
        over.ensure_time_left("committing")
    assert caught.value.exit_code == 7
    assert caught.value.remedy
