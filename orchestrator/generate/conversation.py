"""One model's conversation: ask, continue a cut answer, say what is wrong, until the draft is complete or given up."""

from dataclasses import dataclass, replace

from orchestrator.core.deadline import Deadline
from orchestrator.core.events import Purpose
from orchestrator.generate import prompt
from orchestrator.generate.asking import SharedState, Talk, ask_within
from orchestrator.generate.draft import Draft, apply_reply, initial_draft, judge_draft
from orchestrator.generate.models.answer import ModelAnswer
from orchestrator.generate.models.budget import LEAST_ROOM, SHORTEST_CALL_S, TaskBudget
from orchestrator.generate.models.home import learn_from_server
from orchestrator.generate.models.presets import Model
from orchestrator.generate.prompt import Messages
from orchestrator.generate.reply.complaint import Complaint
from orchestrator.generate.reply.cut import answer_tail, is_loop, join_continuation
from orchestrator.generate.reply.reply import Reply, parse_reply

__all__ = ["SharedState", "converse"]

TURNS = 3
"""How many answers one model may give to one request. What it could not fix twice, it will not fix."""

EMPTY = 2
"""How many times a model that answered nothing is asked again. It is running, and usually answers then."""

CONTINUATIONS = 2
"""How many times a cut answer is continued."""


FITTINGS = 2
"""How many times a model is asked again with a shorter prompt, because it turned out to read fewer tokens."""

LESS = 0.6
"""If a prompt is refused as too long, without a number: the share of it that the model is then assumed to read."""

SHORTER = 0.95
"""If a prompt has more than this share of another prompt's tokens, it counts as just as long."""

BROKEN_OFF = Complaint("", "answer", "The answer broke off before its end, so files may be missing.")


async def converse(shared: SharedState, model: Model, until: Deadline, *, has_next: bool = False) -> Draft | None:
    """Return the draft that `model` makes before `until`, with its flaws, or None if it made none.

    Every call is recorded in the budget with its outcome. `has_next`: another model can be asked instead, so this one
    may be left as soon as it is silent.
    """
    talk = Talk(shared, model, until, has_next)
    learnt, fittings = shared.knowledge.learnt_about(model), 0
    if until.remaining > SHORTEST_CALL_S and (told := await learn_from_server(model, learnt)):
        shared.say(f"{model.name}: {told}")
    messages = prompt.opening_messages(shared.prompts, shared.given, learnt.adjust_model(model))
    draft, heard, was_cut = initial_draft(shared.given), set[str](), False
    turn = 1
    while turn <= TURNS:
        said = await _ask_whole_answer(talk, messages, _call_purpose(shared, turn))
        if said is None:
            break
        if said.is_too_long:
            shorter = prompt.opening_messages(shared.prompts, shared.given, learnt.adjust_model(model))
            is_shorter = prompt.estimate_prompt_tokens(shorter) < SHORTER * prompt.estimate_prompt_tokens(messages)
            # Where nothing came, the same prompt may do with less room asked for the answer.
            if fittings < FITTINGS and said.is_less and (is_shorter or not said.text):
                messages, fittings = shorter, fittings + 1
                _record_outcome(
                    shared.budget, f"asked again with a prompt for {learnt.adjust_model(model).context} tokens"
                )
                continue
            _record_outcome(shared.budget, _describe_remedy(learnt.adjust_model(model)))
            if not said.text:
                break
        if said.text in heard:
            _record_outcome(shared.budget, "the same answer again")
            break
        heard.add(said.text)
        draft = apply_reply(draft, said.reply, shared.given)
        if said.is_left:
            draft = replace(draft, flaws=(*draft.flaws, BROKEN_OFF))
        draft = judge_draft(draft, shared.given, shared.broken)
        shared.refused.update(draft.refused)
        was_cut = was_cut or said.is_cut
        if said.is_left:
            break
        if not draft.flaws:
            return draft
        _record_outcome(shared.budget, f"{'asked again' if turn < TURNS else 'left'}: {draft.flaws[0].text}")
        messages = _correction_messages(shared, learnt.adjust_model(model), messages, said.text, draft)
        turn += 1
    return replace(draft, is_cut_off=was_cut) if draft.changed else None


def _call_purpose(shared: SharedState, turn: int) -> Purpose:
    if turn > 1:
        return "correct"
    return "build" if shared.given.made is None else "repair"


def _correction_messages(shared: SharedState, model: Model, messages: Messages, text: str, draft: Draft) -> Messages:
    """Return the messages that ask for a correction: after the answer, or as for a repair if that does not fit."""
    answered = {"role": "assistant", "content": text}
    going_on = [*messages, answered, prompt.correction_message(shared.prompts, draft)]
    if _fits_context(going_on, model):
        return going_on
    return prompt.opening_messages(
        shared.prompts, replace(shared.given, made=draft.site, wrong=tuple(flaw.text for flaw in draft.flaws)), model
    )


