"""The hosts beside GitHub Pages: whether the tokens are taken, and whether the receiver and the workflow agree."""

from collections.abc import AsyncIterator, Mapping
from typing import get_args

import httpx

from orchestrator.core.deadline import Clock, Deadline
from orchestrator.core.errors import HostFailed
from orchestrator.core.settings import Hosts, host_settings
from orchestrator.core.task import TargetName
from orchestrator.doctor.finding import Diagnosis, failure, ok, warning
from orchestrator.targets.choosing import account_of
from orchestrator.targets.hosting import HostAPI

LIMIT_S = 20.0
_WHO: Mapping[str, str] = {"netlify": "/user", "vercel": "/v2/user"}
"""What every token may read: who it belongs to."""


async def examine_hosts(env: Mapping[str, str]) -> AsyncIterator[Diagnosis]:
    """Look at every host that has a token, or that the receiver takes tasks for. Nothing is written."""
    hosts = host_settings(env)
    targets = {name.strip() for name in env.get("TARGETS", "pages").split(",")}
    for name in (name for name in get_args(TargetName) if name != "pages"):
        account = account_of(name, hosts)
        if not account.token:
            if name in targets:
                yield failure(
                    f"TARGETS names {name}, and {account.setting} is missing",
                    f"Store {account.setting} as a secret of the environment publish, or take {name} out of TARGETS",
                )
            continue
        if name not in targets:
            yield warning(
                f"{account.setting} is set, and TARGETS does not name {name}: the receiver refuses tasks for it",
                f"Add {name} to TARGETS",
            )
        yield await _examine_token(name, hosts)


async def _examine_token(name: TargetName, hosts: Hosts) -> Diagnosis:
    account, clock = account_of(name, hosts), Clock()
    async with httpx.AsyncClient(trust_env=False) as http:
        try:
            await HostAPI(http, account, Deadline(clock.now() + LIMIT_S, clock)).read(_WHO[name])
        except HostFailed as error:
            return failure(error.cause.rstrip("."), error.remedy.rstrip("."))
    return ok(f"{account.title} takes {account.setting}, which reaches that whole account: use one for sites alone")
