"""Changes applied to files: whole files, deletions, and SEARCH/REPLACE edits that must match exactly once. Pure.

What matches but for white space is taken where there is only one such place. What does not match is explained in words
that a model can act on: which edit, what stands there instead, and that the others were applied.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.core.likeness import find_similar
from orchestrator.core.paths import is_page
from orchestrator.generate.reply.complaint import Complaint
from orchestrator.generate.reply.elements import PAGE
from orchestrator.generate.reply.reply import Change, Deletion, Edit, File

EXPLAINED = 5
"""Edits that did not match and are explained with the lines that look alike; looking for those takes time."""

MAX_EDITS = 500
"""Edits of one answer that are tried. Nobody means more: a file that changes so much is sent whole."""

MAX_READ = 80_000_000
_A_LINE = 8
"""Bytes of files that the edits of one answer are looked for in: about two seconds; and those that a line costs."""

_LONG = 400
_LEAST = 0.4
"""A file of so many bytes does not shrink to less than this share of them."""

_LINES = 3_000
_WIDTH = 200
_SHOWN = 3
"""Lines of a file that are compared, characters of each, and lines shown before and after the most alike one."""


@dataclass(frozen=True)
class EditOutcome:
    """The files after the changes that could be made. `complaints`: one for each that could not; `done`: the others."""

    files: Mapping[str, bytes]
    changed: frozenset[str]
    complaints: tuple[Complaint, ...]
    done: tuple[str, ...]


class Mismatch(ValueError):
    """An edit has no place in the file, or more than one. The text says so in a sentence or two."""


def apply_changes(files: Mapping[str, bytes], changes: Sequence[Change]) -> EditOutcome:
    """Apply `changes` in their order, each to what the one before left."""
    made, changed = dict(files), set[str]()
    complaints, done = list[Complaint](), list[str]()
    if sum(isinstance(change, Edit) for change in changes) > MAX_EDITS:
        text = f"There are more than {MAX_EDITS} edits, so none was applied. Send whole files instead."
        complaints.append(Complaint("", "answer", text))
        changes = [change for change in changes if not isinstance(change, Edit)]
    read = 0
    for number, change in _number_edits(changes):
        read += _search_cost(made.get(change.path, b"")) if isinstance(change, Edit) else 0
        if isinstance(change, Edit) and read > MAX_READ:
            text = f"{change.path}, {number}: there are too many edits of this large file; send this one again."
            complaints.append(Complaint(change.path, "edit", text))
            continue
        try:
            done.append(_apply_change(made, change, number, explain=len(complaints) < EXPLAINED))
            changed.add(change.path)
        except Mismatch as problem:
            complaints.append(Complaint(change.path, "edit", str(problem)))
    return EditOutcome(made, frozenset(changed), tuple(complaints), tuple(done))


def _search_cost(data: bytes) -> int:
    return len(data) + _A_LINE * data.count(b"\n")


def _number_edits(changes: Sequence[Change]) -> Iterator[tuple[str, Change]]:
    """Yield each change with its place among the edits of its file: `edit 1 of 3`."""
    totals: dict[str, int] = {}
    for change in changes:
        totals[change.path] = totals.get(change.path, 0) + isinstance(change, Edit)
    seen: dict[str, int] = {}
    for change in changes:
        seen[change.path] = seen.get(change.path, 0) + isinstance(change, Edit)
        yield f"edit {seen[change.path]} of {totals[change.path]}", change


def _apply_change(made: dict[str, bytes], change: Change, number: str, *, explain: bool) -> str:
    """Make one change in `made` and say what was done; raise Mismatch."""
    path = change.path
    if isinstance(change, Deletion):
        made.pop(path, None)
        return f"{path}: deleted"
    if isinstance(change, File):
        if _is_part(path, made.get(path, b""), change.text):
            raise Mismatch(f"{path}: this looks like only a part of the file. Send edits, or the whole file.")
        made[path] = change.text.encode()
        return f"{path}: written whole"
    if not change.search.strip():
        if made.get(path, b"").strip():
            raise Mismatch(
                f"{path}, {number}: SEARCH is empty, but the file is not. Write the lines to replace into SEARCH."
            )
        made[path] = change.replace.encode()
        return f"{path}: written whole"
    if path not in made:
        near = find_similar(path, made) if explain else []
        hint = f" Did you mean {', '.join(near)}?" if near else " Send it as a whole file."
        raise Mismatch(f"{path}, {number}: there is no such file.{hint}")
    try:
        text = made[path].decode()
        edited = replace_once(text, change.search, change.replace)
    except UnicodeDecodeError:
        raise Mismatch(f"{path}, {number}: the file is not text and cannot be edited.") from None
    except Mismatch as problem:
        similar = _describe_similar_lines(text, change.search) if explain else ""
        raise Mismatch(f"{path}, {number}: {problem}{similar}") from None
    made[path] = edited.encode()
    return f"{path}, {number}: {'applied' if edited != text else 'is already there'}"


def _is_part(path: str, before: bytes, text: str) -> bool:
    """Whether a whole file is rather a piece of the one that is there: a snippet, shown to explain a change."""
    if is_page(path):
        return bool(PAGE.search(before.decode(errors="replace"))) and not PAGE.search(text)
    if len(before) < _LONG or len(text.encode()) >= _LEAST * len(before):
        return False
    # A new beginning shares nothing with what was there; a piece does, be it the line that a function begins with.
    old, new = (set(map(_strip_punctuation, some.split("\n"))) for some in (before.decode(errors="replace"), text))
    return any(len(line) > 2 for line in old & new) or path.lower().endswith(".md")


def _strip_punctuation(line: str) -> str:
    return line.strip().rstrip("{}(); ")


def replace_once(text: str, search: str, replace: str) -> str:
    """Return `text` with `replace` in the one place where `search` stands; raise Mismatch if there is not one.

    Everything outside that place stays as it is, and line endings are those of `text`. Where `replace` is there
    already, in place of `search`, nothing changes.
    """
    wanted, new = search.removesuffix("\n").split("\n"), replace.removesuffix("\n").split("\n") if replace else []
    if not _may_hold(text, wanted):
        return _accept_if_applied(text, wanted, new)
    lines = _split_lines(text)
    bare = [line.rstrip("\r\n") for line in lines]
    for key in (_keep_line, str.rstrip):
        if (place := _single_place(_find_places(bare, wanted, key))) is not None:
            return _splice_lines(lines, place, len(wanted), new)
    piece = search.strip("\n")
    if "\n" not in piece and text.count(piece) == 1 and _is_whole(text, piece):
        return text.replace(piece, replace.strip("\n"))  # a part of one line
    if (place := _single_place(_find_aligned(bare, wanted))) is not None:
        return _splice_lines(lines, place, len(wanted), _reindent_lines(new, bare, place, wanted))
    if (span := _find_ignoring_blanks(bare, wanted)) is not None:
        return _splice_lines(lines, span[0], span[1] - span[0], new)
    return _accept_if_applied(text, wanted, new)


_WITHIN_WORD = re.compile(r"\w\w")


def _is_whole(text: str, piece: str) -> bool:
    """Whether `piece` does not begin or end within a word of `text`, where it stands once: `a = 1` not in `a = 10`."""
    start = text.find(piece)
    ends = start, start + len(piece)
    return not any(_WITHIN_WORD.fullmatch(text[max(0, end - 1) : end + 1]) for end in ends)


def _may_hold(text: str, wanted: Sequence[str]) -> bool:
    """Whether `text` has each of the wanted lines somewhere: looked for first, because it is quickly done."""
    if len(wanted) == 1:  # it may be a part of a line
        return wanted[0].strip() in text
    return {line.strip() for line in wanted} - {""} <= set(map(str.strip, text.split("\n")))


def _accept_if_applied(text: str, wanted: Sequence[str], new: Sequence[str]) -> str:
    """Return `text` where `new` stands in it, so that nothing is left to do; raise Mismatch elsewhere.

    Only what is several lines, some of them new, tells that: a bracket stands anywhere.
    """
    solid = [line.strip() for line in new if line.strip()]
    is_telling = len(solid) > 1 and not set(solid) <= {line.strip() for line in wanted}
    if is_telling and _may_hold(text, new):
        bare = [line.rstrip("\r\n") for line in _split_lines(text)]
        if len(_find_places(bare, new, str.rstrip)) == 1:
            return text
    raise Mismatch("SEARCH does not match any lines of the file.")


def _split_lines(text: str) -> list[str]:
    """Return the lines with their ends. Only a line feed ends one: `splitlines` knows a dozen other characters."""
    lines = text.split("\n")
    ended = [f"{line}\n" for line in lines[:-1]]
    return [*ended, lines[-1]] if lines[-1] else ended


def _keep_line(line: str) -> str:
    return line


def _single_place(places: Sequence[int]) -> int | None:
    """Return the one place, None if there is no such place; raise Mismatch if there are several."""
    if len(places) > 1:
        named = ", ".join(str(place + 1) for place in places[:5])
        raise Mismatch(f"SEARCH matches more than one place (lines {named}): include lines around it.")
    return places[0] if places else None


def _find_places(lines: Sequence[str], wanted: Sequence[str], key: Callable[[str], str]) -> list[int]:
    """Return the first few indexes at which `wanted` stands in `lines`, both seen through `key`."""
    # As one text, so that a file of a million equal lines is searched in linear time.
    hay, needle = ("\n" + "\n".join(map(key, some)) + "\n" for some in (lines, wanted))
    found: list[int] = []
    position, line = hay.find(needle), 0
    counted = 0
    while position >= 0 and len(found) < 9:
        line += hay.count("\n", counted, position)
        counted = position
        found.append(line)
        position = hay.find(needle, position + 1)
    return found


def _find_aligned(lines: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """Return where `wanted` stands but for white space at both ends of lines; those evenly moved, if there are any."""
    places = _find_places(lines, wanted, str.strip)
    even = [place for place in places if len(set(_indent_shifts(lines, place, wanted))) == 1]
    return even or places


def _indent_shifts(lines: Sequence[str], place: int, wanted: Sequence[str]) -> Iterator[int]:
    for own, asked in zip(lines[place : place + len(wanted)], wanted, strict=True):
        if asked.strip():
            yield _indent_width(own) - _indent_width(asked)


def _indent_width(line: str) -> int:
    return len(line) - len(line.lstrip())


def _reindent_lines(new: Sequence[str], lines: Sequence[str], place: int, wanted: Sequence[str]) -> list[str]:
    """Return `new` moved by as much as the file's own lines are away from `wanted`."""
    shift = next(_indent_shifts(lines, place, wanted), 0)
    own = next((line for line in lines[place:] if line.strip()), "")
    if shift > 0:
        return [own[:shift] + line if line.strip() else line for line in new]
    return [line[min(-shift, _indent_width(line)) :] for line in new]


