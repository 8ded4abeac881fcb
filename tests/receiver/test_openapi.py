"""The receiver held against its own description: every answer is one that it names, to requests good and bad."""

import json
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from pydantic import BaseModel
from schemathesis.specs.openapi import checks

import receiver.app
from orchestrator.core.task import Attachment, Request
from receiver.tasks.throttle import Throttle
from tests.receiver.test_app import SETTINGS, ScriptedGitHub, app, to

DESCRIPTION = json.loads(Path(receiver.app.__file__).with_name("openapi.json").read_bytes())
SCHEMAS = DESCRIPTION["components"]["schemas"]


class Patience(Throttle):
    """Nobody is held up: thousands of wrong secrets come from one address."""

    def record_failure(self, _: str) -> float | None:
        return None


def described() -> Any:
    """Return the description of a receiver whose secret everybody knows."""
    known = json.loads(json.dumps(DESCRIPTION))
    known["components"]["schemas"]["Request"]["properties"]["secret"] = {"const": SETTINGS.shared_secret}
    schema = schemathesis.openapi.from_dict(known)
    schema.app = app(ScriptedGitHub(), throttle=Patience())
    return schema


SCHEMA = described()
CHECKS = [
    checks.content_type_conformance,
    checks.negative_data_rejection,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.status_code_conformance,
    schemathesis.checks.not_a_server_error,
]


@pytest.mark.no_cover
@SCHEMA.parametrize()  # type: ignore[untyped-decorator]
@settings(max_examples=80, suppress_health_check=list(HealthCheck), derandomize=True)
def test_every_answer_is_one_that_is_described(case: Any) -> None:
    case.call_and_validate(checks=CHECKS)


@pytest.mark.parametrize(("name", "model"), [("Request", Request), ("Attachment", Attachment)])
def test_every_field_is_described_and_none_besides(name: str, model: type[BaseModel]) -> None:
    said, known = SCHEMAS[name], model.model_json_schema()
    of_the_door = {"secret"} if model is Request else set()
    assert set(said["properties"]) - of_the_door == set(known["properties"]) - {"received_at"}
    assert set(said["required"]) - of_the_door == set(known["required"])
    for field, limits in known["properties"].items():
        for limit in {"minLength", "maxLength"} & limits.keys():
            assert said["properties"][field][limit] == limits[limit], (field, limit)


def test_every_route_is_described_and_none_besides() -> None:
    # A slash at the end is forgiven, and not another route.
    served = [route for route in app(ScriptedGitHub()).routes if route.path == "/" or not route.path.endswith("/")]
    routes = {route.path: route.methods - {"HEAD"} for route in served}
    described = {path: {method.upper() for method in methods} for path, methods in DESCRIPTION["paths"].items()}
    assert routes == described


@pytest.mark.anyio
async def test_it_is_served_by_the_receiver() -> None:
    async with to(ScriptedGitHub()) as door:
        answer = await door.get("/openapi.json")
        assert answer.json() == DESCRIPTION
        assert answer.headers["content-type"] == "application/json"
