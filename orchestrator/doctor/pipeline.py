"""What the receiver and the runs need in the pipeline's repository: a token, the workflow, environments, a rule."""

from collections.abc import AsyncIterator
from typing import Any

from orchestrator.doctor.asking import (
    Probe,
    TokenApi,
    examine_extra_permissions,
    examine_permissions,
    examine_token,
    parse_answer,
)
from orchestrator.doctor.finding import Diagnosis, failure, ok, warning

ENVIRONMENTS = ("build", "publish")
WORKFLOW = "build.yml"
NAME = "DISPATCH_TOKEN"


async def examine_pipeline(github: TokenApi, pipeline: str, sees_secrets: TokenApi | None) -> AsyncIterator[Diagnosis]:
    """Look at everything, with the receiver's token; at the names of secrets with another that may see those."""
    async for finding in examine_token(github, NAME):
        yield finding
        if finding.level == "failure":
            return
    if not pipeline:
        return
    found = await github.fetch_json(f"/repos/{pipeline}")
    if found is None:
        yield failure(f"{NAME} cannot see {pipeline}", "Check PIPELINE_REPOSITORY, and which repositories it covers")
        return
    path = f"/repos/{pipeline}"
    dispatching = Probe("Contents: read and write", f"{path}/dispatches", f"dispatch to {pipeline}")
    async for finding in examine_permissions(github, NAME, [dispatching]):
        yield finding
    async for finding in examine_extra_permissions(github, NAME, _unneeded_probes(path)):
        yield finding
    if await github.find_missing_permission(
        Probe("Variables: read", f"{path}/actions/variables/LLM_MODELS", "", "GET")
    ):
        yield warning(
            f"{NAME} cannot see the variable LLM_MODELS, so the receiver cannot show which models are used", _SEEING
        )
    yield await _examine_workflow(github, path)
    async for finding in _examine_environments(github, found, path):
        yield finding
    if sees_secrets:
        yield await _examine_target_secret(sees_secrets, path)
    yield await _examine_branch_rules(github, found, path)


_SEEING = "Set it (`pagewright setup` does). If you like, give the token Variables: read"


def _unneeded_probes(path: str) -> list[Probe]:
    """Return what a thief could do with a dispatch token that has too many permissions."""
    return [
        Probe("Administration", "/user/repos", "create repositories"),
        Probe("Administration", f"{path}/rulesets", "disable the ruleset that protects the pipeline"),
        Probe("Actions: write", f"{path}/actions/workflows/{WORKFLOW}/dispatches", "start workflows on any branch"),
        Probe("Secrets", f"{path}/actions/secrets", "list secrets", "GET"),
        Probe("Environments", f"{path}/environments/publish/secrets", "list the environments' secrets", "GET"),
    ]


async def _examine_workflow(github: TokenApi, path: str) -> Diagnosis:
    answer = await github.ask("GET", f"{path}/actions/workflows/{WORKFLOW}")
    if answer.status_code == 403:
        return failure(f"{NAME} cannot see workflows", "Give it Actions: read; private repositories need it")
    if (found := parse_answer(answer)) is None:
        return failure(f"There is no {WORKFLOW} on the default branch", "`pagewright setup` pushes the project there")
    if found.get("state") != "active":
        return failure(f"The workflow is {found.get('state')}", "Enable it in the repository's Actions tab")
    return ok(f"The workflow {WORKFLOW} is active on the default branch")


async def _examine_environments(github: TokenApi, found: Any, path: str) -> AsyncIterator[Diagnosis]:
    listed = await github.fetch_json(f"{path}/environments")
    if listed is None:
        where = (
            "Private repositories of free accounts have no environments. Store the secrets in the repository instead"
        )
        yield warning("The environments could not be read", where if found.get("private") else "`pagewright setup`")
        return
    policies = {entry["name"]: entry.get("deployment_branch_policy") for entry in listed.get("environments", [])}
    for name in ENVIRONMENTS:
        if name not in policies:
            yield warning(f"There is no environment {name}", "`pagewright setup` creates it for the secrets of one job")
        elif not policies[name]:
            yield warning(f"The environment {name} is open to every branch", "`pagewright setup` restricts it")
        elif not policies[name].get("custom_branch_policies"):
            # https://docs.github.com/actions/reference/workflows-and-actions/deployments-and-environments
            said = (
                f"The environment {name} is restricted to protected branches. Without a classic branch "
                "protection rule, that means all branches"
            )
            yield warning(said, "`pagewright setup` restricts it to the default branch")
        else:
            allowed = await github.fetch_json(f"{path}/environments/{name}/deployment-branch-policies")
            yield _examine_branch_policy(name, allowed, str(found.get("default_branch")))


def _examine_branch_policy(name: str, allowed: Any, branch: str) -> Diagnosis:
    if allowed is None:
        return warning(
            f"The branches that may use the environment {name} could not be read", f"Give {NAME} Actions: read"
        )
    branches = [entry["name"] for entry in allowed["branch_policies"]]
    if branch not in branches:
        return failure(f"The environment {name} is not open to {branch}, so no job can start", "`pagewright setup`")
    if others := [other for other in branches if other != branch]:
        return warning(f"The environment {name} is also open to {', '.join(others)}", "Remove them from it")
    return ok(f"The environment {name} is restricted to the default branch")


async def _examine_target_secret(github: TokenApi, path: str) -> Diagnosis:
    """Say whether job `publish` would find its token."""
    for where in (f"{path}/environments/publish/secrets", f"{path}/actions/secrets"):
        held = await github.fetch_json(f"{where}?per_page=100")
        if held is not None and "TARGET_TOKEN" in {entry["name"] for entry in held["secrets"]}:
            return ok("The secret TARGET_TOKEN is stored")
    return failure("There is no secret TARGET_TOKEN", "`pagewright setup` stores it")


async def _examine_branch_rules(github: TokenApi, found: Any, path: str) -> Diagnosis:
    """Say whether a rule protects the default branch from a token that may write contents.

    https://docs.github.com/rest/repos/rules#get-rules-for-a-branch
    """
    branch = found.get("default_branch")
    for rule in await github.fetch_json(f"{path}/rules/branches/{branch}") or []:
        ruleset = (
            await github.fetch_json(f"{path}/rulesets/{rule.get('ruleset_id')}")
            if rule.get("type") == "update"
            else None
        )
        # A token is its owner to GitHub: what they may bypass, it may.
        if ruleset and ruleset.get("current_user_can_bypass", "never") == "never":
            return ok(f"A ruleset protects {branch} from {NAME}")
    remedy = "`pagewright setup` creates a ruleset that nobody can bypass"
    return warning(f"{NAME} could rewrite {branch}, and with it read every secret", remedy)
