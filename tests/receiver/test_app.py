"""The door, from outside: every answer that it gives, and what GitHub gets to see."""

import asyncio
import base64
import hashlib
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from orchestrator.core.retry import Kind, Policy, Rule
from orchestrator.core.task import Check, read_event, request_id, task_key
from receiver.app import create_app
from receiver.github.client import GitHub
from receiver.settings import Settings
from receiver.tasks.payload import INLINE_BYTES
from receiver.tasks.throttle import Throttle

pytestmark = pytest.mark.anyio

MB = 1024 * 1024
SETTINGS = Settings("s3cret-é", "t0ken", "octo/pagewright", "pages", poll_s=0, wait_s=0.5, read_s=5, drain_s=5)
AT_ONCE: Policy = {Kind.OUTAGE: Rule((0, 0), within=5)}
TASK: dict[str, Any] = {
    "email": "ann@example.com",
    "secret": "s3cret-é",
    "task": "Sum of sales",
    "round": 1,
    "nonce": "n-1",
    "brief": "Show the sum.",
    "checks": ["Has a title", {"js": "a == 1"}],
    "evaluation_url": "https://example.com/notify",
    "attachments": [{"name": "data.csv", "url": "data:text/csv;base64,YSwxCg=="}],
}
ID = request_id("ann@example.com", "Sum of sales", 1, "n-1")
KEY = task_key("s3cret-é", "ann@example.com", "Sum of sales")


@dataclass
class ScriptedGitHub:
    """Behaves as GitHub does towards the receiver, and as the pages. `failures`: what the next calls get, a status or
    no answer; `now`: the receiver's clock; `free`: how many of the calls were answered with 304.
    """

    failures: list[int | None] = field(default_factory=list)
    blocks: int | None = None
    workflow: str = "active"
    dispatched: list[dict[str, Any]] = field(default_factory=list)
    blobs: dict[str, str] = field(default_factory=dict)
    runs: list[dict[str, Any]] = field(default_factory=list)
    commits: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    models: str | None = "gpt-4.1, claude-sonnet"
    homepage: str | None = None
    calls: list[str] = field(default_factory=list)
    on_call: Callable[[int], None] = lambda _: None
    live: dict[str, Any] = field(default_factory=dict)
    asked: list[httpx.Request] = field(default_factory=list)
    now: float = 0
    free: int = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if request.url.host != "api.github.com":
            return self._page(request)
        self.calls.append(f"{request.method} {request.url.path}")
        self.on_call(len(self.calls))
        if self.failures:
            if (status := self.failures.pop(0)) is None:
                raise httpx.ConnectError("refused")
            return httpx.Response(status)
        return getattr(self, f"_{request.method.lower()}")(request)  # type: ignore[no-any-return]

    def _post(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        if request.url.path.endswith("/dispatches"):
            self.dispatched.append(body)
            return httpx.Response(204)
        if self.blocks:
            said = "Repository rule violations found\n\nSecret detected in content"
            return httpx.Response(self.blocks, json={"message": said})
        sha = hashlib.sha1(body["content"].encode(), usedforsecurity=False).hexdigest()
        self.blobs[sha] = body["content"]
        return httpx.Response(201, json={"sha": sha})

    def _get(self, request: httpx.Request) -> httpx.Response:
        if (found := self._found(request)) is None:
            return httpx.Response(404)
        of_a_list = found.get("workflow_runs", found) if isinstance(found, dict) else found
        page, links = int(request.url.params.get("page", 1)), {}
        if isinstance(of_a_list, list):
            shown = of_a_list[page * 100 - 100 : page * 100]
            if len(of_a_list) > page * 100:
                following = request.url.copy_set_param("page", page + 1)
                links = {"link": f'<{following}>; rel="next"'}
            found = {**found, "workflow_runs": shown} if "workflow_runs" in found else shown
        content = json.dumps(found).encode()
        etag = f'W/"{hashlib.sha256(content).hexdigest()}"'
        if request.headers.get("if-none-match") == etag:
            self.free += 1
            return httpx.Response(304, headers={"etag": etag})
        return httpx.Response(200, content=content, headers={"etag": etag} | links)

    def _found(self, request: httpx.Request) -> Any:
        match request.url.path.split("/")[3:]:
            case ["pagewright", "actions", "workflows", "build.yml"]:
                return {"state": self.workflow}
            case ["pagewright", "actions", "workflows", "build.yml", "runs"]:
                return {"total_count": len(self.runs), "workflow_runs": self.runs}
            case ["pagewright", "actions", "variables", "LLM_MODELS"] if self.models is not None:
                return {"name": "LLM_MODELS", "value": self.models}
            case [name, "commits"]:
                return self.commits.get(name)
            case [name] if name in self.commits:
                return {"full_name": f"pages/{name}", "homepage": self.homepage}
            case _:
                return None

    def _page(self, request: httpx.Request) -> httpx.Response:
        there = self.live.get(str(request.url))
        if isinstance(there, Exception):
            raise there
        if isinstance(there, httpx.Response):
            return there
        return httpx.Response(404) if there is None else httpx.Response(200, json=there)

    def runs_now(self, request: str, status: str, conclusion: str | None = None) -> None:
        """Let there be a newer run, a minute later."""
        self.now += 60
        url = "https://github.com/octo/pagewright/actions/runs/9"
        said = {"display_title": f"sum-of-sales round 1 · {request}", "status": status, "conclusion": conclusion}
        self.runs.insert(0, said | {"html_url": url})

    def commits_now(self, request: str, repository: str = "sum-of-sales") -> None:
        """Let the repository have this one commit, a minute later."""
        self.now += 60
        message = f"Build {repository}, round 1\n\nPagewright-Request: {request}\nPagewright-Round: 1"
        url = f"https://github.com/pages/{repository}/commit/{'a' * 40}"
        self.commits[repository] = [{"sha": "a" * 40, "html_url": url, "commit": {"message": message}}]


def app(
    github: ScriptedGitHub,
    settings: Settings = SETTINGS,
    throttle: Throttle | None = None,
    clock: Callable[[], float] | None = None,
) -> Any:
    client = httpx.AsyncClient(transport=httpx.MockTransport(github))
    clock = clock or (lambda: github.now)
    return create_app(settings, GitHub(settings, client, AT_ONCE, clock), throttle, clock)


def to(github: ScriptedGitHub, **changes: Any) -> httpx.AsyncClient:
    """Return a client of a receiver with these settings in front of this GitHub."""
    transport = httpx.ASGITransport(app(github, replace(SETTINGS, **changes)))
    return httpx.AsyncClient(transport=transport, base_url="http://door.test")


async def send(door: httpx.AsyncClient, **changes: Any) -> httpx.Response:
    body = {name: value for name, value in (TASK | changes).items() if value is not ...}
    return await door.post("/api-endpoint", json=body)


def fields(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 422
    assert answer.json().keys() == {"error", "fields"}
    return [entry["field"] for entry in answer.json()["fields"]]


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
        *(b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 100_000, b"9" * 5_000, b'{"round": %s}' % (b"9" * 5_000)),
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
