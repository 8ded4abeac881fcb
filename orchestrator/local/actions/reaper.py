"""The helper process of one run: starts act, and sees to it that nothing of the run outlives it.

    python reaper.py FOLDER … -- ACT ARGUMENT …

act kills only a step's shell, so a browser that left its session would survive. This process adopts every orphan
below it (PR_SET_CHILD_SUBREAPER, prctl(2)), kills them all when act is gone, and removes the run's folders. When the
parent closes our standard input, or dies, be it by a kill -9, act is killed and the same follows.

It runs as a script without the project's packages; the engine imports `kill_job` from it.
"""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36


def run_command(folders: Sequence[str], command: Sequence[str]) -> int:
    """Run `command` to its end or the parent's; return its exit code. Nothing below this process is left then."""
    if sys.platform == "linux":  # elsewhere what a step leaves in the background goes to init
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    act = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - the engine's own command
    threading.Thread(target=_kill_with_parent, args=(act,), daemon=True).start()
    code = act.wait()
    _kill_children()
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    return code


def kill_job(root: int, job: str) -> None:
    """Kill the processes of a job's steps below the process `root`; act goes on with what comes after the step.

    A step's shell shows which job it is of; what it has started may hide its environment, or have none.
    """
    mark = f"GITHUB_JOB={job}".encode()
    shown = {pid for pid in _find_descendants({root}) if mark in _read_environment(pid)}
    for pid in shown | _find_descendants(shown):
        with contextlib.suppress(OSError):  # gone meanwhile
            os.kill(pid, signal.SIGKILL)


def _read_environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:  # gone meanwhile, or not for us to see
        return []


def _kill_with_parent(act: subprocess.Popen[bytes]) -> None:
    os.read(0, 1)  # nothing is ever sent: this returns when nobody holds the other end any more
    act.kill()


def _kill_children() -> None:
    """Each kill hands the killed one's children up to us, so this is done when no process is left."""
    while children := [pid for pid, parent in _list_parents() if parent == os.getpid()]:
        # Nobody else reaps our children: a pid cannot have been given to another process meanwhile.
        for pid in children:
            os.kill(pid, signal.SIGKILL)
        for pid in children:
            os.waitpid(pid, 0)


def _find_descendants(roots: set[int]) -> set[int]:
    parents = list(_list_parents())
    found, level = set[int](), roots
    while level:
        level = {pid for pid, parent in parents if parent in level}
        found |= level
    return found


def _list_parents() -> Iterator[tuple[int, int]]:
    """Yield every process and its parent. Not every kernel has /proc/PID/task/TID/children."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The command's name is in brackets and may hold blanks and brackets; state and parent follow it.
            yield int(stat.parent.name), int(stat.read_bytes().rpartition(b")")[2].split()[1])
        except OSError:
            continue


if __name__ == "__main__":
    divider = sys.argv.index("--")
    sys.exit(run_command(sys.argv[1:divider], sys.argv[divider + 1 :]))
