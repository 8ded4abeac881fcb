"""Finds functions that checks read with and that the page has replaced.

A guard is installed before the page's scripts run.

A page cannot change the guard, which keeps the browser's own functions. Functions that a page adds because the browser
lacks them do not count. Nor do functions that only act (`fetch`, timers, listeners, `Promise`).
"""

import asyncio
import contextlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from playwright.async_api import CDPSession, Page

from orchestrator.core.report import Finding
from orchestrator.verify.findings import make_finding

NAME = "__pagewright_guard"
"""In the page's own world, where it can be seen and called, and not changed."""

SHOWN = 5


async def install_guard(page: Page) -> None:
    """Have every document of a page keep the browser's own functions, before the page's scripts run."""
    await page.add_init_script(_guard_script())


async def find_replaced_functions(session: CDPSession, seconds: float) -> list[Finding]:
    """Return what the page has replaced, as one finding; nothing of a page that gives no answer within `seconds`."""
    said: object = None
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            # The name alone, which no declaration of a page can take: the property is not configurable.
            answer = await session.send("Runtime.evaluate", {"expression": f"{NAME}()", "silent": True})
            said = answer["result"].get("value")
    names = sorted(said.split("\n")) if isinstance(said, str) and said else []
    return [_replacement_finding(names)] if names else []


def _replacement_finding(names: Sequence[str]) -> Finding:
    listed = ", ".join(f"`{name[:60]}`" for name in names[:SHOWN])
    cut = f" ({SHOWN} of {len(names)})" if len(names) > SHOWN else ""
    text = f"Expected the functions that checks read with to be the browser's own; saw the page replace {listed}{cut}."
    return make_finding("error", text, "the page's scripts")


@cache
def _guard_script() -> str:
    return files(__package__).joinpath("guard.js").read_text("utf-8").replace('"NAME"', f'"{NAME}"')
