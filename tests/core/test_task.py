"""What was asked: the form of a request, its identity, and how it travels to the workflow."""

import base64
import hashlib
import hmac
import json
from contextlib import suppress
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic_core import from_json

from orchestrator.core.errors import UsageError
from orchestrator.core.task import (
    Attachment,
    Check,
    InvalidTask,
    Order,
    Request,
    decode_data_uri,
    manual_id,
    manual_key,
    parse_request_id,
    parse_task,
    read_event,
    repository_names,
    request_id,
    slug,
    task_key,
    title_of,
    validate_web_url,
)

GIVEN: dict[str, Any] = {
    "email": "ann@example.com",
    "secret": "s3cret",
    "task": "sum-of-sales",
    "round": 1,
    "nonce": "n-1",
    "brief": "Show the sum.",
    "evaluation_url": "https://example.com/notify",
}
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def request(**changes: Any) -> Request:
    return parse_task(Request, GIVEN | changes)


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


# Identity and names


def test_the_id_is_what_the_contract_says() -> None:
    said = hashlib.sha256("änn@example.com\nsum\n2\nn-1".encode()).hexdigest()[:16]
    assert request_id("änn@example.com", "sum", 2, "n-1") == said
    assert request(email="änn@example.com", task="sum", round="2").id == said


def test_another_nonce_is_another_request() -> None:
    assert request(nonce="n-2").id != request().id
    assert request(brief="Something else.").id == request().id


def test_the_keys_are_what_the_contract_says() -> None:
    said = hmac.new(b"s3cret", b"ann@example.com\nsum", hashlib.sha256).hexdigest()[:16]
    assert task_key("s3cret", "ann@example.com", "sum") == said
    assert manual_key("sum") == hashlib.sha256(b"manual\nsum").hexdigest()[:16]
    assert task_key("ß", "é", "日") != task_key("s", "é", "日")
    assert task_key(b"s3cret", "ann@example.com", "sum") == said


@pytest.mark.parametrize(
    ("task", "name"),
    [
        ("sum-of-sales", "sum-of-sales"),
        ("Sum Of Sales!", "sum-of-sales"),
        ("abc;def%()ghi!", "abc-def-ghi"),
        ("Åström", "astrom"),
        ("日本", "task"),
        ("..", "task"),
        (".github", "github"),
        ("x.git", "x"),
        ("x.git.wiki", "x"),
        ("a.git-.git", "a"),
        (".git", "git"),
        ("git", "git"),
        ("a.b_c", "a.b_c"),
        ("x" * 200, "x" * 93),
        ("x" * 89 + ".gitabc", "x" * 89),
        ("x" * 92 + "-y", "x" * 92),
    ],
)
def test_a_repository_is_named_after_its_task(task: str, name: str) -> None:
    assert slug(task) == name


@given(st.text(st.characters(), max_size=200))
@example("-" * 93 + ".git")
def test_every_name_is_one_that_github_leaves_as_it_is(task: str) -> None:
    name = slug(task)
    assert 1 <= len(name) <= 93
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789._-")
    assert name == name.strip("-.")
    assert not name.endswith((".git", ".wiki"))
    assert slug(name) == name


@given(st.text(st.sampled_from("-.gitwkx"), max_size=120))
def test_no_ending_that_github_keeps_comes_out_from_under_another(task: str) -> None:
    assert not slug(task).endswith((".git", ".wiki", "-", "."))


def test_where_the_name_is_taken_the_key_makes_another() -> None:
    assert repository_names("Sum!", "0123456789abcdef") == ("sum", "sum-012345")
    assert max(map(len, repository_names("x" * 200, "0123456789abcdef"))) == 100
    assert repository_names("Sum!", "0" * 16, "1" * 16, "0" * 6 + "f" * 10) == ("sum", "sum-000000", "sum-111111")


def test_the_title_of_a_run_is_a_slug_and_nothing_else() -> None:
    assert title_of("Sum für ann@example.com", 2) == "sum-fur-ann-example.com round 2"
    assert title_of("x" * 200, 1) == "x" * 80 + " round 1"


