"""Environments, secrets, variables and rulesets: how a repository is set up."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.responses import Response

from orchestrator.local.api import bodies
from orchestrator.local.api.bodies import Body, format_time
from orchestrator.local.api.respond import ApiError, Call, Operation, json_response, not_found
from orchestrator.local.configuration import Configuration, Enforcement, Environment, Policy, Ruleset

_POLICIES: Mapping[tuple[bool, bool], Policy] = {(True, False): "protected", (False, True): "custom"}
_ENFORCEMENTS: Mapping[str, Enforcement] = {"active": "active", "disabled": "disabled", "evaluate": "evaluate"}


def list_environments(call: Call) -> Response:
    """GET …/environments."""
    listed = [_environment_body(call, name, one) for name, one in _load_configuration(call).environments.items()]
    return json_response({"total_count": len(listed), "environments": listed})


def put_environment(call: Call) -> Response:
    """PUT …/environments/{name}: made where it is missing. https://docs.github.com/rest/deployments/environments."""
    name, policy = call.params["name"], _parse_policy(call.body.get("deployment_branch_policy"))
    if call.repository.private and policy != "open":  # what free accounts are told
        raise ApiError(
            422, "Failed to create the environment protection rule. Please ensure the billing plan includes it."
        )
    known = _load_configuration(call).environments.get(name, Environment())
    _save_environment(call, name, replace(known, policy=policy, branches=known.branches if policy == "custom" else ()))
    return json_response(_environment_body(call, name, _require_environment(call)))


def list_policies(call: Call) -> Response:
    """GET …/environments/{name}/deployment-branch-policies."""
    listed = [_branch_policy_body(name) for name in _require_environment(call).branches]
    return json_response({"total_count": len(listed), "branch_policies": listed})


def add_policy(call: Call) -> Response:
    """POST …/deployment-branch-policies: only where an environment has policies of its own."""
    environment, branch = _require_environment(call), call.body_text("name")
    if environment.policy != "custom":
        raise not_found()
    if branch not in environment.branches:
        _save_environment(call, call.params["name"], replace(environment, branches=(*environment.branches, branch)))
    return json_response(_branch_policy_body(branch))


def get_public_key(call: Call) -> Response:
    """GET …/secrets/public-key: what secrets of the repository, or of one environment, are sealed with."""
    if "name" in call.params:
        _require_environment(call)
    configured = _load_configuration(call)
    return json_response({"key_id": _key_id(configured), "key": configured.public_key})


def list_secrets(call: Call) -> Response:
    """GET …/secrets: their names. Nobody is ever shown a value."""
    held = _require_environment(call).secrets if "name" in call.params else _load_configuration(call).secrets
    listed = [{"name": name, **_time_fields(call)} for name in held]
    return json_response({"total_count": len(listed), "secrets": listed})


def put_secret(call: Call) -> Response:
    """PUT …/secrets/{secret}: 201 where it is new, else 204. What is not sealed with our key is refused."""
    name, sealed, configured = (
        call.params["secret"].upper(),
        call.body_text("encrypted_value"),
        _load_configuration(call),
    )
    if call.body_text("key_id") != _key_id(configured) or configured.decrypt_secret(sealed) is None:
        raise ApiError(422, "Bad request - Please ensure that you are using the correct key to encrypt this value.")
    if "name" in call.params:
        environment = _require_environment(call)
        is_new = name not in environment.secrets
        _save_environment(
            call, call.params["name"], replace(environment, secrets={**environment.secrets, name: sealed})
        )
    else:
        is_new = name not in configured.secrets
        held = {**configured.secrets, name: sealed}
        call.github.configurations.change(call.repository, lambda now: replace(now, secrets=held))
    return json_response({}, 201) if is_new else Response(status_code=204)


def get_variable(call: Call) -> Response:
    """GET …/actions/variables/{variable}."""
    return json_response(_variable_body(call, *_require_variable(call)))


def add_variable(call: Call) -> Response:
    """POST …/actions/variables: 409 where there is one of that name."""
    name, value = call.body_text("name").upper(), call.body_text("value")
    if name in _load_configuration(call).variables:
        raise ApiError(409, "Already exists - Variable already exists")
    _save_variable(call, name, value)
    return json_response({}, 201)


def change_variable(call: Call) -> Response:
    """PATCH …/actions/variables/{variable}."""
    name, before = _require_variable(call)
    _save_variable(call, name, call.body_text("value", before))
    return Response(status_code=204)


