import httpx
import pytest

from orchestrator.core.runs import Job, Step
from orchestrator.local.github import LocalGitHub
from orchestrator.local.store import StoredRepository
from tests.doubles.runs import a_run

pytestmark = pytest.mark.anyio


async def test_a_repository_shows_its_files_its_commits_and_where_it_is_published(
    api: httpx.AsyncClient, github: LocalGitHub, site: StoredRepository
) -> None:
    github.sites.enable(site, "main", "/")
    page = await api.get("/octo/site")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    for shown in ("git clone http://api.test/octo/site", "index.html", "First", "http://pages.test/octo/site/"):
        assert shown in page.text


async def test_a_run_shows_its_steps_and_its_log_as_text(
    api: httpx.AsyncClient, github: LocalGitHub, site: StoredRepository
) -> None:
    run = github.runs.create(
        a_run(
            repository=site.full_name,
            display_title="a <b> title",
            jobs=(Job("Build", steps=(Step("Check out", 1, "completed", "success"),)),),
        )
    )
    github.runs.append_log(run.jobs[0].id, "<script>alert(1)</script>\n")
    page = (await api.get(f"/octo/site/actions/runs/{run.id}")).text
    assert "a &lt;b&gt; title" in page
    assert "Check out" in page
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    overview = (await api.get("/")).text
    assert f"/octo/site/actions/runs/{run.id}" in overview


@pytest.mark.parametrize("path", ["/octo/absent", "/octo/site/actions/runs/99"])
async def test_what_is_not_there_is_404(api: httpx.AsyncClient, site: StoredRepository, path: str) -> None:
    assert site.name == "site"
    assert (await api.get(path)).status_code == 404
