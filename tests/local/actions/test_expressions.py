from typing import Any

import pytest

from orchestrator.core.errors import UsageError
from orchestrator.local.actions.expressions import parse_template

CONTEXTS = {
    "github": {
        "run_id": 7,
        "event": {
            "client_payload": {"title": "shop round 1", "id": "abc", "none": None, "list": [], "zero": 0, "yes": True}
        },
    },
    "inputs": None,
    "vars": {"RUNNER": "", "half": 0.5},
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", ""),
        ("no expression, $ {{ and }}", "no expression, $ {{ and }}"),
        ("task-${{ github.event.client_payload.key || github.run_id }}", "task-7"),
        ("${{github.event.client_payload.title||inputs.task}} · ${{ vars.X || 'run' }}", "shop round 1 · run"),
        ("${{ vars.RUNNER || 'ubuntu-24.04' }}", "ubuntu-24.04"),
        ("${{ 'it''s }} || fine' }}!", "it's }} || fine!"),
        ("${{ '' }}", ""),
        ("${{ vars.half }}", "0.5"),
        ("${{ github.event.client_payload.yes }}", "true"),
        ("${{ github.event.client_payload.none }}", ""),
        ("${{ github.event.client_payload.zero || 'else' }}", "else"),
        ("${{ github.event.client_payload.list || 'else' }}", "Array"),
        ("${{ github.event }}", "Object"),
        ("${{ inputs.task || github.nothing.at.all }}", ""),
    ],
)
def test_a_template_renders_as_on_github(text: str, value: str) -> None:
    assert parse_template(text).render(CONTEXTS) == value


def test_values_are_not_taken_for_expressions_again() -> None:
    contexts: dict[str, Any] = {"github": {}, "inputs": {"task": "${{ github.token }}"}, "vars": {}}
    assert parse_template("${{ inputs.task }}").render(contexts) == "${{ github.token }}"


@pytest.mark.parametrize(
    "expression",
    [
        "${{ }}",
        "${{ github }}",
        "${{ secrets.KEY }}",
        "${{ github.run_id && 'x' }}",
        "${{ github.event['x'] }}",
        "${{ github.a || }}",
        "${{ || github.a }}",
        "${{ format('x') }}",
        '${{ "double" }}',
        "${{ 1 }}",
        "${{ 'open }}",
        "${{ github.a",
    ],
)
def test_what_is_beyond_it_is_named(expression: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_template(f"before {expression}")
    assert expression in caught.value.cause
