"""Answers in all the shapes that models give them, whole and mutilated: `corpus/<case>.txt`.

Each file is the reply, then what it makes of which files: `%%% before`, `%%% file`, `%%% complaint` (a part of it), and
`%%% cut` where it ends too early. `open`: without a newline at the end.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.core.paths import form_problem
from orchestrator.generate.reply.cut import join_continuation
from orchestrator.generate.reply.edits import apply_changes
from orchestrator.generate.reply.reply import parse_reply

CORPUS = sorted((Path(__file__).parent / "corpus").glob("*.txt"))
_SECTION = re.compile(r"^%%% (reply|before|file|complaint|cut) ?(\S*?)(?: ?(open))?\n", re.MULTILINE)


@dataclass
class Case:
    """One case of the corpus."""

    reply: str = ""
    before: dict[str, bytes] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    is_cut: bool = False


def read(path: Path) -> Case:
    case = Case()
    _, *parts = _SECTION.split(path.read_bytes().decode())
    for kind, name, is_open, body in zip(*(parts[place::4] for place in range(4)), strict=True):
        text = body.removesuffix("\n") if is_open or name == "open" else body
        match kind:
            case "reply":
                case.reply = text
            case "before":
                case.before[name] = text.encode()
            case "file":
                case.files[name] = text.encode()
            case "complaint":
                case.complaints.append(text.strip())
            case _:
                case.is_cut = True
    return case


def made(before: Mapping[str, bytes], text: str) -> tuple[dict[str, bytes], list[str]]:
    """Return the files after a reply, and every complaint about it."""
    reply = parse_reply(text)
    applied = apply_changes(before, reply.changes)
    return dict(applied.files), [complaint.text for complaint in (*reply.complaints, *applied.complaints)]


def test_the_corpus_is_large() -> None:
    assert len(CORPUS) >= 100


@pytest.mark.parametrize("path", CORPUS, ids=[path.stem for path in CORPUS])
def test_a_reply_makes_these_files_and_causes_these_complaints(path: Path) -> None:
    case = read(path)
    files, complaints = made(case.before, case.reply)
    assert files == case.files
    assert len(complaints) == len(case.complaints), complaints
    for part, complaint in zip(case.complaints, complaints, strict=True):
        assert part in complaint
    assert parse_reply(case.reply).is_cut == case.is_cut


REPLIES = st.sampled_from([read(path) for path in CORPUS])
_FENCE_AT_AN_EDGE = re.compile(rb"\A\s*```|```\s*\Z")


@settings(deadline=None)
@given(REPLIES, st.data())
def test_a_mutilated_reply_leaves_no_rest_of_its_form_in_a_file(case: Case, data: st.DataObject) -> None:
    lines = case.reply.splitlines(keepends=True)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, max(0, len(lines) - 1)))
        kind = data.draw(st.sampled_from(["cut", "drop", "double", "swap"]))
        lines = {
            "cut": [*lines[:place], *(line[: len(line) // 2] for line in lines[place : place + 1])],
            "drop": [*lines[:place], *lines[place + 1 :]],
            "double": [*lines[: place + 1], *lines[place:]],
            "swap": [*lines[place:], *lines[:place]],
        }[kind]
    files, _ = made(case.before, "".join(lines))
    for path, content in files.items():
        assert form_problem(path) is None
        if path not in case.before and path.endswith((".html", ".js", ".css")):
            assert not _FENCE_AT_AN_EDGE.search(content)
            assert b"<<<<<<< SEARCH" not in content


# A fence that comes next in a script is taken for one that the model puts around the rest: that is what it mostly is.
WHOLE = st.sampled_from(
    [read(path) for path in CORPUS if path.stem.startswith("tags-") and not re.search("fence|second-cut", path.stem)]
)


@settings(deadline=None)
@given(WHOLE, st.data())
def test_a_reply_that_was_cut_anywhere_and_continued_is_the_whole_reply(case: Case, data: st.DataObject) -> None:
    text = case.reply.replace("\r\n", "\n")
    place = data.draw(st.integers(1, len(text)))
    # A line that ended may stand there twice: only a good deal of text tells a repetition then.
    repeated = data.draw(st.sampled_from([0, 60] if text[place - 1] == "\n" else [0, 20, 60]))
    overlap = text[place - repeated : place] if place > repeated else ""
    whole, again = parse_reply(text), parse_reply(join_continuation(text[:place], overlap + text[place:]))
    assert (again.changes, again.complaints, again.is_cut) == (whole.changes, whole.complaints, whole.is_cut)


@settings(deadline=None)
@given(
    st.text() | st.lists(st.sampled_from(["<file path=", '"a.js"', ">", "\n", "```", "{", '"', "</file>"])).map("".join)
)
def test_no_text_makes_the_parser_fail(text: str) -> None:
    files, _ = made({"a.js": b"a\n"}, text)
    assert all(form_problem(path) is None for path in files)
