"""What data files hold, and what is refused."""

import pytest

from orchestrator.verify.sentences.structure import (
    LARGEST,
    AbsentKey,
    Malformed,
    UnseenFile,
    describe_type,
    look_up_key,
    parse_as,
    parse_by_name,
    parse_csv_rows,
    promised_format,
    unread_finding,
)


@pytest.mark.parametrize(
    ("kind", "data", "why"),
    [
        ("json", b"{", "not valid JSON"),
        ("json", b'{"a": NaN}', "NaN is not JSON"),
        ("json", b"\xef\xbb\xbf{}", "not valid JSON"),
        ("json", b"[" * 100_000, "not valid JSON"),
        ("json", b"\xff", "not UTF-8"),
        ("json", b" " * (LARGEST + 1), "too large"),
        ("yaml", b"a: [1", "not valid YAML"),
        ("yaml", b"a: &x [1]\nb: [*x, *x]", "aliases"),
        ("yaml", b"[" * 500, "nested too deeply"),
        ("yaml", b"a: 2024-99-99", "not valid YAML"),
        ("yaml", b"!!python/object:os.system {}", "not valid YAML"),
        ("yaml", b" ", "is empty"),
        ("csv", b"", "no rows"),
        ("csv", b'a,b\n1,"2', "not valid CSV"),
        ("csv", b"a,b\n1,2,3\n", "row 2 has 3 cells, the first 2"),
        ("svg", b"<svg><g></svg>", "not well-formed"),
        ("svg", b"<svg></svg>", "its root is `svg` without the namespace"),
        ("svg", b"<html></html>", "its root is `html`"),
        ("svg", b'<!DOCTYPE x [<!ENTITY a "b">]><svg>&a;</svg>', "declares entities"),
        ("xml", b"<a>" + b" " * LARGEST + b"</a>", "too large"),
        ("png", b"GIF89a", "does not begin as a PNG"),
    ],
)
def test_what_is_not_of_a_form_says_why(kind: str, data: bytes, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        parse_as(kind, "a.file", data)


def test_what_is_of_a_form_is_read() -> None:
    assert parse_as("json", "a", b'{"a": [1]}') == {"a": [1]}
    assert parse_as("yml", "a", b"a: yes\nb: 1.5\n") == {"a": True, "b": 1.5}
    assert parse_as("csv", "a", b"\xef\xbb\xbfa;b\n1;2\n\n") == [{"a": "1", "b": "2"}]
    assert parse_as("svg", "a", b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>')
    assert parse_as("xml", "a", b"<feed/>") == "feed"
    assert parse_as("jpg", "a", b"\xff\xd8\xff\xe0") is None
    assert parse_csv_rows("a.csv", b"a\tb\n") == [["a", "b"]]
    assert parse_by_name("notes", b"3") == 3
    assert (promised_format("A.YML"), promised_format("LICENSE")) == ("yaml", "")


def test_keys_are_looked_up_in_objects_lists_and_below() -> None:
    value = {"a": {"b": [{"c": 1}, {"c": 2}]}, "x.y": 3, "list": [5, 6]}
    assert look_up_key(value, "a.b.c") == [1, 2]
    assert look_up_key(value, "a.b[].c") == [1, 2]
    assert look_up_key(value, "x.y") == [3]
    assert look_up_key(value, "list[1]") == [6]
    assert look_up_key(value, "a.b[0].c") == [1]
    for key, why in (
        ("z", "the keys are `a`, `x.y`, `list`"),
        ("list[7]", "the list has 2 entries"),
        ("list.q", "there is a whole number"),
    ):
        with pytest.raises(AbsentKey, match=why):
            look_up_key(value, key)
    with pytest.raises(AbsentKey, match="the list is empty"):
        look_up_key([], "a")
    with pytest.raises(AbsentKey, match="it has no keys"):
        look_up_key({}, "a")


def test_types_have_the_names_of_json() -> None:
    values: list[object] = [None, True, 1, 1.5, "a", [], {}]
    assert [describe_type(value) for value in values] == [
        "null",
        "a boolean",
        "a whole number",
        "a number",
        "a text",
        "a list",
        "an object",
    ]


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("json", b" " * (LARGEST + 1)),
        ("yaml", b"a: 1\n" * 50_000),
        ("yaml", b"a: &x [1]\nb: *x"),
        ("svg", b'<!DOCTYPE x [<!ENTITY a "b">]><svg>&a;</svg>'),
    ],
)
def test_what_is_not_looked_into_is_left_open(kind: str, data: bytes) -> None:
    with pytest.raises(UnseenFile) as raised:
        parse_as(kind, "a.file", data)
    assert unread_finding(raised.value).holds is None
