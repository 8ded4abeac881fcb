import pytest

from orchestrator.core.errors import UsageError
from orchestrator.core.events import ignore_event
from orchestrator.core.report import Finding, Report
from orchestrator.core.site import Site
from orchestrator.making.bundling import Bundling, is_unbuilt
from tests.doubles.apps import app

pytestmark = pytest.mark.anyio


def test_a_templates_page_is_no_app_unless_an_app_is_there() -> None:
    bundling = Bundling("react", None, ignore_event)
    page = Site({"index.html": b""})
    assert bundling.find_framework(page, is_fallback=True) == "vanilla"
    assert bundling.find_framework(page, is_fallback=False) == "react"
    assert bundling.find_framework(Site(app("react")), is_fallback=True) == "react"


async def test_a_plain_page_installs_nothing() -> None:
    bundling = Bundling("vanilla", None, ignore_event)
    bundling.begin_installing()
    await bundling.end()


async def test_what_keeps_the_bundler_away_is_said_where_a_bundle_is_needed_and_nowhere_else() -> None:
    bundling = Bundling("react", None, ignore_event)
    bundling.begin_installing()
    with pytest.raises(UsageError, match="no folder for the bundler"):
        await bundling.add_bundle(Site(app("react")))
    unasked = Bundling("react", None, ignore_event)
    unasked.begin_installing()
    await unasked.end()


def test_a_report_says_whether_anything_was_built() -> None:
    assert is_unbuilt(Report((), (Finding(kind="build", text="x"),)))
    assert not is_unbuilt(Report((), (Finding(kind="error", text="x"),)))
