"""Answers that were cut off: whether to go on, what to show the model, and how to join what it adds. Pure."""

import re

from orchestrator.core.paths import is_markdown

TAIL = 400
"""Characters of the end that a model is shown."""

_LOOKED_AT = 20_000
_LONGEST = 1_500
_OVERLAP = 2_000
_SHORTEST_OVERLAP = 16
_LINES_OVERLAP = 60
_SHORTEST_LINE = 3
_GREETING = re.compile(
    r"\A\W{0,4}[^\n]{0,120}?(?:continu|resum|left off|stopped|picking up|the rest|going on|继续)"
    r"[^\n]{0,120}[:.…!\])*]\W{0,4}?\n+",
    re.IGNORECASE,
)
_FENCE = re.compile(r"\A(?:```|~~~)[\w-]*[ \t]*\n")
_WRAPPED = re.compile(r"\n(?:```|~~~)\s*\Z")
_OPENED = re.compile(r"<(?:file|edit)\s[^>\n]{0,40}?[\"']([^\"'\n]{1,300})[\"']")
_CLOSED = re.compile(r"\n[ \t]*(?:</(?:file|edit)>|<delete [^>\n]*>)\s*\Z")
_REOPENED = re.compile(r"\A\s*<(file|edit)\s[^>\n]{0,300}>[ \t]*\n")


def is_loop(text: str) -> bool:
    """Whether `text` ends in a pattern that goes round and round: six times, or forty where it is short."""
    end = text[-_LOOKED_AT:]
    # How long the longest beginning is that is also the end, of every beginning (Knuth, Morris, Pratt), read backwards:
    # what repeats at the end of the text repeats at the beginning of this.
    backwards = end[::-1]
    border = [0] * len(backwards)
    matched = 0
    for place in range(1, len(backwards)):
        while matched and backwards[place] != backwards[matched]:
            matched = border[matched - 1]
        matched += backwards[place] == backwards[matched]
        border[place] = matched
        length = place + 1
        period = length - matched
        if length >= 1_200 and period <= _LONGEST and length >= 6 * period and len(set(backwards[:period])) > 1:
            return True
    return False


def answer_tail(text: str) -> str:
    """Return how `text` ends: its last lines, `TAIL` characters at most."""
    end = text[-TAIL:]
    whole = end.partition("\n")[2] if len(text) > TAIL and "\n" in end[:-1] else end
    return whole or end


def join_continuation(text: str, more: str) -> str:
    """Return `text` and its continuation without a seam: no greeting, no fence, nothing twice."""
    more = more.replace("\r\n", "\n").removeprefix("\ufeff")
    going_on = _without_beginning(text, more)
    for start in (more, going_on):
        if overlap := _overlap_length(text, start):
            return text + start[overlap:]
        if (again := _join_repeated_line(text, start)) is not None:
            return again
        if reopened := _REOPENED.match(start):
            # The block again: from where it was cut, or from its beginning, which the parser understands.
            rest = start[reopened.end() :]
            if overlap := _overlap_length(text, rest):
                return text + rest[overlap:]
            return f"{text}\n{start}" if text and not text.endswith("\n") else text + start
    between = "\n" if _CLOSED.search(text) and not text.endswith("\n") else ""  # it was cut between two blocks
    return text + between + going_on


def _without_beginning(text: str, more: str) -> str:
    """Return `more` without what a model says before it goes on, and without a fence that it puts around all of it."""
    greeted = _GREETING.sub("", more)
    fence = _FENCE.match(greeted)
    if fence is None:
        return greeted
    # Within a README a fence may well be what comes next.
    opened = _OPENED.findall(text)
    is_in_readme = bool(opened) and is_markdown(opened[-1])
    is_around = not is_in_readme or not text.endswith("\n") or _WRAPPED.search(greeted) is not None
    return greeted[fence.end() :] if is_around else greeted


def _join_repeated_line(text: str, more: str) -> str | None:
    """Return both joined where `more` begins with the line that was cut, from its beginning; None if it does not."""
    before, newline, last = text.rpartition("\n")
    bare = last.strip()
    # A row of one sign (`>>>` of a marker) goes on, and does not begin again.
    if len(set(bare)) < _SHORTEST_LINE or not more.lstrip().startswith(bare) or len(more.lstrip()) == len(bare):
        return None
    return before + newline + last[: len(last) - len(last.lstrip())] + more.lstrip()


def _overlap_length(text: str, more: str) -> int:
    """Return how many characters of `more` repeat the end of `text`: enough of them that it is no accident."""
    end = text[-_OVERLAP:]
    last = end.rpartition("\n")[2]
    for size in range(min(len(end), len(more), _OVERLAP), 0, -1):
        if end.endswith(more[:size]):
            # Lines that end may well come twice, rows of a table above all.
            is_telling = size >= (_SHORTEST_OVERLAP if last else _LINES_OVERLAP)
            return size if is_telling else 0
    return 0
