"""The cage itself: which browser is started, with or without its sandbox, and that nothing of it is left."""

import os
import shutil
from pathlib import Path

import pytest
from playwright.async_api import async_playwright

from orchestrator.core.errors import UsageError
from orchestrator.verify import browser as module
from orchestrator.verify.browser import INSTALLED, find_browser, open_cage

pytestmark = [pytest.mark.anyio, pytest.mark.browser]
CANARY = "canary-of-the-model-key"


async def test_the_browser_is_gone_afterwards() -> None:
    before = processes()
    async with open_cage(None, "http://127.0.0.1:1/") as cage:
        await (await cage.browser.new_page()).goto("about:blank")
        during = processes() - before
        assert during
    assert not [process for process in during if is_alive(process)]


async def test_no_process_of_the_browser_has_a_key_in_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    monkeypatch.setenv("NODE_OPTIONS", "--title=" + CANARY)
    before = processes()
    async with open_cage(None, "http://127.0.0.1:1/") as cage:
        await (await cage.browser.new_page()).goto("about:blank")
        seen = {process: environment_of(process) for process in processes() - before}
    assert [process for process, environment in seen.items() if CANARY in environment] == []
    assert any("PW_LANG_NAME=python" in environment for environment in seen.values())  # the driver's own was seen


def environment_of(process: int) -> str:
    try:
        return Path(f"/proc/{process}/environ").read_text()
    except OSError:  # the browser hides some of its own
        return ""


def processes() -> set[int]:
    """Return every process below this one."""
    parents = {int(entry.name): parent_of(entry) for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    below = {os.getpid()}
    while more := {child for child, parent in parents.items() if parent in below} - below:
        below |= more
    return below


def parent_of(entry: Path) -> int:
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return 0


def is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def test_a_browser_that_is_given_must_be_there(tmp_path: Path) -> None:
    async with async_playwright() as playwright:
        given = tmp_path / "chrome"
        with pytest.raises(UsageError, match="BROWSER"):
            find_browser(playwright, given)
        given.touch(mode=0o755)
        assert find_browser(playwright, given) == given


async def test_a_machine_without_a_browser_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", "/nonexistent")
    async with async_playwright() as playwright:
        monkeypatch.setenv("PATH", "/nonexistent")
        with pytest.raises(UsageError, match="Install one"):
            find_browser(playwright, None)


def _picky(folder: Path, refusal: str) -> Path:
    """Return a browser that starts only without its sandbox, and says `refusal` otherwise."""
    real = next(path for name in INSTALLED if (path := shutil.which(name)))
    script = folder / "chrome"
    script.write_text(
        f'#!/bin/sh\ncase "$*" in *--no-sandbox*) exec {real} "$@" ;; esac\necho "{refusal}" >&2\nexit 1\n'
    )
    script.chmod(0o755)
    return script


async def test_where_the_sandbox_cannot_be_used_it_is_said_and_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "can_sandbox", lambda: True)
    said: list[str] = []
    given = _picky(tmp_path, "FATAL: No usable sandbox!")
    async with open_cage(given, "http://127.0.0.1:1/", said.append) as cage:
        assert cage.browser.is_connected()
    assert said == ["this machine does not allow it"]


async def test_whoever_insists_on_the_sandbox_gets_no_browser_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def insist(_: str) -> None:
        raise UsageError("No sandbox.")

    for can in (True, False):
        monkeypatch.setattr(module, "can_sandbox", lambda can=can: can)
        with pytest.raises(UsageError, match="No sandbox"):
            async with open_cage(_picky(tmp_path, "FATAL: No usable sandbox!"), "http://127.0.0.1:1/", insist):
                pass


async def test_a_browser_that_does_not_start_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    broken = tmp_path / "chrome"
    broken.write_text("#!/bin/sh\necho 'error while loading shared libraries' >&2\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(UsageError, match="does not start"):
        async with open_cage(broken, "http://127.0.0.1:1/"):
            pass
