"""What is killed with the steps of a job: all that they started, whatever it shows of itself."""

import os
import select
import subprocess

from orchestrator.local.actions.reaper import kill_job

STEP = "env -i sleep 600 & echo $!; wait"


def _step(job: str) -> tuple[subprocess.Popen[str], int]:
    """Start the shell of a step, and return it with the process below it, whose environment says nothing."""
    env = {"PATH": os.environ["PATH"], "GITHUB_JOB": job}
    shell = subprocess.Popen(["bash", "-c", STEP], env=env, stdout=subprocess.PIPE, text=True)
    assert shell.stdout
    return shell, int(shell.stdout.readline())


def _has_ended(pidfd: int, seconds: float) -> bool:
    return bool(select.select([pidfd], [], [], seconds)[0])


def test_a_job_that_is_stopped_takes_along_what_hides_its_environment() -> None:
    (build, below), (other, besides) = _step("build"), _step("publish")
    watched, spared = os.pidfd_open(below), os.pidfd_open(besides)
    try:
        kill_job(os.getpid(), "build")
        assert _has_ended(watched, 20)
        assert not _has_ended(spared, 0)
        assert other.poll() is None
    finally:
        kill_job(os.getpid(), "build")
        kill_job(os.getpid(), "publish")
        for shell in (build, other):
            shell.communicate(timeout=20)
        os.close(watched)
        os.close(spared)
