"""The receiver as a process of its own."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from receiver.github.client import GitHub
from receiver.serve import check_workflow
from receiver.settings import Settings, SettingsError
from tests.doubles.receiver import REQUIRED, SECRET

ROOT = Path(__file__).parents[2]
ENV = {
    **REQUIRED,
    "GITHUB_API_URL": "http://127.0.0.1:1",  # nobody listens there
    "HOST": "127.0.0.1",
    "PORT": "0",
    "PYTHONPATH": str(ROOT),
}


def github(answer: httpx.Response) -> GitHub:
    client = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: answer))
    return GitHub(Settings("s", "t", "octo/pagewright", "octo"), client)


@pytest.mark.anyio
async def test_it_starts_where_github_would_start_the_workflow() -> None:
    await check_workflow(github(httpx.Response(200, json={"state": "active"})))


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(200, json={"state": "disabled_inactivity"}), r"is disabled_inactivity: enable it"),
        (httpx.Response(401), r"must renew it\. \(Set CHECK_ON_STARTUP=false to start anyway\.\)"),
        (httpx.Response(404), r"Check the name and the token"),
    ],
)
async def test_elsewhere_it_says_what_to_do(answer: httpx.Response, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        await check_workflow(github(answer))


@contextmanager
def started(folder: Path, **env: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "orchestrator", "serve"]
    with subprocess.Popen(
        command, cwd=folder, env=os.environ | ENV | env, stderr=subprocess.PIPE, text=True
    ) as process:
        watchdog = threading.Timer(30, process.kill)  # a wait with a limit of its own would sleep
        watchdog.start()
        try:
            yield process
        finally:
            watchdog.cancel()
            process.kill()


def test_without_github_it_ends_with_what_to_do_and_no_traceback(tmp_path: Path) -> None:
    with started(tmp_path) as process:
        _, said = process.communicate()
    assert process.returncode == 2
    assert "Traceback" not in said


def asked(url: str, body: bytes | None = None) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, body, timeout=10) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_told_to_it_starts_all_the_same_logs_nothing_personal_and_stops_when_told(
    stop: signal.Signals, tmp_path: Path
) -> None:
    with started(tmp_path, CHECK_ON_STARTUP="false") as process:
        assert process.stderr is not None
        log: list[str] = []
        while not (found := re.search(r"running on (http://\S+)", line := process.stderr.readline())):
            assert line, log
            log.append(line)
        url = found[1]
        assert asked(f"{url}/")[0] == 200
        assert asked(f"{url}/result?email=ann@example.com&task=canary&nonce=n-1")[0] == 503
        assert (
            asked(f"{url}/api-endpoint", json.dumps({"secret": "guess", "email": "ann@example.com"}).encode())[0] == 401
        )
        process.send_signal(stop)
        _, rest = process.communicate()
    said = "".join(log) + rest
    assert "TASK_KEY is not set" in said
    assert process.returncode in (0, -stop)
    for personal in ("ann", "canary", "n-1", "guess", SECRET, "t0ken", "Traceback"):
        assert personal not in said
