"""Dispatches, workflows, runs and jobs."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from orchestrator.core.runs import Job, Step
from orchestrator.local.api import bodies
from orchestrator.local.api.bodies import Body, format_time
from orchestrator.local.api.inputs import fill_inputs
from orchestrator.local.api.respond import ApiError, Call, Operation, json_response, not_found
from orchestrator.local.github import Dispatch
from orchestrator.local.runs import Run

_FOLDER = ".github/workflows"
_TELLS_RUNS = "2026-03-10"
_MOST_PROPERTIES = 10
_MOST_INPUTS = 25
_LARGEST_PAYLOAD = 65_535
_LONGEST_EVENT_TYPE = 100


@dataclass(frozen=True, slots=True)
class ListedWorkflow:
    """A workflow file on the default branch."""

    path: str
    name: str
    text: str

    @property
    def is_dispatchable(self) -> bool:
        """Return whether a person may start it."""
        return "workflow_dispatch" in self.text


async def dispatch_repository(call: Call) -> Response:
    """POST …/dispatches: accepted with 204 whether any workflow listens or not.

    https://docs.github.com/en/rest/repos/repos#create-a-repository-dispatch-event
    """
    kind = call.body_text("event_type")
    if not 1 <= len(kind) <= _LONGEST_EVENT_TYPE:
        raise ApiError(422, f"Invalid request.\n\nevent_type is {len(kind)} characters long, of 1 to 100.")
    branch, payload = call.repository.default_branch, call.body.get("client_payload") or {}
    _check_payload(payload, "client_payload", _MOST_PROPERTIES)
    event = {"action": kind, "branch": branch, "client_payload": payload, **_sender_fields(call)}
    await call.github.on_dispatch(Dispatch(call.repository, "repository_dispatch", call.actor, branch, None, event))
    return Response(status_code=204)


async def dispatch_workflow(call: Call) -> Response:
    """POST …/actions/workflows/{file}/dispatches: 204, or 200 with the run.

    The run is told where it is asked for, and always from API version 2026-03-10 on.

    https://docs.github.com/en/rest/actions/workflows#create-a-workflow-dispatch-event
    """
    workflow = _require_workflow(call)
    branch = call.body_text("ref").removeprefix("refs/heads/")
    if call.github.store.resolve_head(call.repository, branch) is None:
        raise ApiError(422, f"No ref found for: {call.body_text('ref')}")
    if not workflow.is_dispatchable:
        raise ApiError(422, "Workflow does not have 'workflow_dispatch' trigger")
    inputs = call.body.get("inputs") or {}
    _check_payload(inputs, "inputs", _MOST_INPUTS)
    event = {
        "inputs": fill_inputs(workflow.text, inputs),
        "ref": f"refs/heads/{branch}",
        "workflow": workflow.path,
        **_sender_fields(call),
    }
    dispatch = Dispatch(call.repository, "workflow_dispatch", call.actor, branch, workflow.path, event)
    run = await call.github.on_dispatch(dispatch)
    told = call.body.get("return_run_details") is True or call.version >= _TELLS_RUNS
    if run is None or not told:
        return Response(status_code=204)
    body = _run_body(call, run)
    return json_response({"workflow_run_id": run.id, "run_url": body["url"], "html_url": body["html_url"]})


async def rerun(call: Call) -> Response:
    """POST …/actions/runs/{id}/rerun: 201, and 403 while the run is going on."""
    return await _request_rerun(call, failed_only=False)


async def rerun_failed(call: Call) -> Response:
    """POST …/actions/runs/{id}/rerun-failed-jobs: the same, of the jobs that failed and those that need them."""
    return await _request_rerun(call, failed_only=True)


async def _request_rerun(call: Call, *, failed_only: bool) -> Response:
    run = require_run(call)
    if run.status != "completed":
        raise ApiError(403, "This workflow is already running")
    await call.github.on_rerun(run.id, failed_only=failed_only)
    return json_response({}, 201)


async def cancel(call: Call) -> Response:
    """POST …/actions/runs/{id}/cancel and …/force-cancel: 202, and 409 where the run is over."""
    run = require_run(call)
    if run.status == "completed" or not await call.github.on_cancel(run.id):
        raise ApiError(409, "Cannot cancel a workflow run that is completed.")
    return json_response({}, 202)


def list_workflows(call: Call) -> Response:
    """GET …/actions/workflows: those on the default branch."""
    found = list(_load_workflows(call))
    skip, limit = call.page_window()
    listed = [_workflow_body(call, workflow) for workflow in found[skip : skip + limit]]
    return json_response({"total_count": len(found), "workflows": listed}, headers=call.link_header(len(found)))


def get_workflow(call: Call) -> Response:
    """GET …/actions/workflows/{file}."""
    return json_response(_workflow_body(call, _require_workflow(call)))


def _workflow_body(call: Call, workflow: ListedWorkflow) -> Body:
    address = bodies.html_url(call.github, call.repository)
    return {
        "id": bodies.stable_id(workflow.path),
        "node_id": bodies.node_id("Workflow", workflow.path),
        "name": workflow.name,
        "path": workflow.path,
        "state": "active",
        "created_at": format_time(call.repository.created_at),
        "updated_at": format_time(call.repository.pushed_at),
        "url": _workflow_url(call, workflow.path),
        "html_url": f"{address}/blob/{call.repository.default_branch}/{workflow.path}",
        "badge_url": f"{address}/workflows/{workflow.name}/badge.svg",
    }


def list_workflow_runs(call: Call) -> Response:
    """GET …/actions/workflows/{file}/runs."""
    path = _require_workflow(call).path
    return _list_filtered_runs(
        call, [run for run in call.github.runs.list_runs(call.repository.full_name) if run.path == path]
    )


def list_runs(call: Call) -> Response:
    """GET …/actions/runs."""
    return _list_filtered_runs(call, call.github.runs.list_runs(call.repository.full_name))


def get_run(call: Call) -> Response:
    """GET …/actions/runs/{id}."""
    return json_response(_run_body(call, require_run(call)))


def list_jobs(call: Call) -> Response:
    """GET …/actions/runs/{id}/jobs."""
    found = require_run(call)
    skip, limit = call.page_window()
    listed = [_job_body(call, found, job) for job in found.jobs[skip : skip + limit]]
    return json_response({"total_count": len(found.jobs), "jobs": listed}, headers=call.link_header(len(found.jobs)))


def get_job(call: Call) -> Response:
    """GET …/actions/jobs/{id}."""
    return json_response(_job_body(call, *require_job(call)))


def _check_payload(payload: Any, name: str, most: int) -> None:
    if not isinstance(payload, dict):
        raise ApiError(422, f"Invalid request.\n\nFor 'properties/{name}', {json.dumps(payload)} is not an object.")
    if len(payload) > most:
        raise ApiError(
            422, f"Invalid request.\n\nNo more than {most} properties are allowed; {len(payload)} were supplied."
        )
    if len(json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()) > _LARGEST_PAYLOAD:
        raise ApiError(422, f"{name} is too large.")


def _sender_fields(call: Call) -> Body:
    """Return what every event says of where it happened and who did it."""
    repository = bodies.full_repository(call.github, call.repository)
    return {"repository": repository, "sender": bodies.simple_user(call.github, call.actor)}


def _require_workflow(call: Call) -> ListedWorkflow:
    """Return the workflow of the path, given by its file's name or its id. Raises 404."""
    wanted = call.params["workflow"]
    for workflow in _load_workflows(call):
        if wanted in {workflow.path.removeprefix(f"{_FOLDER}/"), str(bodies.stable_id(workflow.path))}:
            return workflow
    raise not_found()


