"""Whether a brief asks for an attachment to be changed, and what was changed. Pure.

Attachments are committed byte for byte. A model that sends one back, reformatted or from memory, changes nothing unless
the brief asks for it in words such as "correct the typo in data.csv" or "notes.md must be translated".
"""

import difflib
import re
from pathlib import PurePosixPath

DIFF_LINES = 40
DIFF_WIDTH = 200
"""Lines of a change that are shown, and characters of each."""

_REACH = 160
"""Characters before a name in which the verb is looked for."""

_VERBS = (
    "add|adjust|amend|append|change|clean(?: up)?|clear|correct|cut|deduplicate|delete|drop|edit|empty|fill|fix|improve"
    "|insert|mend|minify|modify|normali[sz]e|overwrite|prepend|redact|redesign|refactor|reformat|remove|rename|reorder"
    "|repair|replace|restyle|revise|rewrite|shorten|sort|translate|trim|update"
)
_FOR_EACH = frozenset({"each", "every", "per"})
_DONE = "cut|dropped|emptied|minified|modified|normali[sz]ed|overwritten|redone|rewritten|trimmed"
_ADDING = frozenset({"add", "append", "insert", "prepend", "fill"})
_TAKING_AWAY = frozenset({"remove", "delete", "drop", "cut", "clear", "clean", "clean up"})
# An order: the verb begins the sentence or a part of it.
_ORDER = re.compile(
    rf"(?:^|[,;:]|\b(?:please|and|then|also|now|first|finally|but|must|should))\s*(?P<verb>{_VERBS})\s+(?=\S|$)",
    re.IGNORECASE,
)
_PASSIVE = re.compile(
    rf"[`\"'”)]*\s+(?:must|should|shall|has to|needs? to|is to)\s+be\s+(?:\w+ly\s+)?(?:{_VERBS}|{_DONE})(?:e?d)?\b",
    re.IGNORECASE,
)
_CODE = frozenset({".py", ".js", ".mjs", ".ts", ".html", ".htm", ".css", ".sh", ".sql", ".rb", ".php", ".c", ".java"})
_WORK = re.compile(
    r"\b(?:(?:fix|correct|debug|edit|add)(?:ing|ed)?|repair(?:ing|ed)?|improv(?:e|ing|ed)|refactor(?:ing|ed)?"
    r"|rewrit(?:e|ing|ten)|chang(?:e|ing|ed))\b",
    re.IGNORECASE,
)
_LEFT_ALONE = re.compile(
    r"\b(?:not|never|without|no|don't|doesn't|cannot|unchanged|untouched|exactly|byte|as (?:it )?is|attached|users?"
    r"|visitors?|can|lets?|allow\w*|button|show\w*|display\w*|using|via|fetch\w*|load\w*|link\w*|instead|page|site)\b",
    re.IGNORECASE,
)
_THEN = re.compile(rf"[`\"'”)]*,?\s+(?:please\s+)?(?:{_VERBS})\s", re.IGNORECASE)
_SENTENCE = re.compile(r"[.!?;](?:\s+|$)|\n")
# What somebody else does, or somewhere else, or not at all.
_NO_ORDER = re.compile(
    r"\b(?:not|never|without|nor|no|don't|doesn't|cannot|instead|when|whenever|if|after|before|users?|can|lets?"
    r"|allow\w*|button|page|site|website|app|using|via|fetch\w*|load\w*|show\w*|display\w*|render\w*)\b",
    re.IGNORECASE,
)
_AT_RUNTIME = re.compile(r"\W{0,3}\s*(?:before|when|while|on load|at load|in the browser|for display)\b", re.IGNORECASE)
_AROUND = frozenset({"the", "this", "our", "attached", "given", "existing", "file", "attachment", "its", "all", "any"})
_INTO = frozenset({"to", "in", "into", "of", "inside", "within", "from"})
_DATA = re.compile(
    r"(?:typos?|errors?|mistakes?|spelling|rows?|lines?|columns?|headers?|entr(?:y|ies)|values?|prices?|numbers?|records?"
    r"|dates?|names?|cells?|words?|text|sections?|paragraphs?|headings?|sentences?|duplicates?|quantit(?:y|ies)|contents?"
    r"|keys?|fields?|totals?|sums?|figures?|end|top|whitespace|blanks?)",
    re.IGNORECASE,
)


def may_change(name: str, brief: str) -> bool:
    """Whether `brief` orders the attachment `name` to be changed. In doubt it does not.

    An attached `index.html` is the page, so it may change. Code may change in any sentence that speaks of changing it;
    data only by a plain order.
    """
    if name.lower() == "index.html":
        return True
    spelled = re.compile(rf"(?<![\w./-])[`\"'“(]*(?:\./)?{re.escape(name)}(?![\w/-]|\.\w)", re.IGNORECASE)
    found = list(spelled.finditer(brief))
    is_code = PurePosixPath(name.lower()).suffix in _CODE
    return any(_is_acted_on(brief, place) or (is_code and _is_worked_on(brief, place)) for place in found)


def _is_worked_on(brief: str, name: re.Match[str]) -> bool:
    """Whether the sentence around the name speaks of changing a file of code, and forbids nothing."""
    start, end = max(0, name.start() - _REACH), name.end() + _REACH
    sentence = _SENTENCE.split(brief[start : name.start()])[-1] + " " + _SENTENCE.split(brief[name.end() : end])[0]
    return _WORK.search(sentence) is not None and not _LEFT_ALONE.search(sentence)


def _is_acted_on(brief: str, name: re.Match[str]) -> bool:
    """Whether something is ordered to be done to the file at this place of the brief."""
    sentence = _SENTENCE.split(brief[max(0, name.start() - _REACH) : name.start()])[-1]
    if _NO_ORDER.search(sentence) or _AT_RUNTIME.match(brief, name.end()):
        return False
    if _PASSIVE.match(brief, name.end()):
        return True
    if re.search(r"\b(?:in|within|inside)\s+(?:the\s+)?$", sentence, re.IGNORECASE) and _THEN.match(brief, name.end()):
        return True  # "in data.csv, correct the typo"
    return any(_is_object(order["verb"].lower(), sentence[order.end() :]) for order in _ORDER.finditer(sentence))


def _is_object(verb: str, between: str) -> bool:
    """Whether `verb` acts on the file that follows on `between`: directly, or on data that lie in it."""
    words = re.findall(r"[\w-]+", between.lower())
    while words and words[-1] in _AROUND:
        words.pop()
    if not words:
        return verb not in _ADDING
    if words[-1] not in _INTO or (words[-1] == "from" and verb not in _TAKING_AWAY):
        return False
    if verb in _ADDING and _FOR_EACH.intersection(words):
        return False
    return len(words) <= 10 and any(_DATA.fullmatch(word) for word in words)


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
    return tuple(line[:DIFF_WIDTH] for line in lines[:DIFF_LINES] + cut)
