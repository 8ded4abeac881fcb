"""A model behind two real APIs on a real socket, answering as scripted and refusing as the real ones do.

`POST /v1/chat/completions`, `POST /v1/messages` and `GET /v1/models`, each in the form of the provider asked for.
"""

import asyncio
import json
import time
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.doubles.providers.anthropic import Anthropic
from tests.doubles.providers.form import (
    CHARS_A_TOKEN,
    PIECE,
    Limits,
    Provider,
    Refusal,
    Said,
    Sent,
    Usage,
    tokens_of,
)
from tests.doubles.providers.openai import OpenAI
from tests.doubles.server import Asked, answering

_BLANK = b" " * 65_536
_SLICE = 64
_BETWEEN_TRICKLES_S = 0.05


Playing = Callable[[str], str]


@dataclass(frozen=True)
class Reply:
    """One answer. The defaults are those of a good one.

    - `tokens`: tokens in and out; None: they are counted, and the cache's too
    - `cached`: how many of the tokens come from a cache
    - `written`: how many of the tokens go to a cache
    - `obeys`: the answer ends at the limit of tokens that was asked for
    - `status`: an outage in the provider's words
    - `inside`: the outage comes in an answer with status 200
    - `body`: with `status`: exactly what is sent
    - `blanks`: bytes of white space before the answer
    - `delay`: seconds before the answer
    - `pace`: seconds between its pieces
    - `silent`: the server never answers
    - `trickle`: the answer begins and never ends
    - `cut`: the connection ends midway, after the head, or before anything
    - `thought`: in a stream: thinking that comes before the answer
    - `piece`: in a stream: characters in one piece
    - `lacks`: in a stream: events that are never sent
    - `named`: in a stream: the model that says it answers
    - `stays`: in a stream: after so many pieces the body ends as if it were whole
    - `stalls`: with `stays`: nothing more comes, and the body does not end
    - `waits`: in a stream: how many pieces come, and the event that must be set before the next one
    """

    content: str | None = ""
    finish_reason: Literal["stop", "length", "content_filter"] = "stop"
    tokens: tuple[int, int] | None = (100, 200)
    cached: int = 0
    written: int = 0
    obeys: bool = True
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    inside: bool = False
    body: bytes | None = None
    content_type: str = "application/json"
    blanks: int = 0
    gzip: bool = False
    delay: float = 0
    pace: float = 0
    silent: bool = False
    trickle: bool = False
    cut: bool | Literal["head", "nothing"] = False
    thought: str = ""
    piece: int = PIECE
    lacks: Sequence[str] = ()
    named: str = ""
    stays: int | None = None
    stalls: bool = False
    waits: tuple[int, asyncio.Event] | None = None

    def said(self, provider: Provider, wanted: Mapping[str, Any]) -> Said:
        """Return this answer as `provider` gives it to that request."""
        most, text, reason = provider.most(wanted), self.content, self.finish_reason
        if self.obeys and most and text and tokens_of(text) > most:
            text, reason = text[: most * CHARS_A_TOKEN], "length"
        model, blocks = wanted["model"], provider.blocks(wanted)
        cached, written = provider.cached(model, blocks)
        usage = Usage(sum(block.tokens for block in blocks), tokens_of(text or ""), cached, written)
        if self.tokens is not None:
            usage = Usage(*self.tokens, self.cached, self.written)
        return Said(self.named or model, text, reason, usage, self.thought, self.piece)

    def stream(self, provider: Provider, wanted: Mapping[str, Any]) -> list[Sent]:
        """Return the events that are sent of this answer, as far as it goes."""
        events = [one for one in provider.events(self.said(provider, wanted), wanted) if one.kind not in self.lacks]
        return events if self.stays is None else events[: _place(events, self.stays)]


def _place(events: Sequence[Sent], pieces: int) -> int:
    """Return where the events after so many pieces begin."""
    places = [place for place, one in enumerate(events) if one.kind in ("text", "thought")]
    return places[pieces] if pieces < len(places) else len(events)


@dataclass(frozen=True)
class Call:
    """One request: what came, when (seconds of a clock that never goes back), and the reply it got, None if refused."""

    asked: Asked
    moment: float
    reply: Reply | None

    @property
    def wanted(self) -> Any:
        """What was asked, parsed; None if it is no JSON."""
        return _parsed(self.asked.body)


