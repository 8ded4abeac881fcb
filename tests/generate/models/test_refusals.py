from typing import Any

import pytest

from orchestrator.generate.models.refusals import adapted_to, context_of, reason_of

ASKED: dict[str, Any] = {
    "messages": [{"role": "system", "content": "Rules."}, {"role": "user", "content": "Build."}],
    "max_tokens": 8_000,
}


@pytest.mark.parametrize(
    ("status", "text", "reason"),
    [
        (401, "Incorrect API key provided: sk-canary", "the key is missing or wrong"),
        (429, "You exceeded your current quota, please check your plan", "no account, or no money left on it"),
        (402, "Insufficient credits", "no account, or no money left on it"),
        (429, "slow down", "busy"),
        (503, '{"error": {"message": "Loading model"}}', "the model is still loading"),
        (404, "no such model canary", "it has no such model"),
        (400, "violates our content policy: canary", "stopped by the provider's filter"),
        (400, "temperature: only 1 is supported", "it does not take the parameter temperature as it was sent"),
        (400, '"n_prompt_tokens":6031,"n_ctx":2048', "the prompt is too long: it reads 2048 tokens at once"),
        (400, "maximum context length is 4096 tokens", "the prompt is too long: it reads 4096 tokens at once"),
        (400, "canary", ""),
        (None, "canary", ""),
    ],
)
def test_why_a_call_was_refused_is_said_in_words_of_ours(status: int | None, text: str, reason: str) -> None:
    assert reason_of(status, text) == reason
    assert "canary" not in reason


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("max_tokens is too large: 32000. This model supports at most 4096 completion tokens", {"max_tokens": 4096}),
        ("`max_tokens` must be less than or equal to 2048", {"max_tokens": 2048}),
        ("Unsupported value: 'temperature' does not support 0.2", {"temperature": None}),
    ],
)
def test_a_named_parameter_is_adapted_to(text: str, changed: dict[str, Any]) -> None:
    assert adapted_to(text, ASKED) == {**ASKED, **changed}


def test_another_name_for_the_limit_is_used() -> None:
    adapted = adapted_to("max_tokens is not supported, use max_completion_tokens", ASKED)
    assert adapted == {"messages": ASKED["messages"], "max_completion_tokens": 8_000}


def test_a_model_without_a_role_for_the_system_is_told_by_the_user() -> None:
    adapted = adapted_to("System role not supported", ASKED)
    assert adapted is not None
    assert adapted["messages"] == [{"role": "user", "content": "Rules.\n\nBuild."}]
    kept = ASKED | {"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}]}]}
    assert adapted_to("System role not supported", kept) == kept


@pytest.mark.parametrize(
    "text", ["", "no", "max_tokens is odd", "n_ctx: 2048 max_tokens", "image_url is not supported"]
)
def test_what_says_nothing_to_do_is_not_adapted_to(text: str) -> None:
    assert adapted_to(text, ASKED) is None


def test_a_refusal_without_end_takes_no_time() -> None:
    for unit in ("context length ", "at most ", "n_ctx ", "max_tokens ", "9"):
        text = unit * (1_000_000 // len(unit))
        assert context_of(text) is None or reason_of(400, text)
