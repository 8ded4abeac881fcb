"""Jobs as processes that begin where their imports are done: more than half of what a short job costs is those.

A server that has imported both jobs, and nothing of a test, forks one process for each. It runs the command in the
environment that it is given, and ends with the exit code of the command, as `python -m orchestrator` does.
"""

import asyncio
import multiprocessing
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess

from orchestrator.cli import main

IMPORTED = ["orchestrator.jobs.build", "orchestrator.jobs.publish"]
FORKS = multiprocessing.get_context("forkserver")
LONGEST_LINE = 2**20


@contextmanager
def environment(env: Mapping[str, str]) -> Iterator[None]:
    """Have this environment and no other for as long as the block runs."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(env)
    yield
    os.environ.clear()
    os.environ.update(before)


def run(command: Sequence[str], env: Mapping[str, str], said: Connection) -> None:
    """Be the job: what it says goes to `said`."""
    os.dup2(said.fileno(), 1)
    os.dup2(said.fileno(), 2)
    said.close()
    sys.stdout, sys.stderr = os.fdopen(1, "w", buffering=1), os.fdopen(2, "w", buffering=1)
    with environment(env):
        main(command)


async def start(
    command: Sequence[str], env: Mapping[str, str], kept: Mapping[str, str]
) -> tuple[ForkServerProcess, asyncio.StreamReader]:
    """Start a job; return its process and what it says. `kept`: the environment of the server, if it has to start.

    Coverage is not among that: each job imports more than it runs, and other tests run every line.
    """
    with environment(kept):
        FORKS.set_forkserver_preload(IMPORTED)
        forkserver.ensure_running()
    ours, its = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=run, args=(command, env, its))
    process.start()
    its.close()
    reader = asyncio.StreamReader(limit=LONGEST_LINE)
    end = os.fdopen(os.dup(ours.fileno()), "rb", buffering=0)
    ours.close()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), end)
    return process, reader


async def ended(process: ForkServerProcess) -> int:
    """Return the exit code of a job, once it is over; less than 0: it was killed."""
    await asyncio.to_thread(process.join)
    code = process.exitcode
    assert code is not None
    return code
