"""What a host of sites keeps: files by their digests, and one JSON document with all the rest. Survives a restart."""

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from orchestrator.core.serving import find_served_file, media_type
from orchestrator.local.faults import Faults
from orchestrator.local.files import write_atomically
from orchestrator.local.limits import RateLimits
from orchestrator.local.runs import now


class HostRefusal(Exception):
    """A call that the host does not take; each host has its own form for it."""

    def __init__(self, status: int, message: str, code: str = "", **more: Any) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.more = status, message, code, more


@dataclass
class Shelf:
    """One host on this machine. `url`: without a slash at the end; `delay`: seconds until a deployment is live.

    `taken`: names that belong to other accounts. `troubles`: what befalls the next deployments, in words of the host.
    """

    root: Path
    url: str
    token: str = field(repr=False)
    delay: float = 1.0
    clock: Callable[[], datetime] = now
    faults: Faults = field(default_factory=Faults)
    limits: RateLimits = field(default_factory=RateLimits)
    taken: set[str] = field(default_factory=set)
    troubles: list[str] = field(default_factory=list)
    kept: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (path := self.root / "state.json").exists():
            self.kept.update(json.loads(path.read_bytes()))

    def list_entries(self, kind: str) -> list[dict[str, Any]]:
        """Return everything of a kind, the newest first."""
        return [entry for entry in reversed(self.kept.values()) if entry["kind"] == kind]

    def keep(self, entry: dict[str, Any]) -> dict[str, Any]:
        """Keep an entry under its `id`, given one if it has none."""
        entry.setdefault("id", secrets.token_hex(12))
        entry.setdefault("created", self.clock().timestamp())
        self.kept[entry["id"]] = entry
        write_atomically(self.root / "state.json", json.dumps(self.kept).encode())
        return entry

    def has(self, sha: str) -> bool:
        """Say whether the bytes with this SHA-1 were uploaded."""
        return re.fullmatch(r"[0-9a-f]{40}", sha) is not None and (self.root / "files" / sha).exists()

    def store(self, content: bytes) -> str:
        """Keep bytes; return their SHA-1."""
        sha = hashlib.sha1(content, usedforsecurity=False).hexdigest()
        write_atomically(self.root / "files" / sha, content)
        return sha

    def is_due(self, entry: Mapping[str, Any], since: str, delays: float = 1.0) -> bool:
        """Say whether so many delays have passed since a moment of an entry."""
        return since in entry and self.clock().timestamp() >= entry[since] + self.delay * delays

    def check_token(self, request: Request, refusal: HostRefusal) -> None:
        """Raise `refusal` for a call that does not carry the token."""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secrets.compare_digest(value.strip().encode(), self.token.encode()):
            raise refusal

    async def take_call(self, handler: "Handler", request: Request, stranger: HostRefusal) -> Any:
        """Return what `handler` makes of a call; where that is a function, what it makes of the body's bytes.

        Raises HostRefusal, `stranger` for a call without the token, and ValueError for a body that is not JSON.
        """
        self.check_token(request, stranger)
        content = await request.body()
        is_json = "json" in request.headers.get("content-type", "")
        body = await request.json() if is_json and content.strip() else {}
        made = handler(self, request, body if isinstance(body, dict) else {})
        return made(content) if callable(made) else made

    def serve_file(self, files: Mapping[str, str], path: str, missing: str) -> Response:
        """Answer for one path of a site: path -> SHA-1."""
        name = find_served_file(files, path)
        if name is None and f"{path}/index.html" in files:
            name = f"{path}/index.html"
        headers = {"cache-control": "public,max-age=0,must-revalidate"}
        if name is None:
            own = files.get("404.html")
            content = (self.root / "files" / own).read_bytes() if own else missing.encode()
            return Response(content, 404, headers, "text/html")
        content = (self.root / "files" / files[name]).read_bytes()
        return Response(content, 200, {**headers, "content-type": media_type(name), "etag": f'"{files[name]}"'})


Handler = Callable[[Shelf, Request, Mapping[str, Any]], Any]
