from datetime import UTC, datetime, timedelta, timezone

import pytest

from orchestrator.deadline import Clock, Deadline, deadline_for
from orchestrator.errors import OutOfTime

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


def test_a_moment_without_a_zone_is_in_utc_and_any_zone_is_understood() -> None:
    utc = received(100)
    naive, elsewhere = utc.replace(tzinfo=None), utc.astimezone(timezone(timedelta(hours=9)))
    for moment in (naive, elsewhere):
        assert deadline_for(moment, 600, fresh=False, clock=CLOCK).remaining == 500


def test_an_earlier_deadline_leaves_time_for_what_comes_after() -> None:
    assert Deadline(NOW + 100, CLOCK).earlier(30).remaining == 70


def test_nothing_begins_when_no_time_is_left() -> None:
    Deadline(NOW + 1, CLOCK).check("committing")
    over = Deadline(NOW - 1, CLOCK)
    assert over.remaining == 0
    with pytest.raises(OutOfTime, match="while committing") as caught:
        over.check("committing")
    assert caught.value.exit_code == 7
    assert caught.value.remedy
