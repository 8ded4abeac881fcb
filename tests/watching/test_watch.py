"""`pagewright watch --pipeline`, as a person types it, and beside `watch --data` over one and the same run."""

import asyncio
import io
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from orchestrator.cli import main
from orchestrator.core.envelope import StampedEvent, parse_line
from orchestrator.core.errors import GitHubFailed, UsageError
from orchestrator.core.events import JobEvent, NoteEvent
from orchestrator.core.settings import WatchSettings
from orchestrator.local.stage import PIPELINE, LocalOptions, Stage, run_stage
from orchestrator.watching.watch import run_pipeline_watch
from tests.doubles.artifacts import build_tar, line
from tests.doubles.hub import READER, TOKEN
from tests.doubles.pipeline import ID, NAME, Pipeline

PATH = {"PATH": "/usr/local/bin:/usr/bin:/bin"}


async def watch(*arguments: str, **env: str) -> Process:
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PATH", "HOME", "COV"))}
    command = (sys.executable, "-m", "orchestrator", "watch", *arguments)
    return await asyncio.create_subprocess_exec(*command, env={**kept, **env}, stdout=PIPE, stderr=PIPE)


async def told_by(process: Process) -> list[StampedEvent]:
    out, err = await process.communicate()
    assert (process.returncode, err.decode()) == (0, "")
    return [parse_line(line) for line in out.splitlines()]


def sources(events: list[StampedEvent]) -> dict[str, list[Any]]:
    """Return what each source told, without its numbers: GitHub's times have no fractions of a second."""
    told: dict[str, list[Any]] = {}
    for each in events:
        exact = each.envelope.source != "engine"
        told.setdefault(each.envelope.source, []).append(each if exact else event_fields(each))
    return told


def event_fields(stamped: StampedEvent) -> str:
    return json.dumps(stamped.event.model_dump(exclude={"seconds"}), sort_keys=True)


@pytest.mark.act
@pytest.mark.browser
@pytest.mark.anyio
async def test_both_ways_to_watch_tell_the_same_events_of_the_same_run(tmp_path: Path) -> None:
    async with run_stage(LocalOptions(0, 0, tmp_path / "data", pages_delay=0.2), PATH) as stage:
        request = await send(stage)
        remote = ("--pipeline", PIPELINE, "--json", request)
        env = {"GITHUB_TOKEN": stage.token, "GITHUB_API_URL": stage.github_api}
        live = asyncio.create_task(told_by(await watch(*remote, **env)))
        here = await told_by(await watch("--data", str(stage.data), "--json", request))
        seen = await live
        again = await told_by(await watch(*remote, **env))
    assert Counter(map(event_fields, seen)) == Counter(map(event_fields, again))
    ours, theirs = sources(here), sources(again)
    assert (theirs["build"], theirs["publish"]) == (ours["build"], ours["publish"])
    assert len(theirs["build"]) > 10
    assert Counter(theirs["engine"]) == Counter(ours["engine"])
    for events in (seen, again):
        assert events[-1].event.type == "ended"
        assert sources(events)["engine"][0] == ours["engine"][0]
    kinds = [each.envelope.source for each in again]
    # By the clock: the build lies within its job, and the publication within its own.
    over = [place for place, each in enumerate(again) if is_job_end(each)]
    assert over[0] > max(place for place, kind in enumerate(kinds) if kind == "build")
    assert kinds.index("publish") > over[0]
    numbers = [each.envelope.n for each in again if each.envelope.source == "engine"]
    assert numbers == list(range(1, len(numbers) + 1))


def is_job_end(stamped: StampedEvent) -> bool:
    return isinstance(stamped.event, JobEvent) and stamped.event.seconds is not None


async def send(stage: Stage) -> str:
    task = {
        "email": "ann@example.com",
        "secret": stage.secret,
        "task": "sum",
        "round": 1,
        "nonce": "a-nonce",
        "brief": "Show the sum.",
        "checks": [{"js": "document.title.length > 0"}],
        "evaluation_url": stage.evaluator,
    }
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(f"{stage.receiver}/api-endpoint", json=task)
    return str(answer.json()["id"])


