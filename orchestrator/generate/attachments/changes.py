"""Whether a brief asks for an attachment to be changed, and what was changed. Pure.

Attachments are committed byte for byte. A model that sends one back, reformatted or from memory, changes nothing unless
the brief asks for it in words such as "correct the typo in data.csv" or "notes.md must be translated".
"""

import difflib
import re

DIFF_LINES = 40
"""Lines of a change that are shown."""

_VERBS = (
    "add|adjust|amend|append|change|clean|clear|complete|convert|correct|cut|deduplicate|delete|drop|edit|empty|extend"
    "|extract|fill|finish|fix|improve|insert|mend|merge|minify|modify|normali[sz]e|overwrite|prepend|redact|redesign"
    "|refactor|reformat|remove|rename|reorder|repair|replace|restyle|revise|rewrite|shorten|sort|split|translate|trim"
    "|update"
)
# What is added, changed or replaced with these words in between is the page, and the file is where the data comes from.
_ELSEWHERE = re.compile(
    r"\b(?:page|site|website|app|table|chart|list|form|using|uses?|via|with|by|through|fetch\w*|load\w*|read\w*"
    r"|show\w*|display\w*|render\w*|link\w*|that|which|so|based|according|called|named)\b",
    re.IGNORECASE,
)
_NEGATED = re.compile(r"(?:\b(?:not|never|without|nor)|n't)\s+(?:\w+\s+)?$", re.IGNORECASE)
_OBJECT = (
    r"(?:the|this|our|attached|given|existing|file|attachment|its|in|into|to|of|inside|within|from|at|for|end|top)"
)


def may_change(name: str, brief: str) -> bool:
    """Whether `brief` asks for the attachment `name` to be changed."""
    # A full stop inside a name is no end of a sentence: only the name itself and what stands between are looked at.
    spelled = rf"(?<![\w./-])[`\"'“(]*(?:\./)?{re.escape(name)}(?![\w/-]|\.\w)"
    active = re.compile(
        rf"\b(?:{_VERBS})(?:e?s|e?d|ing)?\b(?P<between>[^.!?;\n]{{0,80}}?){spelled}", re.IGNORECASE | re.DOTALL
    )
    passive = re.compile(
        rf"{spelled}[`\"'”)]*\s+(?:must|should|shall|has to|needs? to|is to)\s+be\s+(?:\w+ly\s+)?(?:{_VERBS})\w*",
        re.IGNORECASE,
    )
    return bool(passive.search(brief)) or any(_is_object(brief, found) for found in active.finditer(brief))


def _is_object(brief: str, found: re.Match[str]) -> bool:
    """Whether what the verb acts on is the file or lies in it."""
    between = found["between"]
    if _NEGATED.search(brief[max(0, found.start() - 30) : found.start()]) or _ELSEWHERE.search(between):
        return False
    last = re.search(r"([\w-]+)\W*$", between)
    if last is None or re.fullmatch(_OBJECT, last[1], re.IGNORECASE) is None:
        return last is None  # "sort data.csv"
    # "Add the total from data.csv" adds to the page; "remove duplicates from data.csv" does not.
    from_it = re.search(r"\bfrom\b(?:\W+\w+){0,2}\W*$", between, re.IGNORECASE)
    return from_it is None or found[0][:3].lower() in ("rem", "del", "dro", "cut", "cle")


def diff(name: str, before: bytes, after: bytes | None) -> tuple[str, ...]:
    """Return the lines of a unified diff, `DIFF_LINES` at most; a short word where it is no text."""
    if after is None:
        return (f"{name} was deleted",)
    try:
        old, new = before.decode("utf-8"), after.decode("utf-8")
    except UnicodeDecodeError:
        return (f"{name}: {len(before)} bytes became {len(after)}",)
    found = difflib.unified_diff(old.splitlines()[:5_000], new.splitlines()[:5_000], name, name, lineterm="", n=0)
    lines = list(found)
    cut = [f"… {len(lines) - DIFF_LINES} lines more"] if len(lines) > DIFF_LINES else []
    return tuple(lines[:DIFF_LINES] + cut)
