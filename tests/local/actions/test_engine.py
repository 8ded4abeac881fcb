"""The engine with the real act. Steps and tests meet in named pipes, which are a clock that nobody has to guess."""

import pytest

from orchestrator.core.errors import UsageError
from tests.doubles.engine import ONE_STEP, SECRET, Place, listen, over, send

pytestmark = [pytest.mark.act, pytest.mark.anyio]


async def test_a_dispatch_becomes_a_run_and_is_recorded_as_on_github(place: Place) -> None:
    place.workflow("""
        name: Build a site
        run-name: ${{ github.event.client_payload.title }} · ${{ github.event.client_payload.id }}
        concurrency: {group: "task-${{ github.event.client_payload.key }}", queue: max}
        on: repository_dispatch
        jobs:
          build:
            name: Build
            runs-on: ${{ vars.RUNNER || 'ubuntu-24.04' }}
            steps:
              - name: Talk
                run: |
                  echo "::group::Inside"
                  echo "$GITHUB_REPOSITORY $GITHUB_RUN_ID $GITHUB_RUN_ATTEMPT $GITHUB_REF ${{ vars.COLOUR }}"
                  echo "$GITHUB_API_URL $GITHUB_SERVER_URL ${{ github.actor }}"
                  echo "$UV_NO_SYNC ${UV_PROJECT_ENVIRONMENT##*/}"
                  echo "::endgroup::"
              - if: ${{ false }}
                run: echo never
        """)
    engine, runs = place.engine()
    run = await send(engine, id="abc", key="k")
    assert (run.status, run.display_title, run.group) == ("queued", "a task · abc", "task-k")
    assert (run.name, run.head_sha, run.head_branch, run.actor) == ("Build a site", "a" * 40, "main", "octo")
    run = await over(engine, run)
    assert (run.status, run.conclusion) == ("completed", "success")
    (job,) = run.jobs
    assert [(step.name, step.conclusion) for step in job.steps] == [
        ("Set up job", "success"),
        ("Talk", "success"),
        ("Run echo never", "skipped"),
        ("Complete job", "success"),
    ]
    assert job.started_at is not None
    assert job.completed_at is not None
    assert run.created_at <= job.started_at <= job.completed_at <= run.updated_at
    assert [line.partition("Z ")[2] for line in runs.load_log(job.id).splitlines()] == [
        "##[group]Run Talk",
        "##[endgroup]",
        "##[group]Inside",
        f"octo/pipeline {run.id} 1 refs/heads/main blue",
        "http://127.0.0.1:9 http://127.0.0.1:9 octo",
        "1 venv",
        "##[endgroup]",
    ]


async def test_a_person_may_start_a_run_by_hand(place: Place) -> None:
    place.workflow("""
        run-name: ${{ github.event.client_payload.title || inputs.task }} · run
        concurrency: {group: "task-${{ github.event.client_payload.key || github.run_id }}"}
        on: {workflow_dispatch: {inputs: {task: {type: string}}}}
        jobs: {build: {runs-on: x, steps: [{run: "echo ${{ inputs.task }}"}]}}
        """)
    engine, runs = place.engine()
    run = await engine.dispatch("workflow_dispatch", {"inputs": {"task": "by hand"}})
    assert (run.display_title, run.group) == ("by hand · run", f"task-{run.id}")
    run = await over(engine, run)
    assert "Z by hand\n" in runs.load_log(run.jobs[0].id)


async def test_no_secret_is_kept_anywhere_nor_found_by_a_step(place: Place) -> None:
    place.workflow("""
        on: repository_dispatch
        jobs:
          build:
            runs-on: u
            steps:
              - env: {KEY: "${{ secrets.KEY }}"}
                run: |
                  hidden=$(printf 'found%sout' ' ')
                  echo "::add-mask::$hidden"
                  echo "::notice::$KEY and $hidden"
                  grep -rl "$KEY" "$HOME/.." || echo "nothing lies around"
                  echo "$KEY ${{ github.token }} $hidden" | tee "$GITHUB_STEP_SUMMARY"
        """)
    engine, runs = place.engine()
    run = await over(engine, await send(engine))
    log = runs.load_log(run.jobs[0].id)
    assert "Z ##[notice]*** and ***\n" in log
    assert "Z *** *** ***\n" in log
    assert "Z nothing lies around\n" in log
    assert engine.load_summary(run.id) == "*** *** ***\n\n"
    for secret in (SECRET, f"token-of-{run.id}", "found out"):
        assert secret not in place.kept()
    assert place.tokens == [f"token-of-{run.id} begins", f"token-of-{run.id} ends"]


