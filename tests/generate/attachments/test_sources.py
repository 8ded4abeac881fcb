"""The bytes of a task's attachments, decoded or fetched, and what their hosts can do to us."""

import base64
import gzip
import tracemalloc
import zlib

import pytest

from orchestrator.core.errors import UsageError
from orchestrator.core.task import Attachment
from orchestrator.generate.attachments import sources
from orchestrator.generate.attachments.sources import fetch_contents
from tests.doubles.clock import FastClock
from tests.doubles.evaluator import Answer, evaluator, flood, hang_up, silence, trickle
from tests.doubles.server import response, tripwire

pytestmark = pytest.mark.anyio
EVERY = bytes(range(256))


async def had(
    *urls: str, allow_private: bool = True, seconds: float = 60, time: FastClock | None = None
) -> list[bytes]:
    asked = [Attachment(name=f"{number}.bin", url=url) for number, url in enumerate(urls)]
    found = await fetch_contents(asked, (time or FastClock()).deadline(seconds), allow_private=allow_private)
    assert list(found) == [attachment.name for attachment in asked]
    return list(found.values())


async def test_data_uris_are_decoded_byte_for_byte_and_in_order() -> None:
    packed = base64.b64encode(EVERY).decode()
    assert await had(f"data:image/png;base64,{packed}", "data:text/csv,a%2Cb%0A1%2C2", "data:,") == [
        EVERY,
        b"a,b\n1,2",
        b"",
    ]


async def test_a_url_is_fetched_once_byte_for_byte() -> None:
    async with evaluator(response(200, EVERY)) as host:
        assert await had(host.url) == [EVERY]
    (asked,) = host.asked
    assert (asked.method, asked.headers["accept-encoding"]) == ("GET", "identity")


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(EVERY, mtime=0)),
        ("deflate", zlib.compress(EVERY)),
        ("deflate", zlib.compress(EVERY, wbits=-15)),
        ("identity", EVERY),
    ],
)
async def test_what_a_host_packs_all_the_same_is_unpacked(encoding: str, packed: bytes) -> None:
    async with evaluator(response(200, packed, content_encoding=encoding)) as host:
        assert await had(host.url) == [EVERY]


async def test_what_unpacks_to_too_much_is_given_up_before_it_fills_the_memory() -> None:
    packed = gzip.compress(b"\0" * 200_000_000)
    async with evaluator(response(200, packed, content_encoding="gzip")) as host:
        tracemalloc.start()
        with pytest.raises(UsageError, match="larger than 25 MB"):
            await had(host.url)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 60_000_000


@pytest.mark.parametrize(
    ("encoding", "sent", "says"),
    [
        ("br", b"x", "unknown encoding"),
        ("gzip", b"no", "cannot be decompressed"),
        ("gzip", gzip.compress(EVERY, mtime=0)[:40], "end"),
    ],
)
async def test_what_cannot_be_unpacked_is_an_error(encoding: str, sent: bytes, says: str) -> None:
    async with evaluator(response(200, sent, content_encoding=encoding)) as host:
        with pytest.raises(UsageError, match=says):
            await had(host.url)


async def test_a_page_where_data_was_named_is_an_error() -> None:
    async with evaluator(response(200, b"\n<!DOCTYPE html><p>Sign in")) as host:
        asked = [Attachment(name="data.csv", url=host.url)]
        with pytest.raises(UsageError, match="a web page"):
            await fetch_contents(asked, FastClock().deadline(60), allow_private=True)
    async with evaluator(response(200, b"<html>")) as host:
        asked = [Attachment(name="index.html", url=host.url)]
        assert await fetch_contents(asked, FastClock().deadline(60), allow_private=True) == {"index.html": b"<html>"}


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (404, "answered 404"),
        (500, "answered 500"),
        (204, "answered 204"),
        (hang_up, "does not answer"),
        (b"nonsense", "does not answer"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf", "does not answer"),
    ],
)
async def test_what_cannot_be_had_is_named_by_its_position(answer: Answer, says: str) -> None:
    async with evaluator(answer) as host:
        with pytest.raises(UsageError, match=f"Attachment 1 could not be downloaded: its host {says}") as failed:
            await had("data:,x", host.url)
        assert host.url not in str(failed.value)


