from pathlib import Path
from typing import Any

import pytest

from orchestrator.local.api.inputs import fill_inputs
from orchestrator.local.api.respond import ApiError

REAL = (Path(__file__).parents[3] / ".github/workflows/build.yml").read_text(encoding="utf-8")
DECLARED = """
on:
  workflow_dispatch:
    inputs:
      task: {default: my-page}
      brief: {required: true}
      dry: {type: boolean}
      loud: {type: boolean, default: true}
      count: {type: number, default: 3}
      kind: {type: choice, options: [one, two]}
      bare:
"""


def test_what_is_not_given_has_its_default_and_all_is_text() -> None:
    assert fill_inputs(DECLARED, {"brief": "b", "kind": "two"}) == {
        "task": "my-page",
        "brief": "b",
        "dry": "false",
        "loud": "true",
        "count": "3",
        "kind": "two",
        "bare": "",
    }
    assert fill_inputs(DECLARED, {"brief": "b", "dry": True, "count": 4})["count"] == "4"


def test_the_real_workflow_has_defaults_for_what_a_person_leaves_out() -> None:
    inputs = fill_inputs(REAL, {"brief": "b"})
    assert (inputs["task"], inputs["round"], inputs["brief"]) == ("my-page", "1", "b")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "Required input 'brief' not provided"),
        ({"brief": ""}, "Required input 'brief' not provided"),
        ({"brief": "b", "x": 1, "y": 2}, 'Unexpected inputs provided: ["x", "y"]'),
        ({"brief": "b", "kind": "three"}, "Provided value 'three' for input 'kind' not in the list of allowed values"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ApiError) as refused:
        fill_inputs(DECLARED, given)
    assert (refused.value.status, refused.value.body["message"]) == (422, message)


@pytest.mark.parametrize(
    "workflow", ["", "on: workflow_dispatch", "on: [workflow_dispatch]", "on: {workflow_dispatch: }"]
)
def test_a_workflow_without_inputs_takes_none(workflow: str) -> None:
    assert fill_inputs(workflow, {}) == {}