async def test_a_failed_job_does_not_keep_the_next_from_running_always(place: Place) -> None:
    place.workflow("""
        on: repository_dispatch
        jobs:
          build: {runs-on: u, steps: [{run: exit 3}, {run: echo no}]}
          publish: {needs: build, if: always(), runs-on: u, steps: [{run: "echo it was a ${{ needs.build.result }}"}]}
          other: {needs: build, runs-on: u, steps: [{run: echo no}]}
        """)
    engine, runs = place.engine()
    run = await over(engine, await send(engine))
    assert (run.conclusion, run.display_title) == ("failure", "task")
    assert [job.conclusion for job in run.jobs] == ["failure", "success", "skipped"]
    assert [step.conclusion for step in run.jobs[0].steps] == ["success", "failure", "skipped", "success"]
    assert "##[error]Process completed with exit code 3." in runs.load_log(run.jobs[0].id)
    assert "it was a failure" in runs.load_log(run.jobs[1].id)


async def test_runs_of_different_groups_run_side_by_side(place: Place) -> None:
    """Each end of the pipe waits for the other to be opened: alone, neither run could end."""
    place.pipe("meet")
    place.workflow(ONE_STEP, '[ "$GITHUB_RUN_ID" = 1 ] && echo x > "$PIPES/meet" || cat "$PIPES/meet"')
    engine, _ = place.engine(slots=2)
    sent = [await send(engine) for _ in range(2)]
    assert [(await over(engine, run)).conclusion for run in sent] == ["success", "success"]


@pytest.mark.parametrize(("slots", "groups"), [(1, ("a", "b", "c")), (3, ("One", "one", "ONE"))])
async def test_runs_of_one_slot_or_one_group_come_in_the_order_of_their_arrival(
    place: Place, slots: int, groups: tuple[str, ...]
) -> None:
    started = place.pipe("started")
    place.workflow(ONE_STEP, 'echo "$GITHUB_RUN_ID" > "$PIPES/started"; read -r < "$PIPES/go"')
    engine, runs = place.engine(slots)
    sent = [await send(engine, group=group) for group in groups]
    with place.pipe("go").open("r+b", buffering=0) as go:
        for done, run in enumerate(sent):
            assert await (await listen(started)).read() == f"{run.id}\n".encode()
            states = [found.status for other in sent if (found := runs.find_run(other.id))]
            assert states == [*["completed"] * done, "in_progress", *["queued"] * (2 - done)]
            go.write(b"\n")
            assert (await over(engine, run)).conclusion == "success"


async def test_what_act_refuses_is_a_startup_failure_that_says_why(place: Place) -> None:
    place.workflow("on: repository_dispatch\njobs: {build: {runs-on: u, steps: [{run: echo x, bogus: 1}]}}\n")
    engine, runs = place.engine()
    run = await over(engine, await send(engine))
    assert run.conclusion == "startup_failure"
    assert "Unknown Property bogus" in runs.load_log(run.jobs[0].id)


async def test_an_expression_beyond_this_machine_is_refused_before_there_is_a_run(place: Place) -> None:
    place.workflow("run-name: ${{ format('x') }}\njobs: {build: {runs-on: u, steps: [{run: echo}]}}\n")
    engine, runs = place.engine()
    with pytest.raises(UsageError, match=r"format\('x'\)"):
        await send(engine)
    assert runs.list_runs("octo/pipeline") == ()


async def test_waiting_for_a_run_that_never_was_ends_at_once(place: Place) -> None:
    engine, _ = place.engine()
    assert await engine.wait(7) is None
    assert engine.load_summary(7) == ""
