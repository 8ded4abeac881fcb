"""Turns with a model on one's own machine: short contexts, slow starts, refusals of its own kind."""

import json
import re
from dataclasses import replace

import pytest

from orchestrator.core.site import Site
from orchestrator.generate import asking
from orchestrator.generate.conversation import SharedState, converse
from orchestrator.generate.models import budget, call
from orchestrator.generate.models.presets import Model, Price
from tests.doubles.blocks import PAGE, README, edit
from tests.doubles.calls import without_pauses
from tests.doubles.conversation import PRESENT, last_prompt, outcomes, shared
from tests.doubles.generation import notes_into
from tests.doubles.model import ModelServer, Reply, model_server

pytestmark = pytest.mark.anyio


# A model whose server reads less than was believed


def wanted(server: ModelServer) -> list[int]:
    return [len(str(asked["messages"])) for asked in server.prompts]


async def at_home(at: SharedState, *replies: Reply | str, context: int = 32_000, output: int = 8_000) -> ModelServer:
    async with model_server(*replies) as server:
        params = {"model": "openai/one", "api_base": server.url, "api_key": "none"}
        model = Model(
            name="home",
            params=params,
            context=context,
            output=output,
            price=Price(input=0, output=0),
            sees_images=False,
            edits=True,
            caches=False,
            is_home=True,
        )
        await converse(at, model, at.budget.deadline)
        return server


def refusal(status: int = 400, /, **said: object) -> Reply:
    return Reply(status=status, body=json.dumps({"error": {"code": status, **said}}).encode())


LLAMA_CPP = refusal(message="the request exceeds the available context size", n_prompt_tokens=6031, n_ctx=4096)


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """litellm waits between its tries, and we for a model that loads, by clocks of their own."""
    without_pauses(monkeypatch)
    monkeypatch.setattr(call, "LOADING_S", 0)


def large() -> SharedState:
    at = shared(new=False)
    present = Site({**PRESENT, "big.js": b"go();\n" * 4_000})
    return replace(at, given=replace(at.given, present=present))


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize(
    ("refused", "why"),
    [
        (LLAMA_CPP, "too long by 1935 tokens: its context is 4096 tokens"),
        (
            refusal(message="This model's maximum context length is 4096 tokens, you have 6031"),
            "too long by 1935 tokens",
        ),
        (refusal(413, message="no"), "the prompt is too long"),
    ],
)
async def test_a_prompt_that_is_too_long_is_asked_again_shorter(refused: Reply, why: str) -> None:
    at = large()
    server = await at_home(
        at, refused, edit("index.html", "<html><title>One</title></html>", "<html><title>2</title></html>")
    )
    first, second = wanted(server)
    assert second < first / 2
    assert why in outcomes(at)[0]
    assert "asked again with a prompt for" in outcomes(at)[0]
    assert outcomes(at)[1] == "answered"


@pytest.mark.usefixtures("no_pauses")
async def test_an_empty_event_stream_is_a_prompt_that_is_too_long() -> None:
    at = large()
    empty = Reply(body=b"", content_type="text/event-stream")
    server = await at_home(at, empty, empty, empty, edit("a.js", "a()", "b()"))
    assert "answered 200 with nothing" in outcomes(at)[0]
    assert wanted(server)[-1] < wanted(server)[0]
    assert at.budget.attempts[0].cost_usd == 0  # nothing is lost where nothing costs anything


@pytest.mark.usefixtures("no_pauses")
async def test_where_no_shorter_prompt_helps_the_remedy_is_named() -> None:
    at = shared()
    server = await at_home(at, refusal(message="n_ctx", n_ctx=512, n_prompt_tokens=900))
    assert len(server.asked) == 1
    assert outcomes(at)[-1].endswith("in a context of 512: start its server with a larger one")
    at = shared()
    server = await at_home(at, refusal(message="n_ctx", n_ctx=1_280), context=1_300)
    assert len(server.asked) == 2
    remedy = "its context of 1280 tokens is too small for this task: start its server with a larger one"
    assert remedy in outcomes(at)[-1]


@pytest.mark.usefixtures("no_pauses")
async def test_a_model_with_shorter_tokens_is_asked_by_its_own_count() -> None:
    at = large()
    longer = refusal(message="n_ctx", n_ctx=32_000, n_prompt_tokens=33_000)
    server = await at_home(at, longer, longer, edit("a.js", "a()", "b()"))
    assert at.knowledge.models["home"].margin > 1.2
    assert wanted(server)[1] < wanted(server)[0]


async def test_an_answer_that_fills_the_context_is_not_continued_but_asked_for_with_a_shorter_prompt() -> None:
    at = large()
    full = Reply("half", "length", tokens=(7_800, 392), obeys=False)
    server = await at_home(at, full, edit("a.js", "a()", "b()"))
    assert at.knowledge.models["home"].context == 8_192
    assert wanted(server)[1] < wanted(server)[0]
    assert outcomes(at) == ["asked again with a prompt for 8192 tokens", "answered"]


