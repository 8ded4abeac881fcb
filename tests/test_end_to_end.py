"""The whole way, as an evaluator goes it: receiver, dispatch, the real workflow through act, browser, Pages, result."""

import base64
import hashlib
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from orchestrator.core.task import parse_request_id, task_key
from orchestrator.local.stage import LocalOptions, Stage, run_stage
from tests.doubles import history

pytestmark = [pytest.mark.act, pytest.mark.browser, pytest.mark.anyio]

CSV = b"product,sales\nWidget,12.50\nGadget,29.50\n"


@dataclass(frozen=True)
class Evaluator:
    """Sends tasks to the stage and waits for what comes back."""

    stage: Stage
    http: httpx.AsyncClient

    async def send(self, **changes: Any) -> dict[str, Any]:
        """POST a task; return the receiver's answer."""
        request = {
            "email": "student@example.com",
            "secret": self.stage.secret,
            "task": "sales-page",
            "round": 1,
            "nonce": "nonce-one",
            "brief": "Show the sales.",
            "checks": [{"js": "document.body.innerText.includes('42.00')"}, "document.title === 'nothing'", "Is neat"],
            "evaluation_url": self.stage.evaluator,
            "attachments": [{"name": "data/sales.csv", "url": f"data:;base64,{base64.b64encode(CSV).decode()}"}],
        }
        answer = await self.http.post(f"{self.stage.receiver}/api-endpoint", json=request | changes)
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        return said

    async def result(self, id_: str, nonce: str, count: int = 1) -> dict[str, Any]:
        """Return the result for `nonce`, once the run is over and `count` notifications came in."""
        runs = self.stage.github.runs.list_runs("local/pagewright")
        for run in runs:
            if run.display_title.endswith(id_):
                await self.stage.engine.wait(run.id)
        told = [result for result in self.stage.results.received if result["nonce"] == nonce]
        assert len(told) == count
        return told[-1]


@asynccontextmanager
async def evaluating(data: Path, **env: str) -> AsyncIterator[Evaluator]:
    """Have everything on this machine, its state in `data`, for as long as the block runs."""
    options = LocalOptions(receiver_port=0, github_port=0, data=data, pages_delay=0.2)
    async with (
        run_stage(options, {"PATH": "/usr/local/bin:/usr/bin:/bin", **env}) as stage,
        httpx.AsyncClient() as http,
    ):
        yield Evaluator(stage, http)


@pytest.fixture
async def evaluator(tmp_path: Path) -> AsyncIterator[Evaluator]:
    async with evaluating(tmp_path) as evaluator:
        yield evaluator


def _clone(stage: Stage, name: str, to: Path) -> Path:
    subprocess.run(["git", "clone", "--quiet", str(stage.data / "local" / f"{name}.git"), str(to)], check=True)
    return to


