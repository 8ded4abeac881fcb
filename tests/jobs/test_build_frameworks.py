"""Job `build` of React and Vue apps: what is bundled, what goes back to the model, and what is handed over."""

from pathlib import Path

import pytest

from orchestrator.core.errors import UsageError
from orchestrator.core.order import Order
from orchestrator.core.record import read_record
from orchestrator.core.report import Build
from orchestrator.core.scaffold import BUNDLE, find_unsound_parts
from orchestrator.core.settings import build_config, publish_config
from orchestrator.core.site import RECORD
from orchestrator.jobs import handover
from orchestrator.jobs.build import build
from orchestrator.jobs.publish import publish
from orchestrator.jobs.runner import Runner
from tests.doubles.apps import COMPONENT, REACT, edit, whole
from tests.doubles.hub import Hub
from tests.doubles.model import model_server
from tests.doubles.orders import TASK, env, order

pytestmark = [pytest.mark.anyio, pytest.mark.browser, pytest.mark.usefixtures("toolchain")]

CSV = [{"name": "sales.csv", "url": "data:text/csv,product%2Csales%0AWidget%2C42%0A"}]
CHECKS = [{"js": "document.querySelector('#total').textContent === '42.00'"}]
BROKEN = whole({**REACT, "src/App.jsx": "export default () => <p>;"})


async def built(hub: Hub, folder: Path, given: Order, url: str, **settings: str) -> tuple[Build, dict[str, bytes]]:
    models = {"LLM_MODELS": "openai/scripted", "LLM_API_BASE": url, "LLM_API_KEY": "key-of-the-model"}
    where = env(hub.host.url, **{"TARGET_TOKEN": "", **(models if url else {}), **settings})
    await build(build_config(where), given, folder / given.id, Runner(), hub.time.clock())
    said, site = handover.load_build_output(folder / given.id)
    assert said
    assert site
    return said, dict(site.files)


async def published(hub: Hub, folder: Path, given: Order) -> dict[str, bytes]:
    await publish(publish_config(env(hub.host.url)), given, folder / given.id, Runner(), hub.time.clock())
    return hub.files(TASK)


async def test_the_kept_attempt_of_an_app_is_published_and_the_next_round_sees_its_sources(
    hub: Hub, tmp_path: Path
) -> None:
    path, line = COMPONENT["react"], next(line for line in REACT["src/App.jsx"].split("\n") if "Total" in line)
    async with model_server(BROKEN, whole(REACT), edit(path, line, line.replace("Total", "Sum"))) as model:
        first = order(brief="A React app.", checks=CHECKS, attachments=CSV)
        said, made = await built(hub, tmp_path, first, model.url)
        assert (said.framework, said.count("passed", 1), said.findings) == ("react", 1, ())
        assert find_unsound_parts(made, "react") == []
        files = await published(hub, tmp_path, first)
        assert {**made, RECORD: files[RECORD]} == files
        later = order(2, "nonce-2", brief="Say sum.", checks=[{"js": "document.body.innerText.includes('Sum: 42')"}])
        again, changed = await built(hub, tmp_path, later, model.url)
        assert (again.framework, again.count("passed", 2), again.count("passed", 1)) == ("react", 1, 1)
        await published(hub, tmp_path, later)
    assert "build: Unexpected" in model.texts[1]
    assert "Where: src/App.jsx:" in model.texts[1]
    # Sources are shown whole, what is made of them is not, and this round changed one of them.
    assert REACT["src/App.jsx"] in model.texts[2]
    assert "node_modules/react" not in model.texts[2]
    assert {name for name in changed if changed[name] != made[name]} == {"src/App.jsx", "bundle.js", "README.md"}


async def test_an_app_that_is_never_bundled_gives_way_to_the_template(hub: Hub, tmp_path: Path) -> None:
    async with model_server(BROKEN) as model:
        given = order(framework="react", checks=["document.title"], attachments=CSV)
        said, made = await built(hub, tmp_path, given, model.url, MAX_ATTEMPTS="2")
        assert (said.framework, said.fallback, said.error) == ("vanilla", True, None)
        assert not set(BUNDLE) & set(made)
        record = read_record((await published(hub, tmp_path, given))[RECORD])
    assert record
    assert (record.framework, record.built_by) == ("vanilla", "fallback")


async def test_without_a_model_a_later_round_keeps_the_app_as_it_is(hub: Hub, tmp_path: Path) -> None:
    async with model_server(whole(REACT)) as model:
        first = order(framework="react", checks=CHECKS, attachments=CSV)
        _, made = await built(hub, tmp_path, first, model.url)
        await published(hub, tmp_path, first)
    said, later = await built(hub, tmp_path, order(2, "nonce-2", checks=[]), "")
    assert (said.framework, said.fallback, said.count("passed", 1)) == ("react", True, 1)
    assert {name for name in later if later[name] != made[name]} == {"README.md"}


async def test_a_later_round_changes_the_framework_where_it_says_so(hub: Hub, tmp_path: Path) -> None:
    page = (
        '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Sales</title>'
        '<h1>Sales</h1><p id="total">42.00</p>'
    )
    plain = whole({"index.html": page}) + '<delete path="src/main.jsx"/>\n'
    async with model_server(whole(REACT), plain) as model:
        first = order(framework="react", checks=CHECKS, attachments=CSV)
        await built(hub, tmp_path, first, model.url)
        await published(hub, tmp_path, first)
        later = order(2, "nonce-2", framework="vanilla", checks=[])
        said, _ = await built(hub, tmp_path, later, model.url)
        files = await published(hub, tmp_path, later)
    assert said.framework == "vanilla"
    assert REACT["src/App.jsx"] in model.texts[1]
    assert not {*BUNDLE, "package.json", "build.mjs", "package-lock.json", "src/main.jsx"} & set(files)


async def test_an_attachment_that_has_the_name_of_a_file_of_ours_stops_the_build(hub: Hub, tmp_path: Path) -> None:
    given = order(framework="vue", attachments=[{"name": "package.json", "url": "data:,1"}])
    with pytest.raises(UsageError, match=r"package\.json has the name of a file that a vue app is built with"):
        await built(hub, tmp_path, given, "")
