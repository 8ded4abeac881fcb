"""What the receiver and the runs need of the pipeline's repository: a token, the workflow, environments, a rule."""

from collections.abc import AsyncIterator
from typing import Any

from orchestrator.doctor.asking import GitHub, Probe, needed, parsed, too_much, valid
from orchestrator.doctor.finding import Finding, failure, ok, warning

ENVIRONMENTS = ("build", "publish")
WORKFLOW = "build.yml"
NAME = "DISPATCH_TOKEN"


async def examined(github: GitHub, pipeline: str) -> AsyncIterator[Finding]:
    """Look at everything, with the receiver's token."""
    async for finding in valid(github, NAME):
        yield finding
        if finding.level == "failure":
            return
    if not pipeline:
        return
    found = await github.read(f"/repos/{pipeline}")
    if found is None:
        yield failure(f"{NAME} does not see {pipeline}", "Check PIPELINE_REPOSITORY, and which repositories it covers")
        return
    path = f"/repos/{pipeline}"
    dispatching = Probe("Contents: read and write", f"{path}/dispatches", f"dispatch to {pipeline}")
    async for finding in needed(github, NAME, [dispatching]):
        yield finding
    async for finding in too_much(github, NAME, _unneeded(path)):
        yield finding
    if await github.lacks(Probe("Variables: read", f"{path}/actions/variables/LLM_MODELS", "", "GET")):
        yield warning(f"{NAME} sees no variable LLM_MODELS: the receiver cannot say which models build", _SEEING)
    yield await _workflow(github, path)
    async for finding in _environments(github, found, path):
        yield finding
    yield await _branch(github, found, path)


_SEEING = "Set it (`pagewright setup` does), and give the token Variables: read if you like"


def _unneeded(path: str) -> list[Probe]:
    """Return what could be done with a dispatch token that has been given too much, once it has been stolen."""
    return [
        Probe("Administration", "/user/repos", "create repositories"),
        Probe("Administration", f"{path}/rulesets", "lift the ruleset that keeps the pipeline"),
        Probe("Actions: write", f"{path}/actions/workflows/{WORKFLOW}/dispatches", "start workflows on any branch"),
        Probe("Secrets", f"{path}/actions/secrets", "list secrets", "GET"),
        Probe("Environments", f"{path}/environments/publish/secrets", "list the environments' secrets", "GET"),
    ]


async def _workflow(github: GitHub, path: str) -> Finding:
    answer = await github.ask("GET", f"{path}/actions/workflows/{WORKFLOW}")
    if answer.status_code == 403:
        return failure(f"{NAME} does not see workflows", "Give it Actions: read; private repositories need it")
    if (found := parsed(answer)) is None:
        return failure(f"There is no {WORKFLOW} on the default branch", "`pagewright setup` pushes the project there")
    if found.get("state") != "active":
        return failure(f"The workflow is {found.get('state')}", "Enable it in the repository's Actions tab")
    return ok(f"The workflow {WORKFLOW} is active on the default branch")


async def _environments(github: GitHub, found: Any, path: str) -> AsyncIterator[Finding]:
    listed = await github.read(f"{path}/environments")
    if listed is None:
        where = "Private repositories of free accounts have none: keep the secrets in the repository's"
        yield warning("The environments cannot be seen", where if found.get("private") else "`pagewright setup`")
        return
    policies = {entry["name"]: entry.get("deployment_branch_policy") for entry in listed.get("environments", [])}
    for name in ENVIRONMENTS:
        if name not in policies:
            yield warning(f"There is no environment {name}", "`pagewright setup` makes it, for secrets of one job")
        elif not policies[name]:
            yield warning(f"The environment {name} is open to every branch", "Restrict it to the default branch")
        else:
            allowed = await github.read(f"{path}/environments/{name}/deployment-branch-policies") or {}
            branches = [entry["name"] for entry in allowed.get("branch_policies", [])]
            others = [branch for branch in branches if branch != found.get("default_branch")]
            if others:
                yield warning(f"The environment {name} is open to {', '.join(others)} too", "Restrict it to one branch")
            else:
                yield ok(f"The environment {name} is restricted to the default branch")


async def _branch(github: GitHub, found: Any, path: str) -> Finding:
    """Say whether a rule keeps the default branch from a token that may write contents.

    https://docs.github.com/rest/repos/rules#get-rules-for-a-branch
    """
    branch = found.get("default_branch")
    rules = await github.read(f"{path}/rules/branches/{branch}")
    if any(rule.get("type") == "update" for rule in rules or []):
        return ok(f"A ruleset keeps {branch} from {NAME}")
    remedy = "`pagewright setup` makes a ruleset, Settings → Rules too"
    return warning(f"{NAME} could rewrite {branch}, and with it read every secret", remedy)
