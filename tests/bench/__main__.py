"""`make bench`: measures what the README promises, each figure beside its baseline where there is one."""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from tests.bench import (
    attachments,
    door,
    elsewhere,
    events,
    home,
    hostile,
    jobs,
    looks,
    pages,
    proving,
    replies,
    soak,
    streaming,
    verifying,
)
from tests.bench.figures import Figure, table
from tests.bench.processes import Failed

MEASUREMENTS = {
    "receiver": door.measure,
    "hostile": hostile.measure,
    "looks": looks.measure,
    "soak": soak.measure,
    "build": jobs.build,
    "model": jobs.model,
    "slow": jobs.slow,
    "replies": replies.measure,
    "streaming": streaming.measure,
    "attachments": attachments.measure,
    "verifying": verifying.measure,
    "loaded": verifying.loaded,
    "repairing": proving.repairing,
    "standing": proving.standing,
    "cage": proving.cage,
    "github": jobs.github,
    "pages": pages.measure,
    "elsewhere": elsewhere.measure,
    "home": home.measure,
    "events": events.measure,
    "demo": jobs.demo,
}


def main() -> int:
    """Measure, print the table, and return 0 if every target is met, 2 where one could not be measured."""
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("--only", choices=MEASUREMENTS, metavar="NAME", help=" ".join(MEASUREMENTS))
    only = parser.parse_args().only
    console = Console()
    started = time.monotonic()
    try:
        figures = asyncio.run(_measured([only] if only else list(MEASUREMENTS), console))
    except Failed as error:
        console.print(str(error), markup=False, style="red")
        return 2
    console.print(table(figures))
    console.print(f"Measured in {time.monotonic() - started:.0f} s.")
    return 0 if all(figure.is_met for figure in figures) else 1


async def _measured(names: list[str], console: Console) -> list[Figure]:
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="pagewright-bench-") as folder, console.status("") as status:
        for name in names:
            status.update(f"Measuring: {name}")
            own = Path(folder) / name
            own.mkdir()
            figures += await MEASUREMENTS[name](own)
    return figures


if __name__ == "__main__":
    sys.exit(main())
