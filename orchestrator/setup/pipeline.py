"""The pipeline's repository: its environments, secrets, variables and the rule that keeps its branch.

Every call may be made again: what is there already is left, or replaced by the same.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from github import Github
from github.Environment import Environment

from orchestrator.core.errors import GitHubFailed
from orchestrator.github.client import Client, GitHubRefused
from orchestrator.github.repository import create_public_repository

if TYPE_CHECKING:
    from github.Repository import Repository

T = TypeVar("T")
RULESET = "Pagewright: only people change the pipeline"
_RULES = ("update", "deletion", "non_fast_forward")
_PLAN = re.compile("billing plan|upgrade to", re.IGNORECASE)
"""How GitHub says that an account's plan does not have something for private repositories."""


@dataclass(frozen=True)
class Pipeline:
    """`head`: the commit at the default branch, None if the repository is empty."""

    client: Client
    full_name: str
    branch: str
    head: str | None
    is_private: bool

    async def restrict_environment(self, name: str) -> list[str] | None:
        """Make the environment `name`, for the default branch; return what else may use it, None: not in this plan.

        https://docs.github.com/rest/deployments/environments, https://docs.github.com/rest/deployments/branch-policies
        """
        url = f"/repos/{self.full_name}/environments/{name}"
        policy = {"protected_branches": False, "custom_branch_policies": True}
        try:
            await self._call("PUT", url, {"deployment_branch_policy": policy})
        except GitHubRefused as error:
            if self._is_for_another_plan(error):
                return None
            raise
        url = f"{url}/deployment-branch-policies"
        allowed = await self._call(
            "GET", url, pick=lambda said: [str(entry["name"]) for entry in said["branch_policies"]]
        )
        if self.branch not in allowed:
            await self._call("POST", url, {"name": self.branch})
        return [other for other in allowed if other != self.branch]

    async def keep_secret(self, environment: str | None, name: str, value: str) -> None:
        """Store a secret, sealed, in an environment, or in the repository where `environment` is None.

        https://docs.github.com/rest/guides/encrypting-secrets-for-the-rest-api
        """

        def store(github: Github) -> None:
            holder: Repository | Environment = github.get_repo(self.full_name)
            if environment is not None:
                url = f"/repos/{self.full_name}/environments/{environment}"
                holder = Environment(github.requester, {}, {"url": url}, completed=True)
            holder.create_secret(name, value)

        await self.client.read(store)  # the same value again is no other one

    async def list_repository_secrets(self) -> list[str]:
        """Return the names of the repository's own secrets, which every workflow in it sees."""
        url = f"/repos/{self.full_name}/actions/secrets?per_page=100"
        return await self._call("GET", url, pick=lambda said: [str(entry["name"]) for entry in said["secrets"]])

    async def keep_variable(self, name: str, value: str) -> None:
        """Set a variable of the repository. https://docs.github.com/rest/actions/variables."""
        url = f"/repos/{self.full_name}/actions/variables"
        if await self.fetch_variable(name) is None:
            await self._call("POST", url, {"name": name, "value": value})
        else:
            await self._call("PATCH", f"{url}/{name}", {"name": name, "value": value})

    async def fetch_variable(self, name: str) -> str | None:
        """Return a variable of the repository, None if no variable has that name."""
        url = f"/repos/{self.full_name}/actions/variables/{name}"
        try:
            return await self._call("GET", url, pick=lambda said: str(said["value"]))
        except GitHubRefused as error:
            if error.status != 404:
                raise
            return None

    async def protect_branch(self) -> bool:
        """Let nobody change the default branch before the ruleset is lifted; return whether the plan has rulesets.

        A token with Contents: write, as the receiver's is, can then push other branches only. Nobody is exempt: a
        personal access token is its owner to GitHub. Lifting takes Administration: write.
        https://docs.github.com/rest/repos/rules#create-a-repository-ruleset
        """
        url = f"/repos/{self.full_name}/rulesets"
        try:
            known = await self._find_ruleset()
            if known is None:
                await self._call("POST", url, _ruleset_body("active"))
            else:
                await self._call("PUT", f"{url}/{known}", _ruleset_body("active"))
        except GitHubRefused as error:
            if self._is_for_another_plan(error):
                return False
            raise
        return True

    @asynccontextmanager
    async def lift_ruleset(self) -> AsyncIterator[None]:
        """Lift the ruleset while the block runs, where there is one; put it back also after an error.

        Raises GitHubFailed that says so where it could not be put back.
        """
        known = await self._find_ruleset() if self.head is not None else None
        if known is None:
            yield
            return
        url = f"/repos/{self.full_name}/rulesets/{known}"
        try:
            await self._call("PUT", url, _ruleset_body("disabled"))
            yield
        finally:
            try:
                # Stopping this program now would leave the branch open.
                await asyncio.shield(self._call("PUT", url, _ruleset_body("active")))
            except GitHubFailed as error:
                said = (
                    f"The ruleset that protects {self.branch} was disabled and could not be enabled again: "
                    f"{error.cause}"
                )
                raise GitHubFailed(said, "Run this command again now: it enables the ruleset.") from error

    async def _find_ruleset(self) -> int | None:
        def pick_ruleset(listed: Any) -> int | None:
            return next((int(entry["id"]) for entry in listed if entry["name"] == RULESET), None)

        try:
            return await self._call("GET", f"/repos/{self.full_name}/rulesets", pick=pick_ruleset)
        except GitHubRefused as error:
            if self._is_for_another_plan(error):
                return None
            raise

    def _is_for_another_plan(self, error: GitHubRefused) -> bool:
        return self.is_private and _PLAN.search(error.detail) is not None

    async def _call(
        self, method: str, url: str, body: Mapping[str, Any] | None = None, pick: Callable[[Any], T] = lambda said: said
    ) -> T:
        """Make a call that may be repeated, and return what is picked from its answer."""
        return await _call_api(self.client, method, url, body, pick)


def _ruleset_body(enforcement: Literal["active", "disabled"]) -> dict[str, Any]:
    return {
        "name": RULESET,
        "target": "branch",
        "enforcement": enforcement,
        "bypass_actors": [],
        "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
        "rules": [{"type": rule} for rule in _RULES],
    }


async def _call_api(
    client: Client, method: str, url: str, body: Mapping[str, Any] | None, pick: Callable[[Any], T]
) -> T:
    def call(github: Github) -> T:
        return pick(github.requester.requestJsonAndCheck(method, url, input=body)[1])

    return await client.read(call)


async def find_pipeline(client: Client, full_name: str) -> Pipeline | None:
    """Return the pipeline, None if there is no such repository, or none that the token sees."""

    def parse_pipeline(said: Any) -> Pipeline:
        return Pipeline(client, str(said["full_name"]), str(said["default_branch"]), None, bool(said["private"]))

    try:
        pipeline = await _call_api(client, "GET", f"/repos/{full_name}", None, parse_pipeline)
    except GitHubRefused as error:
        if error.status == 404:
            return None
        raise
    url = f"/repos/{pipeline.full_name}/commits?per_page=1"
    try:
        head = await _call_api(client, "GET", url, None, lambda said: str(said[0]["sha"]) if said else None)
    except GitHubRefused as error:
        if error.status not in (404, 409):  # 409: it is empty
            raise
        head = None
    return replace(pipeline, head=head)


async def create_pipeline(client: Client, full_name: str) -> Pipeline:
    """Make the repository, public and empty."""
    owner, _, name = full_name.partition("/")
    await create_public_repository(client, owner, name)
    return Pipeline(client, full_name, "main", None, is_private=False)
