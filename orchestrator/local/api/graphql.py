"""GitHub's GraphQL API: queries, and one mutation, createCommitOnBranch. The rest is refused in GitHub's error shape.

https://docs.github.com/en/graphql/reference/mutations#createcommitonbranch
"""

import base64
import binascii
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import Response

from orchestrator.local.api import bodies, queries, schema
from orchestrator.local.api.protection import (
    describe_violation,
    find_branch_violation,
    find_secret,
    is_bad_path,
    lacks_workflow_access,
)
from orchestrator.local.api.respond import Call, Operation, json_response
from orchestrator.local.store import BranchChange, Commit, HeadMoved, NothingToDelete, Person, StoredRepository

MUTATION = "createCommitOnBranch"
GITHUB = Person("GitHub", "noreply@github.com")
_COMMENT = re.compile(r"#[^\n]*")
_DOCUMENT = re.compile(
    r"""\s* mutation \b \s* \w* \s* (?: \( [^()]* \) )?
        \s* \{ \s* (?: (?P<alias>\w+) \s* : \s* )? createCommitOnBranch
        \s* \( \s* input \s* : \s* \$ (?P<variable>\w+) [\s,]* \)
        \s* \{ (?P<selection> [\w\s,{}]* ) \} \s* \} \s*""",
    re.VERBOSE | re.ASCII,
)


class _QueryRefused(Exception):
    """An error as GraphQL tells it: with status 200."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class _Addition(_Part):
    path: str
    contents: str


class _Deletion(_Part):
    path: str


class _Changes(_Part):
    additions: list[_Addition] = []
    deletions: list[_Deletion] = []


class _Branch(_Part):
    repository: str = Field(alias="repositoryNameWithOwner")
    name: str = Field(alias="branchName")


class _Message(_Part):
    headline: str
    body: str | None = None


class _Input(_Part):
    branch: _Branch
    message: _Message
    expected: str = Field(alias="expectedHeadOid")
    changes: _Changes = Field(_Changes(), alias="fileChanges")
    mutation_id: str | None = Field(None, alias="clientMutationId")


_FIELDS: Mapping[str, tuple[str, ...]] = {
    "clientMutationId": (),
    "commit": (
        *("id", "oid", "abbreviatedOid", "url", "commitUrl"),
        *("message", "messageHeadline", "messageBody", "committedDate"),
    ),
    "ref": ("name", "prefix"),
}


@dataclass(frozen=True, slots=True)
class Query:
    """What a document asks for: the variable that holds the input, the answer's name, and the fields wanted."""

    variable: str
    name: str
    fields: Mapping[str, Any]


def answer_graphql(call: Call) -> Response:
    """POST /graphql. GraphQL errors come with status 200."""
    actor, document = call.actor, call.body_text("query")
    if not re.match(r"\s*(mutation|$)", _COMMENT.sub("", document)):
        return _answer_query(call, document)
    try:
        asked = parse_mutation(document)
    except _QueryRefused as refused:
        return json_response({"errors": [{"type": refused.kind, "message": refused.message}]})
    try:
        return json_response({"data": {asked.name: _mutate(call, asked, actor)}})
    except _QueryRefused as refused:
        error = {
            "type": refused.kind,
            "path": [asked.name],
            "locations": [{"line": 1, "column": 1}],
            "message": refused.message,
        }
        return json_response({"data": {asked.name: None}, "errors": [error]})


def _answer_query(call: Call, document: str) -> Response:
    variables = call.body.get("variables")
    try:
        said = queries.execute_query(queries.parse_query(document), schema.query_root(call), variables or {})
    except queries.BadQuery as bad:
        error = {
            **({"type": bad.kind} if bad.kind else {}),
            **({"path": bad.path, "locations": [{"line": 1, "column": 1}]} if bad.path else {}),
            "message": bad.message,
        }
        # A field that came to nothing leaves the others standing on GitHub; here there is one.
        return json_response({**({"data": dict.fromkeys(bad.path[:1])} if bad.path else {}), "errors": [error]})
    return json_response({"data": said})


def parse_mutation(document: str) -> Query:
    """Read a document that holds createCommitOnBranch and nothing else; anything more is refused."""
    found = _DOCUMENT.fullmatch(_COMMENT.sub("", document))
    words = re.findall(r"\w+|[{}]", found["selection"]) if found else []
    fields = _parse_selection(iter(words))
    if found is None or not fields:
        raise _QueryRefused("UNPROCESSABLE", f"Only {MUTATION}, with its input in a variable, is answered here")
    for name, inner in fields.items():
        _check_field(name, inner)
    return Query(found["variable"], found["alias"] or MUTATION, fields)


def _check_field(name: str, inner: Mapping[str, Any]) -> None:
    """Refuse what cannot be answered before anything is done."""
    if name not in _FIELDS:
        raise _QueryRefused("undefinedField", f"Field '{name}' doesn't exist on type 'CreateCommitOnBranchPayload'")
    unknown = next((field for field in inner if field not in _FIELDS[name] or inner[field]), None)
    if unknown:
        raise _QueryRefused("undefinedField", f"Field '{unknown}' doesn't exist on type '{name.capitalize()}'")
    if bool(inner) != bool(_FIELDS[name]):
        raise _QueryRefused("selectionMismatch", f"Field '{name}' must have selections exactly where it is an object")


