"""Every way in which a model is known to fail, through the real litellm and real sockets: a site comes out anyway.

First the model `first` fails, then `second` answers well; where neither does, the template builds.
"""

from collections.abc import Mapping

import pytest

from orchestrator.generate.draft import Given
from orchestrator.generate.generation import Kit
from orchestrator.generate.models import budget
from orchestrator.generate.models.presets import import_litellm
from orchestrator.record import Record, Round
from orchestrator.settings import build_settings
from orchestrator.site import Site
from orchestrator.task import Task
from tests.doubles.clock import FastClock
from tests.doubles.generation import Made, generate
from tests.doubles.model import ModelServer, Reply, model_server

pytestmark = pytest.mark.anyio

PAGE = '<file path="index.html">\n<!doctype html>\n<html><title>T</title></html>\n</file>\n'
README = '<file path="README.md">\n# T\n</file>\n'
GOOD = PAGE + README
PRESENT = {"index.html": b"<!doctype html>\n<title>One</title>\n", "README.md": b"# One\n"}
BOTH = ("openai/first", "openai/second")


def edit(search: str, replace: str) -> str:
    return f'<edit path="index.html">\n<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n</edit>\n'


async def made(
    *replies: Reply | str,
    names: tuple[str, ...] = BOTH,
    present: Mapping[str, bytes] | None = None,
    seconds: float = 600,
    **settings: str,
) -> tuple[Made, ModelServer]:
    task = Task(task="t", round=2 if present else 1, nonce="n", brief="b")
    record = Record(task="k", built_by="m", rounds=(Round(round=1, brief="One"),)) if present else None
    async with model_server(*replies) as server:
        env = {"TARGET_OWNER": "x", "LLM_MODELS": ",".join(names), "LLM_API_BASE": server.url, **settings}
        kit = Kit.load(build_settings(env).models)
        given = Given(task, {}, Site(present or {}), record)
        return await generate(given, kit, FastClock().deadline(seconds), lambda _: ()), server


def outcomes(generated: Made) -> list[str]:
    return [attempt.outcome for attempt in generated.attempts]


def models(server: ModelServer) -> list[str]:
    return [prompt["model"] for prompt in server.prompts]


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """litellm waits between its tries by a clock of its own."""
    monkeypatch.setattr(import_litellm().Router, "_time_to_sleep_before_retry", lambda *_, **__: 0)


@pytest.fixture
def short_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "SHORTEST_CALL_S", 0.1)


# Fault 11: the model does not answer


@pytest.mark.parametrize(
    "fault",
    [
        Reply(status=429),
        Reply(status=429, headers={"retry-after": "1"}),
        Reply(status=529),
        Reply(status=500),
        Reply(status=503, headers={"retry-after": "1"}),
        Reply(GOOD, cut=True),
        Reply(body=b"{"),
        Reply(body=b"<html>502 Bad Gateway</html>"),
    ],
)
@pytest.mark.usefixtures("no_pauses")
async def test_an_outage_that_passes_costs_two_tries_and_one_that_stays_the_model(fault: Reply) -> None:
    generated, server = await made(fault, fault, GOOD)
    assert (generated.built_by, models(server)) == ("openai/first", ["first"] * 3)
    generated, server = await made(fault, fault, fault, GOOD)
    assert (generated.built_by, models(server)) == ("openai/second", [*["first"] * 3, "second"])
    assert outcomes(generated)[0].startswith("failed: ")
    assert generated.site.files["README.md"] == b"# T\n"


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@pytest.mark.usefixtures("no_pauses")
async def test_both_kinds_of_providers_are_tried_three_times_and_then_left(provider: str) -> None:
    fault = Reply(status=529 if provider == "anthropic" else 503)
    async with model_server(fault, fault, fault, GOOD, GOOD) as server:
        base = server.url if provider == "openai" else server.url.removesuffix("/v1")
        names = f"{provider}/first,{provider}/second"
        env = {"TARGET_OWNER": "x", "LLM_MODELS": names, "LLM_API_BASE": base}
        kit = Kit.load(build_settings(env).models)
        given = Given(Task(task="t", round=1, nonce="n", brief="b"), {}, Site({}), None)
        generated = await generate(given, kit, FastClock().deadline(600), lambda _: ())
    assert generated.built_by == f"{provider}/second"
    assert models(server) == ["first", "first", "first", "second"]
    assert outcomes(generated)[0].startswith("failed: ")


