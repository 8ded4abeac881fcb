"""Whether a brief asks for an attachment to be changed, and what was changed. Pure.

Attachments are committed byte for byte. A model that sends one back, reformatted or from memory, changes nothing unless
the brief asks for it in words such as "correct the typo in data.csv" or "notes.md must be translated".
"""

import difflib
import re

DIFF_LINES = 40
"""Lines of a change that are shown."""

_REACH = 120
"""Characters before a name in which the verb is looked for."""

_VERBS = (
    "add|adjust|amend|append|change|clean|clear|complete|convert|correct|cut|deduplicate|delete|drop|edit|empty|extend"
    "|extract|fill|finish|fix|improve|insert|mend|merge|minify|modify|normali[sz]e|overwrite|prepend|redact|redesign"
    "|refactor|reformat|remove|rename|reorder|repair|replace|restyle|revise|rewrite|shorten|sort|split|translate|trim"
    "|update"
)
_VERB = re.compile(rf"\b(?:{_VERBS})(?:e?s|e?d|ing)?\b", re.IGNORECASE)
_PASSIVE = re.compile(
    rf"[`\"'”)]*\s+(?:must|should|shall|has to|needs? to|is to)\s+be\s+(?:\w+ly\s+)?(?:{_VERBS})", re.IGNORECASE
)
_THEN = re.compile(rf"[`\"'”)]*,?\s+(?:please\s+)?(?:{_VERBS})\b", re.IGNORECASE)
_SENTENCE = re.compile(r"[.!?;](?:\s+|$)|\n")
# What is added, changed or replaced with these words in between is the page, and the file is where the data comes from.
_ELSEWHERE = re.compile(
    r"\b(?:page|site|website|app|table|chart|list|form|using|uses?|via|with|by|through|fetch\w*|load\w*|read\w*"
    r"|show\w*|display\w*|render\w*|link\w*|that|which|so|based|according|called|named)\b",
    re.IGNORECASE,
)
_NEGATED = re.compile(r"(?:\b(?:not|never|without|nor)|n't)\s+(?:\w+\s+)?$", re.IGNORECASE)
_OBJECT = frozenset(
    [
        "the",
        "this",
        "our",
        "attached",
        "given",
        "existing",
        "file",
        "attachment",
        "its",
        "in",
        "into",
        "to",
        "of",
        "inside",
        "within",
        "from",
        "at",
        "for",
        "end",
        "top",
    ]
)
_ADDING = frozenset({"add", "append", "insert", "prepend", "fill"})
_INTO = frozenset({"to", "in", "into", "at", "of", "inside", "within"})
_TAKING_AWAY = frozenset({"remove", "delete", "drop", "cut", "clear", "clean"})


def may_change(name: str, brief: str) -> bool:
    """Whether `brief` asks for the attachment `name` to be changed."""
    spelled = re.compile(rf"(?<![\w./-])[`\"'“(]*(?:\./)?{re.escape(name)}(?![\w/-]|\.\w)", re.IGNORECASE)
    return any(_is_acted_on(brief, found) for found in spelled.finditer(brief))


def _is_acted_on(brief: str, name: re.Match[str]) -> bool:
    """Whether something is to be done to the file at this place of the brief."""
    if _PASSIVE.match(brief, name.end()):
        return True
    sentence = _SENTENCE.split(brief[max(0, name.start() - _REACH) : name.start()])[-1]
    if re.search(r"\b(?:in|within|inside)\s+(?:the\s+)?$", sentence, re.IGNORECASE) and _THEN.match(brief, name.end()):
        return True  # "in data.csv, correct the typo"
    return any(_is_object(sentence, verb) for verb in _VERB.finditer(sentence))


def _is_object(sentence: str, verb: re.Match[str]) -> bool:
    """Whether what the verb acts on is the file behind the end of `sentence`, or lies in it."""
    between = sentence[verb.end() :]
    if _NEGATED.search(sentence[: verb.start()]) or _ELSEWHERE.search(between):
        return False
    words = re.findall(r"[\w-]+", between.lower())
    if words and words[-1] not in _OBJECT:
        return False
    # "Add the total from data.csv" and "add data.csv" add to the page; "remove duplicates from data.csv" does not.
    if verb[0].lower() in _ADDING and not _INTO.intersection(words):
        return False
    return "from" not in words[-3:] or verb[0].lower() in _TAKING_AWAY


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
