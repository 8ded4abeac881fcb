"""How a job reports: each event becomes a line of its stream, and the log lines that are made from it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.core.errors import PagewrightError
from orchestrator.core.events import Event, FailedEvent, GroupEvent, NoteEvent, Source
from orchestrator.core.order import Order
from orchestrator.core.settings import JobConfig
from orchestrator.core.telling import describe_event
from orchestrator.jobs.runner import Runner
from orchestrator.jobs.stream import Stream

EVENTS = "events"
"""The folder beside what job `build` hands over."""

UNLOGGED = frozenset({"answered", "asked", "attempt", "built", "failed", "judged", "waiting"})
"""Events without a line of their own in the log: another line says the same, or there are too many of them."""


@dataclass
class Teller:
    """Takes the events of one job. `stream`: None if nobody asked for one."""

    runner: Runner
    stream: Stream | None = None

    def emit(self, event: Event) -> None:
        """Write an event down, and say it in the log."""
        if self.stream is not None:
            with self._warn_if_broken(self.stream):
                self.stream.append(event)
        log_event(self.runner, event)

    def keep(self, place: str, files: Mapping[str, bytes]) -> None:
        """Keep whole files beside the events, below the folder `place`."""
        if self.stream is not None:
            with self._warn_if_broken(self.stream):
                self.stream.keep(place, files)

    @contextmanager
    def _warn_if_broken(self, stream: Stream) -> Iterator[None]:
        """Say once that the stream ends here."""
        was_broken = stream.broken
        yield
        if stream.broken and not was_broken:
            self.runner.warning(f"The events could not be written ({stream.broken}): the log has all of them.")

    def fail(self, error: PagewrightError, who: str) -> None:
        """Tell that the job `who` ends with an error. The log has it as an annotation of the command."""
        self.emit(FailedEvent(sentence=error.cause, remedy=error.remedy, exit_code=error.exit_code, who=who))

    def mask(self, *values: str | None) -> None:
        """Keep `values` out of the log and the events from now on."""
        for value in values:
            self.runner.mask(value)
        self.hide(*values)

    def hide(self, *values: str | None) -> None:
        """Keep secrets out of the events. The runner knows them, and a command that masks them would print them."""
        if self.stream is not None:
            self.stream.hide(*values)


def create_teller(
    config: JobConfig[Any], order: Order, runner: Runner, source: Source, out: Path | None = None
) -> Teller:
    """Return the teller of a job. It writes to the folder that was asked for, or else below `out`, if the job has one.

    What identifies the asker is kept out of everything from now on.
    """
    folder = config.events_folder or (out / EVENTS if out else None)
    stream = None if folder is None else Stream(folder, order.id, source, config.attempt)
    tells = Teller(runner, stream)
    tells.mask(*order.personal)
    return tells


def log_event(runner: Runner, event: Event) -> None:
    """Say in the log of Actions what an event says."""
    match event:
        case GroupEvent(state="begun"):
            runner.begin_group(event.name)
        case GroupEvent():
            runner.end_group(event.seconds or 0.0)
        case NoteEvent(level="warning"):
            runner.warning(event.text)
        case NoteEvent(level="notice"):
            runner.notice(event.text)
        case _:
            if event.type not in UNLOGGED and (text := describe_event(event)):
                runner.say(text)
