"""Whether an English brief says that a file of code is worked on: in the sentence that names it, or the one after.

Pure. The verbs of change are a closed table, from which their other forms are made.
"""

import re
from dataclasses import dataclass

REACH = 160
"""Characters before and behind a name in which the verb is looked for."""

SENTENCE = re.compile(r"[.!?;](?:\s+|$)|\n")

_BASES = (
    "adapt adjust amend annotate change clean complete convert correct debug edit enhance expand extend finish fix"
    " format harden improve lint migrate modify optimize optimise patch polish port refactor refine reformat"
    " recolor recolour rename repair replace restructure restyle redesign rework revise simplify split switch tidy"
    " translate trim update upgrade rewrite redo speed"
)
VERBS = _BASES.split()
_IRREGULAR = {"rewrite": "rewritten", "redo": "redone", "split": "split", "speed": "sped"}
_DOUBLED = frozenset({"debug", "trim", "split"})
_TAKING_AWAY = frozenset({"remove", "delete", "drop"})
ADDING = frozenset({"add", "append", "insert", "prepend", "include"})
# Verbs that are made of what the file becomes ("modernise", "harden"); those of showing it are made the same way.
_CAUSING = re.compile(r"[a-z]{3,}(?:ify|ise|ize)")
_SHOWING = re.compile(
    "advert|adv|analy|emphas|exerc|exemplify|identify|item|memor|notify|organ|recogn|specify|summar|superv|testify|util"
    "|verify|visual"
)


def _participle(verb: str) -> str:
    if verb in _IRREGULAR:
        return _IRREGULAR[verb]
    if verb.endswith("e"):
        return f"{verb}d"
    if verb.endswith("y"):
        return f"{verb[:-1]}ied"
    return f"{verb}{verb[-1] if verb in _DOUBLED else ''}ed"


def _gerund(verb: str) -> str:
    return f"{verb.removesuffix('e')}{verb[-1] if verb in _DOUBLED else ''}ing"


_OTHERS = (*_TAKING_AWAY, "add")
_DONE = "|".join(dict.fromkeys([*map(_participle, (*VERBS, *_OTHERS)), "made", "dropped", "solved"]))
_DOING = "|".join(dict.fromkeys([*map(_gerund, (*VERBS, *_OTHERS)), "making", "dropping", "solving"]))

# "after fixing the error in it", "once you have fixed it", "with the error corrected": done before it is committed.
_AFTERWARDS = re.compile(
    rf"\b(?:after|by|once|while|and|when)\s+(?:\w+ly\s+)?(?:{_DOING})\b"
    rf"|\b(?:after|once|when)\s+[^.,;]{{0,40}}\b(?:has|have|is|are|been)\s+(?:{_DONE})\b",
    re.IGNORECASE,
)
_WITH = re.compile(rf"with\b[^.;]{{1,80}}\b(?:{_DONE})\b", re.IGNORECASE)
_MUST_BE = re.compile(
    rf"\b(?:must|should|needs? to|has to|have to|is to|are to)\s+be\s+(?:\w+ly\s+)?(?:{_DONE})\b"
    rf"|\bneeds?\s+(?:{_DOING})\b",
    re.IGNORECASE,
)
_VERSION_OF = re.compile(
    rf"\b(?:(?:{_DONE}|working|better|faster|clean)\s+(?:version|copy|form)\s+of\s+(?:the\s+)?(?:\w+\s+)?"
    rf"|(?:the|an?|your)\s+(?:{_DONE})\s+)[`\"'“(]*$",
    re.IGNORECASE,
)
# "once you have repaired quiz.js, commit it", "after fixing quiz.js"
_BEFOREHAND = re.compile(
    rf"\b(?:(?:after|once|when)\s[^.,;]{{0,40}}\b(?:has|have|had)\s+(?:{_DONE})|(?:after|by)\s+(?:{_DOING}))"
    r"\s+(?:the\s+)?(?:\w+\s+(?:in|of)\s+)?[`\"'“(]*$",
    re.IGNORECASE,
)
_REPLACED_IN = re.compile(r"\b(?:with|by)\b[^.,;]*\b(?P<place>in|inside|within)(?:\s+the)?$", re.IGNORECASE)
_HEAD = re.compile(
    r"(?:(?:please|then|now|and|also|first|next|finally|so|but|to)\s+)*(?P<verb>[a-z-]+)\s+(?P<rest>.*)", re.IGNORECASE
)
_ITSELF = re.compile(
    r"(?:up\s+)?(?:it|them|(?:that|this)(?=\s*(?:[.,;]|and\b|$))"
    r"|(?:the|its|this|that|any|all)\s+(?:[\w-]+\s+)?(?:bugs?|errors?|typos?|mistakes?|faults?|problems?|issues?))\b",
    re.IGNORECASE,
)
# "make it faster", "make style.css work on phones"; not "make it available" and not "make it a link".
_STATE = r"(?!available|visible|accessible|public|downloadable|the\b|an?\b|part\b)\w"
_MADE = re.compile(rf"(?:it|them)\s+{_STATE}", re.IGNORECASE)
_GIVEN = re.compile(r"[`\"'”)]*\s+(?:an?|more|better|some)\s+(?!links?\b|place\b|page\b)\w", re.IGNORECASE)
_WORKS = re.compile(rf"[`\"'”)]*\s+{_STATE}", re.IGNORECASE)
# A clause or a page between the verb and the file is what the verb acts on.
_OTHER_OBJECT = re.compile(
    r"\b(?:that|which|what|how|where|who|whose|so|page|pages|site|website|app|table|chart|heading|title|layout|button"
    r"|readme|links?|tests?|descriptions?|docs?|documentation|by|with|using|via|for|from|than|like|as)\b",
    re.IGNORECASE,
)
ON_PAGE = re.compile(
    r"\b(?:on|in|for|to) (?:the|a|our|your) (?:\w+ )?(?:page|site|browser|website|app)\b", re.IGNORECASE
)
_ADDED_TO = re.compile(
    r"\b(?:add|insert|append)\b(?P<what>[^.;]{1,80})\b(?:to|in|into)\s+(?:\w+ ){0,2}$", re.IGNORECASE
)
POINTING = re.compile(r"\b(?:links?|references?|paths?|urls?|pointers?|buttons?|imports?)\b", re.IGNORECASE)
# What forbids a change, or what somebody else does, or what is only done with a file.
FORBIDDING = re.compile(
    r"\b(?:not|never|nor|don't|doesn't|cannot|unchanged|untouched|unmodified|verbatim|exactly|byte|as (?:it )?is"
    r"|as attached|users?|visitors?|can|lets?|allow\w*|shows?|display\w*|render\w*|fetch\w*|(?<!on )loads?|links? to"
    r"|instead|run|without|if|whenever)\b",
    re.IGNORECASE,
)
# An order that a file stays. Saying that something does not work is not such an order.
_PROTECTING = re.compile(
    r"\b(?:do not|don['\u2019]t|must not|should not|may not|never|nor|unchanged|untouched|unmodified|verbatim|exactly"
    r"|byte|as (?:it )?is|as attached|alone|instead of|without chang\w+|without touch\w+|users?|visitors?)\b",
    re.IGNORECASE,
)
_OF_IT = re.compile(r"\b(?:of|from|with|using|uses?|calls?|by|for|on)\s+(?:the\s+)?[`\"'“(]*$", re.IGNORECASE)
_TOLD = re.compile(r"[\s*-]*(?:the|an?|my|our|this|that|there|it|i|we|attached|its)\b", re.IGNORECASE)
_CLAUSE = re.compile(r"[,;:]\s*|\s+(?:and|then)\s+")
_LONGEST_OBJECT = 6
_SHORT_SUBJECT = 2


