"""A clone of the project, and the pipeline that is made from it."""

import os
import subprocess
from pathlib import Path

from orchestrator.local.configuration import Configuration
from orchestrator.local.store import StoredRepository
from orchestrator.setup.setup import Ask, run_setup
from orchestrator.setup.wanted import WORKFLOW
from tests.doubles.clock import FastClock
from tests.doubles.hub import Hub

NEEDED = ("administration", "contents", "environments", "secrets", "variables", "workflows")

SETUP, DISPATCH, PEN, KEY = "token-that-sets-up", "token-that-dispatches", "the-pen", "key-of-the-model"

NAME = "octo/pipeline"

REAL = Path(__file__).parents[2] / WORKFLOW


class Person:
    """Somebody at a keyboard, who answers yes except to questions that hold one of `doubts`."""

    def __init__(self, *doubts: str) -> None:
        self.doubts = doubts
        self.asked: list[str] = []

    def __call__(self, question: str) -> bool:
        self.asked.append(question)
        return not any(doubt in question for doubt in self.doubts)


def set_up(env: dict[str, str], ask: Ask, clone: Path) -> int:
    """Run the command, with a clock whose pauses take no time, and with a `.env` beside the clone."""
    return run_setup(env, ask, FastClock().clock(), clone, clone.parent / ".env")


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "init.defaultBranch=main")
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout.strip()


def more(clone: Path, name: str) -> str:
    (clone / name).write_text("x")
    git(clone, "add", ".")
    git(clone, "commit", "--quiet", "-m", f"Add {name}")
    return git(clone, "rev-parse", "HEAD")


def repository(hub: Hub) -> StoredRepository:
    found = hub.github.store.find_repository("octo", "pipeline")
    assert found
    return found


def configured(hub: Hub) -> Configuration:
    return hub.github.configurations.load_for(repository(hub))


def secrets_in(hub: Hub, environment: str) -> dict[str, str | None]:
    held = configured(hub)
    return {name: held.decrypt_secret(sealed) for name, sealed in held.environments[environment].secrets.items()}
