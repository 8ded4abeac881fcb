"""The double of a model speaks and fails as both providers do: asked with a plain client, and with litellm."""

import json
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import httpx
import pytest

from orchestrator.generate.models.presets import import_litellm
from tests.doubles.model import ModelServer, Reply, model_server
from tests.doubles.providers.form import Limits

pytestmark = [
    pytest.mark.anyio,
    # litellm reads streams in ways that pydantic warns of; ours does not ask for any.
    pytest.mark.filterwarnings("ignore:.*ReadOnly:UserWarning", "ignore::pydantic.PydanticDeprecatedSince211"),
]

BOTH = pytest.mark.parametrize("provider", ["openai", "anthropic"])
PATHS = {"openai": "/chat/completions", "anthropic": "/messages"}
LONG = "word " * 1_000  # 1,250 tokens
Change = dict[str, Any]
HELLO: Change = {"role": "user", "content": "Hello?"}


@cache
def litellm() -> Any:
    return import_litellm()


def body(**change: Any) -> Change:
    wanted = {"model": "one", "max_tokens": 1_000, "messages": [HELLO], **change}
    return {name: value for name, value in wanted.items() if value is not None}


def headers(provider: str, key: str = "k") -> dict[str, str]:
    if provider == "openai":
        return {"authorization": f"Bearer {key}"}
    return {"x-api-key": key, "anthropic-version": "2023-06-01"}


async def post(server: ModelServer, provider: str, *, key: str = "k", **change: Any) -> httpx.Response:
    url, given = server.url + PATHS[provider], headers(provider, key)
    async with httpx.AsyncClient() as client:
        return await client.post(url, json=body(**change), headers=given, timeout=5)


async def answered(server: ModelServer, provider: str, *, stream: bool = False, **change: Any) -> Any:
    """Ask with litellm; return the whole answer, put together where it came as a stream."""
    where = {"api_base": server.base(provider), "api_key": "k", "max_retries": 0, "num_retries": 0}
    how = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
    asked = body(**change) | {"model": f"{provider}/one"}
    answer = await litellm().acompletion(**asked, **where, **how)
    return litellm().stream_chunk_builder([chunk async for chunk in answer]) if stream else answer


def text(provider: str, response: httpx.Response) -> str:
    said = response.json()
    return str(said["choices"][0]["message"]["content"] if provider == "openai" else said["content"][0]["text"])


def events(response: httpx.Response) -> list[Any]:
    lines = [line.removeprefix("data: ") for line in response.text.splitlines() if line.startswith("data: {")]
    return [json.loads(line) for line in lines]


# Answers


@BOTH
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("reason", ["stop", "length", "content_filter"])
async def test_litellm_reads_the_same_from_either_provider(provider: str, reason: Any, *, stream: bool) -> None:
    async with model_server(Reply("A page of " * 30, reason, tokens=(4_000, 75), cached=3_000)) as server:
        answer = await answered(server, provider, stream=stream)
    choice, usage = answer.choices[0], answer.usage
    assert (choice.message.content, choice.finish_reason) == ("A page of " * 30, reason)
    assert (usage.prompt_tokens, usage.completion_tokens) == (4_000, 75)
    assert usage.prompt_tokens_details.cached_tokens == 3_000


@BOTH
async def test_an_answer_ends_at_the_limit_of_tokens_unless_told_otherwise(provider: str) -> None:
    async with model_server(Reply(LONG, tokens=None), Reply(LONG, obeys=False)) as server:
        cut = await answered(server, provider, max_tokens=100)
        whole = await answered(server, provider, max_tokens=100)
    assert (cut.choices[0].message.content, cut.choices[0].finish_reason) == (LONG[:400], "length")
    assert cut.usage.completion_tokens == 100
    assert (whole.choices[0].message.content, whole.choices[0].finish_reason) == (LONG, "stop")


async def test_the_newer_name_of_the_limit_is_obeyed_too() -> None:
    async with model_server(LONG) as server:
        response = await post(server, "openai", max_tokens=None, max_completion_tokens=10)
    assert text("openai", response) == LONG[:40]


async def test_a_stream_of_openai_brings_its_tokens_last_and_only_where_asked() -> None:
    async with model_server("x" * 100) as server:
        plain = await post(server, "openai", stream=True)
        counted = await post(server, "openai", stream=True, stream_options={"include_usage": True})
    assert plain.headers["content-type"] == "text/event-stream"
    assert plain.text.endswith("data: [DONE]\n\n")
    assert not any("usage" in chunk for chunk in events(plain))
    *chunks, last = events(counted)
    assert {chunk["usage"] for chunk in chunks} == {None}
    assert (last["choices"], last["usage"]["total_tokens"]) == ([], 300)


