"""Files in JSON: a map of paths, a list of objects, or the few keys that other prompts ask for. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.generate.reply.block import Block
from orchestrator.generate.reply.fences import loaded_by

_START = re.compile(r"\A(?:[^\n]{0,400}\n){0,40}?(?:[ \t]*```\w*[ \t]*\n)?\s*(?=[\[{])")
_PATH_KEYS = ("path", "name", "filename", "file", "file_path", "filepath")
_TEXT_KEYS = ("content", "contents", "code", "text", "body", "data")
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
_IS_PATH = re.compile(r"[\w./@ ()+-]{1,200}\.[A-Za-z0-9]{1,10}")


def from_json(text: str) -> list[Block]:
    """Return the files of an answer that is JSON, with or without a fence and prose around it."""
    start = _START.match(text)
    if start is None:
        return []
    try:
        value, _ = json.JSONDecoder(strict=False).raw_decode(text, start.end())
    except (ValueError, RecursionError):
        return _half(text[start.end() :])
    return list(_files(value, 3))


def _half(text: str) -> list[Block]:
    """Return a block that is cut where `text` begins like a map of files and does not end."""
    begun = re.match(r'[\[{\s]{1,20}"(?:files"\s*:\s*[\[{\s]{1,20}")?([^"\n]{1,200})"\s*:\s*"', text)
    if begun is None or text.rstrip().endswith("}"):
        return []
    is_file = begun[1] in _ROLES or begun[1] in _PATH_KEYS or _IS_PATH.fullmatch(begun[1])
    return [Block(begun[1] if _IS_PATH.fullmatch(begun[1]) else "index.html", text, is_cut=True)] if is_file else []


def _files(value: Any, depth: int) -> Iterator[Block]:
    if isinstance(value, list) and depth:
        for entry in value:
            yield from _files(entry, depth - 1)
    if not isinstance(value, Mapping):
        return
    path, body = _first(value, _PATH_KEYS), _first(value, _TEXT_KEYS)
    if path is not None and body is not None:
        if _IS_PATH.fullmatch(path):
            yield Block(path, body)
        return
    if (files := value.get("files")) is not None and depth:
        yield from _files(files, depth - 1)
        return
    yield from _by_role(value)
    for key, text in value.items():
        if _IS_PATH.fullmatch(key) and isinstance(text, str):
            yield Block(key, text)
        elif _IS_PATH.fullmatch(key) and isinstance(text, Mapping):
            inner = _first(text, _TEXT_KEYS)
            if inner is not None:
                yield Block(key, inner)


def _first(value: Mapping[str, Any], keys: tuple[str, ...]) -> str | None:
    return next((value[key] for key in keys if isinstance(value.get(key), str)), None)


def _by_role(value: Mapping[str, Any]) -> Iterator[Block]:
    """Yield what stands under keys such as `html`; style and script under the names that the page loads."""
    roles = {_ROLES[key]: text for key, text in value.items() if key in _ROLES and isinstance(text, str) and text}
    loaded = loaded_by(roles.get("html", ""))
    for role, text in roles.items():
        names = loaded.get(role, set())
        yield Block(names.pop() if len(names) == 1 else _NAMES[role], text)
