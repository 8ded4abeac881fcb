import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.local.actions.act import ActStart, Masker, Recorder
from orchestrator.local.actions.expressions import parse_template
from orchestrator.local.actions.workflow import JobPlan, Workflow

MOMENT = datetime(2026, 11, 20, 11, 43, 0, 123456, UTC)
STAMP = "2026-11-20T11:43:00.1234560Z"


def plan(key: str, *steps: str) -> JobPlan:
    names = {"--setup-job": "Set up job", **{step: step.title() for step in steps}, "--complete-job": "Complete job"}
    return JobPlan(key, key, (), 600, names)


class Act:
    """Speaks as act does to a recorder, and keeps what the logs got."""

    def __init__(self, *plans: JobPlan, secrets: tuple[str, ...] = ()) -> None:
        jobs = [plan.queued_job() for plan in plans]
        self.recorder = Recorder(plans, jobs, Masker(secrets), clock=lambda: MOMENT)
        self.logs = [""] * len(plans)

    def say(self, job: str, step: str | list[str] = "", **record: Any) -> None:
        ids = {"stepID": [step] if isinstance(step, str) else step} if step else {}
        place, text = self.recorder.feed(json.dumps({"level": "info", "jobID": job, "msg": "", **ids, **record}))
        self.logs[place] += text

    def step(self, job: str, step: str, result: str = "success") -> None:
        self.say(job, step, stage="Main", msg=f"⭐ Run Main {step}")
        self.say(job, step, stage="Main", msg=f"{result} - Main {step}", stepResult=result)

    def state(self, job: int = 0) -> list[tuple[str, str | None]]:
        return [(step.status, step.conclusion) for step in self.recorder.jobs[job].steps]


@pytest.fixture
def start(tmp_path: Path) -> ActStart:
    return ActStart(
        act=Path("/bin/act"),
        checkout=Path("/checkout"),
        folder=tmp_path,
        actor="owner",
        event_name="repository_dispatch",
        event={"action": "task"},
        labels=frozenset({"two", "one"}),
        secrets={"KEY": "top\nsecret \U0001f600 \x7f"},
        variables={"EMPTY": "", "NUMBER": "1"},
        path="/usr/bin",
        env={"GITHUB_RUN_ID": "9"},
    )


def test_every_label_runs_on_this_machine(start: ActStart) -> None:
    command = start.command_line()
    assert command[:2] == ["/bin/act", "repository_dispatch"]
    assert [command[place + 1] for place, word in enumerate(command) if word == "-P"] == [
        "one=-self-hosted",
        "two=-self-hosted",
    ]


def test_no_secret_stands_on_the_command_line_or_in_acts_environment(start: ActStart) -> None:
    assert "secret " not in " ".join([*start.command_line(), *start.process_env(Path("scratch")).values()])
    assert set(start.process_env(Path("scratch"))) >= {"PATH", "HOME", "TMPDIR"}


def test_nothing_is_read_from_the_checkout_besides_its_files(start: ActStart) -> None:
    command = start.command_line()
    for option in ("--secret-file", "--var-file", "--env-file", "--input-file"):
        assert not command[command.index(option) + 1].startswith(("/checkout", "."))


def test_values_arrive_as_they_are(start: ActStart) -> None:
    files = start.input_files(Workflow("build", parse_template(""), parse_template(""), (), "jobs: {}"))
    assert yaml.safe_load(files["secrets.yml"]) == start.secrets
    assert yaml.safe_load(files["vars.yml"]) == {"EMPTY": "", "NUMBER": "1"}
    assert yaml.safe_load(files["env.yml"]) == {"GITHUB_RUN_ID": "9"}
    assert json.loads(files["event.json"]) == {"action": "task"}
    assert files["build.yml"] == "jobs: {}"


def test_every_line_of_a_secret_is_blacked_out() -> None:
    mask = Masker(["one\n  two\r\n\n", ""])
    assert mask("one two, three\none") == "*** ***, three\n***"


def test_secrets_that_overlap_leave_no_end_standing() -> None:
    assert Masker(["abcd", "cdef", "bc"])("xabcdefx abcd") == "x***x ***"
    assert Masker(["aa"])("aaa") == "***"


@given(st.text("abc", min_size=1, max_size=4), st.text("abc ", max_size=30))
def test_a_masked_text_never_holds_the_secret(secret: str, text: str) -> None:
    assert secret not in Masker([secret])(text)


def test_steps_go_from_queued_to_completed() -> None:
    act = Act(plan("build", "0", "1"))
    act.say("build", stepid=["--setup-job"], msg="⭐ Run Set up job")
    assert act.state()[:2] == [("in_progress", None), ("queued", None)]
    act.say("build", stepid=["--setup-job"], msg="Success", stepResult="success")
    act.say("build", "0", stage="Main", msg="⭐ Run Main x")
    assert act.state()[:2] == [("completed", "success"), ("in_progress", None)]
    assert act.recorder.jobs[0].status == "in_progress"
    assert act.recorder.jobs[0].started_at == act.recorder.jobs[0].steps[1].started_at == MOMENT
    act.say("build", "0", stage="Main", msg="Failure", stepResult="failure")
    act.say("build", jobResult="failure", msg="Job failed")
    assert act.state() == [("completed", word) for word in ("success", "failure", "skipped", "skipped")]
    assert (act.recorder.jobs[0].conclusion, act.recorder.jobs[0].completed_at) == ("failure", MOMENT)
    assert act.recorder.finish(1) == ("failure", "")


