"""What is killed with the steps of a job: all that they started, whatever it shows of itself."""

import os
import subprocess
from pathlib import Path

from orchestrator.local.actions.reaper import kill_job

STEP = "env -i sleep 600 & echo $!; wait"


def _step(job: str) -> tuple[subprocess.Popen[str], int]:
    """Start the shell of a step, and return it with the process below it, whose environment says nothing."""
    env = {"PATH": os.environ["PATH"], "GITHUB_JOB": job}
    shell = subprocess.Popen(["bash", "-c", STEP], env=env, stdout=subprocess.PIPE, text=True)
    assert shell.stdout
    return shell, int(shell.stdout.readline())


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def test_a_job_that_is_stopped_takes_along_what_hides_its_environment() -> None:
    (build, below), (other, besides) = _step("build"), _step("publish")
    try:
        kill_job(os.getpid(), "build")
        build.communicate(timeout=20)  # its output ends when nobody holds it any more
        assert not _is_running(below)
        assert _is_running(besides)
        assert other.poll() is None
    finally:
        kill_job(os.getpid(), "publish")
        other.communicate(timeout=20)
