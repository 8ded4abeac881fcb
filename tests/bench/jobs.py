"""The two jobs against a local GitHub, and the demo from its start to its end."""

import asyncio
import json
import re
import time
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.core.task import request_id, task_key, title_of
from orchestrator.evaluator.course import Endpoint, plan_rounds, request_body
from orchestrator.evaluator.templates import read_template
from orchestrator.local.demo import SAMPLE, VISITOR
from tests.bench.figures import Figure
from tests.bench.hub import Hub, hub, model_endpoint, reads, slow_models, writes
from tests.bench.processes import Failed, Program, running, seconds

BUILDS = 5
MODEL_PAIRS = 5
FIRST_REQUEST_S = 30.0
# Without it litellm fetches its price list from the network when it is imported.
OFFLINE = {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}
_IMPORTED = re.compile(r"^import time: +\d+ \| +\d+ \| +([\w.]+)$", re.MULTILINE)


async def demo(folder: Path) -> list[Figure]:
    """Measure the demo: both rounds through the whole workflow, live and proved."""
    ports = ("--receiver-port", "0", "--github-port", "0", "--pages-delay", "2")
    program = Program(("-m", "orchestrator", "demo", "--once", *ports, "--data", str(folder / "data")), folder)
    return [Figure(name="demo, two rounds proved", unit="s", ours=[await seconds(program)], limit=60)]


async def build(folder: Path) -> list[Figure]:
    """Measure job `build` with the template, and look at what it imports."""
    async with hub(folder / "github") as github:
        taken = [await seconds(build_of(github, folder / str(number), f"b{number}", 1)) for number in range(BUILDS)]
        watched = build_of(github, folder / "imports", "imports", 1)
        await seconds(Program(("-X", "importtime", *watched.arguments), watched.folder, watched.env))
    imported = _IMPORTED.findall(watched.log.read_text(encoding="utf-8"))
    if "orchestrator.jobs.build" not in imported:
        raise Failed("Python did not say what it imported")
    litellm = sum(name.partition(".")[0] == "litellm" for name in imported)
    return [
        Figure(name="build, template + browser", unit="s", ours=taken, limit=4),
        Figure(name="build, litellm modules", unit="", ours=[litellm], limit=0),
    ]


async def model(folder: Path) -> list[Figure]:
    """Measure how long a model waits for its first request, beside the import that takes most of that time."""
    ours, bare = [], []
    async with hub(folder / "github") as github:
        for number in range(MODEL_PAIRS):
            own, other = folder / f"ours-{number}", folder / f"bare-{number}"
            other.mkdir()
            ours.append(await _first_request(github, own, f"m{number}"))
            bare.append(await seconds(Program(("-c", "import litellm"), other, OFFLINE)))
    name = "build to model request"
    return [Figure(name=name, unit="s", ours=ours, baseline=bare, limit=1.5, by_ratio=True)]


async def slow(folder: Path) -> list[Figure]:
    """Measure when a site is there although the first model hangs and the second trickles. It may take 70 % of 60 s."""
    async with hub(folder / "github") as github, slow_models() as url:
        env = {"LLM_MODELS": "openai/hangs,openai/trickles", "LLM_API_BASE": url, "TASK_DEADLINE_S": "60", **OFFLINE}
        program = build_of(github, folder / "build", "slow", 1, **env)
        taken = await seconds(program)
    if "so the page was made from the template" not in program.log.read_text(encoding="utf-8"):
        raise Failed("no site was built, or not by the template")
    return [Figure(name="site, no model in time", unit="s", ours=[taken], limit=42)]


async def github(folder: Path) -> list[Figure]:
    """Count what the jobs of two rounds ask of GitHub."""
    made, most = [], 0
    async with hub(folder / "github") as github:
        for round_ in (1, 2):
            own = folder / str(round_)
            building = build_of(github, own, "calls", round_)
            await seconds(building)
            built = github.api.taken()
            await seconds(publish_of(github, building))
            published = github.api.taken()
            made.append(writes(built) + writes(published))
            most = max(most, reads(built), reads(published))
    return [
        Figure(name="GitHub writes, round 1", unit="", ours=made[:1], limit=4),
        Figure(name="GitHub writes, round 2", unit="", ours=made[1:], limit=1),
        Figure(name="GitHub reads, worst job", unit="", ours=[most], limit=3),
    ]


async def _first_request(github: Hub, folder: Path, seed: str) -> float:
    """Return the seconds from the start of job `build` to the first request that a model gets."""
    async with model_endpoint() as (url, asked):
        env = {"LLM_MODELS": "openai/scripted", "LLM_API_BASE": url, "LLM_API_KEY": "x", **OFFLINE}
        program = build_of(github, folder, seed, 1, **env)
        started = time.perf_counter()
        async with running(program), asyncio.timeout(FIRST_REQUEST_S):
            return await asked - started


def build_of(github: Hub, folder: Path, seed: str, round_: int, **env: str) -> Program:
    """Return job `build` for a round of the demo's task; its event and what it makes lie in `folder`."""
    folder.mkdir()
    event = folder / "event.json"
    event.write_text(json.dumps(_event(github, seed, round_)), encoding="utf-8")
    arguments = ("-m", "orchestrator", "build", "--event", str(event), "--out", str(folder / "out"))
    return Program(arguments, folder, github.env | env)


def publish_of(github: Hub, built: Program) -> Program:
    """Return job `publish` for what a job `build` made."""
    folder = built.folder
    event, out = str(folder / "event.json"), str(folder / "out")
    arguments = ("-m", "orchestrator", "publish", "--event", event, "--build", out)
    return Program(arguments, folder, github.env | {"TARGET_TOKEN": github.target_token})


def _event(github: Hub, seed: str, round_: int) -> dict[str, object]:
    rounds = plan_rounds(Endpoint(VISITOR, "", ""), read_template(SAMPLE), seed)
    asked = request_body(rounds[round_ - 1].task) | {
        "evaluation_url": github.evaluator,
        "received_at": datetime.now(UTC).isoformat(),
    }
    payload = {
        "id": request_id(asked["email"], asked["task"], round_, asked["nonce"]),
        "key": task_key("secret-of-the-bench", asked["email"], asked["task"]),
        "title": title_of(asked["task"], round_),
        "request": asked,
    }
    return {"action": "task", "client_payload": payload}
