"""What a run leaves: the logs of its jobs, annotations, and artifacts."""

import io
import zipfile
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from starlette.responses import RedirectResponse, Response

from orchestrator.core.runs import Job, Step
from orchestrator.local.actions.act import STAMP
from orchestrator.local.api import bodies
from orchestrator.local.api.bodies import Body, format_time
from orchestrator.local.api.respond import Call, Operation, json_response, not_found
from orchestrator.local.api.workflows import require_job, require_run
from orchestrator.local.runs import Run

KEPT = timedelta(days=14)
"""How long `build.yml` asks GitHub to keep an artifact. Here nothing expires."""

_LONGEST_NAME = 90
_LONGEST_ANNOTATION = 4096
_MOST_ANNOTATIONS = 10
_LEVELS = {"##[error]": "failure", "##[warning]": "warning", "##[notice]": "notice"}


@dataclass(frozen=True, slots=True)
class Artifact:
    """One artifact of a run: a file that it handed over."""

    run: Run
    file: Path

    @property
    def id(self) -> int:
        """Return the artifact's id: always the same one."""
        return bodies.stable_id(f"{self.run.id}/{self.file.name}")


def download_job_log(call: Call) -> Response:
    """GET …/actions/jobs/{id}/logs: where the log is."""
    return _redirect_to(call, "logs", str(require_job(call)[1].id))


def serve_job_log(call: Call) -> Response:
    """GET /logs/…: the log itself, as GitHub's second host gives it out."""
    return Response(call.github.runs.load_log(require_job(call)[1].id), media_type="text/plain")


def download_run_logs(call: Call) -> Response:
    """GET …/actions/runs/{id}/logs and …/attempts/{number}/logs: where the archive of all logs is."""
    run = require_run(call)
    if not _load_logs(call, run):
        raise not_found()
    return _redirect_to(call, "logs", f"runs/{run.id}")


def serve_run_logs(call: Call) -> Response:
    """GET /logs/…/runs/{id}: the archive itself."""
    run = require_run(call)
    return _zip_response(log_files(_load_logs(call, run)), f"logs_{run.id}.zip")


def log_files(logged: Mapping[Job, str]) -> dict[str, bytes]:
    """Return the files of a run's archive: one for each job, and a folder for each job with one for each step.

    `gh run view --log` finds them by these names:
    https://github.com/cli/cli/blob/trunk/pkg/cmd/run/view/logs.go
    """
    files = {f"{place}_{_file_name(job.name)}.txt": text for place, (job, text) in enumerate(logged.items())}
    for job, text in logged.items():
        for step, part in split_by_step(job, text):
            files[f"{_file_name(job.name)}/{step.number}_{_file_name(step.name)}.txt"] = part
    return {name: text.encode() for name, text in files.items()}


def split_by_step(job: Job, text: str) -> Iterator[tuple[Step, str]]:
    """Yield the steps that ran, each with the lines from its start to the start of the next one.

    Lines before the first step began belong to that step.
    """
    ran = [step for step in job.steps if step.started_at]
    starts = [f"{step.started_at:{STAMP}}" for step in ran[1:]]
    parts: list[list[str]] = [[] for _ in ran]
    for line in text.removesuffix("\n").split("\n") if ran and text else ():
        parts[bisect_right(starts, line.partition(" ")[0])].append(f"{line}\n")
    for step, lines in zip(ran, parts, strict=True):
        yield step, "".join(lines)


def list_annotations(call: Call) -> Response:
    """GET …/check-runs/{id}/annotations: the first ten of each kind that each step of a job made.

    https://github.com/actions/runner/blob/main/src/Runner.Worker/ExecutionContext.cs
    """
    _, job = require_job(call)
    found = [
        one
        for _, part in split_by_step(job, call.github.runs.load_log(job.id))
        for one in _parse_annotations(call, part)
    ]
    skip, limit = call.page_window()
    return json_response(found[skip : skip + limit], headers=call.link_header(len(found)))


def list_artifacts(call: Call) -> Response:
    """GET …/actions/artifacts and …/actions/runs/{id}/artifacts; `name` filters."""
    runs = [require_run(call)] if "run" in call.params else call.github.runs.list_runs(call.repository.full_name)
    found = [one for run in runs for one in _find_artifacts(call, run)]
    found = [one for one in found if one.file.stem == call.query.get("name", one.file.stem)]
    skip, limit = call.page_window()
    listed = [_artifact_body(call, one) for one in found[skip : skip + limit]]
    return json_response({"total_count": len(found), "artifacts": listed}, headers=call.link_header(len(found)))


def get_artifact(call: Call) -> Response:
    """GET …/actions/artifacts/{id}."""
    return json_response(_artifact_body(call, _require_artifact(call)))


def download_artifact(call: Call) -> Response:
    """GET …/actions/artifacts/{id}/zip: where the archive is. As on GitHub, it takes a token."""
    assert call.actor  # noqa: S101 - raises 401
    return _redirect_to(call, "artifacts", str(_require_artifact(call).id))


