"""A React and a Vue app go the whole way: a defect is repaired, three rounds are live and proved, a clone rebuilds."""

import asyncio
import base64
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from orchestrator.core.settings import cache_folder
from orchestrator.frameworks.rebuild import run_rebuild
from orchestrator.frameworks.toolchain import npm_home
from orchestrator.local.stage import LocalOptions, Stage, run_stage
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


def clone_of(stage: Stage, name: str, to: Path) -> Path:
    subprocess.run(["git", "clone", "--quiet", str(stage.data / "local" / f"{name}.git"), str(to)], check=True)
    return to


def differing(clone: Path, command: str) -> str:
    """Run what the README tells anyone to run, and return what differs then. No network: npm's own cache is enough."""
    env = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(npm_home(cache_folder(os.environ))),
        "npm_config_offline": "true",
    }
    command += " && npm run build --silent && git diff --exit-code"
    done = subprocess.run(["/bin/sh", "-c", command], cwd=clone, env=env, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr + ("" if done.returncode == 0 else f"code {done.returncode}")


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
            clone = clone_of(stage, f"sales-{framework}", tmp_path / "clone")
            server_url, _, name = told["repo_url"].rpartition("/local/")
            asked = {"GITHUB_SERVER_URL": server_url, "HOME": os.environ["HOME"]}
            assert await asyncio.to_thread(run_rebuild, f"local/{name}", asked) == 0
    untouched = {"src/total.ts", "sales.csv", *(path for path in app(framework) if path.startswith("src/main."))}
    expected = {**app(framework), "sales.csv": CSV}
    assert {path: (clone / path).read_bytes().strip() for path in untouched} == {
        path: expected[path].strip() for path in untouched
    }
    assert differing(clone, "npm ci --ignore-scripts --silent") == ""
    (clone / "src" / "note.ts").write_text('export const note = "Changed";\n')
    assert "diff --git a/bundle.js" in differing(clone, "true")
    assert json.loads((clone / "package.json").read_text())["scripts"] == {"build": "node build.mjs"}