def _parse_selection(words: Iterator[str], depth: int = 0) -> dict[str, Any] | None:
    """Return the fields up to the end of this level, each with the fields asked of it; None if braces are wrong."""
    fields: dict[str, Any] = {}
    last = None
    for word in words:
        if word == "}":
            return fields if depth else None
        if word != "{":
            last, fields[word] = word, {}
        elif last is None or (inner := _parse_selection(words, depth + 1)) is None:
            return None
        else:
            fields[last] = inner
    return None if depth else fields


def _mutate(call: Call, asked: Query, actor: str) -> Mapping[str, Any]:
    given = _parse_input(call.body.get("variables"), asked.variable)
    repository = _require_writable_repository(call, given)
    additions = _decode_additions(call, given)
    body = f"\n\n{given.message.body}" if given.message.body else ""
    change = BranchChange(
        branch=given.branch.name.removeprefix("refs/heads/"),
        message=given.message.headline + body,
        expected_head=given.expected,
        author=Person(actor, f"{bodies.stable_id(actor)}+{actor}@users.noreply.github.com"),
        committer=GITHUB,
        additions=additions,
        deletions=[deletion.path for deletion in given.changes.deletions],
    )
    commit = _commit_change(call, repository, change)
    call.github.sites.refresh_site(repository)  # a commit to a published branch starts its build
    payload = _mutation_payload(call, repository, commit, given)
    return {name: {key: payload[name][key] for key in asked.fields[name]} or payload[name] for name in asked.fields}


def _parse_input(variables: Any, name: str) -> _Input:
    value = variables.get(name) if isinstance(variables, dict) else None
    try:
        return _Input.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        message = f"Variable ${name} of type CreateCommitOnBranchInput! was provided invalid value"
        raise _QueryRefused("INVALID", f"{message} for {where} ({first['msg']})") from error


def _require_writable_repository(call: Call, given: _Input) -> StoredRepository:
    """Return the repository. GitHub has no error for a private one but that it cannot be resolved."""
    owner, _, name = given.branch.repository.partition("/")
    repository = call.github.store.find_repository(owner, name)
    covered = call.token is not None and repository is not None and call.token.covers(repository)
    if repository is None or (repository.private and not covered):
        raise _QueryRefused(
            "NOT_FOUND", f"Could not resolve to a Repository with the name '{given.branch.repository}'."
        )
    if call.token is None or not covered or not call.token.may({"contents": "write"}):
        raise _QueryRefused("FORBIDDEN", call.token.refusal if call.token else "")
    branch = given.branch.name.removeprefix("refs/heads/")
    if call.github.store.resolve_head(repository, branch) is None:
        raise _QueryRefused("NOT_FOUND", f"No such branch: {given.branch.name}")
    if said := find_branch_violation(call.github.configurations, repository, branch):
        raise _QueryRefused("UNPROCESSABLE", said)
    return repository


def _decode_additions(call: Call, given: _Input) -> dict[str, bytes]:
    """Return what is to be written, checked as GitHub checks it."""
    paths = [part.path for part in given.changes.additions] + [part.path for part in given.changes.deletions]
    bad = next((path for path in paths if is_bad_path(path)), None)
    if bad is not None:
        raise _QueryRefused("UNPROCESSABLE", f"path contains a malformed path component: {bad}")
    twice = Counter(paths).most_common(1)
    if twice and twice[0][1] > 1:
        raise _QueryRefused("UNPROCESSABLE", f"Path must be unique: {twice[0][0]}")
    if lacks_workflow_access(call.token, paths):
        raise _QueryRefused("FORBIDDEN", call.token.refusal if call.token else "")
    try:
        additions = {part.path: base64.b64decode(part.contents, validate=True) for part in given.changes.additions}
    except (binascii.Error, ValueError) as error:
        raise _QueryRefused("UNPROCESSABLE", "contents is not valid Base64") from error
    kind = find_secret(additions.values())
    if kind:
        raise _QueryRefused("UNPROCESSABLE", describe_violation(kind))
    return additions


def _commit_change(call: Call, repository: StoredRepository, change: BranchChange) -> Commit:
    try:
        return call.github.store.commit(repository, change)
    except HeadMoved as error:
        # The two spaces are GitHub's.
        message = f'Expected branch to point to "{change.expected_head}" but it did not.  Pull and try again.'
        raise _QueryRefused("STALE_DATA", message) from error
    except NothingToDelete as error:
        message = f"A path was requested for deletion which does not exist as of commit oid `{change.expected_head}`"
        raise _QueryRefused("NOT_FOUND", message) from error


def _mutation_payload(call: Call, repository: StoredRepository, commit: Commit, given: _Input) -> Mapping[str, Any]:
    headline, _, body = commit.message.partition("\n\n")
    url = f"{bodies.html_url(call.github, repository)}/commit/{commit.sha}"
    return {
        "clientMutationId": given.mutation_id,
        "commit": {
            "id": bodies.node_id("Commit", commit.sha),
            "oid": commit.sha,
            "abbreviatedOid": commit.sha[:7],
            "url": url,
            "commitUrl": url,
            "message": commit.message,
            "messageHeadline": headline,
            "messageBody": body,
            "committedDate": bodies.format_time(commit.committed_at),
        },
        "ref": {"name": given.branch.name.removeprefix("refs/heads/"), "prefix": "refs/heads/"},
    }


OPERATIONS = (Operation("POST", "/graphql", answer_graphql),)