async def test_a_stream_of_anthropic_brings_its_events_in_their_order() -> None:
    async with model_server("x" * 100) as server:
        said = events(await post(server, "anthropic", stream=True))
    kinds = [event["type"] for event in said]
    assert kinds[:3] == ["message_start", "content_block_start", "ping"]
    assert kinds[3:-3] == ["content_block_delta"] * 2
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert (said[0]["message"]["usage"]["input_tokens"], said[-2]["usage"]["output_tokens"]) == (100, 200)


@pytest.mark.parametrize(("provider", "first"), [("openai", "data"), ("anthropic", "first_id")])
async def test_the_models_are_listed_in_the_form_of_who_is_asked(provider: str, first: str) -> None:
    async with model_server(models=("one", "two")) as server, httpx.AsyncClient() as client:
        said = (await client.get(f"{server.url}/models", headers=headers(provider))).json()
    assert [entry["id"] for entry in said["data"]] == ["one", "two"]
    assert first in said
    assert server.prompts == []


# Scripts, and what is remembered


@BOTH
async def test_each_model_has_its_own_replies_and_the_last_stays(provider: str) -> None:
    async with model_server("for all", by_model={"two": ["first", "second"]}) as server:
        names = ["two", "one", "two", "two"]
        said = [text(provider, await post(server, provider, model=name)) for name in names]
    assert said == ["first", "for all", "second", "second"]


async def test_every_request_is_remembered_with_its_time_and_its_reply() -> None:
    messages = [{"role": "user", "content": [{"type": "text", "text": "Hello?"}]}]
    before = time.monotonic()
    async with model_server("first", "second", key="k") as server:
        await post(server, "anthropic", system="Be good.", messages=messages)
        await post(server, "openai", key="wrong")
        await post(server, "openai")
    first, refused, second = server.calls
    assert [call.reply for call in server.calls] == [Reply("first"), None, Reply("second")]
    assert before < first.moment < refused.moment < second.moment
    assert server.texts[0] == "Be good.\nHello?"
    assert refused.asked.headers["authorization"] == "Bearer wrong"


# Refusals


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"messages": None}, 400, "Missing required parameter: 'messages'."),
        ({"messages": []}, 400, "Invalid 'messages'"),
        ({"messages": ["Hello?"]}, 400, "Invalid 'messages'"),
        ({"messages": [{"role": "user", "content": ""}]}, 400, "message 0 is empty"),
        ({"messages": [{"role": "user", "content": None}]}, 400, "message 0 is empty"),
        ({"messages": [{"role": "assistant", "content": "Hello."}]}, 400, "must alternate"),
        ({"messages": [HELLO, HELLO]}, 400, "must alternate"),
        ({"max_tokens": 64_001}, 400, "max_tokens is too large"),
        ({"messages": [{"role": "user", "content": "x" * 800_001}]}, 400, "maximum context length is 200000"),
        ({"model": "three"}, 404, "does not exist"),
        ({"model": None}, 400, "no JSON object with a model"),
    ],
)
async def test_openai_refuses_what_it_cannot_answer(change: Change, status: int, words: str) -> None:
    async with model_server("never", models=("one",)) as server:
        response = await post(server, "openai", **change)
    error = response.json()["error"]
    assert (response.status_code, error["type"]) == (status, "invalid_request_error")
    assert words in error["message"]
    assert set(error) == {"message", "type", "param", "code"}


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"max_tokens": None}, 400, "max_tokens: Field required"),
        ({"messages": []}, 400, "at least one message is required"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": " "}]}]}, 400, "non-whitespace text"),
        ({"messages": [{"role": "assistant", "content": "Hello."}]}, 400, "roles must alternate"),
        ({"messages": [HELLO, {"role": "assistant", "content": "Hel"}]}, 400, "must end with a user message"),
        ({"max_tokens": 64_001}, 400, "max_tokens: 64001 > 64000"),
        ({"messages": [{"role": "user", "content": "x" * 800_001}]}, 400, "prompt is too long: 200001 tokens"),
        ({"messages": [{"role": "user", "content": "x" * 799_996}]}, 400, "exceed context limit: 199999 + 1000"),
        (
            {"system": [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}] * 5},
            400,
            "A maximum of 4 blocks with cache_control may be provided. Found 5.",
        ),
        ({"model": "three"}, 404, "model: three"),
    ],
)
async def test_anthropic_refuses_what_it_cannot_answer(change: Change, status: int, words: str) -> None:
    async with model_server("never", models=("one",)) as server:
        response = await post(server, "anthropic", **change)
    said = response.json()
    kind = "not_found_error" if status == 404 else "invalid_request_error"
    assert (response.status_code, said["type"], said["error"]["type"]) == (status, "error", kind)
    assert words in said["error"]["message"]


