"""Telling the evaluator, over real sockets: how often, with which bytes, and what an evaluator can do to us."""

import gzip
import json
import tracemalloc

import pytest

from orchestrator.core.errors import NotAccepted
from orchestrator.core.task import Task
from orchestrator.jobs import notify as module
from orchestrator.jobs.notify import Publication, notify, result_body
from tests.doubles.clock import FastClock
from tests.doubles.evaluator import Answer, evaluator, flood, hang_up, silence, trickle
from tests.doubles.server import response, tripwire

BODY = b'{"email": "a@b.example", "nonce": "n"}'
TASK = Task(email="ü@b.example", task="sales", round=2, nonce="n\u2028", brief="-")
LIVE = Publication("https://github.com/o/r", "a" * 40, "https://o.github.io/r/")


async def told(url: str, time: FastClock, *, allow_private: bool = True) -> int:
    tries, status = await notify(url, BODY, time.clock(), allow_private=allow_private)
    assert 200 <= status < 300
    return tries


def test_a_result_has_the_seven_fields_in_order() -> None:
    assert list(json.loads(result_body(TASK, LIVE)).items()) == [
        ("email", "ü@b.example"),
        ("task", "sales"),
        ("round", 2),
        ("nonce", "n\u2028"),
        ("repo_url", "https://github.com/o/r"),
        ("commit_sha", "a" * 40),
        ("pages_url", "https://o.github.io/r/"),
    ]
    assert result_body(TASK, LIVE) == result_body(TASK, LIVE)


def test_an_error_is_one_line_of_bounded_length() -> None:
    told = json.loads(result_body(TASK, "It\nfailed.\t" + "x" * 10_000))
    assert told["error"].startswith("It failed. xxx")
    assert len(told["error"]) == 500
    assert sorted(told) == ["email", "error", "nonce", "round", "task"]


@pytest.mark.anyio
@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_any_2xx_is_acceptance(status: int) -> None:
    time = FastClock()
    async with evaluator(status) as other:
        assert await told(other.url, time) == 1
    assert (other.bodies, time.slept) == ([BODY], [])
    assert other.asked[0].method == "POST"


@pytest.mark.anyio
async def test_it_tries_again_after_1_2_4_8_16_32_seconds_with_the_same_bytes() -> None:
    time = FastClock()
    async with evaluator(500, 404, 429, 503, 400, hang_up, 200) as other:
        assert await told(other.url, time) == 7
    assert time.slept == [1, 2, 4, 8, 16, 32]
    assert other.bodies == [BODY] * 7


@pytest.mark.anyio
async def test_it_gives_up_after_the_seventh_try() -> None:
    time = FastClock()
    async with evaluator(503) as other:
        with pytest.raises(NotAccepted, match=r"answered 503 \(7 tries\)"):
            await told(other.url, time)
    assert len(other.asked) == 7
    assert time.slept == [1, 2, 4, 8, 16, 32]


@pytest.mark.anyio
async def test_410_stops() -> None:
    time = FastClock()
    async with evaluator(500, 410, 200) as other:
        with pytest.raises(NotAccepted, match=r"answered 410 \(2 tries\)"):
            await told(other.url, time)
    assert time.slept == [1]


@pytest.mark.anyio
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_a_failure_and_is_not_followed(status: int) -> None:
    async with tripwire() as wire, evaluator(response(status, location=wire.url), 200) as other:
        assert await told(other.url, FastClock()) == 2
        assert wire.connections == []


@pytest.mark.anyio
async def test_nobody_listening_is_a_failure_like_any_other() -> None:
    async with evaluator() as other:
        url = other.url
    with pytest.raises(NotAccepted, match="did not answer"):
        await told(url, FastClock())


@pytest.mark.anyio
async def test_an_evaluator_that_never_answers_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TRY_S", 0.6)
    async with evaluator(silence, silence, 200) as other:
        assert await told(other.url, FastClock()) == 3


@pytest.mark.anyio
@pytest.mark.parametrize("answer", [b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nabc", trickle])
async def test_what_follows_a_2xx_is_not_waited_for(answer: Answer) -> None:
    async with evaluator(answer) as other:
        assert await told(other.url, FastClock()) == 1


@pytest.mark.anyio
async def test_a_huge_answer_is_read_no_further_than_needed() -> None:
    async with evaluator(flood) as other:
        tracemalloc.start()
        assert await told(other.url, FastClock()) == 1
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 5_000_000


@pytest.mark.anyio
async def test_a_gzip_bomb_is_not_unpacked() -> None:
    bomb = response(200, gzip.compress(b"\0" * 60_000_000), content_encoding="gzip")
    async with evaluator(bomb) as other:
        tracemalloc.start()
        assert await told(other.url, FastClock()) == 1
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 5_000_000


@pytest.mark.anyio
@pytest.mark.parametrize(
    "answer",
    [b"", b"\0\0\0\0", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n", b"SSH-2.0-x\r\n"],
)
async def test_what_is_not_http_is_a_failure_and_no_defect(answer: bytes) -> None:
    async with evaluator(answer, 200) as other:
        assert await told(other.url, FastClock()) == 2


@pytest.mark.anyio
@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"]
)
async def test_a_private_address_is_refused_before_anything_is_sent(host: str) -> None:
    time = FastClock()
    async with tripwire() as wire:
        with pytest.raises(NotAccepted, match="not public"):
            await told(f"http://{host}:{wire.port}/", time, allow_private=False)
        assert wire.connections == []
    assert time.slept == []


@pytest.mark.anyio
async def test_a_name_that_does_not_resolve_now_may_resolve_later() -> None:
    time = FastClock()
    with pytest.raises(NotAccepted, match=r"did not answer \(7 tries\)"):
        await told("http://evaluator.invalid/", time, allow_private=False)
    assert len(time.slept) == 6


@pytest.mark.anyio
async def test_the_host_is_named_as_it_was_given() -> None:
    async with evaluator() as other:
        port = other.url.split(":")[2].split("/")[0]
        await told(f"http://localhost:{port}/notify?a=b%20c", FastClock())
    assert other.asked[0].headers["host"] == f"localhost:{port}"
    assert other.asked[0].target == "/notify?a=b%20c"


@pytest.mark.anyio
@pytest.mark.parametrize("url", ["http://b..c/", "http://" + "a" * 70 + ".example/", "http://xn--/", "http://ü..b/"])
@pytest.mark.parametrize("allow_private", [True, False])
async def test_a_host_that_is_no_name_is_an_error_with_a_remedy(url: str, *, allow_private: bool) -> None:
    with pytest.raises(NotAccepted):
        await told(url, FastClock(), allow_private=allow_private)
