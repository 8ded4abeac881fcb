"""Streamed answers: their CPU beside answers in one piece, how early a file is there, and how soon silence is left."""

import json
from pathlib import Path

from orchestrator.core.deadline import Clock, Deadline
from orchestrator.core.site import Site
from orchestrator.core.task import Task
from orchestrator.generate.asking import SharedState
from orchestrator.generate.draft import Material
from orchestrator.generate.fallback import Ask, fallback_site
from orchestrator.generate.generation import Generation
from orchestrator.generate.models.budget import TaskBudget
from orchestrator.generate.models.counting import count_tokens
from orchestrator.generate.models.presets import Model, Price, import_litellm
from orchestrator.generate.prompt import load_prompts
from tests.bench.figures import Figure
from tests.bench.processes import Failed, Program, seconds
from tests.doubles.model import Reply, model_server

TOKENS = 8_000
SILENCE_S = 2.0
PAGE = '<file path="index.html">\n<!doctype html>\n<html><title>T</title></html>\n</file>\n'
README = '<file path="README.md">\n# T\n</file>\n'


async def measure(folder: Path) -> list[Figure]:
    """Ask for an answer of 8,000 tokens in both ways at both providers, and let one model be silent."""
    figures = []
    for provider in ("openai", "anthropic"):
        answer = _answer()
        reply = Reply(answer, piece=-(-len(answer) // TOKENS), obeys=False, tokens=(100, TOKENS))
        async with model_server(reply) as server:
            heard = {
                way: await _heard(folder, (provider, server.base(provider), way)) for way in ("streams", "in one piece")
            }
        streamed, whole = heard["streams"], heard["in one piece"]
        name = f"{provider}: 8,000 tokens streamed, CPU, to in one piece"
        figures.append(Figure(name=name, unit="s", ours=[streamed["cpu"]], baseline=[whole["cpu"]], limit=60))
        first, all_of_it = streamed["file"] - streamed["piece"], streamed["end"] - streamed["piece"]
        name = f"{provider}: first finished file, of the time to the end"
        figures.append(Figure(name=name, unit="s", ours=[first], baseline=[all_of_it], limit=0.95, by_ratio=True))
    return [*figures, await _silent()]


def _answer() -> str:
    """Return an answer of so many tokens: a page first, then a script, and a README."""
    page = fallback_site("Café sales", [Ask(1, "Show the sales.")], {})["index.html"].decode()
    answer, number = f'<file path="index.html">\n{page}</file>\n', 0
    while count_tokens(answer) < TOKENS - 500:
        lines = "".join(f"export const item{number}_{n} = (value) => value * {n};\n" for n in range(30))
        answer += f'<file path="part{number}.js">\n{lines}</file>\n'
        number += 1
    return answer + README


async def _heard(folder: Path, arguments: tuple[str, str, str]) -> dict[str, float]:
    program = Program((str(Path(__file__).with_name("hearing.py")), *arguments), folder)
    await seconds(program)
    said: dict[str, float] = json.loads(program.log.read_text(encoding="utf-8").splitlines()[-1])
    return said


async def _silent() -> Figure:
    """Measure, at the server, how long after a model that says nothing the next one is asked."""
    async with model_server(by_model={"first": [Reply(silent=True)], "second": [PAGE + README]}) as server:
        given = Material(Task(task="t", round=1, nonce="n", brief="b"), {}, Site({}), None)
        clock = Clock()
        shared = SharedState(
            import_litellm(), load_prompts(), given, TaskBudget(1.0, Deadline(clock.now() + 300, clock)), lambda _: ()
        )
        models = [
            Model(
                name,
                {"model": f"openai/{name}", "api_base": server.url, "api_key": "k"},
                100_000,
                16_000,
                Price(input=1, output=1),
                sees_images=False,
                edits=True,
                caches=False,
                silence_s=SILENCE_S,
            )
            for name in ("first", "second")
        ]
        await Generation(shared, models[1:]).generate_site()  # litellm's first call takes seconds
        server.calls.clear()
        made = await Generation(shared, models).generate_site()
        if made.built_by != "second" or len(server.calls) != 2:
            raise Failed(f"the silent model was not left: built by {made.built_by}")
        first, second = (one.moment for one in server.calls)
    name = f"silent for {SILENCE_S:g} s: until the next model is asked"
    return Figure(name=name, unit="s", ours=[second - first], limit=SILENCE_S + 5)
