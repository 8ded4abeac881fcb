"""A run of the pipeline, as the local GitHub keeps it."""

from typing import Any

from orchestrator.core.runs import Job
from orchestrator.local.runs import Run


def a_run(**given: Any) -> Run:
    """Return a run with one job that has not begun; `given`: what differs."""
    usual: dict[str, Any] = {
        "repository": "octo/site",
        "event": "repository_dispatch",
        "display_title": "site round 1",
        "name": "Build",
        "path": ".github/workflows/build.yml",
        "head_sha": "0" * 40,
        "head_branch": "main",
        "actor": "octo",
        "jobs": (Job("build"),),
    }
    return Run(**(usual | given))
