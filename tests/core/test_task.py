"""The form of a request: its fields, its checks, its attachments."""

import base64
import json
from contextlib import suppress
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orchestrator.core.task import (
    Attachment,
    Check,
    InvalidTask,
    Request,
    decode_data_uri,
    parse_task,
    validate_web_url,
)
from tests.doubles.requests import GIVEN, JSON_VALUES, request


def problems(**changes: Any) -> dict[str, str]:
    """Return field -> problem of a request that is refused."""
    with pytest.raises(InvalidTask) as caught:
        request(**changes)
    return {entry["field"]: entry["problem"] for entry in caught.value.fields}


# The form


def test_what_may_be_absent_has_its_default() -> None:
    asked = request()
    assert (asked.checks, asked.attachments, asked.wait_for_result, asked.received_at) == ((), (), False, None)
    assert request(checks=None, attachments=None) == asked


@pytest.mark.parametrize("field", sorted(GIVEN.keys() - {"secret"}))
def test_a_missing_field_is_named(field: str) -> None:
    with pytest.raises(InvalidTask) as caught:
        parse_task(Request, {name: value for name, value in GIVEN.items() if name != field})
    assert caught.value.fields == [{"field": field, "problem": "Field required"}]
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("field", "shortest", "longest"),
    [("email", 1, 320), ("task", 1, 200), ("nonce", 1, 200), ("brief", 1, 100_000)],
)
def test_texts_have_their_lengths(field: str, shortest: int, longest: int) -> None:
    for length in (shortest, longest):
        assert getattr(request(**{field: "é" * length}), field) == "é" * length
    for length in (shortest - 1, longest + 1):
        assert list(problems(**{field: "x" * length})) == [field]


@pytest.mark.parametrize(
    "field", ["email", "task", "round", "nonce", "brief", "checks", "evaluation_url", "attachments"]
)
@pytest.mark.parametrize("value", [{}, {"a": 1}, 1.5, True, "", "\ud800", 10**4000, float("inf")])
def test_a_value_of_the_wrong_kind_is_refused_by_its_field(field: str, value: object) -> None:
    assert {name.partition(".")[0] for name in problems(**{field: value})} == {field}


@pytest.mark.parametrize(("given_round", "meant"), [(1, 1), ("1", 1), ("007", 7), (999_999_999, 999_999_999)])
def test_a_round_may_come_as_digits_in_a_string(given_round: object, meant: int) -> None:
    assert request(round=given_round).round == meant


@pytest.mark.parametrize(
    "value", [0, -1, "0", "-1", "1.0", "one", " 1", "²", "9" * 5000, 1_000_000_000, 1.0, True, False, None, [1]]
)
def test_a_round_is_a_whole_number_from_1(value: object) -> None:
    assert list(problems(round=value)) == ["round"]


def test_unknown_fields_are_ignored_and_when_it_was_received_is_one_of_them() -> None:
    assert request(seed="x", blob="0" * 40, received_at="yesterday") == request()
    assert request(received_at="2026-11-20T12:00:00Z").received_at is None


@pytest.mark.parametrize("value", [None, 1, "text", [], [GIVEN]])
def test_what_is_no_object_is_no_request(value: object) -> None:
    with pytest.raises(InvalidTask) as caught:
        parse_task(Request, value)
    assert [entry["field"] for entry in caught.value.fields] == ["request"]


def test_every_problem_is_named_at_once_and_twenty_are_enough() -> None:
    found = problems(email="", task=3, round=0, evaluation_url="ftp://x", attachments=[{"name": "..", "url": "data:"}])
    assert set(found) == {"email", "task", "round", "evaluation_url", "attachments.0.name", "attachments.0.url"}
    assert len(problems(checks=[1] * 200)) == 20


@given(
    st.dictionaries(st.sampled_from([*GIVEN, "checks", "attachments", "wait_for_result", "received_at"]), JSON_VALUES)
)
@example({"checks": [{"deep": {"x": [10**4000]}}]})
@example({"attachments": [{"name": "\ud800", "url": "data:,\ud800"}]})
@example({"evaluation_url": "http://[::1"})
@example({"evaluation_url": "http://\u2100.example/"})
@example({"evaluation_url": "http://[v1.x]:99999999999999/"})
def test_no_request_raises_anything_but_that_it_is_invalid(changes: dict[str, Any]) -> None:
    with suppress(InvalidTask):
        parsed = request(**changes)
        assert len(parsed.id) == 16
        json.dumps(parsed.model_dump(mode="json"), ensure_ascii=False).encode()


