"""One call of one model, through litellm's Router: the Router knows the providers, and retries what may be retried.

litellm's own fallbacks can send one provider's key to another, and count truncated, empty and broken answers as
success: the chain of models is ours (`generation.py`), and what an answer is worth is decided here and in
`conversation.py`.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from orchestrator.generate.models.answer import (
    CallSize,
    ModelAnswer,
    WholeAnswer,
    failed_answer,
    judge_answer,
    parse_response,
    unfinished_answer,
)
from orchestrator.generate.models.budget import Allowance, NotAllowed
from orchestrator.generate.models.follow import Abandoned, Complete, Follower, Following
from orchestrator.generate.models.learnt import Learnt
from orchestrator.generate.models.presets import NO_KEY, Model
from orchestrator.generate.models.refusals import adapt_form, classify_refusal, parse_provider_error, response_status
from orchestrator.generate.models.stream import PartialAnswer
from orchestrator.generate.prompt import Messages, count_prompt_tokens

__all__ = ["ModelAnswer", "ModelCall", "ask"]

_LATER_S = 5.0

LOADING_S = 2.0
"""Seconds between two looks at a server that is loading its model."""

ADAPTATIONS = 3
"""How often one call is made in another form: name of the limit, temperature and system may all be refused."""

TRIES = 3
"""How often an answer is asked for whose stream breaks off."""

AGAIN_S = 0.5
"""Seconds before the next of them."""

_WORTH_ANOTHER_TRY = (408, 429)
"""Of the statuses that refuse a request; an error in the middle of a stream may have one."""


class BrokenOff(Exception):
    """A stream ended in good order and before the answer did."""


async def ask(
    litellm: Any,
    model: Model,
    messages: Messages,
    allowance: Allowance,
    learnt: Learnt | None = None,
    following: Following | None = None,
) -> ModelAnswer:
    """Ask once within `allowance`, in the form that was `learnt`. What goes wrong is an Answer with a problem."""
    return await ModelCall(
        litellm, model, messages, allowance, learnt or Learnt(), following or Following()
    ).fetch_answer()


@dataclass
class ModelCall:
    """One call, made again where its stream breaks off, and in another form where the provider says what it takes.

    `renew`: asked before it is made again, with the tokens of the try that broke off; returns those that the next may
    have, and raises NotAllowed.
    """

    litellm: Any
    model: Model
    messages: Messages
    allowance: Allowance
    learnt: Learnt = field(default_factory=Learnt)
    following: Following = field(default_factory=Following)
    renew: Callable[[int], int] | None = None
    started: float = field(default_factory=time.monotonic)
    _is_loading: bool = False
    _broken: list[PartialAnswer] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._follower = Follower(self.model, self.following, self.allowance.tokens)
        self._tokens = self.allowance.tokens
        self._has_key = bool(self.model.params.get("api_key", NO_KEY) != NO_KEY)
        if not self.model.streams:
            self.learnt.form = replace(self.learnt.form, has_stream=False)

    async def fetch_answer(self) -> ModelAnswer:
        """Return the answer, or the reason that it is missing."""
        try:
            # litellm's timeout is idle time: only this one ends an answer that trickles in.
            async with asyncio.timeout(self.allowance.seconds):
                got = await self._follower.follow(asyncio.create_task(self._fetch_whole()))
        except (TimeoutError, Abandoned, Complete) as reason:
            return self._finish_interrupted(reason)
        except Exception as error:  # noqa: BLE001 - a provider's client may raise anything, and the next model is asked
            return self._answer_from_error(error)
        return self._finish_answer(got)

    def _finish_answer(self, got: WholeAnswer) -> ModelAnswer:
        self._follower.tell_all_files(got.text)
        return judge_answer(self.model, got, self.started, CallSize(count_prompt_tokens(self.messages), self._tokens))

    def _finish_interrupted(self, reason: Exception) -> ModelAnswer:
        """Return what has arrived, because we did not wait for more."""
        heard = self._follower.heard
        if heard.has_come and heard.is_whole:
            return self._finish_answer(heard.collect_answer(count_prompt_tokens(self.messages)))
        if isinstance(reason, TimeoutError):
            answer = self._late_answer()
        else:
            answer = replace(self._end_answer(str(reason)), is_abandoned=True)
        return replace(answer, partial=max(answer.partial, self._longest_partial(), key=len))

    def _longest_partial(self) -> str:
        """Return the longest part of an answer among the tries whose stream broke off."""
        return max((heard.read_so_far() for heard in self._broken), key=len, default="")

    @property
    def silent_s(self) -> float:
        """For how many seconds nothing has arrived."""
        heard = self._follower.heard
        return time.monotonic() - (heard.last or heard.began)

    def stopped_answer(self) -> ModelAnswer:
        """Return what had arrived when somebody stopped the call."""
        return self._end_answer("stopped")

    async def _fetch_whole(self) -> WholeAnswer:
        """Return the answer whole, in up to `TRIES` streams. Raises what the last of them raised, or BrokenOff."""
        while True:
            heard = self._follower.heard = PartialAnswer()
            response = await self._send_request()
            if not self.learnt.form.has_stream:
                return parse_response(response)
            error = await _consume_stream(heard, response)
            if heard.is_whole and (error is None or heard.has_come):
                return heard.collect_answer(count_prompt_tokens(self.messages))
            self._broken.append(heard)
            if not self._may_try_again(heard, error):
                raise error or BrokenOff
            if error is None and not heard.chunks:
                # Servers that cannot stream, and some whose context is too small, send an empty one. Without it
                # they say what is wrong.
                self.learnt.form = replace(self.learnt.form, has_stream=False)
            else:
                await asyncio.sleep(AGAIN_S)

    def _may_try_again(self, heard: PartialAnswer, error: Exception | None) -> bool:
        """Whether to ask again for an answer whose stream broke off. Each try costs money."""
        status = None if error is None else response_status(error)
        is_refused = status is not None and 400 <= status < 500 and status not in _WORTH_ANOTHER_TRY
        if len(self._broken) == TRIES or is_refused:
            return False
        if heard.has_come and self.renew:
            heard.read_so_far()
            try:
                self._tokens = self.renew(heard.tokens)
            except NotAllowed:
                return False
        return True

    async def _send_request(self) -> Any:
        """Make the call in a form that the provider accepts, as soon as its model is loaded."""
        until, adapted = self.started + self.allowance.seconds, 0
        router = self._build_router()
        while True:
            asked = self.learnt.form.build_request(self.messages, self._tokens) | self.learnt.form.streaming
            self._follower.is_streamed = self.learnt.form.has_stream
            try:
                response = await router.acompletion(model="asked", **asked)
            except Exception as error:
                said = parse_provider_error(error, has_key=self._has_key)
                self._is_loading = classify_refusal(said).is_loading
                form = adapt_form(said, self.learnt.form, asked) if adapted < ADAPTATIONS else None
                if form is None and not self._is_loading:
                    raise
            else:
                self._is_loading = False
                return response
            self._follower.heard.last = time.monotonic()  # a refusal is a sign of life too
            if form is not None:
                self.learnt.form, adapted = form, adapted + 1
            elif time.monotonic() + LOADING_S > until:
                raise TimeoutError  # the next look would come too late
            else:
                await asyncio.sleep(LOADING_S)

    def _build_router(self) -> Any:
        # Its own time is up later than ours: after it litellm would try again.
        seconds = self.allowance.seconds + _LATER_S
        return self.litellm.Router(
            model_list=[{"model_name": "asked", "litellm_params": {**self.model.params, "max_retries": 0}}],
            num_retries=TRIES - 1 - len(self._broken),
            timeout=seconds,
            stream_timeout=seconds,
            disable_cooldowns=True,
            fallbacks=[],
        )

    def _late_answer(self) -> ModelAnswer:
        if self._is_loading:
            outcome = f"the model was still loading after {time.monotonic() - self.started:.0f} s"
            return failed_answer(self.model, outcome, self.started, 0.0)
        seconds = self.allowance.seconds
        if self._follower.heard.has_come:
            return replace(self._end_answer(f"not finished after {seconds:.0f} s"), is_late=True)
        return replace(failed_answer(self.model, f"no answer within {seconds:.0f} s", self.started, None), is_late=True)

    def _end_answer(self, outcome: str) -> ModelAnswer:
        """Return what had come of an answer that we ended, and what that much of it cost."""
        heard = self._follower.heard
        if not heard.has_come:
            return failed_answer(self.model, outcome, self.started, None)
        came = heard.collect_answer(count_prompt_tokens(self.messages))
        self._follower.tell_all_files(came.text)
        # What a model thinks without showing it has to be paid for as well.
        is_hidden = self.model.thinks and not heard.thought.text
        return unfinished_answer(self.model, outcome, self.started, came, is_priced=not is_hidden)

    def _answer_from_error(self, error: Exception) -> ModelAnswer:
        """Return what is reported of a call that raised: only the kind of error, and why, in our own words.

        The text may repeat the prompt, the key or the provider's HTML.
        """
        said = parse_provider_error(error, has_key=self._has_key)
        status, refusal = said.status, classify_refusal(said, count_prompt_tokens(self.messages))
        kind = "RateLimitError" if status == 429 else type(error).__name__
        is_refusal = status is not None and (400 <= status < 500 or status in (503, 529))
        # What was refused costs nothing; what a call costs that was lost, nobody says.
        reason = "the answer broke off before its end" if isinstance(error, BrokenOff) else refusal.reason
        outcome = f"failed: {kind}{f' ({reason})' if reason else ''}"
        last = self._follower.heard
        if last.has_come:
            came = last.collect_answer(count_prompt_tokens(self.messages))
            answer = unfinished_answer(self.model, outcome, self.started, came, is_priced=False)
        else:
            is_lost = not is_refusal or any(heard.has_come for heard in self._broken)
            answer = failed_answer(self.model, outcome, self.started, None if is_lost else 0.0)
        return replace(
            answer,
            is_too_long=refusal.is_too_long,
            context=refusal.context,
            read=refusal.prompt,
            partial=self._longest_partial(),
        )


async def _consume_stream(heard: PartialAnswer, response: Any) -> Exception | None:
    """Take all of a stream; return what it raised."""
    try:
        await heard.consume_stream(response)
    except Exception as error:  # noqa: BLE001 - a provider's client may raise anything, and the stream is over
        return error
    return None
