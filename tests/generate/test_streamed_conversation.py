"""What a task makes of answers that break off, fall silent or are stopped, and the story that is told of its calls."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

import pytest

from orchestrator.core.events import AnsweredEvent, AskedEvent, Event, FileEvent, HeardEvent
from orchestrator.core.site import Site
from orchestrator.core.task import Task
from orchestrator.generate.asking import SharedState
from orchestrator.generate.conversation import BROKEN_OFF
from orchestrator.generate.draft import Material
from orchestrator.generate.generation import Generation
from orchestrator.generate.models import budget
from orchestrator.generate.models.budget import TaskBudget
from orchestrator.generate.models.counting import count_tokens
from orchestrator.generate.models.follow import Pace
from orchestrator.generate.models.presets import Model, Price
from orchestrator.generate.prompt import load_prompts
from tests.doubles.calls import litellm, without_pauses
from tests.doubles.clock import FastClock
from tests.doubles.model import ModelServer, Reply, model_server

pytestmark = pytest.mark.anyio

PAGE = '<file path="index.html">\n<!doctype html>\n<html><title>T</title></html>\n</file>\n'
README = '<file path="README.md">\n# T\n</file>\n'
SCRIPT = '<file path="app.js">\nstart();\n</file>\n'
MADE = {"index.html": b"<!doctype html>\n<html><title>T</title></html>\n", "README.md": b"# T\n"}
PRESENT = {"index.html": b"<!doctype html>\n<title>One</title>\n", "README.md": b"# One\n"}
PAIR = "<<<<<<< SEARCH\n<title>One</title>\n=======\n<title>Two</title>\n>>>>>>> REPLACE\n"
EDIT = f'<edit path="index.html">\n{PAIR}</edit>\n'
LOOP = "<li>again and again</li>\n" * 2_000
PRICE = Price(input=2, output=8)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    without_pauses(monkeypatch)


@cache
def first_calls() -> set[str]:
    return set()


@pytest.fixture(autouse=True)
async def warm() -> None:
    """litellm's first call takes seconds, in which nobody hears anything: it has been made."""
    if not first_calls():
        async with model_server(PAGE + README) as server:
            await generation(server, "first")[0].generate_site()
        first_calls().add("openai")


def generation(
    server: ModelServer,
    *names: str,
    present: Mapping[str, bytes] | None = None,
    silence_s: float = 30,
    seconds: float = 600,
) -> tuple[Generation, list[Event]]:
    told = list[Event]()
    given = Material(Task(task="t", round=2 if present else 1, nonce="n", brief="b"), {}, Site(present or {}), None)
    deadline = FastClock().deadline(seconds)
    shared = SharedState(litellm(), load_prompts(), given, TaskBudget(1.0, deadline), lambda _: (), tell=told.append)
    shared = replace(shared, pace=Pace(look_s=0.01, share=1))
    return Generation(shared, [model(server, name, silence_s) for name in names]), told


def model(server: ModelServer, name: str, silence_s: float) -> Model:
    params = {"model": f"openai/{name}", "api_base": server.url, "api_key": "k"}
    plain = Model(name, params, 100_000, 16_000, PRICE, sees_images=False, edits=True, caches=False)
    return replace(plain, silence_s=silence_s)


def outcomes(of: Generation) -> list[str]:
    return [attempt.outcome for attempt in of.attempts]


def story(told: Sequence[Event]) -> list[tuple[str, int]]:
    return [(event.type, event.call) for event in told if isinstance(event, AskedEvent | AnsweredEvent)]


async def test_a_silent_model_is_left_for_the_next_and_what_it_had_written_is_paid_for() -> None:
    stalled = Reply(PAGE + README, piece=8, stays=5, stalls=True)
    async with model_server(by_model={"first": [stalled], "second": [PAGE + README]}) as server:
        making, told = generation(server, "first", "second", silence_s=2)
        made = await making.generate_site()
        await asyncio.wait_for(server.left.wait(), 5)
    assert (made.built_by, dict(made.site.files)) == ("second", MADE)
    assert outcomes(making) == ["nothing arrived for 2 s", "answered"]
    assert making.cost_usd is not None
    assert story(told) == [("asked", 1), ("answered", 1), ("asked", 2), ("answered", 2)]


async def test_the_last_model_may_be_silent_for_as_long_as_there_is_time() -> None:
    async with model_server(by_model={"first": [Reply(silent=True)], "second": [Reply(PAGE + README, delay=0.5)]}) as s:
        making, _ = generation(s, "first", "second", silence_s=0.2)
        made = await making.generate_site()
    assert (made.built_by, outcomes(making)) == ("second", ["nothing arrived for 0.2 s", "answered"])


async def test_what_is_whole_of_an_answer_that_stays_unfinished_is_used_where_nothing_better_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(budget, "SHORTEST_CALL_S", 0.1)
    stalled = Reply(PAGE + README + SCRIPT, piece=len(PAGE + README), stays=1, stalls=True)
    async with model_server(stalled) as server:
        making, told = generation(server, "first", seconds=2)
        made = await making.generate_site()
    assert (made.built_by, dict(made.site.files), made.is_cut_off) == ("first", MADE, True)
    assert outcomes(making) == ["not finished after 2 s", f"used as it is: {BROKEN_OFF.text}"]
    assert [event.path for event in told if isinstance(event, FileEvent)] == ["index.html", "README.md"]


