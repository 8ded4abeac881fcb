"""What a file "has" or "contains", read from a sentence: counts, keys, sections, elements, texts, links. Pure."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.verify.claims import (
    LICENCES,
    About,
    Key,
    has_count,
    has_element,
    has_form,
    has_keys,
    has_section,
    has_text,
    has_title,
    in_content,
    is_text,
    leads_to,
    licensed,
)
from orchestrator.verify.counting import UNITS
from orchestrator.verify.elements import element
from orchestrator.verify.numbers import Bound, bound
from orchestrator.verify.structure import FORMATS, TYPES, Test, format_of, is_of, lies_within
from orchestrator.verify.wording import NO_NAME, Reader, Token

KEY_NOUNS = (
    *("key", "keys", "field", "fields", "property", "properties", "column", "columns", "attribute", "attributes"),
    *("top-level key", "top-level keys", "header", "headers", "column headers", "top-level fields"),
)
_SECTION_NOUNS = ("section", "sections", "heading", "headings")
_TEXT_NOUNS = (
    "text",
    "word",
    "words",
    "string",
    "phrase",
    "line",
    "sentence",
    "exact text",
    "exact string",
    "exact line",
)
_NO_TOPIC = NO_NAME - frozenset(["to", "in", "on", "of", "for", "with", "it"])
_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$-]*(?:\.[\w$-]+|\[\])*")
_ONE = Bound(least=1)

Objects = tuple[Sequence[About], bool]
"""What a file has, and whether one of it is enough."""


@dataclass(frozen=True)
class Words:
    """Reads what is claimed of `files`."""

    reader: Reader
    files: Sequence[str]

    @property
    def is_data(self) -> bool:
        """Whether all the files hold keys."""
        return all(format_of(name) in ("json", "yaml", "csv") for name in self.files)

    def objects(self) -> Objects | None:
        """Take what stands behind "has"."""
        return self.reader.first(
            self.counts, self._elements, self._keys, self._sections, self._licence, self._link, self._form,
            self._texts, self._bare_keys,
        )  # fmt: skip

    def _alone(self, about: About | None) -> Objects | None:
        return None if about is None else ([about], False)

    def counts(self) -> Objects | None:
        """Take how many of something there are."""
        reader = self.reader
        if reader.say("word count of", "length of", "word count"):
            wanted = bound(reader)
            return None if wanted is None else ([has_count(self.unit() or "word", wanted)], False)
        wanted = bound(reader)
        unit = self.unit() if wanted else None
        if wanted is None or unit is None or reader.say("of", "with", "for", "about", "that", "on", "named", "called"):
            return None
        reader.say("long", "in total", "in length", "total", "of text")
        return [has_count(unit, wanted)], False

    def unit(self) -> str | None:
        """Take what is counted."""
        self.reader.say("-", "non-blank", "whole")
        said = self.reader.say(*UNITS)
        return UNITS[said] if said else None

    def _elements(self) -> Objects | None:
        wanted = bound(self.reader) or _ONE
        found, is_either = self.reader.joined(lambda: element(self.reader))
        return ([has_element(one, wanted) for one in found], is_either) if found else None

    def _keys(self) -> Objects | None:
        reader = self.reader
        is_all = reader.say("exactly", "only", "precisely", "no keys but", "no other keys than") is not None
        reader.say("at least", "following", "two", "three", "four", "five", "six", "seven", "eight")
        if reader.say(*KEY_NOUNS):
            reader.say("named", "called", ":", "of", "for")
            found = reader.listed(self.key)
        else:
            found = reader.listed(self.key)
            if reader.say(*KEY_NOUNS) is None:
                return None
            if len(found) == 1 and (type_ := self._bracketed()):
                found = [self._typed(found[0].name, type_)]
        return ([has_keys(found, is_all=is_all)], False) if found else None

    def key(self) -> Key | None:
        """Take the name of a key, and what it holds where that stands beside it."""
        reader = self.reader
        before = reader.say(*TYPES) if reader.peek(1).kind in ("quoted", "file") else None
        token = reader.take("quoted", "file", "word")
        if token is None or not _is_key(token):
            return None
        if before:
            return self._typed(token.text, before)
        start = reader.at
        if reader.say("(", "as", "of type", ":", "="):
            type_ = reader.say(*TYPES)
            if type_ and (reader.tokens[start].text != "(" or reader.say(")")):
                return self._typed(token.text, type_)
            reader.at = start
        return Key(token.text)

    def _bracketed(self) -> str | None:
        if self.reader.say("(") is None:
            return None
        type_ = self.reader.say(*TYPES)
        return type_ if self.reader.say(")") else None

    def _typed(self, name: str, type_: str) -> Key:
        is_table = all(format_of(file) == "csv" for file in self.files)
        return Key(name, is_of(type_, is_text=is_table), f"of type {type_}")

    def value(self) -> tuple[Test, str] | None:
        """Take what a value is to be: a type, a text, a number, a range."""
        return self.reader.first(self._in_range, self._literal, self._type)

    def _in_range(self) -> tuple[Test, str] | None:
        reader = self.reader
        reader.say("number", "numeric", "integer", "int")
        if reader.say("positive", "positive number", "positive integer"):
            return lies_within(Bound(least=0, is_open=True)), "positive"
        wanted = bound(reader)
        if wanted is None or (reader.peek().kind == "word" and reader.say(*UNITS)):
            return None
        return lies_within(wanted), f"from {wanted.least:g} to {wanted.most:g}"

    def _literal(self) -> tuple[Test, str] | None:
        token = self.reader.take("quoted", "file", "word")
        if token is None:
            return None
        if token.kind == "word" and token.text not in ("true", "false", "null"):
            return None
        if token.kind == "word" and self.reader.say("or", "/"):
            return None
        wanted = json.loads(token.text) if token.kind == "word" else token.text
        # `5` and `true` between quotes may be the value itself.
        as_code = _json(token.text)
        return lambda value: (type(value) is type(wanted) and value == wanted) or (
            as_code is not None and type(value) is type(as_code) and value == as_code
        ), f"“{token.text}”"  # fmt: skip

    def _type(self) -> tuple[Test, str] | None:
        self.reader.say("of type", "valid", "non-empty")
        is_filled = self.reader.at and self.reader.tokens[self.reader.at - 1].low == "non-empty"
        type_ = self.reader.say(*TYPES)
        if type_ is None:
            return (bool, "filled in") if is_filled else None
        test = self._typed("", type_).test
        assert test is not None  # noqa: S101 - a type always has a test
        known = test
        return (lambda value: known(value) and (not is_filled or bool(value))), f"of type {type_}"

    def _sections(self) -> Objects | None:
        reader = self.reader
        if reader.say("title", "top-level heading", "level-1 heading", "main heading", "h1", "h1 heading"):
            return self._alone(in_content(has_title))
        reader.say("following")
        if reader.say(*_SECTION_NOUNS):
            reader.say("on", "for", "about", "called", "named", "titled", ":", "on how to use")
            found, is_either = reader.joined(self._topic)
        else:
            found, is_either = reader.joined(self._topic)
            if reader.say(*_SECTION_NOUNS) is None:
                return None
        return (found, is_either) if found else None

    def _topic(self) -> About | None:
        """Take what a section is about: a text between quotes, or up to five words."""
        reader = self.reader
        if token := reader.take("quoted"):
            bare = token.text.lstrip("# ").strip()
            return has_section(bare) if bare else None
        words: list[str] = []
        reader.skip()
        while reader.peek().kind == "word" and reader.peek().low not in (*_SECTION_NOUNS, "and", "or", "nor", "plus"):
            words.append(reader.peek().low)
            reader.at += 1
        is_topic = 0 < len(words) <= 5 and not any(word in _NO_TOPIC for word in words)
        return has_section(" ".join(words)) if is_topic else None

    def _licence(self) -> Objects | None:
        reader = self.reader
        reader.say("full", "complete", "standard", "text of", "full text of")
        kind = reader.say(*LICENCES)
        if kind is None:
            return None
        reader.say("2.0", "version 2.0", "-")
        has_noun = reader.say("license", "licence", "license text", "licence text", "license notice")
        if not has_noun and not all(name.upper().startswith("LICEN") for name in self.files):
            return None
        return self._alone(licensed(kind))

    def _link(self) -> Objects | None:
        reader = self.reader
        if (
            reader.say("link to", "links to", "link pointing to", "hyperlink to", "hyperlinks to", "reference to")
            is None
        ):
            return None
        return self.links(is_link=True)

    def links(self, *, is_link: bool) -> Objects | None:
        """Take the files that a page leads to."""
        reader = self.reader
        reader.say("files", "file", "all of", "each of")
        reader.say(":")
        found, is_either = reader.joined(lambda: reader.take("file"))
        return ([leads_to(token.text, is_link=is_link) for token in found], is_either) if found else None

    def _form(self) -> Objects | None:
        return self._alone(self.form())

    def form(self) -> About | None:
        """Take "valid JSON", "a JSON array", "well-formed XML"."""
        reader = self.reader
        is_sure = reader.say(
            "valid", "well-formed", "parseable", "parsable", "syntactically valid", "proper", "correct"
        )
        kind = reader.say(*sorted(FORMATS))
        if kind is None:
            return None
        root = reader.say("object", "array", "list") if kind in ("json", "yaml") else None
        reader.say("file", "document", "image", "data", "content", "syntax", "format", "picture")
        is_own = all(format_of(name) == kind for name in self.files)
        if not (is_sure or root or is_own or kind not in ("yaml", "csv")):
            return None
        return has_form(kind, {"object": "an object", "array": "a list", "list": "a list"}.get(root or "", ""))

    def _texts(self) -> Objects | None:
        reader = self.reader
        is_only = reader.say("only", "exactly", "nothing but", "just")
        noun = reader.say(*_TEXT_NOUNS)
        found, is_either = self.texts(is_loose=False, wants_only=bool(is_only))
        if not found or (not noun and self.is_data and not is_only):
            return None
        return (found, is_either) if not is_only or len(found) == 1 else None

    def texts(self, *, is_loose: bool, wants_only: bool = False) -> tuple[list[About], bool]:
        """Take texts between quotes, or, where something is only mentioned, names of files."""
        reader = self.reader

        def item() -> About | None:
            reader.say(*_TEXT_NOUNS)
            start = reader.at
            token = reader.take("quoted", "file") if is_loose else self._quoted()
            if token is None:
                reader.at = start
                return None
            return is_text(token.text) if wants_only else has_text(token.text, is_loose=is_loose)

        return reader.joined(item)

    def _quoted(self) -> Token | None:
        token = self.reader.take("quoted", "file")
        return token if token is not None and token.is_quoted else None

    def _bare_keys(self) -> Objects | None:
        """Take names without a noun: keys of a data file if they are there, and not understood otherwise."""
        if not self.is_data:
            return None
        tokens, is_either = self.reader.joined(lambda: self.reader.take("quoted", "word", "file"))
        if not tokens or not all(_is_key(token) for token in tokens):
            return None
        if all(token.kind == "word" for token in tokens) and not any("_" in token.text for token in tokens):
            return None
        return [has_keys([Key(token.text)], is_sure="_" in token.text) for token in tokens], is_either


def _is_key(token: Token) -> bool:
    if token.kind == "quoted":
        return True
    return token.low not in NO_NAME and _IDENTIFIER.fullmatch(token.text) is not None


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
