"""Events, read while they are written."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.core.envelope import MAX_LINE_BYTES, StampedEvent, parse_line
from orchestrator.core.errors import RuleBroken

LOOK_S = 0.02
"""How often a follower looks for more: a line is read a moment after it is whole."""


@dataclass
class EventReader:
    """Reads one stream from its beginning, each line once. `refused`: lines that were of another form."""

    path: Path
    refused: int = 0
    _offset: int = 0
    _rest: bytes = field(default=b"", repr=False)

    def read_new_events(self) -> Iterator[StampedEvent]:
        """Yield what has come since the last look. A line that is still being written waits for its end."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._offset)
                more = file.read()
        except FileNotFoundError:  # nobody has written yet
            return
        self._offset += len(more)
        *lines, self._rest = (self._rest + more).split(b"\n")
        if len(self._rest) > MAX_LINE_BYTES:
            self._rest = self._rest[: MAX_LINE_BYTES + 1]  # refused once it ends
        for line in lines:
            try:
                yield parse_line(line)
            except RuleBroken:
                self.refused += 1
