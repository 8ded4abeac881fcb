"""Why a check does not hold: its parts, evaluated one by one without changing anything, and what each of them gave."""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from playwright.async_api import CDPSession, Error
from tree_sitter import Node

from orchestrator.core.likeness import find_similar
from orchestrator.verify.evaluating import rewrite_id_lookups
from orchestrator.verify.javascript import (
    COMPARISONS,
    LITERALS,
    bound_names,
    declarations_before,
    map_parents,
    node_operator,
    node_text,
    parse_javascript,
    used_names,
    walk_nodes,
)

MAX_PARTS = 12
SHOWN_PARTS = 4
_LOOKED_AT = 60
"""Parts of a check that are looked at for those: most can be evaluated alone."""

PART_S = 1.0
_VALUE = 120

_SELECTING = frozenset({"querySelector", "querySelectorAll", "getElementById", "getElementsByClassName", "closest"})
_LOOKING_INTO = frozenset(
    {"includes", "startsWith", "endsWith", "test", "match", "contains", "indexOf", "has", "some", "every"}
)

_DESCRIBE = """(value) => {
  const cut = (text) => text.length > 120 ? text.slice(0, 119) + "…" : text;
  const name = (one) => one.tagName.toLowerCase() + (one.id ? "#" + one.id : "");
  const held = (one) => typeof one.value === "string" ? one.value : one.textContent.replace(/\\s+/g, " ").trim();
  if (value === null) return {is: "null"};
  if (value === undefined) return {is: "undefined"};
  if (value instanceof Element) return {is: "element", name: name(value), text: cut(held(value))};
  if (value instanceof NodeList || value instanceof HTMLCollection || Array.isArray(value)) {
    const texts = [...value].slice(0, 5).map((one) => one instanceof Element ? held(one) : String(one));
    return {is: "list", count: value.length, text: cut(texts.join(", "))};
  }
  if (typeof value === "string") return {is: "text", text: cut(value)};
  if (typeof value === "object") { try { return {is: "value", text: cut(JSON.stringify(value))}; } catch {} }
  return {is: "value", text: cut(String(value))};
}"""

_KINDS = {
    "null": frozenset[str](),
    "undefined": frozenset[str](),
    "element": frozenset({"name", "text"}),
    "list": frozenset({"count", "text"}),
    "text": frozenset({"text"}),
    "value": frozenset({"text"}),
}
"""What `_DESCRIBE` says of a value, by its kind."""

_IDS = "[...document.querySelectorAll('[id]')].slice(0, 300).map((one) => one.id)"


@dataclass(frozen=True)
class Part:
    """A part of a check that can be evaluated alone. `before`: the declarations that it needs."""

    text: str
    kind: str
    before: str
    selector: str = ""


async def explain(session: CDPSession, text: str) -> str:
    """Return what the parts of a check gave, in one line; an empty text where nothing can be told."""
    told: dict[str, str] = {}
    for part in find_telling_parts(text):
        seen = await _evaluate_part(session, part)
        if seen is None or len(told) == SHOWN_PARTS or (part.kind == "whole" and told):
            continue
        sentence = await _describe_part(session, part, seen)
        value = f"{seen['is']} {part.text}" if part.kind == "given" else str(seen.get("text") or sentence)
        if sentence:
            told.setdefault(value, sentence)
    return "; ".join(told.values())


def find_telling_parts(text: str) -> list[Part]:
    """Return the parts of a check that tell why it does not hold, the most telling first, at most MAX_PARTS. Pure."""
    found: dict[str, Part] = {}
    root, known = parse_javascript(text), set[str]()
    parents = map_parents(root)
    for kind, node in islice(_candidate_nodes(root), _LOOKED_AT):
        if len(found) == MAX_PARTS:
            break
        if node_text(node) in known:
            continue
        known.add(node_text(node))
        if node.type in LITERALS or node.type in ("arrow_function", "function_expression"):
            continue
        if bound_names(node, parents) & used_names(node):
            continue  # only a call gives it a value
        before = "\n".join(declarations_before(node, parents))
        found.setdefault(node_text(node), Part(node_text(node), kind, before, _selector_argument(node)))
    return list(found.values())


def _candidate_nodes(root: Node) -> Iterator[tuple[str, Node]]:
    """Yield what may tell why a check does not hold: what was selected first, the whole of it last."""
    nodes = list(walk_nodes(root))
    callees = {callee.id for one in nodes if (callee := one.child_by_field_name("function")) is not None}
    yield from (
        ("selected", one) for one in nodes if one.type == "call_expression" and _called_method(one) in _SELECTING
    )
    yield from (("held", one) for one in nodes if one.type == "member_expression" and _is_on_selected(one, callees))
    yield from (("given", one) for one in nodes if one.type == "call_expression" and _is_number_call(one))
    yield from (("is", one) for node in nodes for one in _comparison_sides(node))
    yield from (
        ("whole", _unwrap_node(one)) for one in nodes if one.type in ("expression_statement", "return_statement")
    )