def _fits_context(messages: Messages, model: Model) -> bool:
    return prompt.estimate_prompt_tokens(messages, model.margin) <= model.context - min(LEAST_ROOM, model.output)


def _describe_remedy(model: Model) -> str:
    where = f"start its server with a larger one (its preset: {model.name})" if model.is_home else "use another model"
    return f"its context of {model.context} tokens is too small for this task: {where}"


@dataclass(frozen=True)
class _ReadAnswer:
    """An answer with its continuations, and what it holds.

    - `is_cut`: its end is still missing
    - `is_too_long`: prompt and answer together do not fit the model
    - `is_less`: the model reads fewer tokens than was believed until then
    - `is_left`: it broke off, and the model is not asked again
    """

    text: str
    reply: Reply
    is_cut: bool = False
    is_too_long: bool = False
    is_less: bool = False
    is_left: bool = False


async def _ask_whole_answer(talk: Talk, messages: Messages, purpose: Purpose) -> _ReadAnswer | None:
    """Return what the model answers, continued where it was cut off; None if there is nothing to use."""
    answer = await _ask_until_answered(talk, messages, purpose)
    is_less = _learn_limits(talk, answer, messages)
    is_too_long = answer.is_too_long or answer.context is not None
    if answer.problem:
        too_long = _ReadAnswer("", parse_reply(""), is_too_long=True, is_less=is_less) if is_too_long else None
        return too_long or _salvage_answer(answer.partial)
    text, reply = answer.text, parse_reply(answer.text)
    if is_too_long and not is_loop(text):  # what is full cannot be continued
        return _ReadAnswer(text, reply, is_cut=answer.is_cut or reply.is_cut, is_too_long=True, is_less=is_less)
    return await _continue_answer(talk, messages, answer, reply)


async def _continue_answer(talk: Talk, messages: Messages, answer: ModelAnswer, reply: Reply) -> _ReadAnswer | None:
    """Return an answer with as much of its rest as arrives, or None if nothing is usable."""
    budget, text = talk.shared.budget, answer.text
    for _ in range(CONTINUATIONS):
        if not (answer.is_cut or reply.is_cut):
            break
        if is_loop(text):
            _record_outcome(budget, "repeats itself endlessly")
            return _salvage_answer(text)
        going_on = prompt.continuation_message(talk.shared.prompts, answer_tail(text))
        asked = [*messages, {"role": "assistant", "content": text}, going_on]
        if not _fits_context(asked, talk.shared.knowledge.learnt_about(talk.model).adjust_model(talk.model)):
            _record_outcome(budget, "cut off, and its context has no room for the rest")
            break
        _record_outcome(budget, "cut off, continued")
        answer = await ask_within(talk, asked, "continue", text)
        text = join_continuation(text, answer.text or answer.partial)
        reply = parse_reply(text)
        if answer.problem:  # the blocks that are whole may do
            break
    is_cut = answer.is_cut or reply.is_cut or bool(answer.problem)
    return _ReadAnswer(text, reply, is_cut=is_cut, is_left=answer.is_abandoned)


def _salvage_answer(text: str) -> _ReadAnswer | None:
    """Return the complete parts of an answer that broke off, or None if no part is complete."""
    reply = parse_reply(text)
    return _ReadAnswer(text, reply, is_cut=True, is_left=True) if reply.changes else None


async def _ask_until_answered(talk: Talk, messages: Messages, purpose: Purpose) -> ModelAnswer:
    """Ask, and ask again if the model answers nothing: with more tokens if thinking used them up."""
    for _ in range(EMPTY + 1):
        answer = await ask_within(talk, messages, purpose)
        if not answer.is_empty or answer.context:
            break
        if answer.is_cut:
            learnt = talk.shared.knowledge.learnt_about(talk.model)
            learnt.output = 2 * learnt.adjust_model(talk.model).output
    return answer


def _learn_limits(talk: Talk, answer: ModelAnswer, messages: Messages) -> bool:
    """Whether an answer to `messages` shows that the model reads less than was believed; that is remembered."""
    model, learnt = talk.model, talk.shared.knowledge.learnt_about(talk.model)
    # Its tokens may be shorter than those that are counted here.
    is_longer = bool(answer.read and model.is_home) and learnt.learn_margin(
        answer.read or 0, prompt.count_prompt_tokens(messages)
    )
    if answer.context is not None:
        return learnt.learn_context(answer.context, model) or is_longer
    if answer.is_too_long:
        return learnt.learn_context(int(prompt.estimate_prompt_tokens(messages) * LESS), model) or is_longer
    return False


def _record_outcome(budget: TaskBudget, outcome: str) -> None:
    """Record the outcome of the last call, unless it already says why there was no answer."""
    last = budget.attempts[-1]
    said = outcome if last.tokens_out or last.outcome == "answered" else f"{last.outcome}; {outcome}"
    budget.attempts[-1] = last.model_copy(update={"outcome": said[:300]})
