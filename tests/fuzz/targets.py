"""What is fuzzed: everything that takes what strangers send, as it runs."""

import asyncio
import io
import json
import posixpath
import random
import re
import unicodedata
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PureWindowsPath
from typing import Any

import httpx
from hypothesis import strategies as st
from starlette.applications import Starlette

from orchestrator.core.errors import UsageError
from orchestrator.core.loopback import bind, serving
from orchestrator.core.order import read_event
from orchestrator.core.paths import find_clash, form_problem, path_problem
from orchestrator.core.task import decode_data_uri, slug, validate_web_url
from orchestrator.generate.reply.edits import apply_changes
from orchestrator.generate.reply.reply import parse_reply
from orchestrator.jobs.runner import Runner
from orchestrator.verify.checks import is_path, is_prose, seconds_asked
from orchestrator.verify.files import CheckedFiles, decide_check, is_about_files
from receiver.answers import RefusedRequest
from receiver.app import create_app
from receiver.github.client import GitHub
from receiver.settings import Settings
from receiver.tasks.body import Body, parse_body
from receiver.tasks.outline import Outline
from receiver.tasks.throttle import Throttle
from tests.fuzz.inputs import BODY, CANARY, SECRET, SENDER, TEXT, VALUE, WIRE
from tests.fuzz.running import Act, Escape, Failed500, Target

OURS = frozenset({200, 400, 401, 404, 405, 408, 413, 422})
"""503 is not among them: this GitHub takes everything."""

SETTINGS = Settings(
    SECRET, "token-of-the-door", "octo/pipeline", "octo", api_url="http://api.test", wait_s=0.01, poll_s=0.001, read_s=1
)
REPLIES = sorted((Path(__file__).parents[1] / "generate/reply/corpus").glob("*.txt"))


def _willing(request: httpx.Request) -> httpx.Response:
    """Answer as a GitHub that takes everything and has nothing."""
    if request.method == "GET":
        return httpx.Response(404)
    return httpx.Response(204) if request.url.path.endswith("/dispatches") else httpx.Response(201, json={"sha": "a"})


class _Patience(Throttle):
    def record_failure(self, _: str) -> float | None:
        return None


@contextmanager
def _door() -> Iterator[tuple[Starlette, asyncio.Runner]]:
    with asyncio.Runner() as runner:
        github = GitHub(SETTINGS, httpx.AsyncClient(transport=httpx.MockTransport(_willing)))
        yield create_app(SETTINGS, github, _Patience()), runner
        runner.run(github.aclose())


@contextmanager
def receiver() -> Iterator[Act]:
    """Bodies of POSTs."""
    with _door() as (app, runner):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url="http://door.test")

        def act(body: bytes) -> None:
            answer = runner.run(client.post("/api-endpoint", content=body))
            if answer.status_code not in OURS:
                raise Failed500(f"answered {answer.status_code}")
            if answer.status_code != 200 and (CANARY in answer.text or SECRET in answer.text):
                raise Escape(f"{answer.status_code} repeats what was sent")
            assert isinstance(answer.json(), dict)

        yield act
        runner.run(client.aclose())


