"""One line of the stream: an event in its envelope, written, read and cleaned of what is private. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer, TypeAdapter

from orchestrator.core.errors import RuleBroken
from orchestrator.core.events import Event, Source

MAX_LINE_BYTES = 16 * 1024

_EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="type")])


def _convert_to_utc(at: datetime) -> datetime:
    """Return a time in UTC; raise ValueError for one near the ends of the calendar, which has no other form."""
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("is out of range") from None


def _format_utc(at: datetime) -> str:
    """Return a time as ISO 8601 in UTC, with milliseconds."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Envelope(BaseModel):
    """What every line has. `n` counts from 1 within one source and one attempt of the run; `id`: of the request."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    v: Literal[1] = 1
    n: int
    id: Annotated[str, Field(max_length=200)]
    at: Annotated[AwareDatetime, AfterValidator(_convert_to_utc), PlainSerializer(_format_utc)]
    source: Source
    run_attempt: int = 1


@dataclass(frozen=True)
class StampedEvent:
    """An event in its envelope: one line of the stream."""

    envelope: Envelope
    event: Event


def redact_event(event: Event, private: Iterable[str], instead: str) -> Event:
    """Return an event with `instead` for each `private` value in its texts, but not in words that code relies on."""
    # The longest first: what stands within another value must leave no rest of it.
    context = [(value, instead) for value in sorted(private, key=len, reverse=True)]
    return type(event).model_validate(event.model_dump(), context=context)


def render_line(stamped: StampedEvent) -> str:
    """Return the line of an event, with its line feed."""
    return _JSON.dump_json({**stamped.envelope.model_dump(), **stamped.event.model_dump()}).decode() + "\n"


_JSON: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


def parse_line(line: str | bytes) -> StampedEvent:
    """Read one line; raise RuleBroken for a line that our jobs never write: somebody may have taken over a job."""
    broken = RuleBroken("A line of the events has a form that is not known.", "Run the workflow again.")
    if len(line) > MAX_LINE_BYTES:
        raise broken
    try:
        fields = _JSON.validate_json(line)
        return StampedEvent(Envelope.model_validate(fields), _EVENT.validate_python(fields))
    except ValueError:
        raise broken from None