@pytest.mark.parametrize("fault", [Reply(silent=True), Reply(GOOD, trickle=True)])
@pytest.mark.usefixtures("short_calls")
async def test_a_model_that_hangs_or_trickles_is_left_at_its_share_of_the_time(fault: Reply) -> None:
    generated, server = await made(fault, GOOD, seconds=2)
    assert (generated.built_by, models(server)) == ("openai/second", ["first", "second"])
    assert outcomes(generated) == ["no answer within 1 s", "answered"]


@pytest.mark.usefixtures("short_calls")
async def test_where_nobody_answers_in_time_the_template_does() -> None:
    generated, _ = await made(Reply(silent=True), Reply(GOOD, trickle=True), seconds=0.6)
    assert generated.is_fallback
    assert outcomes(generated) == ["no answer within 0 s", "no answer within 1 s"]
    assert generated.cost_usd is None


async def test_a_key_that_is_refused_is_not_tried_again_and_costs_nothing() -> None:
    async with model_server(GOOD, key="the-right-one") as server:
        env = {"TARGET_OWNER": "x", "LLM_MODELS": "openai/gpt-4.1", "LLM_API_BASE": server.url, "LLM_API_KEY": "wrong"}
        kit = Kit.load(build_settings(env).models)
        given = Given(Task(task="t", round=1, nonce="n", brief="b"), {}, Site({}), None)
        generated = await generate(given, kit, FastClock().deadline(600), lambda _: ())
    assert (generated.is_fallback, generated.cost_usd, len(server.asked)) == (True, 0, 1)
    assert outcomes(generated) == ["failed: AuthenticationError"]


# Fault 12: the model answers, but not as it should


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
async def test_a_truncated_answer_is_continued(provider: str) -> None:
    async with model_server(Reply(GOOD[:50], "length"), GOOD[50:]) as server:
        base = server.url if provider == "openai" else server.url.removesuffix("/v1")
        env = {"TARGET_OWNER": "x", "LLM_MODELS": f"{provider}/first", "LLM_API_BASE": base}
        given = Given(Task(task="t", round=1, nonce="n", brief="b"), {}, Site({}), None)
        kit = Kit.load(build_settings(env).models)
        generated = await generate(given, kit, FastClock().deadline(600), lambda _: ())
    assert generated.built_by == f"{provider}/first"
    assert generated.site.files == {
        "index.html": b"<!doctype html>\n<html><title>T</title></html>\n",
        "README.md": b"# T\n",
    }


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Reply(""), "an empty answer"),
        (Reply("", "length"), "an empty answer, cut off at the length limit"),
        (Reply("I", "content_filter"), "stopped by the provider's content filter"),
        (Reply(body=b'{"choices": []}'), "an empty answer"),
    ],
)
@pytest.mark.usefixtures("no_pauses")
async def test_an_answer_without_a_word_to_use_is_left_for_the_next_model(reply: Reply, outcome: str) -> None:
    generated, server = await made(reply, GOOD)
    assert (generated.built_by, models(server)) == ("openai/second", ["first", "second"])
    assert outcomes(generated) == [outcome, "answered"]


async def test_prose_only_is_asked_again_once_and_then_the_same_ends_it() -> None:
    generated, server = await made("I'm sorry, I can't help with that.", "I'm sorry, I can't help with that.", GOOD)
    assert (generated.built_by, models(server)) == ("openai/second", ["first", "first", "second"])
    assert outcomes(generated)[1:] == ["the same answer again", "answered"]


async def test_fences_in_files_are_taken_off() -> None:
    generated, _ = await made(GOOD.replace("<!doctype", "```html\n<!doctype").replace("</html>\n", "</html>\n```\n"))
    assert generated.site.files["index.html"] == b"<!doctype html>\n<html><title>T</title></html>\n"


async def test_wrong_names_are_told_back() -> None:
    wrong = '<file path="../index.html">\nx\n</file>\n' + README
    generated, server = await made(wrong, PAGE)
    assert sorted(generated.site.files) == ["README.md", "index.html"]
    assert "'../index.html' was left out" in server.prompts[1]["messages"][-1]["content"]


