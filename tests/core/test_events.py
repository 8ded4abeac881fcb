"""One line for each event: what is written is read again, and nothing else is."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import get_args

import pytest

from orchestrator.core.envelope import MAX_LINE_BYTES, Envelope, StampedEvent, parse_line, render_line
from orchestrator.core.errors import RuleBroken
from orchestrator.core.events import MAX_TEXT, AcceptedEvent, CheckEvent, Event, HeardEvent, JudgedEvent

AT = datetime(2026, 11, 26, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=1)))
HEAD = Envelope(n=17, id="0123456789abcdef", at=AT, source="build", run_attempt=2)
CHECK = CheckEvent(attempt=3, label="#total holds 42", round=1, kind="js", state="failed", seen="`#total` holds `41`")


def test_a_line_is_flat_and_has_the_envelope_first() -> None:
    line = render_line(StampedEvent(HEAD, CHECK))
    assert line.endswith("}\n")
    assert line.count("\n") == 1
    assert json.loads(line) == {
        "v": 1,
        "n": 17,
        "id": "0123456789abcdef",
        "at": "2026-11-26T11:00:00.123Z",
        "source": "build",
        "run_attempt": 2,
        "type": "check",
        "attempt": 3,
        "label": "#total holds 42",
        "round": 1,
        "kind": "js",
        "state": "failed",
        "seen": "`#total` holds `41`",
    }


@pytest.mark.parametrize(
    "event",
    [
        CHECK,
        AcceptedEvent(task="t", round=1, title="t round 1"),
        HeardEvent(call=1, chars=10, tokens=3, per_second=5.0),
        JudgedEvent(attempt=1, counts={"passed": 2}, is_best=True),
    ],
    ids=lambda event: str(event.type),
)
def test_what_was_written_is_read_again(event: Event) -> None:
    read = parse_line(render_line(StampedEvent(HEAD, event)))
    assert read.event == event
    assert read.envelope.at == datetime(2026, 11, 26, 11, 0, 0, 123000, tzinfo=UTC)


def test_texts_are_cut_so_that_no_line_is_too_long() -> None:
    long = "\N{GRINNING FACE}\ud83d" * MAX_TEXT
    event = CheckEvent(attempt=1, label=long, round=1, kind="prose", state="own", seen=long)
    assert len(event.label) == MAX_TEXT
    assert len(render_line(StampedEvent(HEAD, event)).encode()) < MAX_LINE_BYTES


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[]",
        "{",
        '{"v": 1}',
        render_line(StampedEvent(HEAD, CHECK)).replace('"check"', '"chequ"'),
        render_line(StampedEvent(HEAD, CHECK)).replace('"v":1', '"v":2'),
        render_line(StampedEvent(HEAD, CHECK)).replace('"failed"', '"great"'),
        render_line(StampedEvent(HEAD, CHECK)).replace("}", f', "x": "{"x" * MAX_LINE_BYTES}"}}'),
        "[" * 10_000,
    ],
    ids=["empty", "a list", "cut", "no fields", "another type", "another version", "another state", "long", "nested"],
)
def test_a_line_of_another_form_is_refused(line: str) -> None:
    with pytest.raises(RuleBroken, match="has a form that is not known"):
        parse_line(line)


def test_no_event_has_a_field_for_what_is_personal() -> None:
    fields = {name for event in get_args(Event) for name in event.model_fields}
    assert not fields & {"email", "secret", "nonce", "evaluation_url", "brief"}
    assert len({event.model_fields["type"].default for event in get_args(Event)}) == len(get_args(Event)) == 26