@contextmanager
def senders() -> Iterator[Act]:
    """Who sends a body: what is found without building it, beside a parse of the whole."""

    def act(come: tuple[bytes, int]) -> None:
        body, step = come[0], max(come[1], len(come[0]) // 64)
        content, outline = bytearray(), Outline()
        for at in range(0, len(body), step):
            content += body[at : at + step]
            deque(outline.feed(content))
        whole, sender = _answer(lambda: parse_body(content.copy())), _answer(Body(content, outline).parse_sender)
        if isinstance(whole, dict):
            named = {name: whole[name] for name in ("secret", "email") if name in whole}
            whole = {name: value if isinstance(value, str) else None for name, value in named.items()}
            if isinstance(sender, dict):  # what is longer than any secret or e-mail is not read, and never a right one
                unread = {name for name, value in sender.items() if value == "" and len(whole.get(name) or "") > 5_000}
                whole |= dict.fromkeys(unread, "")
        # What is no object is refused in other words at most; what is no JSON may be found out by the parse alone.
        if whole not in (sender, 400) and (whole, sender) != (422, 400):
            raise Escape("another sender")

    yield act


def _answer(read: Callable[[], dict[str, Any]]) -> dict[str, Any] | int:
    try:
        return read()
    except RefusedRequest as refused:
        return refused.status


@contextmanager
def wire() -> Iterator[Act]:
    """Bytes on a connection to the receiver."""
    with _door() as (app, runner):
        listener = bind()
        server = serving(app, listener)
        runner.run(_entered(server))
        port = listener.getsockname()[1]

        def act(said: bytes) -> None:
            answer = runner.run(_exchanged(port, said))
            if status := re.match(rb"HTTP/1\.1 (\d{3})", answer):
                if int(status[1]) >= 500:
                    raise Failed500(f"answered {status[1].decode()}")
                if int(status[1]) != 200 and SECRET.encode() in answer:
                    raise Escape("the secret came back")
            elif answer:
                raise Escape("something that is no HTTP came back")

        yield act
        runner.run(_left(server))


async def _entered(server: Any) -> None:
    await server.__aenter__()


async def _left(server: Any) -> None:
    await server.__aexit__(None, None, None)


async def _exchanged(port: int, said: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(said)
        with suppress(OSError):
            writer.write_eof()
            return await reader.read()
        return b""
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


@contextmanager
def paths() -> Iterator[Act]:
    """Names of files: what is accepted stays inside, on every kind of disk, and is no name of ours."""

    def act(names: Sequence[str]) -> None:
        accepted = [name for name in names if path_problem(name) is None]
        for name in accepted:
            windows = PureWindowsPath(name)
            leads_out = posixpath.normpath(name) != name or name.startswith("/") or name.split("/")[0] == ".."
            if leads_out or windows.drive or windows.root or ".." in windows.parts:
                raise Escape("points outside")
            if re.search(r"(?i)(^|/)\.git", name) or re.fullmatch(r"(?i)(cname|license|pagewright\.json)(/.*)?", name):
                raise Escape("is a name of ours")
            if {unicodedata.category(sign) for sign in name} & {"Cc", "Cf", "Cs"} or len(name.encode()) > 255:
                raise Escape("is no name that can be shown")
        find_clash(accepted)

    yield act


@contextmanager
def data_uris() -> Iterator[Act]:
    """URLs of attachments, and the web's: decoded to no more than was sent, or refused as such."""

    def act(uri: str) -> None:
        with suppress(ValueError):
            if len(decode_data_uri(uri)) > 4 * len(uri):
                raise Escape("grew")
        with suppress(ValueError):
            assert validate_web_url(uri) == uri

    yield act


@contextmanager
def replies() -> Iterator[Act]:
    """What models answer."""
    before = {"index.html": b"<!doctype html><title>x</title>\n", "a.js": b"a();\nb();\n"}

    def act(text: str) -> None:
        reply = parse_reply(text)
        for path in apply_changes(before, reply.changes).files:
            if path not in before and form_problem(path) is not None:
                raise Escape("a name that leads elsewhere")

    yield act


@contextmanager
def checks() -> Iterator[Act]:
    """Texts of checks."""
    repository = CheckedFiles({"README.md": b"# x\n", "a.json": b"[1]", "LICENSE": b""}, {"a.json": b"[1]"})

    def act(text: str) -> None:
        assert 0 <= seconds_asked(text) <= 60
        is_path(text), is_prose(text), slug(text)
        if is_about_files(text):
            found = decide_check(text, repository)
            assert found.holds in (True, False, None)
            assert found.seen

    yield act


@contextmanager
def events() -> Iterator[Act]:
    """What a run is started with, whoever may have made it."""

    def act(event: dict[str, Any]) -> None:
        with suppress(UsageError):
            order = read_event(event, "1")
            order.identity()
            order.assemble_task()

    yield act


@contextmanager
def logs() -> Iterator[Act]:
    """What is said in a log: no text of a stranger's is a command there."""

    def act(text: str) -> None:
        out = io.StringIO()
        runner = Runner(out)
        runner.say(text)
        runner.begin_group(text)
        runner.warning(text)
        runner.end_group(0)
        for line in re.split(r"[\r\n]", out.getvalue()):
            ours = re.match(r"::(group|endgroup|warning)::", line)
            rest = line[ours.end() :] if ours else line
            if "##[" in line or re.search("::", rest):
                raise Escape("a command")

    yield act


PIECES = [
    "<file path=",
    '"a.html"',
    "<edit",
    "</file>",
    "<<<<<<< SEARCH\n",
    "=======\n",
    ">>>>>>> REPLACE\n",
    "```",
    "~~~",
]
EXAMPLES = [path.read_bytes().decode().partition("%%% reply")[2] for path in REPLIES]


@st.composite
def _mutilated(draw: st.DrawFn) -> str:
    lines = draw(st.sampled_from(EXAMPLES)).splitlines(keepends=True)
    order = random.Random(draw(st.integers(0, 2**32)))  # noqa: S311 - cheaper than drawing each line's place
    for _ in range(draw(st.integers(1, 4))):
        place = order.randrange(len(lines) + 1)
        lines = order.choice(
            (lines[place:] + lines[:place], lines[:place] + lines[place + 1 :], lines[: place + 1] + lines[place:])
        )
    text = "".join(lines)
    cut = draw(st.integers(0, len(text)))
    return text[:cut] + draw(TEXT) + text[cut : draw(st.integers(cut, len(text)))]


FORMS = st.lists(st.sampled_from(PIECES) | TEXT, max_size=20).map("".join)
NUMBERS = st.integers().map(str) | st.floats().map(str) | st.integers(1, 6_000).map(lambda digits: "9" * digits)
ASKING = ("setTimeout(f, {})", "within {} seconds", "README.md has at least {} words", "{}", "LICENSE is over {} bytes")
WORDS = [
    "README.md ",
    "a.json ",
    "has ",
    "is ",
    "exists ",
    "valid JSON ",
    "a section ",
    "and ",
    "it ",
    "mentions '",
    "; ",
]
RULES = st.one_of(
    st.lists(st.sampled_from(WORDS) | TEXT, max_size=12).map("".join),
    st.builds(str.format, st.sampled_from(ASKING), NUMBERS | TEXT),
)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return {}


EVENT = st.fixed_dictionaries(
    {}, optional={"client_payload": VALUE | st.fixed_dictionaries({"request": VALUE}), "inputs": VALUE}
) | st.builds(
    lambda given: {"client_payload": {"id": "a", "key": "b", "title": "c", "request": given}},
    BODY.map(_parsed),
)


TARGETS = (
    Target("receiver: bodies", 1_600, BODY, receiver),
    Target("receiver: senders", 700, SENDER, senders),
    Target("receiver: connections", 400, WIRE, wire),
    Target("paths", 1_500, st.lists(TEXT, min_size=1, max_size=4), paths),
    Target(
        "data URIs and URLs", 1_500, st.builds(str.__add__, st.sampled_from(["data:", "", "http://"]), TEXT), data_uris
    ),
    Target("replies", 2_000, FORMS | _mutilated(), replies),
    Target("check texts", 300, RULES | TEXT, checks),
    Target("events", 500, EVENT, events),
    Target("logs", 500, TEXT, logs),
)
