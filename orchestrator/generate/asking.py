"""One call within a task: allowed by the budget, reported by events, watched while it arrives, and recorded."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from orchestrator.core.deadline import Deadline
from orchestrator.core.events import AnsweredEvent, AskedEvent, Emit, NoteEvent, Purpose, ignore_event
from orchestrator.core.report import Attempt, RefusedChange
from orchestrator.generate import prompt
from orchestrator.generate.draft import Broken, Material
from orchestrator.generate.models.answer import ModelAnswer
from orchestrator.generate.models.budget import NotAllowed, TaskBudget
from orchestrator.generate.models.call import ModelCall
from orchestrator.generate.models.follow import Following, Pace
from orchestrator.generate.models.learnt import Knowledge
from orchestrator.generate.models.presets import Model
from orchestrator.generate.prompt import Messages, Prompts

SILENCE_S = 30.0
"""Each time a model is silent for so many seconds, the person who waits is told."""


@dataclass(frozen=True)
class SharedState:
    """What all conversations of a task share.

    - `broken`: returns the rules that a site breaks
    - `refused`: the changes of attachments that were refused, also if the answer itself was dropped
    - `tell`: receives events
    - `pace`: how often an answer is looked at while it arrives
    """

    litellm: Any
    prompts: Prompts
    given: Material
    budget: TaskBudget
    broken: Broken
    refused: dict[str, RefusedChange] = field(default_factory=dict)
    knowledge: Knowledge = field(default_factory=Knowledge)
    tell: Emit = ignore_event
    pace: Pace = field(default_factory=Pace)

    def say(self, text: str) -> None:
        """Emit a note that no other event says."""
        self.tell(NoteEvent(text=text))


@dataclass(frozen=True)
class Talk:
    """One model's conversation. `until`: when it must be over; `has_next`: another model can be asked instead."""

    shared: SharedState
    model: Model
    until: Deadline
    has_next: bool = False


async def ask_within(talk: Talk, messages: Messages, purpose: Purpose, before: str = "") -> ModelAnswer:
    """Make one call if the budget allows it, and record it, even if somebody stops it.

    `before`: the answer that a continuation goes on from.
    """
    shared, budget, learnt = talk.shared, talk.shared.budget, talk.shared.knowledge.learnt_about(talk.model)
    model = learnt.adjust_model(talk.model)
    tokens_in = prompt.estimate_prompt_tokens(messages, model.margin)
    try:
        allowance = budget.allowance(model, tokens_in, talk.until)
    except NotAllowed as reason:
        refused = Attempt(model=model.name, outcome=str(reason))
        budget.attempts.append(refused)
        return ModelAnswer("", refused, problem=str(reason))
    budget.calls += 1
    most = budget.most_usd(model, tokens_in, allowance.tokens)
    shared.tell(AskedEvent(call=budget.calls, model=model.name, purpose=purpose, tokens_in=tokens_in, most_usd=most))
    limits = f"at most {allowance.tokens} tokens in {allowance.seconds:.0f} s"
    shared.say(f"{model.name}: asked with about {tokens_in} tokens, for {limits}")
    following = Following(shared.tell, budget.calls, before, talk.has_next, shared.pace)

    def renew(tokens_out: int) -> int:
        before = budget.lost_usd, budget.lost_tokens
        budget.record_lost_call(model, tokens_in, tokens_out)
        try:
            return budget.allowance(model, tokens_in, talk.until).tokens
        except NotAllowed:
            budget.lost_usd, budget.lost_tokens = before  # it was the last try, which is recorded as an attempt
            raise

    call = ModelCall(shared.litellm, model, messages, allowance, learnt, following, renew)
    try:
        async with _telling_silence(shared, model, call):
            answer = await call.fetch_answer()
    except asyncio.CancelledError:
        _record_call(shared, call, call.stopped_answer(), tokens_in)
        raise
    answer = _explain_lateness(shared.knowledge, model, answer)
    _record_call(shared, call, answer, tokens_in)
    return answer


def _record_call(shared: SharedState, call: ModelCall, answer: ModelAnswer, tokens_in: int) -> None:
    """Record what a call cost: as its attempt says, or else the most that it can have cost."""
    budget, attempt = shared.budget, answer.attempt
    # Where no price is known, the tokens of the attempt are counted by themselves.
    if attempt.cost_usd is None and (call.model.price is not None or not attempt.tokens_out):
        budget.record_lost_call(call.model, tokens_in, attempt.tokens_out or call.allowance.tokens)
    budget.attempts.append(attempt)
    event = AnsweredEvent(
        call=budget.calls,
        outcome=attempt.outcome,
        tokens_in=attempt.tokens_in,
        tokens_out=attempt.tokens_out,
        cost_usd=attempt.cost_usd,
        seconds=attempt.seconds,
        spent_usd=budget.max_cost_usd - budget.money_left,
        limit_usd=budget.max_cost_usd,
    )
    shared.tell(event)


@asynccontextmanager
async def _telling_silence(shared: SharedState, model: Model, call: ModelCall) -> AsyncIterator[None]:
    """Report from time to time for how long a model has been silent."""

    async def tell() -> None:
        while True:
            await asyncio.sleep(SILENCE_S)
            if call.silent_s >= SILENCE_S:
                shared.say(f"{model.name}: sent nothing for {call.silent_s:.0f} s")

    telling = asyncio.create_task(tell())
    try:
        yield
    finally:
        telling.cancel()


def _explain_lateness(knowledge: Knowledge, model: Model, answer: ModelAnswer) -> ModelAnswer:
    """Return `answer` with the reason why it may be late: its server still works on an abandoned call."""
    base = str(model.params.get("api_base", ""))
    if not answer.is_late or not model.is_home or answer.partial:
        return answer
    if base not in knowledge.given_up:
        knowledge.given_up.add(base)
        return answer
    outcome = (
        f"{answer.problem}: its server may still be working on an earlier call that was abandoned; restart "
        "it, or allow more time (TASK_DEADLINE_S)"
    )
    return replace(answer, problem=outcome, attempt=answer.attempt.model_copy(update={"outcome": outcome}))
