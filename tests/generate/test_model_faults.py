"""Every way in which a model is known not to answer, through the real litellm and real sockets: a site comes out."""

import json
from typing import Any

import pytest

from orchestrator.generate.models import budget, call
from orchestrator.generate.models.presets import OUTPUT, import_litellm
from tests.doubles.chain import BOTH, GOOD, MADE, PRESENT, PRICED, SECOND_USD, made, models, outcomes
from tests.doubles.model import Reply

pytestmark = pytest.mark.anyio


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How many seconds litellm would wait between its tries. It waits by a clock of its own, here not at all."""
    router, waited = import_litellm().Router, list[float]()
    seconds = router._time_to_sleep_before_retry  # noqa: SLF001 - nothing else says what it would wait

    def told(*args: Any, **kwargs: Any) -> float:
        waited.append(seconds(*args, **kwargs))
        return 0

    monkeypatch.setattr(router, "_time_to_sleep_before_retry", told)
    monkeypatch.setattr(call, "AGAIN_S", 0)
    return waited


@pytest.fixture
async def short_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls of a few seconds. litellm's first one to a provider takes longer, so it has been made."""
    for provider in PRICED:
        await made(GOOD, provider=provider)
    monkeypatch.setattr(budget, "SHORTEST_CALL_S", 0.1)


# Fault 11: the model does not answer


REFUSED = [
    Reply(status=429),
    Reply(status=429, headers={"retry-after": "1"}),
    Reply(status=503, headers={"retry-after": "1"}),
]

LOST = [
    Reply(status=500),
    Reply(status=502, body=b"<html>Bad Gateway</html>", content_type="text/html"),
    Reply(status=504),
    Reply(status=529, inside=True),
    Reply(GOOD, cut=True),
    Reply(GOOD, cut="head"),
    Reply(GOOD, cut="nothing"),
    Reply(body=b""),
    Reply(body=b"{"),
    Reply(body=b"<html>Please wait</html>", content_type="text/html"),
]


def requests_made(provider: str, fault: Reply) -> int:
    """Return how many requests three tries are: for Anthropic litellm asks once more where no answer has begun."""
    return 6 if provider == "anthropic" and fault.cut == "nothing" else 3


@BOTH
@pytest.mark.parametrize("fault", [*REFUSED, Reply(status=529), *LOST])
@pytest.mark.usefixtures("waits")
async def test_an_outage_that_passes_is_sat_out(provider: str, fault: Reply) -> None:
    generated, server = await made(fault, fault, GOOD, provider=provider)
    assert (generated.built_by, models(server)) == (f"{provider}/first", ["first"] * 3)
    assert (generated.site.files, outcomes(generated)) == (MADE, ["answered"])


@BOTH
@pytest.mark.parametrize("fault", [*REFUSED, Reply(status=529), *LOST])
@pytest.mark.usefixtures("waits")
async def test_an_outage_that_stays_costs_three_tries_and_the_model(provider: str, fault: Reply) -> None:
    requests = requests_made(provider, fault)
    generated, server = await made(*[fault] * requests, GOOD, provider=provider)
    assert (generated.built_by, models(server)) == (f"{provider}/second", [*["first"] * requests, "second"])
    assert generated.site.files == MADE
    assert outcomes(generated)[0].startswith("failed: ")
    assert outcomes(generated)[1:] == ["answered"]


@BOTH
@pytest.mark.parametrize("fault", REFUSED)
@pytest.mark.usefixtures("waits")
async def test_what_was_refused_costs_nothing(provider: str, fault: Reply) -> None:
    generated, _ = await made(fault, fault, fault, GOOD, provider=provider, names=PRICED[provider])
    assert generated.attempts[0].cost_usd == 0
    assert generated.cost_usd == pytest.approx(SECOND_USD[provider])


