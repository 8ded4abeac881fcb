"""`pagewright watch --pipeline`, as a person types it, and beside `watch --data` over one and the same run."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from orchestrator.core.events import StampedEvent, parse_line
from orchestrator.local.stage import PIPELINE, LocalOptions, Stage, run_stage

PATH = {"PATH": "/usr/local/bin:/usr/bin:/bin"}


async def watch(*arguments: str, **env: str) -> Process:
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PATH", "HOME", "COV"))}
    command = (sys.executable, "-m", "orchestrator", "watch", *arguments)
    return await asyncio.create_subprocess_exec(*command, env={**kept, **env}, stdout=PIPE, stderr=PIPE)


async def told_by(process: Process) -> list[StampedEvent]:
    out, err = await process.communicate()
    assert (process.returncode, err.decode()) == (0, "")
    return [parse_line(line) for line in out.splitlines()]


def sources(events: list[StampedEvent]) -> dict[str, list[Any]]:
    """Return what each source told, without its numbers: GitHub's times have no fractions of a second."""
    told: dict[str, list[Any]] = {}
    for each in events:
        exact = each.envelope.source != "engine"
        told.setdefault(each.envelope.source, []).append(each if exact else event_fields(each))
    return told


def event_fields(stamped: StampedEvent) -> str:
    return json.dumps(stamped.event.model_dump(exclude={"seconds"}), sort_keys=True)


@pytest.mark.act
@pytest.mark.browser
@pytest.mark.anyio
async def test_both_ways_to_watch_tell_the_same_events_of_the_same_run(tmp_path: Path) -> None:
    async with run_stage(LocalOptions(0, 0, tmp_path / "data", pages_delay=0.2), PATH) as stage:
        request = await send(stage)
        remote = ("--pipeline", PIPELINE, "--json", request)
        env = {"GITHUB_TOKEN": stage.token, "GITHUB_API_URL": stage.github_api}
        live = asyncio.create_task(told_by(await watch(*remote, **env)))
        here = await told_by(await watch("--data", str(stage.data), "--json", request))
        seen = await live
        again = await told_by(await watch(*remote, **env))
    assert Counter(map(event_fields, seen)) == Counter(map(event_fields, again))
    ours, theirs = sources(here), sources(again)
    assert (theirs["build"], theirs["publish"]) == (ours["build"], ours["publish"])
    assert len(theirs["build"]) > 10
    assert Counter(theirs["engine"]) == Counter(ours["engine"])
    for events in (seen, again):
        assert events[-1].event.type == "ended"
        assert sources(events)["engine"][0] == ours["engine"][0]
    numbers = [each.envelope.n for each in again if each.envelope.source == "engine"]
    assert numbers == list(range(1, len(numbers) + 1))


async def send(stage: Stage) -> str:
    task = {
        "email": "ann@example.com",
        "secret": stage.secret,
        "task": "sum",
        "round": 1,
        "nonce": "a-nonce",
        "brief": "Show the sum.",
        "checks": [{"js": "document.title.length > 0"}],
        "evaluation_url": stage.evaluator,
    }
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(f"{stage.receiver}/api-endpoint", json=task)
    return str(answer.json()["id"])
