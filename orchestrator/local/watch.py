"""`pagewright watch ID`: the events of a task on this machine, as they come."""

import asyncio
import contextlib
from pathlib import Path

from orchestrator.core.errors import UsageError
from orchestrator.core.events import EndedEvent
from orchestrator.jobs.stream import FILE
from orchestrator.local.actions.telling import events_folder, find_newest_run
from orchestrator.local.following import LOOK_S, EventReader
from orchestrator.local.runs import Run, Runs
from orchestrator.watching.printing import Printer


def run_watch(request: str, data: Path, *, as_json: bool) -> int:
    """Print what happens to the task with the id `request` until its run is over. Raises UsageError."""
    with contextlib.suppress(BrokenPipeError):  # who reads has read enough
        return asyncio.run(_watch(request, data / ".github", Printer(as_json)))
    return 0


async def _watch(request: str, state: Path, printer: Printer) -> int:
    run = find_newest_run(request, _load_runs(state))
    if run is None:
        raise UsageError(f"No task with this id is known in {state.parent}.", "Pass the id in the receiver's answer.")
    reader = EventReader(events_folder(state / "work", run.id) / FILE)
    is_over = False
    while not is_over:
        for stamped in reader.read_new_events():
            printer.print_event(stamped)
            if isinstance(stamped.event, EndedEvent) and _is_last(state, stamped.event):
                is_over = True  # what was written after it, as the evaluator's judgement was, is told too
        if not is_over:
            await asyncio.sleep(LOOK_S)
    return 0


def _load_runs(state: Path) -> tuple[Run, ...]:
    return Runs(state / "runs").all_runs()


def _is_last(state: Path, ended: EndedEvent) -> bool:
    """Whether no later attempt has begun: a run that is started again goes on in the same stream."""
    return all(run.run_attempt <= ended.attempt for run in _load_runs(state) if run.id == ended.run)