def list_rulesets(call: Call) -> Response:
    """GET …/rulesets, without their rules."""
    listed = [_ruleset_body(call, one) for one in _load_configuration(call).rulesets]
    return json_response([{name: value for name, value in one.items() if name != "rules"} for one in listed])


def get_ruleset(call: Call) -> Response:
    """GET …/rulesets/{id}."""
    return json_response(_ruleset_body(call, _require_ruleset(call)))


def add_ruleset(call: Call) -> Response:
    """POST …/rulesets. https://docs.github.com/rest/repos/rules#create-a-repository-ruleset."""
    known = _load_configuration(call).rulesets
    if call.repository.private:  # what free accounts are told
        raise ApiError(403, "Upgrade to GitHub Pro or make this repository public to enable this feature.")
    if call.body_text("name") in {one.name for one in known}:
        raise ApiError(422, "Validation Failed", errors=["Name must be unique"])
    made = _merge_ruleset(call, Ruleset(1 + max((one.id for one in known), default=0), "", "active"))
    _save_ruleset(call, made)
    return json_response(_ruleset_body(call, made), 201)


def put_ruleset(call: Call) -> Response:
    """PUT …/rulesets/{id}: what is not given stays."""
    changed = _merge_ruleset(call, _require_ruleset(call))
    _save_ruleset(call, changed)
    return json_response(_ruleset_body(call, changed))


def list_branch_rules(call: Call) -> Response:
    """GET …/rules/branches/{branch}: what is in force there."""
    rules = call.github.configurations.find_branch_rules(call.repository, call.params["branch"])
    source = {"ruleset_source_type": "Repository", "ruleset_source": call.repository.full_name}
    return json_response([{**_rule_body(name), **source, "ruleset_id": ruleset.id} for name, ruleset in rules.items()])


def _load_configuration(call: Call) -> Configuration:
    return call.github.configurations.load_for(call.repository)


def _require_environment(call: Call) -> Environment:
    found = _load_configuration(call).environments.get(call.params["name"])
    if found is None:
        raise not_found()
    return found


def _save_environment(call: Call, name: str, environment: Environment) -> None:
    call.github.configurations.change(
        call.repository, lambda now: replace(now, environments={**now.environments, name: environment})
    )


def _parse_policy(given: Any) -> Policy:
    """Return what a `deployment_branch_policy` says. Both flags true, or both false, is refused."""
    if given is None:
        return "open"
    flags = given if isinstance(given, dict) else {}
    policy = _POLICIES.get((flags.get("protected_branches") is True, flags.get("custom_branch_policies") is True))
    if policy is None:
        raise ApiError(422, "protected_branches and custom_branch_policies cannot have the same value")
    return policy


def _environment_body(call: Call, name: str, environment: Environment) -> Body:
    shown = {
        "open": None,
        "protected": {"protected_branches": True, "custom_branch_policies": False},
        "custom": {"protected_branches": False, "custom_branch_policies": True},
    }[environment.policy]
    page = f"{bodies.html_url(call.github, call.repository)}/deployments/activity_log"
    number = bodies.stable_id(f"{call.repository.full_name}/{name}")
    rule = {"id": number, "node_id": bodies.node_id("GA", name), "type": "branch_policy"}
    return {
        "id": number,
        "node_id": bodies.node_id("Environment", name),
        "name": name,
        "url": f"{bodies.api_url(call.github, call.repository)}/environments/{name}",
        "html_url": f"{page}?environments_filter={name}",
        **_time_fields(call),
        "protection_rules": [] if shown is None else [rule],
        "deployment_branch_policy": shown,
    }


def _branch_policy_body(name: str) -> Body:
    return {"id": bodies.stable_id(name), "node_id": bodies.node_id("GABP", name), "name": name, "type": "branch"}


def _key_id(configured: Configuration) -> str:
    return str(bodies.stable_id(configured.public_key))


def _require_variable(call: Call) -> tuple[str, str]:
    name = call.params["variable"].upper()
    value = _load_configuration(call).variables.get(name)
    if value is None:
        raise not_found()
    return name, value


def _save_variable(call: Call, name: str, value: str) -> None:
    call.github.configurations.change(
        call.repository, lambda now: replace(now, variables={**now.variables, name: value})
    )


