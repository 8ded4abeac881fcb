"""One target of the fuzzing: what it is given, what must never happen, and how a run of it is counted."""

import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis.strategies import SearchStrategy

HANG_S = 10.0
"""An input that takes longer has hung; the slowest honest one takes a tenth of a second."""

NIGHTLY = 10
"""A nightly run is so many times the one in CI."""

Act = Callable[[Any], None]
"""Gives one input to the code under test; raises Escape, Failed500, or whatever that code should not have raised."""


class Escape(AssertionError):
    """Something that should have been kept in got out: a path, a submitted value, a command."""


class Failed500(AssertionError):
    """The receiver answered with 5xx of its own."""


class Hang(BaseException):
    """An input took longer than HANG_S. No code under test may catch it."""


@dataclass(frozen=True)
class Target:
    """`inputs` in CI; `opened`: what is set up once for all of them."""

    name: str
    inputs: int
    strategy: SearchStrategy[Any]
    opened: Callable[[], AbstractContextManager[Act]]


@dataclass
class Outcome:
    """`tried`: inputs; `failed`: by kind of failure; `error`: the smallest input found, as Hypothesis tells it."""

    tried: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    error: BaseException | None = None


def run(target: Target, inputs: int, seed: int | None) -> Outcome:
    """Give so many inputs to a target, until one fails. `seed` None: the same ones each time."""
    outcome = Outcome()

    def attempt(value: Any) -> None:
        outcome.tried += 1
        with _no_hang():
            act(value)

    wanted = settings(
        max_examples=inputs,
        derandomize=seed is None,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    generated = wanted(given(target.strategy)(attempt))
    try:
        with target.opened() as act:
            (generated if seed is None else seeded(seed)(generated))()
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        outcome.error = error
        outcome.failed[{Escape: "escape", Failed500: "500", Hang: "hang"}.get(type(error), "other")] += 1
    return outcome


@contextmanager
def _no_hang() -> Iterator[None]:
    def interrupt(_: int, __: FrameType | None) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, HANG_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
