"""`make faults`: every row of the table of faults, the long ones too, and a hundred kills at random moments."""

import argparse
import asyncio
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from tests.faults.world import Kill, World, world

SEED = 20261124
LONGEST_S = 7.0
"""Both jobs of a task without a model are over by then, on a slow machine too."""

ROW = re.compile(r"test_(\d+)_(?:and_(\d+)_)?")


def tested(folder: Path) -> tuple[int, Counter[int], Counter[int]]:
    """Run the tests of all rows; return pytest's code, and by row how often its fault was injected and survived."""
    report = folder / "report.xml"
    options = (
        "-q",
        "-m",
        "",
        "-o",
        "faulthandler_timeout=1200",
        "--numprocesses",
        "logical",
        "--dist",
        "worksteal",
        f"--junitxml={report}",
    )
    code = subprocess.run([sys.executable, "-m", "pytest", *options, Path(__file__).parent], check=False).returncode
    injected, survived = Counter[int](), Counter[int]()
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - written a moment ago by pytest
        if named := ROW.search(case.get("name", "")):
            for number in (int(number) for number in named.groups() if number):
                injected[number] += 1
                survived[number] += case.find("failure") is None and case.find("error") is None
    return code, injected, survived


@dataclass
class Kills:
    """What came of killing a run and running it again."""

    done: int = 0
    survived: int = 0
    lost: int = 0
    doubled: int = 0

    async def one(self, system: World, moment: float) -> None:
        """Kill a run after so many seconds, run it again, and count what is there."""
        await system.send()
        (payload,) = system.dispatched
        await system.run(payload, kill=Kill(at=asyncio.get_running_loop().time() + moment))
        ran = await system.run(payload, attempt=2)
        commits, told = system.answered(), set(system.told.bodies)
        is_lost = ran.publish != 0 or not commits or not told
        self.done += 1
        self.lost += is_lost
        self.doubled += len(commits) > 1 or len(told) > 1
        self.survived += not is_lost and len(commits) == len(told) == 1


def main() -> int:
    """Return 0 only if every row and every kill was survived."""
    parser = argparse.ArgumentParser(prog="faults")
    parser.add_argument("--kills", type=int, default=100, metavar="N")
    wanted = parser.parse_args().kills
    console = Console()
    with tempfile.TemporaryDirectory(prefix="pagewright-faults-") as folder:
        code, injected, survived = tested(Path(folder))
    kills = asyncio.run(_killed(wanted, console))
    table = Table("fault", box=SIMPLE)
    for heading in ("injected", "survived", "lost", "doubled"):
        table.add_column(heading, justify="right")
    for number, count in sorted(injected.items()):
        counted = "0" if count == survived[number] else "?"
        table.add_row(str(number), str(count), str(survived[number]), counted, counted)
    table.add_row("19, at random moments", *map(str, (kills.done, kills.survived, kills.lost, kills.doubled)))
    console.print(table)
    return 0 if code == 0 and kills.survived == kills.done else 1


async def _killed(wanted: int, console: Console) -> Kills:
    kills, moments = Kills(), random.Random(SEED)  # noqa: S311 - the same moments each time
    with console.status("") as status:
        for number in range(wanted):
            status.update(f"Killing: {number} of {wanted}")
            with tempfile.TemporaryDirectory(prefix="pagewright-faults-") as folder:
                async with world(Path(folder)) as system:
                    await kills.one(system, moments.uniform(0, LONGEST_S))
    return kills


if __name__ == "__main__":
    sys.exit(main())
