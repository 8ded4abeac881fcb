"""Files that an answer writes by commands of a shell: `cat > app.js <<'EOF'`. Pure."""

import re
from bisect import bisect_right
from collections.abc import Sequence

from orchestrator.generate.reply.block import Block, Part, UnreadPart

_BEGINS = re.compile(
    r"^[ \t]*+(?:[^\n<]{0,200}&&[ \t]*+)?(?:cat|tee)\b(?P<before>[^<\n]{0,300})"
    r"<<(?P<tabs>-?)[ \t]*+(?P<quote>[\"']?)(?P<end>\w{1,40})(?P=quote)(?P<behind>[^\n]{0,300})$",
    re.MULTILINE,
)
_TARGET = re.compile(
    r"(?:^|[\s>])(?:>[ \t]*+)?[\"']?(?P<path>[\w./@+-]{1,250})[\"']?[ \t]*+(?:>[ \t]*+/dev/null)?[ \t]*+$"
)
_WORD = re.compile(r"^(\t*+)(\w{1,40}+)[ \t]*+$", re.MULTILINE)
"""A line that may end what a command writes."""

_ESCAPED = re.compile(r"\\([$`\\])")


def parse_heredocs(text: str) -> tuple[list[Part], str]:
    """Return the files that commands of a shell write, in their order, and the text around them."""
    parts, around, end = list[Part](), list[str](), 0
    ends: dict[str, list[re.Match[str]]] | None = None
    for begun in _BEGINS.finditer(text):
        target = _TARGET.search(begun["before"]) or _TARGET.search(begun["behind"])
        if target is None or begun.start() < end:
            continue
        ends = _find_end_words(text) if ends is None else ends
        closed = _find_closing_word(ends.get(begun["end"], []), begun)
        body = text[begun.end() + 1 : len(text) if closed is None else closed.start()]
        # Without quotes around its end the shell reads `\$` as `$`.
        body = body if begun["quote"] else _ESCAPED.sub(r"\1", body)
        is_added = ">>" in begun["before"] + begun["behind"]
        why = "appends lines to the file. Send SEARCH/REPLACE edits instead"
        parts.append(
            UnreadPart(target["path"], why) if is_added else Block(target["path"], body, is_cut=closed is None)
        )
        around.append(text[end : begun.start()])
        end = len(text) if closed is None else closed.end()
    return parts, "\n".join([*around, text[end:]])


def _find_end_words(text: str) -> dict[str, list[re.Match[str]]]:
    """Return the lines that are one word each, by that word."""
    found: dict[str, list[re.Match[str]]] = {}
    for line in _WORD.finditer(text):
        found.setdefault(line[2], []).append(line)
    return found


def _find_closing_word(ends: Sequence[re.Match[str]], begun: re.Match[str]) -> re.Match[str] | None:
    """Return the first of the lines behind a command; only `<<-` takes one that is indented by tabs."""
    place = bisect_right(ends, begun.end(), key=lambda line: line.start())
    return next((ends[at] for at in range(place, len(ends)) if begun["tabs"] or not ends[at][1]), None)
