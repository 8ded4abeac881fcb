"""What GitHub Pages makes of a path: which file it means, and of which type that is. Pure."""

import mimetypes
from collections.abc import Container

# Python's own table, which no file of the machine changes, and where Pages says something else or more.
_TYPES = mimetypes.MimeTypes()
_TYPES.encodings_map = {}  # Pages gives out `a.csv.gz` as an archive, not as packed CSV
for _ending, _type in {
    ".avif": "image/avif",
    ".csv": "text/csv",
    ".gz": "application/gzip",
    ".js": "application/javascript",
    ".md": "text/markdown",
    ".mjs": "application/javascript",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".yaml": "text/yaml",
    ".yml": "text/yaml",
}.items():
    _TYPES.add_type(_type, _ending)

_ALSO_TEXT = frozenset(
    {"application/javascript", "application/json", "application/manifest+json", "application/xml", "image/svg+xml"}
)


def find_served_file(files: Container[str], path: str) -> str | None:
    """Return the one of `files` that `path` means: itself, a folder's index, or a page without its ending."""
    meant = f"{path}index.html" if path.endswith("/") or not path else path
    return next((name for name in (meant, f"{meant}.html") if name in files), None)


def media_type(path: str) -> str:
    """Return the `Content-Type` of the file at `path`; text is UTF-8."""
    kind = _TYPES.guess_type(path, strict=False)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") or kind in _ALSO_TEXT else kind
