"""What an answer in one piece is read as, whatever form its server gives it."""

from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator.generate.models.answer import Usage, choose_answer_text, parse_response, parse_usage

BLOCK = '<file path="a.js">'


def response(content: Any, **more: Any) -> SimpleNamespace:
    message = SimpleNamespace(content=content, **more)
    return SimpleNamespace(choices=[SimpleNamespace(message=message, finish_reason="stop")], model="m", usage=None)


@pytest.mark.parametrize(
    ("content", "more", "text"),
    [
        ("Hello.", {}, "Hello."),
        ([{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo."}], {}, "Hello."),
        ([{"type": "image"}, "odd", {"type": "text", "text": 7}], {}, ""),
        (None, {"reasoning_content": f"Plan.\n{BLOCK}"}, f"Plan.\n{BLOCK}"),
        ("", {"reasoning": f"Plan.\n{BLOCK}"}, f"Plan.\n{BLOCK}"),
        (None, {"reasoning_content": "Plan."}, ""),
        (None, {"reasoning_content": [BLOCK]}, ""),
    ],
)
def test_the_text_of_an_answer_is_found(content: Any, more: dict[str, Any], text: str) -> None:
    assert parse_response(response(content, **more)).text == text


def test_what_lacks_all_that_an_answer_has_is_one_of_nothing() -> None:
    got = parse_response(SimpleNamespace(choices=[], model=None))
    assert (got.text, got.reason, got.usage, got.model) == ("", None, Usage(), "")


def test_thoughts_are_an_answer_only_where_they_hold_blocks_and_nothing_was_said() -> None:
    assert choose_answer_text("Hello.", BLOCK) == "Hello."
    assert choose_answer_text(" \n", BLOCK) == BLOCK
    assert choose_answer_text("", "I think.") == ""


def test_counts_that_make_no_sense_count_nothing() -> None:
    details = SimpleNamespace(cached_tokens=500)
    odd = SimpleNamespace(prompt_tokens="many", completion_tokens=-3, prompt_tokens_details=details)
    assert parse_usage(odd) == Usage(0, 0, 0, 0)
    whole = SimpleNamespace(prompt_tokens=100, completion_tokens=7, prompt_tokens_details=details)
    assert parse_usage(whole) == Usage(100, 7, 100, 0)
