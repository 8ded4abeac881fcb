"""`make fuzz`: hostile inputs at everything that takes what strangers send, and how the time of each reader grows."""

import argparse
import logging
import random
import sys
import time
import traceback
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tests.fuzz.growth import grown
from tests.fuzz.readers import ANSWERING
from tests.fuzz.readers_attached import ATTACHED
from tests.fuzz.readers_checked import CHECKED
from tests.fuzz.readers_told import TOLD
from tests.fuzz.running import NIGHTLY, Outcome, run
from tests.fuzz.targets import TARGETS

READERS = (*ANSWERING, *ATTACHED, *CHECKED, *TOLD)


def _one(number: int, seed: int) -> tuple[Outcome, float]:
    logging.disable(logging.WARNING)  # the server tells of each request that is none
    started = time.monotonic()
    outcome = run(TARGETS[number], TARGETS[number].inputs * NIGHTLY, seed)
    if outcome.error is not None:
        traceback.print_exception(outcome.error)
        outcome.error = AssertionError("see above")  # of any other kind it could not be sent back
    return outcome, time.monotonic() - started


def _harmed(pool: ProcessPoolExecutor, seed: int) -> int:
    """Give hostile inputs to every target; return how many did harm."""
    table = Table(box=SIMPLE, title=f"seed {seed}")
    table.add_column("target", no_wrap=True)
    for heading in ("inputs", "500s", "hangs", "escapes", "others", "a second"):
        table.add_column(heading, justify="right")
    outcomes = list(pool.map(_one, range(len(TARGETS)), [seed] * len(TARGETS)))
    for target, (outcome, seconds) in zip(TARGETS, outcomes, strict=True):
        failed = [str(outcome.failed[kind]) for kind in ("500", "hang", "escape", "other")]
        table.add_row(target.name, f"{outcome.tried:,}", *failed, f"{outcome.tried / seconds:.0f}")
    Console().print(table)
    return sum(outcome.error is not None for outcome, _ in outcomes)


def _grown(number: int, seed: int) -> list[tuple[str, str, int, float, float]]:
    """Return of each family its name, what is wrong, size, seconds and growth: functions could not be sent."""
    found = grown(READERS[number], seed)
    return [(one.family.name, one.problem, one.last.size, one.last.seconds, one.ratio) for one in found]


def _slow(pool: ProcessPoolExecutor, seed: int, wanted: str) -> int:
    """Measure how the time of every reader grows; return how many families grow faster than their size."""
    started = time.monotonic()
    table = Table(box=SIMPLE, title=f"growth, seed {seed}: time(2n) / time(n), and the slowest family of each reader")
    for heading in ("reader", "families", "size", "seconds", "ratio", "family"):
        table.add_column(heading, justify="left" if heading in ("reader", "family") else "right")
    numbers = [number for number, reader in enumerate(READERS) if wanted in reader.name]
    failed = 0
    for number, families in zip(numbers, pool.map(_grown, numbers, [seed] * len(numbers)), strict=True):
        bad = [one for one in families if one[1]]
        failed += len(bad)
        ratio = max(one[4] for one in families)
        slowest = max([one for one in families if not one[1]] or families, key=_whole)
        said = (f"{slowest[2]:,}", f"{slowest[3]:.2f}", f"{ratio:.2f}" if ratio else "", escape(slowest[0]))
        table.add_row(READERS[number].name, str(len(families)), *said)
        for name, problem, size, seconds, _ in bad:
            told = (f"{size:,}", f"{seconds:.2f}", escape(problem), escape(name))
            table.add_row("", "", *told, style="red")
    console = Console()
    console.print(table)
    console.print(f"{len(numbers)} readers, {failed} families too slow, {time.monotonic() - started:.0f} s")
    return failed


def _whole(one: Sequence[object]) -> tuple[int, float]:
    return int(str(one[2])), float(str(one[3]))


def main() -> int:
    """Return 0 only if no input did harm, and no reader takes more than its share of time."""
    parser = argparse.ArgumentParser(prog="fuzz")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32), metavar="N")
    parser.add_argument("--only", choices=("inputs", "growth"), help="one half of it")
    parser.add_argument("--reader", default="", metavar="NAME", help="growth of the readers with NAME in their names")
    given = parser.parse_args()
    with ProcessPoolExecutor() as pool:
        harmed = 0 if given.only == "growth" or given.reader else _harmed(pool, given.seed)
        slow = 0 if given.only == "inputs" else _slow(pool, given.seed, given.reader)
    return 1 if harmed or slow else 0


if __name__ == "__main__":
    sys.exit(main())