@dataclass
class ModelServer:
    """Replies are given in order, the last one again and again; those in `by_model` to the models named there.

    `key`: the valid one, any where it is empty; `models`: those that there are, any where none is named.
    """

    replies: Sequence[Reply | Playing]
    by_model: Mapping[str, Sequence[Reply | Playing]]
    key: str
    models: Sequence[str]
    limits: Limits
    url: str = ""
    calls: list[Call] = field(default_factory=list)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """Set as soon as somebody has left in the middle of an answer."""
    _given: Counter[str] = field(default_factory=Counter)
    _providers: tuple[Provider, Provider] = field(default_factory=lambda: (OpenAI(), Anthropic()))

    @property
    def asked(self) -> list[Asked]:
        """Every request for an answer as it came; what asks for the list of models is among the calls alone."""
        return [call.asked for call in self.calls if call.asked.method == "POST"]

    @property
    def prompts(self) -> list[dict[str, Any]]:
        """What was asked, parsed."""
        return [call.wanted for call in self.calls if isinstance(call.wanted, dict)]

    @property
    def texts(self) -> list[str]:
        """Everything that was said in each request, the system's words first."""
        return [_text(prompt) for prompt in self.prompts]

    def base(self, provider: str) -> str:
        """Return the URL that litellm wants for `provider`."""
        return self.url.removesuffix("/v1") if provider == "anthropic" else self.url

    async def answer(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        provider, wanted = self._provider(asked), _parsed(asked.body)
        refusal = next(self._refusals(asked, provider, wanted), None)
        is_list = asked.method == "GET"
        reply = None if refusal or is_list else self._next(wanted)
        self.calls.append(Call(asked, time.monotonic(), reply))
        if reply is not None:
            await self._send(writer, _answered(reply, provider, wanted), reply)
        else:
            body = provider.error(refusal) if refusal else provider.listing(self.models)
            sent = _Sent(refusal.status if refusal else 200, "application/json", [_json(body)], provider.request_id)
            await _send(writer, sent, Reply())

    async def _send(self, writer: asyncio.StreamWriter, sent: "_Sent", reply: Reply) -> None:
        try:
            await _send(writer, sent, reply)
            if reply.stalls:
                await _trickle(writer, b": still here\n\n")
        except ConnectionError:
            self.left.set()
            raise
        if reply.stalls or reply.trickle:
            self.left.set()

    def _provider(self, asked: Asked) -> Provider:
        openai, anthropic = self._providers
        if asked.method == "GET":
            return anthropic if "anthropic-version" in asked.headers else openai
        return anthropic if asked.target.partition("?")[0].endswith("/messages") else openai

    def _refusals(self, asked: Asked, provider: Provider, wanted: Any) -> Iterator[Refusal]:
        """Yield what is wrong with a request, worst first."""
        if (asked.method, asked.target.partition("?")[0]) not in (("POST", provider.path), ("GET", "/v1/models")):
            yield Refusal(404, f"Invalid URL ({asked.method} {asked.target})")
        if self.key and (given := provider.key(asked.headers)) != self.key:
            yield provider.wrong_key(given)
        if asked.method == "GET":
            return
        if len(asked.body) > self.limits.body:
            yield Refusal(413, "Request exceeds the maximum size")
        if not isinstance(wanted, dict) or not isinstance(wanted.get("model"), str):
            yield Refusal(400, "The body of the request is no JSON object with a model.")
        if (self.models and wanted["model"] not in self.models) or not self._script(wanted["model"]):
            yield provider.unknown_model(wanted["model"])
        yield from provider.problems(wanted, asked.headers, self.limits)

    def _script(self, model: str) -> Sequence[Reply | Playing]:
        return self.by_model.get(model, self.replies)

    def _next(self, wanted: dict[str, Any]) -> Reply:
        model = wanted["model"]
        name = model if model in self.by_model else ""
        script = self._script(model)
        # A body that is no stream is the answer to the same request without one too.
        before = script[min(self._given[name], len(script)) - 1] if self._given[name] else None
        self._given[name] += not (_is_answer(before) and self._is_unstreamed_again(wanted))
        reply = script[min(self._given[name], len(script)) - 1]
        return reply if isinstance(reply, Reply) else Reply(reply(_text(wanted)))

    def _is_unstreamed_again(self, wanted: dict[str, Any]) -> bool:
        last = self.calls[-1].wanted if self.calls else None
        if not isinstance(last, dict) or last.get("messages") != wanted.get("messages"):
            return False
        return bool(last.get("stream")) and not wanted.get("stream")


def _is_answer(reply: Reply | Playing | None) -> bool:
    """Whether a reply is a whole answer in a body of its own."""
    return isinstance(reply, Reply) and reply.status == 200 and isinstance(_parsed(reply.body or b""), dict)


@asynccontextmanager
async def model_server(
    *replies: Reply | str | Playing,
    key: str = "",
    by_model: Mapping[str, Sequence[Reply | str | Playing]] | None = None,
    models: Sequence[str] = (),
    limits: Limits | None = None,
) -> AsyncIterator[ModelServer]:
    """Run a model; a text is a reply of that text, and a function makes one of everything that was said."""
    scripts = {name: _replies(script) for name, script in (by_model or {}).items()}
    double = ModelServer(_replies(replies), scripts, key, models, limits or Limits())
    async with answering(double.answer) as url:
        double.url = f"{url}/v1"
        yield double


def _replies(script: Iterable[Reply | str | Playing]) -> list[Reply | Playing]:
    return [Reply(reply) if isinstance(reply, str) else reply for reply in script]


@dataclass(frozen=True)
class _Sent:
    status: int
    content_type: str
    pieces: Iterable[bytes]
    request_id: str
    held: int | None = None


def _answered(reply: Reply, provider: Provider, wanted: Mapping[str, Any]) -> _Sent:
    """Return what goes over the wire. A refusal is never streamed; an error after a stream began is part of it."""
    fails, is_streamed = reply.status != 200, bool(wanted.get("stream"))
    status = 200 if reply.inside else reply.status
    content_type, held = reply.content_type, None
    if reply.body is not None:
        pieces = [reply.body]
    elif fails and not (reply.inside and is_streamed):
        pieces = [_json(provider.error(provider.outage(reply.status)))]
    elif is_streamed:
        content_type = "text/event-stream"
        events = reply.stream(provider, wanted)
        pieces = [one.line for one in events]
        if fails:
            pieces = [*pieces[: len(pieces) // 2], provider.error_event(provider.outage(reply.status))]
        held = None if reply.waits is None else _place(events, reply.waits[0])
    else:
        pieces = [_json(provider.whole(reply.said(provider, wanted)))]
    return _Sent(status, content_type, pieces, provider.request_id, held)


async def _send(writer: asyncio.StreamWriter, sent: _Sent, reply: Reply) -> None:
    """Write an answer in chunks, as both providers do, at the pace of `reply`, and no further than it goes."""
    if reply.silent:
        await asyncio.Event().wait()
    await asyncio.sleep(reply.delay)
    if reply.cut == "nothing":
        return
    writer.write(_head(sent, reply))
    if reply.trickle:
        await _trickle(writer, b": still here\n\n" if sent.content_type == "text/event-stream" else b" ")
    for place, piece in enumerate(() if reply.cut == "head" else _wire(sent.pieces, reply)):
        if place == sent.held and reply.waits:
            await reply.waits[1].wait()
        writer.write(piece)
        await writer.drain()
        if reply.pace:
            await asyncio.sleep(reply.pace)


def _head(sent: _Sent, reply: Reply) -> bytes:
    named = {
        "content-type": sent.content_type,
        "transfer-encoding": "chunked",
        "connection": "close",
        sent.request_id: "req_double",
        **({"content-encoding": "gzip"} if reply.gzip else {}),
        **reply.headers,
    }
    lines = [f"{name}: {value}" for name, value in named.items()]
    return "\r\n".join([f"HTTP/1.1 {sent.status} -", *lines, "", ""]).encode()


def _wire(pieces: Iterable[bytes], reply: Reply) -> Iterator[bytes]:
    """Yield the body: white space first, in slices where it dribbles, packed where asked, half of it where cut."""
    if reply.pace:
        pieces = [piece[at : at + _SLICE] for piece in pieces for at in range(0, len(piece), _SLICE)]
    body = _with_blanks(pieces, reply.blanks)
    chunks = _chunks(_packed(body) if reply.gzip else body, is_ended=not reply.stalls)
    if reply.cut:
        whole = b"".join(chunks)
        chunks = iter([whole[: len(whole) // 2]])
    yield from chunks


def _with_blanks(pieces: Iterable[bytes], blanks: int) -> Iterator[bytes]:
    for start in range(0, blanks, len(_BLANK)):
        yield _BLANK[: blanks - start]
    yield from pieces


def _packed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(wbits=31)
    for piece in pieces:
        yield packer.compress(piece)
    yield packer.flush()


def _chunks(pieces: Iterable[bytes], *, is_ended: bool = True) -> Iterator[bytes]:
    """Yield pieces in the chunked coding of RFC 9112, 7.1. An empty one would be the end."""
    yield from (b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces if piece)
    if is_ended:
        yield b"0\r\n\r\n"


async def _trickle(writer: asyncio.StreamWriter, drop: bytes) -> None:
    """Send a little now and then for as long as somebody listens."""
    while not writer.is_closing():
        writer.write(b"%x\r\n%b\r\n" % (len(drop), drop))
        await writer.drain()
        await asyncio.sleep(_BETWEEN_TRICKLES_S)


def _json(said: Mapping[str, Any]) -> bytes:
    return json.dumps(said).encode()


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _text(prompt: Mapping[str, Any]) -> str:
    """Return all the words of a request, in whatever form they came."""
    contents = [prompt.get("system"), *(message.get("content") for message in prompt.get("messages") or ())]
    parts = [part for said in contents for part in ([said] if isinstance(said, str) else said or ())]
    return "\n".join(part if isinstance(part, str) else part.get("text", "") for part in parts)
