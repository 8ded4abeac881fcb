"""Whether a brief asks for an attachment to be changed, and what was changed. Pure.

Attachments are committed byte for byte. A model that sends one back, reformatted or from memory, changes nothing unless
the brief asks for it in words such as "correct the typo in data.csv" or "notes.md must be translated".
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, islice
from pathlib import PurePosixPath

from orchestrator.core.report import Reason
from orchestrator.generate.attachments.languages import asks_in_another_language, is_english
from orchestrator.generate.attachments.naming import CODE
from orchestrator.generate.attachments.work import ADDING, ON_PAGE, POINTING, REACH, SENTENCE, Place, is_worked_on
from orchestrator.generate.differing import unified_diff

DIFF_LINES = 40
DIFF_WIDTH = 200
"""Lines of a change that are shown, and characters of each."""

_VERBS = (
    "multiply|divide|round|increase|decrease|raise|reduce|double|halve|add|adjust|amend|append|change"
    "|clean(?: up)?|clear|correct|cut|deduplicate|delete|drop|edit|empty|fill|fix|improve|insert|mend|minify"
    "|modify|normali[sz]e|overwrite|prepend|proofread|redact|redesign|refactor|reformat|remove|rename|reorder"
    "|recolou?r|repair|replace|restyle|revise|rewrite|set|shorten|sort|translate|trim|update"
)
_FOR_EACH = frozenset({"each", "every", "per"})
_DONE = "cut|dropped|emptied|minified|modified|normali[sz]ed|overwritten|redone|rewritten|trimmed"
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
_PLACES = 300
_LONGEST = 2_000
"""How many mentions of a name, and how many characters of a sentence, are read. A brief may be a megabyte long."""

_LEAST_WORDS = 3
_LEAST_SIGNS = 8  # of a language without spaces
_QUOTES = {ord(mark): None for mark in "\"'`\u201c\u201d\u201e\u00ab\u00bb\u2018\u2019"}
_THEN = re.compile(rf"[`\"'”)]*,?\s+(?:please\s+)?(?:{_VERBS})\s", re.IGNORECASE)
_ANY_SENTENCE = re.compile(r"[.!?](?:\s+|$)|[\u3002\uff01\uff1f\u0964]|\n")  # of Chinese, Japanese and Hindi too
# What somebody else does, or somewhere else, or not at all.
_NO_ORDER = re.compile(
    r"\b(?:not|never|without|nor|no|don't|doesn't|cannot|instead|when|whenever|if|after|before|users?|can|lets?"
    r"|allow\w*|button|page|site|website|app|using|via|fetch\w*|load\w*|show\w*|display\w*|render\w*)\b",
    re.IGNORECASE,
)
_AT_RUNTIME = re.compile(
    r"\W{0,3}\s*(?:before(?! (?:you )?(?:commit|publish|upload|push|sav|add))|when|while|on load|at load|in the browser"
    r"|for display|\w+ing)\b",
    re.IGNORECASE,
)
_ELSEWHERE_TO = re.compile(r"[`\"'”)]*\s+(?:to|into|onto|in)\s", re.IGNORECASE)  # "add all of a.json to the page"
_AROUND = frozenset({"the", "this", "our", "attached", "given", "existing", "file", "attachment", "its", "all", "any"})
_INSIDE = frozenset({"in", "inside", "within"})
_SHOWN = frozenset({"page", "site", "website", "app", "browser", "table", "chart", "label", "heading", "button"})
_ELSEWHERE = _SHOWN | frozenset(
    {"title"} | {"to", "for", "with", "by", "from", "that", "which", "using", "totals", "each", "handling", "parsing"}
)
"""Words that say that something other than the file's content changes."""
_SHORT = 6
_TOWARDS = frozenset({"to", "into"})
_MEANS = frozenset({"by", "with", "using", "per"})
_LIKE = frozenset({"according", "belonging", "close", "compared", "due", "equal", "next", "relative", "similar"})
_INTO = frozenset({"to", "in", "into", "of", "inside", "within", "from"})
_DATA = re.compile(
    r"(?:colou?rs?|typos?|errors?|bugs?|faults?|functions?|logic|rounding|mistakes?|spelling"
    r"|rows?|lines?|columns?|headers?|entr(?:y|ies)|values?|prices?|numbers?|records?"
    r"|dates?|names?|cells?|words?|text|sections?|paragraphs?|headings?|sentences?|duplicates?|quantit(?:y|ies)|contents?"
    r"|wording|grammar|punctuation|keys?|fields?|totals?|sums?|figures?|end|top|whitespace|blanks?)",
    re.IGNORECASE,
)