@BOTH
@pytest.mark.parametrize("fault", LOST)
@pytest.mark.usefixtures("waits")
async def test_what_a_lost_answer_costs_is_unknown_and_not_nothing(provider: str, fault: Reply) -> None:
    faults = [fault] * requests_made(provider, fault)
    generated, _ = await made(*faults, GOOD, provider=provider, names=PRICED[provider])
    refused, answered = generated.attempts
    assert (refused.cost_usd, generated.cost_usd) == (None, None)
    assert answered.cost_usd == pytest.approx(SECOND_USD[provider])


@BOTH
@pytest.mark.usefixtures("waits")
async def test_where_every_model_is_out_the_template_builds(provider: str) -> None:
    generated, server = await made(Reply(status=429), provider=provider)
    assert (generated.is_fallback, generated.cost_usd, len(server.asked)) == (True, 0, 6)
    assert outcomes(generated) == ["failed: RateLimitError (busy)"] * 2


@BOTH
@pytest.mark.parametrize(
    ("headers", "shortest", "longest"),
    [({"retry-after": "7"}, 7, 8), ({}, 0, 3), ({"retry-after": "3600"}, 0, 3), ({"retry-after": "soon"}, 0, 3)],
)
async def test_a_provider_may_say_how_long_to_wait_but_not_for_ever(
    provider: str, headers: dict[str, str], shortest: float, longest: float, waits: list[float]
) -> None:
    busy = Reply(status=429, headers=headers)
    generated, server = await made(busy, busy, GOOD, provider=provider)
    assert (generated.built_by, len(server.asked), len(waits)) == (f"{provider}/first", 3, 2)
    assert all(shortest < wait <= longest for wait in waits)


@BOTH
@pytest.mark.usefixtures("short_calls")
async def test_a_wait_that_is_longer_than_the_models_share_of_the_time_ends_with_it(
    provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_litellm().Router, "_time_to_sleep_before_retry", lambda *_, **__: 0.9)
    generated, server = await made(Reply(status=429), GOOD, provider=provider, seconds=1.6)
    assert (generated.built_by, models(server)) == (f"{provider}/second", ["first", "second"])
    assert outcomes(generated) == ["no answer within 1 s", "answered"]


@BOTH
@pytest.mark.parametrize("fault", [Reply(silent=True), Reply(GOOD, trickle=True), Reply(GOOD, pace=0.9)])
@pytest.mark.usefixtures("short_calls")
async def test_a_model_that_hangs_or_trickles_is_left_at_its_share_of_the_time(provider: str, fault: Reply) -> None:
    generated, server = await made(fault, GOOD, provider=provider, seconds=6)
    assert (generated.built_by, models(server)) == (f"{provider}/second", ["first", "second"])
    assert outcomes(generated) == ["no answer within 3 s", "answered"]
    assert generated.cost_usd is None


@pytest.mark.usefixtures("short_calls")
async def test_where_nobody_answers_in_time_the_template_does() -> None:
    generated, server = await made(Reply(silent=True), Reply(GOOD, trickle=True), seconds=3)
    assert (generated.is_fallback, len(server.asked)) == (True, 2)
    first, second = outcomes(generated)
    assert first == "no answer within 2 s"
    assert second.startswith(
        "no answer within 3 s: its server may still be working on an earlier call that was abandoned"
    )
    assert generated.cost_usd is None


@BOTH
async def test_a_key_that_is_refused_is_not_tried_again_and_costs_nothing(provider: str) -> None:
    names = PRICED[provider][:1]
    generated, server = await made(GOOD, provider=provider, names=names, key="the-right-one", LLM_API_KEY="wrong")
    assert (generated.is_fallback, generated.cost_usd, len(server.asked)) == (True, 0, 1)
    assert outcomes(generated) == ["failed: AuthenticationError (the key was refused)"]


async def refused_once(text: str) -> list[dict[str, object]]:
    error = {"error": {"message": text, "type": "invalid_request_error"}}
    generated, server = await made(Reply(status=400, body=json.dumps(error).encode()), GOOD)
    assert (generated.built_by, outcomes(generated)) == ("openai/first", ["answered"])
    return list(server.prompts)


