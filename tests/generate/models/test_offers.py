"""What servers say of their models, read without trust."""

import json

import pytest

from orchestrator.generate.models.offers import (
    Offer,
    choose_offer,
    describe_offers,
    is_same_model,
    parse_offers,
    parse_ollama_context,
    printable_line,
)


@pytest.mark.parametrize(
    "body",
    [
        b"null",
        b"1",
        b'"one"',
        b"{}",
        b'{"data": {"id": "one"}}',
        b'{"data": null, "models": [{"id": "one"}]}',
        b'{"data": [1, null, "one", []]}',
        b'{"data": [{"id": 1}, {"id": ["one"]}, {}]}',
        b"[" * 100_000,
        b'{"data": [{"id": "\\ud800"}]}',
        b"\xff\xfe",
    ],
)
def test_what_is_no_list_of_models_is_not_understood(body: bytes) -> None:
    assert parse_offers(body) is None


def test_what_is_odd_among_the_models_is_left_out() -> None:
    listed = b'[1, {"id": "one"}, {"name": "models/two"}, {"id": 3}, {"id": "one"}]'
    assert parse_offers(listed) == (Offer("one"), Offer("two"))


@pytest.mark.parametrize(
    ("entry", "context"),
    [
        ({"meta": {"n_ctx": 8192, "n_ctx_train": 131072}}, 8_192),
        ({"max_model_len": 4096}, 4_096),
        ({"context_length": 32768}, 32_768),
        ({"loaded_context_length": 4096, "max_context_length": 131072}, 4_096),
        ({"max_context_length": 131072}, 131_072),
        ({"meta": {"n_ctx_train": 131072}}, None),
        ({"context_length": True}, None),
        ({"context_length": "8192"}, None),
        ({"context_length": -1}, None),
        ({"meta": None}, None),
    ],
)
def test_the_context_is_read_where_servers_put_it(entry: dict[str, object], context: int | None) -> None:
    assert parse_offers(json.dumps({"data": [{"id": "one", **entry}]}).encode()) == (Offer("one", context),)


@pytest.mark.parametrize(
    ("body", "context"),
    [
        (b'{"model_info": {"qwen2.context_length": 32768, "qwen2.block_count": 64}}', 32_768),
        (b'{"model_info": {"x": 1}}', None),
        (b'{"model_info": null}', None),
        (b"[]", None),
        (b"<", None),
    ],
)
def test_ollama_shows_the_context_of_a_model(body: bytes, context: int | None) -> None:
    assert parse_ollama_context(body) == context


def test_the_one_that_is_wanted_is_chosen_else_the_only_one_that_writes() -> None:
    one, tagged, embedding = Offer("one"), Offer("two:latest"), Offer("text-embedding-nomic")
    assert choose_offer("two", [one, tagged]) == tagged
    assert choose_offer("three", [one]) is None
    assert choose_offer("three", [one, embedding], only=True) == one
    assert choose_offer("three", [one, tagged], only=True) is None


@pytest.mark.parametrize(
    ("asked", "answered", "is_same"),
    [
        ("openai/gpt-4.1", "gpt-4.1-2025-04-14", True),
        ("openai/meta-llama/Llama-3.3-70B-Instruct", "/models/llama-3.3-70b-instruct.gguf", True),
        ("ollama_chat/qwen2.5-coder:32b", "qwen2.5-coder:32b", True),
        ("openai/gpt-9", "smollm2-135m", False),
        ("openai/gpt-9", " ", True),
    ],
)
def test_a_model_is_the_same_whatever_folder_or_date_its_name_has(asked: str, answered: str, is_same: bool) -> None:  # noqa: FBT001
    assert is_same_model(asked, answered) is is_same


def test_what_a_server_says_is_shown_as_one_printable_line() -> None:
    assert printable_line("a\x1b[31m\nb") == "a?[31m?b"
    assert printable_line("x" * 200) == "x" * 80 + "…"
    assert describe_offers([Offer(str(number)) for number in range(5)]) == "0, 1, 2 and 2 more"
    assert describe_offers([]) == "no model at all"
