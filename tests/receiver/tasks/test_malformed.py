import pytest

from receiver.tasks.malformed import LOOKED_AT, describe_malformed


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "The body is empty."),
        (b" \n", "The body is empty."),
        (b"task=x&round=1", "The body is a form."),
        (b"{'task': 'canary'}", "The body has single quotes, as Python prints a dictionary."),
        (b'{"a": NaN}', "The body contains NaN or Infinity, which are not valid JSON."),
        (b'{"a": [1, -Infinity]}', "The body contains NaN or Infinity, which are not valid JSON."),
        (b'{"a": True}', "The body contains True, False or None, as Python writes them."),
        (b'{"a": "canary",}', "The body has a comma before a closing bracket."),
        ('{"a": "\xe9"}'.encode("latin-1"), "The body is not UTF-8; it may be Latin-1 or Windows-1252."),
        ('{"a": 1}'.encode("utf-16"), "The body looks like UTF-16 or UTF-32."),
        ('{"a": 1}'.encode("utf-16-le"), "The body looks like UTF-16 or UTF-32."),
        (b'{"a": "canary"', "The body is not JSON."),
        (("x" * (LOOKED_AT - 1) + "\xe9").encode()[:LOOKED_AT], "The body is not JSON."),
    ],
)
def test_what_a_body_is_instead_is_said_and_nothing_of_it_repeated(body: bytes, says: str) -> None:
    assert describe_malformed(body) == f"{says} Send one JSON object, encoded as UTF-8."
