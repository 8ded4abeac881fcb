"""The blocks in which an answer says which attachment it changes: `<change path="sum.py">words of the brief</change>`.

Pure.
"""

import re

_TAG = re.compile(
    r"^[ \t]*<change\s+(?:path|file|name)\s*=\s*[\"'](?P<path>[^\"'\n>]{1,300})[\"']\s*>|(?P<end></change>[ \t]*\n?)"
    r"|^[ \t]*<(?P<opened>file|edit)\b[^>\n]{0,400}(?<!/)>|</(?P<closed>file|edit)[ \t]*>",
    re.MULTILINE | re.IGNORECASE,
)
LONGEST = 500
"""Characters of the quoted words that count."""


def without_declarations(text: str) -> tuple[str, dict[str, str]]:
    """Return the answer without its declarations, and these: path -> the words of the brief that are quoted.

    What stands inside a file is part of the file.
    """
    declared: dict[str, str] = {}
    kept: list[str] = []
    is_in_file, end = False, 0
    begun: re.Match[str] | None = None
    for tag in _TAG.finditer(text):
        if tag["opened"]:
            is_in_file, begun = True, None
        elif tag["closed"]:
            is_in_file = False
        elif tag["path"]:
            begun = None if is_in_file else tag
        elif begun is not None:
            declared[begun["path"].strip().removeprefix("./")] = text[begun.end() : tag.start()].strip()[:LONGEST]
            kept.append(text[end : begun.start()])
            begun, end = None, tag.end()
    return "".join([*kept, text[end:]]), declared
