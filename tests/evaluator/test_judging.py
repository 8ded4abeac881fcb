"""What is seen of a round, on a GitHub with its Pages on a real socket, in a real browser."""

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.core.errors import GitHubFailed
from orchestrator.core.record import Record
from orchestrator.core.settings import EvaluatorSettings
from orchestrator.core.site import RECORD, Site, add_standard_files
from orchestrator.core.task import Task, parse_task
from orchestrator.evaluator.judging import Claim, decode_attachments, judge_claim
from orchestrator.evaluator.reach import Reach
from orchestrator.evaluator.reading import CommitFiles, fetch_commit
from orchestrator.evaluator.records import Verdict
from orchestrator.targets.pages import enable_pages
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
HERE = Reach(allow_private=True, is_here=True)
GOOD = ["passed", "unproved", *["passed"] * 5, "unproved", "failed"]
LOST = [*["failed"] * 7, "unproved", "failed"]
UNSEEN = ["passed", "failed", "passed", "failed", "failed", "passed", "passed", "unproved", "failed"]


def task(**fields: Any) -> Task:
    return parse_task(Task, {"email": "a@b.c", "task": "sales", "round": 1, "nonce": "n", "brief": "b", **fields})


async def live(hub: Hub, files: Mapping[str, bytes]) -> tuple[str, str]:
    """Publish files as octo/sales, and return the commit and the page's URL."""
    sha = hub.seed("sales", dict(files))
    url = await enable_pages(hub.client(), "octo/sales", is_new=True)
    hub.time.moment += 1_000
    return sha, url


def rebuild(hub: Hub, files: Mapping[str, bytes]) -> None:
    """Commit files on top, and have Pages serve them."""
    hub.seed("sales", dict(files), "Once more")
    repository = hub.github.store.find_repository("octo", "sales")
    assert repository
    hub.github.sites.refresh_site(repository)
    hub.time.moment += 1_000


async def claim(hub: Hub, files: Mapping[str, bytes] = FILES, **told: Any) -> Claim:
    sha, url = await live(hub, add_standard_files(Site(files), "octo", 2026).files)
    result = {"repo_url": f"{hub.host.url}/octo/sales", "commit_sha": sha, "pages_url": url, **told}
    return Claim(task(checks=CHECKS), result, time.time() - 1, {"data.csv": CSV}, reach=HERE)


async def seen(hub: Hub, claim: Claim) -> Verdict:
    settings = EvaluatorSettings(
        "https://github.com", "https://api.github.com", names_a_server=False, token="of-github"
    )
    return await judge_claim(claim, settings, hub.time.clock())


def states(verdict: Verdict) -> list[str]:
    return [mark.state for mark in verdict.marks]


async def test_everything_is_looked_at_and_findings_are_told_too(hub: Hub) -> None:
    verdict = await seen(hub, await claim(hub, {**FILES, "index.html": PAGE + b"<script>gone()</script>"}))
    assert states(verdict) == GOOD
    assert [mark.kind for mark in verdict.marks[4:]] == ["js", "file", "file", "prose", "js"]
    assert "requested" in verdict.marks[0].seen
    assert verdict.marks[3].seen == "4 files, the same bytes"
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
    assert verdict.marks[3].state == said
    assert verdict.marks[3].seen == (
        "data.csv: not the bytes of the commit" if said == "failed" else "2 files, the same bytes"
    )
    assert hub.time.slept == slept


@pytest.mark.parametrize(
    ("later", "said"),
    [({}, "passed"), ({"new.txt": b"x"}, "failed"), ({"data.csv": b"other"}, "failed")],
    ids=["record alone", "one more file", "another file"],
)
async def test_a_later_commit_that_changes_the_record_alone_is_the_same_page(
    later: dict[str, bytes], said: str, hub: Hub
) -> None:
    """GitHub Pages may lose a commit; the one that goes live after it answers no other request."""
    record = Record(task="k", request="r", site="s", built_by="m")
    asked = await claim(hub, {**FILES, RECORD: record.render_file()})
    rebuild(hub, {**hub.files("sales"), RECORD: record.with_republish().render_file(), **later})
    assert (await seen(hub, asked)).marks[3].state == said


