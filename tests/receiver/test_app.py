"""The door, from outside: every answer that it gives, and what GitHub gets to see."""

import asyncio
import base64
import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from orchestrator.core.order import read_event
from orchestrator.core.task import Check
from receiver.tasks.payload import INLINE_BYTES
from tests.doubles.door import ID, KEY, MB, TASK, ScriptedGitHub, fields, send, to

pytestmark = pytest.mark.anyio


# Guessing


async def test_after_ten_wrong_secrets_in_a_minute_an_address_is_told_to_wait(door: httpx.AsyncClient) -> None:
    answers = [await send(door, secret=f"guess {number}") for number in range(12)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 2
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60
    assert answers[-1].json() == {"error": "Too many wrong secrets were sent from this address. Wait a minute."}
    # Whoever has the secret may sit behind the same proxy as the one who guesses.
    assert (await send(door)).status_code == 200


# Acceptance


async def test_a_task_is_accepted_once_github_has_taken_it(door: httpx.AsyncClient, github: ScriptedGitHub) -> None:
    answer = await send(door)
    assert answer.status_code == 200
    assert answer.json() == {"status": "accepted", "task": "Sum of sales", "round": 1, "id": ID}
    assert github.calls == ["POST /repos/octo/pagewright/dispatches"]


async def test_the_event_is_what_the_workflow_reads(door: httpx.AsyncClient, github: ScriptedGitHub) -> None:
    before = datetime.now(UTC)
    await send(door, round="1", wait_for_result=False, seed="unknown")
    (sent,) = github.dispatched
    payload = sent["client_payload"]
    assert sent["event_type"] == "task"
    assert payload.keys() == {"id", "key", "title", "request"}
    assert (payload["id"], payload["key"], payload["title"]) == (ID, KEY, "sum-of-sales round 1")
    received = datetime.fromisoformat(payload["request"].pop("received_at"))
    assert before <= received <= before + timedelta(seconds=10)
    assert payload["request"] == {
        **{name: value for name, value in TASK.items() if name != "secret"},
        "framework": "auto",
    }
    task = read_event({"client_payload": payload}, "1").assemble_task()
    assert task.checks == (Check(text="Has a title"), Check(text="a == 1", js=True))


async def test_the_secret_is_never_forwarded(door: httpx.AsyncClient, github: ScriptedGitHub) -> None:
    await send(door)
    await send(door, brief="x" * INLINE_BYTES)
    assert "s3cret" not in json.dumps([github.dispatched, list(github.blobs.values())], ensure_ascii=False)


async def test_when_it_was_received_only_the_receiver_says(door: httpx.AsyncClient, github: ScriptedGitHub) -> None:
    assert (await send(door, received_at="1999-01-01T00:00:00Z")).status_code == 200
    assert (await send(door, received_at="yesterday")).status_code == 200
    for sent in github.dispatched:
        assert sent["client_payload"]["request"]["received_at"][:4] > "1999"


@pytest.mark.parametrize("code", [409, 422])
async def test_a_request_that_push_protection_refuses_is_refused_for_good_and_names_the_fields(
    code: int, door: httpx.AsyncClient, github: ScriptedGitHub
) -> None:
    github.blocks = code
    key = "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"
    held = f"data:text/plain;base64,{base64.b64encode(f'key={key}'.encode()).decode()}"
    attachments = [{"name": "a.csv", "url": "data:text/csv,a"}, {"name": "b.env", "url": held}]
    answer = await send(door, attachments=attachments, brief="x" * 61_000)
    assert answer.status_code == 422
    assert "retry-after" not in answer.headers
    assert "push protection" in answer.json()["error"]
    assert [field["field"] for field in answer.json()["fields"]] == ["attachments.1.url"]
    assert key not in answer.text
    assert len(github.calls) == 1


async def test_a_large_request_goes_by_a_blob_that_holds_nothing_personal(
    door: httpx.AsyncClient, github: ScriptedGitHub
) -> None:
    url = "data:application/octet-stream;base64," + base64.b64encode(bytes(200_000)).decode()
    answer = await send(door, brief="Zähle.", attachments=[{"name": "big.bin", "url": url}])
    assert answer.json()["status"] == "accepted"
    assert github.calls == [f"POST /repos/octo/pagewright/{last}" for last in ("git/blobs", "dispatches")]
    ((sha, content),) = github.blobs.items()
    large = json.loads(content)
    assert large.keys() == {"brief", "checks", "attachments"}
    for personal in ("ann@example.com", "n-1", "https://example.com/notify"):
        assert personal not in content
    payload = github.dispatched[0]["client_payload"]
    assert payload["request"]["blob"] == sha
    assert not payload["request"].keys() & {"brief", "checks", "attachments", "secret"}
    assert len(json.dumps(payload)) < 65_535
    assert read_event({"client_payload": payload}, "1").assemble_task(large).attachments[0].url == url


@pytest.mark.parametrize("letter", ["x", "é", "😀", '"', "\x01"])
async def test_no_event_passes_githubs_limit_whatever_it_is_made_of(
    letter: str, door: httpx.AsyncClient, github: ScriptedGitHub
) -> None:
    size = len(json.dumps(letter, ensure_ascii=False).encode()) - 2
    for length in (INLINE_BYTES // size - 900, INLINE_BYTES // size):
        assert (await send(door, brief=letter * length)).status_code == 200
    sizes = [len(json.dumps(sent["client_payload"], ensure_ascii=False).encode()) for sent in github.dispatched]
    assert max(sizes) <= INLINE_BYTES
    assert len(github.blobs) == 1


async def test_what_github_could_not_keep_is_not_dispatched(door: httpx.AsyncClient, github: ScriptedGitHub) -> None:
    github.failures = [502, 502, 502]
    assert (await send(door, brief="x" * INLINE_BYTES)).status_code == 503
    assert github.dispatched == []


@pytest.mark.parametrize("failure", [500, 503, None])
async def test_an_outage_that_passes_is_not_noticed(
    failure: int | None, door: httpx.AsyncClient, github: ScriptedGitHub
) -> None:
    github.failures = [failure, failure]
    assert (await send(door)).status_code == 200
    assert len(github.calls) == 3


@pytest.mark.parametrize(
    ("failures", "tries"), [([500] * 3, 3), ([None] * 3, 3), ([401], 1), ([403], 1), ([404], 1), ([422], 1)]
)
async def test_what_github_does_not_take_is_not_accepted(
    failures: list[int | None], tries: int, door: httpx.AsyncClient, github: ScriptedGitHub
) -> None:
    github.failures = failures
    answer = await send(door)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "30"
    assert answer.json().keys() == {"error"}
    assert "t0ken" not in answer.text
    assert len(github.calls) == tries
    assert github.dispatched == []


async def test_twelve_at_once_are_twelve_dispatches(door: httpx.AsyncClient, github: ScriptedGitHub) -> None:
    answers = await asyncio.gather(*(send(door, nonce=str(n)) for n in range(12)))
    assert {answer.status_code for answer in answers} == {200}
    assert {sent["client_payload"]["id"] for sent in github.dispatched} == {answer.json()["id"] for answer in answers}
    assert len(github.dispatched) == 12


# Who may ask


async def test_a_wrong_secret_and_a_wrong_email_get_one_and_the_same_answer(github: ScriptedGitHub) -> None:
    async with to(github, allowed_emails=frozenset({"ann@example.com"})) as door:
        answers = [
            await send(door, **wrong)
            for wrong in ({"secret": "no"}, {"email": "eve@example.com"}, {"secret": "", "email": "e"})
        ]
        assert {answer.status_code for answer in answers} == {401}
        assert len({(answer.content, tuple(answer.headers.items())) for answer in answers}) == 1
        assert (await send(door, email=" ANN@example.com")).status_code == 200
    assert len(github.dispatched) == 1


@pytest.mark.parametrize("secret", ["", "S3cret-é", "s3cret-e", "s3cret-é ", "😀", "s3cret-é\0", "x" * MB])
async def test_a_wrong_secret_of_any_form_is_401(secret: str, door: httpx.AsyncClient) -> None:
    assert (await send(door, secret=secret)).status_code == 401


@pytest.mark.parametrize("secret", [..., None, 5, 1.5, True, [], ["s3cret-é"], {"a": "s3cret-é"}])
async def test_a_secret_that_is_no_string_is_422(secret: object, door: httpx.AsyncClient) -> None:
    answer = await send(door, secret=secret)
    assert fields(answer) == ["secret"]
    assert "s3cret" not in answer.text


async def test_without_the_secret_nothing_is_said_about_the_rest(door: httpx.AsyncClient) -> None:
    assert (await send(door, secret="no", task=5, brief=None)).status_code == 401


async def test_an_email_that_is_no_string_is_a_wrong_field_and_no_wrong_email(github: ScriptedGitHub) -> None:
    async with to(github, allowed_emails=frozenset({"ann@example.com"})) as door:
        assert fields(await send(door, email=["ann@example.com"])) == ["email"]


# Bad input


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"task=x", b"\xff\xfe", b'{"secret": "\\ud800"}', b'{"a": NaN}', b'{"a": Infinity}', b"{}{}"),
        *(b"9" * 5_000, b'{"round": %s}' % (b"9" * 5_000)),
        '{"secret": "\ud800"}'.encode("utf-8", "surrogatepass"),
        json.dumps(TASK).encode("utf-16"),
    ],
    ids=lambda body: repr(body[:16]),
)
async def test_what_is_no_json_is_400(body: bytes, door: httpx.AsyncClient, github: ScriptedGitHub) -> None:
    answer = await door.post("/api-endpoint", content=body)
    assert answer.status_code == 400
    assert answer.json()["error"].endswith(" Send one JSON object, encoded as UTF-8.")
    assert github.calls == []