def _comparison_sides(node: Node) -> list[Node]:
    """Return the sides of a comparison, or what a call looks into: the `title` of `title.includes("Shop")`."""
    parts: list[Node | None] = []
    if node.type == "binary_expression" and node_operator(node) in COMPARISONS:
        parts = [node.child_by_field_name("left"), node.child_by_field_name("right")]
    elif node.type == "call_expression" and _called_method(node) in _LOOKING_INTO:
        callee = node.child_by_field_name("function")
        parts = [None if callee is None else callee.child_by_field_name("object")]
    return [one for one in parts if one is not None]


def _unwrap_node(node: Node) -> Node:
    """Return what stands behind `!`, `!!`, `await` and parentheses."""
    while node.type in ("unary_expression", "parenthesized_expression", "await_expression") and node.named_children:
        node = node.named_children[0]
    return node


def _called_method(call: Node) -> str:
    callee = call.child_by_field_name("function")
    if callee is None or callee.type != "member_expression":
        return ""
    named = callee.child_by_field_name("property")
    return "" if named is None else node_text(named)


def _is_on_selected(member: Node, callees: Collection[int]) -> bool:
    # Not asked of its parent: finding that takes a walk from the root for each.
    owner = member.child_by_field_name("object")
    return owner is not None and member.id not in callees and owner.type in ("identifier", "call_expression")


def _is_number_call(call: Node) -> bool:
    callee = call.child_by_field_name("function")
    return callee is not None and node_text(callee) in ("parseFloat", "parseInt", "Number", "Math.abs", "Math.round")


def _selector_argument(node: Node) -> str:
    if node.type != "call_expression" or _called_method(node) not in _SELECTING:
        return ""
    given = node.child_by_field_name("arguments")
    first = given.named_children[0] if given is not None and given.named_children else None
    if first is None or first.type != "string":
        return ""
    text = node_text(first)[1:-1]
    return f"#{text}" if _called_method(node) == "getElementById" else text


async def _describe_part(session: CDPSession, part: Part, seen: dict[str, Any]) -> str:
    name = part.selector or part.text if len(part.text) <= _VALUE else f"{part.text[: _VALUE - 1]}…"
    if part.kind == "selected":
        return await _describe_selected(session, part, seen)
    if part.kind == "given":
        return f"{part.text.partition('(')[0]} gives {seen.get('text', seen['is'])}"
    if seen["is"] in ("null", "undefined"):
        return f"`{name}` is {seen['is']}"
    if seen["is"] == "element":
        return f"`{seen['name']}` holds `{seen['text']}`"
    if seen["is"] == "list":
        return f"`{name}` has {seen['count']} items: `{seen['text']}`" if seen["count"] else f"`{name}` is empty"
    return f"`{name}` is `{seen['text']}`"


async def _describe_selected(session: CDPSession, part: Part, seen: dict[str, Any]) -> str:
    name = part.selector or part.text
    if seen["is"] == "element":
        return f"`{name}` holds `{seen['text']}`" if seen["text"] else f"`{name}` holds no text"
    if seen["is"] == "list" and seen["count"]:
        return f"{seen['count']} elements match `{name}`: `{seen['text']}`"
    if seen["is"] in ("null", "list"):
        return f"no element matches `{name}`{_describe_nearest_ids(name, await _read_ids(session))}"
    return ""


def _describe_nearest_ids(selector: str, ids: Sequence[str]) -> str:
    """Return the ids that are there instead, those that look alike first."""
    wanted = selector.rpartition("#")[2].partition(" ")[0]
    named = find_similar(wanted, ids, least=0.4) or list(dict.fromkeys(ids))[:3]
    return f"; there is {', '.join(f'`#{one[:40]}`' for one in named)}" if named else ""


async def _read_ids(session: CDPSession) -> list[str]:
    asked = {
        "expression": f"JSON.stringify({_IDS})",
        "throwOnSideEffect": True,
        "silent": True,
        "timeout": PART_S * 1000,
    }
    try:
        answer = await session.send("Runtime.evaluate", asked)
        found = json.loads(answer["result"].get("value", "[]"))
        return [str(one) for one in found] if isinstance(found, list) else []
    except (Error, ValueError, TypeError):
        return []


async def _evaluate_part(session: CDPSession, part: Part) -> dict[str, Any] | None:
    """Evaluate a part without changing anything; None if that is not possible."""
    before, expression = rewrite_id_lookups(part.before), rewrite_id_lookups(part.text)
    asked = {
        "expression": f"{{\n{before}\nJSON.stringify(({_DESCRIBE})(\n{expression}\n));\n}}",
        "replMode": True,
        "throwOnSideEffect": True,
        "silent": True,
        "timeout": PART_S * 1000,
    }
    try:
        answer = await session.send("Runtime.evaluate", asked)
        if "exceptionDetails" in answer:
            return None
        value = json.loads(answer["result"].get("value", "null"))
    except (Error, ValueError, TypeError):
        return None
    # What JSON and the rest are made of, the page may have replaced.
    if not isinstance(value, dict) or not isinstance(kind := value.get("is"), str):
        return None
    return value if kind in _KINDS and _KINDS[kind] <= value.keys() else None
