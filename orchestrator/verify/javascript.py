"""The JavaScript of a check as a tree: what it declares, what it names, and whether it says anything. Pure."""

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache

import tree_sitter_javascript
from tree_sitter import Language, Node, Parser

FUNCTIONS = frozenset({"arrow_function", "function_expression", "function_declaration", "method_definition"})
LITERALS = frozenset({"string", "number", "true", "false", "null", "undefined", "regex", "template_string"})
_DECLARATIONS = frozenset({"lexical_declaration", "variable_declaration"})
_SAYING = frozenset(
    {
        *("call_expression", "new_expression", "await_expression", "return_statement", "assignment_expression"),
        *("optional_chain", "subscript_expression", "ternary_expression", *FUNCTIONS, *_DECLARATIONS),
    }
)
_COMPARING = frozenset({"===", "!==", "==", "!=", "<", ">", "<=", ">=", "in", "instanceof", "&&", "||", "??"})
COMPARISONS = frozenset({"===", "!==", "==", "!=", "<", ">", "<=", ">=", "in", "instanceof"})

_OPEN_COMMENTS = 20


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_javascript.language()))


@lru_cache(maxsize=8)
def parse_javascript(text: str) -> Node:
    """Return the root of the tree of `text`. What does not parse is in it as nodes of the type `ERROR`."""
    return _parser().parse(_cut_open_comments(text).encode(errors="replace")).root_node


def _cut_open_comments(text: str) -> str:
    """Return `text` up to a comment that does not end, where many begin: each is read to the end of the text."""
    begins = text.find("/*", text.rfind("*/") + 1)
    return text[:begins] if begins >= 0 and text.count("/*", begins) > _OPEN_COMMENTS else text


def node_text(node: Node) -> str:
    """Return the text of a node."""
    return (node.text or b"").decode(errors="replace")


def walk_nodes(node: Node) -> Iterator[Node]:
    """Yield a node and all below it, outer ones first. A loop, because hostile texts are nested deeply."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        yield one
        waiting += reversed(one.named_children)


def node_operator(node: Node) -> str:
    """Return the operator of a node, an empty text for a node that has none."""
    found = node.child_by_field_name("operator")
    return "" if found is None else node_text(found)


def says_something(text: str) -> bool:
    """Whether `text`, read as JavaScript, could hold or fail: it calls, compares, declares or returns something.

    `Title: Shop` and `a; b` compile, and are prose.
    """
    return any(
        node.type in _SAYING
        or (node.type == "binary_expression" and node_operator(node) in _COMPARING)
        or (node.type == "unary_expression" and node_operator(node) in ("!", "typeof"))
        for node in walk_nodes(parse_javascript(text))
    )


Parents = Mapping[int, Node]
"""The node around each one, by its id: asking a node itself takes a walk from the root."""


def map_parents(root: Node) -> Parents:
    """Return the node around each one below `root`."""
    return {inner.id: one for one in walk_nodes(root) for inner in one.named_children}


def declarations_before(node: Node, parents: Parents) -> list[str]:
    """Return the declarations that a node can see around it, outermost first: `const t = 1;` each."""
    found: list[list[str]] = []
    inside, around = node, parents.get(node.id)
    while around is not None:
        if around.type in ("program", "statement_block"):
            before = [one for one in around.named_children if one.start_byte < inside.start_byte and one != inside]
            found.append([f"{node_text(one).rstrip(';')};" for one in before if one.type in _DECLARATIONS])
        inside, around = around, parents.get(around.id)
    return [text for texts in reversed(found) for text in texts]


def bound_names(node: Node, parents: Parents) -> set[str]:
    """Return the names around a node that only a call gives a value: parameters, and variables of loops."""
    names: set[str] = set()
    around = parents.get(node.id)
    while around is not None:
        parts: list[Node | None] = []
        if around.type in FUNCTIONS:
            parts = [around.child_by_field_name("parameters"), around.child_by_field_name("parameter")]
        elif around.type in ("for_in_statement", "for_statement", "catch_clause"):
            parts = [around.child_by_field_name(name) for name in ("left", "initializer", "parameter")]
        names |= {
            node_text(one) for part in parts if part is not None for one in walk_nodes(part) if one.type == "identifier"
        }
        around = parents.get(around.id)
    return names


def declared_names(root: Node) -> set[str]:
    """Return the names that a text declares itself, at its top."""
    return {
        node_text(name)
        for one in root.named_children
        for declarator in (one.named_children if one.type in _DECLARATIONS else [one])
        if (name := declarator.child_by_field_name("name")) is not None
    }


def parameter_names(root: Node) -> set[str]:
    """Return the names that functions in a text take as plain parameters; `({page}) => …` is given what it needs."""
    found = [
        part
        for one in walk_nodes(root)
        if one.type in FUNCTIONS
        for part in (one.child_by_field_name("parameters"), one.child_by_field_name("parameter"))
        if part is not None
    ]
    return {node_text(one) for part in found for one in walk_nodes(part) if one.type == "identifier"}


def used_names(node: Node) -> set[str]:
    """Return the variables that a node names."""
    return {node_text(one) for one in walk_nodes(node) if one.type == "identifier"}
