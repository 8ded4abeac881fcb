"""What the receiver asks of GitHub, and what it makes of the answers."""

import asyncio
import json
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from orchestrator.core.loopback import bind, serving
from orchestrator.core.retry import Kind, Policy, Rule
from receiver.github.client import BlockedError, GitHub, NotTakenError, create_http_client
from receiver.github.listings import AnsweringCommit, RequestRun
from receiver.settings import Settings

pytestmark = pytest.mark.anyio

SETTINGS = Settings("s3cret", "t0ken", "octo/pagewright", "pages", api_url="http://api.test")
AT_ONCE: Policy = {Kind.OUTAGE: Rule((0, 0), within=5)}
ID = "0123456789abcdef"
OTHER = "fedcba9876543210"
Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class Script:
    """Gives the answers in order, the last one for ever, and keeps the calls."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.calls: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer

    def github(self, policy: Policy = AT_ONCE) -> GitHub:
        return GitHub(SETTINGS, httpx.AsyncClient(transport=httpx.MockTransport(self)), policy)


def status(code: int, headers: dict[str, str] | None = None, **body: Any) -> httpx.Response:
    return httpx.Response(code, headers=headers, json=body or None)


def commit(sha: str, message: str, repository: str = "sum") -> dict[str, Any]:
    url = f"https://github.com/pages/{repository}/commit/{sha}"
    return {"sha": sha, "html_url": url, "commit": {"message": message}}


def answering(request: str) -> str:
    return f"Build sum, round 1\n\nPagewright-Request: {request}\nPagewright-Round: 1"


def run(title: str, state: str = "in_progress") -> dict[str, Any]:
    return {
        "display_title": title,
        "status": state,
        "html_url": f"https://github.com/octo/pagewright/actions/runs/{len(title)}",
    }


# Writing


async def test_a_dispatch_is_what_github_documents() -> None:
    script = Script(httpx.Response(204))
    await script.github().dispatch({"id": ID, "title": "söme"})
    (call,) = script.calls
    assert (call.method, str(call.url)) == ("POST", "http://api.test/repos/octo/pagewright/dispatches")
    assert json.loads(call.content) == {"event_type": "task", "client_payload": {"id": ID, "title": "söme"}}
    assert call.headers["authorization"] == "Bearer t0ken"
    assert call.headers["accept"] == "application/vnd.github+json"
    assert call.headers["x-github-api-version"] == "2022-11-28"


async def test_a_large_request_is_kept_as_a_blob() -> None:
    script = Script(status(201, sha="b" * 40))
    assert await script.github().store_blob('{"brief": "ü"}'.encode()) == "b" * 40
    (call,) = script.calls
    assert str(call.url) == "http://api.test/repos/octo/pagewright/git/blobs"
    assert json.loads(call.content) == {"content": '{"brief": "ü"}', "encoding": "utf-8"}


@pytest.mark.parametrize(
    "failure", [status(500), status(502), status(503), httpx.ConnectError("x"), httpx.ReadTimeout("x")]
)
async def test_an_outage_is_tried_again_twice(failure: Answer) -> None:
    recovered = Script(failure, failure, httpx.Response(204))
    await recovered.github().dispatch({})
    assert len({call.content for call in recovered.calls}) == 1
    assert len(recovered.calls) == 3
    lasting = Script(failure)
    with pytest.raises(NotTakenError) as caught:
        await lasting.github().dispatch({})
    assert len(lasting.calls) == 3
    assert caught.value.retry_after == 30


@pytest.mark.parametrize(
    ("answer", "remedy"),
    [
        (status(401), "must renew it"),
        (status(403), "needs Contents: write"),
        (status(404), "Check the name and the token"),
        (status(409), "Push the pipeline first"),
        (status(422), "GitHub answered 422: .* fail again"),
        (status(301), "GitHub answered 301: .* must correct PIPELINE_REPOSITORY"),
        (status(307, message="Moved Permanently"), "must correct PIPELINE_REPOSITORY"),
        (status(403, message="Resource not accessible by personal access token"), "needs Contents: write"),
        (
            status(403, message="Resource protected by organization SAML enforcement."),
            "The receiver's log tells its owner why",
        ),
        (status(403, message="Repository was archived so is read-only."), "The receiver's log tells its owner why"),
        (status(409, message="Git Repository is empty."), "Push the pipeline first"),
        (status(409, message="Conflict"), "GitHub answered 409"),
        (httpx.Response(403, json=[]), "needs Contents: write"),
        (status(200), "GitHub answered 200"),
    ],
)
async def test_a_refusal_is_not_tried_again_and_names_its_remedy(answer: httpx.Response, remedy: str) -> None:
    script = Script(answer)
    with pytest.raises(NotTakenError, match=remedy) as caught:
        await script.github().dispatch({})
    assert len(script.calls) == 1
    assert "t0ken" not in str(caught.value)
    assert not any(word in str(caught.value) for word in ("SAML", "archived", "Moved"))


BLOCKED = [
    status(409, message="Repository rule violations found\n\nSecret detected in content\n\nSTRIPE_API_KEY"),
    status(422, message="Secret detected in content"),
    status(422, message="Repository rule violations found"),
    status(403, message="Push protection forbids this."),
]


@pytest.mark.parametrize("answer", BLOCKED)
async def test_what_push_protection_or_a_rule_refuses_is_refused_for_good(answer: httpx.Response) -> None:
    script = Script(answer)
    with pytest.raises(BlockedError):
        await script.github().store_blob(b"key")
    assert len(script.calls) == 1


@pytest.mark.parametrize("code", [301, 307, 308])
async def test_a_renamed_repository_of_a_task_is_read_where_it_is_now(code: int) -> None:
    moved = httpx.Response(code, headers={"location": "http://api.test/repositories/7/commits?per_page=100"})
    script = Script(moved, httpx.Response(200, json=[commit("a" * 40, answering(ID), "renamed")]))
    found = await script.github().find_commit({ID: 1}, ("sum",))
    assert found is not None
    assert found.repo_url == "https://github.com/pages/renamed"
    assert (found.owner, found.repository) == ("pages", "renamed")
    endless = Script(moved)
    with pytest.raises(NotTakenError, match="must correct PIPELINE_REPOSITORY"):
        await endless.github().fetch_workflow_state()
    assert len(endless.calls) == 3


async def test_a_renamed_pipeline_is_read_where_it_is_now_and_named_where_a_task_would_be_lost() -> None:
    moved = httpx.Response(301, headers={"location": "http://api.test/repositories/7/x"})
    listed = Script(moved, status(200, workflow_runs=[run(f"sum round 1 · {ID}")]))
    assert await listed.github().find_run({ID: 1}) is not None
    there = {"state": "active", "url": "http://api.test/repos/octo/renamed/actions/workflows/5"}
    with pytest.raises(NotTakenError, match=r"301: PIPELINE_REPOSITORY was renamed to octo/renamed. .* must correct"):
        await Script(moved, httpx.Response(200, json=there)).github().fetch_workflow_state()
    writing = Script(httpx.Response(307, headers=moved.headers), moved, status(200, full_name="octo/renamed"))
    with pytest.raises(NotTakenError, match=r"307: PIPELINE_REPOSITORY was renamed to octo/renamed. .* must correct"):
        await writing.github().dispatch({})
    assert [call.method for call in writing.calls] == ["POST", "GET", "GET"]
    for answer in (status(404), status(200, full_name="<b>octo</b>")):
        with pytest.raises(NotTakenError, match="was renamed or moved"):
            await Script(moved, answer).github().dispatch({})


async def test_the_token_does_not_follow_to_another_host() -> None:
    script = Script(httpx.Response(301, headers={"location": "http://elsewhere.test/x"}), status(404))
    assert await script.github().find_run({ID: 1}) is None
    assert ["authorization" in call.headers for call in script.calls] == [True, False]


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (status(403, {"retry-after": "7"}), 7),
        (status(429), 60),
        (status(429, {"retry-after": "0"}), 1),
        (status(403, message="You have exceeded a secondary rate limit. Please wait."), 60),
    ],
)
async def test_a_rate_limit_is_passed_on_with_its_time(answer: httpx.Response, seconds: int) -> None:
    script = Script(answer)
    with pytest.raises(NotTakenError, match="rate limit") as caught:
        await script.github().dispatch({})
    assert (len(script.calls), caught.value.retry_after) == (1, seconds)


async def test_a_github_that_never_answers_is_given_up_in_time() -> None:
    async def never(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    client = httpx.AsyncClient(transport=httpx.MockTransport(never))
    github = GitHub(SETTINGS, client, {Kind.OUTAGE: Rule((0, 0), within=0.01)})
    with pytest.raises(NotTakenError, match="does not answer"):
        await github.dispatch({})


# Reading


async def test_the_state_of_the_workflow_is_read_from_the_default_branch() -> None:
    script = Script(status(200, state="disabled_manually"))
    assert await script.github().fetch_workflow_state() == "disabled_manually"
    assert script.calls[0].url.path == "/repos/octo/pagewright/actions/workflows/build.yml"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (status(404), "does not show PIPELINE_REPOSITORY"),
        (status(401), "must renew it"),
        (status(500), "GitHub answered 500"),
        (status(429), "rate limit"),
        (httpx.ConnectError("x"), "does not answer"),
        (httpx.Response(200, text="<h1>some proxy</h1>"), "could not be read"),
    ],
)
async def test_a_look_that_fails_says_why(answer: Answer, said: str) -> None:
    with pytest.raises(NotTakenError, match=said):
        await Script(answer).github().fetch_workflow_state()


async def test_a_commit_is_found_by_the_last_block_of_its_message() -> None:
    commits = [
        commit("c" * 40, "By hand"),
        commit("b" * 40, f"Quote\n\nPagewright-Request: {ID}\n\nThe end"),
        commit("a" * 40, answering(ID)),
    ]
    script = Script(httpx.Response(200, json=commits))
    found = await script.github().find_commit({ID: 1, OTHER: 2}, ("sum", "sum-012345"))
    assert found == AnsweringCommit("a" * 40, "sum", "https://github.com/pages/sum", ID)
    assert str(script.calls[0].url) == "http://api.test/repos/pages/sum/commits?per_page=100"


@pytest.mark.parametrize("absent", [404, 409])
async def test_where_the_name_is_taken_or_empty_the_other_one_is_looked_at(absent: int) -> None:
    other = httpx.Response(200, json=[commit("a" * 40, answering(ID), "sum-012345")])
    found = await Script(status(absent), other).github().find_commit({ID: 1}, ("sum", "sum-012345"))
    assert found is not None
    assert (found.repository, found.repo_url) == ("sum-012345", "https://github.com/pages/sum-012345")
    assert await Script(status(absent)).github().find_commit({ID: 1}, ("sum", "sum-012345")) is None


async def test_of_a_long_history_two_pages_are_read_the_second_by_the_time_of_the_run() -> None:
    link = {"link": '<http://api.test/page2>; rel="next"'}
    first = httpx.Response(200, json=[commit("c" * 40, "By hand")], headers=link)
    script = Script(first, httpx.Response(200, json=[commit("a" * 40, answering(ID))]))
    assert await script.github().find_commit({ID: 1}, ("sum",)) is not None
    assert [call.url.path for call in script.calls] == ["/repos/pages/sum/commits", "/page2"]
    endless = Script(first)
    assert await endless.github().find_commit({ID: 1}, ("sum",)) is None
    assert len(endless.calls) == 2
    timed = Script(first)
    at = RequestRun(ID, "failed", "", since="2026-11-01T10:00:00Z", until="2026-11-01T10:05:00Z")
    assert await timed.github().find_commit({ID: 1}, ("sum",), run=at) is None
    asked = timed.calls[1].url.params
    assert (asked["since"], asked["until"]) == ("2026-11-01T10:00:00Z", "2026-11-01T10:05:00Z")


async def test_two_pages_of_runs_are_read_at_most() -> None:
    first = status(200, {"link": '<http://api.test/page2>; rel="next"'}, workflow_runs=[run("sum")])
    found = Script(first, status(200, workflow_runs=[run(f"sum · {ID}")]))
    assert await found.github().find_run({ID: 1}) is not None
    endless = Script(first)
    assert await endless.github().find_run({ID: 1}) is None
    assert len(endless.calls) == 2


async def test_an_outage_while_looking_is_not_taken_for_absence() -> None:
    with pytest.raises(NotTakenError):
        await Script(status(502)).github().find_commit({ID: 1}, ("sum",))


@pytest.mark.parametrize(
    ("state", "meant"),
    [
        ("queued", "queued"),
        ("waiting", "queued"),
        ("pending", "queued"),
        ("in_progress", "running"),
        ("completed", "failed"),
    ],
)
async def test_the_newest_run_whose_title_ends_in_the_id_says_how_far_it_is(state: str, meant: str) -> None:
    runs = [run(f"{ID} · sum round 1 · {OTHER}"), run(f"sum round 1 · {ID}", state), run(f"sum · {ID}")]
    script = Script(status(200, total_count=3, workflow_runs=runs))
    assert await script.github().find_run({ID: 1}) == RequestRun(ID, meant, runs[1]["html_url"])
    assert script.calls[0].url.params["event"] == "repository_dispatch"


async def test_where_no_run_is_listed_there_is_none() -> None:
    assert await Script(status(200, total_count=0, workflow_runs=[])).github().find_run({ID: 1}) is None
    assert await Script(status(404)).github().find_run({ID: 1}) is None


async def test_the_client_takes_no_proxy_from_the_environment_and_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    client = create_http_client()
    assert not client.trust_env
    assert not client.follow_redirects
    async with aclosing(GitHub(SETTINGS, client)):
        assert not client.is_closed
    assert client.is_closed


async def test_many_calls_at_once_have_a_connection_each_and_one_after_the_other_share_one() -> None:
    ports: list[int] = []
    waiting = asyncio.Event()

    async def answer(scope: Scope, _: Receive, send: Send) -> None:
        ports.append(scope["client"][1])
        if len(ports) >= 30:
            waiting.set()
        await waiting.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async with serving(answer, bind()) as url, create_http_client() as client:
        answers = await asyncio.gather(*(client.post(url) for _ in range(30)))
        assert {answer.status_code for answer in answers} == {204}
        assert len(set(ports)) == 30
        ports.clear()
        for _ in range(3):
            await client.post(url)
        assert len(set(ports)) == 1


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"[1]", b"{}", b"null", b'"x"', b"1", b'{"workflow_runs": 1}'])
async def test_an_answer_that_is_not_githubs_is_no_defect_of_ours(body: bytes) -> None:
    script = Script(lambda request: httpx.Response(201 if request.method == "POST" else 200, content=body))
    github = script.github()
    for asked in (github.fetch_workflow_state(), github.fetch_models(), github.store_blob(b"x")):
        with pytest.raises(NotTakenError, match="could not be read"):
            await asked
    for looked in (github.find_commit({ID: 1}, ("sum",)), github.find_run({ID: 1})):
        try:
            assert await looked is None
        except NotTakenError as error:
            assert "could not be read" in str(error)  # noqa: PT017 - an empty list is one that can be read