def test_the_steps_of_a_composite_are_no_steps_of_the_job() -> None:
    act = Act(plan("build", "0"))
    act.say("build", "0", stage="Main", msg="⭐ Run Main setup")
    act.say("build", ["0", "0"], stage="Main", msg="⭐ Run Main inner")
    act.say("build", ["0", "0"], stage="Main", msg="Failure", stepResult="failure")
    act.say("build", "0", stage="Post", msg="Failure", stepResult="failure")
    assert act.state()[1] == ("in_progress", None)


def test_a_failure_that_is_forgiven_counts_as_a_success() -> None:
    act = Act(plan("build", "0"))
    act.say("build", "0", stage="Main", msg="Failed but continue next step")
    act.step("build", "0", "failure")
    assert act.state()[1] == ("completed", "success")


def test_the_log_reads_like_githubs() -> None:
    act = Act(plan("build", "0"), secrets=("hush",))
    act.say("build", "0", stage="Main", msg="⭐ Run Main x")
    act.say("build", "0", raw_output=True, msg="  hello hush \n")
    act.say("build", "0", command="group", arg="Title", msg="…")
    act.say("build", "0", command="endgroup", arg="", msg="…")
    act.say("build", "0", command="warning", arg="two\nlines", kvPairs={"file": "a"}, msg="…", level="warning")
    act.say("build", "0", command="ignored", raw="::error::plain\n", msg="…")
    act.say("build", "0", command="set-output", arg="hush", name="x", msg="…")
    act.say("build", "0", level="error", msg="exit status 3")
    act.say("build", "0", level="error", msg="cannot read hush")
    act.say("build", "0", msg="Cleaning up")
    assert act.logs[0].splitlines() == [
        f"{STAMP} {line}"
        for line in (
            "##[group]Run 0",
            "##[endgroup]",
            "  hello *** ",
            "##[group]Title",
            "##[endgroup]",
            "##[warning]two",
            "lines",
            "::error::plain",
            "##[error]Process completed with exit code 3.",
            "##[error]cannot read ***",
        )
    ]


def test_a_mask_that_a_job_adds_holds_from_then_on() -> None:
    act = Act(plan("build", "0"))
    act.say("build", "0", command="add-mask", arg="100% se\ncret", raw="::add-mask::100%25 se%0Acret\n", msg="***")
    act.say("build", "0", raw_output=True, msg="100% se cret\n")
    act.say("build", "0", command="summary", content="# cret\n", msg="…")
    assert act.logs[0] == f"{STAMP} ::add-mask::***\n{STAMP} *** ***\n"
    assert act.recorder.summary == "# ***\n\n"


def test_a_job_that_never_spoke_was_skipped() -> None:
    act = Act(plan("build", "0"), plan("publish", "0"))
    act.step("build", "0")
    act.say("build", jobResult="success")
    assert act.recorder.finish(0) == ("success", "")
    publish = act.recorder.jobs[1]
    assert (publish.status, publish.conclusion, publish.steps, publish.started_at) == ("completed", "skipped", (), None)


def test_a_run_without_any_job_was_skipped() -> None:
    assert Act(plan("build")).recorder.finish(0) == ("skipped", "")


def test_a_job_that_act_died_in_has_failed() -> None:
    act = Act(plan("build", "0"))
    act.say("build", "0", stage="Main", msg="⭐ Run Main x")
    assert act.recorder.finish(247) == ("failure", "")
    assert act.state()[1:] == [("completed", "failure"), ("completed", "skipped")]


def test_act_refusing_the_file_is_a_startup_failure_with_its_reason() -> None:
    act = Act(plan("build", "0"), plan("publish"), secrets=("hush",))
    act.recorder.feed(json.dumps({"level": "warning", "msg": "Couldn't get a valid docker connection"}))
    act.recorder.feed(json.dumps({"level": "warning", "msg": "unable to build the graph"}))
    act.recorder.feed("Error: no stages hush")
    conclusion, text = act.recorder.finish(1)
    assert conclusion == "startup_failure"
    assert text == f"{STAMP} ##[error]unable to build the graph\n{STAMP} Error: no stages ***\n"
    assert [job.conclusion for job in act.recorder.jobs] == ["failure", "skipped"]


def test_a_job_out_of_time_says_so_however_act_ends_it() -> None:
    act = Act(plan("build", "0"), plan("publish", "0"))
    act.say("build", "0", stage="Main", msg="⭐ Run Main x")
    assert (
        act.recorder.time_out(0) == f"{STAMP} ##[error]The job has exceeded the maximum execution time of 10 minutes.\n"
    )
    act.say("build", jobResult="failure")
    act.step("publish", "0")
    act.say("publish", jobResult="success")
    assert act.recorder.finish(1) == ("timed_out", "")
    assert [job.conclusion for job in act.recorder.jobs] == ["timed_out", "success"]


@pytest.mark.parametrize(
    "line", ["", "12", "null", "[]", '"text"', '{"jobID": "build"}', "{", '{"jobID": "other", "msg": "x"}']
)
def test_whatever_act_says_is_survived(line: str) -> None:
    act = Act(plan("build", "0"))
    assert act.recorder.feed(line) == (0, "")
    assert act.state() == [("queued", None)] * 3
