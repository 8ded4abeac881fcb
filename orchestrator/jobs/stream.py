"""The events of one job, as it writes them: `events.jsonl` in a folder, and whole files beside it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.core.envelope import Envelope, StampedEvent, redact_event, render_line
from orchestrator.core.events import Event, Source
from orchestrator.jobs.runner import LEFT_OUT, SHORTEST_MASK

FILE = "events.jsonl"

MAX_BYTES = 8 * 1024 * 1024
"""The most bytes of the events of one job in one attempt: several times what an hour of events takes."""


@dataclass
class Stream:
    """Appends events, each as one whole line: several processes may write to the same file.

    `private`: values that no text of an event may hold. A stream that cannot be written ends: `broken` says why then,
    and the job goes on without it.
    """

    folder: Path
    id: str
    source: Source
    run_attempt: int = 1
    private: set[str] = field(default_factory=set, repr=False)
    n: int = 0
    written: int = 0
    broken: str = ""

    def hide(self, *values: str | None) -> None:
        """Keep `values` out of everything that is written from now on."""
        self.private |= {value for value in values if value and len(value) >= SHORTEST_MASK}

    def append(self, event: Event) -> None:
        """Write one event."""
        if self.broken:
            return
        self.n += 1
        head = Envelope(n=self.n, id=self.id, at=datetime.now(UTC), source=self.source, run_attempt=self.run_attempt)
        line = render_line(StampedEvent(head, redact_event(event, self.private, LEFT_OUT))).encode()
        self.written += len(line)
        if self.written > MAX_BYTES:
            self.broken = f"they have more than {MAX_BYTES // 1024**2} MB"
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            # One write of a line at the end of a file is whole, also if others write there (POSIX, O_APPEND).
            file = os.open(self.folder / FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(file, line)
            finally:
                os.close(file)
        except OSError as error:
            self.broken = error.strerror or type(error).__name__

    def keep(self, place: str, files: Mapping[str, bytes]) -> None:
        """Write whole files beside the stream, below the folder `place`."""
        if self.broken:
            return
        try:
            for path, content in files.items():
                target = self.folder / place / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
        except OSError as error:
            self.broken = error.strerror or type(error).__name__
