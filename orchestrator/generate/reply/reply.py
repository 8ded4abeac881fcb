"""From a model's answer to changes. Pure; an answer is never trusted, and never makes this raise.

One form is asked for (`prompts/edits.md`): blocks `<file path="…">`, `<edit path="…">` and `<delete path="…"/>`. What
models send besides is understood where it is plain what they mean: fenced blocks with a name, JSON, XML, a lone page.
What is half a file, or no file at all, is a complaint that a model can act on, and no change.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from orchestrator.core.paths import form_problem, is_markdown, is_page
from orchestrator.generate.reply.beside import find_left_out, unread_names
from orchestrator.generate.reply.block import (
    Block,
    Change,
    Deletion,
    Edit,
    File,
    Pairs,
    Part,
    UnreadPart,
    holds_edits,
    parse_edits,
)
from orchestrator.generate.reply.cleaning import clean_file, end_of_page
from orchestrator.generate.reply.complaint import Complaint
from orchestrator.generate.reply.declarations import without_declarations
from orchestrator.generate.reply.elements import PAGE_ON_A_LINE
from orchestrator.generate.reply.fences import parse_fences
from orchestrator.generate.reply.heredocs import parse_heredocs
from orchestrator.generate.reply.holding import content_problem, end_of_document, without_strays
from orchestrator.generate.reply.patches import begins_patch, parse_patches, without_patches
from orchestrator.generate.reply.proofs import without_proofs
from orchestrator.generate.reply.structured import parse_json_files
from orchestrator.generate.reply.tags import ends_in_tag, parse_tags

__all__ = ["Change", "Deletion", "Edit", "File", "Reply", "parse_reply"]

_THOUGHT = re.compile(r"\A(?:\s*[<◁](think|thinking|thought|reasoning)[>▷].*?[<◁]/\1[>▷])+", re.DOTALL | re.IGNORECASE)
_THOUGHT_BEGINS = re.compile(r"^[ \t]*<(?:think|thinking)>", re.MULTILINE)
_THOUGHT_ENDS = re.compile(r"^[ \t]*</(?:think|thinking)>[ \t]*$", re.MULTILINE)
_ROOT = re.compile(r"\A(?:\./|/)*+")
_LABEL = re.compile(r"\A(?:file(?:name)?|path)\s*:\s*", re.IGNORECASE)
_DOCTYPE = re.compile(r"<!doctype html[^>]{0,300}>(?=\s{0,9}(?:<!--|<html|<head|<meta|<title))", re.IGNORECASE)
_UNCLEAR = "must have exactly one line of ======= between SEARCH and REPLACE; do not underline a title with such a line"


@dataclass(frozen=True)
class Reply:
    """What an answer holds.

    - `changes`: the changes to files, in the answer's order
    - `complaints`: what could not be used
    - `is_cut`: the answer ends within a block, so it may be continued
    - `begun`: the block that it ends within
    - `proofs`: label of a check -> its proof
    - `declared`: attachment -> the words of the brief that ask to change it
    """

    changes: tuple[Change, ...]
    complaints: tuple[Complaint, ...]
    is_cut: bool
    proofs: Mapping[str, str] = field(default_factory=dict)
    declared: Mapping[str, str] = field(default_factory=dict)
    begun: Block | None = None


def parse_reply(text: str) -> Reply:
    """Read the changes out of an answer."""
    # Half a surrogate pair, which JSON may carry, has no bytes that could be written.
    clean = text.encode(errors="replace").decode().replace("\r\n", "\n").removeprefix("\ufeff")
    said, proofs = without_proofs(_without_thoughts(clean))
    said, declared = without_declarations(said)
    parts, around = _parse_parts(said)
    is_guessed = around is None
    around = around or ""
    parts = [_close_page(part) for part in parts]
    changes, complaints = _collect_changes(parts)
    begun = next((part for part in parts[-1:] if isinstance(part, Block) and part.is_cut), None)
    complaints += _left_out_complaints(parts, around)
    if is_guessed:
        complaints += _unread_complaints(said, parts)
    is_cut = begun is not None or ends_in_tag(said)
    begun = begun and replace(begun, path=_normalize_path(begun.path))
    return Reply(tuple(changes), tuple(complaints), is_cut, proofs, declared, begun)


def _parse_parts(text: str) -> tuple[Sequence[Part], str | None]:
    """Return what the answer holds, by the first form in which it holds something, and the text around that.

    None stands for no text: nothing said which files there are, and at best a page was guessed.
    """
    parts, around = parse_tags(text)
    if parts:
        return parts, around
    if not text.lstrip().startswith(("{", "[")) and begins_patch(text):
        return list(parse_patches(text)), without_patches(text)
    in_fences = parse_fences(text)
    if not _are_files(in_fences) and (parts := parse_json_files(text)):
        return parts, text
    if not any(parse_heredocs(block.body)[0] for block in in_fences):
        parts, around = parse_heredocs(text)
        if parts:
            return parts, around
    is_named = any(block.path.rpartition("/")[2] != "index.html" for block in in_fences)
    return in_fences or _find_lone_page(text), "" if is_named else None


def _are_files(blocks: Sequence[Block]) -> bool:
    """Whether the JSON of an answer is a file under its own name, and no wrapper: other files stand beside it."""
    return len(blocks) > 1 and any(block.body.lstrip()[:1] in ("{", "[") for block in blocks)


def _close_page(part: Part) -> Part:
    """Return a page whose own end stands there as whole: what was lost is only the end of its wrapper."""
    if not isinstance(part, Block) or not part.is_cut or not is_page(part.path):
        return part
    end = end_of_document(part.body) if PAGE_ON_A_LINE.match(part.body.lstrip()) else None
    return part if end is None else replace(part, body=f"{part.body[:end]}\n", is_cut=False)


def _left_out_complaints(parts: Sequence[Part], around: str) -> list[Complaint]:
    """Return a complaint for each file that stands in another form beside the blocks, and in none of them."""
    known = {_normalize_path(part.path) for part in parts}
    beside = {_normalize_path(path): where for path, where in find_left_out(around).items()}
    return [
        Complaint(
            path,
            "left out",
            f"{path}: it was sent {where} outside the blocks, and was left out. Send it in its own block.",
        )
        for path, where in beside.items()
        if path not in known and not form_problem(path)
    ]


def _unread_complaints(text: str, parts: Sequence[Part]) -> list[Complaint]:
    """Return a complaint for each file that the answer names, where it names none in a form that is understood."""
    return [
        Complaint(
            path,
            "left out",
            f"{path}: the answer names it, but not in the form of a block. Send it in its own block.",
        )
        for path in map(_normalize_path, unread_names(text, parts))
        if not form_problem(path)
    ]


def _without_thoughts(text: str) -> str:
    """Return what was said behind the reasoning. Some servers keep its opening tag to themselves and send its end."""
    if thought := _THOUGHT.match(text):
        return text[thought.end() :]
    end = _THOUGHT_ENDS.search(text)
    if end is None:
        return text
    before = text[: end.start()]
    tags = [tag.start() for tag in _THOUGHT_BEGINS.finditer(before)]
    in_block = before.count("\n```") % 2 == 1 or any(
        isinstance(part, Block) and part.is_cut for part in parse_tags(before)[0]
    )
    if in_block:
        return text
    return before[: tags[0]] + text[end.end() :] if tags else text[end.end() :]


def _find_lone_page(text: str) -> list[Part]:
    """Return the page that the whole answer is, with or without prose around it."""
    if (start := _DOCTYPE.search(text) or PAGE_ON_A_LINE.search(text)) is None:
        return []
    if text[: start.start()].endswith(("'", '"', "`")):
        return [UnreadPart("index.html", "is inside a string of code. Send the file in a block")]
    page = text[start.start() :]
    end = end_of_page(page) or end_of_document(page)
    if end is None:
        return [Block("index.html", page, is_cut=True)]
    line = text[text.rfind("\n", 0, start.start()) + 1 : start.start()]
    lines = page[:end].split("\n")
    if line and not line.strip() and all(one.startswith(line) or not one.strip() for one in lines[1:]):
        lines = [one.removeprefix(line) for one in lines]
    return [Block("index.html", "\n".join(lines) + "\n")]


def _collect_changes(parts: Sequence[Part], *, is_inner: bool = False) -> tuple[list[Change], list[Complaint]]:
    changes: list[Change] = []
    complaints: list[tuple[int, Complaint]] = []
    for part in parts:
        path = _normalize_path(part.path)
        if problem := form_problem(path):
            text = f"The block {part.path!r:.80} was left out: its name {problem}."
            complaints.append((len(changes), Complaint("", "name", text)))
            continue
        made, wrong = _interpret_part(path, part, is_inner=is_inner)
        complaints += [(len(changes) + len(made), complaint) for complaint in wrong]
        changes += made
    whole = _find_last_whole(changes)
    # What was begun again and finished then is no fault.
    left = [complaint for place, complaint in complaints if place > whole.get(complaint.path, -1)]
    kept = [
        change
        for place, change in enumerate(changes)
        if place == whole.get(change.path, place) or (place > whole[change.path] and not isinstance(change, File))
    ]
    return kept, left


def _normalize_path(given: str) -> str:
    path = _LABEL.sub("", given.strip().strip("`*\"'\u201c\u201d\u2018\u2019")).rstrip(":")
    return _ROOT.sub("", path, count=1)


def _interpret_part(path: str, part: Part, *, is_inner: bool) -> tuple[Sequence[Change], list[Complaint]]:
    """Return what one part stands for, and what is wrong with it. `is_inner`: a patch held it; it holds no other."""
    match part:
        case Deletion():
            return [Deletion(path)], []
        case UnreadPart():
            return [], [Complaint(path, "block", f"{path}: the block {part.why}.")]
        case Edit():
            return _usable_edits(path, Pairs([replace(part, path=path)], 0, is_open=False))
        case Block() if not is_inner and begins_patch(part.body) and not is_markdown(path):
            return _collect_changes(
                [inner for inner in parse_patches(part.body) if _normalize_path(inner.path) == path], is_inner=True
            )
        case Block():
            return _interpret_block(path, part)


def _interpret_block(path: str, block: Block) -> tuple[Sequence[Change], list[Complaint]]:
    if block.is_edit or holds_edits(block.body):
        return _usable_edits(path, parse_edits(path, block.body))
    if block.is_cut:
        text = f"{path}: the block has no end. Half a file is never used; send all of it."
        return [], [Complaint(path, "block", text)]
    result = clean_file(path, without_strays(path, block.body))
    if problem := result.problem or content_problem(path, result.text):
        return [], [Complaint(path, "block", f"{path}: {problem}")]
    return [File(path, result.text)], _cut_off_complaints(path, block.body, result.text)


def _cut_off_complaints(path: str, body: str, kept: str) -> list[Complaint]:
    """Return a complaint for each file that stands behind the page in its own block, where prose is cut off."""
    start = body.find(kept.strip()) if is_page(path) else -1
    behind = "" if start < 0 else body[start + len(kept.strip()) :]
    return _unread_complaints(behind, [Block(path, "")]) if behind.strip() else []


def _usable_edits(path: str, pairs: Pairs) -> tuple[list[Change], list[Complaint]]:
    """Return the edits that can be used, and a complaint for each that cannot."""
    wrong = [f"{path}: an edit {_UNCLEAR}; it was left out."] * pairs.unclear
    if pairs.is_open:
        wrong.append(f"{path}: an edit has no REPLACE line at its end and was left out.")
    if not pairs.edits and not wrong:
        wrong.append(f"{path}: an edit has no SEARCH and REPLACE and was left out.")
    kept: list[Change] = []
    for edit in pairs.edits:
        if clean_file(path, edit.replace, is_part=True).problem:
            wrong.append(f"{path}: an edit has a placeholder instead of code; write the code.")
        elif problem := content_problem(path, edit.replace, is_part=True):
            wrong.append(f"{path}, text inserted by an edit: {problem}")
        else:
            kept.append(edit)
    return kept, [Complaint(path, "edit", text) for text in wrong]


def _find_last_whole(changes: Sequence[Change]) -> dict[str, int]:
    """Return where the last whole file of each path stands; what is no page does not take the place of one."""
    found, documents = dict[str, int](), set[str]()
    for place, change in enumerate(changes):
        if not isinstance(change, File):
            continue
        is_document = bool(PAGE_ON_A_LINE.search(change.text))
        if is_document or change.path not in documents:
            found[change.path] = place
        if is_document:
            documents.add(change.path)
    return found
