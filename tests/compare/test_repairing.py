"""Sites with defects, given to scripted models to repair, and looked at in a real browser."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from orchestrator.compare.corpus import load_defect_cases, load_good_cases
from orchestrator.compare.repairing import repair_site, repair_sites
from orchestrator.core.settings import model_settings
from orchestrator.generate.generation import Kit
from tests.corpus.cases import repairs, with_defects
from tests.doubles.model import ModelServer, model_server
from tests.doubles.repairer import repairer

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

GOOD = {case.name: case for case in load_good_cases()}
DEFECTS = {case.name: case for case in load_defect_cases()}


@asynccontextmanager
async def asked(*replies: str | Callable[[str], str]) -> AsyncIterator[tuple[ModelServer, Kit]]:
    async with model_server(*replies) as server:
        env = {"LLM_MODELS": "openai/scripted", "LLM_API_BASE": server.url, "LLM_API_KEY": "x"}
        yield server, Kit.load(model_settings(env))


async def test_a_model_that_mends_one_defect_in_each_repair_ends_proved() -> None:
    async with asked(*repairs(3)) as (server, kit):
        repair = await repair_site(with_defects(3), kit, None, most=4)
        assert len(server.asked) == 3
    assert repair.is_repaired


async def test_a_model_that_never_mends_is_left_after_two_repairs() -> None:
    number = iter(range(99))
    async with asked(lambda _: f'<file path="notes.txt">\n{next(number)}\n</file>\n') as (server, kit):
        repair = await repair_site(with_defects(1), kit, None, most=9)
        assert len(server.asked) == 2
    assert not repair.is_repaired


async def test_every_site_is_given_and_told_of() -> None:
    cases = [DEFECTS[name] for name in ("missing/case-of-a-file", "check/another-title")]
    told: list[object] = []
    async with asked(repairer(GOOD.values(), lambda said: "Tip calculator" not in said)) as (_, kit):
        repairs = await repair_sites(cases, kit, None, told.append)
    assert [(repair.case, repair.kind, repair.is_repaired) for repair in repairs] == [
        ("missing/case-of-a-file", "missing", True),
        ("check/another-title", "check", False),
    ]
    assert sorted(map(repr, told)) == sorted(map(repr, repairs))
    assert all((repair.tokens_in, repair.tokens_out) == (100, 200) for repair in repairs)
