"""How soon an event that was written by another process is read by whoever follows."""

import asyncio
import statistics
import sys
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.jobs.stream import FILE
from orchestrator.local.following import LOOK_S, EventReader
from tests.bench.figures import Figure

EVENTS = 300
_WRITE = f"""
import random, sys, time
from pathlib import Path
from orchestrator.core.events import NoteEvent
from orchestrator.jobs.stream import Stream
stream = Stream(Path(sys.argv[1]), "i", "build")
for number in range({EVENTS}):
    time.sleep(random.uniform(0, 0.02))
    stream.append(NoteEvent(text=f"{{number}} {{'x' * 200}}"))
"""


async def measure(folder: Path) -> list[Figure]:
    """Write events in one process, at random moments, and read them in this one."""
    writer = await asyncio.create_subprocess_exec(sys.executable, "-c", _WRITE, str(folder))
    follower, ages = EventReader(folder / FILE), list[float]()
    while len(ages) < EVENTS and (writer.returncode is None or not ages):
        ages += [(datetime.now(UTC) - stamped.envelope.at).total_seconds() for stamped in follower.read_new_events()]
        await asyncio.sleep(LOOK_S)
    await writer.wait()
    p95 = statistics.quantiles(ages, n=20)[-1]
    return [Figure(name="an event emitted, until it is read (p95)", unit="ms", ours=[p95 * 1000], limit=50)]
