"""The stream of a job: whole lines, in order, without anything that is private."""

import io
import json
from pathlib import Path

import pytest

from orchestrator.core.envelope import parse_line
from orchestrator.core.events import MAX_TEXT, CheckEvent, NoteEvent
from orchestrator.core.settings import build_config, publish_config
from orchestrator.jobs.runner import Runner
from orchestrator.jobs.stream import FILE, Stream
from orchestrator.jobs.telling import Teller, create_teller
from tests.doubles.orders import order


def lines(folder: Path) -> list[str]:
    return (folder / FILE).read_text().splitlines()


def test_events_are_numbered_and_stamped(tmp_path: Path) -> None:
    stream = Stream(tmp_path / "new" / "folder", "0123456789abcdef", "publish", 3)
    for text in ("one", "two"):
        stream.append(NoteEvent(text=text))
    read = [parse_line(line) for line in lines(stream.folder)]
    assert [(each.envelope.n, each.event) for each in read] == [(1, NoteEvent(text="one")), (2, NoteEvent(text="two"))]
    assert {(each.envelope.id, each.envelope.source, each.envelope.run_attempt) for each in read} == {
        ("0123456789abcdef", "publish", 3)
    }


def test_two_sources_write_whole_lines_to_one_file(tmp_path: Path) -> None:
    streams = [Stream(tmp_path, "i", source) for source in ("build", "publish")]
    for number in range(50):
        for stream in streams:
            stream.append(NoteEvent(text=f"{number} {'x' * 400}"))
    read = [parse_line(line) for line in lines(tmp_path)]
    assert [each.envelope.n for each in read if each.envelope.source == "publish"] == list(range(1, 51))


def test_what_is_private_stands_in_no_event(tmp_path: Path) -> None:
    stream = Stream(tmp_path, "i", "build")
    stream.hide("a@example.com", 'no"nce', None, "", "ab")
    stream.append(NoteEvent(text='written to a@example.com with no"nce, about'))
    assert json.loads(lines(tmp_path)[0])["text"] == "written to *** with ***, about"


@pytest.mark.parametrize("private", ["passed", "check", "build", "attempt"])
def test_a_nonce_that_is_a_word_of_the_stream_takes_nothing_from_it(tmp_path: Path, private: str) -> None:
    stream = Stream(tmp_path, "i", "build")
    stream.hide(private)
    event = CheckEvent(attempt=1, label=f"says {private}!", round=1, kind="js", state="passed", seen="true")
    stream.append(event)
    (stamped,) = map(parse_line, lines(tmp_path))
    assert stamped.event == event.model_copy(update={"label": "says ***!"})


@pytest.mark.parametrize("inner", ["n0nce", "e.test", "http", "/notify"])
def test_what_is_private_within_something_private_leaves_no_rest_of_it(tmp_path: Path, inner: str) -> None:
    stream = Stream(tmp_path, "i", "build")
    stream.hide(inner, "http://e.test/n0nce/notify", "test/n0nce/no")
    stream.append(NoteEvent(text="sent to http://e.test/n0nce/notify"))
    assert json.loads(lines(tmp_path)[0])["text"] == "sent to ***"


@pytest.mark.parametrize("left", [0, 2, 3, 9, 20])
def test_what_is_private_and_cut_by_the_end_of_a_text_leaves_no_beginning_of_it(tmp_path: Path, left: int) -> None:
    private = "student@example.com"
    stream = Stream(tmp_path, "i", "build")
    stream.hide(private)
    stream.append(NoteEvent(text="x" * (MAX_TEXT - left) + private))
    text = json.loads(lines(tmp_path)[0])["text"]
    assert private[:3] not in text
    assert len(text) <= MAX_TEXT


def test_files_lie_beside_the_stream(tmp_path: Path) -> None:
    Stream(tmp_path, "i", "build").keep("site/2", {"index.html": b"<p>", "a/b.js": b"1"})
    assert (tmp_path / "site/2/a/b.js").read_bytes() == b"1"


@pytest.mark.parametrize("way", ["events", "files"])
def test_a_folder_that_cannot_be_written_is_said_once_and_stops_nothing(tmp_path: Path, way: str) -> None:
    (tmp_path / "file").write_text("")
    runner = Runner(io.StringIO())
    tells = Teller(runner, stream := Stream(tmp_path / "file", "i", "build"))
    if way == "files":
        tells.keep("site/1", {"index.html": b""})
        tells.keep("site/1", {"index.html": b""})
    for text in ("one", "two"):
        tells.emit(NoteEvent(text=text))
    said = runner.out.getvalue().splitlines()  # type: ignore[attr-defined]
    assert [line for line in said if not line.startswith("::")] == ["one", "two"]
    assert sum("could not be written" in line for line in said) == 1
    assert stream.broken


def test_a_stream_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.jobs.stream.MAX_BYTES", 1000)
    tells = Teller(Runner(io.StringIO()), Stream(tmp_path, "i", "build"))
    for _ in range(20):
        tells.emit(NoteEvent(text="a"))
    assert 0 < (tmp_path / FILE).stat().st_size <= 1000
    assert tells.runner.out.getvalue().count("could not be written") == 1  # type: ignore[attr-defined]


def test_events_go_where_the_environment_says_or_beside_what_is_handed_over(tmp_path: Path) -> None:
    runner = Runner(io.StringIO())
    asked = create_teller(
        build_config({"PAGEWRIGHT_EVENTS": str(tmp_path / "a")}), order(), runner, "build", tmp_path / "out"
    )
    beside = create_teller(build_config({"GITHUB_RUN_ATTEMPT": "2"}), order(), runner, "build", tmp_path / "out")
    nowhere = create_teller(publish_config({}), order(), runner, "publish")
    assert asked.stream
    assert beside.stream
    assert (asked.stream.folder, beside.stream.folder) == (tmp_path / "a", tmp_path / "out" / "events")
    assert beside.stream.run_attempt == 2
    assert nowhere.stream is None
    nowhere.hide("secret")
    nowhere.emit(NoteEvent(text="said all the same"))
    assert "said all the same" in runner.out.getvalue()  # type: ignore[attr-defined]
