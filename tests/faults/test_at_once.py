"""17: what only the real workflow's queue can show: three rounds of one task within a second, many tasks at once."""

import asyncio
import json
from pathlib import Path

import httpx
import pytest

from orchestrator.evaluator.course import Endpoint, body_of, planned
from orchestrator.evaluator.templates import Template
from orchestrator.local.stage import OWNER, Options, Stage, staged
from orchestrator.site import RECORD

pytestmark = [pytest.mark.anyio, pytest.mark.act, pytest.mark.browser]

TEMPLATE = Template.model_validate(
    {"id": "notes", "brief": "One.", "round2": {"brief": "Two."}, "round3": {"brief": "Three."}}
)
PATH = {"PATH": "/usr/local/bin:/usr/bin:/bin"}


async def handed_in(stage: Stage, http: httpx.AsyncClient, seeds: list[str], rounds: int) -> list[str]:
    """Send so many rounds of tasks, one right after the other, and return the requests' ids."""
    ids = []
    for seed in seeds:
        for entry in planned(Endpoint("a@b.c", stage.receiver, stage.secret), TEMPLATE, seed)[:rounds]:
            body = {**body_of(entry.task), "secret": stage.secret, "evaluation_url": stage.evaluator}
            answer = await http.post(f"{stage.receiver}/api-endpoint", json=body)
            assert answer.status_code == 200
            ids.append(answer.json()["id"])
    return ids


async def over(stage: Stage) -> None:
    await asyncio.gather(*(stage.engine.wait(run.id) for run in stage.github.runs.list("local/pagewright")))


def record(stage: Stage, name: str) -> dict[str, object]:
    found = stage.github.store.find(OWNER, name)
    assert found
    head = stage.github.store.head(found)
    assert head
    entry = next(entry for entry in stage.github.store.tree(found, head) if entry.path == RECORD)
    said: dict[str, object] = json.loads(stage.github.store.blob(found, entry.sha))
    return said


async def test_17_three_rounds_within_a_second_have_three_effects_in_order(tmp_path: Path) -> None:
    options = Options(receiver_port=0, github_port=0, data=tmp_path, pages_delay=0.2)
    async with staged(options, PATH) as stage, httpx.AsyncClient(trust_env=False) as http:
        ids = await handed_in(stage, http, ["x"], 3)
        await over(stage)
        assert [result["round"] for result in stage.results.received] == [1, 2, 3]
        assert all("commit_sha" in result for result in stage.results.received)
        said = record(stage, "notes-x")
        assert said["request"] == ids[-1]
        assert [entry["brief"] for entry in said["rounds"]] == ["One.", "Two.", "Three."]  # type: ignore[attr-defined]


@pytest.mark.long
async def test_17_fifty_tasks_at_once_are_all_there_and_none_twice(tmp_path: Path) -> None:
    options = Options(receiver_port=0, github_port=0, data=tmp_path, pages_delay=0.2)
    async with staged(options, PATH) as stage, httpx.AsyncClient(trust_env=False) as http:
        await handed_in(stage, http, [f"s{number}" for number in range(50)], 1)
        await over(stage)
        told = stage.results.received
        assert len(told) == len({result["task"] for result in told}) == 50
        assert all("commit_sha" in result for result in told)
