"""What a body that is not JSON is instead, as a sentence for its sender. Pure; nothing of the body is repeated."""

import codecs
import re

LOOKED_AT = 65_536
"""Bytes of a body that are looked at: anybody may send one."""

_SHAPES = (
    (re.compile(rb"\A\s{0,99}\Z"), "The body is empty."),
    (re.compile(rb"\A\s{0,99}[\w.%+-]{1,80}="), "The body is a form."),
    (re.compile(rb"\A\s{0,99}\{\s{0,99}'"), "The body has single quotes, as Python prints a dictionary."),
    (re.compile(rb"[:\[,]\s{0,9}-?(?:NaN|Infinity)\b"), "The body contains NaN or Infinity, which are not valid JSON."),
    (
        re.compile(rb"[:\[,]\s{0,9}(?:True|False|None)\b"),
        "The body contains True, False or None, as Python writes them.",
    ),
    (re.compile(rb",\s{0,99}[\]}]"), "The body has a comma before a closing bracket."),
)


def describe_malformed(body: bytes) -> str:
    """Return why a body is not JSON and what to send; what is in doubt is not said."""
    return f"{_describe_problem(body)} Send one JSON object, encoded as UTF-8.".lstrip()


def _describe_problem(body: bytes) -> str:
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in body[:64]:
        return "The body looks like UTF-16 or UTF-32."
    try:
        codecs.getincrementaldecoder("utf-8")().decode(body)  # the end may be cut
    except UnicodeDecodeError:
        return "The body is not UTF-8; it may be Latin-1 or Windows-1252."
    return next((sentence for pattern, sentence in _SHAPES if pattern.search(body)), "The body is not JSON.")
