"""Speaking to the runner. What it takes for a command is re-enacted here from its own source."""

import io
import re
from functools import partial
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orchestrator.core.events import emit_group
from orchestrator.jobs.runner import SUMMARY_BYTES, Runner, escape_commands
from orchestrator.jobs.telling import log_event

COMMANDS = ("add-mask", "add-path", "debug", "endgroup", "error", "group", "notice", "set-env", "set-output", "warning")
NASTY = st.lists(
    st.sampled_from(
        ["::", ":", "##[", "#", "[", "]", "\r", "\n", "\u2028", "\x0b", " ", "%0A", "\ud800", "x", *COMMANDS]
    )
).map("".join)


def command(line: str) -> tuple[str, str] | None:
    """Return name and data of what the runner sees in `line`.

    https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
    """
    new = re.match(r"\s*::(.*?)::(.*)", line, re.DOTALL)
    if new and new[1].partition(" ")[0] in COMMANDS:
        return new[1].partition(" ")[0], new[2].replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
    old = re.search(r"##\[(.*?)\](.*)", line, re.DOTALL)
    return (old[1].partition(" ")[0], old[2]) if old and old[1].partition(" ")[0] in COMMANDS else None


def said(runner: Runner) -> list[str]:
    assert isinstance(runner.out, io.StringIO)
    return re.split(r"\r\n|\r|\n", runner.out.getvalue())[:-1]


def test_plain_text_is_said_as_it_is() -> None:
    runner = Runner(io.StringIO())
    runner.say("one: 1\ntwo")
    runner.say("")
    assert said(runner) == ["one: 1", "two", ""]


@pytest.mark.parametrize(
    "text",
    [
        "::add-mask::x",
        "  ::set-output name=a::b",
        "\t::group::x",
        "a ##[add-mask]x",
        "##[error]x",
        "x\r::add-mask::y",
        ":::add-mask::x",
        "::::add-mask::x",
        "\x85::add-mask::x",
    ],
)
def test_nothing_that_is_said_is_a_command(text: str) -> None:
    runner = Runner(io.StringIO())
    runner.say(text)
    assert [command(line) for line in said(runner)] == [None] * len(said(runner))


@given(NASTY)
@example("###[[add-mask]x")
@example(":" * 9 + "notice::x")
def test_no_text_becomes_a_command_and_none_a_second_line(text: str) -> None:
    line = escape_commands(text)
    assert command(line) is None
    assert "::" not in line
    assert "##[" not in line
    assert len(line.splitlines()) <= 1
    assert line.replace("\u200b", "") == " ".join(text.splitlines())


@given(NASTY)
def test_whatever_is_said_titled_or_announced_only_what_was_meant_is_a_command(text: str) -> None:
    runner = Runner(io.StringIO())
    runner.begin_group(text)
    runner.say(text)
    runner.end_group(1.0)
    runner.error(text)
    found = [name for line in said(runner) if (seen := command(line)) for name in seen[:1]]
    assert found == ["group", "endgroup", "error"]


@given(NASTY.filter(lambda text: "\ud800" not in text))
def test_what_is_announced_holds_no_command_either(text: str) -> None:
    runner = Runner(io.StringIO())
    runner.notice(text)
    runner.warning(text)
    seen = [command(line) for line in said(runner)]
    assert [entry[0] for entry in seen if entry] == ["notice", "warning"]
    for line in said(runner):
        assert "##[" not in line
        assert line.count("::") == 2


def test_each_line_of_a_secret_is_masked_exactly() -> None:
    runner = Runner(io.StringIO())
    runner.mask("first line\n100%##[x]::y\r\nab\n")
    assert [command(line) for line in said(runner)] == [("add-mask", "first line"), ("add-mask", "100%##[x]::y")]


@pytest.mark.parametrize("value", [None, "", "ab", "a\nb"])
def test_what_is_too_short_to_be_a_secret_is_not_masked(value: str | None) -> None:
    runner = Runner(io.StringIO())
    runner.mask(value)
    assert said(runner) == []


def test_a_group_closes_and_says_how_long_it_took_whatever_happens() -> None:
    runner = Runner(io.StringIO())
    with pytest.raises(KeyError), emit_group(partial(log_event, runner), "Build"):
        raise KeyError
    lines = said(runner)
    assert (lines[0], lines[2]) == ("::group::Build", "::endgroup::")
    assert re.fullmatch(r"took \d+\.\d s", lines[1])


def test_what_cannot_be_written_as_utf8_stops_nothing(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w", encoding="utf-8") as log:
        runner = Runner(log, summary=tmp_path / "summary")
        runner.say("half \ud800 a pair")
        runner.add_summary("half \ud800 a pair")
    assert (tmp_path / "log").read_text() == (tmp_path / "summary").read_text() == "half ? a pair\n"


def test_an_output_cannot_be_ended_by_its_value(tmp_path: Path) -> None:
    runner = Runner(io.StringIO(), output=tmp_path / "output")
    runner.set_output("url", "https://a.example")
    runner.set_output("text", "x\nEOF\nother=1")
    read = re.findall(
        r"^(\w+)<<([0-9a-f]{32})\n(.*?)\n\2$", (tmp_path / "output").read_text(), re.MULTILINE | re.DOTALL
    )
    assert [(name, value) for name, _, value in read] == [("url", "https://a.example"), ("text", "x\nEOF\nother=1")]
    assert len({mark for _, mark, _ in read}) == 2


def test_a_summary_is_added_to_and_cut_before_github_drops_it(tmp_path: Path) -> None:
    runner = Runner(io.StringIO(), summary=tmp_path / "summary")
    runner.add_summary("# One")
    runner.add_summary("x" + "é" * SUMMARY_BYTES)
    written = (tmp_path / "summary").read_bytes()
    assert written.startswith(b"# One\n")
    assert len(written) <= 1024 * 1024
    written.decode()


def test_without_a_runner_outputs_and_summary_go_nowhere(capsys: pytest.CaptureFixture[str]) -> None:
    runner = Runner()
    runner.set_output("a", "b")
    runner.add_summary("c")
    runner.say("d")
    assert capsys.readouterr().out == "d\n"
