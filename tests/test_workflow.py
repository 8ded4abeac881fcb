"""The workflow files, as code: pins, permissions, time limits, secrets by job, and nothing of an event in a shell."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrator.core.deadline import JOB_S
from orchestrator.generate.models.presets import load_presets
from orchestrator.local.actions.workflow import COMPOSITES

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTIONS = sorted((ROOT / ".github" / "actions").glob("*/action.yml"))
FILES = WORKFLOWS + ACTIONS
NAMES = [str(path.relative_to(ROOT / ".github")) for path in FILES]
BUILD = ROOT / ".github" / "workflows" / "build.yml"
PRESETS = load_presets()
MODEL_KEYS = {"LLM_API_KEY", *(preset.key for preset in PRESETS.values() if preset.key)}
ENDPOINTS = {"LLM_API_BASE"} | {
    name for preset in PRESETS.values() for name in (preset.api_base_from, preset.api_version_from) if name
}
SERVERS = {
    f"{preset.api_base_from.removesuffix('_API_BASE')}_{what}"
    for preset in PRESETS.values()
    for what in ("MODEL", "CONTEXT", "OUTPUT")
    if preset.api_base_from
} | {"LLM_CONTEXT", "LLM_OUTPUT"}
PINNED = re.compile(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
each_file = pytest.mark.parametrize("path", FILES, ids=NAMES)
each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)


def load(path: Path) -> dict[Any, Any]:
    loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    found = load(path)["jobs"]
    assert isinstance(found, dict)
    return found


def steps(path: Path) -> list[dict[str, Any]]:
    if path in ACTIONS:
        return list(load(path)["runs"]["steps"])
    return [step for job in jobs(path).values() for step in job.get("steps", [])]


def secrets_of(job: str) -> set[str]:
    return set(re.findall(r"secrets\.(\w+)", yaml.safe_dump(jobs(BUILD)[job])))


@each_file
def test_every_foreign_action_is_pinned_to_a_commit_with_its_version(path: Path) -> None:
    lines = [line.strip().removeprefix("- ") for line in path.read_text().splitlines()]
    used = [line for line in lines if line.startswith("uses:")]
    assert [line for line in used if not line.startswith("uses: ./") and not PINNED.fullmatch(line)] == []
    assert len(used) == sum("uses" in step for step in steps(path))


def test_the_same_action_is_pinned_to_the_same_commit_everywhere() -> None:
    found = re.findall(r"uses: ([\w.-]+/[\w./-]+)@([0-9a-f]{40})", "\n".join(path.read_text() for path in FILES))
    assert len(set(found)) == len({action for action, _ in found})


@each_file
def test_nothing_of_an_event_or_its_inputs_reaches_a_shell_or_an_environment(path: Path) -> None:
    untrusted = re.compile(r"\$\{\{[^}]*\b(github\.event|inputs|github\.head_ref|toJSON\(github\))")
    places = [load(path).get("env"), *(job.get("env") for job in load(path).get("jobs", {}).values())]
    places += [step.get(key) for step in steps(path) for key in ("run", "env", "with")]
    assert [place for place in places if place and untrusted.search(yaml.safe_dump(place, width=10_000))] == []


@each_file
def test_no_shell_text_holds_an_expression_at_all(path: Path) -> None:
    assert [step["run"] for step in steps(path) if "${{" in step.get("run", "")] == []


@each_workflow
def test_no_permission_is_given_but_by_a_job(path: Path) -> None:
    assert load(path)["permissions"] == {}
    for name, job in jobs(path).items():
        granted = job.get("permissions", {})
        assert set(granted.values()) <= {"read"}, name


@each_workflow
def test_every_job_has_a_time_limit_and_no_runner_that_moves(path: Path) -> None:
    for name, job in jobs(path).items():
        assert 1 <= job["timeout-minutes"] <= 30, name
        assert "latest" not in str(job["runs-on"]), name


@each_workflow
def test_no_checkout_leaves_a_token_behind(path: Path) -> None:
    checkouts = [step for step in steps(path) if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@each_workflow
def test_no_secret_is_known_to_more_than_one_step(path: Path) -> None:
    text = load(path)
    assert "secrets." not in yaml.safe_dump(text.get("env", {}))
    for job in jobs(path).values():
        assert "secrets" not in yaml.safe_dump(job.get("env", {}))
        assert sum("secrets." in yaml.safe_dump(step) for step in job["steps"]) <= 1


def test_who_talks_to_the_model_holds_no_pen_and_who_holds_the_pen_no_key() -> None:
    assert secrets_of("build") == MODEL_KEYS
    assert secrets_of("publish") == {"TARGET_TOKEN", "NETLIFY_TOKEN", "VERCEL_TOKEN"}
    # A job with an environment files a deployment on the repository's front page, unless it says not to.
    expected = [{"name": name, "deployment": False} for name in ("build", "publish")]
    assert [jobs(BUILD)[name]["environment"] for name in ("build", "publish")] == expected
    permissions = [jobs(BUILD)[name]["permissions"] for name in ("build", "publish")]
    assert permissions == [{"contents": "read"}, {"contents": "read", "actions": "read"}]


def test_every_variable_that_a_preset_names_reaches_the_model_and_no_other_step() -> None:
    (work,) = [step for step in jobs(BUILD)["build"]["steps"] if step.get("id") == "build"]
    expected = {name: f"${{{{ secrets.{name} }}}}" for name in MODEL_KEYS}
    expected |= {name: f"${{{{ vars.{name} }}}}" for name in ENDPOINTS}
    given = {name: value for name, value in work["env"].items() if re.search(r"_API_(KEY|BASE|VERSION)$", name)}
    assert given == expected
    described = {name: value for name, value in work["env"].items() if re.search(r"_(MODEL|CONTEXT|OUTPUT)$", name)}
    assert described == {name: f"${{{{ vars.{name} }}}}" for name in SERVERS}
    assert not re.search(r"_API_(KEY|BASE|VERSION)", yaml.safe_dump(jobs(BUILD)["publish"]))


def test_each_job_installs_its_own_packages_as_locked() -> None:
    for name in ("build", "publish"):
        (used,) = [step["uses"] for step in jobs(BUILD)[name]["steps"] if "/install-" in step.get("uses", "")]
        (install,) = [step["run"] for step in steps(ROOT / used / "action.yml") if "uv sync" in step.get("run", "")]
        assert "--locked" in install
        assert "--no-default-groups" in install
        assert re.findall(r"--extra (\w+)", install) == [name]


def test_no_cache_is_shared_between_the_jobs() -> None:
    assert not [step for path in FILES for step in steps(path) if "actions/cache" in step.get("uses", "")]


def test_what_was_built_is_kept_for_two_weeks_and_a_second_attempt_replaces_it() -> None:
    uploads = [step["with"] for path in FILES for step in steps(path) if "upload-artifact@" in step.get("uses", "")]
    (handover,) = [given for given in uploads if given["name"] == "build"]
    assert (handover["retention-days"], handover["overwrite"]) == (14, True)
    assert handover["path"] == "${{ runner.temp }}/handover/build.tar"
    downloads = [
        step["with"] for path in ACTIONS for step in steps(path) if "download-artifact@" in step.get("uses", "")
    ]
    taken = {"name": "build", "path": "${{ runner.temp }}/handover"}
    # With a token and a run the public API is asked: https://github.com/actions/download-artifact#usage
    again = {**taken, "github-token": "${{ github.token }}", "run-id": "${{ github.run_id }}"}
    assert sorted(downloads, key=len) == [taken, again]


def test_the_events_of_job_publish_are_kept_always_where_it_writes_them() -> None:
    (work,) = [step for step in jobs(BUILD)["publish"]["steps"] if step.get("id") == "publish"]
    assert 'PAGEWRIGHT_EVENTS="${PAGEWRIGHT_EVENTS:-$RUNNER_TEMP/events}"' in work["run"]
    (keep,) = [step for step in jobs(BUILD)["publish"]["steps"] if step.get("uses", "").endswith("/upload-events")]
    assert keep["if"] == "${{ always() }}"
    uploads = [step["with"] for path in FILES for step in steps(path) if "upload-artifact@" in step.get("uses", "")]
    (events,) = [given for given in uploads if given["name"] == "events"]
    assert (events["path"], events["overwrite"]) == ("${{ runner.temp }}/events", True)


def test_what_was_built_is_fetched_a_second_way_where_the_first_fails_and_the_job_goes_on_without_it() -> None:
    found = jobs(BUILD)["publish"]["steps"]
    first, second = [step for step in found if step.get("uses", "").startswith("./.github/actions/download")]
    assert second["uses"] == f"{first['uses']}-again"
    assert second["if"] == f"${{{{ steps.{first['id']}.outcome == 'failure' }}}}"
    assert first["continue-on-error"] is second["continue-on-error"] is True


def test_each_job_notes_first_when_it_began_and_ends_when_the_deadlines_think_it_does() -> None:
    for name in ("build", "publish"):
        job = jobs(BUILD)[name]
        assert job["steps"][0]["run"] == 'echo "JOB_BEGAN_AT=$(date +%s)" >> "$GITHUB_ENV"'
        assert job["timeout-minutes"] * 60 == JOB_S


def test_publishing_knows_how_the_build_ended() -> None:
    (work,) = [step for step in jobs(BUILD)["publish"]["steps"] if step.get("id") == "publish"]
    assert work["env"]["BUILD_RESULT"] == "${{ needs.build.result }}"


def test_the_workflow_never_asks_where_it_runs_and_this_machine_has_a_twin_of_each_composite_that_it_uses() -> None:
    text = BUILD.read_text()
    assert "ACT" not in re.findall(r"\w+", text)
    used = set(re.findall(r"uses: \./\.github/actions/([\w-]+)", text))
    twins = ROOT / COMPOSITES
    assert used == {path.name for path in twins.iterdir()}
    for name in used:
        assert list(load(twins / name / "action.yml")["runs"]) == ["using", "steps"]


def test_rounds_of_one_task_wait_for_each_other_and_none_is_dropped() -> None:
    assert load(BUILD)["concurrency"] == {
        "group": "task-${{ github.event.client_payload.key || github.run_id }}",
        "queue": "max",
        "cancel-in-progress": False,
    }


def test_the_title_of_a_run_is_what_the_door_looks_for() -> None:
    title = load(BUILD)["run-name"]
    assert title.startswith("${{ github.event.client_payload.title ||")
    assert " · ${{ github.event.client_payload.id ||" in title
    # Everybody reads it in a public repository.
    assert set(re.findall(r"client_payload\.(\w+)", title)) == {"title", "id"}


def test_a_person_may_give_what_the_contract_names() -> None:
    on = load(BUILD)[True]  # YAML reads the key `on` as true
    assert on["repository_dispatch"] == {"types": ["task"]}
    assert list(on["workflow_dispatch"]["inputs"]) == [
        *("task", "round", "brief", "framework", "target", "checks", "evaluation_url", "email", "request"),
    ]


def test_publishing_runs_whatever_became_of_the_build_and_each_job_ends_as_its_work_ended() -> None:
    publish = jobs(BUILD)["publish"]
    assert (publish["needs"], publish["if"]) == ("build", "${{ always() }}")
    for name in ("build", "publish"):
        work, last = (
            next(s for s in jobs(BUILD)[name]["steps"] if s.get("id") == name),
            jobs(BUILD)[name]["steps"][-1],
        )
        assert f"python -m orchestrator {name} " in work["run"]
        assert 'echo "rc=$rc" >> "$GITHUB_OUTPUT"' in work["run"]
        assert last["if"] == "${{ always() }}"
        assert last["env"] == {"RC": f"${{{{ steps.{name}.outputs.rc }}}}"}
        assert last["run"] == 'exit "${RC:-1}"'