def _load_workflows(call: Call) -> Iterator[ListedWorkflow]:
    """Yield the workflows on the default branch."""
    store = call.github.store
    head = store.resolve_head(call.repository)
    folder = store.find_entry(call.repository, head, _FOLDER) if head else None
    entries = store.list_tree(call.repository, folder.sha, recursive=False) if folder else ()
    for entry in entries:
        path = f"{_FOLDER}/{entry.path}"
        if entry.path.endswith((".yml", ".yaml")):
            text = store.load_blob(call.repository, entry.sha).decode(errors="replace")
            name = re.search(r"^name:[ \t]*['\"]?(.+?)['\"]?[ \t]*$", text, re.MULTILINE)
            yield ListedWorkflow(path, name[1] if name else path, text)


def require_run(call: Call) -> Run:
    """Return the run of the path. Raises 404, also for an attempt that is not its last: nothing is kept of those."""
    found = call.github.runs.find_run(call.params["run"])  # type: ignore[arg-type]  # the route makes it an int
    if found is None or found.repository.lower() != call.repository.full_name.lower():
        raise not_found()
    if call.params.get("attempt", found.run_attempt) != found.run_attempt:
        raise not_found()
    return found


def require_job(call: Call) -> tuple[Run, Job]:
    """Return the job of the path and its run. Raises 404."""
    found = call.github.runs.find_job(call.params["job"])  # type: ignore[arg-type]  # the route makes it an int
    if found is None or found[0].repository.lower() != call.repository.full_name.lower():
        raise not_found()
    return found


