"""The local GitHub as githubkit sees it: its models are made from GitHub's own OpenAPI description.

Every `parsed_data` here is a check that the answer has all the fields, in the types, that GitHub promises.
"""

import base64
import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from githubkit import GitHub
from githubkit.exception import RequestFailed

from orchestrator.core.runs import Job, Step
from orchestrator.local.actions.act import stamp_lines
from orchestrator.local.api import create_api_app
from orchestrator.local.github import LocalGitHub
from orchestrator.local.runs import Run, now
from orchestrator.local.store import StoredRepository
from tests.doubles.hub import Host
from tests.doubles.runs import a_run


@pytest.fixture
def octo(listening: LocalGitHub) -> Iterator[GitHub[Any]]:
    with GitHub("token-of-octo", base_url=listening.api_url, auto_retry=False, http_cache=False) as client:
        yield client


def test_users_and_the_rate_limit(octo: GitHub[Any]) -> None:
    assert octo.rest.users.get_authenticated().parsed_data.login == "octo"
    assert octo.rest.users.get_by_username("octo").parsed_data.login == "octo"
    assert octo.rest.rate_limit.get().parsed_data.resources.core.limit == 5000


def test_repositories_commits_and_branches(octo: GitHub[Any], site: StoredRepository) -> None:
    repos, git = octo.rest.repos, octo.rest.git
    assert repos.create_for_authenticated_user(name="new").parsed_data.full_name == "octo/new"
    assert repos.get("octo", "site").parsed_data.default_branch == "main"
    (listed,) = repos.list_commits("octo", "site").parsed_data
    assert repos.get_commit("octo", "site", "main").parsed_data.sha == listed.sha
    assert repos.get_branch("octo", "site", "main").parsed_data.commit.sha == listed.sha
    assert git.get_ref("octo", site.name, "heads/main").parsed_data.object_.sha == listed.sha
    commit = git.get_commit("octo", "site", listed.sha).parsed_data
    assert commit.message == "First"
    tree = git.get_tree("octo", "site", commit.tree.sha, recursive="1").parsed_data
    assert [entry.path for entry in tree.tree] == ["docs", "docs/a.txt", "index.html"]


@pytest.mark.parametrize("description", ["Mine", ""])
def test_a_repository_that_begins_with_a_readme(octo: GitHub[Any], description: str) -> None:
    repos = octo.rest.repos
    made = repos.create_for_authenticated_user(name="new", auto_init=True, description=description).parsed_data
    assert made.default_branch == "main"
    (commit,) = repos.list_commits("octo", "new").parsed_data
    assert commit.commit.message == "Initial commit"
    readme: Any = repos.get_content("octo", "new", "README.md").json()
    assert base64.b64decode(readme["content"]).decode() == "# new\n" + (f"{description}\n" if description else "")
    repos.create_for_authenticated_user(name="bare", auto_init=False)
    with pytest.raises(RequestFailed, match="409"):
        repos.list_commits("octo", "bare")


@pytest.mark.usefixtures("site")
def test_files_and_blobs(octo: GitHub[Any]) -> None:
    content = base64.b64encode(b"new").decode()
    put = octo.rest.repos.create_or_update_file_contents("octo", "site", "new.txt", message="New", content=content)
    assert put.status_code == 201
    made = put.parsed_data.content
    assert made
    file: Any = octo.rest.repos.get_content("octo", "site", "new.txt").json()
    assert base64.b64decode(file["content"]) == b"new"
    assert octo.rest.repos.get_content("octo", "site", "new.txt").parsed_data
    assert octo.rest.repos.get_content("octo", "site", "docs").parsed_data
    blob = octo.rest.git.create_blob("octo", "site", content="text").parsed_data
    assert octo.rest.git.get_blob("octo", "site", blob.sha).parsed_data.size == 4


@pytest.mark.usefixtures("site")
def test_pages_and_its_builds(octo: GitHub[Any], wait: Callable[[float], None]) -> None:
    repos = octo.rest.repos
    made = repos.create_pages_site("octo", "site", source={"branch": "main", "path": "/"}).parsed_data
    assert made.html_url
    wait(2)
    assert repos.get_pages("octo", "site").parsed_data.status == "built"
    latest = repos.get_latest_pages_build("octo", "site").parsed_data
    assert (latest.status, latest.duration) == ("built", 2000)
    assert repos.request_pages_build("octo", "site").parsed_data.status == "queued"
    assert [build.commit for build in repos.list_pages_builds("octo", "site").parsed_data] == [latest.commit]