def serve_artifact(call: Call) -> Response:
    """GET /artifacts/…: the archive itself."""
    found = _require_artifact(call)
    return _zip_response({found.file.name: found.file.read_bytes()}, f"{found.file.stem}.zip")


def _redirect_to(call: Call, kind: str, path: str) -> Response:
    return RedirectResponse(f"{call.github.api_url}/{kind}/{call.repository.full_name}/{path}", 302)


def _zip_response(files: Mapping[str, bytes], name: str) -> Response:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(zipfile.ZipInfo(path), content, zipfile.ZIP_DEFLATED)
    headers = {"content-disposition": f"attachment; filename={name}"}
    return Response(packed.getvalue(), media_type="application/zip", headers=headers)


def _load_logs(call: Call, run: Run) -> dict[Job, str]:
    logs = ((job, call.github.runs.load_log(job.id)) for job in run.jobs)
    return {job: text for job, text in logs if text}


def _file_name(name: str) -> str:
    """Return the name of a job or step as it stands in the archive: no slash, no colon, at most 90 UTF-16 units."""
    units = name.replace("/", "").replace(":", "").encode("utf-16-le", "replace")[: 2 * _LONGEST_NAME]
    return units.decode("utf-16-le", "ignore").strip()


def _parse_annotations(call: Call, text: str) -> Iterator[Body]:
    left = dict.fromkeys(_LEVELS, _MOST_ANNOTATIONS)
    for line in text.split("\n"):
        message = line.partition(" ")[2]
        kind = next((kind for kind in _LEVELS if message.startswith(kind)), None)
        if kind and left[kind]:
            left[kind] -= 1
            yield {
                "path": ".github",
                "start_line": 1,
                "end_line": 1,
                "start_column": None,
                "end_column": None,
                "annotation_level": _LEVELS[kind],
                "title": "",
                "message": message.removeprefix(kind)[:_LONGEST_ANNOTATION],
                "raw_details": "",
                "blob_href": f"{bodies.html_url(call.github, call.repository)}/blob/HEAD/.github",
            }


def _find_artifacts(call: Call, run: Run) -> list[Artifact]:
    folder = call.github.handover_of(run.id)
    files = sorted(folder.iterdir()) if folder and folder.is_dir() else []
    return [Artifact(run, file) for file in files if file.is_file()]


def _require_artifact(call: Call) -> Artifact:
    wanted: Any = call.params["artifact"]  # the route makes it an int
    runs = call.github.runs.list_runs(call.repository.full_name)
    found = (one for run in runs for one in _find_artifacts(call, run) if one.id == wanted)
    if (artifact := next(found, None)) is None:
        raise not_found()
    return artifact


def _artifact_body(call: Call, found: Artifact) -> Body:
    url = f"{call.address}/repos/{call.repository.full_name}/actions/artifacts/{found.id}"
    made = datetime.fromtimestamp(found.file.stat().st_mtime, UTC)
    run = found.run
    return {
        "id": found.id,
        "node_id": bodies.node_id("Artifact", found.id),
        "name": found.file.stem,
        "size_in_bytes": found.file.stat().st_size,
        "url": url,
        "archive_download_url": f"{url}/zip",
        "expired": False,
        "digest": f"sha256:{sha256(found.file.read_bytes()).hexdigest()}",
        "created_at": format_time(made),
        "updated_at": format_time(made),
        "expires_at": format_time(made + KEPT),
        "workflow_run": {
            "id": run.id,
            "repository_id": call.repository.id,
            "head_repository_id": call.repository.id,
            "head_branch": run.head_branch,
            "head_sha": run.head_sha,
        },
    }


_REPO = "/repos/{owner}/{repo}"
_ACTIONS = f"{_REPO}/actions"
OPERATIONS = (
    Operation("GET", f"{_ACTIONS}/jobs/{{job:int}}/logs", download_job_log),
    Operation("GET", "/logs/{owner}/{repo}/{job:int}", serve_job_log),
    Operation("GET", f"{_ACTIONS}/runs/{{run:int}}/logs", download_run_logs),
    Operation("GET", f"{_ACTIONS}/runs/{{run:int}}/attempts/{{attempt:int}}/logs", download_run_logs),
    Operation("GET", "/logs/{owner}/{repo}/runs/{run:int}", serve_run_logs),
    Operation("GET", f"{_REPO}/check-runs/{{job:int}}/annotations", list_annotations),
    Operation("GET", f"{_ACTIONS}/artifacts", list_artifacts),
    Operation("GET", f"{_ACTIONS}/runs/{{run:int}}/artifacts", list_artifacts),
    Operation("GET", f"{_ACTIONS}/artifacts/{{artifact:int}}", get_artifact),
    Operation("GET", f"{_ACTIONS}/artifacts/{{artifact:int}}/zip", download_artifact),
    Operation("GET", "/artifacts/{owner}/{repo}/{artifact:int}", serve_artifact),
)