async def test_a_served_record_that_is_not_the_heads_is_not_the_page(host: Host, tmp_path: Path) -> None:
    hub = hub_on(host, tmp_path, 100)
    record = Record(task="k", request="r", site="s", built_by="m")
    asked = await claim(hub, {**FILES, RECORD: record.render_file()})
    rebuild(hub, {**hub.files("sales"), RECORD: record.with_republish().render_file()})
    hub.seed("sales", {**hub.files("sales"), RECORD: b"not built yet"}, "Once more")
    assert (await seen(hub, asked)).marks[3].seen == f"{RECORD}: not the bytes of the commit"


async def test_what_jekyll_would_process_is_not_compared_where_it_may(hub: Hub) -> None:
    sha, url = await live(hub, {"index.html": PAGE, "_layouts/x.html": b"x"})
    result = {"repo_url": f"{hub.host.url}/octo/sales.git", "commit_sha": sha, "pages_url": url}
    asked = Claim(task(), result, since=0, attachments={}, reach=HERE)
    verdict = await seen(hub, asked)
    assert states(verdict) == ["passed", "unproved", "failed", "passed"]
    assert verdict.marks[2].seen.startswith("LICENSE lacks")


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        ({"repo_url": "https://elsewhere.example/octo/sales"}, "repo_url is not a repository at https://github.com"),
        ({"repo_url": "HUB/octo"}, "repo_url is not a repository at HUB"),
        ({"repo_url": "HUB/octo/none"}, "404"),
        ({"repo_url": None}, "repo_url is not a repository"),
        ({"commit_sha": "main"}, "commit_sha is not a commit"),
        ({"commit_sha": "0" * 40}, "not a commit of the repository's default branch"),
    ],
)
async def test_what_names_no_commit_fails_by_name(told: dict[str, Any], wrong: str, hub: Hub) -> None:
    filled = {name: value and value.replace("HUB", hub.host.url) for name, value in told.items()}
    verdict = await seen(hub, await claim(hub, **{"pages_url": "", **filled}))
    assert states(verdict) == LOST
    assert wrong.replace("HUB", hub.host.url) in verdict.marks[0].seen


async def test_a_page_that_does_not_answer_fails_by_name(hub: Hub) -> None:
    asked = await claim(hub)
    hub.fail(fault("^/live/octo/sales/", drop="before", times=99))
    verdict = await seen(hub, asked)
    assert states(verdict) == ["passed", "unproved", *UNSEEN[2:]]
    assert verdict.marks[3].seen == "/: no answer"
    assert verdict.findings[0].text.startswith("Expected the page to exist")


@pytest.mark.parametrize("url", ["", "ftp://a/", None, 7])
async def test_without_a_page_nothing_is_opened(url: object, hub: Hub) -> None:
    verdict = await seen(hub, await claim(hub, pages_url=url))
    assert states(verdict) == UNSEEN
    assert verdict.marks[3].seen == "there is no page to open"


async def test_an_endpoint_on_the_internet_may_not_name_this_machine(hub: Hub) -> None:
    asked = replace(await claim(hub), reach=Reach())
    hub.calls.clear()
    verdict = await seen(hub, asked)
    assert states(verdict) == LOST
    assert verdict.marks[0].seen == "repo_url is not a repository at https://github.com"
    assert hub.calls == []


@pytest.mark.parametrize(
    ("broken", "is_githubs"),
    [
        ({"path": "tarball", "status": 500}, True),
        ({"path": "tarball", "status": 401}, True),
        ({"path": "tarball", "status": 429}, True),
        ({"path": "tarball", "status": 451, "body": {"message": "Unavailable due to DMCA takedown."}}, False),
        ({"path": "legacy", "status": 200, "body": "no archive"}, False),
    ],
    ids=["outage", "token", "limit", "takedown", "archive"],
)
async def test_what_github_itself_lacks_is_no_fault_of_the_endpoint(
    broken: dict[str, Any],
    is_githubs: bool,  # noqa: FBT001 - a column
    hub: Hub,
) -> None:
    asked = await claim(hub)
    hub.fail(fault(method="GET", times=99, **broken))
    if is_githubs:
        with pytest.raises(GitHubFailed):
            await seen(hub, asked)
    else:
        assert states(await seen(hub, asked)) == LOST


