"""Every way in which a model is known to fail, through the real litellm and real sockets: a site comes out anyway.

The model `first` fails; where it stays so, `second` answers well; where neither does, the template builds.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from orchestrator.core.record import Record, Round
from orchestrator.core.settings import build_settings
from orchestrator.core.site import Site
from orchestrator.core.task import Task
from orchestrator.generate.draft import Material
from orchestrator.generate.generation import Kit
from orchestrator.generate.models import budget, call
from orchestrator.generate.models.presets import OUTPUT, Preset, import_litellm
from tests.doubles.clock import FastClock
from tests.doubles.generation import Made, generate
from tests.doubles.model import ModelServer, Reply, model_server
from tests.doubles.providers.form import CHARS_A_TOKEN

pytestmark = pytest.mark.anyio

PAGE = '<file path="index.html">\n<!doctype html>\n<html><title>T</title></html>\n</file>\n'
README = '<file path="README.md">\n# T\n</file>\n'
GOOD = PAGE + README
MADE = {"index.html": b"<!doctype html>\n<html><title>T</title></html>\n", "README.md": b"# T\n"}
PRESENT = {"index.html": b"<!doctype html>\n<title>One</title>\n", "README.md": b"# One\n"}
PRICED = {"openai": ("gpt-4.1", "gpt-4.1-mini"), "anthropic": ("claude-sonnet-4-5", "claude-haiku-4-5")}
SECOND_USD = {"openai": (100 * 0.4 + 200 * 1.6) / 1e6, "anthropic": (100 * 1 + 200 * 5) / 1e6}
BOTH = pytest.mark.parametrize("provider", ["openai", "anthropic"])


def edit(search: str, replace: str) -> str:
    return f'<edit path="index.html">\n<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n</edit>\n'


async def made(
    *replies: Reply | str,
    provider: str = "openai",
    names: tuple[str, ...] = ("first", "second"),
    present: Mapping[str, bytes] | None = None,
    seconds: float = 600,
    key: str = "",
    streams: bool = True,
    **settings: str,
) -> tuple[Made, ModelServer]:
    """Make a site with the models `names` of `provider`, who answer with `replies` in turn."""
    task = Task(task="t", round=2 if present else 1, nonce="n", brief="b")
    record = Record(task="k", built_by="m", rounds=(Round(round=1, brief="One"),)) if present else None
    async with model_server(*replies, key=key) as server:
        chain = ",".join(f"{provider}/{name}" for name in names)
        env = {"TARGET_OWNER": "x", "LLM_MODELS": chain, "LLM_API_BASE": server.base(provider), **settings}
        kit = Kit.load(build_settings(env).models)
        if not streams:
            ids = [f"{provider}/{name}" for name in names]
            presets = {id_: Preset(model=id_, api_base=server.base(provider), stream=False) for id_ in ids}
            kit = replace(kit, presets=presets)
        given = Material(task, {}, Site(present or {}), record)
        return await generate(given, kit, FastClock().deadline(seconds), lambda _: ()), server


def outcomes(generated: Made) -> list[str]:
    return [attempt.outcome for attempt in generated.attempts]


def models(server: ModelServer) -> list[str]:
    return [prompt["model"] for prompt in server.prompts]


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


# Fault 12: the model answers, but not as it should


@BOTH
async def test_a_truncated_answer_is_continued(provider: str) -> None:
    generated, server = await made(Reply(GOOD[:50], "length"), GOOD[50:], provider=provider)
    assert (generated.built_by, models(server)) == (f"{provider}/first", ["first"] * 2)
    assert generated.site.files == MADE


@BOTH
async def test_an_answer_longer_than_its_limit_is_whole_in_the_end(provider: str) -> None:
    lines = "".join(f"<p>line {number} of a long page</p>\n" for number in range(1_200))
    long = PAGE.replace("<title>", f"{lines}<title>") + README
    generated, server = await made(long, long[OUTPUT * CHARS_A_TOKEN :], provider=provider)
    assert (generated.built_by, [prompt["max_tokens"] for prompt in server.prompts]) == (
        f"{provider}/first",
        [OUTPUT] * 2,
    )
    assert generated.site.files["index.html"] == f"<!doctype html>\n<html>{lines}<title>T</title></html>\n".encode()
    assert outcomes(generated) == ["cut off, continued", "answered"]


@BOTH
@pytest.mark.parametrize("end", [30, 60, PAGE.index("</html>") + 3])
async def test_half_a_file_is_never_published(provider: str, end: int) -> None:
    generated, _ = await made(Reply(PAGE[:end], "length"), "", "No.", "", provider=provider)
    assert generated.is_fallback
    assert generated.site.files["index.html"] != PAGE[:end].partition("\n")[2].encode()


@BOTH
async def test_a_page_of_which_only_the_end_of_its_block_is_lost_is_whole(provider: str) -> None:
    generated, _ = await made(Reply(PAGE[: PAGE.index("</html>") + 10], "length"), "", "No.", "", provider=provider)
    assert generated.built_by == f"{provider}/first"
    assert generated.site.files["index.html"].rstrip().endswith(b"</html>")


@BOTH
@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Reply(""), "an empty answer"),
        (Reply(" \n "), "an empty answer"),
        (Reply("", "length"), "an empty answer, cut off at the length limit"),
    ],
)
async def test_a_model_that_answers_nothing_is_asked_again_and_then_left_for_the_next(
    provider: str, reply: Reply, outcome: str
) -> None:
    generated, server = await made(reply, GOOD, provider=provider)
    assert (generated.built_by, models(server)) == (f"{provider}/first", ["first"] * 2)
    assert outcomes(generated) == [outcome, "answered"]
    generated, server = await made(reply, reply, reply, GOOD, provider=provider)
    assert (generated.built_by, models(server)) == (f"{provider}/second", ["first"] * 3 + ["second"])
    assert outcomes(generated) == [*[outcome] * 3, "answered"]


@BOTH
async def test_what_a_filter_stopped_is_left_for_the_next_model(provider: str) -> None:
    generated, server = await made(Reply("I", "content_filter"), GOOD, provider=provider)
    assert (generated.built_by, models(server)) == (f"{provider}/second", ["first", "second"])
    assert outcomes(generated) == ["stopped by the provider's content filter", "answered"]


async def test_an_answer_without_choices_is_empty() -> None:
    generated, server = await made(Reply(body=b'{"choices": []}'), GOOD, streams=False)
    assert (generated.built_by, models(server)) == ("openai/first", ["first", "first"])
    assert outcomes(generated) == ["an empty answer", "answered"]


async def test_an_answer_that_stands_in_the_reasoning_alone_is_read() -> None:
    generated, server = await made(Reply(None, thought=f"Plan.\n{GOOD}"))
    assert (generated.built_by, generated.site.files) == ("openai/first", MADE)
    assert len(server.asked) == 1


async def test_thinking_without_a_block_is_no_answer() -> None:
    generated, _ = await made(Reply(None, thought="I shall think."), GOOD)
    assert outcomes(generated) == ["an empty answer", "answered"]


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


@BOTH
async def test_prose_only_is_asked_again_once_and_then_the_same_ends_it(provider: str) -> None:
    prose = "I'm sorry, I can't help with that."
    generated, server = await made(prose, prose, GOOD, provider=provider)
    assert (generated.built_by, models(server)) == (f"{provider}/second", ["first", "first", "second"])
    assert outcomes(generated)[0].startswith("asked again: The answer has no block")
    assert outcomes(generated)[1:] == ["the same answer again", "answered"]


@BOTH
async def test_prose_that_is_followed_by_files_is_made_up_for(provider: str) -> None:
    generated, server = await made("Shall I begin?", GOOD, provider=provider)
    assert (generated.built_by, models(server)) == (f"{provider}/first", ["first"] * 2)
    assert generated.site.files == MADE


async def test_fences_in_files_are_taken_off() -> None:
    generated, server = await made(
        GOOD.replace("<!doctype", "```html\n<!doctype").replace("</html>\n", "</html>\n```\n")
    )
    assert (generated.site.files, len(server.asked)) == (MADE, 1)


async def test_wrong_names_are_told_back() -> None:
    wrong = '<file path="../index.html">\nx\n</file>\n' + README
    generated, server = await made(wrong, PAGE)
    assert (generated.site.files, len(server.asked)) == (MADE, 2)
    assert "'../index.html' was left out" in server.texts[1]


async def test_edits_that_do_not_match_are_told_back_with_what_stands_there() -> None:
    wrong, right = edit("<title>Eins</title>", "<title>Two</title>"), edit("<title>One</title>", "<title>Two</title>")
    generated, server = await made(wrong, right, present=PRESENT)
    assert (generated.built_by, len(server.asked)) == ("openai/first", 2)
    assert generated.site.files["index.html"] == b"<!doctype html>\n<title>Two</title>\n"
    assert "2: <title>One</title>" in server.prompts[1]["messages"][-1]["content"]


async def test_a_revision_that_is_never_whole_changes_nothing() -> None:
    half = edit("<!doctype html>", "<!doctype html>\n<h1>Two</h1>") + edit("<p>never there</p>", "x")
    generated, server = await made(half, present=PRESENT, names=("first",))
    assert (generated.is_fallback, len(server.asked)) == (True, 2)
    assert generated.site.files["index.html"] == PRESENT["index.html"]
    assert b"could not be generated" in generated.site.files["README.md"]


async def test_an_answer_that_repeats_itself_without_end_is_not_continued() -> None:
    endless = '<file path="index.html">\n<!doctype html>\n' + "<li>again and again</li>\n" * 200
    generated, server = await made(Reply(endless, "length"), GOOD)
    assert (generated.built_by, models(server)) == ("openai/second", ["first", "second"])
    assert outcomes(generated) == ["repeats itself endlessly", "answered"]


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
