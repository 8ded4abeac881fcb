"""What a page that broke out of the browser tries: to read the keys of the process that started it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CANARY = "canary-of-the-model-key"

ATTACKED = """
import ctypes, os, subprocess
import orchestrator.cli as cli
import orchestrator.generate.models.listing

if os.geteuid() == 0:  # root reads everything, so the attack is made as somebody else
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # as open as after a start

def attack(name):
    child = subprocess.run(["cat", f"/proc/{os.getpid()}/environ"], capture_output=True)
    print(name, os.getuid() != 0, os.environ["OPENAI_API_KEY"].encode() in child.stdout, child.returncode, flush=True)

def load_environment(**_):
    attack("while")
    return {}

attack("before")
cli.load_environment = load_environment
cli.main(["models"])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc and prctl")
def test_no_child_of_the_same_user_reads_the_keys_of_a_command() -> None:
    root = Path(__file__).parents[2]
    env = {"PATH": os.environ["PATH"], "OPENAI_API_KEY": CANARY}
    said = subprocess.run(
        [sys.executable, "-c", ATTACKED], cwd=root, env=env, capture_output=True, text=True, check=False
    )
    seen = [line.split() for line in said.stdout.splitlines() if line.startswith(("before", "while"))]
    assert seen == [["before", "True", "True", "0"], ["while", "True", "False", "1"]], said.stderr
