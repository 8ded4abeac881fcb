"""A stream that is read while it is written."""

from pathlib import Path

from orchestrator.core.envelope import MAX_LINE_BYTES, StampedEvent
from orchestrator.core.events import NoteEvent
from orchestrator.jobs.stream import FILE, Stream
from orchestrator.local.following import EventReader


def texts(found: list[StampedEvent]) -> list[str]:
    return [each.event.text for each in found if isinstance(each.event, NoteEvent)]


def test_each_line_is_read_once_and_only_when_it_is_whole(tmp_path: Path) -> None:
    follower = EventReader(tmp_path / FILE)
    assert list(follower.read_new_events()) == []
    stream = Stream(tmp_path, "i", "build")
    stream.append(NoteEvent(text="one"))
    assert texts(list(follower.read_new_events())) == ["one"]
    stream.append(NoteEvent(text="two"))
    whole = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(whole[:-5])
    assert list(follower.read_new_events()) == []
    (tmp_path / FILE).write_bytes(whole)
    assert texts(list(follower.read_new_events())) == ["two"]
    assert list(follower.read_new_events()) == []


def test_a_line_of_another_form_is_counted_and_passed_over(tmp_path: Path) -> None:
    stream = Stream(tmp_path, "i", "build")
    stream.append(NoteEvent(text="one"))
    with (tmp_path / FILE).open("ab") as file:
        file.write(b"{}\n" + b"x" * (3 * MAX_LINE_BYTES))
    follower = EventReader(tmp_path / FILE)
    assert texts(list(follower.read_new_events())) == ["one"]
    with (tmp_path / FILE).open("ab") as file:
        file.write(b"\n")
    stream.append(NoteEvent(text="two"))
    assert texts(list(follower.read_new_events())) == ["two"]
    assert follower.refused == 2
