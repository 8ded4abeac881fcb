"""Events as `watch` prints them: a line of JSON for programs, or a line with its time for a person."""

import sys
from dataclasses import dataclass

from orchestrator.core.envelope import StampedEvent, render_line
from orchestrator.core.telling import describe_event


@dataclass(frozen=True)
class Printer:
    """Prints each event as one line, at once. A terminal obeys no character of it."""

    as_json: bool

    def print_event(self, stamped: StampedEvent) -> None:
        """Print an event; nothing for a person where it says nothing by itself."""
        if line := render_for_programs(stamped) if self.as_json else render_for_people(stamped):
            sys.stdout.write(line)
            sys.stdout.flush()

    def warn(self, text: str) -> None:
        """Tell a person, beside the events."""
        sys.stderr.write(f"pagewright: {text}\n")
        sys.stderr.flush()


def render_for_programs(stamped: StampedEvent) -> str:
    """Return the line of the contract, with escapes for what a terminal might obey."""
    line = render_line(stamped).removesuffix("\n")
    return "".join(sign if sign.isprintable() else _escape(sign) for sign in line) + "\n"


def render_for_people(stamped: StampedEvent) -> str:
    """Return an event as a line for a person, with its time; nothing where it says nothing by itself."""
    said = describe_event(stamped.event)
    text = "".join(sign if sign.isprintable() else " " for sign in said)
    return f"{stamped.envelope.at:%H:%M:%S} {text}\n" if said else ""


def _escape(sign: str) -> str:
    """Return a character as JSON escapes it: as one UTF-16 unit or two."""
    units = sign.encode("utf-16-be")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
