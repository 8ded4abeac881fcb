"""The receiver as a process, under bodies and connections that are meant to harm it: what it keeps of them."""

import asyncio
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from orchestrator.core.loopback import bind
from tests.bench.sink import Sink

ROOT = Path(__file__).parents[2]
MB = 1024 * 1024
SIZE = 10 * MB
MORE = 30 * MB
"""What a body may take above its own size."""

SECRET = "secret-of-the-door"
TASK: dict[str, Any] = {
    "email": "ann@example.com",
    "secret": SECRET,
    "task": "Sum of sales",
    "round": 1,
    "nonce": "n-1",
    "brief": "Show the sum.",
    "evaluation_url": "https://example.com/notify",
}
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="reads memory as Linux tells it"),
]


@dataclass(frozen=True)
class Receiver:
    """A process that serves on `port`."""

    process: int
    port: int

    def bytes_of(self, name: str) -> int:
        """Read a size as https://man7.org/linux/man-pages/man5/proc_pid_status.5.html names it."""
        status = Path(f"/proc/{self.process}/status").read_text()
        found = re.search(rf"^{name}:\s+(\d+) kB$", status, re.MULTILINE)
        assert found
        return int(found[1]) * 1024

    def forget_peak(self) -> None:
        """Begin VmHWM anew (https://man7.org/linux/man-pages/man5/proc_pid_clear_refs.5.html)."""
        Path(f"/proc/{self.process}/clear_refs").write_text("5")


@pytest.fixture(scope="module")
def running() -> Iterator[Receiver]:
    listener = bind()
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "SHARED_SECRET": SECRET,
        "DISPATCH_TOKEN": "t0ken",
        "PIPELINE_REPOSITORY": "octo/pagewright",
        "GITHUB_API_URL": f"http://127.0.0.1:{listener.getsockname()[1]}",
        "PORT": "0",
        "CHECK_ON_STARTUP": "false",
    }
    env |= {name: value for name, value in os.environ.items() if name.startswith("COV")}
    command = [sys.executable, "-m", "orchestrator", "serve"]
    github = threading.Thread(target=asyncio.run, args=(taking(listener),), daemon=True)
    github.start()
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = ""
        while not (found := re.search(r"running on http://\S+:(\d+)", said)):
            said = process.stderr.readline()
            assert said
        threading.Thread(target=process.stderr.read, daemon=True).start()
        yield Receiver(process.pid, int(found[1]))
        process.terminate()


async def taking(listener: Any) -> None:
    """Be a GitHub that takes everything."""
    server = await asyncio.get_running_loop().create_server(Sink, sock=listener)
    await server.serve_forever()


@pytest.fixture
async def receiver(running: Receiver) -> Receiver:
    assert await post(running, json.dumps(TASK).encode()) == 200
    return running


async def post(receiver: Receiver, body: bytes) -> int:
    """Send a body and return the status of the answer."""
    async with connected(receiver) as (reader, writer), asyncio.timeout(60):
        writer.write(b"POST /api-endpoint HTTP/1.1\r\nHost: door\r\nContent-Length: %d\r\n\r\n" % len(body))
        with suppress(ConnectionError):
            for at in range(0, len(body), MB):
                writer.write(body[at : at + MB])
                await writer.drain()
        return int((await reader.readuntil(b"\r\n")).split(b" ")[1])


@asynccontextmanager
async def connected(receiver: Receiver) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", receiver.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def settled(receiver: Receiver, most: int) -> int:
    """Return the memory that the process has, once that is at most `most` or some seconds are over."""
    for _ in range(100):
        if receiver.bytes_of("VmRSS") <= most:
            break
        await asyncio.sleep(0.05)
    return receiver.bytes_of("VmRSS")


