"""A request whose large part lies in a blob of the pipeline repository."""

import base64
import json
from typing import Any

import pytest

from orchestrator.core.errors import UsageError
from orchestrator.core.order import Order
from orchestrator.core.task import InvalidTask
from orchestrator.github.client import GitHubRefused
from orchestrator.github.event import fetch_full_task
from tests.doubles.hub import Hub
from tests.doubles.orders import EMAIL, order

pytestmark = pytest.mark.anyio
PIPELINE = "octo/pipeline"


@pytest.fixture
def hub(hub: Hub) -> Hub:
    hub.seed("pipeline", {"README.md": b"x"})
    return hub


def blob(hub: Hub, content: bytes) -> str:
    pipeline = hub.github.store.find_repository("octo", "pipeline")
    assert pipeline
    return hub.github.store.add_blob(pipeline, content)


def in_blob(sha: str) -> Order:
    return order(blob=sha, brief=None, checks=None, attachments=None)


def large(**parts: Any) -> bytes:
    return json.dumps({"brief": "A long one. " * 5000, "checks": ["x"], "attachments": [], **parts}).encode()


async def test_a_request_that_fits_its_event_takes_no_read(hub: Hub) -> None:
    assert (await fetch_full_task(order(), hub.client(), PIPELINE)).brief == "Brief of round 1"
    assert hub.calls == []


async def test_a_large_request_takes_one_read(hub: Hub) -> None:
    data = "data:;base64," + base64.b64encode(bytes(range(256)) * 400).decode()
    sha = blob(hub, large(attachments=[{"name": "a.bin", "url": data}]))
    task = await fetch_full_task(in_blob(sha), hub.client(), PIPELINE)
    assert (len(task.brief), task.email, task.attachments[0].url) == (60_000, EMAIL, data)
    assert hub.calls == [("GET", f"/repos/{PIPELINE}/git/blobs/{sha}")]


async def test_a_blob_cannot_say_that_it_is_another_request(hub: Hub) -> None:
    sha = blob(hub, large(email="eve@evil.example"))
    with pytest.raises(UsageError, match="does not match its request"):
        await fetch_full_task(in_blob(sha), hub.client(), PIPELINE)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"7", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a": ' + b"9" * 5000 + b"}"]
)
async def test_a_blob_that_is_no_request_is_an_error_with_a_remedy(hub: Hub, content: bytes) -> None:
    with pytest.raises(UsageError, match=r"not a request|has invalid fields"):
        await fetch_full_task(in_blob(blob(hub, content)), hub.client(), PIPELINE)


async def test_a_blob_of_the_wrong_form_is_refused_without_its_values(hub: Hub) -> None:
    with pytest.raises(InvalidTask) as refused:
        await fetch_full_task(in_blob(blob(hub, large(brief=["private words"]))), hub.client(), PIPELINE)
    assert "private words" not in str(refused.value)


async def test_a_blob_that_is_not_there_is_an_error(hub: Hub) -> None:
    with pytest.raises(GitHubRefused, match="404"):
        await fetch_full_task(in_blob("0" * 40), hub.client(), PIPELINE)
