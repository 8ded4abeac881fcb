from typing import Any

import pytest

from orchestrator.generate.models.refusals import (
    Form,
    ProviderError,
    Refusal,
    adapt_form,
    classify_refusal,
    parse_provider_error,
)

MESSAGES: list[dict[str, Any]] = [{"role": "system", "content": "Rules."}, {"role": "user", "content": "Build."}]
ASKED = Form().build_request(MESSAGES, 8_000)


def said(status: int | None, text: str, param: str = "", *, has_key: bool = True) -> ProviderError:
    return ProviderError(status, text.lower(), param, has_key)


@pytest.mark.parametrize(
    ("status", "text", "reason"),
    [
        (401, "Incorrect API key provided: sk-canary", "the key was refused"),
        (401, "You didn't provide an API key. canary", "it needs a key, and none was sent"),
        (401, "No auth credentials found", "it needs a key, and none was sent"),
        (429, "You exceeded your current quota, please check your plan", "no account, or no credit left"),
        (429, "insufficient_quota", "no account, or no credit left"),
        (429, "Quota exceeded for metric requests per minute: canary", "busy"),
        (429, "You exceeded your current quota, see billing. Please retry in 27 s", "busy"),
        (402, "Insufficient credits", "no account, or no credit left"),
        (400, "Your credit balance is too low to access the API", "no account, or no credit left"),
        (429, "slow down", "busy"),
        (503, "Loading model", "the model is still loading"),
        (500, "model canary is still being loaded", "the model is still loading"),
        (503, "no slot available", "busy"),
        (404, "no such model canary", "it has no such model"),
        (404, "page not found", "there is no API at this address: the API base is wrong"),
        (400, "violates our content policy: canary", "stopped by the provider's filter"),
        (400, "temperature: only 1 is supported", "it does not accept the parameter temperature as it was sent"),
        (413, "canary", "the prompt is too long"),
        (400, "canary", ""),
        (None, "canary", ""),
    ],
)
def test_why_a_call_was_refused_is_said_in_words_of_ours(status: int | None, text: str, reason: str) -> None:
    assert classify_refusal(said(status, text)).reason == reason
    assert "canary" not in reason


def test_a_key_that_was_never_set_is_told_from_one_that_was_refused() -> None:
    assert classify_refusal(said(401, "unauthorized", has_key=False)).reason == "it needs a key, and none was sent"
    assert classify_refusal(said(401, "unauthorized")).reason == "the key was refused"


@pytest.mark.parametrize(
    ("text", "context", "by"),
    [
        ("the request exceeds the available context size n_prompt_tokens 6031 n_ctx 2048", 2_048, 3_983),
        ("This model's maximum context length is 2048 tokens, however you requested 6031 tokens", 2_048, 3_983),
        ("prompt is too long: 210000 tokens > 200000 maximum", 200_000, 10_000),
        (
            "The input token count (1,200,000) exceeds the maximum number of tokens allowed (1,048,576).",
            1_048_576,
            151_424,
        ),
        ("Prompt contains 40000 tokens, too large for model with 32768 maximum context length", 32_768, 7_232),
        ("greater than the context length (n_keep: 6031>= n_ctx: 4096)", 4_096, 1_935),
        ("loaded with context length of only 4096 tokens, which is not enough", 4_096, None),
        ("`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 3000 `inputs` tokens and 2000", 4_096, None),
        ("max_tokens is too large: 5000. This model's maximum context length is 4096 tokens", 4_096, 904),
        ("Input is too long for requested model.", None, None),
        ("Please reduce the length of the messages or completion.", None, None),
    ],
)
def test_a_prompt_that_is_too_long_is_told_with_the_numbers(text: str, context: int | None, by: int | None) -> None:
    refusal = classify_refusal(said(400, text), sent=6_000)
    assert (refusal.is_too_long, refusal.context) == (True, context)
    assert refusal.reason.startswith("the prompt is too long")
    assert (f"by {by} tokens" in refusal.reason) if by else (" by " not in refusal.reason)
    assert adapt_form(said(400, text), Form(), ASKED) is None


def test_an_empty_event_stream_is_taken_for_a_prompt_that_is_too_long() -> None:
    refusal = classify_refusal(said(500, "empty or invalid response from llm endpoint. received: ''. check the proxy"))
    assert refusal.is_too_long
    assert "answered 200 with nothing" in refusal.reason
    assert classify_refusal(said(500, "received: '<html>'. check")) == Refusal()


