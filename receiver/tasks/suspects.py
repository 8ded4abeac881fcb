"""Which parts of a request may hold a key, where GitHub says that one of them does and not which. Pure."""

import re
from collections.abc import Iterator

from orchestrator.core.task import Request, decode_data_uri

MOST = 20

# Only from the beginning of a run of such characters: each is looked at a few times at most.
_KEY = re.compile(rb"(?<![\w-])(?=[\w-]*[0-9])(?=[\w-]*[A-Za-z])[\w-]{20,}")


def find_suspect_fields(request: Request) -> list[str]:
    """Return the names of the fields that hold something with the form of a key, or else of all that may hold one.

    Attachments are named by their position, as in every other answer; a value never is.
    """
    parts = list(_walk_fields(request))
    found = [name for name, content in parts if _KEY.search(content)]
    return (found or [name for name, _ in parts])[:MOST]


def _walk_fields(request: Request) -> Iterator[tuple[str, bytes]]:
    for position, attachment in enumerate(request.attachments):
        content = attachment.url.encode() if attachment.is_remote else decode_data_uri(attachment.url)
        yield f"attachments.{position}.url", content
    yield "brief", request.brief.encode()
    for position, check in enumerate(request.checks):
        yield f"checks.{position}", check.text.encode()
