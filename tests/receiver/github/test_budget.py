"""Calls that are left to those who need no secret."""

import pytest

from receiver.github.budget import CALLS, PER_MINUTE, CallBudget, Purse, SpentError


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def spent(purse: Purse | CallBudget) -> int:
    """Take what there is, and return how much that was."""
    taken = 0
    while True:
        try:
            purse.take()
        except SpentError:
            return taken
        taken += 1


def test_in_no_hour_more_than_a_tenth_of_githubs_5000(clock: Clock) -> None:
    budget = CallBudget(clock)
    taken = 0
    for _ in range(3600):
        taken += spent(budget)
        clock.now += 1
    assert taken == CALLS + 60 * PER_MINUTE - 1
    assert taken <= 500
    clock.now += 100_000
    assert spent(budget) == CALLS


def test_what_is_spent_says_after_how_many_seconds_there_is_more(clock: Clock) -> None:
    budget = CallBudget(clock)
    spent(budget)
    with pytest.raises(SpentError) as caught:
        budget.take(2, keep=6)
    clock.now += caught.value.retry_after - 0.01
    with pytest.raises(SpentError):
        budget.take(2, keep=6)
    clock.now += 0.02
    budget.take(2, keep=6)


def test_a_purse_leaves_to_others_what_it_must_keep(clock: Clock) -> None:
    budget = CallBudget(clock)
    assert spent(Purse(budget, keep=8)) == CALLS - 8
    assert spent(Purse(budget, keep=4)) == 4
    assert spent(Purse(budget)) == 4


def test_what_is_held_is_there_for_the_looks_and_comes_back(clock: Clock) -> None:
    budget = CallBudget(clock)
    purse = Purse(budget, keep=17)
    with purse.hold_calls(3):
        spent(Purse(budget, keep=1))
        for _ in range(4):  # one more than was held: what was begun may be finished
            purse.take()
    with pytest.raises(SpentError), purse.hold_calls(1):
        raise AssertionError
    clock.now += 1000
    with purse.hold_calls(3):
        purse.take()
    assert spent(budget) == CALLS - 1


def test_a_call_that_github_does_not_count_comes_back_and_a_redirect_costs_one_more(clock: Clock) -> None:
    budget = CallBudget(clock)
    fixed, made_up = Purse(budget, is_refunded=True), Purse(budget)
    for purse in (fixed, made_up):
        purse.take()
        purse.settle(0, is_free=True)
    fixed.take()
    fixed.settle(2, is_free=False)
    assert spent(budget) == CALLS - 1 - 3
