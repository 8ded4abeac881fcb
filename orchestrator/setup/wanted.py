"""What a pipeline keeps on GitHub, and where: read off its workflow, filled in from the environment. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import yaml

WORKFLOW = ".github/workflows/build.yml"


@dataclass(frozen=True)
class Wanted:
    """`secrets`: environment -> name -> value, an environment for each job; `variables`: name -> value."""

    secrets: Mapping[str, Mapping[str, str]] = field(repr=False)
    variables: Mapping[str, str]


def asked_for(context: Literal["secrets", "vars"], text: str, env: Mapping[str, str]) -> dict[str, str]:
    """Return what `env` has of the names that a workflow, or a part of one, asks for as `secrets.X` or `vars.X`."""
    names = sorted(set(re.findall(rf"\b{context}\.(\w+)", text)))
    return {name: value for name in names if (value := env.get(name, "").strip())}


def wanted(workflow: str, env: Mapping[str, str]) -> Wanted:
    """Return what is to be kept for `workflow` (YAML). A secret goes to the environments of the jobs that use it."""
    jobs: Mapping[str, Any] = yaml.safe_load(workflow)["jobs"]
    return Wanted(
        secrets={str(job["environment"]): asked_for("secrets", yaml.safe_dump(job), env) for job in jobs.values()},
        variables=asked_for("vars", workflow, env),
    )
