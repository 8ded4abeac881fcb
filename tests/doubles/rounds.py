"""A second round of a task whose first one is published: how many answers it takes, and what it hands over."""

import io
from dataclasses import dataclass
from pathlib import Path

from orchestrator.core.order import Order
from orchestrator.core.report import Build
from orchestrator.core.settings import build_config
from orchestrator.jobs.build import build
from orchestrator.jobs.commit import CommitOrder, ensure_commit
from orchestrator.jobs.runner import Runner
from tests.doubles.hub import Hub
from tests.doubles.model import model_server
from tests.doubles.orders import TASK, env, order, site

UNFIT = """<!doctype html><html><head><meta name="viewport" content="width=device-width"><title>Sales</title></head>
<body><h1>Sales</h1><p style="width: 900px">Wide</p><input id="name"></body></html>
"""
"""A page with what no brief asks for and a browser finds: no language, wider than a phone, a field without a label."""

ADD_TOTAL = """<edit path="index.html">
<<<<<<< SEARCH
<h1>Sales</h1>
=======
<h1>Sales</h1><p id="total">42</p>
>>>>>>> REPLACE
</edit>
"""
NOTHING_MORE = '<file path="notes.txt">\nNothing to see.\n</file>\n'


async def published(hub: Hub, given: Order, files: dict[str, bytes] | None = None) -> str:
    """Commit a site for `given`, and return the head."""
    made = site(files)
    told = Build.model_validate({"id": given.id, "built_by": "gpt-4.1", "site": made.digest(), "base": hub.head(TASK)})
    wanted = CommitOrder(given, given.assemble_task(), told, made, 2026, (), frozenset())
    head = (await ensure_commit(hub.client(), "octo", wanted)).head
    hub.calls.clear()
    return head


@dataclass(frozen=True)
class Second:
    """What came of round 2. `asked`: what the model was told, each call's last message; `log`: of the job."""

    built: Build
    asked: list[str]
    log: str


async def second_round(hub: Hub, folder: Path, page: str, *answers: str, seconds: int = 600) -> Second:
    """Publish `page` as round 1, then build round 2 with a model that gives `answers`, in so many seconds."""
    await published(hub, order(checks=["document.title === 'Sales'"]), {"index.html": page.encode()})
    given = order(2, "nonce-2", checks=[{"js": "document.querySelector('#total').textContent === '42'"}])
    log = io.StringIO()
    async with model_server(*answers) as model:
        settings = {"LLM_MODELS": "openai/gpt-4.1", "LLM_API_BASE": model.url, "LLM_API_KEY": "key-of-the-model"}
        where = env(hub.host.url, TARGET_TOKEN="", TASK_DEADLINE_S=str(seconds), **settings)
        built = await build(
            build_config(where), given, folder / given.id, Runner(log, None, folder / "summary"), hub.time.clock()
        )
        asked = [prompt["messages"][-1]["content"] for prompt in model.prompts]
    return Second(built, asked, log.getvalue())