@pytest.mark.parametrize(
    ("answers", "slept"),
    [
        ((503, hang_up, response(200, EVERY)), [1, 2]),
        ((b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf", response(200, EVERY)), [1]),
        ((response(429, retry_after="7"), response(200, EVERY)), [7]),
    ],
    ids=["outage", "cut off", "rate limit"],
)
async def test_a_host_that_fails_for_a_moment_is_asked_again(answers: tuple[Answer, ...], slept: list[float]) -> None:
    time = FastClock()
    async with evaluator(*answers) as host:
        assert await had(host.url, time=time) == [EVERY]
    assert (len(host.asked), time.slept) == (len(answers), slept)


@pytest.mark.parametrize(
    ("answer", "slept"), [(404, []), (503, [1, 2, 4]), (response(429, retry_after="60"), [])], ids=str
)
async def test_a_host_that_goes_on_failing_is_given_up(answer: Answer, slept: list[float]) -> None:
    time = FastClock()
    async with evaluator(answer) as host:
        with pytest.raises(UsageError, match="its host answered"):
            await had(host.url, time=time)
    assert time.slept == slept


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_followed(status: int) -> None:
    async with evaluator(response(status, location="/ok"), response(200, b"a,b\n1,2\n")) as host:
        assert await had(host.url) == [b"a,b\n1,2\n"]
    assert host.asked[1].target == "/ok"


async def test_five_redirects_are_followed_and_a_sixth_is_not() -> None:
    hops = [response(302, location=f"/{number}") for number in range(6)]
    async with evaluator(*hops[:5], response(200, b"x")) as host:
        assert await had(host.url) == [b"x"]
    async with evaluator(*hops, response(200, b"x")) as host:
        with pytest.raises(UsageError, match="more than 5 times"):
            await had(host.url)


@pytest.mark.parametrize(
    ("location", "says"),
    [
        ("", "in a circle"),
        ("ftp://files.example/a", "not a web address"),
        ("file:///etc/passwd", "not a web address"),
        ("http://a:b@files.example/", "user name"),
    ],
)
async def test_a_redirect_that_must_not_be_followed_says_why(location: str, says: str) -> None:
    async with evaluator(response(302, location=location or "#again")) as host:
        with pytest.raises(UsageError, match=says):
            await had(host.url)


def test_a_redirect_leaves_no_encryption_behind() -> None:
    assert sources.resolve_redirect("https://a.example/x", "//b.example/y#z") == "https://b.example/y"
    with pytest.raises(ValueError, match="from https to http"):
        sources.resolve_redirect("https://a.example/x", "http://a.example/x")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "[::1]", "[::ffff:127.0.0.1]"])
async def test_a_private_address_is_refused_before_anything_is_sent(host: str) -> None:
    async with tripwire() as wire:
        with pytest.raises(UsageError, match=r"Attachment 0 .* not public"):
            await had(f"http://{host}:{wire.port}/a.csv", allow_private=False)
        assert wire.connections == []


@pytest.mark.parametrize("url", ["http://b..c/", "http://nobody.invalid/", "http://" + "a" * 70 + ".example/"])
@pytest.mark.parametrize("allow_private", [True, False])
async def test_a_host_that_is_not_there_is_an_error_with_a_remedy(url: str, *, allow_private: bool) -> None:
    with pytest.raises(UsageError, match="data URI"):
        await had(url, allow_private=allow_private)


async def test_a_file_that_is_too_large_is_read_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "FETCH_BYTES", 3 * 1024**2)
    async with evaluator(flood) as host:
        with pytest.raises(UsageError, match="larger than 3 MB"):
            await had(host.url)


async def test_files_that_are_too_large_together_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MAX_BYTES", 1024**2)
    half = "data:;base64," + base64.b64encode(b"x" * 600_000).decode()
    assert len(await had(half)) == 1
    with pytest.raises(UsageError, match="more than 1 MB in total"):
        await had(half, half)


@pytest.mark.parametrize("answer", [silence, trickle])
async def test_a_host_that_never_ends_is_given_up(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "FETCH_S", 0.6)
    async with evaluator(answer) as host:
        with pytest.raises(UsageError, match="does not answer"):
            await had(host.url)


async def test_no_fetch_outlasts_the_deadline() -> None:
    async with evaluator(silence) as host:
        with pytest.raises(UsageError, match="does not answer"):
            await had(host.url, seconds=0.6)
