"""The blocks in which an answer shows that a check in prose holds: `<proof check="1.2">`. Pure."""

import re

# One walk over the tags: an answer may have any number of them, in any order.
_TAG = re.compile(
    r"^[ \t]*<proof\s+(?:check|for|id)\s*=\s*[\"']?(?P<label>\d{1,9}\.\d{1,9})[\"']?\s*>|(?P<end></proof>[ \t]*\n?)"
    r"|^[ \t]*<(?P<opened>file|edit)\b[^>\n]{0,400}(?<!/)>|</(?P<closed>file|edit)[ \t]*>",
    re.MULTILINE | re.IGNORECASE,
)
_FENCE = re.compile(r"\A```\w*\n(.*?)\n?```\Z", re.DOTALL)


def without_proofs(text: str) -> tuple[str, dict[str, str]]:
    """Return the answer without its proofs, and these by the labels of their checks; of two, the later one counts.

    What stands inside a file is part of the file.
    """
    proofs: dict[str, str] = {}
    kept: list[str] = []
    is_in_file, end = False, 0
    begun: re.Match[str] | None = None
    for tag in _TAG.finditer(text):
        if tag["opened"]:
            is_in_file, begun = True, None
        elif tag["closed"]:
            is_in_file = False
        elif tag["label"]:
            begun = None if is_in_file else tag
        elif begun is not None:
            proofs[begun["label"]] = _FENCE.sub(r"\1", text[begun.end() : tag.start()].strip())
            kept.append(text[end : begun.start()])
            begun, end = None, tag.end()
    return "".join([*kept, text[end:]]), proofs