@BOTH
async def test_only_the_right_key_in_the_providers_own_header_opens(provider: str) -> None:
    other = "anthropic" if provider == "openai" else "openai"
    async with model_server("in", key="k") as server, httpx.AsyncClient() as client:
        refused = await post(server, provider, key="wrong")
        keyless = await client.post(server.url + PATHS[provider], json=body(), headers=headers(other))
        let_in = await post(server, provider)
    assert (refused.status_code, keyless.status_code, let_in.status_code) == (401, 401, 200)


@BOTH
@pytest.mark.parametrize(
    ("change", "limits", "kind"),
    [
        ({"model": "three"}, Limits(), "NotFoundError"),
        ({"messages": [{"role": "user", "content": "x" * 5_000}]}, Limits(context=1_100), "ContextWindowExceededError"),
        ({"max_tokens": 1_001}, Limits(output=1_000), "BadRequestError"),
    ],
)
async def test_litellm_knows_the_refusals_for_what_they_are(
    provider: str, change: Change, limits: Limits, kind: str
) -> None:
    async with model_server(by_model={"two": ["x"]} if kind == "NotFoundError" else {"one": ["x"]}, limits=limits) as s:
        with pytest.raises(getattr(litellm(), kind)):
            await answered(s, provider, **change)


@BOTH
async def test_a_request_that_is_too_large_or_no_json_or_elsewhere_is_refused(provider: str) -> None:
    async with model_server("x", limits=Limits(body=500)) as server, httpx.AsyncClient() as client:
        large = await post(server, provider, padding="x" * 500)
        url, given = server.url + PATHS[provider], headers(provider)
        broken = [await client.post(url, content=bad, headers=given) for bad in (b"{", b"[" * 300, b"[]", b"")]
        elsewhere = await client.post(f"{server.url}/responses", json=body(), headers=given)
    assert large.status_code == 413
    assert [response.status_code for response in broken] == [400] * 4
    assert elsewhere.status_code == 404


async def test_anthropic_wants_its_version_named() -> None:
    async with model_server("x") as server, httpx.AsyncClient() as client:
        said = (await client.post(f"{server.url}/messages", json=body(), headers={"x-api-key": "k"})).text
    assert "anthropic-version: header is required" in said


# Outages


@pytest.mark.parametrize(
    ("provider", "status", "kind"),
    [
        ("openai", 429, "RateLimitError"),
        ("openai", 500, "InternalServerError"),
        ("openai", 503, "ServiceUnavailableError"),
        ("anthropic", 429, "RateLimitError"),
        ("anthropic", 500, "InternalServerError"),
        ("anthropic", 529, "InternalServerError"),
        ("openai", 401, "AuthenticationError"),
        ("anthropic", 401, "AuthenticationError"),
    ],
)
async def test_an_outage_is_told_in_the_providers_words(provider: str, status: int, kind: str) -> None:
    async with model_server(Reply(status=status, headers={"retry-after": "7", "retry-after-ms": "6500"})) as server:
        response = await post(server, provider)
        with pytest.raises(getattr(litellm(), kind)):
            await answered(server, provider)
    assert (response.headers["retry-after"], response.headers["retry-after-ms"]) == ("7", "6500")


@BOTH
@pytest.mark.parametrize("stream", [False, True])
async def test_an_error_may_come_inside_an_answer_of_200(provider: str, *, stream: bool) -> None:
    async with model_server(Reply("x" * 200, status=529, inside=True)) as server:
        response = await post(server, provider, stream=stream)
        assert response.status_code == 200
        assert "error" in (events(response)[-1] if stream else response.json())
        with pytest.raises(Exception, match=r".") as caught:
            await answered(server, provider, stream=stream)
    assert type(caught.value).__module__.startswith(("litellm", "openai"))


@BOTH
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("cut", [True, "head", "nothing"])
async def test_a_connection_ends_midway_or_after_the_head_or_at_once(provider: str, cut: Any, *, stream: bool) -> None:
    async with model_server(Reply("x" * 500, cut=cut)) as server:
        with pytest.raises(httpx.RemoteProtocolError) as error:
            await post(server, provider, stream=stream)
    assert ("without sending a response" in str(error.value)) == (cut == "nothing")


