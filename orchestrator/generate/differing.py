"""The difference of two texts, line by line, in time that grows with their length. Pure.

Lines that stand once in both hold the rest in place (the "patience" way of `git diff`), and only what is small between
them is compared by `difflib`, whose time grows with the square of the lines and, where they repeat, with the cube.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import pairwise

_SMALL = 40
"""Lines of both sides that `difflib` compares."""

_DEPTH = 8
"""How often what lies between two lines is looked at for others that stand once in it."""

Block = tuple[int, int, int]
"""Lines that are the same on both sides: where they begin in the old text and in the new one, and how many."""

Range = tuple[int, int, int, int]
"""From and to which line of the old text, and of the new one."""


class _Matcher(SequenceMatcher[str]):
    """What makes groups of changes out of blocks that are found in another way."""

    def __init__(self, old: Sequence[str], new: Sequence[str]) -> None:
        super().__init__(None, "", "", autojunk=False)
        self.a, self.b = old, new
        self.matching_blocks = None
        self._found = [*_join_adjacent_blocks(sorted(_find_equal_blocks(old, new))), (len(old), len(new), 0)]

    def get_matching_blocks(self) -> list[Block]:  # type: ignore[override]
        return self._found


def unified_diff(old: Sequence[str], new: Sequence[str], names: tuple[str, str], context: int) -> Iterator[str]:
    """Yield the lines of a unified diff, as `difflib.unified_diff` does; nothing where both are the same."""
    groups = [] if list(old) == list(new) else _Matcher(old, new).get_grouped_opcodes(context)
    for number, group in enumerate(groups):
        if not number:
            yield from (f"--- {names[0]}", f"+++ {names[1]}")
        first, last = group[0], group[-1]
        yield f"@@ -{_format_range(first[1], last[2])} +{_format_range(first[3], last[4])} @@"
        for tag, start, end, into, until in group:
            if tag == "equal":
                yield from (f" {line}" for line in old[start:end])
                continue
            yield from (f"-{line}" for line in old[start:end])
            yield from (f"+{line}" for line in new[into:until])


def _format_range(start: int, end: int) -> str:
    """Return the lines of one side: https://www.gnu.org/software/diffutils/manual/html_node/Detailed-Unified.html."""
    count = end - start
    return str(start + 1) if count == 1 else f"{start + bool(count)},{count}"


def _join_adjacent_blocks(blocks: Sequence[Block]) -> Iterator[Block]:
    """Yield the blocks with those made one that lie directly behind each other."""
    before: Block | None = None
    for one in blocks:
        if before is not None and (before[0] + before[2], before[1] + before[2]) == one[:2]:
            before = (before[0], before[1], before[2] + one[2])
            continue
        if before is not None:
            yield before
        before = one
    if before is not None:
        yield before


def _find_equal_blocks(old: Sequence[str], new: Sequence[str]) -> Iterator[Block]:
    """Yield blocks that are the same on both sides, in no order."""
    ahead: list[tuple[Range, int]] = [((0, len(old), 0, len(new)), _DEPTH)]
    while ahead:
        (start, end, into, until), depth = ahead.pop()
        first, last = start, into
        while start < end and into < until and old[start] == new[into]:
            start, into = start + 1, into + 1
        if start > first:
            yield first, last, start - first
        first = end
        while start < end and into < until and old[end - 1] == new[until - 1]:
            end, until = end - 1, until - 1
        if first > end:
            yield end, until, first - end
        if start == end or into == until:
            continue
        if end - start + until - into <= _SMALL:
            small = SequenceMatcher(None, old[start:end], new[into:until], autojunk=False).get_matching_blocks()
            yield from ((start + at, into + to, size) for at, to, size in small if size)
        elif depth:
            ahead += [(one, depth - 1) for one in _split_at_anchors(old, new, (start, end, into, until))]


def _split_at_anchors(old: Sequence[str], new: Sequence[str], whole: Range) -> list[Range]:
    """Return the parts of a range between lines that stand once on both sides; nothing if there are no such."""
    start, end, into, until = whole
    once, once_new = Counter(old[start:end]), Counter(new[into:until])
    places = {line: at for at, line in enumerate(new[into:until], into) if once_new[line] == 1}
    pairs = [(at, places[line]) for at, line in enumerate(old[start:end], start) if once[line] == 1 and line in places]
    anchors = _longest_rising_run(pairs)
    # An anchor belongs to the part that begins with it.
    edges = [(start, into), *anchors, (end, until)]
    return [(*low, *high) for low, high in _pair_edges(edges)] if anchors else []


def _pair_edges(edges: Sequence[tuple[int, int]]) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    for (start, into), (end, until) in pairwise(edges):
        yield (start, end), (into, until)


def _longest_rising_run(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the longest run of pairs that rises on both sides (patience sorting)."""
    tops: list[int] = []
    chosen: list[int] = []
    before: list[int] = []
    for number, (_, to) in enumerate(pairs):
        pile = bisect_left(tops, to)
        before.append(chosen[pile - 1] if pile else -1)
        tops[pile : pile + 1] = [to]
        chosen[pile : pile + 1] = [number]
    found: list[tuple[int, int]] = []
    number = chosen[-1] if chosen else -1
    while number >= 0:
        found.append(pairs[number])
        number = before[number]
    return found[::-1]
