import pytest

from receiver.tasks.throttle import ADDRESSES, MOST, Throttle


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_ten_are_let_be_wrong_in_a_minute_and_then_none(clock: Clock) -> None:
    throttle = Throttle(clock)
    assert [throttle.record_failure("a") for _ in range(MOST)] == [None] * MOST
    clock.now = 20
    assert throttle.record_failure("a") == 40
    assert throttle.record_failure("b") is None
    clock.now = 60
    assert throttle.record_failure("a") is None


def test_being_refused_does_not_make_the_wait_longer(clock: Clock) -> None:
    throttle = Throttle(clock)
    for second in range(MOST):
        clock.now = second
        throttle.record_failure("a")
    clock.now = 59
    assert throttle.record_failure("a") == 1
    clock.now = 60
    assert throttle.record_failure("a") is None
    assert throttle.record_failure("a") == 1


def test_memory_is_bounded_and_who_was_heard_of_last_is_remembered(clock: Clock) -> None:
    throttle = Throttle(clock)
    for _ in range(MOST):
        throttle.record_failure("busy")
    for number in range(ADDRESSES - 1):
        throttle.record_failure(str(number))
    assert throttle.record_failure("busy") is not None
    throttle.record_failure("one more")
    assert throttle.record_failure("busy") is not None
    assert len(throttle._wrong) == ADDRESSES  # noqa: SLF001 - what memory is
