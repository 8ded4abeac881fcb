"""Two models beside each other: the real workflow for each, and sites to repair."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.compare.compare import CompareOptions, run_comparison
from orchestrator.compare.corpus import FOLDER, load_good_cases
from orchestrator.core.errors import UsageError
from orchestrator.local.stage import run_stage_in
from tests.doubles.model import model_server
from tests.doubles.repairer import repairer

pytestmark = pytest.mark.anyio

TEMPLATE = """\
id: sales
brief: "Show 42 in #total ${seed}"
checks:
  - js: document.querySelector("#total").textContent === "42"
  - Repo has MIT license
"""


@pytest.fixture
def options(tmp_path: Path) -> CompareOptions:
    """Compare with one task, and one site to repair."""
    (tmp_path / "sales.yaml").write_text(TEMPLATE)
    corpus = tmp_path / "corpus"
    shutil.copytree(FOLDER / "good", corpus / "good")
    (corpus / "defects" / "check").mkdir(parents=True)
    shutil.copy(FOLDER / "defects" / "check" / "another-title.yaml", corpus / "defects" / "check")
    return CompareOptions([tmp_path / "sales.yaml"], [], 1, tmp_path / "data", None, as_json=True, corpus=corpus)


@asynccontextmanager
async def models() -> AsyncIterator[Mapping[str, str]]:
    strong, broken = [repairer(load_good_cases())], ["I would rather not."]
    async with model_server(by_model={"strong": strong, "broken": broken}) as server:
        yield {"LLM_API_BASE": server.url, "LLM_API_KEY": "x", "PATH": os.environ["PATH"]}


@pytest.mark.act
@pytest.mark.browser
async def test_models_are_compared_and_what_was_kept_of_others_stands_beside(
    options: CompareOptions, capsys: pytest.CaptureFixture[str]
) -> None:
    async with models() as env:
        await asyncio.to_thread(run_comparison, replace(options, models=["openai/strong"]), env, run_stage_in)
        capsys.readouterr()
        table = options.data / "table.csv"
        asked = replace(options, models=["openai/broken"], csv=table)
        assert await asyncio.to_thread(run_comparison, asked, env, run_stage_in) == 0
    out, err = capsys.readouterr()
    said = json.loads(out)
    strong, broken = said["models"]
    assert (strong["model"], strong["passed"], strong["judged"], strong["fallbacks"]) == ("openai/strong", 2, 2, 0)
    assert (strong["live"], strong["repairs"], strong["tokens"]) == (1, 0, 300)
    assert strong["repaired_by_kind"] == {"check": [1, 1]}
    assert (broken["fallbacks"], broken["passed"], broken["repaired_by_kind"]) == (1, 1, {"check": [0, 1]})
    assert said["recommendation"][0].startswith("Use openai/strong: 2 of 2 checks pass; it repairs 1 of 1 sites")
    assert "openai/broken built no page" in said["recommendation"][1]
    assert "check/another-title: not repaired" in err
    assert len(table.read_text(encoding="utf-8").splitlines()) == 3


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"models": ["gpt-4.1"]}, "gpt-4.1: OPENAI_API_KEY is not set"),
        ({"models": ["none-such"]}, "none-such"),
        ({"csv": Path("none/out.csv")}, "cannot be written"),
        ({"repeat": 0}, "--repeat must be 1 or more"),
        ({"models": ["openai/x"], "corpus": Path("none")}, "The sites to repair were not found"),
    ],
)
def test_what_cannot_be_compared_is_refused_before_anything_is_paid_for(
    changes: dict[str, object], says: str, options: CompareOptions
) -> None:
    env = {"LLM_API_BASE": "http://127.0.0.1:9", "LLM_API_KEY": "x"}
    with pytest.raises(UsageError) as refused:
        run_comparison(replace(options, **changes), env, run_stage_in)  # type: ignore[arg-type]
    assert says in str(refused.value)
    assert not options.data.exists()
