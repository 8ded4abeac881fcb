"""What the engine tells of its runs: events, made from how a run was before and how it is now."""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.core.errors import PagewrightError
from orchestrator.core.events import AcceptedEvent
from orchestrator.core.order import Order, read_event
from orchestrator.core.runs import diff_runs
from orchestrator.jobs.stream import Stream
from orchestrator.local.runs import Run


def events_folder(work: Path, run_id: int) -> Path:
    """Return the private folder in which everything that takes part in a run leaves its events."""
    return work / "events" / str(run_id)


@dataclass
class RunTeller:
    """Writes the engine's own events of each run into the folder of the run. `work`: of the engine."""

    work: Path
    streams: dict[tuple[int, int], Stream] = field(default_factory=dict)

    def record_changes(self, before: Run | None, now: Run) -> None:
        """Write what has changed of a run."""
        place = now.id, now.run_attempt
        if place not in self.streams:
            self.streams[place] = self._open_stream(now)
        for event in diff_runs(before, now, _accepted_event(now) if before is None else None):
            self.streams[place].append(event)
        if now.status == "completed":
            del self.streams[place]

    def _open_stream(self, run: Run) -> Stream:
        stream = Stream(events_folder(self.work, run.id), run_request_id(run), "engine", run.run_attempt)
        if order := _parse_order(run):
            stream.hide(*order.personal)
        return stream


def find_newest_run(request: str, runs: Iterable[Run]) -> Run | None:
    """Return the newest of `runs` that is for the request of that id."""
    return max((run for run in runs if run_request_id(run) == request), key=lambda run: run.id, default=None)


def run_request_id(run: Run) -> str:
    """Return the id of the request that a run is for; a name of its own if its event has none."""
    order = _parse_order(run)
    return order.id if order else f"run-{run.id}"


def _parse_order(run: Run) -> Order | None:
    try:
        return read_event(run.payload, str(run.id))
    except PagewrightError:  # the run itself says what is wrong with its event
        return None


def _accepted_event(run: Run) -> AcceptedEvent | None:
    order = _parse_order(run)
    with contextlib.suppress(PagewrightError):  # a request of another form: the run says what is wrong with it
        if order is not None:
            asker = order.identity()
            return AcceptedEvent(task=asker.task, round=asker.round, title=order.title)
    return None
