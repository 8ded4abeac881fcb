"""Good sites, on which nothing is found, and sites with one defect each, which is found: `compare/sites`."""

from collections.abc import AsyncIterator

import pytest

from orchestrator.compare.corpus import Case, load_defect_cases, load_good_cases
from orchestrator.verify.browser import Cage, open_cage
from orchestrator.verify.server import ServedSite
from tests.corpus.cases import is_found, seen_of

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


@pytest.fixture(scope="module")
async def cage(served: ServedSite, anyio_backend: str) -> AsyncIterator[Cage]:  # noqa: ARG001
    async with open_cage(None, served.url) as cage:
        yield cage


@pytest.mark.parametrize("case", load_good_cases(), ids=str)
async def test_nothing_is_found_on_a_good_site(case: Case, cage: Cage, served: ServedSite) -> None:
    report = await seen_of(case, cage, served)
    assert report.findings == ()
    assert [check for check in report.checks if check.state == "failed"] == []


@pytest.mark.parametrize("case", load_defect_cases(), ids=str)
async def test_a_defect_is_found(case: Case, cage: Cage, served: ServedSite) -> None:
    report = await seen_of(case, cage, served)
    assert is_found(case, report), [*report.findings, *report.checks]
