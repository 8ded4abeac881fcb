"""The bundler that `make bundler` has installed: nothing is downloaded in a test."""

import asyncio
import os

from orchestrator.core.settings import cache_folder
from orchestrator.frameworks.toolchain import Toolchain, install_toolchain


def installed() -> Toolchain:
    return asyncio.run(install_toolchain(cache_folder(os.environ), offline=True))
