"""An answer that arrives piece by piece: what has arrived, and whether it is complete.

litellm reports a stream that breaks off as a complete answer: it makes up a reason and a count of tokens
(https://github.com/BerriAI/litellm/issues/40260). It keeps both out of `chunks`, the list of what really came.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from orchestrator.generate.models.answer import Usage, WholeAnswer, choose_answer_text, parse_usage
from orchestrator.generate.models.counting import count_tokens

LOOP = 16_000
"""Characters. Where so many are one pattern again and again, nothing else will come: the boards, tables and drawings
that pages are made of are shorter, or their rows differ."""

LONGEST_PATTERN = 1_500


@dataclass
class Growing:
    """A text that arrives in pieces, which are joined when it is read. `tokens`: of what was looked at."""

    text: str = ""
    tokens: int = 0
    _new: list[str] = field(default_factory=list)

    def add(self, piece: str) -> None:
        """Take one piece more."""
        self._new.append(piece)

    def read_so_far(self) -> str:
        """Return all that has come. Each piece is counted once, however often somebody looks."""
        if self._new:
            new = "".join(self._new)
            self._new.clear()
            self.text += new
            self.tokens += count_tokens(new)
        return self.text


@dataclass
class PartialAnswer:
    """What came of one streamed answer so far. `first`, `last`: when its first and last piece came, None before it.

    Moments are those of the monotonic clock; `began`: when it was asked for.
    """

    began: float = field(default_factory=time.monotonic)
    said: Growing = field(default_factory=Growing)
    thought: Growing = field(default_factory=Growing)
    chunks: Sequence[Any] = ()
    first: float | None = None
    last: float | None = None
    model: str = ""

    async def consume_stream(self, stream: Any) -> None:
        """Take all that comes of litellm's `stream`. Raises what that raises."""
        self.chunks = stream.chunks
        async for chunk in stream:
            delta = chunk.choices[0].delta if chunk.choices else None
            said = getattr(delta, "content", None)
            thought = getattr(delta, "reasoning_content", None)
            if isinstance(said, str) and said:
                self.said.add(said)
            if isinstance(thought, str) and thought:
                self.thought.add(thought)
            self.last = time.monotonic()
            if self.first is None and (said or thought):
                self.first = self.last
            self.model = self.model or _answering_model(chunk)

    def read_so_far(self) -> str:
        """Return what has been said so far, and count it and the thoughts."""
        self.thought.read_so_far()
        return self.said.read_so_far()

    @property
    def has_come(self) -> bool:
        """Whether anything of an answer has come."""
        return self.first is not None

    @property
    def tokens(self) -> int:
        """How many tokens have come, thoughts among them, as counted here."""
        return self.said.tokens + self.thought.tokens

    @property
    def chars(self) -> int:
        """How many characters have come, thoughts among them."""
        return len(self.said.text) + len(self.thought.text)

    @property
    def is_whole(self) -> bool:
        """Whether the provider ended it: with a reason, or with a count of tokens after the last piece."""
        if any(_finish_reason(chunk) for chunk in self.chunks):
            return True
        last = max((place for place, chunk in enumerate(self.chunks) if _has_piece(chunk)), default=len(self.chunks))
        return any(getattr(chunk, "usage", None) for chunk in self.chunks[last + 1 :])

    def collect_answer(self, prompt: int) -> WholeAnswer:
        """Return what has come. `prompt`: its tokens, as counted here, for where the provider does not count them."""
        said, thought = self.read_so_far(), self.thought.text
        reason = next(filter(None, map(_finish_reason, self.chunks)), None)
        return WholeAnswer(choose_answer_text(said, thought), reason, self._count_usage(prompt), self.model)

    def _count_usage(self, prompt: int) -> Usage:
        """Return the tokens by the provider's count, where that is of all that has come; else by ours.

        Anthropic counts the prompt at the beginning and the answer at the end; others count again with each piece.
        """
        told = [parse_usage(chunk.usage) for chunk in self.chunks if getattr(chunk, "usage", None)]
        highest = Usage(
            max((one.tokens_in for one in told), default=0),
            max((one.tokens_out for one in told), default=0),
            max((one.cached for one in told), default=0),
            max((one.written for one in told), default=0),
        )
        if told and self.is_whole:
            return highest
        tokens_in, tokens_out = highest.tokens_in or prompt, max(highest.tokens_out, self.tokens)
        return replace(highest, tokens_in=tokens_in, tokens_out=tokens_out, is_counted=True)


def _answering_model(chunk: Any) -> str:
    """Return which model answers, as its server says; in the chunk itself litellm puts the one that was asked."""
    named = (getattr(chunk, "_hidden_params", None) or {}).get("provider_response_model")
    return named if isinstance(named, str) else ""


def _finish_reason(chunk: Any) -> str | None:
    return chunk.choices[0].finish_reason if chunk.choices else None


def _has_piece(chunk: Any) -> bool:
    delta = chunk.choices[0].delta if chunk.choices else None
    return bool(getattr(delta, "content", None) or getattr(delta, "reasoning_content", None))


def is_loop_without_end(text: str) -> bool:
    """Whether `text` ends in one pattern again and again for so long that nothing else will come."""
    end = text[-LOOP:]
    # Where it comes again after a few characters, these are the pattern: two searches, in C.
    length = end.find(end[: LOOP - LONGEST_PATTERN], 1)
    return len(end) == LOOP and length > 0 and end.endswith(end[: LOOP - length])
