from typing import Any

import httpx
import pytest

from orchestrator.local.api.queries import BadQuery, Thing, execute_query, parse_query
from orchestrator.local.github import LocalGitHub
from orchestrator.local.store import StoredRepository

ROOT = Thing("Query", {"one": Thing("One", {"name": "n", "of": lambda given: given, "all": [Thing("Two", {"a": 1})]})})


def ask(document: str, **variables: Any) -> Any:
    return execute_query(parse_query(document), ROOT, variables)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("{ one { name } }", {"one": {"name": "n"}}),
        ("query { a: one { b: name, __typename } }", {"a": {"b": "n", "__typename": "One"}}),
        ("query Q($x: [Int!] = [1]) { one { all { a } } } # done", {"one": {"all": [{"a": 1}]}}),
        ("fragment f on One { name } query { one { ...f ... on One { n: name } } }", {"one": {"name": "n", "n": "n"}}),
        (
            r'{ one { of(a: 1, b: $x, c: {d: ["e\"", null, true]}, f: DESC) } }',
            {"one": {"of": {"a": "1", "b": "X", "c": {"d": ['e"', None, True]}, "f": "DESC"}}},
        ),
    ],
)
def test_a_query_is_answered_field_by_field(document: str, expected: Any) -> None:
    assert ask(document, x="X") == expected


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{ one { colour } }", "Field 'colour' doesn't exist on type 'One'"),
        ("{ one }", "Field 'one' must have selections exactly where it is an object"),
        ("{ one { name { x } } }", "Field 'name' must have selections exactly where it is an object"),
        ("{ one { ...none } }", "Fragment none was used, but not defined"),
        ("fragment f on One { ...f } { one { ...f } }", "or uses itself"),
        ("{ one { name }", "Unexpected end of document"),
        ("{ }", "Expected a field"),
        ("{ one { of(a: }) } }", "Expected a value"),
        ("{ one { 1 } }", "Expected a name"),
        ("subscription { x }", "Expected one of"),
        ("query { one { name } } query { one { name } }", "found 2"),
        ("{ one ? }", "Unexpected character"),
        ("{a" * 30 + "}" * 30, "depth"),
        ("{ one { of(a: " + "[" * 5000, "depth"),
    ],
)
def test_a_document_that_cannot_be_answered_says_why(document: str, message: str) -> None:
    with pytest.raises(BadQuery) as refused:
        ask(document)
    assert message in refused.value.message


@pytest.mark.anyio
async def test_repositories_are_listed_page_by_page(api: httpx.AsyncClient, github: LocalGitHub) -> None:
    for name in ("a", "b", "c"):
        github.store.create_repository("octo", name, description=None, private=name == "b")
    document = """query($n: Int, $after: String, $p: X) { repositoryOwner(login: "octo") {
        repositories(first: $n, after: $after, privacy: $p) { nodes { name } totalCount
        pageInfo { hasNextPage endCursor } } } }"""

    async def page(**variables: Any) -> Any:
        said = (await api.post("/graphql", json={"query": document, "variables": variables})).json()
        return said["data"]["repositoryOwner"]["repositories"]

    first = await page(n=2)
    assert [one["name"] for one in first["nodes"]] == ["c", "b"]
    assert first["pageInfo"] == {"hasNextPage": True, "endCursor": "2"}
    assert [one["name"] for one in (await page(n=2, after="2"))["nodes"]] == ["a"]
    assert [one["name"] for one in (await page(p="PRIVATE"))["nodes"]] == ["b"]


@pytest.mark.anyio
async def test_a_repository_is_described_to_those_who_see_it(
    api: httpx.AsyncClient, anonymous: httpx.AsyncClient, github: LocalGitHub, site: StoredRepository
) -> None:
    github.store.create_repository("octo", "hidden", description=None, private=True)
    document = 'query($name: String!) { repository(owner: "octo", name: $name) { name defaultBranchRef { name } } }'

    async def asked(name: str, token: str) -> Any:
        headers = {"authorization": f"Bearer {token}"}
        body = {"query": document, "variables": {"name": name}}
        return (await anonymous.post("/graphql", json=body, headers=headers)).json()

    found = await asked(site.name, "token-that-reads")
    assert found == {"data": {"repository": {"name": "site", "defaultBranchRef": {"name": "main"}}}}
    assert (await asked("hidden", "token-of-octo"))["data"]["repository"]["defaultBranchRef"] is None
    refused = await asked("none", "token-of-octo")
    assert refused["data"] == {"repository": None}
    assert refused["errors"][0]["type"] == "NOT_FOUND"
    assert (await anonymous.post("/graphql", json={"query": document})).status_code == 401
    assert (await api.post("/graphql", json={"query": "{viewer{login}}"})).json() == {
        "data": {"viewer": {"login": "octo"}}
    }