def _list_filtered_runs(call: Call, found: "list[Run] | tuple[Run, ...]") -> Response:
    kept = [run for run in found if _matches_filters(call, run)]
    skip, limit = call.page_window()
    page = [_run_body(call, run) for run in kept[skip : skip + limit]]
    return json_response({"total_count": len(kept), "workflow_runs": page}, headers=call.link_header(len(kept)))


def _matches_filters(call: Call, run: Run) -> bool:
    """Say whether the run passes the query's filters. Raises 422 for a form of `created` that is not known here."""
    query = call.query
    since = re.fullmatch(r">=(\d{4}-\d\d-\d\d(?:T[\d:]+(?:Z|\+00:00))?)", query.get("created", ">=1970-01-01"))
    if not since:
        raise ApiError(422, "created must be >= and a date or a time in UTC")
    return (
        query.get("event", run.event) == run.event
        and query.get("status", run.status) in {run.status, run.conclusion}
        and query.get("branch", run.head_branch) == run.head_branch
        and query.get("head_sha", run.head_sha) == run.head_sha
        and query.get("actor", run.actor).lower() == run.actor.lower()
        and str(format_time(run.created_at)) >= since[1].replace("+00:00", "Z")
    )


def _workflow_url(call: Call, path: str) -> str:
    return f"{bodies.api_url(call.github, call.repository)}/actions/workflows/{bodies.stable_id(path)}"


def _run_body(call: Call, run: Run) -> Body:
    url = f"{bodies.api_url(call.github, call.repository)}/actions/runs/{run.id}"
    actor = bodies.simple_user(call.github, run.actor)
    repository = bodies.minimal_repository(call.github, call.repository)
    parts = ("jobs", "logs", "artifacts", "cancel", "rerun")
    return {
        "id": run.id,
        "node_id": bodies.node_id("WorkflowRun", run.id),
        "name": run.name,
        "display_title": run.display_title,
        "path": run.path,
        "event": run.event,
        "status": run.status,
        "conclusion": run.conclusion,
        "head_branch": run.head_branch,
        "head_sha": run.head_sha,
        "run_number": run.id,
        "run_attempt": run.run_attempt,
        "workflow_id": bodies.stable_id(run.path),
        "workflow_url": _workflow_url(call, run.path),
        "url": url,
        "html_url": f"{bodies.html_url(call.github, call.repository)}/actions/runs/{run.id}",
        **{f"{part}_url": f"{url}/{part}" for part in parts},
        "check_suite_url": f"{bodies.api_url(call.github, call.repository)}/check-suites/{run.id}",
        "previous_attempt_url": None,
        "pull_requests": [],
        "created_at": format_time(run.created_at),
        "updated_at": format_time(run.updated_at),
        "run_started_at": format_time(run.run_started_at),
        "actor": actor,
        "triggering_actor": actor,
        "head_commit": _head_commit_body(call, run),
        "repository": repository,
        "head_repository": repository,
    }