def test_attachments_of_all_rounds_are_known_and_what_lies_elsewhere_is_not() -> None:
    first = task(attachments=[{"name": "a", "url": "data:,one"}, {"name": "b", "url": "https://example.com/b"}])
    second = task(attachments=[{"name": "a", "url": "data:,two"}])
    assert decode_attachments([first, second]) == {"a": b"two"}


async def test_what_the_files_leave_open_is_unproved(hub: Hub) -> None:
    made = await claim(hub, pages_url="")
    asked = task(checks=["README.md contains the text 'open it'"])
    mark = (await seen(hub, replace(made, task=asked))).marks[4]
    assert (mark.kind, mark.state) == ("prose", "unproved")
    assert "in other capitals" in mark.seen


async def test_a_round_whose_repository_is_not_the_one_before_is_not_the_tasks(hub: Hub) -> None:
    verdict = await seen(hub, replace(await claim(hub), earlier=f"{hub.host.url}/octo/first"))
    assert states(verdict) == UNSEEN
    assert verdict.marks[1].seen == f"an earlier round of the task is in {hub.host.url}/octo/first"


async def test_a_repository_without_a_page_has_none_to_look_at(hub: Hub) -> None:
    sha = hub.seed("sales", {"index.html": PAGE})
    result = {"repo_url": f"{hub.host.url}/octo/sales", "commit_sha": sha, "pages_url": "http://127.0.0.1:1/"}
    verdict = await seen(hub, Claim(task(), result, since=0, attachments={}, reach=HERE))
    assert (verdict.marks[1].state, verdict.marks[1].seen) == ("failed", "the repository has no page")


async def test_a_page_at_a_private_address_is_not_looked_at_by_githubs_word(hub: Hub) -> None:
    """A domain of the owner's may lead anywhere."""
    asked = replace(await claim(hub), reach=Reach())
    verdict = await judge_claim(asked, named(hub, hub.host.url), hub.time.clock())
    assert states(verdict) == ["passed", "unproved", *UNSEEN[2:]]
    assert verdict.marks[3].seen == "the page has no address that may be opened"


def named(hub: Hub, server: str) -> EvaluatorSettings:
    return EvaluatorSettings(server, hub.host.url, names_a_server=True, token="")


async def read(hub: Hub, **told: str) -> CommitFiles:
    sha, _ = await live(hub, {"index.html": PAGE})
    hub.calls.clear()
    result = {"repo_url": "https://github.com/octo/sales", "commit_sha": sha, **told}
    return await fetch_commit(result, named(hub, "https://github.com"), Reach(), hub.time.clock())


async def test_the_page_of_a_repository_of_github_is_known_by_rule(hub: Hub) -> None:
    commit = await read(hub, pages_url="https://Octo.github.io/sales")
    assert (commit.full_name, commit.address, commit.later) == ("octo/sales", "https://octo.github.io/sales/", None)
    assert len(hub.calls) == 4  # the last one is where the archive lies, which counts for none


@pytest.mark.parametrize(
    ("answer", "address"),
    [
        ({"status": 200, "body": {"html_url": "https://own.example", "cname": "own.example"}}, "https://own.example/"),
        ({"status": 404}, "https://octo.github.io/sales/"),
    ],
    ids=["own domain", "unsaid"],
)
async def test_any_other_page_is_the_one_that_the_api_names(answer: dict[str, Any], address: str, hub: Hub) -> None:
    hub.fail(fault("/pages$", method="GET", **answer))
    commit = await read(hub, pages_url="https://evil.github.io/sales/")
    assert (commit.address, commit.is_own_domain) == (address, "own" in address)


async def test_what_github_refuses_to_say_of_a_page_is_shown(hub: Hub) -> None:
    hub.fail(fault("/pages$", method="GET", status=422, body={"message": "no"}))
    with pytest.raises(GitHubFailed, match="422: no"):
        await read(hub, pages_url="")


async def test_a_github_that_does_not_go_on_is_given_up(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.evaluator.reading.READING_S", 0.05)
    hub.fail(fault("/repos/octo/sales", method="GET", delay=0.3))
    with pytest.raises(GitHubFailed, match="did not answer within"):
        await read(hub, pages_url="")
