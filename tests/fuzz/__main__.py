"""`make fuzz`: hostile inputs at everything that takes what strangers send, other ones each time."""

import argparse
import logging
import random
import sys
import time
import traceback
from concurrent.futures import ProcessPoolExecutor

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from tests.fuzz.running import NIGHTLY, Outcome, run
from tests.fuzz.targets import TARGETS


def _one(number: int, seed: int) -> tuple[Outcome, float]:
    logging.disable(logging.WARNING)  # the server tells of each request that is none
    started = time.monotonic()
    outcome = run(TARGETS[number], TARGETS[number].inputs * NIGHTLY, seed)
    if outcome.error is not None:
        traceback.print_exception(outcome.error)
        outcome.error = AssertionError("see above")  # of any other kind it could not be sent back
    return outcome, time.monotonic() - started


def main() -> int:
    """Return 0 only if no input did harm."""
    parser = argparse.ArgumentParser(prog="fuzz")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32), metavar="N")
    seed = parser.parse_args().seed
    table = Table(box=SIMPLE, title=f"seed {seed}")
    table.add_column("target", no_wrap=True)
    for heading in ("inputs", "500s", "hangs", "escapes", "others", "a second"):
        table.add_column(heading, justify="right")
    with ProcessPoolExecutor() as pool:
        outcomes = list(pool.map(_one, range(len(TARGETS)), [seed] * len(TARGETS)))
    for target, (outcome, seconds) in zip(TARGETS, outcomes, strict=True):
        failed = [str(outcome.failed[kind]) for kind in ("500", "hang", "escape", "other")]
        table.add_row(target.name, f"{outcome.tried:,}", *failed, f"{outcome.tried / seconds:.0f}")
    Console().print(table)
    return 0 if all(outcome.error is None for outcome, _ in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