def reason_to_refuse(name: str, brief: str, declared: str = "") -> Reason | None:
    """Return why a change of the attachment `name` is refused, or None if it may change (see `may_change`)."""
    if may_change(name, brief, declared):
        return None
    if not declared:
        return "not asked for"
    return (
        "words that ask for no change"
        if _normalize_text(declared) in _normalize_brief(brief)
        else "words not in the brief"
    )


def may_change(name: str, brief: str, declared: str = "") -> bool:
    """Whether `brief` orders the attachment `name` to be changed. If in doubt, it does not.

    An attached `index.html` is the page, so it may change. Code may change where the brief says what is done to it;
    data only by a plain order. `declared`: words of the brief that a model gives as the reason, in any language.
    """
    if name.lower() == "index.html":
        return True
    places = list(islice(_find_mentions(name, brief), _PLACES))
    is_code = PurePosixPath(name.lower()).suffix in CODE
    if any(_is_acted_on(brief, place) for place in places):
        return True
    if is_code and is_english(brief, in_doubt=True) and any(is_worked_on(brief, place) for place in places):
        return True
    return _is_asked_elsewhere(name, brief, declared, is_code=is_code)


_OPENING = "`\"'“("
_JOINED = re.compile(r"[\w./-]")


def _find_mentions(name: str, text: str) -> Iterator[Place]:
    """Yield where `name` stands in `text` as a word of its own, with the quotes and brackets that open before it."""
    if name.lower() not in text.lower():  # which is found out much faster
        return
    for found in re.finditer(rf"{re.escape(name)}(?![\w/-]|\.\w)", text, re.IGNORECASE):
        start = found.start() - 2 if text.startswith("./", found.start() - 2) and found.start() > 1 else found.start()
        before = len(text[:start].rstrip(_OPENING)) if text[start - 1 : start] in _OPENING else start
        is_joined = bool(before and _JOINED.match(text, before - 1))
        if not is_joined or before < start:
            yield Place(before + is_joined, found.end())


def _is_asked_elsewhere(name: str, brief: str, declared: str, *, is_code: bool) -> bool:
    """Whether a sentence in another language asks for the change: one that a model quotes, or any that names the file.

    English is read by the rules above. Words that are quoted and do not stand in the brief allow nothing.
    """
    quoted = _normalize_text(declared)
    if declared and (
        (len(quoted.split()) < _LEAST_WORDS and len(quoted) < _LEAST_SIGNS) or quoted not in _normalize_brief(brief)
    ):
        return False
    sentences = _split_sentences(brief)
    for place in sentences.places_naming(name.lower()):
        sentence, following = sentences.texts[place], "".join(sentences.texts[place + 1 : place + 2])
        is_meant = not quoted or quoted in sentence or sentence in quoted
        is_named = any(_find_mentions(name.lower(), sentence)) or _is_glued(name, sentence)
        if not is_meant or not is_named or is_english(sentence, in_doubt=False):
            continue
        if asks_in_another_language(sentence, following[:_LONGEST], name, is_code=is_code):
            return True
    return False


@dataclass(frozen=True)
class _Sentences:
    """The sentences of a brief, plain, and where each begins in all of them together."""

    texts: Sequence[str]
    whole: str
    starts: Sequence[int]

    def places_naming(self, name: str) -> Iterator[int]:
        """Yield the places of the sentences that hold `name`, those that are no sentences for their length aside."""
        at = self.whole.find(name)
        while at >= 0:
            place = bisect_right(self.starts, at) - 1
            if len(self.texts[place]) <= _LONGEST:
                yield place
            behind = self.starts[place] + len(self.texts[place])
            at = self.whole.find(name, behind)