@BOTH
@pytest.mark.parametrize("stream", [False, True])
async def test_a_trickle_goes_on_and_on_and_silence_never_begins(provider: str, *, stream: bool) -> None:
    async with model_server(Reply("x", trickle=True), Reply("x", silent=True)) as server, httpx.AsyncClient() as client:
        url, asked = server.url + PATHS[provider], body(stream=stream)
        async with client.stream("POST", url, json=asked, headers=headers(provider)) as response:
            drops = response.aiter_raw()
            came = [await anext(drops) for _ in range(4)]
        with pytest.raises(httpx.ReadTimeout):
            await client.post(url, json=asked, headers=headers(provider), timeout=httpx.Timeout(5, read=0.1))
    assert set(b"".join(came)) <= set(b": still here\n\n")


@BOTH
async def test_an_answer_can_be_late_and_slow_and_still_whole(provider: str) -> None:
    async with model_server(Reply("x" * 200, delay=0.1, pace=0.01)) as server:
        started = time.monotonic()
        answer = await answered(server, provider)
    assert answer.choices[0].message.content == "x" * 200
    assert time.monotonic() - started > 0.15


@BOTH
async def test_an_answer_may_be_packed_and_gigantic(provider: str) -> None:
    async with model_server(Reply("at last", blanks=5_000_000, gzip=True)) as server:
        response = await post(server, provider)
    assert (text(provider, response), len(response.content) > 5_000_000) == ("at last", True)
    assert (response.headers["content-encoding"], response.num_bytes_downloaded < 20_000) == ("gzip", True)


@pytest.mark.parametrize("sent", [b"", b"{", b"<html>502 Bad Gateway</html>", b'{"choices": []}'])
async def test_any_bytes_can_be_sent_instead(sent: bytes) -> None:
    async with model_server(Reply(body=sent, status=200, content_type="text/html")) as server:
        response = await post(server, "openai")
    assert (response.content, response.headers["content-type"]) == (sent, "text/html")


# Prompt caches


def marked(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words, "cache_control": {"type": "ephemeral"}}


def picture(data: str) -> dict[str, Any]:
    return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}


async def tokens_read_and_written(
    provider: str, *changes: Change, used: Callable[[Any], tuple[int, int]]
) -> list[tuple[int, int]]:
    async with model_server(Reply("x", tokens=None)) as server:
        return [used((await post(server, provider, **change)).json()["usage"]) for change in changes]


def at_anthropic(usage: Any) -> tuple[int, int]:
    return usage["cache_read_input_tokens"], usage["cache_creation_input_tokens"]


def at_openai(usage: Any) -> tuple[int, int]:
    return usage["prompt_tokens_details"]["cached_tokens"], usage["prompt_tokens"]


async def test_anthropic_writes_what_is_marked_once_and_reads_it_then() -> None:
    one, other = {"system": [marked(LONG)]}, {"system": [marked("An" + LONG)]}
    seen = await tokens_read_and_written("anthropic", one, one, other, used=at_anthropic)
    assert seen == [(0, 1_250), (1_250, 0), (0, 1_251)]


async def test_anthropic_reads_a_beginning_and_writes_what_follows_it() -> None:
    longer = {"system": [marked(LONG)], "messages": [{"role": "user", "content": [marked(LONG)]}]}
    seen = await tokens_read_and_written("anthropic", {"system": [marked(LONG)]}, longer, longer, used=at_anthropic)
    assert seen == [(0, 1_250), (1_250, 1_250), (2_500, 0)]


async def test_anthropic_caches_nothing_short_unmarked_or_of_another_model() -> None:
    short, unmarked = {"system": [marked("Be good.")]}, {"system": LONG}
    other = {"system": [marked(LONG)], "model": "two"}
    changes = short, short, unmarked, unmarked, {"system": [marked(LONG)]}, other
    seen = await tokens_read_and_written("anthropic", *changes, used=at_anthropic)
    assert seen == [(0, 0)] * 4 + [(0, 1_250)] * 2


async def test_pictures_count_by_what_they_show_and_are_told_apart() -> None:
    one, other = (
        {"messages": [{"role": "user", "content": [picture(data), marked("?")]}]} for data in ("AA==", "Ag==")
    )
    seen = await tokens_read_and_written("anthropic", one, one, other, used=at_anthropic)
    assert seen == [(0, 1_501), (1_501, 0), (0, 1_501)]


async def test_openai_caches_a_long_beginning_by_itself_in_steps() -> None:
    same = {"messages": [{"role": "system", "content": LONG}, HELLO]}
    other = {"messages": [{"role": "system", "content": LONG}, {"role": "user", "content": "And then?"}]}
    short = {"messages": [HELLO]}
    seen = await tokens_read_and_written("openai", same, other, short, short, used=at_openai)
    assert seen == [(0, 1_252), (1_152, 1_253), (0, 2), (0, 2)]