@pytest.mark.parametrize(
    ("message", "request_"),
    [
        ("Build x, round 1\n\nPagewright-Request: 0123456789abcdef\nPagewright-Round: 1", "0123456789abcdef"),
        ("Build x\r\n\r\nPagewright-Request: 0123456789abcdef\r\nPagewright-Round: 1\r\n", "0123456789abcdef"),
        ("Build x\n\nText.\n \nPagewright-Request: 0123456789abcdef\n\n", "0123456789abcdef"),
        ("Pagewright-Request: 0123456789abcdef", None),
        ("Build x\nPagewright-Request: 0123456789abcdef", None),
        ("Build x\n\nPagewright-Request: 0123456789abcdef\n\nSigned-off-by: me", None),
        ("Build x\n\nPagewright-Request: 0123456789abcdef\nPagewright-Request: fedcba9876543210", None),
        ("Build x\n\n> Pagewright-Request: 0123456789abcdef", None),
        ("Build x\n\nPagewright-Request: 0123456789ABCDEF", None),
        ("Build x\n\nPagewright-Request: 0123456789abcdef0", None),
        ("", None),
    ],
)
def test_only_the_last_block_of_a_message_says_which_request_it_answers(message: str, request_: str | None) -> None:
    assert parse_request_id(message) == request_


# The event


def dispatched(task: Request, **changes: Any) -> dict[str, Any]:
    wire = json.loads(task.model_dump_json(exclude={"wait_for_result"})) | {
        "checks": [c.wire_form() for c in task.checks]
    }
    payload = {"id": task.id, "key": "0" * 16, "title": "sum round 1", "request": wire} | changes
    return json.loads(json.dumps({"action": "task", "client_payload": payload}))  # type: ignore[no-any-return]


def test_a_dispatch_is_read_as_it_was_sent() -> None:
    sent = request(checks=["a", {"js": "b"}], attachments=[{"name": "a.txt", "url": "data:,x"}])
    order = read_event(dispatched(sent), "9")
    assert (order.id, order.key, order.title, order.blob, order.by_hand) == (
        sent.id,
        "0" * 16,
        "sum round 1",
        None,
        False,
    )
    assert order.assemble_task().model_dump() == sent.model_dump(exclude={"wait_for_result"})


FORMER = [f"{number:016x}" for number in range(5)]


def test_former_keys_follow_the_key() -> None:
    assert read_event(dispatched(request()), "9").keys == ("0" * 16,)
    assert read_event(dispatched(request(), former_keys=[]), "9").keys == ("0" * 16,)
    assert read_event(dispatched(request(), key="f" * 16, former_keys=FORMER[:4]), "9").keys == ("f" * 16, *FORMER[:4])


@pytest.mark.parametrize(
    "former", ["0" * 16, {}, 5, [""], [None], ["0" * 15], ["0" * 17], ["0" * 15 + "G"], ["0" * 16 + "\n"], FORMER]
)
def test_what_is_no_key_makes_no_repository_ours(former: object) -> None:
    with pytest.raises(UsageError, match="former_keys of the event are invalid"):
        read_event(dispatched(request(), former_keys=former), "9")


def test_the_large_parts_come_from_the_blob() -> None:
    sent = request(checks=["a"])
    event = dispatched(sent)
    wire = event["client_payload"]["request"]
    large = {name: wire.pop(name) for name in ("brief", "checks", "attachments")}
    order = read_event(
        event | {"client_payload": event["client_payload"] | {"request": wire | {"blob": "b" * 40}}}, "9"
    )
    assert order.blob == "b" * 40
    assert order.assemble_task(large).checks == (Check(text="a"),)
    with pytest.raises(InvalidTask):
        order.assemble_task()


def test_who_asked_is_known_even_where_the_rest_is_not() -> None:
    event = dispatched(request(), request={**GIVEN, "brief": None, "checks": 3, "attachments": "x"})
    asker = read_event(event, "9").identity()
    assert (asker.email, asker.task, asker.round, asker.nonce) == ("ann@example.com", "sum-of-sales", 1, "n-1")
    assert asker.evaluation_url == GIVEN["evaluation_url"]


def test_an_id_that_is_not_that_of_its_request_is_refused() -> None:
    with pytest.raises(UsageError, match="id of the event does not match"):
        read_event(dispatched(request(), id="0" * 16), "9").assemble_task()


