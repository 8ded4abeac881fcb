"""Watches an answer while it arrives: reports its files and its progress, and ends a call that will not end well.

The answer is read a few times a second, and reading takes at most a small share of the time. So a long answer costs no
more each second than a short one.
"""

import asyncio
import re
import time
from dataclasses import dataclass, field
from typing import TypeVar

from orchestrator.core.events import Emit, FileEvent, FileState, HeardEvent, ignore_event
from orchestrator.core.paths import form_problem
from orchestrator.generate.models.presets import SILENCE_S, Model
from orchestrator.generate.models.stream import PartialAnswer, is_loop_without_end
from orchestrator.generate.reply.cut import join_continuation
from orchestrator.generate.reply.reply import Edit, File, Reply, parse_reply

CLOSING_S = 2.0
"""Seconds that an ended call may take to close its connection, and a server after a complete answer."""

TIMES = 3
"""If a server sends so many times the allowed tokens, it ignores the limit.

Models count tokens differently, but not that differently.
"""

_LOOP_STEP = 2_000
"""Characters between two searches for a loop."""

# Files that a model writes while it thinks are no files of its answer; the reader knows thoughts by their end.
_THINKS = re.compile(r"\A\s*[<◁](think|thinking|thought|reasoning)[>▷](?!.*[<◁]/\1[>▷])", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True)
class Pace:
    """How often an unfinished answer is read.

    `look_s`: seconds between two looks at least; `share`: of the time that goes into reading it, at most; `quiet_s`:
    seconds between two events while nothing comes.
    """

    look_s: float = 0.25
    share: float = 0.05
    quiet_s: float = 5.0


T = TypeVar("T")


@dataclass(frozen=True)
class Following:
    """How one call is followed.

    - `tell`: receives the events of the call
    - `call`: the number of the call in these events
    - `before`: the answer that this one continues
    - `has_next`: another model can be asked instead
    """

    tell: Emit = ignore_event
    call: int = 0
    before: str = ""
    has_next: bool = False
    pace: Pace = field(default_factory=Pace)


class Abandoned(Exception):
    """We ended the call, because the answer would not become usable. The text says why."""


class Complete(Exception):
    """The answer is complete, but its server keeps the connection open."""


@dataclass
class Follower:
    """Watches one call, and keeps what it has seen.

    - `tokens`: how many tokens the answer may have
    - `heard`: the answer so far, of the current try
    - `is_streamed`: the answer comes in pieces, so that silence and loops can be noticed
    """

    model: Model
    following: Following
    tokens: int
    heard: PartialAnswer = field(default_factory=PartialAnswer)
    is_streamed: bool = True
    _told: dict[str, tuple[FileState, int]] = field(default_factory=dict)
    _told_at: float = 0.0
    _told_chars: int = 0
    _read_again: float = 0.0
    _looped_at: int = 0

    async def follow(self, work: "asyncio.Task[T]") -> T:
        """Return what `work` returns. Raises what that raises, Abandoned and Complete; ends it where this ends."""
        try:
            while not work.done():
                await asyncio.wait({work}, timeout=self.following.pace.look_s)
                if not work.done():
                    self._inspect_answer()
        finally:
            if not work.done():
                work.cancel()
                await asyncio.wait({work}, timeout=CLOSING_S)
        return work.result()

    def _inspect_answer(self) -> None:
        now = time.monotonic()
        text = self.heard.read_so_far()
        if self.heard.has_come and now - (self.heard.last or now) > CLOSING_S and self.heard.is_whole:
            raise Complete
        self._tell_progress(now)
        if self.heard.chars - self._looped_at >= _LOOP_STEP:
            self._looped_at = self.heard.chars
            if is_loop_without_end(text) or is_loop_without_end(self.heard.thought.text):
                raise Abandoned("repeats itself endlessly")
        if self.heard.tokens > TIMES * self.tokens:
            raise Abandoned("its answer is longer than the limit that was set")
        if now >= self._read_again and self.following.tell is not ignore_event:
            self._tell_files(text)
            took = time.monotonic() - now
            self._read_again = now + took + took / self.following.pace.share
        if self.is_streamed and self.following.has_next and (limit := self.exceeded_silence(now)):
            raise Abandoned(f"nothing arrived for {limit:g} s")

    def exceeded_silence(self, now: float) -> float:
        """Return the seconds of silence that are allowed, where more have passed; else 0."""
        heard, limit = self.heard, self.model.silence_s
        if heard.has_come:
            limit = min(limit, SILENCE_S)
        return limit if now - (heard.last or heard.began) > limit else 0

    def _tell_progress(self, now: float) -> None:
        heard = self.heard
        is_new = heard.chars != self._told_chars
        if not is_new and now - max(self._told_at, heard.began) < self.following.pace.quiet_s:
            return
        self._told_at, self._told_chars = now, heard.chars
        since = now - (heard.first or now)
        event = HeardEvent(
            call=self.following.call,
            chars=heard.chars,
            tokens=heard.tokens,
            per_second=round(heard.chars / since, 1) if since else 0.0,
            age_s=round(now - (heard.last or heard.began), 3),
        )
        self.following.tell(event)

    def tell_all_files(self, text: str) -> None:
        """Tell of what has not been told of the files of an answer that has ended."""
        if self.following.tell is not ignore_event:
            self._tell_files(text)

    def _tell_files(self, text: str) -> None:
        if not text or _THINKS.match(text):
            return
        whole = join_continuation(self.following.before, text) if self.following.before else text
        for path, (state, size) in file_states(parse_reply(whole)).items():
            before = self._told.get(path)
            if before != (state, size) and not (before and state == "begun"):
                self._told[path] = state, size
                self.following.tell(FileEvent(call=self.following.call, path=path, state=state, bytes=size))


def file_states(reply: Reply) -> dict[str, tuple[FileState, int]]:
    """Return for each file of an answer how far it is, and its bytes; of an edit, those that are put in."""
    found: dict[str, tuple[FileState, int]] = {}
    for change in reply.changes:
        if isinstance(change, File):
            found[change.path] = "whole", len(change.text.encode())
        elif isinstance(change, Edit):
            _, size = found.get(change.path, ("edited", 0))
            found[change.path] = "edited", size + len(change.replace.encode())
    if reply.begun and reply.begun.path not in found and not form_problem(reply.begun.path):
        found[reply.begun.path] = "begun", len(reply.begun.body.encode())
    return found
