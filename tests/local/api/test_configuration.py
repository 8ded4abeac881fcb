"""Environments, secrets, variables and rulesets, as two clients see them that this project did not write."""

import base64
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from github import Auth, Github
from githubkit import GitHub
from githubkit.exception import RequestFailed

from orchestrator.local.github import LocalGitHub
from orchestrator.local.store import StoredRepository
from orchestrator.local.tokens import Token

NAMES = ("administration", "contents", "environments", "secrets", "variables")
ADMIN = Token("token-that-sets-up", "octo", dict.fromkeys(NAMES, "write"))
CUSTOM: Any = {"protected_branches": False, "custom_branch_policies": True}
KEEP: Any = {
    "name": "keep",
    "enforcement": "active",
    "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
    "rules": [{"type": "update"}],
}


@pytest.fixture
def admin(listening: LocalGitHub, site: StoredRepository) -> Iterator[GitHub[Any]]:  # noqa: ARG001 - it is made
    listening.tokens.add(ADMIN)
    with GitHub(ADMIN.value, base_url=listening.api_url, auto_retry=False, http_cache=False) as client:
        yield client


def test_an_environment_is_open_until_it_is_restricted_to_branches(admin: GitHub[Any]) -> None:
    repos = admin.rest.repos
    made = repos.create_or_update_environment("octo", "site", "build").parsed_data
    assert (made.name, made.deployment_branch_policy) == ("build", None)
    restricted = repos.create_or_update_environment("octo", "site", "build", deployment_branch_policy=CUSTOM)
    policy = restricted.parsed_data.deployment_branch_policy
    assert policy
    assert policy.custom_branch_policies
    for _ in range(2):
        assert repos.create_deployment_branch_policy("octo", "site", "build", name="main").parsed_data.name == "main"
    listed = repos.list_deployment_branch_policies("octo", "site", "build").parsed_data
    assert [one.name for one in listed.branch_policies] == ["main"]
    (environment,) = repos.get_all_environments("octo", "site").parsed_data.environments or []
    assert environment.protection_rules


@pytest.mark.parametrize("flags", [(True, True), (False, False)])
def test_an_environment_takes_one_kind_of_policy(flags: tuple[bool, bool], admin: GitHub[Any]) -> None:
    policy: Any = {"protected_branches": flags[0], "custom_branch_policies": flags[1]}
    with pytest.raises(RequestFailed) as refused:
        admin.rest.repos.create_or_update_environment("octo", "site", "build", deployment_branch_policy=policy)
    assert refused.value.response.status_code == 422
    admin.rest.repos.create_or_update_environment("octo", "site", "open")
    with pytest.raises(RequestFailed):
        admin.rest.repos.create_deployment_branch_policy("octo", "site", "open", name="main")


@pytest.mark.usefixtures("admin")
def test_a_secret_is_taken_sealed_and_never_shown(listening: LocalGitHub, site: StoredRepository) -> None:
    with Github(
        base_url=listening.api_url,
        auth=Auth.Token(ADMIN.value),
        retry=None,
        seconds_between_requests=None,
        seconds_between_writes=None,
    ) as client:
        repository = client.get_repo("octo/site")
        environment = repository.create_environment("publish")
        for value in ("first", "grüße"):
            environment.create_secret("target_token", value)
            repository.create_secret("KEY", value)
        assert [secret.name for secret in environment.get_secrets()] == ["TARGET_TOKEN"]
        assert [secret.name for secret in repository.get_secrets()] == ["KEY"]
    configured = listening.configurations.load_for(site)
    assert configured.decrypt_secret(configured.secrets["KEY"]) == "grüße"
    assert configured.decrypt_secret(configured.environments["publish"].secrets["TARGET_TOKEN"]) == "grüße"
    assert "grüße" not in repr(configured)


def test_what_is_not_sealed_with_the_repositorys_key_is_refused(admin: GitHub[Any]) -> None:
    key = admin.rest.actions.get_repo_public_key("octo", "site").parsed_data
    for key_id, value in (("1", "AAAA"), (key.key_id, base64.b64encode(b"plain").decode()), (key.key_id, "?")):
        with pytest.raises(RequestFailed) as refused:
            admin.request(
                "PUT", "/repos/octo/site/actions/secrets/X", json={"encrypted_value": value, "key_id": key_id}
            )
        assert refused.value.response.status_code == 422
    with pytest.raises(RequestFailed):
        admin.rest.actions.get_environment_public_key("octo", "site", "none")