@given(st.text(st.characters(codec="utf-8"), min_size=12, max_size=60))
def test_no_refusal_repeats_what_was_submitted(value: str) -> None:
    wrong = {name: {"is": value} for name in GIVEN} | {
        "checks": value,
        "attachments": [{"name": value + "\0", "url": value}],
    }
    with pytest.raises(InvalidTask) as caught:
        parse_task(Request, wrong)
    assert value not in json.dumps(caught.value.fields, ensure_ascii=False)
    assert value not in str(caught.value)


# Checks


@pytest.mark.parametrize(
    ("given_check", "check", "wire"),
    [
        ("Has a title", Check(text="Has a title"), "Has a title"),
        ("", Check(text=""), ""),
        ({"js": "a == 1"}, Check(text="a == 1", js=True), {"js": "a == 1"}),
        ("js: a == 1", Check(text="a == 1", js=True), {"js": "a == 1"}),
        ("JS: a == 1", Check(text="a == 1", js=True), {"js": "a == 1"}),
        ("javascript: a == 1", Check(text="a == 1", js=True), {"js": "a == 1"}),
        ("- js: a == 1", Check(text="a == 1", js=True), {"js": "a == 1"}),
        ("jsonp: a", Check(text="jsonp: a"), "jsonp: a"),
        ({"js": "a", "note": 1}, Check(text="a", js=True), {"js": "a"}),
        ({"js": 5}, Check(text='{"js": 5}'), '{"js": 5}'),
        ({"é": [1, None]}, Check(text='{"é": [1, null]}'), '{"é": [1, null]}'),
        ({}, Check(text="{}"), "{}"),
    ],
)
def test_a_check_is_a_text_or_javascript_and_anything_else_its_json(
    given_check: object, check: Check, wire: object
) -> None:
    assert request(checks=[given_check]).checks == (check,)
    assert check.wire_form() == wire
    assert request(checks=[wire]).checks == (check,)
    assert request(checks=[check]).checks == (check,)


@pytest.mark.parametrize("value", [None, 1, 1.5, True, ["a"]])
def test_a_check_that_is_neither_is_named_by_its_position(value: object) -> None:
    assert problems(checks=["ok", value]) == {"checks.1": "must be a string or an object"}


# URLs


@pytest.mark.parametrize(
    "url",
    [
        "http://a",
        "https://a.example:8443/x?y=z#w",
        "HTTPS://A.example",
        "http://127.0.0.1:1/",
        "http://[::1]:80/",
        "http://bücher.example/ä",
    ],
)
def test_an_http_url_with_a_host_is_taken(url: str) -> None:
    assert validate_web_url(url) == url
    assert request(evaluation_url=url).evaluation_url == url


@pytest.mark.parametrize(
    "url",
    [
        *("", "a", "/x", "//a", "http://", "http:///x", "http:a", "https://:80/", "ftp://a", "file:///etc/passwd"),
        *("javascript:alert(1)", "data:,x", "http://u@a", "http://u:p@a/", "http://@a", "http://good\\@evil"),
        *("http://a:0", "http://a:65536", "http://a:x", "http://[::1", "http://a b", "http://a\n", " http://a"),
        *("http://a/\0", "http://a/\x7f", "http://a/" + "x" * 2000),
    ],
)
def test_anything_else_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must be a"):
        validate_web_url(url)
    assert list(problems(evaluation_url=url)) == ["evaluation_url"]
    if not url.startswith("data:"):
        assert list(problems(attachments=[{"name": "a", "url": url}])) == ["attachments.0.url"]


# Attachments


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "/x",
        "a\\b",
        "a\0",
        "\u202ex",
        ".git/x",
        ".github/workflows/x.yml",
        "CNAME",
        "LICENSE",
        "pagewright.json",
        "",
    ],
)
def test_a_bad_name_is_refused_by_its_position(name: str) -> None:
    found = problems(attachments=[{"name": "ok.txt", "url": "data:,x"}, {"name": name, "url": "data:,x"}])
    assert list(found) == ["attachments.1.name"]


@pytest.mark.parametrize(("field", "item", "most"), [("checks", "x", 200), ("attachments", {"name": "x"}, 100)])
def test_a_list_has_its_length_and_a_longer_one_is_refused_as_a_whole(field: str, item: Any, most: int) -> None:
    def given(count: int) -> list[Any]:
        return [item if field == "checks" else item | {"name": f"{n}.txt", "url": "data:,a"} for n in range(count)]

    assert len(getattr(parse_task(Request, GIVEN | {field: given(most)}), field)) == most
    with pytest.raises(InvalidTask) as caught:
        parse_task(Request, GIVEN | {field: given(most + 1)})
    assert caught.value.fields == [{"field": field, "problem": f"must have at most {most} items"}]


