"""From bytes to text: which encoding it is in, and how a page would read it. Pure.

A page's `fetch` takes every text for UTF-8 (https://fetch.spec.whatwg.org/#dom-body-text), so a model that writes the
page must know if a file is in another encoding.
"""

import codecs
import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass

CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")

# The mark of UTF-32 begins like that of UTF-16, so it is looked for first.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32LE"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32BE"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16LE"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16BE"),
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
)
_UNMARKED = (("utf-16-le", "UTF-16LE", 1), ("utf-16-be", "UTF-16BE", 0))
_SEEN = 20_000  # bytes in which UTF-16 without a mark is looked for
_NO_LETTER = frozenset({"Cn", "Co", "Cs"})  # unassigned, private, surrogates
_ASCII_SHARE = 0.7


@dataclass(frozen=True)
class DecodedText:
    """A text, the name of its encoding in browsers (https://encoding.spec.whatwg.org/), and whether it has a mark.

    `is_guess`: other encodings would read the same bytes as other letters. `lost`: bytes that could not be read; each
    became `U+FFFD`.
    """

    text: str
    encoding: str
    has_mark: bool = False
    is_guess: bool = False
    lost: int = 0


def decode_text(data: bytes, *, is_cut: bool = False) -> DecodedText | None:
    """Decode what is text: by its mark, as UTF-8, UTF-16 without a mark, or what browsers call latin-1; else None.

    `is_cut`: the end may stand in the middle of a letter.
    """
    for mark, codec, name in _MARKS:
        if data.startswith(mark):
            return _decode_with(data, codec, DecodedText("", name, has_mark=True), is_cut=is_cut)
    if (text := _decode_with(data, "utf-8", DecodedText("", "UTF-8"), is_cut=is_cut)) is not None:
        return text
    for codec, name, high in _UNMARKED:
        if _may_be_utf16(data[:_SEEN], codec, high):
            return _decode_with(data, codec, DecodedText("", name), is_cut=is_cut)
    # The Encoding Standard's label `latin1` means windows-1252, which has the euro sign and curly quotes.
    return _decode_with(data, "cp1252", DecodedText("", "windows-1252", is_guess=True), is_cut=is_cut)


def decode_partly(data: bytes) -> DecodedText | None:
    """Return a text of which most is ASCII and the rest in an encoding that is not known here, else None."""
    text = data.decode("ascii", "replace")
    lost = text.count("\ufffd")
    if CONTROL.search(text) or len(text) - lost < _ASCII_SHARE * len(text):
        return None
    return DecodedText(text, "an unknown encoding", is_guess=True, lost=lost)


def _decode_with(data: bytes, codec: str, found: DecodedText, *, is_cut: bool) -> DecodedText | None:
    with suppress(UnicodeDecodeError):
        text = codecs.getincrementaldecoder(codec)().decode(data, final=not is_cut)
        if not CONTROL.search(text):
            return DecodedText(text, found.encoding, found.has_mark, found.is_guess)
    return None


def _may_be_utf16(data: bytes, codec: str, high: int) -> bool:
    """Whether `data` is text in `codec`: its zero bytes are the high halves of ASCII, and all else are letters.

    `high`: the place of the high half in each pair.
    """
    zeros = data[high::2].count(0)
    # Spaces, digits and ends of lines have a zero byte in any language.
    if zeros < 2 or data[1 - high :: 2].count(0) or zeros < len(data) // 100:
        return False
    text = codecs.getincrementaldecoder(codec)(errors="replace").decode(data)
    return not any(unicodedata.category(sign) in _NO_LETTER or sign == "\ufffd" for sign in set(text))
