"""The inputs of a run that is started by hand, as a workflow declares them.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#onworkflow_dispatchinputs
"""

import json
from collections.abc import Mapping
from typing import Any

import yaml

from orchestrator.local.api.respond import ApiError


def fill_inputs(workflow: str, given: Mapping[str, Any]) -> dict[str, str]:
    """Return what a run finds in its event: what was given, and the defaults of the rest, all as text.

    Raises 422 for an input that the workflow (YAML) does not declare, a required one that is missing, and a choice
    that is not among those offered.
    """
    declared = _parse_declared_inputs(workflow)
    if unknown := [name for name in given if name not in declared]:
        raise ApiError(422, f"Unexpected inputs provided: {json.dumps(unknown)}")
    inputs: dict[str, str] = {}
    for name, about in declared.items():
        value = given.get(name, about.get("default"))
        if value in (None, "") and about.get("required") is True:
            raise ApiError(422, f"Required input '{name}' not provided")
        offered = about.get("options")
        if value is not None and isinstance(offered, list) and value not in offered:
            raise ApiError(422, f"Provided value '{value}' for input '{name}' not in the list of allowed values")
        no = "false" if about.get("type") == "boolean" else ""
        inputs[name] = no if value is None else value if isinstance(value, str) else json.dumps(value)
    return inputs


def _parse_declared_inputs(workflow: str) -> dict[str, Mapping[str, Any]]:
    document = yaml.safe_load(workflow)
    # YAML 1.1, which the parser speaks, takes `on` for true.
    events = document.get(True, document.get("on")) if isinstance(document, Mapping) else None
    event = events.get("workflow_dispatch") if isinstance(events, Mapping) else None
    inputs = event.get("inputs") if isinstance(event, Mapping) else None
    return {str(name): about or {} for name, about in inputs.items()} if isinstance(inputs, Mapping) else {}
