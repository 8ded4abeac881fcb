"""What those cost who need no secret: calls of GitHub's, time, and turns that tasks need."""

import asyncio
import hashlib
import json
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from orchestrator.core.loopback import bind, serving
from orchestrator.core.task import request_id
from tests.bench.door import HERE, PROGRAMS, env, request
from tests.bench.figures import Figure
from tests.bench.load import LOOK_S, ask, connected
from tests.bench.processes import Failed, Program, cpu_seconds, free_port, running

GETS = 3_000
RUNS, COMMITS = 1_000, 2_000
LATENCY_S = 0.25
"""Of a dispatch: GitHub takes about that long."""

USUAL = 20
QUEUED_S, COMMITTED_S, ENDED_S = 4.0, 27.0, 33.0
"""Of a usual task, from its dispatch: when its run is listed, when its commit is there, when its run ends."""

TASK = {"email": "visitor@example.com", "task": "cafe-sales-1f2e3d", "nonce": "1f2e3d-1"}
ID = request_id(TASK["email"], TASK["task"], 1, TASK["nonce"])


@dataclass
class Busy:
    """A GitHub with many runs and a repository with a long history, where one task goes its usual way."""

    calls: list[str] = field(default_factory=list)
    dispatched: float | None = None

    def app(self) -> Starlette:
        """Return it as an application."""
        pipeline = "/repos/bench/pipeline"
        workflow = f"{pipeline}/actions/workflows/build.yml"
        return Starlette(
            routes=[
                Route(f"{pipeline}/dispatches", self._dispatch, methods=["POST"]),
                Route(workflow, self._workflow),
                Route(f"{workflow}/runs", self._runs),
                Route("/repos/bench/{name}/commits", self._commits),
            ]
        )

    @property
    def _since(self) -> float:
        return 0.0 if self.dispatched is None else time.monotonic() - self.dispatched

    async def _dispatch(self, http: Request) -> Response:
        self.calls.append("POST")
        await http.body()
        await asyncio.sleep(LATENCY_S)
        self.dispatched = time.monotonic()
        return Response(status_code=204)

    async def _workflow(self, http: Request) -> Response:
        return self._answer(http, {"state": "active"})

    async def _runs(self, http: Request) -> Response:
        runs = [_run(f"{number:016x}", "completed") for number in range(RUNS)]
        if self._since > QUEUED_S:
            runs.insert(0, _run(ID, "completed" if self._since > ENDED_S else "in_progress"))
        return self._answer(http, runs, "workflow_runs")

    async def _commits(self, http: Request) -> Response:
        if http.path_params["name"] != TASK["task"]:
            self.calls.append(f"GET {http.url.path}")
            return JSONResponse({"message": "Not Found"}, 404)
        ids = [f"{number:016x}" for number in range(COMMITS)]
        return self._answer(http, [_commit(one) for one in ([ID] if self._since > COMMITTED_S else []) + ids])

    def _answer(self, http: Request, found: Any, name: str = "") -> Response:
        self.calls.append(f"{http.method} {http.url.path}")
        headers = {}
        if isinstance(found, list):
            page = int(http.query_params.get("page", "1"))
            if len(found) > page * 100:
                headers["link"] = f'<{http.url.include_query_params(page=page + 1)}>; rel="next"'
            found = found[page * 100 - 100 : page * 100]
        content = json.dumps({name: found} if name else found).encode()
        headers["etag"] = f'"{hashlib.sha256(content).hexdigest()}"'
        if http.headers.get("if-none-match") == headers["etag"]:
            return Response(status_code=304, headers=headers)
        return Response(content, headers=headers, media_type="application/json")


async def measure(folder: Path) -> list[Figure]:
    """Measure what 3,000 looks at once cost, and what one that waits does."""
    busy, listener, port = Busy(), bind(), free_port()
    async with serving(busy.app(), listener):
        receiver = Program(PROGRAMS["ours"], folder, env(port, listener.getsockname()[1]))
        async with running(receiver) as process:
            await _task(port)
            usual = [await _task(port) for _ in range(USUAL)]
            busy.calls.clear()
            before = cpu_seconds(process)
            under = await _crowded(folder, port)
            took = cpu_seconds(process) - before
            looked = sum(call.startswith("GET") for call in busy.calls)
            busy.calls.clear()
            await _task(port, wait_for_result=True)
            waited = len(busy.calls)
    return [
        Figure(name=f"GitHub calls that {GETS:,} anonymous GETs at once cost", unit="", ours=[looked], limit=28),
        Figure(name="processor time that one of them costs", unit="ms", ours=[took / GETS * 1000], limit=1.5),
        Figure(
            name=f"a task of {LATENCY_S:g} s at GitHub, while {GETS:,} GETs come",
            unit="ms",
            ours=[seconds * 1000 for seconds in under],
            baseline=[median(usual) * 1000] * len(under),
            limit=2,
            by_ratio=True,
        ),
        Figure(name="GitHub calls of a task that waits for its result", unit="", ours=[waited], limit=12),
    ]


async def _task(port: int, **more: object) -> float:
    """Send a task until it is taken; return the seconds that took."""
    began = time.monotonic()
    while True:
        with suppress(OSError, EOFError, Failed):
            async with connected(port) as connection:
                await ask(connection, request("/api-endpoint", **more))
                return time.monotonic() - began
        await asyncio.sleep(LOOK_S)


async def _crowded(folder: Path, port: int) -> list[float]:
    """Let the crowd in; return the seconds that each task took meanwhile."""
    own = folder / "crowd"
    own.mkdir()
    crowd = Program(("-m", "tests.bench.crowd", str(port), str(GETS)), own, {"PYTHONPATH": str(HERE.parents[1])})
    tasks = list[tuple[float, float]]()
    async with running(crowd) as process:
        while process.returncode is None:
            took = await _task(port)
            tasks.append((time.monotonic() - took, time.monotonic()))
    said = json.loads(crowd.log.read_bytes())
    if not said["answered"].keys() <= {"404", "429", "503", "0"}:
        raise Failed(f"the crowd was answered {said['answered']}")
    return [ended - began for began, ended in tasks if ended > said["began"] and began < said["ended"]]


def _run(request: str, status: str) -> dict[str, Any]:
    number = int(request, 16) % 1_000_000
    return {
        "display_title": f"cafe-sales round 1 · {request}",
        "status": status,
        "conclusion": "success" if status == "completed" else None,
        "html_url": f"https://github.com/bench/pipeline/actions/runs/{number}",
        "created_at": "2026-11-01T10:00:00Z",
        "updated_at": "2026-11-01T10:01:00Z",
    }


def _commit(request: str) -> dict[str, Any]:
    sha = request * 3
    message = f"Build {TASK['task']}, round 1\n\nPagewright-Request: {request}\nPagewright-Round: 1"
    url = f"https://github.com/bench/{TASK['task']}/commit/{sha[:40]}"
    return {"sha": sha[:40], "html_url": url, "commit": {"message": message}}
