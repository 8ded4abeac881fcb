"""One model's turns: asked, continued where cut off, told what was wrong, until its draft is whole or it is left."""

from dataclasses import dataclass, field, replace
from typing import Any

from orchestrator.deadline import Deadline
from orchestrator.generate import prompt
from orchestrator.generate.draft import Broken, Draft, Given, begun, judged, revised
from orchestrator.generate.models.budget import Budget, NotAllowed
from orchestrator.generate.models.call import Answer, ask
from orchestrator.generate.models.presets import Model
from orchestrator.generate.prompt import Messages, Prompts
from orchestrator.generate.reply.cut import is_loop, joined, tail
from orchestrator.generate.reply.reply import Reply, parse
from orchestrator.handover import Attempt, Refused

TURNS = 3
"""Answers that one model may give to one request: what it did not mend twice it does not mend."""

EMPTY = 2
"""How often a model that answered nothing is asked again: it is up, and mostly answers then."""

CONTINUATIONS = 2
"""How often a cut answer is continued."""


@dataclass(frozen=True)
class Table:
    """What all conversations of a task share. `broken`: says which rules a site breaks.

    `refused`: the changes of attachments that were not taken, whatever became of the answers that made them.
    """

    litellm: Any
    prompts: Prompts
    given: Given
    budget: Budget
    broken: Broken
    refused: dict[str, Refused] = field(default_factory=dict)


async def converse(table: Table, model: Model, until: Deadline) -> Draft | None:
    """Return the draft that `model` makes before `until`, flaws and all; None where it made none.

    Every call is recorded in the budget with what came of it.
    """
    messages = prompt.opening(table.prompts, table.given, model)
    draft, heard, was_cut = begun(table.given), set[str](), False
    for turn in range(1, TURNS + 1):
        said = await _said(table, model, messages, until)
        if said is None:
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
        answered = {"role": "assistant", "content": said.text}
        messages = [*messages, answered, prompt.correction(table.prompts, draft)]
    return replace(draft, is_cut_off=was_cut) if draft.changed else None


@dataclass(frozen=True)
class _Said:
    """An answer with its continuations, and what it holds. `is_cut`: its end is missing all the same."""

    text: str
    reply: Reply
    is_cut: bool


async def _said(table: Table, model: Model, messages: Messages, until: Deadline) -> _Said | None:
    """Return what the model answers, continued where it was cut off; None where there is nothing to use."""
    for _ in range(EMPTY + 1):
        answer = await _asked(table, model, messages, until)
        if not answer.is_empty:
            break
    if answer.problem:
        return None
    text, reply = answer.text, parse(answer.text)
    for _ in range(CONTINUATIONS):
        if not (answer.is_cut or reply.is_cut):
            break
        if is_loop(text):
            _note(table.budget, "repeats itself without end")
            return None
        _note(table.budget, "cut off, continued")
        going_on = prompt.continuation(table.prompts, tail(text))
        asked = [*messages, {"role": "assistant", "content": text}, going_on]
        answer = await _asked(table, model, asked, until)
        if answer.problem:  # the blocks that are whole may do
            break
        text = joined(text, answer.text)
        reply = parse(text)
    return _Said(text, reply, answer.is_cut or reply.is_cut or bool(answer.problem))


async def _asked(table: Table, model: Model, messages: Messages, until: Deadline) -> Answer:
    """Make one call if the budget allows it, and record it."""
    budget, tokens_in = table.budget, prompt.tokens_of(messages)
    try:
        allowance = budget.allowance(model, tokens_in, until)
    except NotAllowed as reason:
        refused = Attempt(model=model.name, outcome=str(reason))
        budget.attempts.append(refused)
        return Answer("", refused, problem=str(reason))
    answer = await ask(table.litellm, model, messages, allowance)
    if answer.attempt.cost_usd is None and not answer.attempt.tokens_out:
        budget.lose(model, tokens_in, allowance)
    budget.attempts.append(answer.attempt)
    return answer


def _note(budget: Budget, outcome: str) -> None:
    """Say what came of the last call; why it gave nothing, where it gave nothing, stays."""
    last = budget.attempts[-1]
    said = outcome if last.tokens_out or last.outcome == "answered" else f"{last.outcome}; {outcome}"
    budget.attempts[-1] = last.model_copy(update={"outcome": said[:300]})
