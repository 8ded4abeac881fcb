"""The whole way to Netlify and to Vercel: receiver, the real workflow through act, the stand-ins, and the evaluator."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from orchestrator.core.deadline import Clock
from orchestrator.core.settings import EvaluatorSettings
from orchestrator.core.task import Task, parse_task
from orchestrator.evaluator.judging import Claim, judge_claim
from orchestrator.evaluator.reach import Reach
from orchestrator.local.stage import LocalOptions, Stage, run_stage

pytestmark = [pytest.mark.act, pytest.mark.browser, pytest.mark.anyio]

PATH = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
CSV = "data:text/csv,product%2Csales%0AWidget%2C42%0A"


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    options = LocalOptions(receiver_port=0, github_port=0, data=tmp_path, pages_delay=0.2)
    async with run_stage(options, PATH) as stage:
        yield stage


def request(stage: Stage, target: str) -> dict[str, Any]:
    return {
        "email": "student@example.com",
        "secret": stage.secret,
        "task": f"sales at {target}",
        "round": 1,
        "nonce": f"nonce-{target}",
        "brief": "Show the sales.",
        "checks": [{"js": "document.title.length > 0"}],
        "evaluation_url": stage.evaluator,
        "attachments": [{"name": "sales.csv", "url": CSV}],
        "target": target,
    }


async def test_a_task_for_each_host_is_live_there_and_proved(stage: Stage) -> None:
    shelves = {"netlify": stage.hosts.netlify, "vercel": stage.hosts.vercel}
    since = time.time()
    async with httpx.AsyncClient(trust_env=False) as http:
        for target, shelf in shelves.items():
            asked = request(stage, target)
            answer = await http.post(f"{stage.receiver}/api-endpoint", json=asked)
            assert answer.status_code == 200, answer.text
            run = stage.find_run(answer.json()["id"])
            assert run
            await stage.engine.wait(run.id)
            (told,) = [result for result in stage.results.received if result["nonce"] == asked["nonce"]]
            assert "error" not in told, told
            assert told["pages_url"].startswith(f"{shelf.url}/live/")
            record = (await http.get(f"{told['pages_url']}pagewright.json")).json()
            assert (record["target"], record["request"]) == (target, answer.json()["id"])
            assert (await http.get(f"{told['pages_url']}sales.csv")).text == "product,sales\nWidget,42\n"

            named = {name: asked[name] for name in ("email", "task", "nonce")}
            known = (await http.get(f"{stage.receiver}/result", params=named)).json()
            assert (known["live"], known["pages_url"]) == (True, told["pages_url"])
            assert stage.hosts.token not in stage.load_logs(answer.json()["id"])

            here = Reach(allow_private=True, is_here=True)
            settings = EvaluatorSettings("https://github.com", "https://api.github.com", False, "")  # noqa: FBT003
            claim = Claim(parse_task(Task, asked), told, since, {}, here)
            verdict = await judge_claim(claim, settings, Clock())
            states = {mark.kind: mark.state for mark in verdict.marks}
            assert states == {
                "repository": "passed",
                "owner": "passed",
                "licence": "passed",
                "page": "passed",
                "js": "passed",
            }
    assert not any(stage.github.sites.refresh_site(found) for found in stage.github.store.list_repositories("local"))


async def test_a_person_starts_a_run_for_a_host_by_hand(stage: Stage) -> None:
    actions = f"{stage.github_api}/repos/local/pagewright/actions"
    inputs = {"task": "By hand", "brief": "Bees.", "target": "netlify"}
    asked = {"ref": "main", "inputs": inputs, "return_run_details": True}
    async with httpx.AsyncClient(trust_env=False, headers={"authorization": f"Bearer {stage.token}"}) as http:
        answer = await http.post(f"{actions}/workflows/build.yml/dispatches", json=asked)
        await stage.engine.wait(answer.json()["workflow_run_id"])
    (site,) = stage.hosts.netlify.list_entries("site")
    assert site["name"].startswith("by-hand-")
    found = stage.github.store.find_repository("local", "by-hand")
    assert found
    assert found.homepage == f"{stage.hosts.netlify.url}/live/{site['name']}/"
