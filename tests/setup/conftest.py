"""A clone of the project, and the settings that put it on the local GitHub."""

import os
from pathlib import Path

import pytest

from orchestrator.local.tokens import Token
from orchestrator.setup.wanted import WORKFLOW
from tests.doubles.hub import Hub
from tests.doubles.setting_up import DISPATCH, KEY, NAME, NEEDED, PEN, REAL, SETUP, git, more


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    folder = tmp_path / "clone"
    (folder / WORKFLOW).parent.mkdir(parents=True)
    (folder / WORKFLOW).write_bytes(REAL.read_bytes())
    git(folder, "init", "--quiet")
    more(folder, "code.py")
    return folder


@pytest.fixture
def env(hub: Hub) -> dict[str, str]:
    hub.github.tokens.add(Token(SETUP, "octo", dict.fromkeys(NEEDED, "write")))
    hub.github.tokens.add(Token(DISPATCH, "octo", {"contents": "write"}, frozenset({NAME})))
    return {
        "PATH": os.environ["PATH"],
        "PIPELINE_REPOSITORY": NAME,
        "GITHUB_API_URL": hub.host.url,
        "SETUP_TOKEN": SETUP,
        "TARGET_TOKEN": PEN,
        "OPENAI_API_KEY": KEY,
        "LLM_MODELS": "gpt-4.1",
    }
