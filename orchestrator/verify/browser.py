"""The cage: a real browser with a fresh profile and an empty environment, whose only way out is the filtering proxy."""

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright._impl import transport
from playwright._impl._driver import get_driver_env
from playwright.async_api import Browser, Error, Playwright, async_playwright

from orchestrator.core.address import resolve_public_addresses
from orchestrator.core.errors import UsageError
from orchestrator.verify.memory import Watch, kill_processes, track_processes, watch_memory
from orchestrator.verify.proxy import Proxy, Resolve, run_filtering_proxy

INSTALLED = ("chromium-headless-shell", "google-chrome", "google-chrome-stable", "chromium", "chromium-browser")
"""Names of browsers that may be on the PATH.

The shell first: others draw windows that nobody sees, which takes three times the processor time of an empty page. Then
Chrome: on GitHub's Ubuntu only that may use its sandbox.
"""

CLOSING_S = 5.0

FLAGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    # Loopback is never sent past the proxy, and WebRTC finds no way around it.
    "--proxy-bypass-list=<-loopback>",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
)


DRIVER_ENV = frozenset({"HOME", "LANG", "PATH", "PLAYWRIGHT_BROWSERS_PATH", "TMPDIR", "XDG_CACHE_HOME"})
"""What Playwright's driver needs from the environment: where browsers and temporary files are."""


@dataclass(frozen=True)
class Cage:
    """A browser, its way out, and the watch over its memory."""

    browser: Browser
    proxy: Proxy
    watch: Watch


def can_sandbox() -> bool:
    """Whether Chromium's sandbox can run: Chromium refuses it for root."""
    return os.geteuid() != 0


def find_browser(playwright: Playwright, given: Path | None) -> Path:
    """Return the browser to start: the one given, one on the PATH, or Playwright's own. Raises UsageError."""
    if given is not None:
        if os.access(given, os.X_OK):
            return given
        raise UsageError("BROWSER does not name a program.", "Give the path of a Chrome or Chromium, or unset it.")
    on_path = next((path for name in INSTALLED if (path := shutil.which(name))), None)
    own = Path(on_path or playwright.chromium.executable_path)
    if not os.access(own, os.X_OK):
        raise UsageError("No Chrome or Chromium was found.", "Install one, run `make browser`, or set BROWSER.")
    return own


def accept_no_sandbox(_: str) -> None:
    """Accept a browser that runs without its sandbox."""


@asynccontextmanager
async def start_driver() -> AsyncIterator[Playwright]:
    """Start Playwright's driver, which is the browser's parent, with next to nothing in its environment."""
    # Playwright has no setting for it: the driver gets a copy of everything, keys included.
    setattr(transport, get_driver_env.__name__, _bare_env)  # mypy lets no function be replaced
    async with async_playwright() as playwright:
        yield playwright


def _bare_env() -> dict[str, str]:
    given: dict[str, str] = get_driver_env()
    return {name: value for name, value in given.items() if name in DRIVER_ENV or name.startswith("PW_LANG_NAME")}


@asynccontextmanager
async def open_cage(
    given: Path | None,
    site: str | None,
    on_no_sandbox: Callable[[str], None] = accept_no_sandbox,
    *,
    most_bytes: int = 2 * 1024**3,
    resolve: Resolve = resolve_public_addresses,
) -> AsyncIterator[Cage]:
    """Start a browser whose only way out is the filtering proxy for `site`; it is gone when the block ends.

    `site`: None if the page to open is at a public address.

    `on_no_sandbox` is called with the reason where the sandbox cannot be used, before the browser runs without it; it
    may raise. A browser that grows beyond `most_bytes` of resident memory is ended. `resolve`: what the proxy asks for
    addresses. Raises UsageError if there is no browser, or none that starts.
    """
    async with run_filtering_proxy(site, resolve) as proxy, start_driver() as playwright:
        path = find_browser(playwright, given)
        with tempfile.TemporaryDirectory(prefix="pagewright-", ignore_cleanup_errors=True) as home:
            browser = await _launch_browser(playwright, path, (proxy.url, home), on_no_sandbox)
            processes = track_processes(f"--proxy-server={proxy.url}")
            try:
                async with watch_memory(processes, most_bytes) as watch:
                    yield Cage(browser, proxy, watch)
            finally:
                with contextlib.suppress(Error, TimeoutError):
                    async with asyncio.timeout(CLOSING_S):
                        await browser.close()
                await kill_processes(processes())


async def _launch_browser(
    playwright: Playwright, path: Path, cage: tuple[str, str], on_no_sandbox: Callable[[str], None]
) -> Browser:
    proxy, home = cage

    async def launch(*, sandbox: bool) -> Browser:
        return await playwright.chromium.launch(
            executable_path=path,
            args=[*FLAGS, f"--proxy-server={proxy}"],
            chromium_sandbox=sandbox,
            env={"HOME": home, "LANG": "C.UTF-8"},
        )

    try:
        if can_sandbox():
            try:
                return await launch(sandbox=True)
            except Error as error:
                # Ubuntu keeps user namespaces from every browser but the installed Google Chrome.
                if "sandbox" not in error.message.lower():
                    raise
                on_no_sandbox("this machine does not allow it")
        else:
            on_no_sandbox("Chromium refuses it for root")
        return await launch(sandbox=False)
    except Error:
        raise UsageError("The browser does not start.", "Start it by hand to see why, or set BROWSER.") from None