@lru_cache(maxsize=2)
def _split_sentences(brief: str) -> _Sentences:
    """Return the sentences of a brief: every attachment is looked for in the same ones."""
    texts = [one for one in map(_normalize_text, _ANY_SENTENCE.split(brief)) if one]
    starts = list(accumulate((len(text) + 1 for text in texts), initial=0))[:-1]
    return _Sentences(texts, "\n".join(texts), starts)


def _is_glued(name: str, sentence: str) -> bool:
    """Whether the name stands in a sentence with a suffix at it, as in Korean."""
    return re.search(rf"(?<![\w./-]){re.escape(name.lower())}(?![a-z0-9_/-]|\.\w)", sentence) is not None


@lru_cache(maxsize=2)
def _normalize_brief(brief: str) -> str:
    return _normalize_text(brief)


def _normalize_text(text: str) -> str:
    """Return `text` in lower case, with plain quotes and single spaces."""
    return " ".join(text.lower().translate(_QUOTES).split())


def _is_acted_on(brief: str, name: Place) -> bool:
    """Whether something is ordered to be done to the file at this place of the brief."""
    sentence = SENTENCE.split(brief[max(0, name.start - REACH) : name.start])[-1]
    behind = brief[name.end : name.end + 2 * REACH]  # no pattern looks further
    if ON_PAGE.search(re.split(r"[,;.]|\band\b|\bthen\b", behind[:REACH])[0]):
        return False
    if _NO_ORDER.search(sentence) or _AT_RUNTIME.match(behind):
        return False
    if _PASSIVE.match(behind):
        return True
    if re.search(r"\b(?:in|within|inside)\s+(?:the\s+)?$", sentence, re.IGNORECASE) and _THEN.match(behind):
        return True  # "in data.csv, correct the typo"
    is_elsewhere = _ELSEWHERE_TO.match(behind) is not None
    return any(
        _is_object(order["verb"].lower(), sentence[order.end() :])
        for order in _ORDER.finditer(sentence)
        if not (is_elsewhere and order["verb"].lower() in ADDING)
    )


def _is_object(verb: str, between: str) -> bool:
    """Whether `verb` acts on the file that follows on `between`: directly, or on what lies in it."""
    words = re.findall(r"[\w-]+", between.lower())
    while words and words[-1] in _AROUND:
        words.pop()
    if not words:
        return verb not in {*ADDING, "set"}
    if words[-1] not in _INTO or (words[-1] == "from" and verb not in _TAKING_AWAY) or words[0] == "up":
        return False  # "add up the column of data.csv" is among them
    if verb in ADDING and words[-1] in _TOWARDS:
        return not POINTING.search(between) and not _LIKE.intersection(words[-2:-1])
    if words[-1] in _INSIDE and len(words) <= _SHORT and not _ELSEWHERE.intersection(words):
        return not (verb in ADDING and _FOR_EACH.intersection(words))  # "change the port in conf.yaml to 8080"
    return _is_on_data(verb, words)


def _is_on_data(verb: str, words: Sequence[str]) -> bool:
    """Whether the words between a verb and a file name what such files hold: "the typo in", "the last row of"."""
    if verb in ADDING and _FOR_EACH.intersection(words):
        return False
    if words[-1] == "of" and (_MEANS | _SHOWN).intersection(words):
        return False  # "sort the table by the date column of data.csv"
    return len(words) <= 10 and any(_DATA.fullmatch(word) for word in words)


def diff_attachment(name: str, before: bytes, after: bytes | None) -> tuple[str, ...]:
    """Return the lines of a unified diff, `DIFF_LINES` at most; a short word where it is no text."""
    if after is None:
        return (f"{name} was deleted",)
    try:
        old, new = before.decode("utf-8"), after.decode("utf-8")
    except UnicodeDecodeError:
        return (f"{name}: {len(before)} bytes became {len(after)}",)
    lines = list(unified_diff(old.splitlines()[:5_000], new.splitlines()[:5_000], (name, name), 0))
    cut = [f"… {len(lines) - DIFF_LINES} lines more"] if len(lines) > DIFF_LINES else []
    return tuple(line[:DIFF_WIDTH] for line in lines[:DIFF_LINES] + cut)
