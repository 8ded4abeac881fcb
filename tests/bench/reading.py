"""Parses one answer: writes the seconds that takes, and how many times the answer's own size it needs meanwhile."""

import sys
import time
import tracemalloc
from pathlib import Path
from statistics import median

from orchestrator.generate.reply.reply import parse_reply

READINGS = 5


def main(path: str) -> None:
    """Parse the file a few times, and once more under the eyes of tracemalloc, which slows it down."""
    text = Path(path).read_text(encoding="utf-8")
    taken = list[float]()
    for _ in range(READINGS):
        started = time.perf_counter()
        parse_reply(text)
        taken.append(time.perf_counter() - started)
    tracemalloc.start()
    parse_reply(text)
    _, peak = tracemalloc.get_traced_memory()
    sys.stdout.write(f"{median(taken)} {peak / len(text.encode())}\n")


if __name__ == "__main__":
    main(sys.argv[1])