def _variable_body(call: Call, name: str, value: str) -> Body:
    return {"name": name, "value": value, **_time_fields(call)}


def _time_fields(call: Call) -> Body:
    """Return when something was made: as far as is known here, with its repository."""
    return {
        "created_at": format_time(call.repository.created_at),
        "updated_at": format_time(call.repository.created_at),
    }


def _require_ruleset(call: Call) -> Ruleset:
    found = next((one for one in _load_configuration(call).rulesets if str(one.id) == call.params["id"]), None)
    if found is None:
        raise not_found()
    return found


def _merge_ruleset(call: Call, known: Ruleset) -> Ruleset:
    """Return `known` with what the body says of a ruleset."""
    enforcement = _ENFORCEMENTS.get(call.body_text("enforcement", known.enforcement))
    if enforcement is None:
        raise ApiError(422, "Invalid request.\n\nenforcement is not a member of its list.")
    conditions = call.body.get("conditions", {}).get("ref_name", {})
    rules = call.body.get("rules")
    return replace(
        known,
        name=call.body_text("name", known.name or None),
        enforcement=enforcement,
        include=tuple(conditions.get("include", known.include)),
        exclude=tuple(conditions.get("exclude", known.exclude)),
        rules=known.rules if rules is None else tuple(rule["type"] for rule in rules),
    )


def _save_ruleset(call: Call, ruleset: Ruleset) -> None:
    def replace_ruleset(now: Configuration) -> Configuration:
        return replace(now, rulesets=(*(one for one in now.rulesets if one.id != ruleset.id), ruleset))

    call.github.configurations.change(call.repository, replace_ruleset)


def _ruleset_body(call: Call, ruleset: Ruleset) -> Body:
    return {
        "id": ruleset.id,
        "name": ruleset.name,
        "target": "branch",
        "source_type": "Repository",
        "source": call.repository.full_name,
        "enforcement": ruleset.enforcement,
        "conditions": {"ref_name": {"include": list(ruleset.include), "exclude": list(ruleset.exclude)}},
        "rules": [_rule_body(name) for name in ruleset.rules],
        "bypass_actors": [],
        "current_user_can_bypass": "never",
    }


def _rule_body(name: str) -> Body:
    return {"type": name}


_REPO = "/repos/{owner}/{repo}"
_ONE = f"{_REPO}/environments/{{name}}"
_SECRETS = f"{_REPO}/actions/secrets"
_VARIABLES = f"{_REPO}/actions/variables"
_ADMINISTRATION = {"administration": "write"}
# https://docs.github.com/rest/authentication/permissions-required-for-fine-grained-personal-access-tokens
OPERATIONS = (
    Operation("GET", f"{_REPO}/environments", list_environments),
    Operation("PUT", _ONE, put_environment, _ADMINISTRATION),
    Operation("GET", f"{_ONE}/deployment-branch-policies", list_policies),
    Operation("POST", f"{_ONE}/deployment-branch-policies", add_policy, _ADMINISTRATION),
    Operation("GET", f"{_ONE}/secrets", list_secrets, {"environments": "read"}),
    Operation("GET", f"{_ONE}/secrets/public-key", get_public_key, {"environments": "read"}),
    Operation("PUT", f"{_ONE}/secrets/{{secret}}", put_secret, {"environments": "write"}),
    Operation("GET", _SECRETS, list_secrets, {"secrets": "read"}),
    Operation("GET", f"{_SECRETS}/public-key", get_public_key, {"secrets": "read"}),
    Operation("PUT", f"{_SECRETS}/{{secret}}", put_secret, {"secrets": "write"}),
    Operation("POST", _VARIABLES, add_variable, {"variables": "write"}),
    Operation("GET", f"{_VARIABLES}/{{variable}}", get_variable, {"variables": "read"}),
    Operation("PATCH", f"{_VARIABLES}/{{variable}}", change_variable, {"variables": "write"}),
    Operation("GET", f"{_REPO}/rulesets", list_rulesets),
    Operation("POST", f"{_REPO}/rulesets", add_ruleset, _ADMINISTRATION),
    Operation("GET", f"{_REPO}/rulesets/{{id}}", get_ruleset),
    Operation("PUT", f"{_REPO}/rulesets/{{id}}", put_ruleset, _ADMINISTRATION),
    Operation("GET", f"{_REPO}/rules/branches/{{branch:path}}", list_branch_rules),
)
