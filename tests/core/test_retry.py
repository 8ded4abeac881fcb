import pytest

from orchestrator.core.retry import (
    DISPATCH,
    FETCH,
    NO_ANSWER,
    NOTIFY,
    READ,
    WRITE,
    Failure,
    Kind,
    Policy,
    Rule,
    Tries,
    classify_failure,
)
from tests.doubles.clock import FastClock

POLICY: Policy = {Kind.OUTAGE: Rule((1, 3), within=10), Kind.LIMITED: Rule((60,))}
OUTAGE, REFUSED = Failure(Kind.OUTAGE), Failure(Kind.REFUSED)


def waits(policy: Policy, *failures: Failure) -> list[float | None]:
    """Return what is said after each failure of a call that takes no time itself."""
    tries = Tries(policy, lambda: 0)
    return [tries.next_delay(failure) for failure in failures]


def test_there_are_as_many_tries_as_waits_and_one_more() -> None:
    assert waits(POLICY, OUTAGE, OUTAGE, OUTAGE) == [1, 3, None]


def test_a_failure_without_a_rule_is_final() -> None:
    assert waits(POLICY, REFUSED, Failure(Kind.GONE)) == [None, None]


def test_each_rule_counts_its_own_failures_whatever_their_kind() -> None:
    assert waits(POLICY, OUTAGE, Failure(Kind.LIMITED), OUTAGE) == [1, 60, 3]
    assert waits(NOTIFY, OUTAGE, Failure(Kind.LIMITED), REFUSED) == [1, 2, 4]


def test_nothing_is_tried_that_would_begin_after_the_time() -> None:
    time = FastClock()
    tries = Tries(POLICY, lambda: time.moment)
    time.moment += 8.9
    assert tries.next_delay(OUTAGE) == 1
    time.moment += 0.1
    assert tries.next_delay(OUTAGE) is None


def test_what_the_other_side_asks_for_is_obeyed_where_it_fits() -> None:
    assert waits(POLICY, Failure(Kind.OUTAGE, asked=9)) == [9]
    assert waits(POLICY, Failure(Kind.OUTAGE, asked=60)) == [None]
    assert waits(POLICY, Failure(Kind.LIMITED, asked=600), Failure(Kind.LIMITED, asked=0)) == [600, None]


def test_a_dispatch_is_tried_three_times_within_five_seconds() -> None:
    *pauses, last = waits(DISPATCH, OUTAGE, OUTAGE, OUTAGE)
    assert last is None
    assert sum(pause for pause in pauses if pause is not None) < DISPATCH[Kind.OUTAGE].within == 5
    assert waits(DISPATCH, Failure(Kind.LIMITED, asked=1)) == [None]  # it is the sender's to wait


def test_the_evaluator_is_told_again_after_1_2_4_8_16_32_seconds_whatever_it_answers() -> None:
    for failure in (OUTAGE, REFUSED, Failure(Kind.LIMITED)):
        assert waits(NOTIFY, *[failure] * 7) == [1, 2, 4, 8, 16, 32, None]
    assert waits(NOTIFY, Failure(Kind.GONE)) == [None]


def test_a_limit_without_a_time_is_given_a_minute_and_longer_each_time() -> None:
    for policy in (READ, WRITE):
        assert waits(policy, *[Failure(Kind.LIMITED)] * 4) == [60, 120, 240, None]


def test_a_write_is_repeated_only_where_nothing_took_effect() -> None:
    assert [kind for kind in Kind if kind in WRITE] == [Kind.LIMITED]
    assert Kind.REFUSED not in READ
    assert Kind.REFUSED not in FETCH


@pytest.mark.parametrize("status", [NO_ANSWER, 500, 502, 503, 504, 529])
def test_no_answer_and_5xx_speak_of_the_moment(status: int) -> None:
    assert classify_failure(status, {}) == OUTAGE
    assert classify_failure(status, {"retry-after": "7"}) == OUTAGE


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 409, 422])
def test_every_other_status_speaks_of_the_request(status: int) -> None:
    assert classify_failure(status, {}, "no reason given") == REFUSED


def test_who_is_gone_is_not_asked_again() -> None:
    assert classify_failure(410, {}).kind is Kind.GONE


SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


@pytest.mark.parametrize(
    ("status", "headers", "said", "expected"),
    [
        (403, {"retry-after": "7"}, "", 7),
        (429, {"retry-after": "0"}, "", 0),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1010"}, "", 11),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "900"}, "", 1),
        (403, {"retry-after": "7", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1010"}, "", 7),
        (429, {}, "", None),
        (429, {"retry-after": "soon"}, "", None),
        (429, {"retry-after": "²"}, "", None),
        (403, {}, SECONDARY, None),
        (429, {"x-ratelimit-reset": "1010"}, "", 11),
        (429, {"x-ratelimit-remaining": "3", "x-ratelimit-reset": "1010"}, "", None),
        (403, {"x-ratelimit-remaining": "12", "x-ratelimit-reset": "1010"}, SECONDARY, None),
    ],
)
def test_a_rate_limit_says_how_long_to_wait_or_nothing(
    status: int, headers: dict[str, str], said: str, expected: float | None
) -> None:
    assert classify_failure(status, headers, said, now=1000) == Failure(Kind.LIMITED, expected)


@pytest.mark.parametrize("headers", [{"x-ratelimit-remaining": "0", "x-ratelimit-reset": "²"}, {"retry-after": "x"}])
def test_a_403_that_says_nothing_of_a_limit_is_a_refusal(headers: dict[str, str]) -> None:
    assert classify_failure(403, headers, "Resource not accessible by personal access token") == REFUSED


def test_a_reset_is_compared_with_the_present_time() -> None:
    assert classify_failure(403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "0"}) == Failure(Kind.LIMITED, 1)
