"""The section of a README about one round, under a heading with the round and its date. Pure.

A model is asked to write it. What it leaves out is added, so that each round of a site can be found in its README.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date

_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}\.? [A-Za-z]{3,9}\.?,? \d{4}\b|\b[A-Za-z]{3,9} \d{1,2},? \d{4}\b")
_LONGEST = 300
"""Characters of a line that can be a heading."""

_DEEPEST = 6
_NAMED = 20
"""Files that a section lists at most."""


def with_section(readme: bytes, round_: int, day: date, changed: Sequence[str]) -> bytes:
    """Return `readme` with a dated section about `round_`; as it is where it has one already.

    A heading that names the round without a date gets the date. `changed`: the files that the round changed.
    """
    lines = readme.decode("utf-8", "replace").split("\n")
    about = re.compile(rf"\bround\s{{0,3}}{round_}\b", re.IGNORECASE)
    headings = list(_headings(lines))
    if any(day.isoformat() in lines[place] for place in headings):
        return readme
    named = next((place for place in headings if about.search(lines[place])), None)
    if named is not None:
        if _DATE.search(lines[named]):
            return readme
        said = lines[named].rstrip(" \t\r#")
        lines[named] = f"{said} ({day.isoformat()}){lines[named][len(said) :]}"
        return "\n".join(lines).encode()
    files = [f"- `{path}`" for path in changed[:_NAMED]]
    more = [f"- and {len(changed) - _NAMED} more"] if len(changed) > _NAMED else []
    told = ["Changed in this round:", "", *files, *more] if files else ["No file of the site changed in this round."]
    section = "\n".join([f"## Round {round_} ({day.isoformat()})", "", *told, ""])
    text = "\n".join(lines).rstrip()
    return f"{text}\n\n{section}".encode() if text else section.encode()


def _headings(lines: Sequence[str]) -> Iterator[int]:
    """Yield the places of the headings, except those inside a code fence."""
    fence = ""
    for place, line in enumerate(lines):
        bare = line.strip()
        if bare.startswith(("```", "~~~")):
            width = len(bare) - len(bare.lstrip(bare[0]))
            if not fence:
                fence = bare[0] * width
            elif bare.startswith(fence) and width == len(bare):
                fence = ""
        elif not fence and line.startswith("#") and len(line) <= _LONGEST:
            marks = len(line) - len(line.lstrip("#"))
            if marks <= _DEEPEST and line[marks : marks + 1] in (" ", "\t") and bare.strip("# \t"):
                yield place
