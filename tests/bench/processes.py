"""The processes under measurement: started with a clean environment, and ended by their id."""

import asyncio
import os
import re
import socket
import sys
import time
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

LONGEST_S = 180
_KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "BROWSER")


class Failed(Exception):
    """A process did not do what was to be measured; the text shows the end of what it said."""


@dataclass(frozen=True)
class Program:
    """What to start: Python with `arguments`, in `folder`, where what it says goes to `log`.

    Its environment is `env` and nothing that a key, a token or a setting could come from; and there is no `.env` in
    the folder.
    """

    arguments: Sequence[str]
    folder: Path
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        """Where stdout and stderr go."""
        return self.folder / "log"

    async def start(self) -> Process:
        """Start it."""
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        with self.log.open("wb") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                *self.arguments,
                stdin=DEVNULL,
                stdout=log,
                stderr=STDOUT,
                cwd=self.folder,
                env=kept | dict(self.env),
            )


@asynccontextmanager
async def running(program: Program) -> AsyncIterator[Process]:
    """Run the program while the block runs. Raises Failed with its last words where the block fails."""
    process = await program.start()
    try:
        async with asyncio.timeout(LONGEST_S):
            yield process
    except (OSError, EOFError, TimeoutError, Failed) as error:
        last = program.log.read_text(errors="replace")[-2000:]
        raise Failed(f"{' '.join(program.arguments)}: {error!r}\n{last}") from error
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def seconds(program: Program) -> float:
    """Run the program to its end and return how long that took. Raises Failed unless it exits with 0."""
    started = time.perf_counter()
    async with running(program) as process:
        code = await process.wait()
        took = time.perf_counter() - started
        if code:
            raise Failed(f"exit code {code}")
    return took


def peak_megabytes(process: Process) -> float:
    """Return the most memory that the process had resident so far.

    `ru_maxrss` counts what the parent had before the fork as well.
    """
    return _megabytes(process, "VmHWM")


def megabytes(process: Process) -> float:
    """Return what the process has resident now."""
    return _megabytes(process, "VmRSS")


def _megabytes(process: Process, name: str) -> float:
    """Read a size as https://man7.org/linux/man-pages/man5/proc_pid_status.5.html names it."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    size = re.search(rf"^{name}:\s+(\d+) kB$", status, re.MULTILINE)
    if size is None:
        raise Failed(f"the system does not tell a process's {name}")
    return int(size[1]) * 1024 / 1e6


def cpu_seconds(process: Process) -> float:
    """Return the processor time that the process took so far: fields 14 and 15 of /proc/PID/stat."""
    after_the_name = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(after_the_name[11]) + int(after_the_name[12])) / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
