"""Pages that never end, wait, leave or take too much, in a real browser: inspection ends all the same."""

import asyncio
from time import monotonic
from urllib.parse import urlsplit

import pytest

from orchestrator.core.site import Site
from orchestrator.core.task import Check
from orchestrator.verify.browser import open_cage
from orchestrator.verify.hearing import Target
from orchestrator.verify.inspection import inspect_page
from orchestrator.verify.limits import TimeLimits
from orchestrator.verify.server import ServedSite
from tests.doubles.server import Asked, answering
from tests.doubles.stage import HOME, Stage, findings, states

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


async def test_a_page_that_never_comes_to_rest_while_loading_ends_within_the_limit(stage: Stage) -> None:
    started = monotonic()
    report = await stage.report(
        "<h1>x</h1><script>for (;;);</script>", "1 === 1", "prose it is", limits=TimeLimits(load=1, check=1, whole=2)
    )
    assert monotonic() - started < 30
    assert "limit" in [kind for kind, _ in findings(report)]
    assert states(report) == ["failed", "unproved"]
    assert report.checks[0].seen == "not run"


async def test_a_check_that_never_ends_ends_within_the_limit(stage: Stage) -> None:
    started = monotonic()
    report = await stage.report(
        HOME, "document.title", "(() => { for (;;); })()", limits=TimeLimits(load=5, check=0.5, whole=6)
    )
    assert monotonic() - started < 30
    assert states(report) == ["passed", "failed"]
    assert report.checks[1].seen == "gave no answer in time"


async def test_a_page_that_begins_an_endless_loop_later_ends_within_the_limit(stage: Stage) -> None:
    started = monotonic()
    page = HOME + "<script>setTimeout(() => { for (;;); }, 50)</script>"
    report = await stage.report(page, *["document.title === 'No'"] * 20, limits=TimeLimits(load=1, check=0.5, whole=10))
    assert monotonic() - started < 30
    assert "limit" in [kind for kind, _ in findings(report)]


async def test_what_there_was_no_time_for_says_nothing_of_a_page_that_answers(stage: Stage) -> None:
    late = "new Promise(done => setTimeout(done, 50000, true)) // within 60 seconds"
    report = await stage.report(HOME, late, "document.title", limits=TimeLimits(check=1, whole=8))
    assert states(report) == ["unreadable", "passed"]
    assert report.checks[0].seen.startswith("There was no time left to evaluate it")
    assert report.findings == ()
    assert report.notes == ("The page could not be examined completely within 8 s.",)


async def test_no_check_holds_on_a_page_that_goes_from_document_to_document(stage: Stage) -> None:
    page = HOME + "<script>setTimeout(() => location.reload(), 40)</script>"
    report = await stage.report(page, "document.title === 'Sales'")
    assert states(report) == ["failed"]
    assert report.checks[0].seen.startswith("the page goes from document to document by itself")
    assert [finding.kind for finding in report.findings] == ["limit"]


async def test_no_check_holds_on_a_page_that_stops_running_however_far_it_came(stage: Stage) -> None:
    # Its checks hold first: it is made narrower only when it is looked at.
    page = HOME + "<script>addEventListener('resize', () => { for (;;); })</script>"
    report = await stage.report(page, "document.title === 'Sales'")
    assert states(report) == ["failed"]
    assert [finding.kind for finding in report.findings] == ["limit"]


async def test_a_page_that_waits_for_another_host_is_told_which(served: ServedSite) -> None:
    async def hang(_: Asked, __: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    async def here(_: str, __: int) -> list[str]:
        return ["127.0.0.1"]

    async with answering(hang) as slow, open_cage(None, served.url, resolve=here) as cage:
        image = f"http://slow.example:{urlsplit(slow).port}/x.png"
        served.site = Site({"index.html": f"{HOME}<img alt=x src={image}>".encode()})
        report = await inspect_page(
            cage, Target(served.url), [(1, Check(text="document.title === 'Sales'"))], TimeLimits(load=2)
        )
    assert states(report) == ["passed"]
    told = [finding.text for finding in report.findings if finding.kind == "limit"]
    assert told == [f"Expected the page to load within 2 s; saw it still loading and waiting for {image}."]


async def test_the_next_page_is_none_the_worse(stage: Stage) -> None:
    await stage.report("<script>for (;;);</script>", limits=TimeLimits(load=0.3, check=0.3, whole=1))
    assert states(await stage.report(HOME, "document.title === 'Sales'")) == ["passed"]


async def test_a_page_that_takes_too_much_memory_is_ended(served: ServedSite) -> None:
    greedy = b"<script>const all = []; setInterval(() => all.push(new Uint8Array(3e7).fill(1)), 9)</script>"
    served.site = Site({"index.html": b"<h1>x</h1>" + greedy})
    limits = TimeLimits(load=5, check=20, whole=30, bytes=700_000_000)
    async with open_cage(None, served.url, most_bytes=limits.bytes) as cage:
        report = await inspect_page(cage, Target(served.url), [(1, Check(text="false", js=True))], limits)
        assert cage.watch.has_ended_it
    assert [(finding.kind, finding.text) for finding in report.findings] == [
        ("limit", "Expected the page to need less than 667 MB; saw it take more.")
    ]
    assert states(report) == ["failed"]