def filled(head: str, unit: str, tail: str = "", size: int = SIZE) -> bytes:
    return (head + unit * ((size - len(head) - len(tail)) // len(unit.encode())) + tail).encode()


def held(unit: str, size: int = SIZE, **changes: Any) -> bytes:
    """Return a task in which an unknown field holds so many of `unit`."""
    return filled(json.dumps(TASK | changes, ensure_ascii=False)[:-1] + ', "x": "', unit, '"}', size)


WRONG = json.dumps(TASK | {"secret": "guess"})[:-1]
STRANGERS: dict[str, Callable[[], bytes]] = {
    "nested lists": lambda: filled(WRONG + ',"a":[', "[],", "[]]}"),
    "nested objects": lambda: filled(WRONG + ',"a":[', "{},", "{}]}"),
    "deep lists": lambda: filled("", "[", size=SIZE // 2) + filled("", "]", size=SIZE // 2),
    "deep objects": lambda: filled("", '{"a":'),
    "numbers": lambda: filled(WRONG + ',"a":[', "0.5,", "1]}"),
    "many keys": ("{" + ",".join(f'"{n}":{n}' for n in range(600_000)) + "}").encode,
    "one key": lambda: filled("{", '"secret":"guess",', '"email":"e"}'),
    "empty strings": lambda: filled('{"a":[', '"",', '""]}'),
    "one string": lambda: held("x", secret="guess"),
    "one wide string": lambda: held("x", secret="guess", nonce="😀"),
    "one wide and long string": lambda: filled(WRONG + ', "x": "😀', "x", '"}'),
    "one secret": lambda: filled('{"secret": "', "x", '"}'),
    "one secret of escapes": lambda: filled('{"secret": "', "\\u00e9", '"}'),
    "one key of escapes": lambda: filled('{"', "\\u0073", '": 1}'),
    "a long number": lambda: filled(WRONG + ',"a":', "9", "}"),
    "escapes": lambda: held("\\n", secret="guess"),
    "backslashes": lambda: held("\\\\", secret="guess"),
    "quotes": lambda: held('\\"', secret="guess"),
    "spaces": lambda: filled(WRONG, " ", "}"),
    "secret at the end": lambda: filled('{"brief": "', "é", '", "secret": "guess", "email": "e"}'),
    "not UTF-8 at the end": lambda: filled(WRONG + ', "x": "', "x") + b'\xff"}',
    "an end in the midst": lambda: filled(WRONG + ', "x": "', "x"),
}


@pytest.mark.parametrize("body", STRANGERS.values(), ids=STRANGERS)
async def test_no_stranger_costs_more_than_the_body(body: Callable[[], bytes], receiver: Receiver) -> None:
    sent = body()
    receiver.forget_peak()
    before = receiver.bytes_of("VmRSS")
    assert await post(receiver, sent) in (400, 401, 422, 429)
    assert receiver.bytes_of("VmHWM") - before <= len(sent) + MORE
    assert await settled(receiver, before + MORE) - before <= MORE
    assert await post(receiver, json.dumps(TASK).encode()) == 200


async def test_sixteen_at_once_cost_no_more_and_others_are_served_meanwhile(receiver: Receiver) -> None:
    bodies = [
        STRANGERS[kind]() for kind in ("nested lists", "escapes", "one wide and long string", "secret at the end")
    ]
    receiver.forget_peak()
    before = receiver.bytes_of("VmRSS")
    hostile = asyncio.gather(*(post(receiver, body) for body in bodies * 4))
    meanwhile = [await post(receiver, json.dumps(TASK).encode()) for _ in range(10)]
    assert set(await hostile) <= {400, 401, 422, 429}
    assert set(meanwhile) == {200}
    assert receiver.bytes_of("VmHWM") - before <= 4 * SIZE + MORE  # so many are held at the same time
    assert await settled(receiver, before + MORE) - before <= MORE


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (lambda: filled(json.dumps(TASK)[:-1] + ',"a":[', "[],", "[]]}"), 400),
        (lambda: filled(json.dumps(TASK)[:-1] + ',"a":', "[", "]}", 100_000), 400),
        (lambda: filled(json.dumps(TASK)[:-1] + ',"checks":[', '"a",', '"a"]}', 200_000), 422),
        (lambda: held("x", SIZE)[:-2] + b'\xff"}', 400),
    ],
    ids=["nested lists", "deep lists", "many checks", "not UTF-8"],
)
async def test_nor_does_anyone_with_the_secret(body: Callable[[], bytes], status: int, receiver: Receiver) -> None:
    sent = body()
    receiver.forget_peak()
    before = receiver.bytes_of("VmRSS")
    assert await post(receiver, sent) == status
    assert receiver.bytes_of("VmHWM") - before <= 2 * len(sent) + MORE
    assert await settled(receiver, before + MORE) - before <= MORE


async def test_a_file_of_escapes_is_decoded_in_little_more_than_its_size(receiver: Receiver) -> None:
    attachments = [{"name": "a.bin", "url": "data:," + "%41" * (3 * MB)}, {"name": "../b", "url": "data:,"}]
    sent = json.dumps(TASK | {"attachments": attachments}).encode()
    receiver.forget_peak()
    before = receiver.bytes_of("VmRSS")
    assert await post(receiver, sent) == 422
    assert receiver.bytes_of("VmHWM") - before <= 3 * len(sent) + MORE


async def test_two_hundred_slow_connections_hold_nobody_up(receiver: Receiver) -> None:
    before = receiver.bytes_of("VmRSS")
    head = b"POST /api-endpoint HTTP/1.1\r\nHost: door\r\nContent-Length: %d\r\n\r\n" % SIZE
    slow = [await asyncio.open_connection("127.0.0.1", receiver.port) for _ in range(200)]
    for number, (_, writer) in enumerate(slow):
        writer.write((head[:-2], head, head + b'{"a":', head + held("x", size=200_000))[number % 4])
    answers = await asyncio.gather(*(post(receiver, json.dumps(TASK).encode()) for _ in range(10)))
    assert answers == [200] * 10
    assert receiver.bytes_of("VmRSS") - before <= MORE
    for _, writer in slow:
        writer.close()
    while (status := await post(receiver, held("x", secret="guess"))) == 503:
        pass  # not all of them are known to have gone
    assert status in (401, 429)
    assert await settled(receiver, before + MORE) - before <= MORE
