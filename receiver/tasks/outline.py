"""Who sends a large body, found while it arrives, without building what it holds. Pure.

JSON that takes 25 MB may take 800 MB as objects, so nothing is built before the sender is known. Counting quotes and
brackets is enough for that: https://www.rfc-editor.org/rfc/rfc8259. What is found here can only refuse a body: one
that is not refused is parsed as a whole, and its secret is compared again.
"""

from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json

MOST_VALUES = 65_536
"""Values in one body. One of so many bytes cannot hold more, and is small enough to be parsed at once."""

SLICE = 16_384
"""Bytes that are looked at in one go: less than a few milliseconds for any content."""

LONGEST = 65_536
"""Bytes of a secret or an e-mail, as written. No longer one is agreed on with anybody."""

NAMES = ("secret", "email")
_LONGEST_NAME = len('"') + len("\\u0073") * max(map(len, NAMES)) + len('"')
_SPACE = b" \t\n\r"

Span = tuple[int, int]
"""Where a string lies in the body, with its quotes."""


class TooManyValues(ValueError):
    """The body holds more than MOST_VALUES."""


@dataclass
class Outline:
    """What is known of a body so far.

    - `root`: its first byte
    - `found`: the value of each of NAMES, None if it is not a string
    """

    root: bytes = b""
    depth: int = 0
    in_string: bool = False
    found: dict[str, Span | None] = field(default_factory=dict)
    _values: int = 0
    _strings: int = 0
    _size: int = 0
    _held: int = 0
    _start: int = 0
    _last: Span | None = None
    _awaits: str | None = None

    def feed(self, body: bytearray) -> Iterator[None]:
        """Look at what `body` has grown by, and stop after each SLICE of it; raise TooManyValues."""
        if not self._size and body.startswith(BOM_UTF8):
            self._size = len(BOM_UTF8)
        while (at := self._size) + self._held < len(body):
            self._scan_slice(body, bytes(body[at : at + self._held + SLICE]))
            yield

    @property
    def is_whole(self) -> bool:
        """Whether every string and every bracket is closed."""
        return self.depth == 0 and not self.in_string

    def parse_credentials(self, body: bytearray) -> dict[str, Any]:
        """Return those of NAMES that the object has, as a parse of the whole gives them; raise ValueError."""
        return {name: None if span is None else _parse_text(body, span) for name, span in self.found.items()}

    def _scan_slice(self, body: bytearray, text: bytes) -> None:
        # A backslash whose other half has not come is looked at again with it.
        self._held = (len(text) - len(text.rstrip(b"\\"))) % 2
        text = text[: len(text) - self._held]
        plain = text.replace(b"\\\\", b"__").replace(b'\\"', b"__") if b"\\" in text else text
        at = self._size
        for number, part in enumerate(plain.split(b'"')):
            if number:
                self._note_quote(at - 1)
            if not self.in_string and part:
                self._scan_between(body, part)
            at += len(part) + 1
        self._size += len(text)

    def _note_quote(self, at: int) -> None:
        """Note that a string begins or ends at `at`."""
        self.in_string = not self.in_string
        self.root = self.root or b'"'
        if self.in_string:
            self._start = at
            self._strings += 1
            self._check_limit()
        elif self._awaits is not None:
            self.found[self._awaits] = (self._start, at + 1)
            self._awaits = None
        elif self.depth == 1:
            self._last = (self._start, at + 1)

    def _scan_between(self, body: bytearray, part: bytes) -> None:
        """Take in what lies between two strings."""
        part = part.strip(_SPACE)
        if not part:
            return
        if self._last is not None and part.startswith(b":"):
            self._awaits = _parse_name(body, self._last)
            if self._awaits is not None:
                # Of several keys the last one counts, as in a parse; it may hold something else than a string.
                self.found[self._awaits] = None
            part = part[1:].lstrip(_SPACE)
        self._last = None
        if not part:
            return
        self._awaits = None
        self.root = self.root or part[:1]
        opened = part.count(b"[") + part.count(b"{")
        self.depth += opened - part.count(b"]") - part.count(b"}")
        self._values += opened + part.count(b",")
        self._check_limit()

    def _check_limit(self) -> None:
        # A value in an object takes two strings.
        if self._values >= MOST_VALUES or self._strings > 2 * MOST_VALUES:
            raise TooManyValues


def _parse_name(body: bytearray, span: Span) -> str | None:
    """Return which of NAMES a key is; any character of it may be written as an escape."""
    start, end = span
    if end - start > _LONGEST_NAME:
        return None
    try:
        key = from_json(bytes(body[start:end]))
    except ValueError:
        return None
    return key if key in NAMES else None


def _parse_text(body: bytearray, span: Span) -> str:
    start, end = span
    return str(from_json(bytes(body[start:end]))) if end - start <= LONGEST else ""
