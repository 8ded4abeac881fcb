"""Findings and what they quote, cut to size. Pure."""

from collections.abc import Sequence

from orchestrator.core.report import Finding

LONGEST_SEEN = 300
"""Characters of what a check saw."""

LONGEST_TEXT = 500
"""Characters of one finding."""


def printable_start(text: str, length: int = LONGEST_TEXT) -> str:
    """Return the beginning of what a page said; a half of a surrogate pair, which no file could hold, becomes `?`."""
    return text[:length].encode(errors="replace").decode()


def limit_findings(found: Sequence[Finding], most: int) -> list[Finding]:
    """Return the first `most` findings; where that leaves some out, the last one says how many there are."""
    if len(found) <= most:
        return list(found)
    last = found[most - 1]
    cut = f"{most} of {len(found)} like this are listed"
    where = f"{printable_start(last.where, LONGEST_TEXT - len(cut) - 2)}; {cut}" if last.where else cut
    return [*found[: most - 1], last.model_copy(update={"where": where})]


def make_finding(kind: str, text: str, where: str = "") -> Finding:
    """Return a finding, cut to size. `text` says what was expected and what was seen."""
    return Finding.model_validate({"kind": kind, "text": printable_start(text), "where": printable_start(where)})
