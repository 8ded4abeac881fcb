"""What a pipeline keeps on GitHub, and where: read off its workflow, filled in from the environment. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import yaml

from orchestrator.generate.models.presets import Preset

WORKFLOW = ".github/workflows/build.yml"


@dataclass(frozen=True)
class WantedSettings:
    """`secrets`: environment -> name -> value, an environment for each job; `variables`: name -> value."""

    secrets: Mapping[str, Mapping[str, str]] = field(repr=False)
    variables: Mapping[str, str]


def select_values(context: Literal["secrets", "vars"], text: str, env: Mapping[str, str]) -> dict[str, str]:
    """Return what `env` has of the names that a workflow, or a part of one, asks for as `secrets.X` or `vars.X`."""
    names = sorted(set(re.findall(rf"\b{context}\.(\w+)", text)))
    return {name: value for name in names if (value := env.get(name, "").strip())}


def parse_workflow(workflow: str, env: Mapping[str, str]) -> WantedSettings:
    """Return what is to be kept for `workflow` (YAML). A secret goes to the environments of the jobs that use it."""
    jobs: Mapping[str, Any] = yaml.safe_load(workflow)["jobs"]
    secrets: dict[str, dict[str, str]] = {}
    for job in jobs.values():
        secrets.setdefault(_environment_name(job), {}).update(select_values("secrets", yaml.safe_dump(job), env))
    return WantedSettings(
        secrets=secrets,
        variables=select_values("vars", workflow, env),
    )


def _environment_name(job: Mapping[str, Any]) -> str:
    """Return the name of a job's environment, which stands alone or among other things said of it.

    https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idenvironment
    """
    said = job["environment"]
    return str(said["name"] if isinstance(said, Mapping) else said)


def find_unused_keys(env: Mapping[str, str], asked: WantedSettings) -> list[str]:
    """Return the keys of models that `env` has and the workflow does not ask for: no job would get them."""
    known = {name for held in asked.secrets.values() for name in held}
    return sorted(
        name for name, value in env.items() if name.endswith("_API_KEY") and value.strip() and name not in known
    )


def find_keyless_models(asked: WantedSettings, presets: Mapping[str, Preset]) -> list[str]:
    """Return the models of LLM_MODELS that need a key which is not among the secrets."""
    held = {name for secrets in asked.secrets.values() for name in secrets}
    names = [name.strip() for name in asked.variables.get("LLM_MODELS", "").split(",") if name.strip()]

    def lacks_key(name: str) -> bool:
        if preset := presets.get(name):
            return preset.key is not None and preset.key not in held
        provider = name.partition("/")[0].upper()
        return not {"LLM_API_KEY", f"{provider}_API_KEY"} & held and "LLM_API_BASE" not in asked.variables

    return [name for name in names if lacks_key(name)]