@pytest.mark.parametrize("body", [b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 100_000], ids=["lists", "objects"])
async def test_a_body_of_too_many_values_is_400(body: bytes, door: httpx.AsyncClient, github: ScriptedGitHub) -> None:
    answer = await door.post("/api-endpoint", content=body)
    assert answer.status_code == 400
    assert answer.json()["error"] == "The body has more than 65536 values. Send a request with fewer values."
    assert github.calls == []


@pytest.mark.parametrize("path", ["/health/", "/result/?email=a&task=b&nonce=c"])
async def test_a_slash_at_the_end_is_answered_the_same(path: str, door: httpx.AsyncClient) -> None:
    there, here = await door.get(path), await door.get(path.replace("/?", "?").rstrip("/"))
    assert (there.status_code, there.json()) == (here.status_code, here.json())


async def test_a_task_sent_with_a_slash_at_the_end_is_taken(door: httpx.AsyncClient) -> None:
    assert (await door.post("/api-endpoint/", json=TASK)).status_code == 200


@pytest.mark.parametrize("body", [b"[]", b"null", b'"s3cret"', b"5", b"true", b"1e999", b"[" * 100 + b"]" * 100])
async def test_json_that_is_no_object_is_422(body: bytes, door: httpx.AsyncClient) -> None:
    assert fields(await door.post("/api-endpoint", content=body)) == ["request"]


