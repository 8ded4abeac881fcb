"""Unpacks a host's compressed answer without ever holding more than is allowed. Pure.

httpx unpacks each chunk whole, however large it becomes, so it is done here with zlib's own limit:
https://docs.python.org/3/library/zlib.html#zlib.Decompress.decompress
"""

import zlib
from collections.abc import Iterator
from mimetypes import MimeTypes

STEP = 64 * 1024
"""Bytes that one step of unpacking gives at most."""

_PACKED = frozenset({"gzip", "x-gzip", "deflate"})
_PAGES = frozenset({"text/html", "application/xhtml+xml"})
_KINDS = MimeTypes()  # its own table, not /etc/mime.types of this machine


class Unpacking:
    """Undoes one `Content-Encoding`. Raises ValueError for one that is not understood."""

    def __init__(self, encoding: str) -> None:
        """Begin with the value of the header, empty for none."""
        self._kind = encoding.strip().lower()
        if self._kind in {"", "identity"}:
            self._kind = ""
        elif self._kind not in _PACKED:
            raise ValueError("its host compresses it with an unknown encoding")
        self._unpacked = None if not self._kind else zlib.decompressobj(zlib.MAX_WBITS | 32)
        self._is_begun = False

    def unpack_chunk(self, data: bytes) -> Iterator[bytes]:
        """Yield what `data` holds, `STEP` bytes at most at a time. Raises ValueError for what is broken."""
        if self._unpacked is None:
            yield data
            return
        left, is_full = data, False
        # With all of the input read, zlib may still hold output that the limit kept back.
        while (left or is_full) and not self._unpacked.eof:
            try:
                step = self._unpacked.decompress(left, STEP)
            except zlib.error:
                # Some hosts send `deflate` without zlib's header:
                # https://www.rfc-editor.org/rfc/rfc9110#section-8.4.1.2
                if self._is_begun or self._kind != "deflate":
                    raise ValueError("its host sends it compressed, but it cannot be decompressed") from None
                self._is_begun, self._unpacked = True, zlib.decompressobj(-zlib.MAX_WBITS)
                continue
            self._is_begun = True
            left, is_full = self._unpacked.unconsumed_tail, len(step) == STEP
            yield step

    def require_end(self) -> None:
        """Raise ValueError if the end is missing."""
        if self._unpacked is not None and self._is_begun and not self._unpacked.eof:
            raise ValueError("its host sends it compressed, but the end is missing")


def refuse_page(name: str, data: bytes) -> None:
    """Raise ValueError if `data` is an HTML page though `name` says that it is something else."""
    kind = _KINDS.guess_type(name)[0]
    start = data[:1024].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if kind is not None and kind not in _PAGES and start.startswith((b"<!doctype html", b"<html")):
        raise ValueError("its host sends a web page instead of a file of this type")
