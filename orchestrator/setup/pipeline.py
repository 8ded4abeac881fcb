"""The pipeline's repository: its environments, secrets, variables and the rule that keeps its branch.

Every call may be made again: what is there already is left, or replaced by the same.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from github import Github
from github.Environment import Environment

from orchestrator.github.client import Client, Refused
from orchestrator.github.repository import create_public

if TYPE_CHECKING:
    from github.Repository import Repository

RULESET = "Pagewright: the pipeline is changed by hand only"
_RULES = ("update", "deletion", "non_fast_forward")
_HAS_NONE = (403, 404, 422)
"""What is said of a feature that the account's plan does not have."""


@dataclass(frozen=True)
class Pipeline:
    """`head`: the commit at the default branch, None where the repository is empty."""

    client: Client
    full_name: str
    branch: str
    head: str | None
    is_private: bool

    async def restrict(self, name: str) -> bool:
        """Make the environment `name`, for the default branch alone; return whether the plan has environments.

        https://docs.github.com/rest/deployments/environments, https://docs.github.com/rest/deployments/branch-policies
        """
        url = f"/repos/{self.full_name}/environments/{name}"
        policy = {"protected_branches": False, "custom_branch_policies": True}
        try:
            await self._call("PUT", url, {"deployment_branch_policy": policy})
        except Refused as error:
            if self.is_private and error.status in _HAS_NONE:
                return False
            raise
        listed = await self._call("GET", f"{url}/deployment-branch-policies")
        if self.branch not in {entry["name"] for entry in listed["branch_policies"]}:
            await self._call("POST", f"{url}/deployment-branch-policies", {"name": self.branch})
        return True

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

    async def keep_variable(self, name: str, value: str) -> None:
        """Set a variable of the repository. https://docs.github.com/rest/actions/variables."""
        url = f"/repos/{self.full_name}/actions/variables"
        try:
            await self._call("PATCH", f"{url}/{name}", {"name": name, "value": value})
        except Refused as error:
            if error.status != 404:
                raise
            await self._call("POST", url, {"name": name, "value": value})

    async def protect(self) -> bool:
        """Let nobody change the default branch before the ruleset is lifted; return whether the plan has rulesets.

        A token with Contents: write, as the receiver's is, can then push other branches only. Nobody is exempt: a
        personal access token is its owner to GitHub. Lifting takes Administration: write.
        https://docs.github.com/rest/repos/rules#create-a-repository-ruleset
        """
        body = {
            "name": RULESET,
            "target": "branch",
            "enforcement": "active",
            "bypass_actors": [],
            "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
            "rules": [{"type": rule} for rule in _RULES],
        }
        url = f"/repos/{self.full_name}/rulesets"
        try:
            known = await self._ruleset()
            await (self._call("POST", url, body) if known is None else self._call("PUT", f"{url}/{known}", body))
        except Refused as error:
            if self.is_private and error.status in _HAS_NONE:
                return False
            raise
        return True

    @asynccontextmanager
    async def lifted(self) -> AsyncIterator[None]:
        """Lift the ruleset while the block runs, where there is one already."""
        known = await self._ruleset() if self.head is not None else None
        if known is None:
            yield
            return
        url = f"/repos/{self.full_name}/rulesets/{known}"
        await self._call("PUT", url, {"enforcement": "disabled"})
        try:
            yield
        finally:
            await self._call("PUT", url, {"enforcement": "active"})

    async def _ruleset(self) -> int | None:
        try:
            listed = await self._call("GET", f"/repos/{self.full_name}/rulesets")
        except Refused as error:
            if self.is_private and error.status in _HAS_NONE:
                return None
            raise
        return next((int(entry["id"]) for entry in listed if entry["name"] == RULESET), None)

    async def _call(self, method: str, url: str, body: Mapping[str, Any] | None = None) -> Any:
        def call(github: Github) -> Any:
            return github.requester.requestJsonAndCheck(method, url, input=body)[1]

        return await self.client.read(call)  # each of these may be repeated


async def found(client: Client, full_name: str) -> Pipeline | None:
    """Return the pipeline, None where there is no such repository, or none that the token sees."""

    def look(github: Github) -> Pipeline:
        _, known = github.requester.requestJsonAndCheck("GET", f"/repos/{full_name}")
        return Pipeline(client, known["full_name"], known["default_branch"], None, known["private"])

    def head(github: Github) -> str:
        return github.get_repo(full_name).get_commits()[0].sha

    try:
        pipeline = await client.read(look)
    except Refused as error:
        if error.status == 404:
            return None
        raise
    try:
        sha = await client.read(head)
    except Refused as error:
        if error.status not in (404, 409):  # 409: it is empty
            raise
        return pipeline
    return Pipeline(client, pipeline.full_name, pipeline.branch, sha, pipeline.is_private)


async def made(client: Client, full_name: str) -> Pipeline:
    """Make the repository, public and empty."""
    owner, _, name = full_name.partition("/")
    await create_public(client, owner, name)
    return Pipeline(client, full_name, "main", None, is_private=False)
