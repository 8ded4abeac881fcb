"""What repairs come to with scripted models, and what hostile pages come to in the cage."""

import itertools
from pathlib import Path

from orchestrator.compare.repairing import repair_site
from orchestrator.core.settings import model_settings
from orchestrator.generate.generation import Kit
from orchestrator.making.proving import FRUITLESS
from orchestrator.verify.memory import track_processes
from tests.bench.figures import Figure, share
from tests.bench.processes import Failed
from tests.corpus.cases import BROKEN, repairs, with_defects
from tests.doubles.hub import hosting, hub_on
from tests.doubles.model import model_server
from tests.doubles.repairer import block
from tests.doubles.rounds import ADD_TOTAL, NOTHING_MORE, UNFIT, second_round
from tests.verify import tripwires

MANY = 9


async def repairing(_: Path) -> list[Figure]:
    """Have models repair sites: one defect in each repair, and never any."""
    proved, asked = 0, 0
    for number in range(1, len(BROKEN) + 1):
        async with model_server(*repairs(number)) as server:
            repair = await repair_site(with_defects(number), _kit(server.url), None, most=number + 1)
            proved += repair.is_repaired
    notes = itertools.count()
    async with model_server(lambda _: block("notes.txt", str(next(notes)))) as server:
        await repair_site(with_defects(1), _kit(server.url), None, most=MANY)
        asked = len(server.asked)
    return [
        share("sites with 1, 2, 3 defects, one fixed per repair: proved", proved, len(BROKEN)),
        Figure(name="repairs asked of a model that fixes nothing", unit="", ours=[asked], limit=FRUITLESS),
    ]


def _kit(url: str) -> Kit:
    return Kit.load(model_settings({"LLM_MODELS": "openai/scripted", "LLM_API_BASE": url, "LLM_API_KEY": "x"}))


async def standing(folder: Path) -> list[Figure]:
    """Count the answers of a round that does what was asked, of a page that lacks what nobody asked for, as before."""
    with hosting() as host:
        second = await second_round(hub_on(host, folder / "github"), folder, UNFIT, ADD_TOTAL, NOTHING_MORE)
    if second.built.count("passed", 2) != 1 or not second.built.findings:
        raise Failed("the round did not do what was asked, or nothing was found")
    name = "model calls, brief met, findings as the round before"
    return [Figure(name=name, unit="", ours=[len(second.asked)], limit=1)]


async def cage(_: Path) -> list[Figure]:
    """Open every hostile page in the cage, and in an ordinary browser beside it."""
    caged, ordinary = await tripwires.caged(), await tripwires.ordinary()
    left = track_processes("--proxy-server=http://127.0.0.1")()
    return [
        Figure(
            name="channels through which a page gets at this machine",
            unit="",
            ours=[len(caged.reached)],
            baseline=[len(ordinary.reached)],
            limit=0,
            by_ratio=True,
        ),
        Figure(name="processes of the browser left", unit="", ours=[len(left)], limit=0),
    ]
