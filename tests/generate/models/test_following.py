"""An answer is followed while it comes: its files are told, and it is ended where nothing good will come of it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest

from orchestrator.core.events import Event, FileEvent, HeardEvent
from orchestrator.generate.models import follow
from orchestrator.generate.models.budget import Allowance
from orchestrator.generate.models.call import ModelCall, ask
from orchestrator.generate.models.counting import count_tokens
from orchestrator.generate.models.follow import Follower, Following
from orchestrator.generate.models.presets import Model
from orchestrator.generate.models.stream import PartialAnswer
from orchestrator.generate.prompt import count_prompt_tokens
from tests.doubles.calls import ASKED, BOTH, EAGER, EDIT, PAGE, PRICE, SCRIPT, TEXT, TOKENS, asked, cost, litellm, model
from tests.doubles.model import Reply, model_server

pytestmark = pytest.mark.anyio


@cache
def first_calls() -> set[str]:
    return set()


@pytest.fixture(autouse=True)
async def warm() -> None:
    """litellm's first call to a provider takes seconds, so it has been made."""
    for provider in {"openai", "anthropic"} - first_calls():
        async with model_server("Hello.") as server:
            await asked(model(server, provider))
        first_calls().add(provider)


class Ear:
    """What receives events, and waits for some of them."""

    def __init__(self) -> None:
        self.told = list[Event]()
        self._came = asyncio.Event()

    def __call__(self, event: Event) -> None:
        self.told.append(event)
        self._came.set()

    @property
    def heard(self) -> list[HeardEvent]:
        return [event for event in self.told if isinstance(event, HeardEvent)]

    @property
    def files(self) -> list[tuple[str, str, int]]:
        return [(event.path, event.state, event.bytes) for event in self.told if isinstance(event, FileEvent)]

    async def hears(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._came.clear()
            await asyncio.wait_for(self._came.wait(), 10)


# Ended in the middle


@BOTH
async def test_an_answer_that_its_time_ends_is_kept_as_far_as_it_came_with_what_that_took(provider: str) -> None:
    async with model_server(Reply(TEXT, tokens=TOKENS, stays=4, stalls=True)) as server:
        answer = await asked(model(server, provider), seconds=1)
        await asyncio.wait_for(server.left.wait(), 5)
    assert (answer.partial, answer.problem, answer.is_late) == (TEXT[:256], "not finished after 1 s", True)
    # Anthropic counts the prompt before the answer.
    tokens_in = TOKENS[0] if provider == "anthropic" else count_prompt_tokens(ASKED)
    assert (answer.attempt.tokens_in, answer.attempt.cost_usd) == (tokens_in, cost(tokens_in, count_tokens(TEXT[:256])))


async def test_what_a_model_thinks_unseen_makes_the_cost_unknown() -> None:
    thoughts = "Let me see. " * 20
    async with model_server(
        Reply(TEXT, stays=4, stalls=True), Reply(TEXT, stays=24, stalls=True, thought=thoughts, piece=12)
    ) as server:
        hidden = await asked(model(server, thinks=True), seconds=0.6)
        shown = await asked(model(server, thinks=True), seconds=0.6)
    assert (hidden.attempt.cost_usd, hidden.attempt.tokens_out) == (None, count_tokens(TEXT[:256]))
    assert shown.partial == TEXT[:48]
    assert shown.attempt.cost_usd == cost(count_prompt_tokens(ASKED), count_tokens(TEXT[:48]) + count_tokens(thoughts))


@BOTH
async def test_a_stop_ends_the_call_and_its_connection_and_counts_what_had_come(provider: str) -> None:
    ear = Ear()
    async with model_server(Reply(TEXT, stays=4, stalls=True)) as server:
        following = Following(ear, 1, pace=EAGER)
        one = ModelCall(litellm(), model(server, provider), ASKED, Allowance(30, 1_000), following=following)
        asking = asyncio.create_task(one.fetch_answer())
        await ear.hears(lambda: any(event.chars == 256 for event in ear.heard))
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await asyncio.wait_for(server.left.wait(), 5)
    stopped = one.stopped_answer()
    assert (stopped.partial, stopped.attempt.outcome) == (TEXT[:256], "stopped")
    assert stopped.attempt.tokens_out == count_tokens(TEXT[:256])
    assert stopped.attempt.cost_usd is not None


@BOTH
async def test_a_server_that_keeps_the_connection_after_a_whole_answer_is_not_waited_for(
    provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "CLOSING_S", 0.1)
    async with model_server(Reply(TEXT, tokens=TOKENS, stalls=True, lacks=("end",))) as server:
        answer = await asked(model(server, provider), Following(pace=EAGER))
    assert (answer.text, answer.problem, answer.attempt.cost_usd) == (TEXT, "", cost(*TOKENS))


# Silence


@BOTH
@pytest.mark.parametrize(
    "reply",
    [Reply(silent=True), Reply(TEXT, stays=3, stalls=True), Reply(TEXT, trickle=True)],
    ids=["at all", "after a while", "but a comment"],
)
async def test_a_silent_model_is_left_where_another_can_be_asked(provider: str, reply: Reply) -> None:
    following = Following(has_next=True, pace=EAGER)
    async with model_server(reply) as server:
        answer = await asked(model(server, provider, silence_s=0.3), following)
        await asyncio.wait_for(server.left.wait(), 5) if not reply.silent else None
    assert (answer.problem, answer.is_abandoned) == ("nothing arrived for 0.3 s", True)
    assert (answer.attempt.cost_usd is None) == (not answer.partial)
    assert TEXT.startswith(answer.partial)


async def test_a_silent_model_is_waited_for_where_there_is_no_other() -> None:
    async with model_server(Reply(TEXT, delay=0.5)) as server:
        answer = await asked(model(server, silence_s=0.1), Following(pace=EAGER))
    assert answer.text == TEXT


async def test_how_long_a_model_may_be_silent_is_told_by_what_has_come() -> None:
    home = Model("m", {}, 100, 100, PRICE, sees_images=False, edits=True, caches=False, silence_s=120)
    thinking, quick = PartialAnswer(began=0), PartialAnswer(began=0)
    thinking.first = thinking.last = quick.first = quick.last = 100

    def passed(heard: PartialAnswer, now: float, silence_s: float) -> float:
        return Follower(replace(home, silence_s=silence_s), Following(), 100, heard).exceeded_silence(now)

    assert (passed(PartialAnswer(began=0), 120, 120), passed(PartialAnswer(began=0), 121, 120)) == (0, 120)
    assert (passed(PartialAnswer(began=0), 30, 30), passed(PartialAnswer(began=0), 31, 30)) == (0, 30)
    assert (passed(thinking, 130, 120), passed(thinking, 131, 120)) == (0, 30)
    assert (passed(quick, 105, 5), passed(quick, 106, 5)) == (0, 5)


@BOTH
async def test_thoughts_are_a_sign_of_life(provider: str) -> None:
    ear, thoughts = Ear(), "Let me see once more. " * 10
    async with model_server(Reply("Done.", thought=thoughts, stays=8, piece=20, stalls=True)) as server:
        asking = asyncio.create_task(asked(model(server, provider), Following(ear, has_next=True, pace=EAGER)))
        await ear.hears(lambda: any(event.chars == 160 for event in ear.heard))
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
    assert ear.heard[-1].tokens == pytest.approx(count_tokens(thoughts[:160]), rel=0.3)


async def test_an_answer_in_one_piece_is_not_silent_while_it_is_written() -> None:
    async with model_server(Reply(TEXT, delay=0.5)) as server:
        following = Following(has_next=True, pace=EAGER)
        answer = await asked(model(server, silence_s=0.1, streams=False), following)
    assert answer.text == TEXT


# Loops


@BOTH
@pytest.mark.parametrize("field", ["content", "thought"])
async def test_what_repeats_itself_without_end_is_ended_while_it_runs(provider: str, field: str) -> None:
    text = PAGE + "<li>again and again</li>\n" * 2_000 if field == "content" else ""
    thought = "But wait. " * 4_000 if field == "thought" else ""
    endless = Reply(text, thought=thought, piece=2_000, stalls=True, lacks=("reason", "usage", "end"))
    async with model_server(endless) as server:
        answer = await asked(model(server, provider), Following(pace=EAGER))
        await asyncio.wait_for(server.left.wait(), 5)
    assert (answer.problem, answer.is_abandoned) == ("repeats itself endlessly", True)
    assert answer.partial.startswith(PAGE) == (field == "content")
    assert answer.attempt.cost_usd is not None


async def test_a_server_that_obeys_no_limit_is_left() -> None:
    text = "".join(f"line {number} of a page that never ends\n" for number in range(500))
    endless = Reply(text, obeys=False, piece=500, stalls=True, lacks=("reason", "usage", "end"))
    async with model_server(endless) as server:
        allowance, following = Allowance(30, 1_000), Following(pace=EAGER)
        answer = await ask(litellm(), model(server), ASKED, allowance, following=following)
        await asyncio.wait_for(server.left.wait(), 5)
    assert (answer.problem, answer.is_abandoned) == ("its answer is longer than the limit that was set", True)
    assert 3_000 < answer.attempt.tokens_out < 6_000


# What is told while it comes


@BOTH
async def test_files_are_told_as_they_are_completed(provider: str) -> None:
    ear, gate = Ear(), asyncio.Event()
    pieces = len(PAGE) + len(SCRIPT[:-10])
    async with model_server(Reply(PAGE + SCRIPT + EDIT, piece=1, waits=(pieces, gate))) as server:
        asking = asyncio.create_task(asked(model(server, provider), Following(ear, 7, pace=EAGER)))
        await ear.hears(lambda: any(path == "app.js" for path, *_ in ear.files))
        assert ("index.html", "whole", 46) in ear.files
        assert ear.files[-1][:2] == ("app.js", "begun")
        assert not asking.done()
        gate.set()
        await asking
    assert [one for one in ear.files if one[0] == "app.js"][-1][1:] == ("edited", 9 + 9)
    assert {event.call for event in ear.told if isinstance(event, FileEvent | HeardEvent)} == {7}


async def test_files_of_an_answer_in_one_piece_are_told_at_its_end() -> None:
    ear = Ear()
    async with model_server(PAGE + EDIT) as server:
        await asked(model(server, streams=False), Following(ear, pace=EAGER))
    assert ear.files == [("index.html", "whole", 46), ("app.js", "edited", 9)]


async def test_files_that_a_model_thinks_of_are_not_told() -> None:
    ear, gate = Ear(), asyncio.Event()
    thoughts = f"<think>\n{SCRIPT}"
    async with model_server(Reply(f"{thoughts}</think>\n{PAGE}", piece=1, waits=(len(thoughts), gate))) as server:
        asking = asyncio.create_task(asked(model(server), Following(ear, pace=EAGER)))
        await ear.hears(lambda: any(event.chars == len(thoughts) for event in ear.heard))
        gate.set()
        await asking
    assert {path for path, *_ in ear.files} == {"index.html"}


async def test_a_continuation_is_read_behind_what_it_goes_on_from() -> None:
    ear, half = Ear(), len(PAGE) - 12
    async with model_server(PAGE[half:] + SCRIPT) as server:
        await asked(model(server), Following(ear, 2, before=PAGE[:half], pace=EAGER))
    assert ear.files[-2:] == [("index.html", "whole", 46), ("app.js", "whole", 9)]


async def test_who_waits_hears_that_nothing_comes() -> None:
    ear = Ear()
    async with model_server(Reply(TEXT, delay=0.3)) as server:
        await asked(model(server), Following(ear, pace=EAGER))
    assert [event.chars for event in ear.heard[:3]] == [0, 0, 0]
    ages = [event.age_s for event in ear.heard[:3]]
    assert ages == sorted(ages)
    assert all(age > 0 for age in ages)
