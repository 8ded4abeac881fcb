"""What job `publish` wants to commit."""

from typing import Any

from orchestrator.core.report import Build
from orchestrator.core.site import Site
from orchestrator.jobs.commit import CommitOrder, Committed, ensure_commit
from tests.doubles.hub import Hub
from tests.doubles.orders import order, site

SECRET = "our-own-secret-value"

RESERVED = frozenset({"octo/pipeline"})


def wanted(round_: int = 1, made: Site | None = None, base: str | None = None, **fields: Any) -> CommitOrder:
    given = order(round_, nonce=f"nonce-{round_}")
    made = made or site()
    checks = [
        {"round": 1, "text": "old", "kind": "js", "state": "passed"},
        {"round": round_, "text": "a", "kind": "js", "state": "failed"},
        {"round": round_, "text": "b", "kind": "prose", "state": "unproved"},
        {"round": round_, "text": "cy.get('b')", "kind": "js", "state": "unreadable", "seen": "no page has `cy`"},
    ]
    told = {"id": given.id, "base": base, "built_by": "gpt-4.1", "site": made.digest(), "checks": checks, **fields}
    build = Build.model_validate(told)
    return CommitOrder(given, given.assemble_task(), build, made, 2026, (SECRET,), RESERVED)


# From here on there is a GitHub.


async def run(hub: Hub, given: CommitOrder | None = None) -> Committed:
    return await ensure_commit(hub.client(), "octo", given or wanted())