@pytest.mark.parametrize("changes", [{"id": None}, {"key": 5}, {"title": []}, {"request": None}, {"request": "x"}])
def test_a_dispatch_that_lacks_a_part_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="has no id, key, title or request"):
        read_event(dispatched(request(), **changes), "9")


@pytest.mark.parametrize("event", [{}, {"client_payload": []}, {"inputs": None}, {"ref": "refs/heads/main"}])
def test_another_event_is_refused(event: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="not one that this workflow accepts"):
        read_event(event, "9")


def by_hand(**inputs: Any) -> Order:
    return read_event({"inputs": inputs}, "77")


def test_a_run_by_hand_needs_a_task_and_a_brief() -> None:
    order = by_hand(task="My page", brief="A page.", round="", checks="", evaluation_url="", email="")
    task = order.assemble_task()
    assert (task.round, task.nonce, task.email, task.evaluation_url) == (1, "run-77", "", None)
    said = hashlib.sha256(b"manual\nMy page\n1\nrun-77").hexdigest()[:16]
    assert (order.id, order.keys, order.title) == (said, (manual_key("My page"),), "my-page round 1")
    assert order.by_hand
    assert order.blob is None


def test_by_hand_the_id_says_nothing_of_the_email() -> None:
    """It stands in the commit of a public repository, where task, round and nonce can be read or tried out."""
    orders = [by_hand(task="t", brief="b", email=email) for email in ("", "ann@example.com", "bob@example.com")]
    assert {order.id for order in orders} == {manual_id("t", 1, "run-77")}
    assert orders[1].assemble_task().email == "ann@example.com"
    assert by_hand(task="t", brief="b", round="2").id != orders[0].id


def test_its_checks_come_one_a_line() -> None:
    task = by_hand(
        task="t",
        brief="b",
        round="2",
        checks="First\r\n\n  \njs: a == 1\n",
        evaluation_url="https://a.example",
        email="e",
    ).assemble_task()
    assert task.checks == (Check(text="First"), Check(text="a == 1", js=True))
    assert (task.round, task.evaluation_url, task.email) == (2, "https://a.example", "e")


def test_a_whole_request_may_come_as_json_and_loses_its_secret() -> None:
    order = by_hand(request=json.dumps(GIVEN | {"checks": [{"js": "x"}]}), task="ignored")
    assert order.assemble_task().nonce == "n-1"
    assert order.assemble_task().checks == (Check(text="x", js=True),)
    assert "secret" not in order.request
    assert "s3cret" not in repr(order)
    without = {name: value for name, value in GIVEN.items() if name != "nonce"}
    assert by_hand(request=json.dumps(without)).assemble_task().nonce == "run-77"


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "[]", '"x"', "9" * 5000, "NaN"])
def test_a_request_that_is_no_json_object_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not"):
        by_hand(request=text)


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"task": "t"},
        {"brief": "b"},
        {"task": "t", "brief": "b", "round": "x"},
        {"request": "{}"},
        {"request": '{"task": "\\ud800"}'},
    ],
)
def test_inputs_that_make_no_task_are_refused(inputs: dict[str, str]) -> None:
    with pytest.raises(InvalidTask):
        by_hand(**inputs)


@given(st.dictionaries(st.sampled_from(["client_payload", "inputs"]), JSON_VALUES))
@example({"client_payload": {"id": "a", "key": "b", "title": "c", "request": {"task": "\ud800"}}})
def test_no_event_raises_anything_but_that_it_is_wrong(event: dict[str, Any]) -> None:
    with suppress(UsageError):
        order = read_event(event, "1")
        order.identity()
        order.assemble_task()


@given(st.binary(max_size=200))
def test_what_the_parser_of_json_lets_through_can_be_sent_on(body: bytes) -> None:
    """The receiver parses with it: no surrogates, no nesting bombs, no numbers of thousands of digits."""
    try:
        parsed = from_json(b'{"brief": "' + body + b'"}', allow_inf_nan=False)
    except ValueError:  # a UnicodeEncodeError is one too, so only the parser may raise it here
        return
    json.dumps(parsed, ensure_ascii=False).encode()
