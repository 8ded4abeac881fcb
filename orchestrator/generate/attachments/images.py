"""Pictures among the attachments: their kind by their first bytes, their size, and which a model can be shown. Pure."""

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass

import imagesize  # type: ignore[import-untyped]

SHOWN = 4
MAX_BYTES = 3_500_000
MAX_SIDE = 8_000
"""Pictures for one request, bytes and pixels of each: https://docs.claude.com/en/docs/build-with-claude/vision"""

# Bytes in which the size is looked for: a JPEG of 25 MB that never comes to it would hold everything up for seconds.
_HEADER = 1_000_000
_KINDS = {
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/gif": re.compile(rb"GIF8[79]a"),
    "image/webp": re.compile(rb"RIFF.{4}WEBP", re.DOTALL),
}


@dataclass(frozen=True)
class Image:
    """A picture that a model can be shown."""

    name: str
    media_type: str
    data: bytes


def choose_images(files: Mapping[str, bytes]) -> list[Image]:
    """Return the pictures among `files` that models take, the first few."""
    found = [Image(name, kind, data) for name, data in files.items() if (kind := detect_media_type(data)) is not None]
    fit = [
        image for image in found if len(image.data) <= MAX_BYTES and 0 < max(image_dimensions(image.data)) <= MAX_SIDE
    ]
    return fit[:SHOWN]


def detect_media_type(data: bytes) -> str | None:
    """Return what kind of picture `data` is, None if models do not accept this kind."""
    return next((kind for kind, beginning in _KINDS.items() if beginning.match(data)), None)


def image_dimensions(data: bytes) -> tuple[int, int]:
    """Return width and height in pixels, (-1, -1) if they are unknown."""
    try:
        width, height = imagesize.get(io.BytesIO(data[:_HEADER]))
    except Exception:  # noqa: BLE001 - it parses what others wrote, and raises what it likes
        return -1, -1
    return int(width), int(height)
