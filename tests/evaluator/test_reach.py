"""What may be connected to: by the operator's word alone, and no name holds another page's up."""

import asyncio

import pytest

from orchestrator.core.address import NotPublic, Unresolved
from orchestrator.evaluator import reach as reach_module
from orchestrator.evaluator.reach import MOST_NAMES, Reach, reach_of, resolving
from tests.doubles.names import Resolver, resolver

pytestmark = pytest.mark.anyio

PUBLIC, PRIVATE = Reach(), Reach(allow_private=True)


@pytest.mark.parametrize(
    ("receiver", "allowed", "here"),
    [
        ("http://127.0.0.1:7860", True, True),
        ("http://localhost:7860/api-endpoint", True, True),
        ("http://LOCALHOST./", True, True),
        ("http://me.localhost/", True, True),
        ("http://[::1]:7860", True, True),
        ("http://192.168.1.5/", True, False),
        ("http://[fd00::1]/", True, False),
        ("https://8.8.8.8/", False, False),
        ("https://student.example/", False, False),
        ("http://127.0.0.1.student.example/", False, False),
        ("http://localhost.student.example/", False, False),
        ("http://2130706433/", False, False),
        ("http://127.1/", False, False),
        ("", False, False),
    ],
)
def test_a_receiver_whose_url_holds_a_private_address_is_the_operators_word(
    receiver: str,
    allowed: bool,  # noqa: FBT001 - a column
    here: bool,  # noqa: FBT001 - a column
) -> None:
    assert reach_of(receiver, private=False) == Reach(allow_private=allowed, is_here=here)
    assert reach_of(receiver, private=True) == Reach(allow_private=True, is_here=here)


async def test_a_private_address_among_others_is_enough_to_refuse_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"both.test": ["93.184.215.14", "127.0.0.1"], "good.test": ["93.184.215.14"]}
    with resolver(monkeypatch, Resolver(known)), resolving(PUBLIC) as public, resolving(PRIVATE) as private:
        assert await public.resolve_addresses("good.test", 443) == ["93.184.215.14"]
        with pytest.raises(NotPublic):
            await public.resolve_addresses("both.test", 443)
        with pytest.raises(Unresolved):
            await private.resolve_addresses("none.test", 443)
        assert await private.resolve_addresses("both.test", 443) == ["93.184.215.14", "127.0.0.1"]
        assert (await private.resolve_url("http://both.test:8/x")).url == "http://93.184.215.14:8/x"


async def test_a_name_is_looked_up_once_and_so_many_are(monkeypatch: pytest.MonkeyPatch) -> None:
    with resolver(monkeypatch, Resolver({"good.test": ["1.1.1.1"]})) as asked, resolving(PUBLIC, "own.test") as names:
        await asyncio.gather(*(names.resolve_addresses("good.test", port) for port in (80, 443, 80)))
        with pytest.raises(NotPublic, match="from memory"):
            await names.resolve_addresses("OWN.test", 80)
        assert asked.asked == ["good.test"]
        looks = [names.resolve_addresses(f"{number}.test", 80) for number in range(MOST_NAMES + 10)]
        assert {type(error) for error in await asyncio.gather(*looks, return_exceptions=True)} == {Unresolved}
        assert len(asked.asked) == MOST_NAMES


async def test_names_that_nobody_answers_for_hold_no_other_page_up(monkeypatch: pytest.MonkeyPatch) -> None:
    silent = frozenset(f"{number}.silent.test" for number in range(60))
    with resolver(monkeypatch, Resolver({"good.test": ["1.1.1.1"]}, silent)) as asked, resolving(PUBLIC) as one:
        hostile = [asyncio.create_task(one.resolve_addresses(name, 80)) for name in sorted(silent)]
        await asyncio.sleep(0.05)
        async with asyncio.timeout(20):  # an ordinary pool of threads would be full by now, for ever
            with resolving(PUBLIC) as other:
                assert await other.resolve_addresses("good.test", 80) == ["1.1.1.1"]
            assert await asyncio.to_thread(lambda: "done") == "done"
        assert len(silent & set(asked.asked)) <= reach_module.AT_ONCE
        for task in hostile:
            task.cancel()
        await asyncio.gather(*hostile, return_exceptions=True)


async def test_a_name_that_nobody_answers_for_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach_module, "RESOLVING_S", 0.05)
    silent = Resolver(silent=frozenset({"silent.test"}))
    with resolver(monkeypatch, silent), resolving(PUBLIC) as names, pytest.raises(Unresolved):
        await names.resolve_addresses("silent.test", 80)
