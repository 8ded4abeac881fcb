"""How an event is printed. A terminal obeys nothing that a job has told."""

import json

import pytest

from orchestrator.core.envelope import parse_line
from orchestrator.core.events import NoteEvent
from orchestrator.watching.printing import Printer, render_for_people, render_for_programs
from tests.doubles.artifacts import line

ODD = "a\x1b[2Jb\x9bc\u202ed\U000e0001e\nfé"


def test_a_line_for_people_holds_printable_characters_alone() -> None:
    assert render_for_people(parse_line(line(NoteEvent(text=ODD)))) == "12:00:05 a [2Jb c d e fé\n"


def test_a_line_for_programs_means_the_same_and_holds_printable_characters_alone() -> None:
    stamped = parse_line(line(NoteEvent(text=ODD)))
    printed = render_for_programs(stamped)
    assert printed.removesuffix("\n").isprintable()
    assert json.loads(printed)["text"] == ODD
    assert parse_line(printed) == stamped


def test_what_says_nothing_by_itself_is_not_printed_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    silent = parse_line(
        b'{"v":1,"n":1,"id":"i","at":"2026-11-20T12:00:05Z","source":"build","type":"heard",'
        b'"call":1,"chars":1,"tokens":1,"per_second":1}'
    )
    Printer(as_json=False).print_event(silent)
    assert capsys.readouterr().out == ""
    Printer(as_json=True).print_event(silent)
    Printer(as_json=True).warn("Look.")
    said = capsys.readouterr()
    assert (json.loads(said.out)["type"], said.err) == ("heard", "pagewright: Look.\n")
