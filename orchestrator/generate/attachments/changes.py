"""Whether a brief asks for an attachment to be changed, and what was changed. Pure.

Attachments are committed byte for byte. A model that sends one back, reformatted or from memory, changes nothing unless
the brief asks for it in words such as "correct the typo in data.csv" or "notes.md must be translated".
"""

import difflib
import re
from pathlib import PurePosixPath

from orchestrator.handover import Reason

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
_DOING = (
    "fixing|correcting|repairing|debugging|improving|refactoring|rewriting|cleaning|updating|changing|translating"
    "|editing|adjusting|adapting|formatting|simplifying|optimi[sz]ing|completing|renaming|removing|adding"
)
_DONE_TO_IT = (
    "fixed|corrected|repaired|debugged|improved|refactored|rewritten|cleaned|updated|changed|translated|removed|added"
)
# "after fixing the error in it", "with the error corrected": the order to commit a file says what is done to it first.
_AFTERWARDS = re.compile(rf"\b(?:after|by|once|while|and)\s+(?:\w+ly\s+)?(?:{_DOING})\b", re.IGNORECASE)
_WITH = re.compile(rf"\bwith\b[^.;]{{1,80}}\b(?:{_DONE_TO_IT})\b", re.IGNORECASE)
_IT = re.compile(
    rf"^(?:please |then |now |and )*(?:{_VERBS})\s+(?:it|them|the (?:bug|error|typo|mistake|fault|problem))\b",
    re.IGNORECASE,
)
_ADDED_TO = re.compile(
    r"\b(?:add|insert|append)\b(?P<what>[^.;]{1,80})\b(?:to|in|into)\s+(?:\w+ ){0,2}$", re.IGNORECASE
)
_POINTING = re.compile(r"\b(?:links?|references?|paths?|urls?|pointers?|buttons?|imports?|tests?)\b", re.IGNORECASE)
_FORBIDDING = re.compile(
    r"\b(?:not|never|nor|don't|doesn't|cannot|unchanged|untouched|unmodified|verbatim|exactly|byte"
    r"|as (?:it )?is|as attached|users?|visitors?|can|lets?|allow\w*|shows?|display\w*|render\w*"
    r"|fetch\w*|(?<!on )loads?|links? to|instead|run|without|nicht|nie|niemals|kein\w*|ohne|unverändert|ne|n'|pas"
    r"|jamais|sans|tel quel|inchangée?|no|nunca|sin|jamás|tampoco"
    r"|não|nunca|sem|non|mai|senza|niet|geen|zonder|nie|bez)\b|не\s|नहीं|मत\s|不要|不得|别|勿",
    re.IGNORECASE,
)
_ENGLISH = re.compile(r"\b(?:the|a|an|and|in|of|to|it|with|for|is)\b", re.IGNORECASE)
_LEAST_WORDS = 3
_QUOTES = {ord(mark): None for mark in "\"'`\u201c\u201d\u201e\u00ab\u00bb\u2018\u2019"}
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
    r"(?:typos?|errors?|bugs?|faults?|functions?|logic|rounding|mistakes?|spelling"
    r"|rows?|lines?|columns?|headers?|entr(?:y|ies)|values?|prices?|numbers?|records?"
    r"|dates?|names?|cells?|words?|text|sections?|paragraphs?|headings?|sentences?|duplicates?|quantit(?:y|ies)|contents?"
    r"|keys?|fields?|totals?|sums?|figures?|end|top|whitespace|blanks?)",
    re.IGNORECASE,
)


def why_not(name: str, brief: str, declared: str = "") -> Reason | None:
    """Return why a change of the attachment `name` is not taken, None where it may change, as `may_change` says."""
    if may_change(name, brief, declared):
        return None
    if not declared:
        return "not asked for"
    return "words that ask for no change" if _plain(declared) in _plain(brief) else "words not in the brief"


def may_change(name: str, brief: str, declared: str = "") -> bool:
    """Whether `brief` orders the attachment `name` to be changed. In doubt it does not.

    An attached `index.html` is the page, so it may change. Code may change where the brief says what is done to it;
    data only by a plain order. `declared`: words of the brief that a model gives as the reason, in any language.
    """
    if name.lower() == "index.html":
        return True
    places = list(_spelled(name).finditer(brief))
    is_code = PurePosixPath(name.lower()).suffix in _CODE
    if any(_is_acted_on(brief, place) or (is_code and _is_worked_on(brief, place)) for place in places):
        return True
    return _is_declared(name, brief, declared)


def _spelled(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w./-])[`\"'“(]*(?:\./)?{re.escape(name)}(?![\w/-]|\.\w)", re.IGNORECASE)


def _is_worked_on(brief: str, name: re.Match[str]) -> bool:
    """Whether the sentence around the name, or the one after it, says what is done to a file of code."""
    before = _SENTENCE.split(brief[max(0, name.start() - _REACH) : name.start()])[-1]
    after, *following = _SENTENCE.split(brief[name.end() : name.end() + _REACH])
    if _FORBIDDING.search(f"{before} {after}"):
        return False
    if _AFTERWARDS.search(after) or _WITH.match(after.lstrip(" `\"'”)")):
        return True
    if (added := _ADDED_TO.search(before)) is not None:
        return not _POINTING.search(added["what"])
    next_one = [after.partition(",")[2].strip(), following[0].strip() if following else ""]
    return any(_IT.match(part) and not _FORBIDDING.search(part) for part in next_one)


def _is_declared(name: str, brief: str, declared: str) -> bool:
    """Whether words that a model quotes stand in the brief, speak of this file, and forbid nothing.

    English is read by the rules above; of other languages the quoted sentence must name the file.
    """
    quoted, whole = _plain(declared), _plain(brief)
    if len(quoted.split()) < _LEAST_WORDS or quoted not in whole:
        return False
    sentences = [one for one in map(_plain, _SENTENCE.split(brief)) if one and (quoted in one or one in quoted)]
    if not sentences or not any(_spelled(name.lower()).search(one) for one in sentences):
        return False
    said = " ".join(sentences)
    return len(_ENGLISH.findall(said)) < 2 and not _FORBIDDING.search(said)


def _plain(text: str) -> str:
    """Return `text` in lower case, with plain quotes and single spaces."""
    return " ".join(text.lower().translate(_QUOTES).split())


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
