from pathlib import Path

import pytest
import yaml

from orchestrator.core.errors import UsageError
from orchestrator.local.actions.workflow import Workflow, drop_jobs, read_workflow

JOBS = """
jobs:
  build:
    name: Build it
    runs-on: ${{ vars.RUNNER || 'ubuntu-24.04' }}
    timeout-minutes: 2
    steps:
      - uses: ./.github/actions/setup
      - run: |
          first line
          second line
      - name: Named
        id: named
        run: x
  publish:
    needs: build
    runs-on: [self-hosted, linux]
    steps: []
"""


def read(folder: Path, text: str) -> Workflow:
    path = folder / "build.yml"
    path.write_text(text)
    return read_workflow(path)


def test_jobs_and_steps_are_called_as_on_github(tmp_path: Path) -> None:
    build, publish = read(tmp_path, JOBS).jobs
    assert build.steps == {
        "--setup-job": "Set up job",
        "0": "Run ./.github/actions/setup",
        "1": "Run first line",
        "named": "Named",
        "--complete-job": "Complete job",
    }
    assert (build.name, publish.name) == ("Build it", "publish")
    assert [step.number for step in build.queued_job().steps] == [1, 2, 3, 4, 5]
    assert build.queued_job().status == build.queued_job().steps[0].status == "queued"


def test_limits_and_labels_are_read(tmp_path: Path) -> None:
    build, publish = read(tmp_path, JOBS).jobs
    contexts = {"vars": {"RUNNER": "mine"}}
    assert (build.timeout_s, publish.timeout_s) == (120, 360 * 60)
    assert [label.render(contexts) for label in (*build.labels, *publish.labels)] == ["mine", "self-hosted", "linux"]


@pytest.mark.parametrize(
    ("concurrency", "group"),
    [
        ("", ""),
        ("concurrency: alone\n", "alone"),
        ("concurrency:\n  group: g\n  cancel-in-progress: false\n", "g"),
        ("concurrency:\n  group: g # why\n  queue: max # because\n  cancel-in-progress: false\n\n# next\n", "g"),
        ("concurrency:\n  queue: max\n  group: g\n", "g"),
        ("concurrency: {group: g, queue: max, cancel-in-progress: false} # why\n", "g"),
        ("concurrency: {group: g, queue: max}\n", "g"),
    ],
)
def test_act_gets_everything_but_the_queue(tmp_path: Path, concurrency: str, group: str) -> None:
    text = f"on: push # queue: max\n{concurrency}{JOBS}"
    workflow = read(tmp_path, text)
    wanted = yaml.safe_load(text)
    if isinstance(wanted.get("concurrency"), dict):
        wanted["concurrency"].pop("queue", None)
    assert workflow.group.render({}) == group
    assert yaml.safe_load(workflow.text) == wanted
    assert workflow.text.startswith("on: push # queue: max\n")
    assert workflow.text.endswith(JOBS)


@pytest.mark.parametrize(
    "environment",
    [
        "environment: build\n",
        "environment: {name: build, deployment: false} # why\n",
        "environment: {deployment: false, name: build, url: 'https://x'}\n",
        "environment:\n      name: build # which\n      deployment: false # why\n\n    # next\n",
        "environment:\n      deployment: false\n      name: build\n",
        "environment: {name: build}\n",
    ],
)
def test_act_gets_everything_of_an_environment_but_whether_it_files_deployments(
    tmp_path: Path, environment: str
) -> None:
    text = f"jobs:\n  build:\n    {environment}    runs-on: x\n    steps: []\n"
    workflow = read(tmp_path, text)
    wanted = yaml.safe_load(text)
    if isinstance(wanted["jobs"]["build"]["environment"], dict):
        wanted["jobs"]["build"]["environment"].pop("deployment", None)
    assert yaml.safe_load(workflow.text) == wanted
    assert workflow.text.endswith("    runs-on: x\n    steps: []\n")
    assert ("# next" in workflow.text) == ("# next" in text)


REAL = Path(__file__).parents[3] / ".github/workflows/build.yml"


def test_without_a_job_the_rest_stays_to_the_letter_and_needs_it_no_more() -> None:
    whole = read_workflow(REAL)
    rest = drop_jobs(whole, {"build"})
    wanted = yaml.safe_load(whole.text)
    del wanted["jobs"]["build"]
    wanted["jobs"]["publish"]["needs"] = []
    assert yaml.safe_load(rest.text) == wanted
    assert [plan.key for plan in rest.jobs] == ["publish"]
    assert drop_jobs(whole, set()).jobs == whole.jobs


def test_of_several_jobs_that_one_needs_those_stay_that_run_again(tmp_path: Path) -> None:
    jobs = "jobs:\n  a: {steps: []}\n  b: {steps: []}\n  c:\n    needs: [a, b]\n    steps: []\n"
    assert yaml.safe_load(drop_jobs(read(tmp_path, jobs), {"a"}).text)["jobs"]["c"]["needs"] == ["b"]


@pytest.mark.parametrize(
    "text", ["", "- a list", "jobs: 1", "on: push", "jobs: {a: {steps: [{}]}}", "a: [", "jobs: {a: 1}"]
)
def test_what_is_no_workflow_says_so(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match=r"build\.yml is not a valid workflow"):
        read(tmp_path, text)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone\.yml is not a valid workflow"):
        read_workflow(tmp_path / "gone.yml")


def test_an_expression_that_cannot_be_evaluated_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"needs\.a\.outputs\.label"):
        read(tmp_path, "jobs: {a: {runs-on: '${{ needs.a.outputs.label }}', steps: []}}")
