"""Streamed answers through the real litellm and real sockets: what is whole, what broke off, and what it took."""

import json
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from orchestrator.generate.models import call
from orchestrator.generate.models.budget import Allowance
from orchestrator.generate.models.call import ask
from orchestrator.generate.models.counting import count_tokens
from orchestrator.generate.models.follow import Following, Pace
from orchestrator.generate.models.learnt import Learnt
from orchestrator.generate.models.presets import Price
from orchestrator.generate.prompt import count_prompt_tokens
from tests.doubles.calls import ASKED, BOTH, PAGE, SCRIPT, TEXT, TOKENS, asked, cost, litellm, model, without_pauses
from tests.doubles.model import ModelServer, Reply, model_server

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    without_pauses(monkeypatch)


@pytest.fixture(params=["error", "ignore"])
def with_warnings(request: pytest.FixtureRequest) -> Iterator[None]:
    """What litellm warns of while it reads a stream must not decide whether the stream is whole."""
    with warnings.catch_warnings():
        warnings.simplefilter(request.param)
        warnings.filterwarnings("ignore", "Accessing the 'model_(computed_)?fields'", DeprecationWarning)
        warnings.filterwarnings("ignore", ".*ReadOnly", UserWarning)
        yield


def streamed(server: ModelServer) -> list[bool]:
    return [bool(wanted.get("stream")) for wanted in server.prompts]


# Whole or not: litellm calls each of these a success


WHOLE: Mapping[str, Reply] = {
    "with all that belongs to it": Reply(TEXT, tokens=TOKENS),
    "after thoughts": Reply(TEXT, tokens=TOKENS, thought="Let me see. " * 20),
    "without the closing event": Reply(TEXT, tokens=TOKENS, lacks=("end",)),
    "in one piece": Reply(TEXT, tokens=TOKENS, piece=100_000),
    "letter by letter": Reply(TEXT[:40], tokens=TOKENS, piece=1),
}
BROKEN: Mapping[str, Reply] = {
    "in the middle, in good order": Reply(TEXT, stays=3),
    "before the first piece": Reply(TEXT, stays=0),
    "after all of the text": Reply(TEXT, lacks=("reason", "usage")),
    "after all of the text, without the closing event": Reply(TEXT, lacks=("reason", "usage", "end")),
    "among the thoughts": Reply(TEXT, thought="Let me see. " * 20, stays=2),
    "between two files": Reply(PAGE + SCRIPT, piece=len(PAGE), stays=1),
    "with the connection": Reply(TEXT, cut=True),
    "with the connection, before the first event": Reply(TEXT, cut="head"),
    "with an error": Reply(TEXT, status=529, inside=True),
}


@BOTH
@pytest.mark.parametrize("reply", WHOLE.values(), ids=WHOLE)
@pytest.mark.usefixtures("with_warnings")
async def test_an_answer_that_came_to_its_end_is_whole(provider: str, reply: Reply) -> None:
    async with model_server(reply) as server:
        answer = await asked(model(server, provider))
    assert (answer.text, answer.problem, answer.is_cut) == (reply.content, "", False)
    assert (answer.attempt.outcome, answer.attempt.tokens_in, answer.attempt.tokens_out) == ("answered", *TOKENS)
    assert answer.attempt.cost_usd == cost(*TOKENS)
    assert streamed(server) == [True]


@BOTH
@pytest.mark.parametrize("reply", BROKEN.values(), ids=BROKEN)
@pytest.mark.usefixtures("with_warnings")
async def test_an_answer_that_broke_off_is_asked_for_again(provider: str, reply: Reply) -> None:
    async with model_server(reply, Reply(TEXT, tokens=TOKENS)) as server:
        answer = await asked(model(server, provider))
    assert (answer.text, answer.problem, streamed(server)) == (TEXT, "", [True, True])


@BOTH
@pytest.mark.parametrize("reply", BROKEN.values(), ids=BROKEN)
@pytest.mark.usefixtures("with_warnings")
async def test_an_answer_that_breaks_off_every_time_is_a_problem_of_unknown_cost(provider: str, reply: Reply) -> None:
    async with model_server(reply) as server:
        answer = await asked(model(server, provider))
    assert answer.problem.startswith("failed: ")
    assert (answer.text, answer.attempt.cost_usd, len(server.asked)) == ("", None, 3)
    assert reply.content
    assert reply.content.startswith(answer.partial)


@BOTH
@pytest.mark.parametrize("reason", ["length", "content_filter"])
@pytest.mark.usefixtures("with_warnings")
async def test_why_an_answer_ended_is_read_from_its_stream(provider: str, reason: Any) -> None:
    async with model_server(Reply(TEXT, reason)) as server:
        answer = await asked(model(server, provider))
    assert (answer.is_cut, "content filter" in answer.problem) == (reason == "length", reason == "content_filter")
    assert len(server.asked) == 1


@pytest.mark.usefixtures("with_warnings")
async def test_a_count_after_the_last_piece_says_that_it_is_whole_too() -> None:
    async with model_server(Reply(TEXT, tokens=TOKENS, lacks=("reason",))) as server:
        answer = await asked(model(server))
    assert (answer.text, answer.attempt.tokens_out) == (TEXT, 500)


