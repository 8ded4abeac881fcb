"""A model at home: the rounds of the demo through a server with llama.cpp's answers and a small context."""

import json
from pathlib import Path

from tests.bench.figures import Figure
from tests.bench.hub import hub
from tests.bench.jobs import OFFLINE, build_of, publish_of
from tests.bench.processes import Failed, seconds
from tests.doubles.llama import Llama, llama

CONTEXT = 4_096
ROUNDS = (1, 2)


async def measure(folder: Path) -> list[Figure]:
    """Count the rounds that a model with a context of 4,096 tokens builds, and the prompts that it could not read."""
    built_by = []
    async with llama(CONTEXT) as server, hub(folder / "github") as github:
        env = {"LLM_MODELS": "llama", "LLAMA_API_BASE": server.url, **OFFLINE}
        for round_ in ROUNDS:
            program = build_of(github, folder / str(round_), "home", round_, **env)
            await seconds(program)
            built_by.append(json.loads((program.folder / "out" / "build.json").read_text(encoding="utf-8"))["built_by"])
            await seconds(publish_of(github, program))
            github.api.taken()
    return _figures(server, built_by)


def _figures(server: Llama, built_by: list[str]) -> list[Figure]:
    if not server.prompts:
        raise Failed("the model was not asked")
    return [
        Figure(name="context of 4,096: prompts too long", unit="", ours=[server.too_long], limit=0),
        Figure(name="its longest prompt", unit="tokens", ours=[max(server.prompts)], limit=CONTEXT),
        Figure(name="rounds that it built", unit="", ours=[built_by.count("llama")], limit=len(ROUNDS), at_least=True),
    ]
