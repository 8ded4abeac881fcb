"""Netlify and Vercel: what a round that changes one file uploads, and what faults of the hosts lose or double."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from orchestrator.core.errors import HostFailed
from orchestrator.core.site import RECORD
from orchestrator.local.faults import Fault
from orchestrator.targets.choosing import account_of
from orchestrator.targets.hosting import HostAPI
from orchestrator.targets.live import ExpectedSite, wait_until_live
from orchestrator.targets.netlify import NetlifyTarget
from orchestrator.targets.target import DeploymentLost, PublishTarget, Release
from orchestrator.targets.vercel import VercelTarget
from tests.bench.figures import Figure
from tests.bench.processes import Failed
from tests.doubles.away import Away, Kind, away_on
from tests.doubles.clock import FastClock
from tests.doubles.hub import Host, fault, hosting

KINDS: tuple[Kind, ...] = ("netlify", "vercel")
RELEASE = Release("octo/sales", "a" * 40, ("0123456789abcdef",), "b" * 16, 1, {})
FILES = {RECORD: b"round 1", "index.html": b"<h1>one", "app.js": b"1", "style.css": b"2", "data.csv": b"3"}
CALLS: Mapping[Kind, tuple[tuple[str, str], ...]] = {
    "netlify": (("POST", "/api/v1/sites$"), ("POST", "/sites/[^/]+/deploys$"), ("PUT", "/deploys/[^/]+/files/")),
    "vercel": (("POST", "/v11/projects$"), ("POST", "/v13/deployments$"), ("POST", "/v2/files$")),
}
"""What makes the place, begins the deployment and uploads a file."""

WAYS: tuple[Mapping[str, Any], ...] = (
    {"status": 401},
    {"status": 402},
    {"status": 422, "times": 9},
    {"status": 429, "headers": {"x-ratelimit-reset": "1795176030"}},
    {"drop": "before"},
    {"drop": True},
)
RUNS = 3
"""A run that a refusal ends is started again, as a person does, once the fault is over."""


@dataclass(frozen=True)
class Scenario:
    """What goes wrong at one host. `trouble`: why its first deployment comes to nothing."""

    kind: Kind
    faults: tuple[Fault, ...] = ()
    trouble: str = ""


async def measure(folder: Path) -> list[Figure]:
    """Deploy two rounds to each host, and one round under each fault."""
    with hosting() as host:
        uploads = [await _count_uploads(kind, host, folder / f"rounds-{kind}") for kind in KINDS]
        outcomes = [
            await _meet(scenario, host, folder / f"fault-{number}") for number, scenario in enumerate(_scenarios())
        ]
    lost = sum(not is_live for is_live, _ in outcomes)
    doubled = sum(deployments > 1 for _, deployments in outcomes)
    figures = [
        Figure(name=f"{kind}: uploads for one changed file, beside the record", unit="", ours=[number], limit=1)
        for kind, number in zip(KINDS, uploads, strict=True)
    ]
    for name, count in (("lost", lost), ("doubled", doubled)):
        figures.append(Figure(name=f"{len(outcomes)} faults of other hosts: {name}", unit="", ours=[count], limit=0))
    return figures


def _scenarios() -> Iterator[Scenario]:
    for kind in KINDS:
        for method, path in CALLS[kind]:
            for way in WAYS:
                yield Scenario(kind, (fault(path, method=method, **way),))
        yield Scenario(kind, trouble="The disk is full.")
        yield Scenario(kind, (fault(f"/live/.*{RECORD}$", status=200, body="old", times=5),))


async def _count_uploads(kind: Kind, host: Host, folder: Path) -> int:
    time = FastClock()
    away = away_on(kind, host, folder, time)
    await _put_live(away, time, RELEASE, FILES)
    away.calls.clear()
    second = replace(RELEASE, head="c" * 40, request="d" * 16, round=2)
    await _put_live(away, time, second, {**FILES, RECORD: b"round 2", "data.csv": b"4"})
    return len(away.uploads) - 1


async def _meet(scenario: Scenario, host: Host, folder: Path) -> tuple[bool, int]:
    """Return whether the commit is live at last, and how many deployments of it came to something."""
    time = FastClock()
    away = away_on(scenario.kind, host, folder, time)
    away.fail(*scenario.faults)
    away.shelf.troubles.extend(filter(None, [scenario.trouble]))
    is_live = False
    for _ in range(RUNS):
        try:
            await _put_live(away, time, RELEASE, FILES)
        except HostFailed:
            away.fail()
        else:
            is_live = True
            break
    return is_live, sum(not one["trouble"] for one in away.deployments)


async def _put_live(away: Away, time: FastClock, release: Release, files: Mapping[str, bytes]) -> None:
    """Do what job `publish` does once a commit is there."""
    deadline = time.deadline()
    async with httpx.AsyncClient(trust_env=False) as http:
        target = _target(HostAPI(http, account_of(away.kind, away.hosts), deadline), release, files, away)
        url = await target.ensure_place()
        deployment = await target.find_deployment() or await target.deploy()
        for _ in range(2):
            awaited = ExpectedSite(url, deployment.sha, deployment.expected, target.title)
            try:
                await wait_until_live(awaited, deployment.progress, deadline)
            except DeploymentLost:
                deployment = await target.deploy()
            else:
                return
    raise Failed("a host that fails once was given up")


def _target(api: HostAPI, release: Release, files: Mapping[str, bytes], away: Away) -> PublishTarget:
    if away.kind == "netlify":
        return NetlifyTarget(api, release, files)
    return VercelTarget(api, release, files, away.hosts.vercel_site_url)
