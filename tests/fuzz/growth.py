"""How the time of a reader grows with what it is given: measured in processes of their own, that a limit ends.

All families are tried on small inputs first. Those that grow there, and the slowest ones, are measured up to the whole
size. Time is the processor's, so that other processes do not count.
"""

import gc
import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

LIMIT_S = 10.0
"""Processor seconds that the whole size may take: more ends the process, however the time grew till then."""

SMALL_S = 2.0
"""Processor seconds that a small size may take."""

FLOOR_S = 0.05
"""Processor seconds below which noise is larger than what is measured."""

RATIO = 2.5
"""What twice the size may take, as a multiple: 2 is linear, 4 is quadratic."""

SMALL = (6, 4)
LADDER = (4, 3, 2, 1, 0)
"""How often the whole size is halved: for the small ones, and for those that are measured one after the other."""

SUSPECT = 8.0
SUSPECT_S = 0.03
"""What four times the size takes, as a multiple, where a family may be no linear one; and the least that counts."""

SLOWEST = 6
"""Families of a reader that are measured up to the whole size, even where nothing is suspect."""

TRIES = 3
"""How often what looks too slow is measured again: the best counts, for noise only ever adds."""

_WALL = 20
"""Seconds on the clock for each one of the processor: others have their turns too."""


@dataclass(frozen=True)
class Family:
    """One mechanism that makes inputs of any size. `made`: the input of a size, in characters or entries."""

    name: str
    made: Callable[[int], Any]


@dataclass(frozen=True)
class Reader:
    """What is measured. `largest`: the size up to which it is; `families`: its inputs, for a seed."""

    name: str
    largest: int
    read: Callable[[Any], object]
    families: Callable[[int], Sequence[Family]]


@dataclass(frozen=True)
class Step:
    """One size and the processor seconds that it took, the best of as many tries as were made."""

    size: int
    seconds: float


@dataclass(frozen=True)
class Growth:
    """What came of one family. `steps`: from the smallest size; `problem`: empty where the time grew as it may."""

    family: Family
    steps: tuple[Step, ...] = ()
    problem: str = ""

    @property
    def last(self) -> Step:
        """The largest size that was read."""
        return self.steps[-1] if self.steps else Step(0, 0.0)

    @property
    def ratio(self) -> float:
        """The largest growth from one size to twice that, above the floor; 0 without one."""
        pairs = zip(self.steps, self.steps[1:], strict=False)
        return max((_ratio(one, two) for one, two in pairs if two.size < 3 * one.size), default=0.0)

    @property
    def is_suspect(self) -> bool:
        """Whether the small sizes look as if the time did not grow like the size."""
        one, two = self.steps[0], self.last
        return two.seconds > SUSPECT_S and two.seconds / max(one.seconds, 1e-9) > SUSPECT * two.size / one.size / 4


def _ratio(one: Step, two: Step) -> float:
    return two.seconds / max(one.seconds, 1e-9) if two.seconds >= FLOOR_S else 0.0


def grown(reader: Reader, seed: int) -> list[Growth]:
    """Return what came of every family, those that were measured up to the whole size first."""
    tried = list(small(reader, reader.families(seed)))
    failed = [one for one in tried if one.problem]
    fine = sorted((one for one in tried if not one.problem), key=lambda one: -one.last.seconds)
    suspects = [one for one in fine if one.is_suspect]
    slowest = [one for one in fine if not one.is_suspect][:SLOWEST]
    measured = [whole(reader, one.family) for one in (*suspects, *slowest)]
    known = {one.family.name for one in measured}
    return [*failed, *measured, *(one for one in fine if one.family.name not in known)]


def small(reader: Reader, families: Sequence[Family], limit: float = SMALL_S) -> Iterator[Growth]:
    """Yield what small inputs of each family take; one process reads them all, and another goes on behind its end."""
    sizes = [max(1, reader.largest >> halvings) for halvings in SMALL]
    left = list(families)
    while left:
        found = list(_told_by(lambda send, left=left: _all_small(reader, left, sizes, limit, send), limit))  # type: ignore[misc]
        steps = {number: [step for at, step in found if at == number] for number in {number for number, _ in found}}
        done = sorted(number for number in steps if len(steps[number]) == len(sizes))
        yield from (Growth(left[number], tuple(steps[number])) for number in done)
        if len(done) < len(left):
            place = len(done)
            ended = Step(sizes[len(steps.get(place, []))], limit)
            yield Growth(left[place], (*steps.get(place, []), ended), f"more than {limit:g} s, or it raised")
        left = left[len(done) + 1 :]


def _all_small(
    reader: Reader, families: Sequence[Family], sizes: Sequence[int], limit: float, send: Callable[[Any], None]
) -> None:
    for number, family in enumerate(families):
        for size in sizes:
            send((number, _taken(reader, family, size, limit)))


def whole(reader: Reader, family: Family, limit: float = LIMIT_S) -> Growth:
    """Measure one family up to the whole size, in a process of its own."""
    sizes = [max(1, reader.largest >> halvings) for halvings in LADDER]
    steps: dict[int, float] = {}
    problem, is_done = "", False
    for said in _told_by(lambda send: _one_by_one(reader, family, sizes, limit, send), limit * len(sizes)):
        if isinstance(said, str):
            problem, is_done = said, True
        else:
            steps[said.size] = min(said.seconds, steps.get(said.size, said.seconds))
    if not is_done:
        problem = f"more than {limit:g} s, or it raised"
        steps[next((size for size in sizes if size not in steps), sizes[-1])] = limit
    return Growth(family, tuple(Step(*one) for one in sorted(steps.items())), problem)


def _one_by_one(
    reader: Reader, family: Family, sizes: Sequence[int], limit: float, send: Callable[[Any], None]
) -> None:
    """Send each step, and last of all what is wrong: an empty text if nothing is."""

    def best(size: int, times: int) -> Step:
        tries = [_taken(reader, family, size, limit) for _ in range(times)]
        send(step := min(tries, key=lambda one: one.seconds))
        return step

    before = best(sizes[0], 1)
    for size in sizes[1:]:
        now = best(size, 1)
        for _ in range(TRIES):  # in turns, for others take the processor's caches now and then
            if _ratio(before, now) <= RATIO:
                break
            before = min(before, best(before.size, TRIES), key=lambda one: one.seconds)
            now = min(now, best(size, TRIES), key=lambda one: one.seconds)
        if (ratio := _ratio(before, now)) > RATIO:
            send(f"{ratio:.1f} times")
            return
        before = now
    send("")


def _taken(reader: Reader, family: Family, size: int, limit: float) -> Step:
    given = family.made(size)
    gc.collect()
    gc.disable()
    # What the signal does by itself ends a process in the middle of a regular expression too.
    signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_VIRTUAL, limit)
    started = time.process_time()
    reader.read(given)
    step = Step(size, time.process_time() - started)
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    gc.enable()
    return step


def _told_by(work: Callable[[Callable[[Any], None]], None], seconds: float) -> Iterator[Any]:
    """Yield what `work` sends out of a process of its own, until that ends or is silent for too long."""
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_working, args=(work, sending))
    process.start()
    sending.close()
    try:
        while receiving.poll(_WALL * seconds):
            yield receiving.recv()
    except EOFError:
        pass
    process.kill()
    process.join()
    receiving.close()


def _working(work: Callable[[Callable[[Any], None]], None], sending: Connection) -> None:
    gc.freeze()  # what is there already is looked at no more
    try:
        work(sending.send)
    except Exception:  # noqa: BLE001 - the family that was being read is told as one that failed
        traceback.print_exc()
        sending.close()
        os._exit(1)
