"""The money, tokens and time of one task. They are checked in this one place, before every call."""

from dataclasses import dataclass, field

from orchestrator.core.deadline import Deadline
from orchestrator.core.report import Attempt
from orchestrator.generate.models.presets import Model, Price

CALL_S = 240.0
"""No answer may take longer than this. After that, the time is better given to another model."""

SHORTEST_CALL_S = 5.0
"""With less time than this no call is made."""

SHORTEST_ANSWER = 2_000
"""Tokens. If the money pays for fewer, no call is made: it would probably buy only half an answer."""

LEAST_ROOM = 600
"""Tokens. If a model's context has less room, no call is made: not even a small page would fit."""

UNPRICED_TOKENS = 400_000
"""What a task may spend, in and out, on models whose price nobody knows."""

_MILLION = 1_000_000
_WRITING_A_CACHE = 1.25  # https://docs.claude.com/en/docs/build-with-claude/prompt-caching#pricing


@dataclass(frozen=True)
class Allowance:
    """What one call may take: seconds in all, and tokens of answer."""

    seconds: float
    tokens: int


class NotAllowed(Exception):
    """The call could pass a limit of the task, so it is not made. The text says which."""


@dataclass
class TaskBudget:
    """What a task may spend, and every attempt so far, the ones that were not made included."""

    max_cost_usd: float
    deadline: Deadline
    attempts: list[Attempt] = field(default_factory=list)
    lost_usd: float = 0.0
    lost_tokens: int = 0
    """The most that calls without a count can have cost: those that a deadline or a broken connection ended."""
    calls: int = 0
    """How many were made so far: the number of the last one."""

    @property
    def money_left(self) -> float:
        """Dollars left for further calls, never negative."""
        spent = sum(attempt.cost_usd or 0.0 for attempt in self.attempts)
        return max(0.0, self.max_cost_usd - spent - self.lost_usd)

    def allowance(self, model: Model, tokens_in: int, until: Deadline) -> Allowance:
        """Return what a call with `tokens_in` tokens may take before `until`; raise NotAllowed with the reason."""
        seconds = min(CALL_S, until.remaining)
        if seconds < SHORTEST_CALL_S:
            raise NotAllowed("not asked: no time left")
        room = min(model.output, model.context - tokens_in)
        if room < min(LEAST_ROOM, model.output):
            remedy = ": start its server with a larger one" if model.is_home else ""
            raise NotAllowed(
                f"not asked: the prompt of about {tokens_in} tokens leaves no room for an answer in a context of "
                f"{model.context}{remedy}"
            )
        affordable = self._affordable_tokens(model, tokens_in)
        if affordable < min(SHORTEST_ANSWER, model.output):
            raise NotAllowed("not asked: too little money left for an answer")
        return Allowance(seconds, min(room, affordable))

    def _affordable_tokens(self, model: Model, tokens_in: int) -> int:
        """Return how many tokens an answer may have at most, apart from the model's own limit."""
        price = model.price
        if price is None:
            used = sum(attempt.tokens_in + attempt.tokens_out for attempt in self.attempts if attempt.cost_usd is None)
            return UNPRICED_TOKENS - used - self.lost_tokens - tokens_in
        left = self.money_left - _prompt_cost(price, tokens_in, caches=model.caches)
        if price.output == 0:
            return model.output if left >= 0 else 0
        return int(left / price.output * _MILLION)

    def most_usd(self, model: Model, tokens_in: int, tokens_out: int) -> float | None:
        """Return what a call with so many tokens costs at most, None if nobody knows the price."""
        if model.price is None:
            return None
        return _prompt_cost(model.price, tokens_in, caches=model.caches) + model.price.output * tokens_out / _MILLION

    def record_lost_call(self, model: Model, tokens_in: int, tokens_out: int) -> None:
        """Count a call at so many tokens, because nobody said what it cost."""
        cost = self.most_usd(model, tokens_in, tokens_out)
        if cost is None:
            self.lost_tokens += tokens_in + tokens_out
        else:
            self.lost_usd += cost


def _prompt_cost(price: Price, tokens_in: int, *, caches: bool) -> float:
    """Return what a prompt costs in dollars at most."""
    return price.input * tokens_in / _MILLION * (_WRITING_A_CACHE if caches else 1.0)
