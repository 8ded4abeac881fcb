"""A React and a Vue app go the whole way: a defect is repaired, three rounds are live and proved, and rebuilt."""

import asyncio
import base64
import os
from pathlib import Path
from typing import Any

import httpx
import pytest

from orchestrator.frameworks.rebuild import run_rebuild
from orchestrator.local.stage import LocalOptions, Stage, run_stage
from tests.doubles import history
from tests.doubles.apps import COMPONENT, CSV, answers, app
from tests.doubles.model import model_server

pytestmark = [pytest.mark.act, pytest.mark.browser, pytest.mark.anyio]

ROUNDS = {
    1: ("Show the total of the sales, with {name}.", "document.querySelector('#total').textContent === '42.00'"),
    2: ("Say all sales.", "document.body.innerText.includes('All sales: 42.00')"),
    3: ("Say thanks.", "document.body.innerText.includes('Thanks! All sales: 42.00')"),
}
NAMES = {"react": "React", "vue": "Vue"}


async def sent(stage: Stage, http: httpx.AsyncClient, framework: str, number: int) -> dict[str, Any]:
    """Send one round, and return what the evaluator is told of it."""
    brief, check = ROUNDS[number]
    request = {
        "email": "student@example.com",
        "secret": stage.secret,
        "task": f"sales-{framework}",
        "round": number,
        "nonce": f"nonce-{number}",
        "brief": brief.format(name=NAMES[framework]),
        "checks": [{"js": check}],
        "evaluation_url": stage.evaluator,
        "attachments": [{"name": "sales.csv", "url": f"data:;base64,{base64.b64encode(CSV).decode()}"}],
    }
    answer = await http.post(f"{stage.receiver}/api-endpoint", json=request)
    assert answer.status_code == 200, answer.text
    for run in stage.github.runs.list_runs("local/pagewright"):
        if run.display_title.endswith(answer.json()["id"]):
            await stage.engine.wait(run.id)
    (told,) = [result for result in stage.results.received if result["nonce"] == f"nonce-{number}"]
    return dict(told)


@pytest.mark.parametrize("framework", ["react", "vue"])
async def test_an_app_in_three_rounds(framework: str, tmp_path: Path) -> None:
    async with model_server(*answers(framework)) as server, httpx.AsyncClient(timeout=60, trust_env=False) as http:
        env = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LLM_MODELS": "openai/scripted",
            "LLM_API_BASE": server.url,
            "LLM_API_KEY": "key-of-the-model",
        }
        options = LocalOptions(receiver_port=0, github_port=0, data=tmp_path / "data", pages_delay=0.2)
        async with run_stage(options, env) as stage:
            for number in ROUNDS:
                told = await sent(stage, http, framework, number)
                assert "error" not in told, told
                record = (await http.get(f"{told['pages_url']}pagewright.json")).json()
                assert (record["framework"], record["built_by"]) == (framework, "openai/scripted")
                assert [(entry["passed"], entry["failed"]) for entry in record["rounds"]] == [(1, 0)] * number
                assert b"createRoot" in (await http.get(f"{told['pages_url']}bundle.js")).content or framework == "vue"
            assert len(server.asked) == len(answers(framework))
            # What was wrong was told with its place, and no model ever sees what is made of its sources.
            assert f"{COMPONENT[framework]}:2" in server.texts[1] or f"{COMPONENT[framework]}:3" in server.texts[1]
            assert not any('<file path="bundle.js">' in text or '"lockfileVersion"' in text for text in server.texts)
            server_url, _, name = told["repo_url"].rpartition("/local/")
            asked = {"GITHUB_SERVER_URL": server_url, "HOME": os.environ["HOME"]}
            assert await asyncio.to_thread(run_rebuild, f"local/{name}", asked) == 0
            files = history.files(stage.github.store, "local", name)
    untouched = {"src/total.ts", *(path for path in app(framework) if path.startswith("src/main."))}
    assert {path: files[path].strip() for path in untouched} == {
        path: app(framework)[path].strip() for path in untouched
    }
    assert files["sales.csv"] == CSV
