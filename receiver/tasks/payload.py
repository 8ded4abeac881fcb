"""What a dispatch carries: who asked for what, and never the secret. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orchestrator.core.task import Request, title_of

INLINE_BYTES = 60_000
"""Of 65,535 characters that GitHub allows a `client_payload`; what is larger goes through a git blob."""


@dataclass(frozen=True)
class Payload:
    """The `client_payload` of a dispatch. `large`: what has to lie in a blob first (JSON, UTF-8), if anything."""

    fields: dict[str, Any]
    large: bytes | None

    def with_blob(self, sha: str) -> dict[str, Any]:
        """Return the fields, naming the blob that holds `large`."""
        return {**self.fields, "request": {**self.fields["request"], "blob": sha}}


def build_payload(request: Request, keys: Sequence[str], now: datetime) -> Payload:
    """Return what GitHub is sent for `request`, received `now`, of the task with `keys`, the newest first."""
    left_out = {"wait_for_result", "received_at", *(["target"] if request.target == "pages" else [])}
    given = request.model_dump(mode="json", exclude=left_out)
    given["checks"] = [check.wire_form() for check in request.checks]
    given["received_at"] = now.isoformat()
    fields = {"id": request.id, "key": keys[0], "title": title_of(request.task, request.round), "request": given}
    if len(keys) > 1:
        fields["former_keys"] = list(keys[1:])
    if len(json.dumps(fields, ensure_ascii=False).encode()) <= INLINE_BYTES:
        return Payload(fields, None)
    # Blobs of a public repository stay readable: nothing personal goes there.
    large = {name: given.pop(name) for name in ("brief", "checks", "attachments")}
    return Payload(fields, json.dumps(large, ensure_ascii=False).encode())
