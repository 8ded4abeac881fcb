"""From a model's answer to changes. Pure; an answer is never trusted, and never makes this raise.

One form is asked for (`prompts/edits.md`): blocks `<file path="…">`, `<edit path="…">` and `<delete path="…"/>`. What
models send besides is understood where it is plain what they mean: fenced blocks with a name, JSON, XML, a lone page.
What is half a file, or no file at all, is a complaint that a model can act on, and no change.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator.generate.reply.block import Block, Change, Deletion, Edit, File, Pairs, edits_of, holds_edits
from orchestrator.generate.reply.cleaning import cleaned, end_of_page
from orchestrator.generate.reply.declarations import without_declarations
from orchestrator.generate.reply.fences import fenced
from orchestrator.generate.reply.holding import held_wrongly, without_strays
from orchestrator.generate.reply.proofs import without_proofs
from orchestrator.generate.reply.structured import from_json
from orchestrator.generate.reply.tags import ends_in_tag, tagged
from orchestrator.paths import form_problem

__all__ = ["Change", "Deletion", "Edit", "File", "Reply", "parse"]

_THOUGHT = re.compile(r"\A(?:\s*<(think|thinking|thought|reasoning)>.*?</\1>)+", re.DOTALL)
_THOUGHT_ENDS = re.compile(r"^[ \t]*</(?:think|thinking)>[ \t]*$", re.MULTILINE)
_LABEL = re.compile(r"\A(?:file(?:name)?|path)\s*:\s*", re.IGNORECASE)
_PAGE = re.compile(r"^[ \t]*(?:<!doctype html|<html[\s>])", re.IGNORECASE | re.MULTILINE)
_UNCLEAR = "must have exactly one line of ======= between SEARCH and REPLACE; underline no title with such a line"


@dataclass(frozen=True)
class Reply:
    """What an answer holds. `changes`: in its order; `complaints`: what could not be used, in sentences that name it.

    `is_cut`: it ends within a block, so that it may be continued; `proofs`: label of a check -> what shall show it;
    `declared`: attachment -> the words of the brief that ask to change it.
    """

    changes: tuple[Change, ...]
    complaints: tuple[str, ...]
    is_cut: bool
    proofs: Mapping[str, str] = field(default_factory=dict)
    declared: Mapping[str, str] = field(default_factory=dict)


def parse(text: str) -> Reply:
    """Read the changes out of an answer."""
    # Half a surrogate pair, which JSON may carry, has no bytes that could be written.
    clean = text.encode(errors="replace").decode().replace("\r\n", "\n").removeprefix("\ufeff")
    said, proofs = without_proofs(_without_thoughts(clean))
    said, declared = without_declarations(said)
    blocks: Sequence[Block | Deletion] = tagged(said) or from_json(said) or fenced(said) or _lone_page(said)
    changes, complaints = _understood(blocks)
    is_cut = any(isinstance(block, Block) and block.is_cut for block in blocks[-1:]) or ends_in_tag(said)
    return Reply(tuple(changes), tuple(complaints), is_cut, proofs, declared)


def _without_thoughts(text: str) -> str:
    """Return what was said behind the reasoning. Some servers keep its opening tag to themselves and send its end."""
    if thought := _THOUGHT.match(text):
        return text[thought.end() :]
    end = _THOUGHT_ENDS.search(text)
    if end is None:
        return text
    before = text[: end.start()].lower()
    is_in_block = before.rfind("<file ") > before.rfind("</file>") or before.count("\n```") % 2 == 1
    return text if is_in_block else text[end.end() :]


def _lone_page(text: str) -> list[Block]:
    """Return the page that the whole answer is, with or without prose around it."""
    if (start := _PAGE.search(text)) is None:
        return []
    page = text[start.start() :]
    end = end_of_page(page)
    return [Block("index.html", page, is_cut=True) if end is None else Block("index.html", f"{page[:end]}\n")]


def _understood(blocks: Sequence[Block | Deletion]) -> tuple[list[Change], list[str]]:
    changes: list[Change] = []
    complaints: list[tuple[int, str, str]] = []
    for block in blocks:
        path = _path(block.path)
        if problem := form_problem(path):
            complaints.append((len(changes), path, f"The block {block.path!r:.80} was left out: its name {problem}."))
            continue
        if isinstance(block, Deletion):
            changes.append(Deletion(path))
            continue
        made, wrong = _changes(path, block)
        complaints += [(len(changes), path, sentence) for sentence in wrong]
        changes += made
    whole = _last_whole(changes)
    # What was begun again and finished then is no fault.
    left = [sentence for place, path, sentence in complaints if place > whole.get(path, -1)]
    kept = [
        change
        for place, change in enumerate(changes)
        if place == whole.get(change.path, place) or (place > whole[change.path] and not isinstance(change, File))
    ]
    return kept, left


def _path(given: str) -> str:
    path = _LABEL.sub("", given.strip().strip("`*\"'\u201c\u201d\u2018\u2019")).rstrip(":")
    while path.startswith(("./", "/")):
        path = path.removeprefix("./").removeprefix("/")
    return path


def _changes(path: str, block: Block) -> tuple[list[Change], list[str]]:
    """Return what one block stands for, and what is wrong with it."""
    if block.is_edit or holds_edits(block.body):
        return _edits(path, edits_of(path, block.body))
    if block.is_cut:
        return [], [f"{path}: the block does not end. Half a file is never used; send it whole."]
    result = cleaned(path, without_strays(path, block.body))
    if problem := result.problem or held_wrongly(path, result.text):
        return [], [f"{path}: {problem}"]
    return [File(path, result.text)], []


def _edits(path: str, pairs: Pairs) -> tuple[list[Change], list[str]]:
    """Return the edits that can be used, and a sentence for each that cannot."""
    wrong = [f"{path}: an edit {_UNCLEAR}; it was left out."] * pairs.unclear
    if pairs.is_open:
        wrong.append(f"{path}: an edit is not closed by REPLACE; it was left out.")
    if not pairs.edits and not wrong:
        wrong.append(f"{path}: an edit has no SEARCH and REPLACE; it was left out.")
    kept: list[Change] = []
    for edit in pairs.edits:
        if cleaned(path, edit.replace, is_part=True).problem:
            wrong.append(f"{path}: an edit has a placeholder where code belongs; write the code.")
        else:
            kept.append(edit)
    return kept, wrong


def _last_whole(changes: Sequence[Change]) -> dict[str, int]:
    """Return where the last whole file of each path stands; what is no page does not take the place of one."""
    found: dict[str, int] = {}
    for place, change in enumerate(changes):
        if not isinstance(change, File):
            continue
        before = changes[found[change.path]] if change.path in found else None
        is_snippet = isinstance(before, File) and bool(_PAGE.search(before.text)) and not _PAGE.search(change.text)
        if not is_snippet:
            found[change.path] = place
    return found
