"""Looks at an address: remembered, shared, conditional."""

import asyncio
from collections.abc import Mapping

import httpx
import pytest

from receiver.github.budget import CALLS, CallBudget, Purse, SpentError
from receiver.github.looks import Looks, Terms

pytestmark = pytest.mark.anyio


class Place:
    """What is at every address; counts who comes and with which ETag."""

    def __init__(self) -> None:
        self.now = 0.0
        self.text = "one"
        self.failure: Exception | None = None
        self.tags: list[str | None] = []
        self.looks = Looks(self.get, lambda: self.now)

    async def get(self, _: str, headers: Mapping[str, str], __: Terms) -> httpx.Response:
        known = headers.get("if-none-match")
        self.tags.append(known)
        await asyncio.sleep(0)
        if self.failure:
            raise self.failure
        return (
            httpx.Response(304)
            if known == self.text
            else httpx.Response(200, text=self.text, headers={"etag": self.text})
        )

    async def seen(self, terms: Terms, url: str = "a") -> str:
        return await self.looks.look_up(url, lambda answer: answer.text.upper(), terms)


async def test_what_is_young_enough_is_not_looked_at_again() -> None:
    place = Place()
    for now, age, looks in ((0, 10, 1), (9, 10, 1), (9, 5, 2), (9, 0, 3), (20, 10, 4)):
        place.now = now
        assert await place.seen(Terms(age)) == "ONE"
        assert len(place.tags) == looks


async def test_a_look_is_conditional_and_a_304_is_what_was_seen_before() -> None:
    place = Place()
    await place.seen(Terms())
    assert await place.seen(Terms()) == "ONE"
    place.text = "two"
    assert await place.seen(Terms()) == "TWO"
    assert await place.seen(Terms()) == "TWO"
    assert place.tags == [None, "one", "one", "two"]


async def test_a_failure_is_remembered_too_and_costs_nothing_of_what_was_known() -> None:
    place = Place()
    await place.seen(Terms())
    place.failure = ValueError("down")
    for _ in range(3):
        with pytest.raises(ValueError, match="down") as caught:
            await place.seen(Terms(10) if len(place.tags) > 1 else Terms())
        assert len(caught.traceback) < 10
    assert len(place.tags) == 2
    place.failure = None
    assert await place.seen(Terms()) == "ONE"
    assert place.tags[-1] == "one"


async def test_all_that_ask_at_once_share_one_look_and_pay_one() -> None:
    place = Place()
    budget = CallBudget(lambda: 0.0)
    terms = Terms(10, Purse(budget))
    assert await asyncio.gather(*(place.seen(terms) for _ in range(50))) == ["ONE"] * 50
    assert len(place.tags) == 1
    budget.take(CALLS - 1)
    with pytest.raises(SpentError):
        await place.seen(terms, "b")
    assert await place.seen(terms) == "ONE"
    assert len(place.tags) == 1
    assert await place.seen(Terms(), "b") == "ONE"  # who has the secret pays nothing


async def test_a_free_look_is_given_back_where_that_was_agreed() -> None:
    place = Place()
    budget = CallBudget(lambda: 0.0)
    for _ in range(100):
        assert await place.seen(Terms(0, Purse(budget, is_refunded=True))) == "ONE"
    budget.take(CALLS - 1)