@pytest.mark.parametrize(
    ("text", "param", "form"),
    [
        (
            "max_tokens is too large: 32000. This model supports at most 4096 completion tokens",
            "max_tokens",
            Form(limit=4_096),
        ),
        ("`max_tokens` must be less than or equal to 2,048", "", Form(limit=2_048)),
        ("Invalid max_tokens value, the valid range of max_tokens is [1, 4096]", "", Form(limit=4_096)),
        ("max_tokens: 8000 > 4096, the maximum of claude-3-opus-20240229", "", Form(limit=4_096)),
        ("value out of range 16 to 1024", "max_tokens", Form(limit=1_024)),
        ("Unsupported value: 'temperature' does not support 0.2", "", Form(has_temperature=False)),
        ("unsupported value beside max_tokens", "temperature", Form(has_temperature=False)),
        (
            "max_tokens is not supported, use max_completion_tokens",
            "",
            Form(limit_name="max_completion_tokens"),
        ),
        ("System role not supported", "", Form(has_system=False)),
        ("Developer instruction is not enabled for this model", "", Form(has_system=False)),
        ("Only user and assistant roles are supported!", "", Form(has_system=False)),
        ("Conversation roles must alternate user/assistant/user/assistant", "", Form(has_system=False)),
        ("unexpected", "messages[0].role", Form(has_system=False)),
        ("Your organization must be verified to stream this model.", "stream", Form(has_stream=False)),
        ("Streaming is not supported", "", Form(has_stream=False)),
        ("Unknown parameter: 'stream_options'", "stream_options", Form(has_usage=False)),
    ],
)
def test_a_named_parameter_is_adapted_to(text: str, param: str, form: Form) -> None:
    assert adapt_form(said(400, text, param), Form(), ASKED) == form


def test_a_form_is_what_is_sent() -> None:
    form = Form("max_completion_tokens", 4_096, has_temperature=False, has_system=False)
    assert form.build_request(MESSAGES, 8_000) == {
        "messages": [{"role": "user", "content": "Rules.\n\nBuild."}],
        "max_completion_tokens": 4_096,
        "temperature": None,
    }
    assert form.build_request(MESSAGES, 100)["max_completion_tokens"] == 100
    pictured: list[dict[str, Any]] = [
        {"role": "system", "content": "x"},
        {"role": "user", "content": [{"type": "text", "text": "x"}]},
    ]
    assert form.build_request(pictured, 100)["messages"] == pictured


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no",
        "max_tokens is odd",
        "image_url is not supported",
        "the system is overloaded",
        "the upstream is overloaded",
        "max_tokens of gpt-4-0613 is wrong",
    ],
)
def test_what_says_nothing_to_do_is_not_adapted_to(text: str) -> None:
    assert adapt_form(said(400, text), Form(), ASKED) is None
    assert adapt_form(said(401, "temperature"), Form(), ASKED) is None


def test_what_asks_for_a_stream_goes_step_by_step_and_only_where_the_request_was_wrong() -> None:
    text = "stream_options is not supported"
    first = adapt_form(said(400, text), Form(), ASKED)
    assert first is not None
    assert first.streaming == {"stream": True}
    second = adapt_form(said(400, text), first, ASKED)
    assert second is not None
    assert second.streaming == {}
    assert adapt_form(said(400, text), second, ASKED) is None
    assert adapt_form(said(500, "the stream was closed"), Form(), ASKED) is None
    assert Form().streaming == {"stream": True, "stream_options": {"include_usage": True}}


def test_the_whole_body_is_read_where_litellm_tells_a_part_of_it() -> None:
    class Provider(Exception):
        def __init__(self) -> None:
            self.body = {"message": "Too much.", "code": 400, "n_prompt_tokens": 6031, "n_ctx": 2048, "deep": {"a": 1}}

    class ContextWindowExceededError(Exception):
        status_code = 400

    error = ContextWindowExceededError("Too much.")
    error.__context__ = Provider()
    assert classify_refusal(parse_provider_error(error)).context == 2_048
    assert parse_provider_error(ContextWindowExceededError("odd words")).status == 400
    assert classify_refusal(parse_provider_error(ContextWindowExceededError("odd words"))).is_too_long


def test_a_refusal_without_end_takes_no_time() -> None:
    for unit in ("context length ", "at most ", "n_ctx ", "max_tokens ", "9", "input ", "user and assistant "):
        error = ValueError(unit * (1_000_000 // len(unit)))
        read = parse_provider_error(error)
        assert len(read.text) < 5_000
        for status in (400, 401, 429, 500):
            whole = ProviderError(status, read.text)
            assert classify_refusal(whole) is not None
            adapt_form(whole, Form(), ASKED)
