"""Talks to the Actions runner: groups, annotations, masks, outputs, summary. Only this module writes its commands.

Commands and their escaping: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

import re
import secrets
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

SHORTEST_MASK = 3
"""Shorter values are not masked: the mask would hide half the log, and the gaps would show the value."""

LEFT_OUT = "***"
"""What the runner shows in place of a masked value."""

SUMMARY_BYTES = 1024 * 1024 - 1024
"""GitHub drops a step's summary that is larger than 1 MiB."""


@dataclass
class Runner:
    """Writes the log of one job. `output` and `summary`: the files that Actions names, if any."""

    out: TextIO = field(default_factory=lambda: sys.stdout)
    output: Path | None = None
    summary: Path | None = None

    def mask(self, value: str | None) -> None:
        """Have the runner mask each line of `value` in the log from now on."""
        for line in (value or "").splitlines():
            if len(line) >= SHORTEST_MASK:
                self._write_command("add-mask", line)

    def say(self, text: str) -> None:
        """Print `text` so that the runner finds no command in it."""
        for line in text.splitlines() or [""]:
            self._write_line(escape_commands(line))

    def notice(self, text: str) -> None:
        """Annotate the run with something worth knowing."""
        self._annotate("notice", text)

    def warning(self, text: str) -> None:
        """Annotate the run with something that went wrong and did not stop it."""
        self._annotate("warning", text)

    def error(self, text: str) -> None:
        """Annotate the run with what stopped it."""
        self._annotate("error", text)

    def begin_group(self, title: str) -> None:
        """Fold what is said from now on under `title`."""
        self._write_line(f"::group::{escape_commands(title)}")

    def end_group(self, seconds: float) -> None:
        """Close the group with how long it took."""
        self._write_line(f"took {seconds:.1f} s")
        self._write_line("::endgroup::")

    def set_output(self, name: str, value: str) -> None:
        """Set an output of the step. The delimiter is random, so that no value can end it."""
        if self.output is not None:
            mark = secrets.token_hex(16)
            with self.output.open("a", encoding="utf-8") as file:
                file.write(f"{name}<<{mark}\n{value}\n{mark}\n")

    def add_summary(self, markdown: str) -> None:
        """Add to the page that Actions shows for the run."""
        if self.summary is not None:
            cut = _replace_surrogates(markdown).encode()[:SUMMARY_BYTES].decode(errors="ignore")
            with self.summary.open("a", encoding="utf-8") as file:
                file.write(f"{cut}\n")

    def _annotate(self, kind: str, text: str) -> None:
        self._write_command(kind, "\n".join(map(escape_commands, text.splitlines())))

    def _write_command(self, name: str, text: str) -> None:
        escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        self._write_line(f"::{name}::{escaped}")

    def _write_line(self, line: str) -> None:
        print(_replace_surrogates(line), file=self.out, flush=True)


def redact_short_value(value: str) -> str:
    """Return a private value as it may be printed: if it is too short to be masked, it is left out."""
    return value if len(value) >= SHORTEST_MASK else LEFT_OUT


def escape_commands(line: str) -> str:
    """Break up what the runner would read as a command: `::name::`, and the older `##[name]` anywhere in a line."""
    # https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
    return re.sub(":(?=:)", ":\u200b", " ".join(line.splitlines())).replace("##[", "##\u200b[")


def _replace_surrogates(text: str) -> str:
    # A page may say half a surrogate pair, which UTF-8 has no bytes for; what is said must not stop what is done.
    return text.encode(errors="replace").decode()
