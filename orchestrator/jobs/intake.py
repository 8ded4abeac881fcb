"""What both jobs begin with: the task, its deadline, and what follows from these."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from orchestrator.core.deadline import Clock, Deadline, deadline_for
from orchestrator.core.order import Order
from orchestrator.core.settings import Actions
from orchestrator.core.task import Task
from orchestrator.github.client import Client
from orchestrator.github.event import fetch_full_task


@dataclass(frozen=True)
class Intake:
    """One task as a job takes it up.

    - `reader`: GitHub, read with the job's own token
    - `day`: the day of the licence and of the README, the same in both jobs
    - `reserved`: repositories that are never written to, as `owner/name` in lower case
    """

    task: Task
    deadline: Deadline
    reader: Client
    day: date
    reserved: frozenset[str]


async def take_up_task(actions: Actions, order: Order, clock: Clock) -> Intake:
    """Return the task that `order` names and when it must be over: at most one read. Raises PagewrightError."""
    reader = Client(actions.api_url, actions.token, Deadline(clock.now() + actions.deadline_s, clock))
    task = await fetch_full_task(order, reader, actions.repository)
    # By hand, and when it is run again, nobody's time has passed yet.
    is_fresh = order.by_hand or actions.attempt > 1
    return Intake(
        task=task,
        deadline=deadline_for(
            task.received_at, actions.deadline_s, fresh=is_fresh, clock=clock, job_began=actions.job_began
        ),
        reader=reader,
        day=_utc_day(task.received_at, clock.now()),
        reserved=frozenset({actions.repository.lower()}),
    )


def _utc_day(received_at: datetime | None, now: float) -> date:
    """Return the day in UTC, or today if the event names no moment or an impossible one."""
    today = datetime.fromtimestamp(now, UTC)
    try:
        return (received_at or today).astimezone(UTC).date()
    except OverflowError:
        return today.date()