@BOTH
@pytest.mark.usefixtures("with_warnings")
async def test_an_answer_of_nothing_is_empty_and_not_broken(provider: str) -> None:
    async with model_server(Reply("")) as server:
        answer = await asked(model(server, provider))
    assert (answer.is_empty, answer.problem, len(server.asked)) == (True, "an empty answer", 1)


@pytest.mark.usefixtures("with_warnings")
async def test_what_nobody_counted_is_counted_here_and_has_no_known_price() -> None:
    async with model_server(Reply(TEXT, lacks=("usage",))) as server:
        answer = await asked(model(server))
        free = await asked(model(server, price=Price(input=0, output=0)))
    assert (answer.text, answer.attempt.cost_usd, answer.read) == (TEXT, None, None)
    # litellm makes up a count of its own, which would be believed.
    assert (answer.attempt.tokens_in, answer.attempt.tokens_out) == (count_prompt_tokens(ASKED), count_tokens(TEXT))
    assert free.attempt.cost_usd == 0


async def test_tokens_of_a_cache_are_read_from_the_stream() -> None:
    async with model_server(Reply(TEXT, tokens=(4_000, 10), cached=1_000, written=2_000)) as server:
        answer = await asked(model(server, "anthropic", price=Price(input=2, output=8, cached=0.2)))
    assert (answer.attempt.tokens_in, answer.attempt.tokens_cached) == (4_000, 1_000)
    assert answer.attempt.cost_usd == pytest.approx((1_000 * 2 + 2_000 * 2.5 + 1_000 * 0.2 + 10 * 8) / 1e6)


async def test_a_hundred_pieces_that_are_the_same_are_an_answer() -> None:
    rows = "0,0,0,0\n" * 300
    async with model_server(Reply(rows, piece=8)) as server:
        answer = await asked(model(server))
    assert (answer.text, len(server.asked)) == (rows, 1)


# Where a provider cannot stream


async def test_a_preset_may_say_that_answers_come_in_one_piece() -> None:
    async with model_server(Reply(TEXT, tokens=TOKENS)) as server:
        answer = await asked(model(server, streams=False))
    assert (answer.text, answer.attempt.tokens_out, streamed(server)) == (TEXT, 500, [False])


@pytest.mark.parametrize(
    ("text", "param", "second"),
    [
        ("Your organization must be verified to stream this model.", "stream", {"stream": None}),
        ("streaming is not supported for this model", None, {"stream": None}),
        ("Unrecognized request argument supplied: stream_options", None, {"stream": True, "stream_options": None}),
    ],
)
async def test_a_refusal_that_names_the_stream_is_adapted_to_and_remembered(
    text: str, param: str | None, second: dict[str, Any]
) -> None:
    refused = Reply(status=400, body=json.dumps({"error": {"message": text, "param": param}}).encode())
    learnt = Learnt()
    async with model_server(refused, TEXT) as server:
        for _ in range(2):
            answer = await ask(litellm(), model(server), ASKED, Allowance(30, 1_000), learnt)
            assert answer.text == TEXT
    first, *others = server.prompts
    assert (first["stream"], first["stream_options"]) == (True, {"include_usage": True})
    assert [{name: wanted.get(name) for name in second} for wanted in others] == [second, second]


@BOTH
async def test_what_is_no_stream_at_all_is_asked_for_in_one_piece(provider: str) -> None:
    empty = Reply(body=b"", content_type="text/event-stream")
    async with model_server(empty, Reply(TEXT, tokens=TOKENS)) as server:
        answer = await asked(model(server, provider))
    assert (answer.text, streamed(server)) == (TEXT, [True, False])


async def test_a_server_that_is_asked_for_a_stream_and_says_nothing_tells_without_one_that_the_prompt_is_too_long() -> (
    None
):
    told = {"error": {"code": 400, "message": "maximum context length is 2048 tokens, you have 6031 in the messages"}}
    refused = Reply(status=400, body=json.dumps(told).encode())
    async with model_server(Reply(body=b"", content_type="text/event-stream"), refused) as server:
        answer = await asked(model(server))
    assert (answer.is_too_long, answer.context, answer.attempt.cost_usd) == (True, 2_048, 0)


async def test_what_came_before_a_stream_broke_off_is_kept_where_the_next_try_is_silent() -> None:
    following = Following(has_next=True, pace=Pace(look_s=0.01))
    async with model_server(Reply(TEXT, stays=4), Reply(silent=True)) as server:
        answer = await asked(model(server, silence_s=1), following)
    assert (answer.partial, answer.is_abandoned, len(server.asked)) == (TEXT[:256], True, 2)


async def test_a_model_that_has_loaded_and_then_runs_out_of_time_is_no_longer_said_to_load(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(call, "LOADING_S", 0)
    loading = Reply(status=503, body=b'{"error": {"message": "Loading model"}}')
    async with model_server(*[loading] * 3, Reply(TEXT, stays=4, stalls=True)) as server:
        answer = await asked(model(server), seconds=2)
    assert (answer.problem, answer.partial) == ("not finished after 2 s", TEXT[:256])
