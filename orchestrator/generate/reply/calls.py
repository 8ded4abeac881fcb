"""What a call of a tool says about a file: its arguments by name, from JSON or from tags, to parts of an answer. Pure.

Every tool that writes files has its own names for the same few things. The names here are those of the tools that
models were trained with: editors, agents and their function calls.
"""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from orchestrator.generate.reply.block import Block, Deletion, Edit, Part, UnreadPart
from orchestrator.generate.reply.patches import begins_patch, parse_patches

PATHS = ("path", "file_path", "filepath", "filename", "file_name", "target_file", "relative_workspace_path", "file")
"""What the name of a file is called; `name` besides, where no other stands beside it."""

TEXTS = ("content", "contents", "file_text", "file_content", "new_content", "code", "code_edit", "text", "body", "data")
"""What a whole file is called."""

_NAMES_TEXT = re.compile(r"(?:[a-z]{1,20}_)?(?:contents?|code|text|body)")
"""Keys of the same meaning that a tool of its own may have: `document_content`, `code_content`."""

_OLD = ("old_str", "old_string", "old_text", "old_content", "target_content", "search", "find", "original", "old")
_NEW = (
    "new_str",
    "new_string",
    "new_text",
    "new_content",
    "replacement_content",
    "replace",
    "replacement",
    "updated",
    "new",
)
_PAIRS = ("diff", "patch", "input")
_LISTS = ("edits", "replacements", "replacement_chunks", "changes", "diffs")
_VERBS = ("command", "action", "operation", "mode", "type")
NAMES = frozenset({*PATHS, *TEXTS, *_OLD, *_NEW, *_PAIRS, *_LISTS, *_VERBS, "name", "description", "insert_line"})

_DELETES = re.compile(r"delete|remove|unlink", re.IGNORECASE)
_ADDS = re.compile(r"append|insert|prepend|rename|move|copy", re.IGNORECASE)
_BY_LINE = re.compile(
    r"(?:start|end|first|last|from|to|begin)_(?:\w{1,12}_)?lines?(?:_\w{1,9})?|lines?(?:_range|_numbers?)?"
)
_IS_PATH = re.compile(r"[\w./@~+()\[\]#%&$-][\w./@~+()\[\]#%&$ -]{0,200}\.(?=\w*[A-Za-z])\w{1,15}")
_BARE_NAMES = re.compile(
    r"(?:[\w.-]{1,80}/)*(?:LICEN[SC]E|README|CNAME|NOTICE|CHANGELOG|[A-Z][a-z]+file|\.[a-z]{2,20})"
)

_LONGEST_PATH = 300


def is_path(text: str) -> bool:
    """Whether `text` can only be the name of a file: it has an extension, or is a customary name without one."""
    return len(text) <= _LONGEST_PATH and bool(_IS_PATH.fullmatch(text) or _BARE_NAMES.fullmatch(text))


def parse_call(tool: str, given: Mapping[str, Any]) -> Iterator[Part]:
    """Yield what a call of `tool` with these arguments does to a file; nothing if it is about no file."""
    named = {key.lower().replace("-", "_"): value for key, value in given.items()}
    named |= {_to_snake_case(key): _join_line_list(value) for key, value in given.items()}
    paths = (value.strip() for key in (*PATHS, "name") if isinstance(value := named.get(key), str))
    path = next(filter(is_path, paths), None)
    if path is None:
        patches = [value for key in (*_PAIRS, *_TEXTS_OF_PATCHES) if isinstance(value := named.get(key), str)]
        yield from (part for value in patches if begins_patch(value) for part in parse_patches(value))
        return
    verb = " ".join([tool, *(str(named[key])[:40] for key in _VERBS if isinstance(named.get(key), str))])
    old, new, text = _first_text(named, _OLD), _first_text(named, _NEW), _find_whole_text(named)
    pairs = next((value for key in _PAIRS if isinstance(value := named.get(key), str)), None)
    edits = next((value for key in _LISTS if isinstance(value := named.get(key), Sequence)), None)
    if _ADDS.search(verb) or "insert_line" in named or is_by_line(named):
        yield UnreadPart(path, "adds lines at a place that only the tool knows. Send SEARCH/REPLACE edits instead")
    elif old is not None and (new is not None or text is not None):
        yield Edit(path, old, new or text or "") if old.strip() else Block(path, new or text or "")
    elif pairs is not None:
        yield from parse_patches(pairs) if begins_patch(pairs) else [Block(path, pairs, is_edit=True)]
    elif edits is not None:
        yield from _parse_edit_list(path, edits)
    elif text is not None:
        yield _whole_file(path, text, str(named.get("encoding", "")))
    elif _DELETES.search(verb):
        yield Deletion(path)


_TEXTS_OF_PATCHES = ("arguments", "text", "content", "code")


def is_call(tool: str, given: Mapping[str, Any]) -> bool:
    """Whether these arguments of `tool` say which file and what becomes of it."""
    return next(parse_call(tool, given), None) is not None


def _find_whole_text(named: Mapping[str, Any]) -> str | None:
    """Return the text of a whole file."""
    known = {*_OLD, *_NEW, *PATHS}
    others = (key for key in named if key not in known and _NAMES_TEXT.fullmatch(key))
    return _first_text(named, (*TEXTS, *others))


def _whole_file(path: str, text: str, encoding: str) -> Part:
    if encoding.lower() != "base64":
        return Block(path, text)
    try:
        return Block(path, base64.b64decode(text, validate=True).decode())
    except ValueError:
        return UnreadPart(path, "is declared as base64, but is not base64 or not text. Send the file as text")


def _join_line_list(value: Any) -> Any:
    """Return the text that a list of lines stands for; everything else as it is."""
    is_lines = isinstance(value, list) and value and all(isinstance(line, str) for line in value)
    return "\n".join(line.removesuffix("\n") for line in value) if is_lines else value


def is_by_line(named: Iterable[str]) -> bool:
    """Whether the arguments say by number which lines are replaced."""
    return any(map(_BY_LINE.fullmatch, named))


def is_argument(name: str) -> bool:
    """Whether a tag of this name holds an argument of a call."""
    return name in NAMES or bool(_NAMES_TEXT.fullmatch(name))


def _parse_edit_list(path: str, edits: Any) -> Iterator[Part]:
    if isinstance(edits, str):
        yield from _parse_edit_list(path, _parse_json_list(edits))
        return
    for edit in edits:
        if isinstance(edit, Mapping):
            yield from parse_call("edit", {"path": path} | dict(edit))


def _parse_json_list(text: str) -> Sequence[Any]:
    try:
        value = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return ()
    return value if isinstance(value, list) else ()


def _to_snake_case(key: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key[:60]).lower().replace("-", "_")


def _first_text(named: Mapping[str, Any], keys: Sequence[str]) -> str | None:
    return next((value for key in keys if isinstance(value := named.get(key), str)), None)
