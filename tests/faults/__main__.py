"""`make faults`: every row of both tables, the long ones too, and a hundred kills at random moments."""

import argparse
import asyncio
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from tests.faults.world import Doubled, Kill, Lost, World, settled, world

SEED = 20261124
LONGEST_S = 7.0
"""Both jobs of a task without a model are over by then, on a slow machine too."""

FAULTS = [str(number) for number in range(1, 23)]
ATTACKS = [f"s{number}" for number in range(1, 26)]
ELSEWHERE = ("s13", "s14")
"""Attacks on what the project is made of: `make check` holds them."""

ROW = re.compile(r"(?:(?<=test_)|(?<=_and_))(s?\d+)(?=_)")


@dataclass
class Row:
    """What came of injecting one fault. Of what failed, `lost` and `doubled` say how, where that is known."""

    injected: int = 0
    survived: int = 0
    lost: int = 0
    doubled: int = 0

    def add(self, failure: str | None) -> None:
        """Count one injection; `failure`: what its test said, None if it passed."""
        self.injected += 1
        self.survived += failure is None
        self.lost += failure is not None and Lost.__name__ in failure
        self.doubled += failure is not None and Doubled.__name__ in failure


def tested(folder: Path) -> tuple[int, Mapping[str, Row]]:
    """Run the tests of all rows; return pytest's code, and what came of each row."""
    report = folder / "report.xml"
    options = ("-q", "-m", "", "-o", "faulthandler_timeout=1200", "--numprocesses", "logical", "--dist", "worksteal")
    command = [sys.executable, "-m", "pytest", *options, f"--junitxml={report}", str(Path(__file__).parent)]
    code = subprocess.run(command, check=False).returncode
    rows: defaultdict[str, Row] = defaultdict(Row)
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - written a moment ago by pytest
        name, failed = case.get("name", ""), case.find("failure")
        failed = case.find("error") if failed is None else failed
        for row in ROW.findall(name.partition("[")[0]):
            rows[row].add(None if failed is None else failed.get("message", ""))
    return code, rows


async def killed(system: World, moment: float) -> str | None:
    """Kill a run after so many seconds and run it again; return what was wrong then."""
    await system.send()
    (payload,) = system.dispatched
    await system.run(payload, kill=Kill(at=asyncio.get_running_loop().time() + moment))
    ran = await system.run(payload, attempt=2)
    try:
        settled(system)
    except (Lost, Doubled) as error:
        return repr(error)
    return None if ran.publish == 0 else "the second run failed"


async def all_killed(wanted: int, console: Console) -> Row:
    """Kill so many runs, one a core at a time, each at another moment, the same moments each time."""
    row, moments = Row(), random.Random(SEED)  # noqa: S311 - it is to be foreseen
    turns = asyncio.Semaphore(os.cpu_count() or 1)

    async def one(moment: float) -> None:
        async with turns:
            with tempfile.TemporaryDirectory(prefix="pagewright-faults-") as folder:
                async with world(Path(folder)) as system:
                    row.add(await killed(system, moment))
            status.update(f"Killing: {row.injected} of {wanted}")

    with console.status("Killing") as status:
        await asyncio.gather(*(one(moments.uniform(0, LONGEST_S)) for _ in range(wanted)))
    return row


def main() -> int:
    """Return 0 only if every row and every kill was survived, and no row was left out."""
    parser = argparse.ArgumentParser(prog="faults")
    parser.add_argument("--kills", type=int, default=100, metavar="N")
    wanted, started, console = parser.parse_args().kills, time.monotonic(), Console()
    with tempfile.TemporaryDirectory(prefix="pagewright-faults-") as folder:
        code, rows = tested(Path(folder))
    kills = asyncio.run(all_killed(wanted, console))
    table = Table(box=SIMPLE)
    table.add_column("fault", no_wrap=True)
    for heading in ("injected", "survived", "lost", "doubled"):
        table.add_column(heading, justify="right")
    shown = [(row, rows[row]) for row in (*FAULTS, *ATTACKS) if row in rows]
    for name, row in [*shown, ("19, at random moments", kills)]:
        table.add_row(name.upper() if name[0] == "s" else name, *map(str, vars(row).values()))
    console.print(table)
    missing = [row for row in (*FAULTS, *ATTACKS) if row not in rows and row not in ELSEWHERE]
    if missing:
        console.print(f"Not injected: {', '.join(missing)}", style="red")
    console.print(f"In {time.monotonic() - started:.0f} s.")
    return 0 if code == 0 and not missing and kills.survived == kills.injected else 1


if __name__ == "__main__":
    sys.exit(main())
