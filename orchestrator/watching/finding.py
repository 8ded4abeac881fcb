"""The run of a task, found in GitHub's list by the id of its request."""

import re

from orchestrator.core.errors import GitHubFailed, UsageError
from orchestrator.github.conditional import ConditionalApi
from orchestrator.watching.looks import FoundRun, find_run, parse_runs

FINDING_S = 10.0
"""How long a run is looked for: GitHub lists it a few seconds after it took the dispatch."""

BETWEEN_S = 3.0
WORKFLOW = "build.yml"
PAGE, MOST_PAGES = 100, 10
"""Runs on a page, and pages: GitHub lists no more. https://docs.github.com/rest/actions/workflow-runs"""

_ID = re.compile(r"[0-9a-f]{16}")


async def find_request(request: str, api: ConditionalApi, pipeline: str) -> FoundRun:
    """Return the newest run of a request; raise UsageError if GitHub lists none, and GitHubFailed."""
    until = api.clock.now() + FINDING_S
    while _ID.fullmatch(request):
        for event in ("repository_dispatch", "workflow_dispatch"):
            if found := await _find_in_list(request, api, event):
                return found
        if api.clock.now() >= until:
            break
        await api.clock.sleep(BETWEEN_S)
    raise UsageError(
        f"No task with this id is known in {pipeline}.",
        "Give the id that the receiver answered: 16 digits, each 0 to 9 or a to f. GitHub lists the newest 1,000 runs.",
    )


async def _find_in_list(request: str, api: ConditionalApi, event: str) -> FoundRun | None:
    for page in range(1, MOST_PAGES + 1):
        answer = await api.fetch_json(f"/workflows/{WORKFLOW}/runs?event={event}&per_page={PAGE}&page={page}")
        if answer is None:
            raise GitHubFailed(
                "GitHub does not show the pipeline, or its workflow build.yml, to GITHUB_TOKEN.",
                "Check the name after --pipeline, and give the token Actions: read on that repository.",
            )
        runs = parse_runs(answer)
        if (found := find_run(request, runs)) or len(runs) < PAGE:
            return found
    return None
