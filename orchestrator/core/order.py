"""A request as it reaches the workflow, by a dispatch or by hand. Pure."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.core.errors import UsageError
from orchestrator.core.task import (
    MOST_FORMER_KEYS,
    Task,
    manual_id,
    manual_key,
    parse_task,
    title_of,
)


@dataclass(frozen=True)
class Order:
    """One request as it reached the workflow. `blob`: where the large parts are, if they do not fit into the event.

    `former_keys`: keys that its repository may have got from an earlier secret, or another spelling of the e-mail.
    """

    id: str
    key: str
    title: str
    request: Mapping[str, Any]
    blob: str | None
    by_hand: bool
    former_keys: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """Every key that says a repository is this task's, the one to be written first."""
        return self.key, *self.former_keys

    @property
    def personal(self) -> tuple[str, ...]:
        """Return what identifies the sender and must stay private, as it was sent."""
        return tuple(str(self.request.get(name) or "") for name in ("email", "nonce", "evaluation_url"))

    def identity(self) -> Task:
        """Return who asked for which round, even if the rest of the event is incomplete; raise InvalidTask."""
        return parse_task(Task, {**self.request, "brief": "-", "checks": (), "attachments": ()})

    def assemble_task(self, large: Mapping[str, Any] | None = None) -> Task:
        """Return the task, given the content of the blob where there is one; raise InvalidTask or UsageError."""
        task = parse_task(Task, {**self.request, **(large or {})})
        if not self.by_hand and task.id != self.id:  # by hand it was made from the request itself
            raise UsageError("The id of the event does not match its request.", "Send the task through the receiver.")
        return task


def read_event(event: Mapping[str, Any], run_id: str) -> Order:
    """Read the JSON that Actions gives to a run: `repository_dispatch`, or `workflow_dispatch` (by hand)."""
    payload = event.get("client_payload")
    if isinstance(payload, Mapping):
        request = payload.get("request")
        texts = [payload.get(name) for name in ("id", "key", "title")]
        if not isinstance(request, Mapping) or not all(isinstance(text, str) for text in texts):
            raise UsageError("The event has no id, key, title or request.", "Send the task through the receiver.")
        blob = str(request.get("blob") or "") or None
        former = _parse_former_keys(payload.get("former_keys"))
        return Order(str(texts[0]), str(texts[1]), str(texts[2]), request, blob, by_hand=False, former_keys=former)
    inputs = event.get("inputs")
    if not isinstance(inputs, Mapping):
        raise UsageError(
            "The event is not one that this workflow accepts.", "Use repository_dispatch or “Run workflow”."
        )
    task = parse_task(Task, _parse_inputs(inputs, run_id))
    request = task.model_dump(mode="json") | {"checks": [check.wire_form() for check in task.checks]}
    id_ = manual_id(task.task, task.round, task.nonce)
    return Order(id_, manual_key(task.task), title_of(task.task, task.round), request, None, by_hand=True)


def _parse_former_keys(given: object) -> tuple[str, ...]:
    if given is None:
        return ()
    # Each is one more task whose repository may be written to: what has another form was not made by the receiver.
    if (
        not isinstance(given, list)
        or len(given) > MOST_FORMER_KEYS
        or not all(isinstance(key, str) and re.fullmatch(r"[0-9a-f]{16}", key) for key in given)
    ):
        raise UsageError("The former_keys of the event are invalid.", "Send the task through the receiver.")
    return tuple(given)


def _parse_inputs(inputs: Mapping[str, Any], run_id: str) -> dict[str, Any]:
    if whole := str(inputs.get("request") or "").strip():
        try:
            given = json.loads(whole)
        except (ValueError, RecursionError):
            raise UsageError("The input `request` is not valid JSON.", "Paste one JSON object.") from None
        if not isinstance(given, dict):
            raise UsageError("The input `request` is not a JSON object.", "Paste one JSON object.")
        return {"nonce": f"run-{run_id}", **given}
    given = {name: str(inputs.get(name) or "") for name in ("task", "round", "brief", "email", "framework")}
    return {
        **given,
        "round": given["round"] or "1",
        "nonce": f"run-{run_id}",
        "checks": [line for line in str(inputs.get("checks") or "").splitlines() if line.strip()],
        "evaluation_url": str(inputs.get("evaluation_url") or "") or None,
        "target": str(inputs.get("target") or "pages"),
    }
