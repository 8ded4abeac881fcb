"""Every channel by which a page can make a browser connect to this machine, tried in the cage and outside of it.

Each channel aims at a tripwire of its own. An ordinary browser shows that the channels work, the cage that none gets
through, and what the proxy was asked for shows that they were tried there as well.
"""

import pytest

from tests.verify import tripwires
from tests.verify.channels import CHANNELS
from tests.verify.tripwires import Tried

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def caged(anyio_backend: str) -> Tried:  # noqa: ARG001
    return await tripwires.caged()


@pytest.fixture(scope="module")
async def ordinary(anyio_backend: str) -> Tried:  # noqa: ARG001
    return await tripwires.ordinary()


@pytest.mark.parametrize("name", [channel.name for channel in CHANNELS])
async def test_nothing_of_a_caged_page_reaches_this_machine(caged: Tried, name: str) -> None:
    assert caged.touched[name] == []


async def test_an_ordinary_browser_reaches_it_through_most_of_them(ordinary: Tried) -> None:
    """What shows that the test above can fail."""
    assert ordinary.reached >= 60


async def test_the_proxy_is_asked_for_most_of_them(caged: Tried) -> None:
    """What shows that the pages were opened, and tried."""
    assert len(caged.asked) >= 60
