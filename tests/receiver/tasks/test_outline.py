"""What is found in a body without building it is what a parse of the whole finds."""

import json
from collections import deque

import pytest
from pydantic_core import from_json

from receiver.tasks.outline import LONGEST, MOST_VALUES, Outline, TooManyValues

LEAST = 3
"""Bytes that come together at the beginning: only large bodies are looked at."""


def outlined(body: bytes, step: int = 1 << 20) -> tuple[Outline, bytearray]:
    """Return what is found in a body that comes in pieces of `step` bytes, the first of LEAST."""
    outline, come = Outline(), bytearray()
    for at in (0, *range(LEAST, len(body), step)):
        come += body[len(come) : at + (step if at else LEAST)]
        deque(outline.feed(come))
    return outline, come


SENT = [
    '{"secret": "s", "email": "e"}',
    '{"email":"e","secret":"s"}',
    ' \n{\t"secret"\r:\n"s" }',
    '{"secret": "a", "secret": "s"}',
    '{"secret": "a", "email": "b", "s\\u0065cret": "s", "\\u0065\\u006d\\u0061\\u0069\\u006c": "e"}',
    '{"secret\\u0000": "s", "Secret": "s", "secret ": "s", "secre": "s", "": "s"}',
    '{"secret": "s", "secret": null, "email": "e", "email": ["x"]}',
    '{"secret": {"secret": "s"}, "a": {"email": "e"}, "b": [{"secret": "s"}]}',
    '{"a": "secret", "b": ":", "c": "\\"secret\\": \\"s\\"", "email": "\\\\"}',
    '{"a\\\\": "\\\\\\"", "secret": "\\\\\\\\\\"", "email": "\\\\n\\n\\u005c"}',
    '{"secret": "\\ud83d\\ude00é😀\\/", "email": ""}',
    '{"a": [], "secret": "s", "b": {}, "email": true}',
    '{"a": 1, "secret": "s", "b": -1.5e9, "email": 5}',
    '{"a": "[[{{,,", "secret": "s"}',
    "{}",
    '["secret", "s", {"email": "e"}]',
    '"secret"',
    "5",
]


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1 << 20])
@pytest.mark.parametrize("text", SENT)
def test_secret_and_email_are_those_of_the_whole(text: str, step: int) -> None:
    whole = from_json(text)
    for body in (text.encode(), b"\xef\xbb\xbf" + text.encode()):
        outline, come = outlined(body, step)
        assert outline.is_whole
        assert outline.root.decode() == text.strip()[0]
        if isinstance(whole, dict):
            expected = {name: value for name, value in whole.items() if name in ("secret", "email")}
            texts = {name: value if isinstance(value, str) else None for name, value in expected.items()}
            assert outline.parse_credentials(come) == texts


@pytest.mark.parametrize("text", ['{"secret": "s"', '{"secret": "s', '{"secret": "s\\"}', "[", "{}]", '"\\'])
def test_what_does_not_end_is_not_whole(text: str) -> None:
    assert not outlined(text.encode())[0].is_whole


@pytest.mark.parametrize("key", ["\\\\x", "\\\\ud800", "x" * 100, "secret" * 10], ids=lambda key: key[:8])
def test_a_key_that_is_none_of_ours_is_passed_over(key: str) -> None:
    outline, come = outlined(f'{{"{key}": "a", "secret": "s"}}'.encode())
    assert outline.parse_credentials(come) == {"secret": "s"}


@pytest.mark.parametrize("value", [b'"\\ud800"', b'"\xff"', b'"\\x"', b'"\n"'])
def test_a_secret_that_is_no_text_is_an_error(value: bytes) -> None:
    outline, come = outlined(b'{"secret": %b}' % value)
    with pytest.raises(ValueError):  # noqa: PT011 - of the parser
        outline.parse_credentials(come)


def test_a_secret_that_nobody_agrees_on_is_not_even_read() -> None:
    body = json.dumps({"secret": "s" * LONGEST, "email": "e"}).encode()
    outline, come = outlined(body)
    assert outline.parse_credentials(come) == {"secret": "", "email": "e"}


@pytest.mark.parametrize("unit", [b"[],", b"{},", b"1,", b'"",', b'"a":1,', b"[", b'{"":', b'""'])
def test_too_many_values_are_noticed_soon_after_there_are_so_many(unit: bytes) -> None:
    outline, come = Outline(), bytearray()
    with pytest.raises(TooManyValues):  # noqa: PT012 - it grows until it is too large
        while len(come) < 3 * MOST_VALUES * len(unit):
            come += unit * 1_000
            deque(outline.feed(come))
    assert come.count(unit) >= MOST_VALUES / 2 - 1_000
    outlined(unit * (MOST_VALUES // 2 - 1))
