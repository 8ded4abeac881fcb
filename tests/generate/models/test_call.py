"""One call of one model, through litellm, against a model on a real socket. litellm's import costs seconds: once."""

import json
import subprocess
import sys
import textwrap

import pytest

from orchestrator.generate.models.budget import Allowance
from orchestrator.generate.models.call import ModelAnswer, ask
from orchestrator.generate.models.presets import Model, Price
from tests.doubles.calls import litellm, without_pauses
from tests.doubles.model import ModelServer, Reply, model_server

ASKED = [{"role": "system", "content": "be good"}, {"role": "user", "content": "canary-of-the-prompt"}]
GOOD = Reply("good", tokens=(1000, 500))
PRICE = Price(input=2, output=8, cached=0.5)


def model(server: ModelServer, provider: str = "openai", price: Price | None = PRICE) -> Model:
    base = server.url if provider == "openai" else server.url.removesuffix("/v1")
    params = {"model": f"{provider}/one", "api_base": base, "api_key": "key-of-ours"}
    return Model(
        name="one",
        params=params,
        context=100_000,
        output=16_000,
        price=price,
        sees_images=False,
        edits=True,
        caches=False,
    )


async def asked(of: Model, seconds: float = 30) -> ModelAnswer:
    return await ask(litellm(), of, ASKED, Allowance(seconds, 1_234))


def test_without_llm_models_litellm_is_never_imported() -> None:
    script = """
        import asyncio, sys
        from orchestrator.generate.draft import Material
        from orchestrator.generate.generation import Kit, begin_generation
        from orchestrator.core.settings import build_settings
        from orchestrator.core.site import Site
        from orchestrator.core.task import Task
        from orchestrator.core.deadline import Clock, Deadline
        import orchestrator.jobs.build, orchestrator.generate.models.call
        given = Material(Task(task="t", round=1, nonce="n", brief="b"), {}, Site({}), None)
        kit = Kit.load(build_settings({"TARGET_OWNER": "x"}).models)

        async def made():
            begun = await begin_generation(given, kit, Deadline(9e9, Clock()), lambda site: ())
            return await begun.generate_site()

        asyncio.run(made())
        heavy = ("litellm", "openai", "playwright", "openpyxl", "pypdf")
        sys.exit(",".join(name for name in heavy if name in sys.modules) or 0)
    """
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")


# From here on litellm is there.


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """litellm waits between its tries by a clock of its own."""
    without_pauses(monkeypatch)


@pytest.mark.anyio
@pytest.mark.parametrize("provider", ["openai", "anthropic"])
async def test_a_good_answer_brings_its_tokens_and_its_price(provider: str) -> None:
    async with model_server(GOOD) as server:
        answer = await asked(model(server, provider))
    assert (answer.text, answer.problem, answer.is_cut) == ("good", "", False)
    taken = answer.attempt
    assert (taken.model, taken.outcome, taken.tokens_in, taken.tokens_out) == ("one", "answered", 1000, 500)
    assert taken.cost_usd == pytest.approx((1000 * 2 + 500 * 8) / 1_000_000)
    assert taken.seconds > 0


@pytest.mark.anyio
@pytest.mark.parametrize("provider", ["openai", "anthropic"])
async def test_the_limit_of_tokens_goes_along(provider: str) -> None:
    async with model_server(GOOD) as server:
        await asked(model(server, provider))
    assert json.loads(server.asked[0].body)["max_tokens"] == 1_234


@pytest.mark.anyio
async def test_a_price_that_nobody_knows_is_none_and_not_nothing() -> None:
    async with model_server(GOOD) as server:
        assert (await asked(model(server, price=None))).attempt.cost_usd is None


@pytest.mark.anyio
@pytest.mark.parametrize("provider", ["openai", "anthropic"])
async def test_an_answer_that_met_its_limit_is_cut(provider: str) -> None:
    async with model_server(Reply("good half", "length")) as server:
        answer = await asked(model(server, provider))
    assert (answer.text, answer.is_cut) == ("good half", True)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Reply("good half", "content_filter"), "content filter"),
        (Reply(None), "empty answer"),
        (Reply(" \n"), "empty answer"),
        (Reply("", "length"), "an empty answer, cut off"),
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
async def test_what_is_no_answer_is_a_problem(reply: Reply, says: str) -> None:
    async with model_server(reply) as server:
        answer = await asked(model(server))
    assert answer.text == ""
    assert says in answer.problem
    assert answer.problem == answer.attempt.outcome != "answered"
    assert "canary" not in repr(answer)
    assert "key-of-ours" not in repr(answer)


@pytest.mark.anyio
@pytest.mark.parametrize("status", [400, 401, 404])
@pytest.mark.usefixtures("no_pauses")
async def test_a_call_that_was_refused_costs_nothing(status: int) -> None:
    async with model_server(Reply(status=status)) as server:
        answer = await asked(model(server))
    assert answer.attempt.cost_usd == 0


@pytest.mark.anyio
@pytest.mark.parametrize("lost", [Reply("good", cut=True), Reply(body=b"null")])
@pytest.mark.usefixtures("no_pauses")
async def test_what_a_lost_answer_costs_nobody_knows(lost: Reply) -> None:
    async with model_server(lost) as server:
        answer = await asked(model(server))
    assert answer.attempt.cost_usd is None


@pytest.mark.anyio
async def test_an_answer_whose_tokens_nobody_counted_has_no_known_price() -> None:
    body = b'{"model": "one", "choices": [{"index": 0, "message": {"content": "good"}, "finish_reason": "stop"}]}'
    async with model_server(Reply(body=body)) as server:
        answer = await asked(model(server))
    assert (answer.text, answer.attempt.cost_usd) == ("good", None)


@pytest.mark.anyio
@pytest.mark.parametrize("failure", [Reply(status=500), Reply(status=429), Reply("good", cut=True)])
@pytest.mark.usefixtures("no_pauses")
async def test_an_outage_is_tried_three_times(failure: Reply) -> None:
    async with model_server(failure, failure, GOOD) as server:
        assert (await asked(model(server))).text == "good"
    async with model_server(failure, failure, failure, GOOD) as server:
        assert (await asked(model(server))).problem.startswith("failed: ")
    assert len(server.asked) == 3


@pytest.mark.anyio
async def test_a_model_that_says_nothing_is_given_up_at_its_limit() -> None:
    async with model_server(Reply(silent=True)) as server:
        answer = await asked(model(server), seconds=0.3)
    assert answer.problem == "no answer within 0 s"
    assert answer.attempt.cost_usd is None


@pytest.mark.anyio
async def test_nothing_is_printed_and_no_other_key_is_sent(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "key-of-another-provider")
    async with model_server(Reply(status=400), GOOD) as server:
        await asked(model(server))
        await asked(model(server))
    assert capfd.readouterr() == ("", "")
    assert not any("key-of-another-provider" in repr(request) for request in server.asked)