def _messages(clone: Path) -> list[str]:
    command = ["git", "-C", str(clone), "log", "--format=%B%x00"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\0")[:-1]


def _digest(clone: Path) -> str:
    files = [path for path in clone.rglob("*") if path.is_file() and ".git" not in path.relative_to(clone).parts]
    names = sorted(str(path.relative_to(clone)) for path in files)
    lines = [f"{hashlib.sha256((clone / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    return hashlib.sha256("".join(line for line in lines if "pagewright.json" not in line).encode()).hexdigest()


async def test_two_rounds_a_repetition_and_a_round_without_a_repository(evaluator: Evaluator, tmp_path: Path) -> None:
    first = await evaluator.send()
    told = await evaluator.result(first["id"], "nonce-one")
    assert list(told) == ["email", "task", "round", "nonce", "repo_url", "commit_sha", "pages_url"]
    page = (await evaluator.http.get(told["pages_url"])).text
    assert "42.00" in page
    assert (await evaluator.http.get(told["pages_url"] + "data/sales.csv")).content == CSV

    second = await evaluator.send(round=2, nonce="nonce-two", brief="Say more.", attachments=[], checks=[])
    told_again = await evaluator.result(second["id"], "nonce-two")
    assert told_again["repo_url"] == told["repo_url"]
    assert told_again["commit_sha"] != told["commit_sha"]

    repeated = await evaluator.send()
    assert repeated["id"] == first["id"]
    assert await evaluator.result(first["id"], "nonce-one", count=2) == told

    clone = _clone(evaluator.stage, "sales-page", tmp_path / "clone")
    record = json.loads((clone / "pagewright.json").read_text())
    assert record["site"] == _digest(clone)
    assert record["built_by"] == "fallback"
    passed = [(entry["round"], entry["passed"], entry["failed"], entry["unproved"]) for entry in record["rounds"]]
    assert passed == [(1, 1, 1, 1), (2, 0, 0, 0)]
    assert [parse_request_id(message) for message in _messages(clone)] == [second["id"], first["id"], None]

    # A round whose task has no repository fails at once, and the evaluator is told why.
    lost = await evaluator.send(task="never-begun", round=2, nonce="nonce-three")
    failure = await evaluator.result(lost["id"], "nonce-three")
    assert list(failure) == ["email", "task", "round", "nonce", "error"]
    assert "no repository" in failure["error"]
    asked = {"email": "student@example.com", "task": "never-begun", "nonce": "nonce-three"}
    known = (await evaluator.http.get(f"{evaluator.stage.receiver}/result", params=asked)).json()
    assert known["status"] == "failed"
    log_text = "".join(
        evaluator.stage.github.runs.load_log(job.id)
        for run in evaluator.stage.github.runs.list_runs("local/pagewright")
        for job in run.jobs
    )
    assert "student@example.com" not in log_text
    assert "nonce-one" not in log_text


async def test_a_secret_is_changed_between_two_rounds_and_nothing_is_made_twice(tmp_path: Path) -> None:
    """A data folder from before there were keys for tasks, then one with such a key and another secret."""
    data = tmp_path / "data"
    former, present = "the-secret-before", "the-secret-of-now"
    async with evaluating(data, SHARED_SECRET=former) as before:
        store = before.stage.github.store
        first = await before.send()
        told = await before.result(first["id"], "nonce-one")
    # Its record is what a receiver without TASK_KEY wrote.
    record = json.loads(history.files(store, "local", "sales-page")["pagewright.json"])
    old = {**record, "task": task_key(former, "student@example.com", "sales-page")}
    store.seed("local", "sales-page", {"pagewright.json": json.dumps(old).encode()}, "As it was")

    async with evaluating(data, SHARED_SECRET=present, SHARED_SECRET_OLD=former) as after:
        repeated = await after.send()
        assert (await after.result(repeated["id"], "nonce-one"))["commit_sha"] == told["commit_sha"]
        second = await after.send(round=2, nonce="nonce-two", email="Student@Example.com ", attachments=[], checks=[])
        result = await after.result(second["id"], "nonce-two")
        assert (result["email"], result["commit_sha"] != told["commit_sha"]) == ("Student@Example.com ", True)
        store = after.stage.github.store
        said = json.loads(history.files(store, "local", "sales-page")["pagewright.json"])
        key = bytes.fromhex((data / ".github" / "task_key").read_text())
        assert said["task"] == task_key(key, "student@example.com", "sales-page")
        assert [entry["round"] for entry in said["rounds"]] == [1, 2]
        assert {path.stem for path in (data / "local").glob("*.git")} == {"pagewright", "sales-page"}
        groups = {run.group for run in after.stage.github.runs.list_runs("local/pagewright")}
        assert groups == {f"task-{said['task']}"}


async def test_a_request_too_large_for_an_event_arrives_whole(evaluator: Evaluator) -> None:
    large = bytes(range(256)) * 400
    url = f"data:application/octet-stream;base64,{base64.b64encode(large).decode()}"
    sent = await evaluator.send(attachments=[{"name": "large.bin", "url": url}], checks=[])
    told = await evaluator.result(sent["id"], "nonce-one")
    assert (await evaluator.http.get(told["pages_url"] + "large.bin")).content == large


async def test_a_run_by_hand_and_the_same_run_again(evaluator: Evaluator) -> None:
    stage, http = evaluator.stage, evaluator.http
    actions = f"{stage.github_api}/repos/local/pagewright/actions"
    token = {"authorization": f"Bearer {stage.token}"}
    inputs = {"task": "By hand", "round": "1", "brief": "Bees.", "checks": "document.title\nIs about bees"}
    asked = {"ref": "main", "inputs": inputs, "return_run_details": True}
    answer = await http.post(f"{actions}/workflows/build.yml/dispatches", json=asked, headers=token)
    run = answer.json()["workflow_run_id"]
    assert (await http.post(f"{actions}/runs/{run}/rerun", headers=token)).status_code == 403
    await stage.engine.wait(run)
    assert (await http.get(f"{actions}/runs/{run}")).json()["display_title"] == "By hand · run"
    page = f"{stage.pages}local/by-hand/pagewright.json"
    first = (await http.get(page)).json()
    assert [entry["passed"] for entry in first["rounds"]] == [1]

    # Once more: the request is found by its trailer, nothing is built, nothing is committed.
    assert (await http.post(f"{actions}/runs/{run}/rerun", headers=token)).status_code == 201
    await stage.engine.wait(run)
    again = (await http.get(f"{actions}/runs/{run}")).json()
    assert (again["run_attempt"], again["conclusion"]) == (2, "success")
    assert (await http.get(page)).json() == first
    shown = (await http.get(f"{stage.github_api}/local/pagewright/actions/runs/{run}")).text
    assert "nothing was built" in shown
    assert stage.results.received == []
