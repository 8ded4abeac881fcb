"""Requests as they reach the workflow, and what job `build` makes of them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestrator.core.order import Order, read_event
from orchestrator.core.report import Build
from orchestrator.core.site import Site, add_standard_files
from orchestrator.core.task import request_id, task_key, title_of
from orchestrator.jobs import handover
from tests.doubles.clock import NOON

EMAIL = "ada@lovelace.example"
TASK = "sum-of-sales"
KEY = task_key("shared", EMAIL, TASK)
PAGE = b"<!doctype html><title>Sales</title><h1>Sales</h1>"


def order(round_: int = 1, nonce: str = "nonce-1", **fields: Any) -> Order:
    """Return an order of the receiver's making; `fields` replace those of the request."""
    request = {
        "email": EMAIL,
        "task": TASK,
        "round": round_,
        "nonce": nonce,
        "brief": f"Brief of round {round_}",
        "checks": ["document.title === 'Sales'", "The page is beautiful"],
        "received_at": datetime.fromtimestamp(NOON, UTC).isoformat(),
        **fields,
    }
    payload = {
        "id": request_id(request["email"], request["task"], round_, nonce),
        "key": task_key("shared", request["email"], request["task"]),
        "title": title_of(request["task"], round_),
        "request": request,
    }
    return read_event({"client_payload": payload}, "7")


def site(files: Mapping[str, bytes] | None = None) -> Site:
    """Return a site as job `build` hands it over."""
    return add_standard_files(Site({"index.html": PAGE, "README.md": b"# Sales\n", **(files or {})}), "octo", 2026)


def hand_over(folder: Path, given: Order, made: Site | None, base: str | None = None, **fields: Any) -> Path:
    """Write what job `build` hands over below `folder`, and return that folder."""
    digest = made.digest() if made else None
    told = {"id": given.id, "base": base, "built_by": "gpt-4.1", "site": digest, **fields}
    handover.write_build_output(folder, Build.model_validate(told), made, {})
    return folder


def env(hub_url: str, **settings: str) -> dict[str, str]:
    """Return the environment of either job."""
    return {
        "GITHUB_REPOSITORY": "octo/pipeline",
        "GITHUB_REPOSITORY_OWNER": "octo",
        "GITHUB_RUN_ID": "7",
        "GITHUB_API_URL": hub_url,
        "GITHUB_TOKEN": "token-that-reads",
        "TARGET_TOKEN": "token-of-octo",
        "ALLOW_PRIVATE_URLS": "true",
        **settings,
    }


def without(names: Sequence[str], mapping: Mapping[str, str]) -> dict[str, str]:
    """Return `mapping` without `names`."""
    return {name: value for name, value in mapping.items() if name not in names}
