"""The words of a sentence about files, and how a grammar takes them one after the other. Pure.

One walk without going back: a sentence may be anything that a stranger sent.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

LONGEST = 1_000
"""Characters of a sentence that is looked at."""

_TOKENS = re.compile(
    r"""(?P<quoted>`[^`\n]{1,300}`|"[^"\n]{1,300}"|“[^”\n]{1,300}”|«[^»\n]{1,300}»|\u2018[^\u2019\n]{1,300}\u2019(?!\w)|(?<!\w)'[^'\n]{1,300}'(?!\w))
    |(?P<url>https?://\S+)
    |(?P<tag><[a-zA-Z][^<>\n]{0,200}>)
    |(?P<selector>\#[A-Za-z][\w-]*)
    |(?P<number>\d{1,15}(?:,\d{3}){0,5}(?:\.\d{1,15})?(?!\w|\.\d|[\w@+/-]{0,60}\.[A-Za-z]))
    |(?P<word>(?:\./|/(?=\w))?[\w@+.][\w@+./-]*(?:['\u2019]\w+)?)
    |(?P<mark><=|>=|==|['\u2019]s\b|[,;:(){}\[\]&=<>≥≤\u2013\u2014|?!-])
    |(?P<other>\S)""",
    re.VERBOSE,
)
_EXTENSION = re.compile(r"(?:[\w@+-][\w@+. -]*)?\.[A-Za-z][\w-]{0,14}|(?:[\w@+.-]+/)+[\w@+.-]*[\w@+-]")
# What has no extension is a file by its capitals: "the license" may be one, "the Makefile" always is.
_BARE = re.compile(
    r"(?:README|LICEN[CS]E|COPYING|NOTICE|CHANGELOG|CONTRIBUTING|AUTHORS|CNAME|CODEOWNERS|[A-Z][a-z]{2,14}file)"
)
_NO_FILE = frozenset({"e.g", "i.e", "a.m", "p.m", "and/or", "he/she", "true/false", "yes/no", "n/a"})
_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$-]*(?:\.[\w$-]+|\[\])*")
_ARTICLES = frozenset({"the", "a", "an", "its", "their", "this", "these", "those", "also", "still", "please", "both"})
_CONTRACTED = {"can't": "can not", "won't": "will not", "it's": "it is", "that's": "that is", "there's": "there is"}
_TYPOGRAPHIC = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2011": "-", "\u2212": "-"})

NO_NAME = frozenset(
    [
        "and",
        "or",
        "not",
        "no",
        "is",
        "are",
        "was",
        "be",
        "has",
        "have",
        "with",
        "that",
        "which",
        "whose",
        "than",
        "of",
        "for",
        "from",
        "to",
        "in",
        "on",
        "as",
        "at",
        "by",
        "it",
        "they",
        "each",
        "every",
        "only",
        "least",
        "most",
        "more",
        "less",
        "exactly",
        "between",
        "valid",
        "must",
        "should",
        "can",
        "may",
        "any",
        "some",
        "other",
        "all",
        "values",
        "value",
        "data",
    ]
)
"""Words that are never the name of anything in a sentence."""

Kind = Literal["word", "number", "quoted", "file", "selector", "tag", "mark", "other"]


@dataclass(frozen=True)
class WordToken:
    """One word, number, name or sign.

    `text`: without the quotes around it where it `is_quoted`; `is_code`: these were backticks.
    """

    kind: Kind
    text: str
    is_quoted: bool = False
    is_code: bool = False

    @property
    def low(self) -> str:
        """The text without its capitals."""
        return self.text.lower()


def split_tokens(text: str) -> list[WordToken]:
    """Return the tokens of a sentence; a full stop between two sentences is a mark, and one at the end is nothing."""
    found: list[WordToken] = []
    for match in _TOKENS.finditer(text.translate(_TYPOGRAPHIC)):
        kind, said = match.lastgroup, match[0]
        if kind == "quoted":
            inner = said[1:-1].strip()
            quoted: Kind = "file" if is_file_name(inner) else "quoted"
            found.append(WordToken(quoted, inner, is_quoted=True, is_code=said[0] == "`"))
        elif kind == "word":
            found += _word_tokens(said)
        elif kind in ("tag", "selector", "number", "mark"):
            found.append(WordToken(kind, said.replace("\u2019", "'")))  # type: ignore[arg-type]  # the names of the groups are the kinds
        else:
            found.append(WordToken("other", said))
    while found and found[-1] in (WordToken("mark", "."), WordToken("mark", "!")):
        found.pop()
    return found