def _find_ignoring_blanks(lines: Sequence[str], wanted: Sequence[str]) -> tuple[int, int] | None:
    """Return the lines from and to which `wanted` stands when blank lines are not looked at."""
    solid = [number for number, line in enumerate(lines) if line.strip()]
    asked = [line for line in wanted if line.strip()]
    place = _single_place(_find_places([lines[number] for number in solid], asked, str.strip))
    return None if place is None else (solid[place], solid[place + len(asked) - 1] + 1)


def _splice_lines(lines: Sequence[str], place: int, count: int, new: Sequence[str]) -> str:
    end = "\r\n" if lines[place].endswith("\r\n") else "\n"
    middle = [f"{line}{end}" for line in new]
    if middle and not lines[place + count - 1].endswith("\n"):
        middle[-1] = middle[-1].removesuffix(end)
    return "".join([*lines[:place], *middle, *lines[place + count :]])


def _describe_similar_lines(text: str, search: str) -> str:
    """Return the lines of the file that look most like what was searched for, with their numbers."""
    lines = [line.rstrip("\r")[:_WIDTH] for line in text.removesuffix("\n").split("\n")[:_LINES]]
    asked = sorted({line.strip()[:_WIDTH] for line in search.split("\n") if line.strip()}, key=len, reverse=True)[:3]
    stripped = [line.strip() for line in lines]
    for wanted in asked:
        if near := find_similar(wanted, stripped, most=1, least=0.4):
            middle = stripped.index(near[0])
            first, last = max(0, middle - _SHOWN), min(len(lines), middle + _SHOWN + 1)
            shown = "\n".join(f"{number + 1}: {lines[number]}" for number in range(first, last))
            return f" The most similar lines are:\n{shown}"
    return ""
