"""The part of a request that was too large for its event."""

import base64
import json
from typing import Any

from github import Github

from orchestrator.core.errors import UsageError
from orchestrator.core.order import Order
from orchestrator.core.task import Task
from orchestrator.github.client import Client


async def fetch_full_task(order: Order, client: Client, pipeline: str) -> Task:
    """Return the task.

    If a part of it is in a git blob of the `pipeline` repository, fetch that part: at most one read.
    """
    if order.blob is None:
        return order.assemble_task()
    sha = order.blob

    def fetch_blob(github: Github) -> bytes:
        return base64.b64decode(github.get_repo(pipeline).get_git_blob(sha).content)

    return order.assemble_task(_parse_blob(await client.read(fetch_blob)))


def _parse_blob(content: bytes) -> dict[str, Any]:
    try:
        large = json.loads(content)
    except (ValueError, RecursionError):
        large = None
    if not isinstance(large, dict):
        raise UsageError("The blob that the event names is not a request.", "Send the task through the receiver.")
    return large
