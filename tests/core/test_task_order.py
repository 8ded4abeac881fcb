"""How a request travels to the workflow: its id, its keys, its repository, and the event or inputs that carry it."""

import hashlib
import hmac
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic_core import from_json

from orchestrator.core.errors import UsageError
from orchestrator.core.order import Order, read_event
from orchestrator.core.task import (
    Check,
    InvalidTask,
    Request,
    manual_id,
    manual_key,
    parse_request_id,
    repository_names,
    request_id,
    slug,
    task_key,
    title_of,
)
from tests.doubles.requests import GIVEN, JSON_VALUES, request

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
