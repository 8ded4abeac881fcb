"""What a task may spend: no call is made that could pass a limit."""

import pytest

from orchestrator.core.deadline import Deadline
from orchestrator.core.report import Attempt
from orchestrator.generate.models.budget import CALL_S, SHORTEST_ANSWER, UNPRICED_TOKENS, NotAllowed, TaskBudget
from orchestrator.generate.models.presets import Model, Price
from tests.doubles.clock import FastClock

PRICE = Price(input=2, output=10)


def model(price: Price | None = PRICE, *, context: int = 100_000, output: int = 16_000, caches: bool = False) -> Model:
    return Model(
        name="m", params={}, context=context, output=output, price=price, sees_images=False, edits=True, caches=caches
    )


def budget(dollars: float = 1.0, seconds: float = 1000, *attempts: Attempt) -> TaskBudget:
    return TaskBudget(dollars, FastClock().deadline(seconds), list(attempts))


def asked(given: TaskBudget, of: Model, tokens_in: int = 1_000, until: Deadline | None = None) -> tuple[float, int]:
    allowance = given.allowance(of, tokens_in, until or given.deadline)
    return allowance.seconds, allowance.tokens


def test_with_enough_of_everything_the_models_own_limits_hold() -> None:
    assert asked(budget(), model()) == (CALL_S, 16_000)


def test_an_answer_must_fit_behind_the_prompt() -> None:
    assert asked(budget(), model(context=10_000), tokens_in=4_000)[1] == 6_000
    with pytest.raises(NotAllowed, match="no room"):
        asked(budget(), model(context=10_000), tokens_in=9_401)


def test_a_context_of_4096_tokens_is_asked_and_where_it_is_too_small_its_size_is_said() -> None:
    small = model(context=4_096, output=8_000)
    assert asked(budget(), small, tokens_in=1_945)[1] == 2_151
    with pytest.raises(NotAllowed, match=r"prompt of about 3900 tokens leaves no room .* context of 4096$"):
        asked(budget(), small, tokens_in=3_900)


def test_an_answer_may_be_as_long_as_the_money_lasts() -> None:
    assert asked(budget(0.05), model())[1] == (0.05 - 0.002) / 10 * 1_000_000
    with pytest.raises(NotAllowed, match="money"):
        asked(budget(0.0219), model())
    assert asked(budget(0.02201), model())[1] >= SHORTEST_ANSWER


def test_writing_a_cache_is_dearer_than_reading_a_prompt() -> None:
    assert asked(budget(0.05), model(caches=True))[1] < asked(budget(0.05), model())[1]


def test_what_was_spent_is_gone_and_so_is_what_a_lost_call_may_have_cost() -> None:
    spent = budget(1.0, 1000, Attempt(model="m", outcome="x", cost_usd=0.4, seconds=1))
    assert spent.money_left == pytest.approx(0.6)
    spent.record_lost_call(model(), 1_000, spent.allowance(model(), 1_000, spent.deadline).tokens)
    assert spent.money_left == pytest.approx(0.6 - 0.002 - 0.16)
    spent.record_lost_call(model(), 1_000, 1_000_000)
    assert spent.money_left == 0


def test_a_model_that_costs_nothing_is_asked_whatever_was_spent() -> None:
    spent = budget(1.0, 1000, Attempt(model="m", outcome="x", cost_usd=2.0, seconds=1))
    assert asked(spent, model(Price(input=0, output=0)))[1] == 16_000
    with pytest.raises(NotAllowed, match="money"):
        asked(spent, model())


def test_where_no_price_is_known_tokens_are_counted() -> None:
    used = Attempt(model="m", outcome="x", tokens_in=UNPRICED_TOKENS - 14_000, tokens_out=9_000, seconds=1)
    assert asked(budget(1, 1000, used), model(None))[1] == 4_000
    with pytest.raises(NotAllowed, match="money"):
        asked(budget(1, 1000, used), model(None), tokens_in=3_500)
    priced = used.model_copy(update={"cost_usd": 0.1})
    assert asked(budget(1, 1000, priced), model(None))[1] == 16_000


def test_a_model_with_short_answers_is_asked_within_them() -> None:
    assert asked(budget(), model(output=1_000))[1] == 1_000


def test_without_time_no_call_is_made() -> None:
    with pytest.raises(NotAllowed, match="no time"):
        asked(budget(1, 4.9), model())
    given = budget()
    assert asked(given, model(), until=given.deadline.share(10)) == (100, 16_000)
