import asyncio
import os

import pytest

from orchestrator.core.settings import cache_folder
from orchestrator.frameworks.toolchain import Toolchain, install_toolchain


@pytest.fixture(scope="session")
def toolchain() -> Toolchain:
    """The bundler that `make bundler` has installed: nothing is downloaded here."""
    return asyncio.run(install_toolchain(cache_folder(os.environ), offline=True))
