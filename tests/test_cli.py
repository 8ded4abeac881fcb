"""The commands as a person types them: processes, exit codes, nothing left behind."""

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from orchestrator.cli import main
from orchestrator.core.envelope import parse_line
from orchestrator.core.events import CheckEvent, CommittedEvent, EndedEvent, JudgementEvent, LiveEvent
from orchestrator.core.task import request_id
from orchestrator.core.telling import describe_event
from orchestrator.jobs.summary import code_span
from tests.doubles.hub import TOKEN, Hub

COMMAND = [sys.executable, "-m", "orchestrator"]


def _environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PATH", "HOME", "COV"))}
    return {**kept, **more}


def test_serve_without_settings_names_all_of_them_and_ends_with_2(tmp_path: Path) -> None:
    ended = subprocess.run(
        [*COMMAND, "serve"], cwd=tmp_path, env=_environment(), capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert all(name in ended.stderr for name in ("SHARED_SECRET", "PIPELINE_REPOSITORY", "DISPATCH_TOKEN"))
    assert "::error" not in ended.stderr + ended.stdout


@pytest.mark.parametrize("typed", ["", "\n", "no\n", "maybe\n"])
def test_setup_does_nothing_where_nobody_says_yes(
    typed: str, hub: Hub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    env = {
        "GITHUB_API_URL": hub.host.url,
        "PIPELINE_REPOSITORY": "octo/none",
        "SETUP_TOKEN": TOKEN,
        "TARGET_TOKEN": "x",
    }
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    with pytest.raises(SystemExit) as ended:
        main(["setup"])
    assert ended.value.code == 5
    assert (
        "octo/none does not exist, or SETUP_TOKEN cannot see it. Create it as a public repository? [y/N]"
        in capsys.readouterr().out
    )
    assert hub.writes == []


@pytest.mark.parametrize("command", ["setup", "doctor"])
def test_what_is_missing_ends_with_2(command: str, tmp_path: Path) -> None:
    ended = subprocess.run(
        [*COMMAND, command], cwd=tmp_path, env=_environment(), capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert "TARGET_TOKEN is missing" in ended.stdout + ended.stderr


@pytest.mark.parametrize("content", ["", "[]", "{", '{"neither": 1}'])
def test_an_event_that_is_none_ends_with_2_and_an_annotation(
    content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    event = tmp_path / "event.json"
    event.write_text(content)
    with pytest.raises(SystemExit) as ended:
        main(["build", "--event", str(event), "--out", str(tmp_path / "out")])
    assert ended.value.code == 2
    assert capsys.readouterr().out.startswith("::error::The event")


def test_models_reads_a_dotenv_and_says_what_can_be_used_without_any_key(tmp_path: Path) -> None:
    # Nobody listens at port 9 of this machine.
    bases = "".join(f"{name}_API_BASE=http://127.0.0.1:9\n" for name in ("OLLAMA", "LM_STUDIO", "LLAMA"))
    (tmp_path / ".env").write_text(f"LLM_MODELS=llama\n{bases}")
    path = {"PYTHONPATH": str(Path(__file__).parents[1])}
    ended = subprocess.run(
        [*COMMAND, "models", "--json"],
        cwd=tmp_path,
        env=_environment(**path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    first, *others = json.loads(ended.stdout)
    assert (first["name"], first["place"], first["usable"], first["state"]) == ("llama", 1, False, "does not answer")
    assert {"gpt-4.1": "OPENAI_API_KEY is not set"}.items() <= {each["name"]: each["state"] for each in others}.items()


@pytest.mark.parametrize("arguments", [[], ["--json"]])
def test_models_with_wrong_settings_ends_with_2_and_the_remedy(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAX_COST_USD", "none")
    with pytest.raises(SystemExit) as ended:
        main(["models", *arguments])
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("pagewright: Settings: MAX_COST_USD must be a number above 0.")


@pytest.mark.act
def test_local_says_where_everything_is_and_stops_on_sigterm(tmp_path: Path) -> None:
    command = [*COMMAND, "local", "--json", "--receiver-port", "0", "--github-port", "0", "--data", str(tmp_path)]
    with subprocess.Popen(command, env=_environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        health = httpx.get(f"{said['receiver']}/health", trust_env=False)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    assert health.json()["github"] == {"token_works": True, "workflow": "active", "problem": None}
    assert said.keys() == {
        "receiver", "github_api", "pages", "pipeline_repository", "owner", "token", "secret", "evaluator",
    }  # fmt: skip


@pytest.mark.act
@pytest.mark.browser
def test_the_demo_proves_both_rounds(tmp_path: Path) -> None:
    command = [*COMMAND, "demo", "--once", "--json", "--receiver-port", "0", "--github-port", "0"]
    ended = subprocess.run(
        [*command, "--data", str(tmp_path), "--pages-delay", "0.2"],
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    rounds = json.loads(ended.stdout)["rounds"]
    assert [(entry["round"], entry["proved"], entry["built_by"]) for entry in rounds] == [
        (1, True, "fallback"),
        (2, True, "fallback"),
    ]
    files = Path(rounds[0]["files"])
    assert {path.name for path in files.glob("*.png")} == {
        f"round-{number}-{size}-{scheme}.png"
        for number in (1, 2)
        for size in ("desktop", "phone")
        for scheme in ("light", "dark")
    }
    assert (files / "clone" / "suppliers.json").is_file()
    for entry in rounds:
        _tells_the_same_story(tmp_path, entry, (files / f"round-{entry['round']}.log").read_text())


def _tells_the_same_story(data: Path, entry: dict[str, Any], log: str) -> None:
    """Log, summary and events of one run say the same; the events hold nothing that is private."""
    request = request_id(entry["email"], entry["task"], entry["round"], entry["nonce"])
    watched = subprocess.run(
        [*COMMAND, "watch", request, "--data", str(data), "--json"],
        env=_environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert not any(private in watched.stdout for private in (entry["email"], entry["nonce"], "http://evaluator"))
    stamped = [parse_line(line) for line in watched.stdout.splitlines()]
    counted = [each.envelope.n for each in stamped if each.envelope.source == "build"]
    assert counted == list(range(1, len(counted) + 1))
    events = [each.event for each in stamped]
    checks = [event for event in events if isinstance(event, CheckEvent) and event.state != "trying"]
    assert checks
    tried = [(event.attempt, event.label) for event in events if isinstance(event, CheckEvent) and event.kind is None]
    assert tried == [(event.attempt, event.label) for event in checks]
    judged = [(event.label, event.verdict) for event in events if isinstance(event, JudgementEvent)]
    assert judged == [(mark["text"], mark["state"]) for mark in entry["marks"]]
    for event in checks:
        assert describe_event(event) in log
    (committed,) = [event for event in events if isinstance(event, CommittedEvent)]
    (live,) = [event for event in events if isinstance(event, LiveEvent)]
    assert (committed.repo_url, committed.sha, live.pages_url) == (
        entry["repo_url"],
        entry["commit_sha"],
        entry["pages_url"],
    )
    assert f"{committed.sha} in {committed.repo_url}" in log
    run = next(event.run for event in events if isinstance(event, EndedEvent))
    summary = (data / ".github" / "work" / "summaries" / f"{run}.md").read_text()
    for event in checks:
        assert code_span(event.label) in summary
    assert live.pages_url in summary
    told = subprocess.run(
        [*COMMAND, "watch", request, "--data", str(data)],
        env=_environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert [line[9:] for line in told.stdout.splitlines()] == [
        text for each in events if (text := describe_event(each))
    ]


def test_a_task_that_is_not_known_cannot_be_watched(tmp_path: Path) -> None:
    command = [*COMMAND, "watch", "0123456789abcdef", "--data", str(tmp_path)]
    ended = subprocess.run(command, env=_environment(), capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "Pass the id in the receiver's answer" in ended.stderr
