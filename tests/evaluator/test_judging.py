"""What is seen of a round, on a GitHub with its Pages on a real socket, in a real browser."""

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.evaluator.judging import Claim, attached, is_private, judge
from orchestrator.evaluator.records import Verdict
from orchestrator.github.pages import site_url
from orchestrator.record import Record
from orchestrator.settings import EvaluatorSettings
from orchestrator.site import RECORD, Site, finished
from orchestrator.task import Task, parse
from tests.doubles.hub import Host, Hub, fault, hub_on

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

CSV = b"sales\n42\n"
PAGE = (
    b"<!doctype html><html lang=en><meta name=viewport content='width=device-width'><title>S</title>"
    b"<h1 id=total>42</h1>"
)
FILES = {"index.html": PAGE, "README.md": b"# Sales\n\n## Usage\n\nOpen it.\n", "data.csv": CSV}
CHECKS = [
    {"js": "document.querySelector('#total').textContent === '42'"},
    "Repo has MIT license",
    "data.csv is committed unchanged",
    "README.md is professional",
    {"js": "document.title === 'Other'"},
]
GOOD = ["passed"] * 6 + ["unproved", "failed"]


def task(**fields: Any) -> Task:
    return parse(Task, {"email": "a@b.c", "task": "sales", "round": 1, "nonce": "n", "brief": "b", **fields})


async def live(hub: Hub, files: Mapping[str, bytes]) -> tuple[str, str]:
    """Publish files as octo/sales, and return the commit and the page's URL."""
    sha = hub.seed("sales", dict(files))
    url = await site_url(hub.client(), "octo/sales", is_new=True)
    hub.time.moment += 1_000
    return sha, url


async def claim(hub: Hub, files: Mapping[str, bytes] = FILES, **told: Any) -> Claim:
    sha, url = await live(hub, finished(Site(files), "octo", 2026).files)
    result = {"repo_url": f"{hub.host.url}/octo/sales", "commit_sha": sha, "pages_url": url, **told}
    return Claim(task(checks=CHECKS), result, time.time() - 1, {"data.csv": CSV}, is_private=True)


async def seen(hub: Hub, claim: Claim) -> Verdict:
    settings = EvaluatorSettings(
        "https://github.com", "https://api.github.com", names_a_server=False, token="of-github"
    )
    return await judge(claim, settings, hub.time.clock())


def states(verdict: Verdict) -> list[str]:
    return [mark.state for mark in verdict.marks]


async def test_everything_is_looked_at_and_findings_are_told_too(hub: Hub) -> None:
    verdict = await seen(hub, await claim(hub, {**FILES, "index.html": PAGE + b"<script>gone()</script>"}))
    assert states(verdict) == GOOD
    assert [mark.kind for mark in verdict.marks[3:]] == ["js", "file", "file", "prose", "js"]
    assert "asked for" in verdict.marks[0].seen
    assert verdict.marks[2].seen == "4 files, the same bytes"
    assert [found.kind for found in verdict.findings] == ["error"]
    assert len(verdict.screenshots) == 4


async def test_a_repository_that_was_there_before_is_not_new(hub: Hub) -> None:
    verdict = await seen(hub, replace(await claim(hub), since=time.time() + 120))
    assert states(verdict) == ["failed", *GOOD[1:]]


@pytest.mark.parametrize(("delay", "slept", "said"), [(2, [5], "passed"), (100, [5, 10, 20], "failed")])
async def test_a_page_that_is_not_the_commit_is_looked_at_again(
    delay: float, slept: list[float], said: str, host: Host, tmp_path: Path
) -> None:
    hub = hub_on(host, tmp_path, delay)
    asked = await claim(hub)
    newer = hub.seed("sales", {"index.html": PAGE, "data.csv": b"other"}, "Not built yet")
    verdict = await seen(hub, replace(asked, result={**asked.result, "commit_sha": newer}))
    assert verdict.marks[2].state == said
    assert verdict.marks[2].seen == (
        "data.csv: not the bytes of the commit" if said == "failed" else "2 files, the same bytes"
    )
    assert hub.time.slept == slept


@pytest.mark.parametrize(("counted", "said"), [(True, "passed"), (False, "failed")])
async def test_a_later_commit_that_changes_the_counter_of_the_record_alone_is_the_same_page(
    hub: Hub, *, counted: bool, said: str
) -> None:
    """GitHub Pages may lose a commit; the one that goes live after it answers no other request."""
    record = Record(task="k", request="r", site="s", built_by="m")
    asked = await claim(hub, {**FILES, RECORD: record.written()})
    other = record.once_more() if counted else record.model_copy(update={"site": "t"})
    hub.seed("sales", {**hub.files("sales"), RECORD: other.written()}, "Once more")
    repository = hub.github.store.find("octo", "sales")
    assert repository
    hub.github.sites.get(repository)
    hub.time.moment += 1_000
    assert (await seen(hub, asked)).marks[2].state == said


