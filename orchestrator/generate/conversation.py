"""One model's turns: asked, continued where cut off, told what was wrong, until its draft is whole or it is left."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from orchestrator.core.deadline import Deadline
from orchestrator.core.report import Attempt, Refused
from orchestrator.generate import prompt
from orchestrator.generate.draft import Broken, Draft, Given, begun, judged, revised
from orchestrator.generate.models.budget import LEAST_ROOM, SHORTEST_CALL_S, Budget, NotAllowed
from orchestrator.generate.models.call import Answer, ask
from orchestrator.generate.models.home import learn
from orchestrator.generate.models.learnt import Knowledge
from orchestrator.generate.models.presets import Model
from orchestrator.generate.prompt import Messages, Prompts
from orchestrator.generate.reply.cut import is_loop, joined, tail
from orchestrator.generate.reply.reply import Reply, parse

TURNS = 3
"""Answers that one model may give to one request: what it failed to fix twice, it will not fix."""

EMPTY = 2
"""How often a model that answered nothing is asked again: it is up, and mostly answers then."""

CONTINUATIONS = 2
"""How often a cut answer is continued."""


FITTINGS = 2
"""How often a model is asked again with a shorter prompt, because it showed that it reads less than was believed."""

LESS = 0.6
"""Of a prompt that was refused as too long without a number, what a model is then taken to read."""

SHORTER = 0.95
"""A prompt with more than this of the tokens of another is as long as that."""

SILENCE_S = 30.0
"""Seconds of silence after which the log says so, again and again."""


def _unheard(_: str) -> None:
    """Say nothing to nobody."""


@dataclass(frozen=True)
class Table:
    """What all conversations of a task share. `broken`: says which rules a site breaks; `say`: tells who waits.

    `refused`: the changes of attachments that were refused, even if the answers that made them were dropped.
    """

    litellm: Any
    prompts: Prompts
    given: Given
    budget: Budget
    broken: Broken
    refused: dict[str, Refused] = field(default_factory=dict)
    say: Callable[[str], None] = _unheard
    knowledge: Knowledge = field(default_factory=Knowledge)


async def converse(table: Table, model: Model, until: Deadline) -> Draft | None:
    """Return the draft that `model` makes before `until`, flaws and all; None if it made none.

    Every call is recorded in the budget with what came of it.
    """
    learnt, fittings = table.knowledge.of(model), 0
    if until.remaining > SHORTEST_CALL_S and (told := await learn(model, learnt)):
        table.say(f"{model.name}: {told}")
    messages = prompt.opening(table.prompts, table.given, learnt.applied(model))
    draft, heard, was_cut = begun(table.given), set[str](), False
    turn = 1
    while turn <= TURNS:
        said = await _said(table, model, messages, until)
        if said is None:
            break
        if said.is_too_long:
            shorter = prompt.opening(table.prompts, table.given, learnt.applied(model))
            is_shorter = prompt.tokens_of(shorter) < SHORTER * prompt.tokens_of(messages)
            # Where nothing came, the same prompt may do with less room asked for the answer.
            if fittings < FITTINGS and said.is_less and (is_shorter or not said.text):
                messages, fittings = shorter, fittings + 1
                _note(table.budget, f"asked again with a prompt for {learnt.applied(model).context} tokens")
                continue
            _note(table.budget, _remedy(learnt.applied(model)))
            if not said.text:
                break
        if said.text in heard:
            _note(table.budget, "the same answer again")
            break
        heard.add(said.text)
        draft = judged(revised(draft, said.reply, table.given), table.given, table.broken)
        table.refused.update(draft.refused)
        was_cut = was_cut or said.is_cut
        if not draft.flaws:
            return draft
        _note(table.budget, f"{'asked again' if turn < TURNS else 'left'}: {draft.flaws[0]}")
        messages = _corrected(table, learnt.applied(model), messages, said.text, draft)
        turn += 1
    return replace(draft, is_cut_off=was_cut) if draft.changed else None


def _corrected(table: Table, model: Model, messages: Messages, text: str, draft: Draft) -> Messages:
    """Return how to ask for what is still wrong: behind the answer, or where that does not fit, as for a repair."""
    answered = {"role": "assistant", "content": text}
    going_on = [*messages, answered, prompt.correction(table.prompts, draft)]
    if _fits(going_on, model):
        return going_on
    return prompt.opening(table.prompts, replace(table.given, made=draft.site, wrong=draft.flaws), model)


def _fits(messages: Messages, model: Model) -> bool:
    return prompt.tokens_of(messages, model.margin) <= model.context - min(LEAST_ROOM, model.output)


def _remedy(model: Model) -> str:
    where = f"start its server with a larger one (its preset: {model.name})" if model.is_home else "use another model"
    return f"its context of {model.context} tokens is too small for this task: {where}"


@dataclass(frozen=True)
class _Said:
    """An answer with its continuations, and what it holds. `is_cut`: its end is missing all the same.

    `is_too_long`: prompt and answer do not fit together; `is_less`: the model reads less than was believed till then.
    """

    text: str
    reply: Reply
    is_cut: bool = False
    is_too_long: bool = False
    is_less: bool = False


async def _said(table: Table, model: Model, messages: Messages, until: Deadline) -> _Said | None:
    """Return what the model answers, continued where it was cut off; None if there is nothing to use."""
    answer = await _answered(table, model, messages, until)
    is_less = _is_less(table, model, answer, messages)
    is_too_long = answer.is_too_long or answer.context is not None
    if answer.problem:
        return _Said("", parse(""), is_too_long=True, is_less=is_less) if is_too_long else None
    text, reply = answer.text, parse(answer.text)
    if is_too_long and not is_loop(text):  # what is full cannot be continued
        return _Said(text, reply, is_cut=answer.is_cut or reply.is_cut, is_too_long=True, is_less=is_less)
    for _ in range(CONTINUATIONS):
        if not (answer.is_cut or reply.is_cut):
            break
        if is_loop(text):
            _note(table.budget, "repeats itself endlessly")
            return None
        going_on = prompt.continuation(table.prompts, tail(text))
        asked = [*messages, {"role": "assistant", "content": text}, going_on]
        if not _fits(asked, table.knowledge.of(model).applied(model)):
            _note(table.budget, "cut off, and its context has no room for the rest")
            break
        _note(table.budget, "cut off, continued")
        answer = await _asked(table, model, asked, until)
        if answer.problem:  # the blocks that are whole may do
            break
        text = joined(text, answer.text)
        reply = parse(text)
    return _Said(text, reply, answer.is_cut or reply.is_cut or bool(answer.problem))


async def _answered(table: Table, model: Model, messages: Messages, until: Deadline) -> Answer:
    """Ask, and again where a model that is up answers nothing: with more tokens where thinking used them up."""
    for _ in range(EMPTY + 1):
        answer = await _asked(table, model, messages, until)
        if not answer.is_empty or answer.context:
            break
        if answer.is_cut:
            learnt = table.knowledge.of(model)
            learnt.output = 2 * learnt.applied(model).output
    return answer


def _is_less(table: Table, model: Model, answer: Answer, messages: Messages) -> bool:
    """Whether an answer to `messages` shows that the model reads less than was believed; that is remembered."""
    learnt = table.knowledge.of(model)
    # Its tokens may be shorter than those that are counted here.
    is_longer = bool(answer.read and model.is_home) and learnt.counts(answer.read or 0, prompt.counted_in(messages))
    if answer.context is not None:
        return learnt.reads(answer.context, model) or is_longer
    if answer.is_too_long:
        return learnt.reads(int(prompt.tokens_of(messages) * LESS), model) or is_longer
    return False


async def _asked(table: Table, model: Model, messages: Messages, until: Deadline) -> Answer:
    """Make one call if the budget allows it, and record it."""
    budget, learnt = table.budget, table.knowledge.of(model)
    model = learnt.applied(model)
    tokens_in = prompt.tokens_of(messages, model.margin)
    try:
        allowance = budget.allowance(model, tokens_in, until)
    except NotAllowed as reason:
        refused = Attempt(model=model.name, outcome=str(reason))
        budget.attempts.append(refused)
        return Answer("", refused, problem=str(reason))
    limits = f"at most {allowance.tokens} tokens in {allowance.seconds:.0f} s"
    table.say(f"{model.name}: asked with about {tokens_in} tokens, for {limits}")
    async with _telling_silence(table, model):
        answer = await ask(table.litellm, model, messages, allowance, learnt)
    answer = _with_queue(table.knowledge, model, answer)
    if answer.attempt.cost_usd is None and not answer.attempt.tokens_out:
        budget.lose(model, tokens_in, allowance)
    budget.attempts.append(answer.attempt)
    return answer


@asynccontextmanager
async def _telling_silence(table: Table, model: Model) -> AsyncIterator[None]:
    """Tell who waits, now and then, for how long a model has been silent."""

    async def tell() -> None:
        silent = 0.0
        while True:
            await asyncio.sleep(SILENCE_S)
            silent += SILENCE_S
            table.say(f"{model.name}: silent for {silent:.0f} s")

    telling = asyncio.create_task(tell())
    try:
        yield
    finally:
        telling.cancel()


def _with_queue(knowledge: Knowledge, model: Model, answer: Answer) -> Answer:
    """Return `answer` with why it may be late: its server still works on a call that was given up."""
    base = str(model.params.get("api_base", ""))
    if not answer.is_late or not model.is_home:
        return answer
    if base not in knowledge.given_up:
        knowledge.given_up.add(base)
        return answer
    outcome = (
        f"{answer.problem}: its server may still be working on an earlier call that was abandoned; restart "
        "it, or allow more time (TASK_DEADLINE_S)"
    )
    return replace(answer, problem=outcome, attempt=answer.attempt.model_copy(update={"outcome": outcome}))


def _note(budget: Budget, outcome: str) -> None:
    """Say what came of the last call; why it gave nothing, where it gave nothing, stays."""
    last = budget.attempts[-1]
    said = outcome if last.tokens_out or last.outcome == "answered" else f"{last.outcome}; {outcome}"
    budget.attempts[-1] = last.model_copy(update={"outcome": said[:300]})