@pytest.mark.usefixtures("no_pauses")
async def test_a_model_that_loads_is_waited_for() -> None:
    at = shared()
    loading = refusal(503, message="Loading model", type="unavailable_error")
    server = await at_home(at, loading, loading, loading, loading, PAGE + README)
    assert (len(server.asked), outcomes(at)) == (5, ["answered"])


async def test_thinking_that_used_up_the_limit_gets_a_larger_one() -> None:
    at = shared()
    server = await at_home(at, Reply("", "length", tokens=(1, 1)), PAGE + README, output=4_000)
    assert [asked["max_tokens"] for asked in server.prompts] == [4_000, 8_000]
    assert outcomes(at) == ["an empty answer, cut off at the length limit", "answered"]


@pytest.mark.usefixtures("no_pauses")
async def test_what_a_model_does_not_take_is_not_sent_to_it_again() -> None:
    at = shared()
    roles = refusal(500, message="Jinja Exception: System role not supported")
    server = await at_home(at, roles, roles, roles, PAGE, README)
    assert [len(asked["messages"]) for asked in server.prompts] == [2, 2, 2, 1, 3]
    assert "system" not in [message["role"] for message in server.prompts[-1]["messages"]]


async def test_a_prompt_that_the_server_cut_in_silence_is_told() -> None:
    at = shared()
    await at_home(at, Reply(PAGE + README, tokens=(3, 500)))
    assert at.budget.attempts[0].note.startswith("its server read only 3 of about ")
    at = shared()
    await at_home(at, Reply(PAGE + README, tokens=(1_500, 500)))
    assert at.budget.attempts[0].note == ""


async def test_the_model_that_answered_is_named() -> None:
    at = shared()
    message = {"role": "assistant", "content": PAGE + README}
    body = {"id": "x", "object": "chat.completion", "created": 1, "model": "smollm2-135m\x1b[2J"}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    await at_home(at, Reply(body=json.dumps({**body, "choices": choices}).encode()))
    assert at.budget.attempts[0].note == "answered by smollm2-135m?[2J"


async def test_who_waits_is_told_of_each_call_and_of_the_silence_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "SILENCE_S", 0.02)
    told: list[str] = []
    at = replace(shared(), tell=notes_into(told))
    await at_home(at, Reply(PAGE + README, delay=0.1))
    told = [line for line in told if "not available at its server" not in line]
    assert re.fullmatch(r"home: asked with about \d+ tokens, for at most 8000 tokens in 240 s", told[0])
    assert told[1] == "home: sent nothing for 0 s"
    assert len(told) >= 3


@pytest.mark.usefixtures("no_pauses")
async def test_a_call_that_failed_costs_nothing_where_the_price_is_nothing() -> None:
    at = shared()
    await at_home(at, Reply(cut=True))
    assert at.budget.attempts[0].outcome.startswith("failed: ")
    assert at.budget.attempts[0].cost_usd == 0


async def test_a_correction_that_does_not_fit_behind_the_answer_is_asked_for_as_a_repair() -> None:
    at = shared()
    page = PAGE.replace("</html>", f"{'<p>A line of this page.</p>' * 270}</html>")
    server = await at_home(at, Reply(page, obeys=False), README, context=4_096)
    assert outcomes(at) == ["asked again: README.md is missing.", "answered"]
    assert [len(asked["messages"]) for asked in server.prompts] == [2, 2]
    assert "README.md is missing." in last_prompt(server)
    assert "A browser opened the site below" in last_prompt(server)


async def test_an_answer_that_is_cut_where_nothing_more_fits_is_not_continued() -> None:
    at = shared()
    cut = PAGE.replace("</html>\n</file>", "<p>A line of this page.</p>" * 260)
    server = await at_home(at, Reply(cut, "length", tokens=(1, 1), obeys=False), PAGE + README, context=3_000)
    assert outcomes(at)[-1] == "answered"
    assert "its context has no room for the rest" in str(outcomes(at)) or "asked again" in outcomes(at)[0]
    assert [len(asked["messages"]) for asked in server.prompts] == [2, 2]


@pytest.mark.usefixtures("no_pauses")
async def test_a_server_that_is_still_loading_when_the_time_is_over_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    # The next look would come after the end, so that nothing is waited for.
    monkeypatch.setattr(call, "LOADING_S", budget.CALL_S + 1)
    at = shared()
    await at_home(at, refusal(503, message="Loading model"))
    assert outcomes(at)[0].startswith("the model was still loading after ")
    assert at.budget.attempts[0].cost_usd == 0
