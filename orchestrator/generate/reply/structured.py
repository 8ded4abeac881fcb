"""Files in JSON: a map of paths, lists of objects, calls of tools, or the few keys that other prompts ask for. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from orchestrator.generate.reply.block import Block, Part, UnreadPart
from orchestrator.generate.reply.calls import PATHS, is_path, parse_call
from orchestrator.generate.reply.fences import find_loaded_files
from orchestrator.generate.reply.patches import begins_patch, parse_patches

_START = re.compile(r"\A(?:[^\n]{0,400}\n){0,40}?(?:[ \t]*```\w*[ \t]*\n)?[^\n\[{]{0,40}(?=[\[{])")
_MARK = (
    r"(?:<[|\uff5c][^<>\n]{1,60}[|\uff5c]>|\[[A-Z]{3,20}(?:_[A-Z]{1,20}){0,3}\])(?:[\w.:= \u2581-]{1,80}(?=[<\[{\n]))?"
)
"""A mark that a model's own template puts around a call, with the name of the tool behind it."""

_MARKED = re.compile(rf"(?:^|(?<=\n)){_MARK}")
# A mark comes first: it may also look like a tag, and takes the name behind it along.
_BETWEEN = re.compile(rf"(?:{_MARK}|\s|,|;|```\w*+|</?[\w|:.-]{{1,40}}>)*+(?=[\[{{])")
_IN_FENCE = re.compile(r"^[ \t]*```json[ \t]*\n\s{0,20}(?=[\[{])", re.MULTILINE)
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

_DEPTH = 10
_NAMED = re.compile(
    r'\\?"(?:path|file_?path|filename|target_?file)\\?"\s{0,9}:\s{0,9}\\?"([^"\\\n]{1,200})', re.IGNORECASE
)


def parse_json_files(text: str) -> list[Part]:
    """Return the files of an answer that is JSON, with or without a fence and prose around it."""
    if (marked := _MARKED.search(text)) and (behind := _BETWEEN.match(text, marked.start())):
        parts = _parse_values(text, behind.end())
        if parts:
            return parts
    start = _START.match(text) or _IN_FENCE.search(text)
    if start is None:
        return []
    parts = _parse_values(text, start.end())
    if not parts and (fence := _IN_FENCE.search(text)):
        parts = _parse_values(text, fence.end())
    return parts or _find_cut_map(text[start.end() :])


def parse_json_call(body: str, *, is_cut: bool) -> list[Part]:
    """Return what the JSON in a tag calls for. `is_cut`: the tag has no end."""
    start = _BETWEEN.match(body)
    parts = [] if start is None else _parse_values(body, start.end())
    if parts or (named := _NAMED.search(body)) is None:
        return parts
    if is_cut:
        return [Block(named[1], body, is_cut=True)]
    try:
        json.loads(body, strict=False)
    except (ValueError, RecursionError):
        return [UnreadPart(named[1], "is a call with invalid JSON. Send the file in a block")]
    return []


def _parse_values(text: str, start: int) -> list[Part]:
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
        parts += _find_files(value, _DEPTH, "")
        following = _BETWEEN.match(text, end)
        if following is None:
            break
        start = following.end()
    return parts


def _find_cut_map(text: str) -> list[Part]:
    """Return a block that is cut where `text` begins like a map of files and does not end."""
    begun = re.match(r'[\[{\s]{1,20}"(?:files"\s*:\s*[\[{\s]{1,20}")?([^"\n]{1,200})"\s*:\s*"', text)
    if begun is None or text.rstrip().endswith("}"):
        return []
    try:
        json.JSONDecoder(strict=False).raw_decode(text)
    except (ValueError, RecursionError):
        pass
    else:
        return []  # it does end: what follows is something else
    is_file = begun[1] in _ROLES or begun[1] in (*PATHS, "name") or is_path(begun[1])
    named = _NAMED.search(text)
    path = begun[1] if is_path(begun[1]) else named[1] if named is not None and is_path(named[1]) else "index.html"
    return [Block(path, text, is_cut=True)] if is_file else []


def _find_files(value: Any, depth: int, tool: str) -> Iterator[Part]:
    """Yield the files in a value, however deep a call or a list wraps them."""
    if not depth:
        return
    if isinstance(value, list):
        for entry in value:
            yield from _find_files(entry, depth - 1, tool)
    elif isinstance(value, str) and begins_patch(value):
        yield from parse_patches(value)
    elif isinstance(value, Mapping):
        if parts := list(parse_call(tool, value)):
            yield from parts
            return
        if depth >= _DEPTH - 1:
            yield from _find_by_role(value)
        yield from _find_by_path(value)
        tool = next((value[key] for key in _TOOLS if isinstance(value.get(key), str)), tool)
        is_tree = any(map(is_path, value))
        for key, inner in value.items():
            folder = _folder_contents(inner, is_tree=is_tree)
            if folder is not None and not is_path(key):
                yield from (replace(part, path=f"{key}/{part.path}") for part in _find_files(folder, depth - 1, tool))
            elif key in _ARGUMENTS and isinstance(inner, str):
                yield from _find_files(_decode_arguments(inner), depth - 1, tool)
            elif not is_path(key) and isinstance(inner, list | Mapping):
                yield from _find_files(inner, depth - 1, tool)


def _folder_contents(value: Any, *, is_tree: bool) -> Mapping[str, Any] | None:
    """Return what a folder holds: the value of `directory`, or what stands beside files under a name of its own."""
    if not isinstance(value, Mapping):
        return None
    inner = value.get("directory")
    if isinstance(inner, Mapping):
        return inner
    return value if is_tree and value and all(isinstance(held, str | Mapping) for held in value.values()) else None


def _decode_arguments(text: str) -> Any:
    """Return the value that a call carries as text, as OpenAI's API does; a patch stays text."""
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return {"input": text}


def _find_by_path(value: Mapping[str, Any]) -> Iterator[Part]:
    """Yield what stands under keys that are paths."""
    for key, text in value.items():
        if not is_path(key):
            continue
        if isinstance(text, str):
            yield Block(key, text)
        elif isinstance(text, Mapping):
            held = text["file"] if isinstance(text.get("file"), Mapping) else text
            yield from parse_call("", {"path": key} | dict(held))


def _find_by_role(value: Mapping[str, Any]) -> Iterator[Block]:
    """Yield what stands under keys such as `html`; style and script under the names that the page loads."""
    roles = {_ROLES[key]: text for key, text in value.items() if key in _ROLES and isinstance(text, str) and text}
    loaded = find_loaded_files(roles.get("html", ""))
    for role, text in roles.items():
        names = loaded.get(role, set())
        yield Block(names.pop() if len(names) == 1 else _NAMES[role], text)