async def test_edits_that_do_not_match_are_told_back_with_what_stands_there() -> None:
    wrong, right = edit("<title>Eins</title>", "<title>Two</title>"), edit("<title>One</title>", "<title>Two</title>")
    generated, server = await made(wrong, right, present=PRESENT)
    assert generated.site.files["index.html"] == b"<!doctype html>\n<title>Two</title>\n"
    assert "2: <title>One</title>" in server.prompts[1]["messages"][-1]["content"]


async def test_a_revision_that_is_never_whole_changes_nothing() -> None:
    half = edit("<!doctype html>", "<!doctype html>\n<h1>Two</h1>") + edit("<p>never there</p>", "x")
    generated, _ = await made(half, present=PRESENT, names=("openai/first",))
    assert generated.is_fallback
    assert generated.site.files["index.html"] == PRESENT["index.html"]
    assert b"could not be generated" in generated.site.files["README.md"]


async def test_an_answer_that_repeats_itself_without_end_is_not_continued() -> None:
    endless = '<file path="index.html">\n<!doctype html>\n' + "<li>again and again</li>\n" * 200
    generated, server = await made(Reply(endless, "length"), GOOD)
    assert (generated.built_by, models(server)) == ("openai/second", ["first", "second"])


# Fault 13: nobody knows the price


async def test_an_unknown_price_is_unknown_and_tokens_are_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "UNPRICED_TOKENS", 30_000)
    generated, server = await made(Reply("No.", tokens=(20_000, 9_000)), GOOD)
    assert (generated.is_fallback, generated.cost_usd, len(server.asked)) == (True, None, 1)
    assert outcomes(generated)[-1] == "not asked: the money left does not pay for an answer"


async def test_no_call_passes_the_limit_of_money_whatever_it_answers() -> None:
    answers = Reply("No.", tokens=(1_000, 16_000)), Reply("Never.", tokens=(1_000, 7_000))
    generated, server = await made(*answers, GOOD, names=("openai/gpt-4.1",) * 3, MAX_COST_USD="0.2")
    assert len(server.asked) == 2
    assert generated.cost_usd is not None
    assert 0.18 < generated.cost_usd <= 0.2
    assert 7_000 < server.prompts[1]["max_tokens"] < server.prompts[0]["max_tokens"]


# Fault 22: the clock is nearly over


async def test_without_time_nobody_is_asked_and_a_site_comes_out() -> None:
    generated, server = await made(GOOD, seconds=4)
    assert (generated.is_fallback, server.asked) == (True, [])
    assert outcomes(generated) == ["not asked: no time left"] * 2


async def test_with_little_time_each_model_gets_its_share() -> None:
    generated, server = await made(GOOD, seconds=60)
    assert (generated.built_by, len(server.asked)) == ("openai/first", 1)


# What is saved by a provider's cache


async def test_what_a_provider_had_read_before_is_cheaper() -> None:
    first, second = Reply("No.", tokens=(4_000, 10), written=3_900), Reply(GOOD, tokens=(4_100, 90), cached=3_900)
    async with model_server(first, second) as server:
        env = {
            "TARGET_OWNER": "x",
            "LLM_MODELS": "anthropic/claude-sonnet-4-5",
            "LLM_API_BASE": server.url.removesuffix("/v1"),
        }
        kit = Kit.load(build_settings(env).models)
        given = Given(Task(task="t", round=1, nonce="n", brief="b"), {}, Site({}), None)
        generated = await generate(given, kit, FastClock().deadline(600), lambda _: ())
    writing, reading = generated.attempts
    assert (writing.tokens_in, writing.tokens_cached) == (4_000, 0)
    assert (reading.tokens_in, reading.tokens_cached) == (4_100, 3_900)
    assert writing.cost_usd == pytest.approx((100 * 3 + 3_900 * 3.75 + 10 * 15) / 1e6)
    assert reading.cost_usd == pytest.approx((200 * 3 + 3_900 * 0.3 + 90 * 15) / 1e6)
    marked = [part for part in server.prompts[0]["system"] if "cache_control" in part]
    assert len(marked) == 1
