"""What a model is told about the repairs before its own: what each changed, and what then held. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from orchestrator.core.differences import Difference
from orchestrator.core.report import CheckResult, Finding
from orchestrator.core.site import Site
from orchestrator.generate.differing import unified_diff
from orchestrator.generate.present import decode_utf8

LINE = 300
"""Characters of a check, a finding or a line of a diff."""

LEAST = 100
"""Characters that telling a repair is worth; with less it is only counted."""

MOST = 8
"""Checks or findings of one kind that are listed for one repair."""

_COMPARED = 5_000
"""Lines of a file that are compared at most: a model can do nothing with the difference of longer ones."""

_CONTEXT = 2

_REMOVED = 12
"""Removed lines that are shown of one place."""

_CUT = 60
"""Characters that saying what is cut takes."""

_LONG_LINES = 20
"""Very long lines of a file, minified code say, in which the place of a change is looked for."""


@dataclass(frozen=True)
class PastRepair:
    """One repair of this task.

    - `number`: from 1
    - `before`: the site that it began with
    - `after`: the site that it made
    - `is_kept`: the next repair began with `after`
    - `difference`: from the report on `before` to the report on `after`
    - `same_as`: the number of the earlier repair that made exactly the same files, 0 for the first site, None for new
      files
    """

    number: int
    before: Site
    after: Site
    is_kept: bool
    difference: Difference = field(default_factory=Difference)
    same_as: int | None = None


def describe_repairs(tried: Sequence[PastRepair], room: int) -> str:
    """Return all repairs, the oldest first, in about `room` characters; what is cut says so."""
    if room < LEAST * len(tried):
        return f"{len(tried)} repairs were tried before. There is no room to show what they changed."
    told: list[str] = []
    for place, one in enumerate(reversed(tried)):
        # The newest comes first here, and what it leaves of its share is for the others.
        share = room // (len(tried) - place)
        told.append(_describe_repair(one, share))
        room -= len(told[-1])
    return "\n\n".join(reversed(told)) or "(none)"


def _describe_repair(tried: PastRepair, room: int) -> str:
    outcome = _shorten_text("\n".join(_describe_outcome(tried)), room)
    if tried.same_as is not None:
        return outcome
    return f"{outcome}\n{_describe_diff(tried, room - len(outcome))}"


def _describe_outcome(tried: PastRepair) -> Iterator[str]:
    """Yield what came of a repair, line by line."""
    number, same, seen = tried.number, tried.same_as, tried.difference
    if same is not None:
        made = "as the site before any repair" if same == 0 else f"as repair {same}"
        yield f"Repair {number} made exactly the same files {made}, so the result is the same. Try something else."
        return
    if tried.is_kept:
        yield f"Repair {number} was kept: the files below are its result, or are based on it."
    else:
        yield (
            f"Repair {number} was not kept, because its site was no better as a whole. The files below do not "
            "include it."
        )
    yield from _list_lines(
        "These checks failed before it and passed after it:", [_describe_check(one) for one in seen.gained]
    )
    yield from _list_lines(
        "These checks passed before it and failed after it:", [_describe_failed_check(one) for one in seen.lost]
    )
    yield from _list_lines(
        "These checks failed before and after it:", [_describe_failed_check(one) for one in seen.failing]
    )
    if seen.kept:
        yield f"Checks that passed before and after it: {seen.kept}."
    yield from _list_lines("Findings that it removed:", [_describe_finding(one) for one in seen.went])
    yield from _list_lines("Findings that it added:", [_describe_finding(one) for one in seen.came])
    if not (seen.gained or seen.lost or seen.went or seen.came):
        yield "The browser saw no change."


def _list_lines(heading: str, lines: Sequence[str]) -> Iterator[str]:
    if not lines:
        return
    yield heading if len(lines) <= MOST else f"{heading[:-1]} ({MOST} of {len(lines)}):"
    yield from (f"- {_shorten_text(line, LINE)}" for line in lines[:MOST])


def _describe_check(check: CheckResult) -> str:
    return f"round {check.round}: {check.text}"


def _describe_failed_check(check: CheckResult) -> str:
    return f"{_shorten_text(_describe_check(check), LINE // 2)} | It gave: {check.seen}"


def _describe_finding(finding: Finding) -> str:
    return f"{finding.kind}: {finding.text}"


def _describe_diff(tried: PastRepair, room: int) -> str:
    """Return what a repair changed as a unified diff, cut at a line's end."""
    before, after = tried.before.files, tried.after.files
    # What is told to people is seldom what made a check hold.
    ordered = sorted({*before, *after}, key=lambda path: (path.lower().endswith(".md"), path))
    paths = [path for path in ordered if before.get(path) != after.get(path)]
    lines = [line for path in paths for line in _file_diff(path, before.get(path), after.get(path))]
    shown: list[str] = []
    cut = f" and others: {MOST} of {len(paths)}" if len(paths) > MOST else ""
    heading = f"What it changed ({', '.join(paths[:MOST])}{cut}):"
    used = len(heading) + _CUT
    for line in lines:
        used += len(line) + 1
        if used > room:
            break
        shown.append(line)
    if len(shown) < len(lines):
        heading = f"{heading[:-1]}; {len(shown)} of {len(lines)} of its lines are shown:"
    return "\n".join([_shorten_text(heading, max(0, room)), *shown])


def _file_diff(path: str, before: bytes | None, after: bytes | None) -> list[str]:
    if after is None:
        return [f"--- {path}", "It was deleted."]
    old, new = decode_utf8(before or b""), decode_utf8(after)
    if old is None or new is None:
        return [f"+++ {path}", f"{len(before or b'')} bytes became {len(after)}; it is not text."]
    one, other = old.splitlines(), new.splitlines()
    if max(len(one), len(other)) > _COMPARED:
        return [f"+++ {path}", f"{len(one)} lines became {len(other)}; it is too long to compare."]
    names = ("(new)" if before is None else path), path
    lines = unified_diff(one, other, names, _CONTEXT)
    long = {
        "-": _find_long_lines(other),
        "+": _find_long_lines(one),
        " ": (),
    }  # each is held against those of the other side
    return [_cut_long_line(line, long.get(line[0], ())) for line in _cut_removed_runs(list(lines))] or [
        f"+++ {path}",
        "Only its line endings changed.",
    ]


def _cut_removed_runs(lines: Sequence[str]) -> Iterator[str]:
    """Yield a diff with long runs of removed lines cut: what took their place says more."""
    removed = 0
    for line, following in zip(lines, [*lines, ""][1:], strict=True):
        removed = removed + 1 if line.startswith("-") else 0
        if removed <= _REMOVED:
            yield line
        elif not following.startswith("-"):
            yield f"-… {removed - _REMOVED} more lines were removed here"


def _find_long_lines(lines: Sequence[str]) -> Sequence[str]:
    return [line for line in lines if len(line) > LINE][:_LONG_LINES]


def _cut_long_line(line: str, others: Sequence[str]) -> str:
    """Return one line of a diff, of a very long one the part that `others` do not have."""
    if len(line) <= LINE:
        return line
    start = max((_common_prefix_length(line[1:], other) for other in others), default=0)
    if start < LINE // 2:
        return _shorten_text(line, LINE)
    return _shorten_text(f"{line[0]}… {line[1 + start - LINE // 3 :]}", LINE)


def _common_prefix_length(one: str, other: str) -> int:
    """Return how many characters both begin with."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle - 1)
    return low


def _shorten_text(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: max(0, room - 1)]}…"
