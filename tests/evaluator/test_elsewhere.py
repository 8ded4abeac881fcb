"""A page that is not on GitHub Pages: it counts where record and homepage say so, and the bytes are the commit's."""

import time
from pathlib import Path
from typing import Any

import pytest

from orchestrator.core.record import Record, Round
from orchestrator.core.settings import EvaluatorSettings
from orchestrator.core.site import RECORD, Site, add_standard_files
from orchestrator.core.task import Task, parse_task
from orchestrator.evaluator.judging import Claim, judge_claim
from orchestrator.evaluator.reach import Reach
from orchestrator.local.hosts.netlify import create_netlify_app
from orchestrator.local.hosts.shelf import Shelf
from tests.doubles.hub import Host, Hub, hub_on

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

PAGE = b"<!doctype html><html lang=en><meta name=viewport content='width=device-width'><title>S</title><h1>42</h1>"
WISH = {"email": "a@b.c", "task": "sales", "round": 1, "nonce": "n", "brief": "b"}
TASK = parse_task(Task, {**WISH, "checks": [{"js": "document.title"}]})


@pytest.fixture
def hub(host: Host, tmp_path: Path) -> Hub:
    return hub_on(host, tmp_path)


def committed(hub: Hub, request: str, target: str | None) -> tuple[str, dict[str, bytes]]:
    """Commit a site whose record says where it went."""
    record = Record(task="0" * 16, request=request, target=target, rounds=(Round(round=1, brief="b"),))
    files = {**add_standard_files(Site({"index.html": PAGE}), "octo", 2026).files, RECORD: record.render_file()}
    return hub.seed("sales", files), files


def serve(host: Host, folder: Path, files: dict[str, bytes]) -> str:
    """Have a host serve files, and return the site's URL."""
    shelf = Shelf(folder, host.url, "token", 0)
    site = shelf.keep({"kind": "site", "name": "sales"})
    digests = {path: shelf.store(data) for path, data in files.items()}
    made = {"site": site["id"], "branch": "main", "draft": False, "title": "", "trouble": None}
    shelf.keep({"kind": "deploy", **made, "files": digests, "required": [], "uploaded": 0.0})
    host.app = create_netlify_app(shelf)
    return f"{host.url}/live/sales/"


async def judged(hub: Hub, sha: str, page: str, homepage: str | None) -> dict[str, tuple[str, str]]:
    found = hub.github.store.find_repository("octo", "sales")
    assert found
    hub.github.store.describe_repository(found, None, homepage)
    told: dict[str, Any] = {"repo_url": f"{hub.host.url}/octo/sales", "commit_sha": sha, "pages_url": page}
    claim = Claim(TASK, told, time.time() - 1, {}, Reach(allow_private=True, is_here=True))
    settings = EvaluatorSettings("https://github.com", "https://api.github.com", names_a_server=False, token="")
    verdict = await judge_claim(claim, settings, hub.time.clock())
    return {mark.kind: (mark.state, mark.seen) for mark in verdict.marks}


async def test_it_counts_where_the_record_names_the_request_and_the_host(
    hub: Hub, other_host: Host, tmp_path: Path
) -> None:
    sha, files = committed(hub, TASK.id, "netlify")
    page = serve(other_host, tmp_path / "away", {path: data for path, data in files.items() if path[0] != "."})
    marks = await judged(hub, sha, page.rstrip("/"), page)
    assert {kind: state for kind, (state, _) in marks.items()} == dict.fromkeys(
        ("repository", "owner", "licence", "page", "js"), "passed"
    )


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (("f" * 16, "netlify", "named"), "nothing in the commit names the request"),
        ((TASK.id, "pages", "named"), "the repository has no page"),
        ((TASK.id, None, "named"), "the repository has no page"),
        ((TASK.id, "netlify", "not named"), "the repository has no page"),
    ],
)
async def test_a_page_that_repository_and_record_do_not_both_name_is_nobodys(
    hub: Hub, other_host: Host, tmp_path: Path, said: tuple[str, str | None, str], why: str
) -> None:
    request, target, homepage = said
    sha, files = committed(hub, request, target)
    page = serve(other_host, tmp_path / "away", files)
    marks = await judged(hub, sha, page, page if homepage == "named" else None)
    assert marks["owner"] == ("failed", why)
    assert marks["page"][0] == "failed"


async def test_other_bytes_are_not_the_commit(hub: Hub, other_host: Host, tmp_path: Path) -> None:
    sha, files = committed(hub, TASK.id, "vercel")
    page = serve(other_host, tmp_path / "away", {**files, "index.html": PAGE + b"!"})
    marks = await judged(hub, sha, page, page)
    assert marks["page"] == ("failed", "/: not the bytes of the commit")
