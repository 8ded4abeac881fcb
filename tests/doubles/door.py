"""A receiver in front of a GitHub that behaves as GitHub does towards it."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from orchestrator.core.retry import Kind, Policy, Rule
from orchestrator.core.task import request_id, task_key
from receiver.app import create_app
from receiver.github.client import GitHub
from receiver.settings import Settings
from receiver.tasks.throttle import Throttle

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
