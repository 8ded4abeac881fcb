"""Files in JSON: a map of paths, lists of objects, calls of tools, or the few keys that other prompts ask for. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.generate.reply.block import Block, Part, Unread
from orchestrator.generate.reply.calls import PATHS, TEXTS, is_path, parts_of
from orchestrator.generate.reply.fences import loaded_by
from orchestrator.generate.reply.patches import begins_patch, patched

_START = re.compile(r"\A(?:[^\n]{0,400}\n){0,40}?(?:[ \t]*```\w*[ \t]*\n)?[^\n\[{]{0,40}(?=[\[{])")
_BETWEEN = re.compile(r"(?:\s|,|;|```\w*|</?[\w|:.-]{1,40}>)*(?=[\[{])")
_AGAIN = re.compile(r"[\[{][\w|/ ]{1,40}[\]}]\s{0,9}(?=[\[{])")
_ROLES = {
    "html": "html",
    "app": "html",
    "main": "html",
    "index": "html",
    "css": "css",
    "style": "css",
    "js": "js",
    "javascript": "js",
    "script": "js",
    "readme": "readme",
}
_NAMES = {"html": "index.html", "css": "style.css", "js": "script.js", "readme": "README.md"}
_ARGUMENTS = ("arguments", "parameters", "input", "args", "params", "tool_input", "action_input", "kwargs")
_TOOLS = ("name", "tool", "tool_name", "function", "action", "recipient_name")
_CALLS = 500
"""Values of JSON, one behind another, that are looked at."""

_DEPTH = 6
_NAMED = re.compile(r'\\?"(?:path|file_?path|filename|target_file)\\?"\s{0,9}:\s{0,9}\\?"([^"\\\n]{1,200})')


def from_json(text: str) -> list[Part]:
    """Return the files of an answer that is JSON, with or without a fence and prose around it."""
    start = _START.match(text)
    if start is None:
        return []
    return _all(text, start.end()) or _half(text[start.end() :])


def called(body: str, *, is_cut: bool) -> list[Part]:
    """Return what the JSON in a tag calls for. `is_cut`: the tag has no end."""
    start = _BETWEEN.match(body)
    parts = [] if start is None else _all(body, start.end())
    if parts or (named := _NAMED.search(body)) is None:
        return parts
    if is_cut:
        return [Block(named[1], body, is_cut=True)]
    try:
        json.loads(body, strict=False)
    except (ValueError, RecursionError):
        return [Unread(named[1], "is a call in JSON that cannot be read. Send the file in a block")]
    return []


def _all(text: str, start: int) -> list[Part]:
    """Return what the values hold that stand one behind another from `start` on."""
    parts: list[Part] = []
    decoder = json.JSONDecoder(strict=False)
    for _ in range(_CALLS):
        try:
            value, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            # `[TOOL_CALLS][{…` and its like: a mark in brackets before the value.
            if not parts and (again := _AGAIN.match(text, start)):
                start = again.end()
                continue
            named = _NAMED.search(text, start) if parts else None
            return [*parts, Block(named[1], text[start:], is_cut=True)] if named else parts
        parts += _files(value, _DEPTH, "")
        following = _BETWEEN.match(text, end)
        if following is None:
            break
        start = following.end()
    return parts


def _half(text: str) -> list[Part]:
    """Return a block that is cut where `text` begins like a map of files and does not end."""
    begun = re.match(r'[\[{\s]{1,20}"(?:files"\s*:\s*[\[{\s]{1,20}")?([^"\n]{1,200})"\s*:\s*"', text)
    if begun is None or text.rstrip().endswith("}"):
        return []
    is_file = begun[1] in _ROLES or begun[1] in (*PATHS, "name") or is_path(begun[1])
    return [Block(begun[1] if is_path(begun[1]) else "index.html", text, is_cut=True)] if is_file else []


def _files(value: Any, depth: int, tool: str) -> Iterator[Part]:
    """Yield the files in a value, however deep a call or a list wraps them."""
    if not depth:
        return
    if isinstance(value, list):
        for entry in value:
            yield from _files(entry, depth - 1, tool)
    elif isinstance(value, str) and begins_patch(value):
        yield from patched(value)
    elif isinstance(value, Mapping):
        if parts := list(parts_of(tool, value)):
            yield from parts
            return
        if depth >= _DEPTH - 1:
            yield from _by_role(value)
        yield from _by_path(value)
        tool = next((value[key] for key in _TOOLS if isinstance(value.get(key), str)), tool)
        for key, inner in value.items():
            if key in _ARGUMENTS and isinstance(inner, str):
                yield from _files(_decoded(inner), depth - 1, tool)
            elif not is_path(key) and isinstance(inner, list | Mapping):
                yield from _files(inner, depth - 1, tool)


def _decoded(text: str) -> Any:
    """Return the value that a call carries as text, as OpenAI's API does; a patch stays text."""
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return {"input": text}


def _by_path(value: Mapping[str, Any]) -> Iterator[Block]:
    """Yield what stands under keys that are paths."""
    for key, text in value.items():
        if not is_path(key):
            continue
        if isinstance(text, str):
            yield Block(key, text)
        elif isinstance(text, Mapping):
            inner = next((text[name] for name in TEXTS if isinstance(text.get(name), str)), None)
            if inner is not None:
                yield Block(key, inner)


def _by_role(value: Mapping[str, Any]) -> Iterator[Block]:
    """Yield what stands under keys such as `html`; style and script under the names that the page loads."""
    roles = {_ROLES[key]: text for key, text in value.items() if key in _ROLES and isinstance(text, str) and text}
    loaded = loaded_by(roles.get("html", ""))
    for role, text in roles.items():
        names = loaded.get(role, set())
        yield Block(names.pop() if len(names) == 1 else _NAMES[role], text)
