"""The section of a README about one round, under a heading with the round and its date. Pure.

A model is asked to write it. What it leaves out is added, so that each round of a site can be found in its README.
"""

import re
from collections.abc import Sequence
from datetime import date

_HEADING = re.compile(r"^(?P<marks>#{1,6}[ \t]+)(?P<text>[^\n]*?)[ \t#]*$", re.MULTILINE)
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}\.? [A-Za-z]{3,9}\.?,? \d{4}\b|\b[A-Za-z]{3,9} \d{1,2},? \d{4}\b")
_FENCE = re.compile(r"^(`{3,}|~{3,})[^\n]*\n.*?^\1[^\n]*$", re.MULTILINE | re.DOTALL)
_NAMED = 20
"""Files that a section lists at most."""


def with_section(readme: bytes, round_: int, day: date, changed: Sequence[str]) -> bytes:
    """Return `readme` with a dated section about `round_`; as it is where it has one already.

    A heading that names the round without a date gets the date. `changed`: the files that the round changed.
    """
    text = readme.decode("utf-8", "replace")
    about = re.compile(rf"\bround\s*{round_}\b", re.IGNORECASE)
    shown = _FENCE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
    headings = [found for found in _HEADING.finditer(shown) if found["text"].strip()]
    if any(day.isoformat() in found["text"] for found in headings):
        return readme
    named = next((found for found in headings if about.search(found["text"])), None)
    if named is not None:
        end = named.end("text")
        return readme if _DATE.search(named["text"]) else f"{text[:end]} ({day.isoformat()}){text[end:]}".encode()
    files = [f"- `{path}`" for path in changed[:_NAMED]]
    more = [f"- and {len(changed) - _NAMED} more"] if len(changed) > _NAMED else []
    lines = ["Changed in this round:", "", *files, *more] if files else ["No file of the site changed in this round."]
    section = "\n".join([f"## Round {round_} ({day.isoformat()})", "", *lines, ""])
    return f"{text.rstrip()}\n\n{section}".encode() if text.strip() else section.encode()
