"""Our calls, held against what Netlify and Vercel publish of their APIs; and the answers of the stand-in of Netlify.

`described/` holds the parts that we use: where they are from stands in each file. Of Vercel's answers nothing is held
against anything: their description requires hundreds of fields, of which we read six.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest

from orchestrator.core.site import RECORD
from orchestrator.local.hosts.vercel import EVERYTHING
from orchestrator.targets.choosing import account_of
from orchestrator.targets.hosting import HostAPI
from orchestrator.targets.live import ExpectedSite, wait_until_live
from orchestrator.targets.netlify import NetlifyTarget
from orchestrator.targets.target import PublishTarget, Release
from orchestrator.targets.vercel import VercelTarget
from tests.doubles.away import Away, Exchange, away_on
from tests.doubles.clock import FastClock
from tests.doubles.hub import Host

pytestmark = pytest.mark.anyio

FILES = {"index.html": b"<h1>one", RECORD: b"{}", "a b/ä.js": b"js", "copy.html": b"<h1>one"}
UNDESCRIBED = {"prebuilt"}
"""What Vercel's own client sends and its description leaves out: https://vercel.com/docs/cli/deploy#prebuilt."""


def description(name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads((Path(__file__).parent / "described" / f"{name}.json").read_bytes())
    return found


def operation(described: Mapping[str, Any], method: str, path: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return the described path, and the operation, that a call is of."""
    for form, found in described["paths"].items():
        *folders, last = form.strip("/").split("/")
        parts = [r"[^/]+" if part.startswith("{") else re.escape(part) for part in folders]
        # The path of a file is a parameter with slashes in it.
        parts.append(".+" if last == "{path}" else r"[^/]+" if last.startswith("{") else re.escape(last))
        if re.fullmatch("/" + "/".join(parts), path) and method.lower() in found:
            return found, found[method.lower()]
    raise AssertionError(f"{method} {path} is not described")


def schema_with(described: Mapping[str, Any], schema: Any) -> Any:
    return {"definitions": described.get("definitions", {}), **schema}


def properties_of(described: Mapping[str, Any], schema: Any) -> set[str]:
    """Return the names that a body may have, those of the parts of `allOf` together."""
    if "$ref" in schema:
        return properties_of(described, described["definitions"][schema["$ref"].rpartition("/")[2]])
    parts = [properties_of(described, part) for part in schema.get("allOf", ())]
    return set(schema.get("properties", {})).union(*parts)


async def deployed(away: Away, time: FastClock, round_: int = 1, **options: Any) -> list[Exchange]:
    """Bring a site live, and return all that was said."""
    async with httpx.AsyncClient(trust_env=False) as http:
        api = HostAPI(http, account_of(away.kind, away.hosts), time.deadline())
        release = Release("octo/sales", "c" * 40, ("0123456789abcdef",), "a" * 16, round_, {})
        target: PublishTarget
        if away.kind == "netlify":
            target = NetlifyTarget(api, release, FILES)
        else:
            target = VercelTarget(api, release, FILES, away.hosts.vercel_site_url, **options)
        url = await target.ensure_place()
        assert await target.find_deployment() is None
        made = await target.deploy()
        awaited = ExpectedSite(url, made.sha, made.expected, target.title)
        await wait_until_live(awaited, made.progress, time.deadline())
        await target.finish()
        assert await target.find_deployment()
    return away.exchanges


async def test_what_netlify_is_asked_and_what_its_stand_in_answers_is_as_described(
    other_host: Host, tmp_path: Path
) -> None:
    time, described = FastClock(), description("netlify")
    exchanges = await deployed(away_on("netlify", other_host, tmp_path, time), time)
    assert {"POST", "PUT", "GET"} == {said.method for said in exchanges}
    for said in exchanges:
        path = said.path.removeprefix("/api/v1")
        form, found = operation(described, said.method, path)
        parameters = [*form.get("parameters", ()), *found["parameters"]]
        by_place = {
            place: {one["name"]: one for one in parameters if one["in"] == place} for place in ("query", "body")
        }
        assert set(said.query) <= set(by_place["query"]), said
        for name, value in said.query.items():
            one = by_place["query"][name]
            assert value in one.get("enum", [value])
            assert one["type"] != "integer" or value.isdecimal()
        kinds = found.get("consumes", ["application/json"])
        for body in (one for one in parameters if one["in"] == "body"):
            assert said.headers["content-type"] in kinds
            if kinds == ["application/json"]:
                given = json.loads(said.body)
                jsonschema_rs.validate(schema_with(described, body["schema"]), given)
                assert set(given) <= properties_of(described, body["schema"])
        answer = found["responses"][str(said.status[0])]["schema"]
        jsonschema_rs.validate(schema_with(described, answer), _without_nulls(json.loads(said.answer)))


def _without_nulls(value: Any) -> Any:
    """Leave out what is null: this form of description has no word for it."""
    if isinstance(value, dict):
        return {name: _without_nulls(one) for name, one in value.items() if one is not None}
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value


async def test_what_vercel_is_asked_is_as_described(other_host: Host, tmp_path: Path) -> None:
    time, described = FastClock(), description("vercel")
    away = away_on("vercel", other_host, tmp_path, time)
    away.protection = EVERYTHING
    away.fail()
    exchanges = await deployed(away, time, is_public=True)
    assert {"POST", "GET", "PATCH"} == {said.method for said in exchanges}
    for said in exchanges:
        _, found = operation(described, said.method, said.path)
        assert set(said.query) - UNDESCRIBED <= set(found["query"]), said
        if "body" in found:
            assert said.headers["content-type"] == "application/json"
            jsonschema_rs.validate(found["body"], json.loads(said.body))
    (upload, *_) = [said for said in exchanges if said.path == "/v2/files"]
    assert "x-vercel-digest" in upload.headers


def test_a_call_that_is_not_described_is_found() -> None:
    described = description("vercel")
    with pytest.raises(AssertionError, match="is not described"):
        operation(described, "POST", "/v12/deployments")
    wanted = {"name": "x", "files": [{"path": "index.html", "sha": "0"}]}
    with pytest.raises(jsonschema_rs.ValidationError):
        jsonschema_rs.validate(described["paths"]["/v13/deployments"]["post"]["body"], wanted)


@pytest.mark.parametrize("name", ["netlify", "vercel"])
def test_a_description_names_its_source_and_version(name: str) -> None:
    assert re.search(r"npm package @[a-z]+/[a-z-]+ \d+\.\d+\.\d+", description(name)["source"])
