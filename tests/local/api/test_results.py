import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from orchestrator.core.runs import Job, Step
from orchestrator.local.actions.act import stamp_lines
from orchestrator.local.api.results import log_files, split_by_step
from orchestrator.local.github import LocalGitHub
from orchestrator.local.runs import Run
from orchestrator.local.store import StoredRepository
from tests.doubles.runs import a_run

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def step(name: str, number: int, start: float | None) -> Step:
    conclusion: Any = "skipped" if start is None else "success"
    return Step(name, number, "completed", conclusion, None if start is None else at(start), at(9))


BUILD = Job(
    "Build / it: now",
    steps=(step("Set up job", 1, 0), step("Talk", 2, 1), step("Never", 3, None), step("Complete job", 4, 3)),
)
LOG = stamp_lines("early", at(-1)) + stamp_lines("two\nlines", at(1)) + stamp_lines("three\u2028still three", at(2))


@pytest.fixture
def run(github: LocalGitHub, site: StoredRepository) -> Run:
    made = github.runs.create(
        a_run(
            repository=site.full_name,
            display_title="a title",
            status="completed",
            conclusion="success",
            run_attempt=2,
            jobs=(BUILD, Job("publish", 0, "completed", "skipped")),
        )
    )
    github.runs.append_log(made.jobs[0].id, LOG)
    return made


def test_a_log_is_divided_where_its_steps_begin() -> None:
    parts = {step.name: [line[29:] for line in text.split("\n")] for step, text in split_by_step(BUILD, LOG)}
    assert parts == {
        "Set up job": ["early", ""],
        "Talk": ["two", "lines", "three\u2028still three", ""],
        "Complete job": [""],
    }
    assert dict(split_by_step(Job("none ran"), "text\n")) == {}


def test_the_files_of_an_archive_are_named_as_github_names_them() -> None:
    long = Job("x" * 89 + "\N{GRINNING FACE}y", steps=(step("a/b: c", 1, 0),))
    files = log_files({BUILD: LOG, long: ""})
    assert files["0_Build  it now.txt"].decode() == LOG
    assert {"Build  it now/1_Set up job.txt", "Build  it now/4_Complete job.txt"} < files.keys()
    # Cut at 90 UTF-16 units, of which the face has two.
    assert files.keys() >= {f"1_{'x' * 89}.txt", f"{'x' * 89}/1_ab c.txt"}


@pytest.mark.parametrize("place", ["logs", "attempts/2/logs"])
async def test_the_archive_of_a_runs_logs_is_elsewhere(api: httpx.AsyncClient, run: Run, place: str) -> None:
    redirect = await api.get(f"/repos/octo/site/actions/runs/{run.id}/{place}")
    assert redirect.status_code == 302
    archive = zipfile.ZipFile(io.BytesIO((await api.get(redirect.headers["location"])).content))
    assert archive.testzip() is None
    assert archive.read("0_Build  it now.txt").decode() == LOG
    assert "1_publish.txt" not in archive.namelist()


async def test_only_the_last_attempt_is_kept(api: httpx.AsyncClient, run: Run) -> None:
    place = f"/repos/octo/site/actions/runs/{run.id}/attempts"
    assert (await api.get(f"{place}/2")).json()["run_attempt"] == 2
    assert len((await api.get(f"{place}/2/jobs")).json()["jobs"]) == 2
    for path in ("1", "1/jobs", "1/logs", "3/logs"):
        assert (await api.get(f"{place}/{path}")).status_code == 404


async def test_a_run_that_said_nothing_yet_has_no_archive(
    api: httpx.AsyncClient, github: LocalGitHub, run: Run
) -> None:
    silent = github.runs.create(replace(run, jobs=()))
    assert (await api.get(f"/repos/octo/site/actions/runs/{silent.id}/logs")).status_code == 404


async def test_annotations_are_the_first_ten_of_each_kind_that_a_step_made(
    api: httpx.AsyncClient, github: LocalGitHub, run: Run
) -> None:
    said = [f"##[warning]number {number}" for number in range(12)]
    said += ["##[error]" + "x" * 5000, "plain ##[error]no", "##[notice]seen"]
    github.runs.append_log(run.jobs[0].id, stamp_lines("\n".join(said), at(4)))
    github.runs.append_log(run.jobs[0].id, stamp_lines("##[warning]late", at(2)))
    found = (await api.get(f"/repos/octo/site/check-runs/{run.jobs[0].id}/annotations?per_page=100")).json()
    by_level = [(one["annotation_level"], one["message"][:9]) for one in found]
    assert by_level.count(("warning", "number 0")) == 1
    assert [level for level, _ in by_level] == ["warning"] * 11 + ["failure", "notice"]
    assert max(len(one["message"]) for one in found) == 4096


@pytest.fixture
def handed_over(tmp_path: Path, github: LocalGitHub, run: Run) -> LocalGitHub:
    """The same GitHub, where the run has left one artifact."""
    (tmp_path / "handover" / str(run.id)).mkdir(parents=True)
    (tmp_path / "handover" / str(run.id) / "build.tar").write_bytes(b"tar")
    return replace(github, handover_of=lambda run_id: tmp_path / "handover" / str(run_id))


async def test_an_artifact_is_listed_and_can_be_fetched(
    handed_over: LocalGitHub, run: Run, as_octo: Callable[[LocalGitHub], httpx.AsyncClient]
) -> None:
    async with as_octo(handed_over) as api:
        of_run = (await api.get(f"/repos/octo/site/actions/runs/{run.id}/artifacts")).json()
        assert of_run == (await api.get("/repos/octo/site/actions/artifacts?name=build")).json()
        assert (await api.get("/repos/octo/site/actions/artifacts?name=other")).json()["total_count"] == 0
        (one,) = of_run["artifacts"]
        assert (one["name"], one["size_in_bytes"], one["expired"]) == ("build", 3, False)
        assert (await api.get(one["url"])).json() == one
        redirect = await api.get(one["archive_download_url"])
        assert redirect.status_code == 302
        archive = zipfile.ZipFile(io.BytesIO((await api.get(redirect.headers["location"])).content))
        assert archive.read("build.tar") == b"tar"
        anonymous = await api.get(one["archive_download_url"], headers={"authorization": ""})
        assert anonymous.status_code == 401
        assert (await api.get("/repos/octo/site/actions/artifacts/1")).status_code == 404
        by_gh = await api.get(f"/repos/octo/site/actions/runs/{run.id}/artifacts", headers={"host": GH})
        assert by_gh.json()["artifacts"][0]["archive_download_url"].startswith(f"http://{GH}/repos/")


GH = "api.github.localhost"


async def test_a_run_that_handed_nothing_over_has_no_artifacts(api: httpx.AsyncClient, run: Run) -> None:
    found = (await api.get(f"/repos/octo/site/actions/runs/{run.id}/artifacts")).json()
    assert found == {"total_count": 0, "artifacts": []}