async def test_what_jekyll_would_process_is_not_compared_where_it_may(hub: Hub) -> None:
    sha, url = await live(hub, {"index.html": PAGE, "_layouts/x.html": b"x"})
    result = {"repo_url": f"{hub.host.url}/octo/sales.git", "commit_sha": sha, "pages_url": url}
    asked = Claim(task(), result, since=0, attachments={}, is_private=True)
    verdict = await seen(hub, asked)
    assert states(verdict) == ["passed", "failed", "passed"]
    assert verdict.marks[1].seen.startswith("LICENSE lacks")


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        ({"repo_url": "https://elsewhere.example/octo/sales"}, "GitHub"),
        ({"repo_url": "HUB/octo"}, "repo_url is not a repository at HUB"),
        ({"repo_url": "HUB/octo/none"}, "404"),
        ({"repo_url": None}, "repo_url is not a repository"),
        ({"commit_sha": "main"}, "commit_sha is not a commit"),
        ({"commit_sha": "0" * 40}, "404"),
    ],
)
async def test_what_names_no_commit_fails_by_name(told: dict[str, Any], wrong: str, hub: Hub) -> None:
    filled = {name: value and value.replace("HUB", hub.host.url) for name, value in told.items()}
    verdict = await seen(hub, await claim(hub, **{"pages_url": "", **filled}))
    assert states(verdict) == ["failed", "failed", "failed", "failed", "failed", "failed", "unproved", "failed"]
    assert wrong.replace("HUB", hub.host.url) in verdict.marks[0].seen


async def test_a_page_that_does_not_answer_fails_by_name(hub: Hub) -> None:
    verdict = await seen(hub, await claim(hub, pages_url="http://none.invalid/"))
    assert states(verdict) == ["passed", "passed", "failed", "failed", "passed", "passed", "unproved", "failed"]
    assert verdict.marks[2].seen == "/: no answer"
    assert verdict.findings[0].text.startswith("Expected the page to be there")


@pytest.mark.parametrize("url", ["", "ftp://a/", None, 7])
async def test_without_a_page_nothing_is_opened(url: object, hub: Hub) -> None:
    verdict = await seen(hub, await claim(hub, pages_url=url))
    assert states(verdict) == ["passed", "passed", "failed", "failed", "passed", "passed", "unproved", "failed"]
    assert verdict.marks[3].seen == "there is no page to look at"


async def test_an_endpoint_on_the_internet_may_not_name_this_machine(hub: Hub) -> None:
    asked = replace(await claim(hub), is_private=False)
    hub.calls.clear()
    verdict = await seen(hub, asked)
    assert states(verdict) == ["failed", "failed", "failed", "failed", "failed", "failed", "unproved", "failed"]
    assert verdict.marks[0].seen == "repo_url is not a repository at https://github.com"
    assert hub.calls == []


async def test_a_github_that_fails_is_a_mark_and_no_end(hub: Hub) -> None:
    asked = await claim(hub)
    hub.fail(fault("tarball", method="GET", status=500, times=99))
    verdict = await seen(hub, asked)
    assert verdict.marks[0].seen == "GitHub failed with 500."


def test_attachments_of_all_rounds_are_known_and_what_lies_elsewhere_is_not() -> None:
    first = task(attachments=[{"name": "a", "url": "data:,one"}, {"name": "b", "url": "https://example.com/b"}])
    second = task(attachments=[{"name": "a", "url": "data:,two"}])
    assert attached([first, second]) == {"a": b"two"}


async def test_private_is_what_resolves_to_an_address_of_ones_own() -> None:
    assert await is_private("http://127.0.0.1:1/x")
    assert not await is_private("http://8.8.8.8/")
    assert not await is_private("http://none.invalid/")


async def test_what_the_files_leave_open_is_unproved(hub: Hub) -> None:
    made = await claim(hub, pages_url="")
    asked = task(checks=["README.md contains the text 'open it'"])
    mark = (await seen(hub, replace(made, task=asked))).marks[3]
    assert (mark.kind, mark.state) == ("prose", "unproved")
    assert "in other capitals" in mark.seen