@pytest.mark.parametrize("form", ["{}", "js: {}", {"js": "{}"}, {"a": "{}"}], ids=str)
def test_a_check_has_its_length_and_a_longer_one_is_named_by_its_position(form: Any) -> None:
    def given(count: int) -> Any:
        text = "canary" + "é" * (count - len("canary"))
        return form.format(text) if isinstance(form, str) else dict.fromkeys(form, text)

    around = len(json.dumps({"a": ""})) if form == {"a": "{}"} else 0
    assert len(parse_task(Request, GIVEN | {"checks": [given(20_000 - around)]}).checks[0].text) == 20_000
    with pytest.raises(InvalidTask) as caught:
        parse_task(Request, GIVEN | {"checks": ["a", given(20_001 - around)]})
    assert caught.value.fields == [{"field": "checks.1", "problem": "must have at most 20000 characters"}]
    assert "canary" not in str(caught.value)


def test_two_attachments_of_one_name_are_refused_by_the_place_of_the_second() -> None:
    names = ["a.csv", "b.csv", "A.csv"]
    attachments = [{"name": name, "url": "data:,x"} for name in names]
    assert problems(attachments=attachments) == {"attachments.2.name": "is used twice"}
    assert problems(attachments=[*attachments[:1], *attachments[:1]]) == {"attachments.1.name": "is used twice"}


def test_an_attachment_knows_whether_its_bytes_lie_elsewhere() -> None:
    assert Attachment(name="a", url="https://a.example/b").is_remote
    assert not Attachment(name="a", url="DATA:,b").is_remote


@pytest.mark.parametrize(
    ("uri", "content"),
    [
        ("data:,", b""),
        ("data:,a%20b+c", b"a b+c"),
        ("data:text/csv;charset=utf-8,%C3%A9,1", "é,1".encode()),
        ("data:text/plain,é", "é".encode()),
        ("data:,100%", b"100%"),
        ("data:text/plain;base64,aGVsbG8=", b"hello"),
        ("DATA:;BASE64,aGVsbG8=", b"hello"),
        ("data:text/plain;charset=utf-8;name=a.txt;base64,aGVsbG8=", b"hello"),
        ("data:; base64 ,aGVsbG8=", b"hello"),
        ("data:;base64,aGVsbG8", b"hello"),
        ("data:;base64,aGVs%62G8%3D", b"hello"),
        ("data:;base64,aGVs\n bG8=\n", b"hello"),
        ("data:;base64,-_8=", b"\xfb\xff"),
        ("data:;base64,+/8=", b"\xfb\xff"),
        ("data:;base64,", b""),
        ("data:base64,aGVsbG8=", b"aGVsbG8="),
        ("data:;base64=no,aGVsbG8=", b"aGVsbG8="),
    ],
)
def test_a_data_uri_is_decoded_however_its_sender_writes_it(uri: str, content: bytes) -> None:
    assert decode_data_uri(uri) == content


@pytest.mark.parametrize(
    "uri",
    [
        "data:",
        "data:;base64",
        "data:;base64,a",
        "data:;base64,????",
        "data:;base64,aG=Vs",
        "data:;base64,aGVs!G8=",
        "data:;base64,é",
    ],
)
def test_what_is_no_data_uri_is_refused(uri: str) -> None:
    with pytest.raises(ValueError, match="is a data URI"):
        decode_data_uri(uri)
    assert list(problems(attachments=[{"name": "a", "url": uri}])) == ["attachments.0.url"]


@given(st.binary(), st.sampled_from(["", "text/csv", "image/png;charset=x", "a/b;n=%2C"]), st.booleans())
def test_bytes_survive_every_encoding(content: bytes, kind: str, is_padded: bool) -> None:  # noqa: FBT001
    packed = {base64.b64encode(content), base64.urlsafe_b64encode(content)}
    for text in [item.decode() if is_padded else item.decode().rstrip("=") for item in packed]:
        assert decode_data_uri(f"data:{kind};base64,{text}") == content
        assert decode_data_uri(f"data:{kind};base64,{quote_from_bytes(text.encode(), safe='')}") == content
    assert decode_data_uri(f"data:{kind},{quote_from_bytes(content)}") == content


@pytest.mark.parametrize("shift", range(4))
def test_an_escape_may_lie_anywhere_in_a_long_uri(shift: int) -> None:
    assert decode_data_uri("data:," + "x" * shift + "%41%" * 60_000) == b"x" * shift + b"A%" * 60_000


@given(st.text(st.characters(), max_size=80))
def test_junk_after_the_comma_raises_nothing_but_value_errors(junk: str) -> None:
    for uri in (f"data:;base64,{junk}", f"data:{junk},{junk}", junk):
        with suppress(ValueError):
            assert isinstance(decode_data_uri(uri), bytes)