@pytest.mark.parametrize("field_", ["email", "task", "round", "nonce", "brief", "evaluation_url"])
@pytest.mark.parametrize("value", [..., None, "", [], {}, [["x"]], {"a": {"b": 1}}, 1.5, False, 10**4000])
async def test_a_field_that_is_missing_or_of_the_wrong_kind_is_422(
    field_: str, value: object, door: httpx.AsyncClient, github: ScriptedGitHub
) -> None:
    assert fields(await send(door, **{field_: value})) == [field_]
    assert github.calls == []


async def test_every_wrong_field_is_named_at_once_by_its_place(door: httpx.AsyncClient) -> None:
    answer = await send(
        door,
        round=0,
        checks=["ok", 5],
        evaluation_url="http://user@host/",
        attachments=[{"name": "../x", "url": "data:,x"}, {"name": "a", "url": "data:;base64,?"}, {}],
    )
    assert sorted(fields(answer)) == [
        *("attachments.0.name", "attachments.1.url", "attachments.2.name", "attachments.2.url"),
        *("checks.1", "evaluation_url", "round"),
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"brief": 5},
        {"checks": "canary-value"},
        {"checks": [["canary-value"]]},
        {"round": "canary-value"},
        {"evaluation_url": "ftp://canary-value"},
        {"attachments": [{"name": "../canary-value", "url": "canary-value"}]},
        {"secret": "canary-value"},
        {"secret": ["canary-value"]},
        {"task": "canary-value" * 50},
        {"canary-value": 1, "brief": ""},
        {},
    ],
)
async def test_no_answer_and_no_line_of_the_log_repeats_what_was_submitted(
    changes: dict[str, Any], door: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    values = {
        "email": "canary-value@example.com",
        "nonce": "canary-value",
        "evaluation_url": "https://canary-value.example",
    }
    answer = await send(door, **(values | changes))
    assert answer.status_code < 500
    for said in (answer.text, caplog.text, str(answer.headers)):
        assert "canary-value" not in said
        assert "s3cret" not in said


async def test_the_log_says_which_request_and_how_many_unknown_fields(
    door: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "pagewright.receiver")
    await send(door, seed=1, hint=2)
    assert f"task {ID}: round 1, 2 unknown fields" in caplog.text


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
async def test_another_method_is_405(method: str, door: httpx.AsyncClient) -> None:
    answer = await door.request(method, "/api-endpoint")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert method == "HEAD" or answer.json() == {"error": "Send tasks to POST /api-endpoint."}


async def test_another_path_is_404(door: httpx.AsyncClient) -> None:
    answer = await door.post("/api", json=TASK)
    assert answer.status_code == 404
    assert answer.json() == {"error": "Nothing was found at this address. Send tasks to POST /api-endpoint."}