def test_variables_are_made_once_and_then_changed(admin: GitHub[Any]) -> None:
    actions = admin.rest.actions
    assert actions.create_repo_variable("octo", "site", name="llm_models", value="a").status_code == 201
    with pytest.raises(RequestFailed) as twice:
        actions.create_repo_variable("octo", "site", name="LLM_MODELS", value="b")
    assert twice.value.response.status_code == 409
    actions.update_repo_variable("octo", "site", "LLM_MODELS", value="b")
    assert actions.get_repo_variable("octo", "site", "LLM_MODELS").parsed_data.value == "b"
    with pytest.raises(RequestFailed):
        actions.update_repo_variable("octo", "site", "NONE", value="b")


def test_a_ruleset_keeps_a_branch_as_it_is_until_it_is_lifted(
    admin: GitHub[Any], listening: LocalGitHub, site: StoredRepository
) -> None:
    repos = admin.rest.repos
    made = repos.create_repo_ruleset("octo", "site", data=KEEP).parsed_data
    assert [(one.name, one.enforcement) for one in repos.get_repo_rulesets("octo", "site").parsed_data] == [
        ("keep", "active")
    ]
    (rule,) = repos.get_branch_rules("octo", "site", "main").parsed_data
    assert rule.type == "update"
    assert repos.get_branch_rules("octo", "site", "other").parsed_data == []
    content = base64.b64encode(b"x").decode()
    with pytest.raises(RequestFailed) as refused:
        repos.create_or_update_file_contents("octo", "site", "x", message="x", content=content)
    assert refused.value.response.status_code == 409
    head = listening.store.resolve_head(site)
    change = {
        "branch": {"repositoryNameWithOwner": "octo/site", "branchName": "main"},
        "message": {"headline": "x"},
        "expectedHeadOid": head,
        "fileChanges": {"additions": [{"path": "x", "contents": content}]},
    }
    document = "mutation($i: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $i) { commit { oid } } }"
    body = {"query": document, "variables": {"i": change}}
    said = admin.request("POST", "/graphql", json=body).json()
    assert "Cannot update this protected ref" in said["errors"][0]["message"]
    repos.update_repo_ruleset("octo", "site", made.id, data={"enforcement": "disabled"})
    assert repos.get_branch_rules("octo", "site", "main").parsed_data == []
    assert "errors" not in admin.request("POST", "/graphql", json=body).json()


def test_a_ruleset_has_a_name_of_its_own_and_a_known_enforcement(admin: GitHub[Any]) -> None:
    admin.rest.repos.create_repo_ruleset("octo", "site", data=KEEP)
    for body, method, path in (
        (KEEP, "POST", "/rulesets"),
        ({**KEEP, "name": "x", "enforcement": "sometimes"}, "POST", "/rulesets"),
        ({}, "POST", "/rulesets"),
        ({}, "PUT", "/rulesets/9"),
    ):
        with pytest.raises(RequestFailed) as refused:
            admin.request(method, f"/repos/octo/site{path}", json=body)
        assert refused.value.response.status_code in (404, 422)


@pytest.mark.anyio
@pytest.mark.usefixtures("site")
async def test_who_may_only_read_sets_nothing_up(api: httpx.AsyncClient, anonymous: httpx.AsyncClient) -> None:
    for client, status in ((anonymous, 401), (api, 403)):
        assert (await client.put("/repos/octo/site/environments/x/secrets/Y", json={})).status_code == status
        assert (await client.get("/repos/octo/site/actions/variables/X")).status_code == status
    assert (await anonymous.get("/repos/octo/site/environments")).json()["total_count"] == 0


def test_a_private_repository_of_a_free_account_has_no_rulesets(admin: GitHub[Any], listening: LocalGitHub) -> None:
    listening.store.create_repository("octo", "hidden", description=None, private=True)
    with pytest.raises(RequestFailed) as refused:
        admin.rest.repos.create_repo_ruleset("octo", "hidden", data=KEEP)
    assert refused.value.response.status_code == 403
