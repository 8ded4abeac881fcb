"""Asking a chain of models, through litellm, against a model on a real socket. litellm's import costs seconds: once."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from orchestrator.deadline import Deadline
from orchestrator.errors import UsageError
from orchestrator.generate.models import call as module
from orchestrator.generate.models.call import ask_each, chain
from orchestrator.handover import Attempt
from orchestrator.settings import Models
from tests.doubles.clock import FastClock
from tests.doubles.model import ModelServer, Reply, model_server

ASKED = [{"role": "system", "content": "be good"}, {"role": "user", "content": "canary-of-the-prompt"}]
GOOD = Reply("good", tokens=(1000, 500))


def models(*names: str, base: str = "", max_cost_usd: float = 1, **keys: str) -> Models:
    return Models(names, base, max_cost_usd, {"LLM_API_KEY": "key-of-ours", **keys})


def taken(text: str) -> tuple[str | None, str]:
    return (text, "") if text.startswith("good") else (None, "not good")


async def asked(given: Models, deadline: Deadline | None = None) -> tuple[str | None, str, list[Attempt]]:
    return await ask_each(given, ASKED, taken, deadline or FastClock().deadline())


def outcomes(attempts: list[Attempt]) -> list[str]:
    return [attempt.outcome for attempt in attempts]


def test_no_models_are_no_chain() -> None:
    assert chain(models()) == []


def test_a_preset_brings_its_own_key_and_any_other_name_takes_ours() -> None:
    given = models("gpt-4.1", "aipipe", "openai/mine", base="http://host/v1", OPENAI_API_KEY="o", AIPIPE_API_KEY="a")
    preset, aipipe, other = chain(given)
    assert preset.params == {"model": "openai/gpt-4.1", "api_key": "o"}
    assert aipipe.params["api_key"] == "a"
    assert aipipe.params["api_base"].startswith("https://")
    assert other.params == {"model": "openai/mine", "api_base": "http://host/v1", "api_key": "key-of-ours"}


def test_a_preset_without_its_key_is_a_problem_and_takes_nobody_elses() -> None:
    (claude,) = chain(models("claude-sonnet", OPENAI_API_KEY="o"))
    assert claude.problem == "ANTHROPIC_API_KEY is not set"
    assert "api_key" not in claude.params


@pytest.mark.parametrize(
    "text",
    ["[1]", "a: 3", "a: {model: x, colour: red}", "a: {key: X}", "a: {model: [x]}", "{", "a: !!python/name:os.system"],
)
def test_a_list_of_models_that_is_wrong_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "models.yaml").write_text(text)
    with pytest.raises(UsageError, match=r"models\.yaml"):
        chain(models("a"), tmp_path)


def test_an_empty_list_of_models_is_fine_and_a_missing_one_is_not(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        chain(models("a"), tmp_path)
    (tmp_path / "models.yaml").write_text("# nothing yet\n")
    assert chain(models("openai/x"), tmp_path)[0].params["model"] == "openai/x"


def test_without_llm_models_litellm_is_never_imported() -> None:
    script = """
        import asyncio, sys
        from orchestrator.generate.generation import Given, generate
        from orchestrator.generate.prompt import load
        from orchestrator.settings import Models
        from orchestrator.site import Site
        from orchestrator.task import Task
        from orchestrator.deadline import Clock, Deadline
        import orchestrator.build, orchestrator.generate.models.call
        given = Given(Task(task="t", round=1, nonce="n", brief="b"), {}, Site({}), None)
        asyncio.run(generate(given, Models((), "", 1, {}), Deadline(9e9, Clock()), lambda site: ()))
        sys.exit(",".join(name for name in ("litellm", "openai", "playwright") if name in sys.modules) or 0)
    """
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")


# From here on litellm is there.


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """litellm waits between its tries by a clock of its own."""
    router = module.import_litellm().Router
    monkeypatch.setattr(router, "_time_to_sleep_before_retry", lambda *_, **__: 0)


async def first_of(server: ModelServer, *more: str) -> tuple[str | None, str, list[Attempt]]:
    return await asked(models("openai/one", *more, base=server.url))


@pytest.mark.anyio
async def test_a_good_answer_is_taken_with_its_tokens_and_its_price() -> None:
    async with model_server(GOOD) as server:
        made, name, attempts = await asked(models("openai/gpt-4.1", base=server.url))
    assert (made, name) == ("good", "openai/gpt-4.1")
    (attempt,) = attempts
    assert (attempt.tokens_in, attempt.tokens_out, attempt.outcome) == (1000, 500, "answered")
    assert attempt.cost_usd == pytest.approx(1000 * 2e-6 + 500 * 8e-6)
    assert attempt.seconds > 0
    (request,) = server.asked
    assert json.loads(request.body)["messages"] == ASKED
    assert request.headers["authorization"] == "Bearer key-of-ours"


@pytest.mark.anyio
async def test_a_price_that_nobody_knows_is_none_and_not_nothing() -> None:
    async with model_server(GOOD) as server:
        _, _, attempts = await first_of(server)
    assert attempts[0].cost_usd is None


@pytest.mark.anyio
async def test_models_are_asked_in_order_until_one_is_usable() -> None:
    async with model_server("bad", Reply("good half", "length"), Reply(""), GOOD, Reply("never asked")) as server:
        made, name, attempts = await first_of(server, "openai/two", "openai/three", "openai/four", "openai/five")
    assert (made, name) == ("good", "openai/four")
    assert outcomes(attempts) == ["not good", "cut off at the length limit", "an empty answer", "answered"]
    assert [json.loads(request.body)["model"] for request in server.asked] == ["one", "two", "three", "four"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Reply("good half", "content_filter"), "content filter"),
        (Reply(None), "empty answer"),
        (Reply(" \n"), "empty answer"),
        (Reply(body=b'{"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 0, "total_tokens": 1}}'), ""),
        (Reply(body=b'{"error": {"message": "overloaded"}}'), ""),
        (Reply(body=b"{}"), ""),
        (Reply(body=b"[]"), ""),
        (Reply(body=b"null"), ""),
        (Reply(body=b"<html>"), ""),
        (Reply(body=b'{"choices": [{}]}'), ""),
        (Reply(body=b'{"choices": [{"index": 0, "finish_reason": "stop"}]}'), ""),
        (Reply(body=b'{"choices": [{"message": {"content": ["good"]}, "finish_reason": "stop"}]}'), ""),
        (Reply(status=400), "failed: BadRequestError"),
        (Reply(status=401), "failed: AuthenticationError"),
        (Reply(status=404), "failed: NotFoundError"),
    ],
)
@pytest.mark.usefixtures("no_pauses")
async def test_what_is_no_answer_is_a_failure_of_that_attempt(reply: Reply, says: str) -> None:
    async with model_server(reply) as server:
        made, name, attempts = await first_of(server)
    assert (made, name) == (None, "")
    assert says in attempts[0].outcome
    assert attempts[0].outcome != "answered"
    assert "canary" not in repr(attempts)
    assert "key-of-ours" not in repr(attempts)


@pytest.mark.anyio
@pytest.mark.parametrize("failure", [Reply(status=500), Reply(status=429), Reply("good", cut=True)])
@pytest.mark.usefixtures("no_pauses")
async def test_an_outage_is_tried_three_times_and_then_the_next_is_asked(failure: Reply) -> None:
    async with model_server(failure, failure, GOOD) as server:
        assert (await first_of(server, "openai/two"))[1] == "openai/one"
    async with model_server(failure, failure, failure, GOOD) as server:
        assert (await first_of(server, "openai/two"))[1] == "openai/two"
    assert [json.loads(request.body)["model"] for request in server.asked] == ["one", "one", "one", "two"]


@pytest.mark.anyio
async def test_a_model_that_says_nothing_is_given_up_at_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CALL_S", 0.3)
    monkeypatch.setattr(module, "SHORTEST_CALL_S", 0.1)
    async with model_server(Reply(silent=True), GOOD) as server:
        made, name, attempts = await first_of(server, "openai/two")
    assert (made, name) == ("good", "openai/two")
    assert outcomes(attempts)[0].startswith("no answer within")


@pytest.mark.anyio
async def test_no_time_and_no_money_mean_that_nobody_is_asked() -> None:
    async with model_server(GOOD) as server:
        late = await asked(models("openai/one", base=server.url), FastClock().deadline(4))
        assert outcomes(late[2]) == ["not asked: no time left"]
        assert server.asked == []


@pytest.mark.anyio
async def test_what_unusable_answers_cost_counts_against_the_limit() -> None:
    dear = Reply("bad", tokens=(0, 100_000))
    async with model_server(dear) as server:
        given = models(*["openai/gpt-4.1"] * 4, base=server.url, max_cost_usd=1)
        _, _, attempts = await asked(given)
    assert len(server.asked) == 2
    assert outcomes(attempts)[2:] == ["not asked: the money was spent"] * 2


@pytest.mark.anyio
async def test_a_missing_key_passes_on_to_the_next() -> None:
    async with model_server(GOOD) as server:
        _, name, attempts = await asked(models("gpt-4.1", "openai/two", base=server.url))
    assert name == "openai/two"
    assert outcomes(attempts) == ["OPENAI_API_KEY is not set", "answered"]


@pytest.mark.anyio
async def test_nothing_is_printed_and_no_key_goes_to_another_host(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "key-of-another-provider")
    async with model_server(Reply(status=400), GOOD) as server:
        await asked(Models(("openai/one", "openai/two"), server.url, 1, {}))
    assert capfd.readouterr() == ("", "")
    assert not any("key-of-another-provider" in repr(request) for request in server.asked)
