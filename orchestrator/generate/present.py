"""The present files of a site, as shown to the model that changes them: the most relevant first. Pure."""

import re
from collections.abc import Collection, Mapping

from orchestrator.core.site import LICENCE, RECORD
from orchestrator.core.task import Task

_LEFT_OUT = frozenset({LICENCE, RECORD, ".nojekyll"})
_REFERENCE = re.compile(
    r"""(?:src|href)\s*=\s*["']?(?:\./)?([^"'\s>?#]+)|(?:from|import|fetch\()\s*["'](?:\./)?([^"']+)"""
)


def render_present_files(files: Mapping[str, bytes], attached: Collection[str], task: Task, budget: int) -> str:
    """Return the text files as blocks of the answer's own form, about `budget` characters of them.

    What is not text, does not fit or is an attachment is named with its size. `attached`: names that have a digest.
    """
    shown: list[str] = []
    for path in _sort_by_relevance(files, task):
        if path in _LEFT_OUT:
            continue
        text = None if path in attached else decode_utf8(files[path])
        if text is None or len(text) > budget:
            reason = "an attachment" if path in attached else "not text" if text is None else "too large to show"
            shown.append(f"({path}, {len(files[path])} bytes: {reason})")
            continue
        budget -= len(text)
        shown.append(f'<file path="{path}">\n{text}{"" if text.endswith(chr(10)) else chr(10)}</file>')
    return "\n".join(shown)


def decode_utf8(data: bytes) -> str | None:
    """Return `data` as text, or None if it is not text."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _sort_by_relevance(files: Mapping[str, bytes], task: Task) -> list[str]:
    """Return the paths: the page, what this round names, what the page loads, the README, the rest by size."""
    asked = "\n".join([task.brief, *(check.text for check in task.checks)])
    page = decode_utf8(files.get("index.html", b"")) or ""
    loaded = {one or other for one, other in _REFERENCE.findall(page)}

    def rank(path: str) -> tuple[int, int, str]:
        order = (path == "index.html", path in asked, path in loaded, path == "README.md", True)
        return order.index(True), len(files[path]), path

    return sorted(files, key=rank)