async def test_a_refusal_that_names_a_limit_is_adapted_to_once() -> None:
    text = "max_tokens is too large: 32000. This model supports at most 256 completion tokens"
    first, second = await refused_once(text)
    assert (first["max_tokens"], second["max_tokens"]) == (OUTPUT, 256)


async def test_a_refusal_that_names_another_parameter_is_adapted_to_once() -> None:
    text = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    _, second = await refused_once(text)
    assert (second.get("max_tokens"), second["max_completion_tokens"]) == (None, OUTPUT)


# Fault 13: nobody knows the price


async def test_an_unknown_price_is_unknown_and_tokens_are_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "UNPRICED_TOKENS", 30_000)
    generated, server = await made(Reply("No.", tokens=(20_000, 9_000)), GOOD)
    assert (generated.is_fallback, generated.cost_usd, len(server.asked)) == (True, None, 1)
    assert outcomes(generated)[-1] == "not asked: too little money left for an answer"


async def test_no_call_passes_the_limit_of_money_whatever_it_answers() -> None:
    answers = Reply("No.", tokens=(1_000, 16_000)), Reply("Never.", tokens=(1_000, 7_000))
    generated, server = await made(*answers, GOOD, names=("gpt-4.1",) * 3, MAX_COST_USD="0.2")
    assert len(server.asked) == 2
    assert generated.cost_usd is not None
    assert 0.18 < generated.cost_usd <= 0.2
    assert 7_000 < server.prompts[1]["max_tokens"] < server.prompts[0]["max_tokens"]


# Fault 22: the clock is nearly over


async def test_without_time_nobody_is_asked_and_a_site_comes_out() -> None:
    generated, server = await made(GOOD, seconds=4)
    assert (generated.is_fallback, generated.cost_usd, server.asked) == (True, 0, [])
    assert outcomes(generated) == ["not asked: no time left"] * 2


async def test_with_little_time_each_model_gets_its_share() -> None:
    generated, server = await made(GOOD, seconds=60)
    assert (generated.built_by, len(server.asked)) == ("openai/first", 1)


async def test_a_revision_without_time_leaves_the_page_as_it_is() -> None:
    generated, server = await made(GOOD, seconds=4, present=PRESENT)
    assert (generated.is_fallback, server.asked) == (True, [])
    assert generated.site.files["index.html"] == PRESENT["index.html"]


# What is saved by a provider's cache


async def test_what_a_provider_had_read_before_is_cheaper() -> None:
    first, second = Reply("No.", tokens=(4_000, 10), written=3_900), Reply(GOOD, tokens=(4_100, 90), cached=3_900)
    generated, server = await made(first, second, provider="anthropic", names=PRICED["anthropic"])
    writing, reading = generated.attempts
    assert (writing.tokens_in, writing.tokens_cached) == (4_000, 0)
    assert (reading.tokens_in, reading.tokens_cached) == (4_100, 3_900)
    assert writing.cost_usd == pytest.approx((100 * 3 + 3_900 * 3.75 + 10 * 15) / 1e6)
    assert reading.cost_usd == pytest.approx((200 * 3 + 3_900 * 0.3 + 90 * 15) / 1e6)
    marked = [part for part in server.prompts[0]["system"] if "cache_control" in part]
    assert len(marked) == 1


@BOTH
async def test_the_second_turn_reads_nearly_all_of_the_first_from_the_cache(provider: str) -> None:
    turns = Reply("No.", tokens=None), Reply(GOOD, tokens=None)
    generated, _ = await made(*turns, provider=provider, names=PRICED[provider], present=PRESENT)
    first, second = generated.attempts
    assert (first.tokens_cached, second.tokens_cached > 0.9 * first.tokens_in) == (0, True)
    assert first.cost_usd is not None
    assert second.cost_usd is not None
    assert second.cost_usd < 0.5 * first.cost_usd
