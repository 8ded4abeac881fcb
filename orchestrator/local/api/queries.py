"""GraphQL queries: a document is read as the specification has it, and answered from plain values.

https://spec.graphql.org/October2021/. What `gh` asks of repositories is there; any other field is refused by name.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_TOKEN = re.compile(r'[\s,]+|\#[^\n]*|(?P<token>\.\.\.|[{}()\[\]:$!@=|&]|"(?:[^"\\\n]|\\.)*"|-?[\w.+-]+)', re.ASCII)
_PUNCTUATION = ("...", *"{}()[]:!@=|&")
_DEEPEST = 20


class BadQuery(Exception):
    """A document that cannot be answered. `kind` is GitHub's word for it, `path` the field it is about."""

    def __init__(self, message: str, kind: str = "", path: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind
        self.path = list(path)


@dataclass(frozen=True, slots=True)
class Field:
    """One field that is asked for. `fields`: those asked of it, fragments still by name as `...name`."""

    name: str
    alias: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    fields: tuple["Field", ...] = ()


@dataclass(frozen=True, slots=True)
class QueryDocument:
    """The one query of a document, and the fragments beside it."""

    fields: tuple[Field, ...]
    fragments: Mapping[str, tuple[Field, ...]]


@dataclass(frozen=True, slots=True)
class Thing:
    """A value with fields. One that takes arguments is a function of them; `kind` is GitHub's name of the type."""

    kind: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Variable:
    name: str


def parse_query(document: str) -> QueryDocument:
    """Read a document that holds one query. Raises BadQuery."""
    words = _Words(document)
    queries: list[tuple[Field, ...]] = []
    fragments: dict[str, tuple[Field, ...]] = {}
    while (word := words.peek()) is not None:
        if word == "fragment":
            words.take()
            name = words.take_name()
            words.skip_to("{")
            fragments[name] = words.take_selection()
        elif word in {"{", "query"}:
            words.skip_to("{")
            queries.append(words.take_selection())
        else:
            raise BadQuery(f'Expected one of SCHEMA, QUERY, FRAGMENT, actual: "{word}"')
    if len(queries) != 1:
        raise BadQuery(f"Expected one query in the document, found {len(queries)}")
    return QueryDocument(queries[0], fragments)


class _Words:
    """The tokens of a document, from the first one on."""

    def __init__(self, document: str) -> None:
        self._words: list[str] = []
        self._at = 0
        end = 0
        while end < len(document):
            match = _TOKEN.match(document, end)
            if match is None:
                raise BadQuery(f"Unexpected character at {end}")
            end = match.end()
            if match["token"]:
                self._words.append(match["token"])

    def peek(self) -> str | None:
        """Return the next token without taking it, None at the end."""
        return self._words[self._at] if self._at < len(self._words) else None

    def take(self, *wanted: str) -> str:
        """Take the next token, one of `wanted` where that is given."""
        word = self.peek()
        if word is None or (wanted and word not in wanted):
            raise BadQuery(f"Unexpected {'end of document' if word is None else repr(word)}")
        self._at += 1
        return word

    def take_name(self) -> str:
        """Take a name."""
        word = self.take()
        if not re.fullmatch(r"[A-Za-z_]\w*", word, re.ASCII):
            raise BadQuery(f"Expected a name, found {word!r}")
        return word

    def skip_to(self, wanted: str) -> None:
        """Pass over everything before `wanted`: names, types and defaults of variables have no effect here."""
        depth = 0
        while (word := self.peek()) is not None and (depth or word != wanted):
            depth += (word == "(") - (word == ")")
            self.take()

    def take_selection(self, depth: int = 0) -> tuple[Field, ...]:
        """Take `{ … }`."""
        if depth > _DEEPEST:
            raise BadQuery(f"Query has depth of more than {_DEEPEST}")
        self.take("{")
        fields: list[Field] = []
        while self.peek() != "}":
            fields += self._take_spread(depth) if self.peek() == "..." else [self._take_field(depth)]
        self.take("}")
        if not fields:
            raise BadQuery("Expected a field between { and }")
        return tuple(fields)

    def _take_spread(self, depth: int) -> Sequence[Field]:
        self.take("...")
        if self.peek() == "on":
            self.take()
            self.take_name()
        elif self.peek() != "{":
            name = self.take_name()
            return [Field(f"...{name}", f"...{name}")]
        return self.take_selection(depth + 1)

    def _take_field(self, depth: int) -> Field:
        alias = name = self.take_name()
        if self.peek() == ":":
            self.take()
            name = self.take_name()
        arguments = self._take_pairs(")") if self.peek() == "(" else {}
        fields = self.take_selection(depth + 1) if self.peek() == "{" else ()
        return Field(name, alias, arguments, fields)

    def _take_pairs(self, end: str, depth: int = 0) -> dict[str, Any]:
        self.take("(", "{")
        pairs: dict[str, Any] = {}
        while self.peek() != end:
            name = self.take_name()
            self.take(":")
            pairs[name] = self._take_value(depth + 1)
        self.take(end)
        return pairs

    def _take_value(self, depth: int) -> Any:
        if depth > _DEEPEST:
            raise BadQuery(f"Query has depth of more than {_DEEPEST}")
        if self.peek() == "{":
            return self._take_pairs("}", depth)
        word = self.take()
        if word == "$":
            return _Variable(self.take_name())
        if word == "[":
            listed = []
            while self.peek() != "]":
                listed.append(self._take_value(depth + 1))
            self.take("]")
            return listed
        if word in _PUNCTUATION:
            raise BadQuery(f"Expected a value, found {word!r}")
        if word.startswith('"'):
            return re.sub(r"\\(.)", r"\1", word[1:-1])
        return {"true": True, "false": False, "null": None}.get(word, word)


def execute_query(document: QueryDocument, root: Thing, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the query asks of `root`. Raises BadQuery, about a field where that has a path."""
    return _Answer(document.fragments, variables).execute_selection(root, document.fields, [])


@dataclass(frozen=True, slots=True)
class _Answer:
    fragments: Mapping[str, tuple[Field, ...]]
    variables: Mapping[str, Any]

    def execute_selection(self, thing: Thing, fields: Sequence[Field], path: list[str]) -> dict[str, Any]:
        return {one.alias: self._execute_field(thing, one, [*path, one.alias]) for one in self._collect_fields(fields)}

    def _collect_fields(self, fields: Sequence[Field], depth: int = 0) -> Iterator[Field]:
        for one in fields:
            if not one.name.startswith("..."):
                yield one
            elif one.name[3:] in self.fragments and depth < _DEEPEST:
                yield from self._collect_fields(self.fragments[one.name[3:]], depth + 1)
            else:
                raise BadQuery(f"Fragment {one.name[3:]} was used, but not defined, or uses itself")

    def _execute_field(self, thing: Thing, asked: Field, path: list[str]) -> Any:
        if len(path) > _DEEPEST:
            raise BadQuery(f"Query has depth of more than {_DEEPEST}")
        if asked.name == "__typename":
            return thing.kind
        if asked.name not in thing.fields:
            raise BadQuery(f"Field '{asked.name}' doesn't exist on type '{thing.kind}'", "undefinedField")
        value = thing.fields[asked.name]
        if callable(value):
            value = _call_resolver(
                value, {name: self._argument_value(given) for name, given in asked.arguments.items()}, path
            )
        return self._complete_value(value, asked, path)

    def _complete_value(self, value: Any, asked: Field, path: list[str]) -> Any:
        if isinstance(value, list):
            return [self._complete_value(one, asked, path) for one in value]
        if isinstance(value, Thing) and asked.fields:
            return self.execute_selection(value, asked.fields, path)
        if isinstance(value, Thing) or (asked.fields and value is not None):
            message = f"Field '{asked.name}' must have selections exactly where it is an object"
            raise BadQuery(message, "selectionMismatch")
        return value

    def _argument_value(self, given: Any) -> Any:
        return self.variables.get(given.name) if isinstance(given, _Variable) else given


def _call_resolver(
    function: Callable[[Mapping[str, Any]], Any], arguments: Mapping[str, Any], path: Sequence[str]
) -> Any:
    try:
        return function(arguments)
    except BadQuery as error:
        raise BadQuery(error.message, error.kind, path) from error