def is_file_name(text: str) -> bool:
    """Whether a text reads as the name of a file, without a look at any."""
    if text.lower() in _NO_FILE or len(text) > 200:
        return False
    text = text.removeprefix("./").removeprefix("/")
    if text.endswith("/") and re.fullmatch(r"[\w@+./-]*[\w@+-]/", text):
        return "//" not in text
    is_name = _EXTENSION.fullmatch(text) is not None or _BARE.fullmatch(text) is not None
    return is_name and not text.startswith("..") and "//" not in text


def is_key(token: WordToken) -> bool:
    """Whether a word or a text between quotes may be the name of a key."""
    if token.kind == "quoted":
        return True
    return token.low not in NO_NAME and _IDENTIFIER.fullmatch(token.text) is not None


def _word_tokens(said: str) -> list[WordToken]:
    bare = said.rstrip(".")
    after = [WordToken("mark", ".")] if bare != said else []
    said = bare.replace("\u2019", "'")
    before, apostrophe, ending = said.partition("'")
    if apostrophe and is_file_name(before):
        return (
            [WordToken("file", before), WordToken("mark", "'s"), *after]
            if ending == "s"
            else [WordToken("other", said)]
        )
    if is_file_name(said):
        return [WordToken("file", said), *after]
    said = _CONTRACTED.get(said.lower(), said)
    if said.lower().endswith("n't"):
        said = f"{said[:-3]} not"
    return [*(WordToken("word", part) for part in said.split()), *after]


_VERBS = frozenset(
    ["is", "are", "was", "must", "should", "has", "have", "exists", "exist", "contains", "contain", "does", "equals"]
)

T = TypeVar("T")


@dataclass
class Reader:
    """Takes tokens from the front. What does not fit takes nothing; articles are passed over."""

    tokens: Sequence[WordToken]
    at: int = field(default=0)

    @property
    def is_done(self) -> bool:
        """Whether nothing is left."""
        return self.at >= len(self.tokens)

    def peek(self, ahead: int = 0) -> WordToken:
        """Return a token without taking it; an empty one behind the end."""
        place = self.at + ahead
        return self.tokens[place] if place < len(self.tokens) else WordToken("other", "")

    def skip_articles(self) -> None:
        """Pass over articles."""
        while self.peek().kind == "word" and self.peek().low in _ARTICLES:
            self.at += 1

    def take(self, *kinds: Kind) -> WordToken | None:
        """Take the next token where it is of one of these kinds."""
        start = self.at
        self.skip_articles()
        token = self.peek()
        if not self.is_done and token.kind in kinds:
            self.at += 1
            return token
        self.at = start
        return None

    def take_phrase(self, *phrases: str) -> str | None:
        """Take the longest of the phrases that comes next; each is words and marks with blanks between."""
        for phrase in sorted(phrases, key=len, reverse=True):
            start = self.at
            if all(self._take_word(part) for part in phrase.split()):
                return phrase
            self.at = start
        return None

    def _take_word(self, part: str) -> bool:
        self.skip_articles()
        token = self.peek()
        if token.kind in ("word", "mark") and token.low == part:
            self.at += 1
            return True
        return False

    def take_first(self, *ways: Callable[[], T | None]) -> T | None:
        """Return what the first way gives that gives anything; the others take nothing."""
        start = self.at
        for way in ways:
            if (found := way()) is not None:
                return found
            self.at = start
        return None

    def take_list(self, item: Callable[[], T | None]) -> list[T]:
        """Take items joined by commas, "and", "as well as"; stop before what is no item."""
        return self.take_joined(item)[0]

    def take_joined(self, item: Callable[[], T | None], *, is_object: bool = False) -> tuple[list[T], bool]:
        """Return the items of a list, and whether it says "or".

        `is_object`: it stands behind a verb, so that an item before another verb begins the next clause.
        """
        found: list[T] = []
        is_either = False
        start = self.at
        while (one := item()) is not None:
            if is_object and found and self.peek().kind == "word" and self.peek().low in _VERBS:
                break
            found.append(one)
            start = self.at
            joint = self.take_phrase(
                ", and", ", or", ",", "and", "or", "&", "and also", ", as well as", "as well as", "plus", "nor", ", nor"
            )
            if joint is None:
                return found, is_either
            is_either = is_either or "or" in joint.split() or "nor" in joint.split()
        self.at = start
        return found, is_either