def type_command(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["watch", *arguments])
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.fixture
def environment(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Pipeline:
    """A pipeline that the environment names, but for its token, which lies in a `.env`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_API_URL", f"{pipeline.hub.host.url}/")
    (tmp_path / ".env").write_text(f"GITHUB_TOKEN={TOKEN}\n")
    return pipeline


def test_a_run_that_is_over_is_printed_as_lines_for_programs_and_for_people(
    environment: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    run = environment.conduct(environment.start())
    told = line(NoteEvent(text="built\x1b[2J"), at=run.jobs[0].completed_at)
    environment.leave(run, "build.tar", build_tar(told + b"{}\n"))
    assert type_command(ID, "--pipeline", NAME, "--json") == 0
    said = capsys.readouterr()
    stamped = [parse_line(each) for each in said.out.splitlines()]
    assert (stamped[0].event.type, stamped[-1].event.type) == ("accepted", "ended")
    assert said.err == "pagewright: The artifact build has 1 lines of another form. They are left out.\n"
    assert type_command("--pipeline", NAME, ID) == 0
    lines = [each[9:] for each in capsys.readouterr().out.splitlines()]
    assert (lines[0], len(lines)) == ("accepted: sum round 1", len(stamped))
    assert "built [2J" in lines


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((ID, "--pipeline", NAME, "--data", "."), 2, "--data and --pipeline cannot be used together. Pass only one"),
        ((ID, "--pipeline", "octo"), 2, "--pipeline must have the form owner/name"),
        ((ID, "--pipeline", ""), 2, "--pipeline must have the form owner/name"),
        (("nonsense", "--pipeline", NAME), 2, "No task with this id is known in octo/site. Give the id"),
        ((ID, "--pipeline", "octo/other"), 5, "Check the name after --pipeline, and give the token Actions: read"),
        (("nonsense",), 2, "No task with this id is known in .pagewright"),
    ],
)
def test_what_cannot_work_is_said_with_the_remedy(
    arguments: tuple[str, ...], code: int, said: str, environment: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.start()
    assert type_command(*arguments) == code
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert said in printed.err
    assert TOKEN not in printed.err


@pytest.mark.parametrize("token", [None, "two words"])
def test_without_a_token_it_says_which_one_it_needs(
    token: str | None, environment: Pipeline, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(".env").unlink()
    if token:
        monkeypatch.setenv("GITHUB_TOKEN", token)
    assert type_command(ID, "--pipeline", NAME) == 2
    said = capsys.readouterr().err
    assert "GITHUB_TOKEN" in said
    assert "two words" not in said
    assert environment.hub.calls == []


def settings(pipeline: Pipeline, token: str = TOKEN) -> WatchSettings:
    return WatchSettings(NAME, pipeline.hub.host.url, token)


def test_an_id_that_nobody_knows_and_a_github_that_is_down_are_errors(pipeline: Pipeline) -> None:
    clock = pipeline.hub.time.clock()
    with pytest.raises(UsageError, match="No task with this id"):
        run_pipeline_watch(ID, settings(pipeline), clock, as_json=True)
    with pytest.raises(GitHubFailed, match="does not accept GITHUB_TOKEN"):
        run_pipeline_watch(ID, settings(pipeline, "of-nobody"), clock, as_json=True)
    pipeline.fail("/runs$", status=503, times=100)
    with pytest.raises(GitHubFailed, match="GitHub failed with 503"):
        run_pipeline_watch(ID, settings(pipeline, READER), clock, as_json=True)


class _Closed(io.StringIO):
    def write(self, _: str) -> int:
        raise BrokenPipeError


def test_who_reads_no_further_is_no_error(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline.start()
    monkeypatch.setattr(sys, "stdout", _Closed())
    assert run_pipeline_watch(ID, settings(pipeline), pipeline.hub.time.clock(), as_json=False) == 0
