"""What was found lately, and what is under way."""

import asyncio

import pytest

from receiver.github.memory import Memory, UnderWay


def test_what_is_older_than_asked_for_is_not_fresh_and_still_found() -> None:
    now = [0.0]
    memory: Memory[str] = Memory(2, lambda: now[0])
    memory.keep("a", "first")
    now[0] = 5
    assert (memory.find_fresh("a", 5.1), memory.find_fresh("a", 5), memory.find_value("a")) == ("first", None, "first")
    memory.keep("a", "second")
    assert memory.find_fresh("a", 1) == "second"
    assert memory.find_fresh("a", 0) is None
    assert memory.find_fresh("b", 9) is memory.find_value("b") is None


def test_no_more_is_kept_than_was_said_and_what_is_asked_for_stays() -> None:
    memory: Memory[int] = Memory(3)
    memory.keep("asked", 0)
    for number in range(1000):
        memory.keep(str(number), number)
        assert memory.find_value("asked") == 0
    assert [key for key in map(str, range(1000)) if memory.find_value(key) is not None] == ["998", "999"]


@pytest.mark.anyio
async def test_one_that_leaves_does_not_end_what_others_wait_for() -> None:
    under_way: UnderWay[int] = UnderWay()
    opened, begun = asyncio.Event(), []

    async def find() -> int:
        begun.append(1)
        await opened.wait()
        return 7

    waiting = [asyncio.create_task(under_way.join("a", find)) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    opened.set()
    assert await asyncio.gather(*waiting[1:]) == [7, 7]
    assert waiting[0].cancelled()
    assert begun == [1]
    assert await under_way.join("a", find) == 7
    assert begun == [1, 1]


@pytest.mark.anyio
async def test_a_failure_reaches_all_that_wait_and_is_no_noise_where_all_have_left(
    caplog: pytest.LogCaptureFixture,
) -> None:
    under_way: UnderWay[int] = UnderWay()

    async def fail() -> int:
        await asyncio.sleep(0)
        raise ValueError("no")

    found = await asyncio.gather(*(under_way.join("a", fail) for _ in range(3)), return_exceptions=True)
    assert [str(one) for one in found] == ["no"] * 3
    left = asyncio.create_task(under_way.join("a", fail))
    await asyncio.sleep(0)
    left.cancel()
    for _ in range(5):
        await asyncio.sleep(0)
    assert caplog.text == ""


@pytest.mark.anyio
async def test_what_is_under_way_ends_with_the_receiver() -> None:
    under_way: UnderWay[bool] = UnderWay()
    waiting = asyncio.create_task(under_way.join("a", asyncio.Event().wait))
    await asyncio.sleep(0)
    await under_way.aclose()
    with pytest.raises(asyncio.CancelledError):
        await waiting
