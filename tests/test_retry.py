import pytest

from orchestrator.retry import DISPATCH, NO_ANSWER, NOTIFY, Policy, is_outage, limited_for

POLICY = Policy(waits=(1, 3), within=10)


def test_there_are_as_many_tries_as_waits_and_one_more() -> None:
    assert [POLICY.wait(tries, 0) for tries in (1, 2, 3)] == [1, 3, None]


def test_nothing_is_tried_that_would_begin_after_the_time() -> None:
    assert POLICY.wait(1, 8.9) == 1
    assert POLICY.wait(1, 9) is None


def test_what_the_other_side_asks_for_is_obeyed_where_it_fits() -> None:
    assert POLICY.wait(1, 0, asked=9) == 9
    assert POLICY.wait(1, 0, asked=60) is None
    assert POLICY.wait(3, 0, asked=0) is None


def test_a_dispatch_is_tried_three_times_within_five_seconds() -> None:
    waits = [DISPATCH.wait(tries, 0) for tries in (1, 2, 3)]
    assert waits[2] is None
    assert sum(wait for wait in waits if wait is not None) < 5
    assert DISPATCH.wait(1, 5) is None


def test_the_evaluator_is_told_again_after_1_2_4_8_16_32_seconds() -> None:
    assert [NOTIFY.wait(tries, 0) for tries in range(1, 8)] == [1, 2, 4, 8, 16, 32, None]


@pytest.mark.parametrize("status", [NO_ANSWER, 500, 502, 503, 504, 529])
def test_no_answer_and_5xx_speak_of_the_moment(status: int) -> None:
    assert is_outage(status)


@pytest.mark.parametrize("status", [200, 204, 301, 400, 401, 403, 404, 409, 422, 429])
def test_every_other_status_speaks_of_the_request(status: int) -> None:
    assert not is_outage(status)


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (403, {"retry-after": "7"}, 7),
        (429, {"retry-after": "0"}, 0),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1010"}, 11),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "900"}, 1),
        (403, {"retry-after": "7", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1010"}, 7),
        (403, {"x-ratelimit-remaining": "12", "x-ratelimit-reset": "1010"}, None),
        (403, {}, None),
        (429, {}, 60),
        (429, {"retry-after": "soon"}, 60),
        (429, {"retry-after": "²"}, 60),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "²"}, None),
        (503, {"retry-after": "7"}, None),
    ],
)
def test_a_rate_limit_says_how_long_to_wait(status: int, headers: dict[str, str], seconds: float | None) -> None:
    assert limited_for(status, headers, now=1000) == seconds


def test_a_reset_is_compared_with_the_present_time() -> None:
    assert limited_for(403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "0"}) == 1