@dataclass(frozen=True)
class Place:
    """From where to where a name stands in a brief."""

    start: int
    end: int


def is_worked_on(brief: str, name: Place) -> bool:
    """Whether the brief orders work on the file of code that is named at this place of it."""
    before = SENTENCE.split(brief[max(0, name.start - REACH) : name.start])[-1]
    after, *following = SENTENCE.split(brief[name.end : name.end + REACH])
    if _PROTECTING.search(f"{before} {after}"):
        return False
    if not FORBIDDING.search(f"{before} {after}") and _is_said_of_it(before, after):
        return True
    if _MUST_BE.search(re.split(r"[,;:]", after)[0]) and not FORBIDDING.search(before):
        return True
    if _OF_IT.search(before) and not _TOLD.match(before):
        return False  # "show the output of rank.py and update it": what is to be updated is the output
    # "bill.py rounds wrongly": what is its own is then the file's.
    is_subject = len(before.split()) <= _SHORT_SUBJECT
    clauses = [*_CLAUSE.split(after)[1:], *_CLAUSE.split("".join(following[:1]))]
    return any(_works_on_it(clause, is_subject=is_subject) for clause in clauses)


def _is_said_of_it(before: str, after: str) -> bool:
    """Whether the sentence of the name says what is done to the file, before the name or behind it."""
    if (
        _AFTERWARDS.search(after)
        or _WITH.match(after.lstrip(" `\"'”)"))
        or _VERSION_OF.search(before)
        or _BEFOREHAND.search(before)
    ):
        return True
    if (added := _ADDED_TO.search(before)) is not None:
        return not POINTING.search(added["what"])
    head = _HEAD.match(_CLAUSE.split(before)[-1].lstrip(" -*`\"'“(") + " ")
    if head is None or ON_PAGE.search(after):
        return False
    between = _REPLACED_IN.sub(r"\g<place>", head["rest"].strip(" `\"'“("))
    if head["verb"].lower() == "give":  # "give menu.html a dark mode"
        return between.lower() in {"", "the", "the attached"} and _GIVEN.match(after) is not None
    if head["verb"].lower() == "make":  # "make style.css work on phones"
        return between.lower() in {"", "the"} and _WORKS.match(after) is not None
    is_object = not _OTHER_OBJECT.search(between) and len(between.split()) <= _LONGEST_OBJECT
    return _is_change(head["verb"]) and is_object


def _works_on_it(clause: str, *, is_subject: bool) -> bool:
    """Whether a clause behind the name orders work on the file: "fix it", "make it faster", "repair the bug"."""
    head = _HEAD.match(f"{SENTENCE.split(clause.strip())[0]} ")
    if head is None or FORBIDDING.search(head["verb"]) or _PROTECTING.search(head["rest"]):
        return False
    if head["verb"].lower() == "make":
        return _MADE.match(head["rest"]) is not None
    is_its_own = is_subject and head["rest"].lower().startswith("its ")
    return _is_change(head["verb"]) and (is_its_own or _ITSELF.match(head["rest"]) is not None)


def _is_change(verb: str) -> bool:
    verb = verb.lower()
    return verb in VERBS or verb in _TAKING_AWAY or (_CAUSING.fullmatch(verb) is not None and not _SHOWING.match(verb))