def test_workflows_runs_and_jobs(octo: GitHub[Any], listening: LocalGitHub) -> None:
    head = listening.store.seed(
        "octo", "pipeline", {".github/workflows/build.yml": b"on: workflow_dispatch\n"}, "First"
    )
    actions = octo.rest.actions
    assert octo.rest.repos.create_dispatch_event("octo", "pipeline", event_type="task").status_code == 204
    workflow = actions.get_workflow("octo", "pipeline", "build.yml").parsed_data
    assert workflow.state == "active"
    dispatched = actions.create_workflow_dispatch("octo", "pipeline", "build.yml", ref="main")
    started = dispatched.parsed_data
    step = Step("Check out", 1, "completed", "success", now(), now())
    done = listening.runs.create(
        Run(
            repository="octo/pipeline",
            event="repository_dispatch",
            display_title="site round 1",
            name="Build",
            path=workflow.path,
            head_sha=head.sha,
            head_branch="main",
            actor="octo",
            status="completed",
            conclusion="success",
            jobs=(Job("build", 0, "completed", "success", now(), now(), (step,)),),
        )
    )
    listed = actions.list_workflow_runs("octo", "pipeline", "build.yml", status="completed").parsed_data
    assert [run.id for run in listed.workflow_runs] == [done.id]
    assert actions.list_workflow_runs_for_repo("octo", "pipeline").parsed_data.total_count == 3
    assert (
        actions.get_workflow_run("octo", "pipeline", started.workflow_run_id).parsed_data.event == "workflow_dispatch"
    )
    (job,) = actions.list_jobs_for_workflow_run("octo", "pipeline", done.id).parsed_data.jobs
    assert job.steps
    assert job.steps[0].conclusion == "success"
    assert actions.get_job_for_workflow_run("octo", "pipeline", job.id).parsed_data.name == "build"
    assert [one.path for one in actions.list_repo_workflows("octo", "pipeline").parsed_data.workflows] == [
        workflow.path
    ]
    attempt = actions.get_workflow_run_attempt("octo", "pipeline", done.id, 1).parsed_data
    assert attempt.display_title == "site round 1"
    of_attempt = actions.list_jobs_for_workflow_run_attempt("octo", "pipeline", done.id, 1).parsed_data
    assert [one.id for one in of_attempt.jobs] == [job.id]
    assert [one.name for one in octo.rest.repos.list_for_authenticated_user().parsed_data] == ["pipeline"]


def test_logs_annotations_and_artifacts(octo: GitHub[Any], listening: LocalGitHub, tmp_path: Path, host: Host) -> None:
    listening.store.seed("octo", "pipeline", {"a.txt": b"a"}, "First")
    job = Job(
        "build", 0, "completed", "success", now(), now(), (Step("Talk", 1, "completed", "success", now(), now()),)
    )
    run = listening.runs.create(
        a_run(
            repository="octo/pipeline",
            status="completed",
            conclusion="success",
            jobs=(job,),
        )
    )
    listening.runs.append_log(run.jobs[0].id, stamp_lines("##[warning]careful", now()))
    folder = tmp_path / "handed-over"
    folder.mkdir()
    (folder / "build.tar").write_bytes(b"tar")
    host.app = create_api_app(replace(listening, handover_of=lambda _: folder))
    actions = octo.rest.actions
    assert "careful" in actions.download_job_logs_for_workflow_run("octo", "pipeline", run.jobs[0].id).text
    for archive in (
        actions.download_workflow_run_logs("octo", "pipeline", run.id),
        actions.download_workflow_run_attempt_logs("octo", "pipeline", run.id, 1),
    ):
        assert zipfile.ZipFile(io.BytesIO(archive.content)).namelist() == ["0_build.txt", "build/1_Talk.txt"]
    (noted,) = octo.rest.checks.list_annotations("octo", "pipeline", run.jobs[0].id).parsed_data
    assert (noted.annotation_level, noted.message) == ("warning", "careful")
    (found,) = actions.list_workflow_run_artifacts("octo", "pipeline", run.id).parsed_data.artifacts
    assert actions.list_artifacts_for_repo("octo", "pipeline").parsed_data.artifacts == [found]
    assert actions.get_artifact("octo", "pipeline", found.id).parsed_data == found
    archive = actions.download_artifact("octo", "pipeline", found.id, "zip")
    assert zipfile.ZipFile(io.BytesIO(archive.content)).read("build.tar") == b"tar"
    with pytest.raises(RequestFailed, match="409"):
        actions.cancel_workflow_run("octo", "pipeline", run.id)


def test_a_graphql_refusal_is_understood(octo: GitHub[Any]) -> None:
    response = octo.request("POST", "/graphql", json={"query": "query { viewer { colour } }"})
    assert response.json()["errors"][0]["message"]
    with pytest.raises(RequestFailed):
        octo.rest.repos.get("octo", "none")
