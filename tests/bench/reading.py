"""Parses one answer: writes the seconds that takes, and how many times the answer's size the process grew by."""

import resource
import sys
import time
from pathlib import Path
from statistics import median

from orchestrator.generate.reply.reply import parse

READINGS = 5


def peak() -> int:
    """Return the most memory that this process had resident so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main(path: str) -> None:
    """Parse the file a few times."""
    text = Path(path).read_text(encoding="utf-8")
    before, taken = peak(), list[float]()
    for _ in range(READINGS):
        started = time.perf_counter()
        parse(text)
        taken.append(time.perf_counter() - started)
    sys.stdout.write(f"{median(taken)} {(peak() - before) / len(text.encode())}\n")


if __name__ == "__main__":
    main(sys.argv[1])
