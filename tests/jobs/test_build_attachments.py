"""Attachments through the whole of job `build`: changed where the brief asks for it, and never refused in silence."""

import io
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from orchestrator.core.order import Order
from orchestrator.core.report import Build, RefusedChange
from orchestrator.core.settings import build_config, publish_config
from orchestrator.jobs import handover
from orchestrator.jobs.build import build
from orchestrator.jobs.publish import publish
from orchestrator.jobs.runner import Runner
from tests.doubles.hub import Hub
from tests.doubles.model import ModelServer, Playing, Reply, model_server
from tests.doubles.orders import env, order

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

CSV = "region,sales\nnorth,10\n"
SUM = "def total(numbers):\n    return sum(numbers) + 1\n"
REPAIRED = SUM.replace(" + 1", "")
PAGE = """<file path="index.html">
<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Sales</title><h1>Sales</h1>
</file>
<file path="README.md">
# Sales
</file>
"""
NOT_ASKED = RefusedChange(name="data.csv", reason="not asked for")


def block(path: str, text: str) -> str:
    return f'<file path="{path}">\n{text}</file>\n'


def attached(**files: str) -> list[dict[str, str]]:
    return [{"name": name.replace("_", "."), "url": f"data:text/plain,{quote(text)}"} for name, text in files.items()]


@dataclass
class Made:
    """What job `build` handed over, what it asked the model, and what it said."""

    built: Build
    files: dict[str, bytes]
    model: ModelServer
    said: str


async def made(hub: Hub, folder: Path, given: Order, *answers: Reply | Playing | str) -> Made:
    log = io.StringIO()
    async with model_server(*answers) as model:
        settings = {"LLM_MODELS": "openai/gpt-4.1", "LLM_API_BASE": model.url, "LLM_API_KEY": "key-of-the-model"}
        where = env(hub.host.url, TARGET_TOKEN="", **settings)
        built = await build(
            build_config(where), given, folder / given.id, Runner(log, None, folder / "summary"), hub.time.clock()
        )
    _, site = handover.load_build_output(folder / given.id)
    return Made(built, dict(site.files) if site else {}, model, log.getvalue() + (folder / "summary").read_text())


async def test_an_attached_program_that_the_brief_wants_corrected_is_committed_corrected(
    hub: Hub, tmp_path: Path
) -> None:
    brief = (
        "There are two attachments: fix.py and data.csv.\n\n- Commit fix.py after fixing the error in it.\n"
        "- Show data.csv as it is."
    )
    given = order(brief=brief, checks=["document.title === 'Sales'"], attachments=attached(fix_py=SUM, data_csv=CSV))
    job = await made(hub, tmp_path, given, PAGE + block("fix.py", REPAIRED))
    assert job.files["fix.py"] == REPAIRED.encode()
    assert job.files["data.csv"] == CSV.encode()
    assert job.built.attachments_changed[0][-2:] == (
        "-    return sum(numbers) + 1",
        "+    return sum(numbers)",
    )
    assert job.built.attachments_refused == ()
    assert len(job.model.asked) == 1


async def test_a_change_that_is_refused_stands_in_the_report_though_a_repair_is_kept(hub: Hub, tmp_path: Path) -> None:
    given = order(
        brief="Show data.csv.",
        checks=[{"js": "document.querySelector('#total')?.textContent === '10'"}],
        attachments=attached(data_csv=CSV),
    )
    changed = block("data.csv", CSV.replace("10", "11"))
    whole = PAGE.replace("</h1>", '</h1><p id="total">10</p>')
    job = await made(hub, tmp_path, given, PAGE + changed, PAGE, whole + changed)
    assert job.files["data.csv"] == CSV.encode()
    assert job.built.count("passed", 1) == 1
    assert job.built.attachments_refused == (NOT_ASKED,)
    # Told once in the conversation, and once more to the repair, which loses no answer for it.
    assert (
        "does not ask to change it. If the brief does ask for it, declare the change"
        in job.model.prompts[1]["messages"][-1]["content"]
    )
    assert "Do not try this again: data.csv is an attachment" in job.model.prompts[2]["messages"][-1]["content"]
    assert len(job.model.asked) == 3
    assert "A change was refused: `data.csv is an attachment and stays as it is" in job.said


async def test_a_change_that_is_refused_stands_in_the_report_though_the_template_is_kept(
    hub: Hub, tmp_path: Path
) -> None:
    given = order(brief="Show data.csv.", checks=[], attachments=attached(data_csv=CSV))
    job = await made(hub, tmp_path, given, block("data.csv", "nothing\n"))
    assert job.built.fallback
    assert job.files["data.csv"] == CSV.encode()
    assert job.built.attachments_refused == (NOT_ASKED,)
    assert "A change was refused: data.csv" in job.said


async def test_a_file_of_an_earlier_round_is_changed_where_a_later_brief_asks_for_it(hub: Hub, tmp_path: Path) -> None:
    first = order(1, "nonce-1", brief="Show sum.py.", checks=[], attachments=attached(sum_py=SUM))
    job = await made(hub, tmp_path, first, PAGE + block("sum.py", REPAIRED), PAGE)
    assert job.files["sum.py"] == SUM.encode()
    assert [one.name for one in job.built.attachments_refused] == ["sum.py"]
    await publish(
        publish_config(env(hub.host.url)), first, tmp_path / first.id, Runner(io.StringIO()), hub.time.clock()
    )
    second = order(2, "nonce-2", brief="The total of sum.py is one too high. Please fix it.", checks=[])
    job = await made(hub, tmp_path, second, block("sum.py", REPAIRED))
    assert job.files["sum.py"] == REPAIRED.encode()
    assert job.built.attachments_refused == ()
    assert job.built.attachments_changed[0][-1] == "+    return sum(numbers)"


@pytest.mark.parametrize(
    ("check", "is_template"),
    [("document.body.innerText.includes('north')", True), ("document.title === 'Sales'", False)],
    ids=["the template shows more", "the answer shows more"],
)
async def test_an_answer_that_stays_cut_off_is_ranked_against_the_template(
    hub: Hub,
    tmp_path: Path,
    check: str,
    is_template: bool,  # noqa: FBT001
) -> None:
    """Its script is missing, so it shows no row of the table; the template does, and has another title."""
    cut = PAGE.replace("</h1>", "</h1><script src=app.js></script>") + '<file path="app.js">\ndocument.body.app'
    given = order(brief="Show data.csv.", checks=[{"js": check}], attachments=attached(data_csv=CSV))
    job = await made(hub, tmp_path, given, *[Reply(cut, "length"), Reply("", "length")] * 9)
    assert job.built.fallback == is_template
    assert job.built.count("passed", 1) == 1
    assert ("The answer was cut off and shows less than the template's page" in job.said) == is_template