def _head_commit_body(call: Call, run: Run) -> Body | None:
    sha = call.github.store.resolve_object(call.repository, run.head_sha)
    if sha is None:
        return None
    commit = call.github.store.list_commits(call.repository, sha)[0]
    return {
        "id": sha,
        "tree_id": commit.tree,
        "message": commit.message,
        "timestamp": format_time(commit.committed_at),
        "author": {"name": commit.author.name, "email": commit.author.email},
        "committer": {"name": commit.committer.name, "email": commit.committer.email},
    }


def _job_body(call: Call, run: Run, job: Job) -> Body:
    api, html = bodies.api_url(call.github, call.repository), bodies.html_url(call.github, call.repository)
    return {
        "id": job.id,
        "run_id": run.id,
        "run_url": f"{api}/actions/runs/{run.id}",
        "run_attempt": run.run_attempt,
        "node_id": bodies.node_id("CheckRun", job.id),
        "head_sha": run.head_sha,
        "head_branch": run.head_branch,
        "workflow_name": run.name,
        "url": f"{api}/actions/jobs/{job.id}",
        "html_url": f"{html}/actions/runs/{run.id}/job/{job.id}",
        "check_run_url": f"{api}/check-runs/{job.id}",
        "name": job.name,
        "status": job.status,
        "conclusion": job.conclusion,
        "created_at": format_time(run.run_started_at),
        "started_at": format_time(job.started_at or run.run_started_at),
        "completed_at": format_time(job.completed_at),
        "steps": [_step_body(step) for step in job.steps],
        "labels": ["ubuntu-24.04"],
        **dict.fromkeys(("runner_id", "runner_name", "runner_group_id", "runner_group_name")),
    }


def _step_body(step: Step) -> Body:
    return {
        "name": step.name,
        "number": step.number,
        "status": step.status,
        "conclusion": step.conclusion,
        "started_at": format_time(step.started_at),
        "completed_at": format_time(step.completed_at),
    }


_REPO = "/repos/{owner}/{repo}"
_ACTIONS = f"{_REPO}/actions"
OPERATIONS = (
    Operation("POST", f"{_REPO}/dispatches", dispatch_repository, {"contents": "write"}),
    Operation("POST", f"{_ACTIONS}/workflows/{{workflow}}/dispatches", dispatch_workflow, {"actions": "write"}),
    Operation("GET", f"{_ACTIONS}/workflows", list_workflows),
    Operation("GET", f"{_ACTIONS}/workflows/{{workflow}}", get_workflow),
    Operation("GET", f"{_ACTIONS}/workflows/{{workflow}}/runs", list_workflow_runs),
    Operation("GET", f"{_ACTIONS}/runs", list_runs),
    Operation("GET", f"{_ACTIONS}/runs/{{run:int}}", get_run),
    Operation("GET", f"{_ACTIONS}/runs/{{run:int}}/attempts/{{attempt:int}}", get_run),
    Operation("GET", f"{_ACTIONS}/runs/{{run:int}}/attempts/{{attempt:int}}/jobs", list_jobs),
    Operation("POST", f"{_ACTIONS}/runs/{{run:int}}/cancel", cancel, {"actions": "write"}),
    Operation("POST", f"{_ACTIONS}/runs/{{run:int}}/force-cancel", cancel, {"actions": "write"}),
    Operation("POST", f"{_ACTIONS}/runs/{{run:int}}/rerun", rerun, {"actions": "write"}),
    Operation("POST", f"{_ACTIONS}/runs/{{run:int}}/rerun-failed-jobs", rerun_failed, {"actions": "write"}),
    Operation("GET", f"{_ACTIONS}/runs/{{run:int}}/jobs", list_jobs),
    Operation("GET", f"{_ACTIONS}/jobs/{{job:int}}", get_job),
)
