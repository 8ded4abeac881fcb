"""Every channel by which a page can make a browser connect to this machine, tried in the cage and outside of it.

Each channel aims at a tripwire of its own. An ordinary browser shows that the channels work, the cage that none gets
through, and what the proxy was asked for shows that they were tried there as well.
"""

import pytest

from tests.verify import tripwires

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


async def test_nothing_of_a_caged_page_reaches_this_machine() -> None:
    tried = await tripwires.caged()
    assert tried.reached == {}
    assert len(tried.asked) >= 60, "the pages were not opened, or did not try"


async def test_an_ordinary_browser_reaches_it_through_most_of_them() -> None:
    """What shows that the test above can fail."""
    tried = await tripwires.ordinary()
    assert len(tried.reached) >= 60