async def test_a_whole_answer_of_the_next_model_is_better_than_one_that_broke_off() -> None:
    broken = Reply(PAGE + README + SCRIPT, piece=len(PAGE + README), stays=1)
    other = PAGE.replace("<title>T", "<title>Other") + README
    async with model_server(by_model={"first": [broken], "second": [other]}) as server:
        making, _ = generation(server, "first", "second")
        made = await making.generate_site()
    assert (made.built_by, b"Other" in made.site.files["index.html"]) == ("second", True)
    assert outcomes(making)[0] == "failed: BrokenOff (the answer broke off before its end)"
    assert making.attempts[0].tokens_out > 0
    # Three times the prompt and what had come of the answer may have to be paid for.
    assert making.shared.budget.lost_usd > 3 * 2 * 1_000 / 1e6


async def test_what_broke_off_is_asked_for_again_only_where_the_money_lasts() -> None:
    text = "".join(f"line {number}\n" for number in range(5_000))
    cost = 8 * count_tokens(text) / 1e6
    async with model_server(Reply(f"{text}.", obeys=False, piece=len(text), stays=1)) as server:
        making, _ = generation(server, "first")
        # The prompt takes less than a cent, and a further answer more than one.
        shared = replace(making.shared, budget=TaskBudget(cost + 0.015, making.shared.budget.deadline))
        making = replace(making, shared=shared)
        assert (await making.generate_site()).is_fallback
    assert (len(server.asked), making.attempts[0].tokens_out) == (1, count_tokens(text))
    assert 0 < making.shared.budget.money_left < 0.015
    assert outcomes(making)[0].startswith("failed: ")


async def test_half_a_revision_is_never_used() -> None:
    broken = Reply(EDIT + SCRIPT, piece=len(EDIT), stays=1)
    async with model_server(broken) as server:
        making, _ = generation(server, "first", present=PRESENT)
        made = await making.generate_site()
    assert (made.is_fallback, made.site.files["index.html"]) == (True, PRESENT["index.html"])


async def test_a_loop_is_left_for_the_next_model_while_it_runs() -> None:
    endless = Reply(PAGE + LOOP, piece=2_000, stalls=True, lacks=("reason", "usage", "end"))
    async with model_server(by_model={"first": [endless], "second": [PAGE + README]}) as server:
        making, _ = generation(server, "first", "second")
        made = await making.generate_site()
        await asyncio.wait_for(server.left.wait(), 5)
    assert (made.built_by, outcomes(making)) == ("second", ["repeats itself endlessly", "answered"])


@pytest.mark.parametrize("is_ended", [True, False])
async def test_what_is_whole_before_a_loop_is_used_where_there_is_no_other_model(*, is_ended: bool) -> None:
    text = PAGE + README + '<file path="list.html">\n' + LOOP
    endless = Reply(text, "length", piece=2_000, stalls=not is_ended, lacks=() if is_ended else ("reason", "usage"))
    async with model_server(endless) as server:
        making, _ = generation(server, "first")
        made = await making.generate_site()
    assert (made.built_by, dict(made.site.files), made.is_cut_off) == ("first", MADE, True)
    assert (outcomes(making)[0], len(server.asked)) == ("repeats itself endlessly", 1)


async def test_a_stop_in_the_middle_is_counted_and_told() -> None:
    stalled = Reply(PAGE + README, piece=8, stays=5, stalls=True)
    async with model_server(stalled) as server:
        making, told = generation(server, "first")
        came = asyncio.Event()

        def tell(event: Event) -> None:
            told.append(event)
            if isinstance(event, HeardEvent) and event.chars == 40:
                came.set()

        making = replace(making, shared=replace(making.shared, tell=tell))
        asking = asyncio.create_task(making.generate_site())
        await asyncio.wait_for(came.wait(), 10)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await asyncio.wait_for(server.left.wait(), 5)
    (attempt,) = making.attempts
    assert (attempt.outcome, attempt.tokens_out > 0, (attempt.cost_usd or 0) > 0) == ("stopped", True, True)
    assert making.shared.budget.money_left < 1
    assert isinstance(told[-1], AnsweredEvent)
    assert (told[-1].outcome, told[-1].cost_usd) == ("stopped", attempt.cost_usd)


async def test_each_call_is_told_with_its_purpose_and_its_cost() -> None:
    half = len(PAGE) - 20
    async with model_server(Reply(PAGE[:half], "length"), PAGE[half:], README, PAGE.replace("T<", "U<")) as server:
        making, told = generation(server, "first")
        made = await making.generate_site()
        await making.ask_for_repair(made, ["The title is wrong."])
    asked = [event for event in told if isinstance(event, AskedEvent)]
    answered = [event for event in told if isinstance(event, AnsweredEvent)]
    assert [event.purpose for event in asked] == ["build", "continue", "correct", "repair"]
    assert [event.call for event in answered] == [1, 2, 3, 4]
    assert all(event.most_usd and event.most_usd > 0.128 for event in asked)
    spent = 0.0
    for event in answered:
        spent += event.cost_usd or 0
        assert (event.tokens_in, event.tokens_out, event.limit_usd) == (100, 200, 1.0)
        assert event.spent_usd == pytest.approx(spent)


async def test_the_model_that_a_stream_names_is_noted() -> None:
    async with model_server(Reply(PAGE + README, named="smollm2-135m")) as server:
        making, _ = generation(server, "first")
        await making.generate_site()
    assert making.attempts[0].note == "answered by smollm2-135m"
