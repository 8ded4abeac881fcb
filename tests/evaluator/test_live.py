"""A page as it is served, on real sockets, and what a real browser gets of it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import pytest

from orchestrator.evaluator.live import LivePage, compare_files, open_live_page
from orchestrator.evaluator.reach import Reach, resolving
from orchestrator.verify.browser import open_cage
from orchestrator.verify.hearing import Target
from orchestrator.verify.opening import open_page
from tests.doubles.clock import FastClock
from tests.doubles.server import Asked, answering, response

pytestmark = pytest.mark.anyio

PAGE = b"<!doctype html><title>Own</title><h1>own</h1>"
FILES = {".nojekyll": b"", "index.html": PAGE, "docs/index.html": b"<title>Docs</title>", "data.csv": b"1"}


@asynccontextmanager
async def served(answers: Callable[[Asked], bytes]) -> AsyncIterator[tuple[LivePage, list[Asked]]]:
    """Read what a host answers under `/site/`."""
    asked: list[Asked] = []

    async def answer(request: Asked, writer: asyncio.StreamWriter) -> None:
        asked.append(request)
        writer.write(answers(request))

    async with answering(answer) as url:
        with resolving(Reach(allow_private=True)) as names:
            async with open_live_page(f"{url}/site/", await names.resolve_url(f"{url}/site/")) as live:
                yield live, asked


def host(files: Mapping[str, bytes]) -> Callable[[Asked], bytes]:
    def answer(request: Asked) -> bytes:
        path = request.target.removeprefix("/site/").partition("?")[0] or "index.html"
        return response(200, files[path], content_type="text/html") if path in files else response(404, b"gone")

    return answer


async def test_a_page_is_compared_file_by_file() -> None:
    async with served(host(FILES)) as (live, asked):
        assert await compare_files(live, FILES, None, FastClock().clock()) == (True, "3 files, the same bytes")
    assert [request.target for request in asked] == [f"/site/{name}" for name in ("", "data.csv", *sorted(FILES)[2:])]


async def test_a_host_that_sends_a_byte_now_and_then_has_its_time_and_no_more() -> None:
    async def drip(_: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 -\r\ncontent-length: 99999\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with answering(drip) as url:
        with resolving(Reach(allow_private=True)) as names:
            async with open_live_page(f"{url}/", await names.resolve_url(url)) as live, asyncio.timeout(30):
                shown = await compare_files(live, FILES, None, FastClock().clock(), seconds=0.3)
    assert shown == (False, "only 0 of 4 files arrived within 0 s")


async def test_what_is_too_large_or_too_much_is_not_read_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.evaluator.live.MOST_BYTES", 100)
    monkeypatch.setattr("orchestrator.evaluator.live.MOST_PATHS", 2)
    async with served(host({"a": b"x" * 60, "b": b"x" * 60})) as (live, asked):
        assert (await live.fetch_path("a")).body == b"x" * 60
        assert (await live.fetch_path("b")).problem == "too large"
        assert (await live.fetch_path("c")).problem == "too many paths were requested"
        assert (await live.fetch_path("a", again=True)).body == b"x" * 60
    assert len(asked) == 3


async def test_a_name_that_is_no_text_is_asked_for_as_git_knows_it() -> None:
    name = b"caf\xe9.txt".decode(errors="surrogateescape")
    async with served(lambda _: response(404)) as (live, asked):
        shown = await compare_files(live, {**FILES, name: b"x"}, None, FastClock().clock())
        await live.fetch_path(name)
    assert not shown[0]
    assert asked[-1].target == "/site/caf%E9.txt"


FETCHED = """async (url) => {
  try {
    const answer = await fetch(url);
    return `${answer.status} ${await answer.text()}`;
  } catch { return "none"; }
}"""


@pytest.mark.browser
async def test_a_browser_gets_what_was_compared_and_nothing_past_it() -> None:
    """A host that shows the browser something else than the one who compares."""
    is_compared = False

    def cloaked(request: Asked) -> bytes:
        if not is_compared:
            return host(FILES)(request)
        if request.target == "/site/away":
            return response(302, location="/other/")
        if request.target == "/site/odd":
            return b"HTTP/1.1 299 -\r\ncontent-type: \xff\r\ncontent-length: 3\r\n\r\nodd"
        return response(200, b"<title>Cloaked</title>", content_type="text/html")

    async with served(cloaked) as (live, asked):
        assert (await compare_files(live, FILES, None, FastClock().clock()))[0]
        is_compared = True
        before = len(asked)
        async with (
            open_cage(None, live.url) as cage,
            open_page(cage, Target(live.url, answer=live.answer_route)) as page,
        ):
            await page.goto(live.url)
            assert await page.title() == "Own"
            got = {path: await page.evaluate(FETCHED, path) for path in ("data.csv?x=1", "./", "docs", "away", "odd")}
            assert got == {
                "data.csv?x=1": "200 1",
                "./": f"200 {PAGE.decode()}",
                "docs": "200 <title>Docs</title>",
                "away": "404 ",
                "odd": "299 odd",
            }
            assert [request.target for request in asked[before:]] == ["/site/away", "/site/odd"]
            await page.evaluate("location.href = 'docs?x'")
            await page.wait_for_url("**/site/docs/")
            assert await page.title() == "Docs"
            assert await page.evaluate(FETCHED, "/elsewhere") == "200 <title>Cloaked</title>"


@pytest.mark.browser
async def test_what_does_not_come_does_not_reach_the_browser_either() -> None:
    async with (
        served(lambda request: response(200, PAGE) if request.target == "/site/" else b"") as (live, _),
        open_cage(None, live.url) as cage,
        open_page(cage, Target(live.url, answer=live.answer_route)) as page,
    ):
        await page.goto(live.url)
        assert await page.evaluate(FETCHED, "data.csv") == "none"
